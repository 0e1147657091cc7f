"""The demo: the three jobs, run on the bundled weeks of an invented company."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from rootcause.bundled import bundled
from rootcause.errors import DataError
from rootcause.findings import Cause, Report
from rootcause.oneweek import dated_weeks
from rootcause.records import Week
from rootcause.register import Register
from rootcause.register.edits import assign, fix
from rootcause.score import score
from rootcause.scored import open_scored
from rootcause.training import train
from rootcause.weekly import REGISTER, write_report

Say = Callable[[str], None]

# What the invented company did: from this Monday a missed visit is announced and compensated.
FIXED_PHRASE = "engineer misses booked appointment"
FIXED_ON = date(2026, 10, 26)
FIX_NOTE = "visits confirmed by text on the day; a missed one is compensated unasked"
FIX_WEEK = "2026-W44"
COST_PER_CONTACT = 6.5
# What its team decided on at the end: somebody does something by a day.
ACTION_PHRASE = "early exit fee charged when moving home"
ACTION = "waive the fee where the new address cannot be served"
DUE = "2026-12-14"
ACTION_WEEK = "2026-W47"


def run_demo(out: Path, *, say: Say) -> str:
    """Train, score and report the demo weeks into `out`; return a table of the causes.

    Raises DataError if the package was installed without its demo data.
    """
    data = bundled("data")
    if not (data / "labeled.csv").exists():
        raise DataError(
            f"demo data missing at {data}; install rootcause from its wheel or checkout"
        )
    model, scored = out / "model", out / "scored"
    say("1/3 training on the labeled export (1,336 mentions) ...")
    train([str(data / "labeled.csv")], model, say=lambda _: None)
    say("2/3 scoring ten weekly dumps ...")
    dumps = sorted(str(path) for path in (data / "dumps").rglob("*.*"))
    score(dumps, str(scored), model=str(model), say=lambda _: None)
    say("3/3 reporting week by week ...")
    report = _report_weeks(out, scored, data)
    return f"{table(report)}\n\n{out / 'reports' / report.week / 'report.html'}"


def _report_weeks(out: Path, scored: Path, data: Path) -> Report:
    report: Report | None = None
    for week in dated_weeks(open_scored(scored)):
        if str(week) == FIX_WEEK:
            _record_fix(scored / REGISTER, week)
        if (scored / REGISTER).exists():
            _record_action(scored / REGISTER, week)
        report, _ = write_report(
            scored,
            out / "reports",
            week=str(week),
            exposure=data / "exposure.csv",
            owners=data / "owners.csv",
            cost_per_contact=COST_PER_CONTACT,
        )
    if report is None:
        raise DataError(f"no dated mentions in {scored}; delete the folder and run the demo again")
    return report


def _record_fix(path: Path, week: Week) -> None:
    """Record the fix as `rootcause causes fix` would, once."""
    with Register.open(path) as register:
        for cause in register.known(week):
            if cause.title == FIXED_PHRASE and cause.cause_id not in register.fixes():
                fix(register, cause.cause_id, FIXED_ON, FIX_NOTE, who="demo")


def _record_action(path: Path, week: Week) -> None:
    """Record what is to be done about one cause, as `rootcause causes assign` would.

    An action has no past: a demo that runs again takes it back first, or its earlier weeks would
    show it.
    """
    decided = str(week) == ACTION_WEEK
    action, due = (ACTION, DUE) if decided else ("", "")
    with Register.open(path) as register:
        for cause in register.causes():
            if cause.title == ACTION_PHRASE and (cause.action or "") != action:
                assign(register, cause.cause_id, who="demo", action=action, due=due)


def table(report: Report) -> str:
    """Return the report's causes as lines for a terminal, most voices first."""
    rows = [("id", "cause", "status", "reach", "voices", "owner")]
    rows += [_row(cause) for cause in (*report.causes, *report.questions)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([f"{report.week}: {report.sentence}", "", *(line.rstrip() for line in lines)])


def _row(cause: Cause) -> tuple[str, str, str, str, str, str]:
    title = cause.title if cause.kind == "complaint" else f"{cause.title} (question)"
    reach = f"{cause.breadth}{', weak' if cause.weak else ''}"
    return (cause.cause_id, title, cause.status, reach, str(cause.voices), cause.owner or "-")
