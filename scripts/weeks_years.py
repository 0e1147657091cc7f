"""Five real years of one app: what was flagged when, with the row numbers to read.

Nothing of the data is written but numbers, titles that rootcause composed and row numbers of the
source file, counted from 1 after the header.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from rootcause.compose.inputs import Inputs
from rootcause.compose.numbers import number_causes
from rootcause.encode import load_encoder
from rootcause.pools import represented_dimension
from rootcause.register import Register
from rootcause.scored import open_scored
from rootcause.track import Settings
from rootcause.weekly import Job, dated_weeks, track_week

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
    """Track every week of an app and return what its report would flag."""
    folder = work / "reviews"
    if not folder.exists():
        subprocess.run(
            [sys.executable, "-c", "from rootcause.cli import main; main()", "score", str(source),
             "-o", str(folder)], check=True,
        )  # fmt: skip
    numbers = rows_of(source)
    scored = open_scored(folder)
    encoder = load_encoder("builtin")
    facts = scored.manifest
    where = (("brand", app),)
    flagged: list[dict[str, object]] = []
    with Register.open(work / f"{app}.db", create=True) as register:
        register.bind(
            encoder_name=facts.encoder, encoder_hash=facts.encoder_hash,
            dimension=represented_dimension(facts.dimension), timezone=facts.timezone, where=app,
            min_voices=5, model_id=facts.model_id,
        )  # fmt: skip
        job = Job(scored=scored, register=register, encoder=encoder, settings=Settings(),
                  where=where, zone=ZoneInfo(facts.timezone), english_only=True)  # fmt: skip
        for week in dated_weeks(scored)[:last]:
            table = scored.read(str(week), where=where)
            if not table.num_rows:
                continue
            # what a report rests on, without its pictures and quotes
            kinds = track_week(job, week, table, partial=False)
            given = Inputs(week=week, table=table, kinds=kinds, manifest=facts, register=register,
                           trail=(), encoder=encoder, zone=job.zone)  # fmt: skip
            run = register.weeks()[-1]
            found = number_causes(given)
            sys.stderr.write(
                f"{week}: {len(found)} causes, {run.complaints} complaints, "
                f"{run.isolated / max(1, run.complaints):.0%} isolated\n"
            )
            titles = {cause.cause_id: cause.title for cause in register.causes()}
            rows = register.assignments(week, upto=week)
            texts = dict(zip(table["mention_id"].to_pylist(), table["text"].to_pylist(),
                             strict=True))  # fmt: skip
            for cause_id, number in found.items():
                if number.status not in LOUD:
                    continue
                ids = [row.mention_id for row in rows if row.cause_id == cause_id]
                places = sorted(numbers.get(_key(texts[one]), 0) for one in ids)
                flagged.append(
                    {"week": str(week), "cause_id": cause_id, "title": titles[cause_id],
                     "status": number.status, "voices": number.voices, "change": number.change,
                     "q": number.q_value, "rows": places}
                )  # fmt: skip
                # five years take long: what is found so far can be read meanwhile
                sys.stderr.write(json.dumps(flagged[-1]) + "\n")
    return flagged
