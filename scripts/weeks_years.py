"""Five real years of one app: what was flagged when, with the row numbers to read.

Nothing of the data is written but numbers, titles that rootcause composed and row numbers of the
source file, counted from 1 after the header.
"""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from pathlib import Path

from rootcause.encode import load_encoder
from rootcause.errors import NothingToReport
from rootcause.register import Register
from rootcause.scored import open_scored
from rootcause.weekly import build_report, dated_weeks

LOUD = {"new", "growing", "returned"}


def rows_of(source: Path) -> dict[str, int]:
    """Return {text as scored: row number}; a text met twice keeps its first."""
    found: dict[str, int] = {}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=1):
            found.setdefault(_key(row["content"]), number)
    return found


def _key(text: str) -> str:
    return " ".join(text.split())[-60:].lower()


def years(source: Path, work: Path, app: str, last: int | None = None) -> list[dict[str, object]]:
    """Report every week of an app and return what was flagged."""
    folder = work / "reviews"
    if not folder.exists():
        subprocess.run(
            [sys.executable, "-c", "from rootcause.cli import main; main()", "score", str(source),
             "-o", str(folder)], check=True,
        )  # fmt: skip
    numbers = rows_of(source)
    scored = open_scored(folder)
    encoder = load_encoder("builtin")
    flagged: list[dict[str, object]] = []
    with Register.open(work / f"{app}.db", create=True) as register:
        for week in dated_weeks(scored)[:last]:
            try:
                report = build_report(scored, week, register, where={"brand": app}, encoder=encoder)
            except NothingToReport:
                continue
            table = scored.read(str(week), where=(("brand", app),))
            texts = dict(zip(table["mention_id"].to_pylist(), table["text"].to_pylist(),
                             strict=True))  # fmt: skip
            sys.stderr.write(f"{week}: {len(report.causes)} causes, "
                             f"{report.trust.isolated_share:.0%} isolated\n")  # fmt: skip
            for cause in report.causes:
                if cause.status not in LOUD:
                    continue
                ids = [row.mention_id for row in report.mention_rows
                       if row.cause_id == cause.cause_id]  # fmt: skip
                places = sorted(numbers.get(_key(texts[one]), 0) for one in ids)
                flagged.append(
                    {"week": str(week), "cause_id": cause.cause_id, "title": cause.title,
                     "status": cause.status, "voices": cause.voices, "change": cause.change,
                     "q": cause.q_value, "isolated_share": round(report.trust.isolated_share, 3),
                     "rows": places}
                )  # fmt: skip
    return flagged
