"""The report in brief, for a chat message or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rootcause.findings import Cause, Report
from rootcause.report.numbers import Numbers, capitalised

_TOP = 5
_CHANGES = 10
_CHANGED = ("new", "growing", "returned", "fixed")
# What would turn a word into markup or a link; plain punctuation inside a sentence stays readable.
_ALWAYS = re.compile(r"([\\`*_\[\]<>|~$&])")
_LINE_START = re.compile(r"^(\s*)([#+\-=>]|\d+(?=[.)]))")
_BARE_LINK = re.compile(r"(?i)\b(https?|ftp|www)(?=[:.])|@(?=\w)")


def escape(text: str) -> str:
    """Return `text` as Markdown that shows exactly its characters, with no link or mention."""
    text = _ALWAYS.sub(r"\\\1", " ".join(text.split()))
    text = _LINE_START.sub(r"\1\\\2", text)
    return _BARE_LINK.sub(lambda m: m[0] + "\u2060", text)


def markdown(report: Report, numbers: Numbers) -> str:
    """Return a published report in about 3,000 characters."""
    lines = [
        f"# {escape(report.brand or 'Complaints')}: week {report.week}"
        f" ({numbers.days(report.starts, report.ends)})",
        "",
        escape(numbers.prose(report.sentence)),
        "",
    ]
    if report.partial:
        lines += ["*The week is not over: figures will still move.*", ""]
    if report.scope:
        lines += [f"*Only {escape(report.scope)}.*", ""]
    lines += [*_figures(report, numbers), "", *_changes(report, numbers), *_causes(report, numbers)]
    lines += [*_people(report, numbers), *_trust(report, numbers)]
    return "\n".join(lines).rstrip() + "\n"


def _figures(report: Report, numbers: Numbers) -> Iterable[str]:
    for figure in report.figures:
        text = numbers.figure(figure)
        span = f" ({text['span']})" if text["span"] else ""
        change = f", {text['change']}, usually {text['usual']}" if text["change"] else ""
        yield f"- {escape(figure.name)}: **{text['value']}**{span}{change}"


def _changes(report: Report, numbers: Numbers) -> Iterable[str]:
    changed = [c for c in report.causes if c.status in _CHANGED and not c.weak]
    if changed:
        yield "## What changed"
        yield ""
        ordered = [c for status in _CHANGED for c in changed if c.status == status]
        for cause in ordered[:_CHANGES]:
            why = escape(numbers.prose(cause.status_reason))
            yield f"- **{cause.status}** {_name(cause)}: {why}"
        if len(ordered) > _CHANGES:
            yield f"- and {len(ordered) - _CHANGES} more in report.html"
        yield ""


def _causes(report: Report, numbers: Numbers) -> Iterable[str]:
    live = [c for c in report.causes if c.voices and not c.weak]
    top = [c for c in live if c.status not in {"gone", "fixed"}][:_TOP]
    if not top:
        yield from ("No cause was found this week.", "")
        return
    met = sum(c.voices > 0 for c in report.causes)
    yield f"## Top {len(top)} of {met} causes met this week"
    yield ""
    for place, cause in enumerate(top, start=1):
        people = f"{numbers.count(cause.voices)} {'person' if cause.voices == 1 else 'people'}"
        owner = escape(cause.owner) if cause.owner else "no owner yet"
        action = f"; {escape(cause.action)}" if cause.action else ""
        due = f" by {numbers.day(cause.due)}" if cause.due else ""
        what = f"{people}, {cause.status}, {cause.breadth}"
        if cause.cost_per_year:
            what += f", a fix would save {numbers.money(cause.cost_per_year.value)} a year"
        yield f"{place}. {_name(cause)}: {what}; {owner}{action}{due}"
    yield ""


def _name(cause: Cause) -> str:
    return f"{escape(capitalised(cause.title))} ({cause.cause_id})"


def _people(report: Report, numbers: Numbers) -> Iterable[str]:
    facts = []
    if report.reply_queue:
        oldest = max(r.waiting_hours for r in report.reply_queue)
        waiting = numbers.count(len(report.reply_queue))
        facts.append(f"- {waiting} wait for an answer, the oldest for {numbers.hours(oldest)}")
    facts += [
        f"- {numbers.count(o.people)} people to tell that this is fixed: {escape(o.title)}"
        for o in report.outreach
    ]
    if report.questions:
        questions = ", ".join(escape(q.title) for q in report.questions[:_TOP])
        facts.append(f"- For the FAQ: {questions}")
    if report.praise:
        facts.append("- Praise: " + ", ".join(escape(t.title) for t in report.praise[:3]))
    if facts:
        yield from ("## People and questions", "", *facts, "")


def _trust(report: Report, numbers: Numbers) -> Iterable[str]:
    trust = report.trust
    yield (
        "*A cause here is a candidate cause: a group of complaints that read alike. Intervals are "
        f"90 %. {numbers.share(trust.review_share)} of the labels need review, "
        f"{numbers.share(trust.isolated_share)} of complaints share their cause with nobody. "
        f"Run {escape(report.run_id)}.*"
    )
