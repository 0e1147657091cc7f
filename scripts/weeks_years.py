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
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from rootcause.compose.inputs import Inputs
from rootcause.compose.numbers import number_causes
from rootcause.dumps.values import joined
from rootcause.encode import load_encoder
from rootcause.errors import DataError
from rootcause.oneweek import Job, dated_weeks, track_week
from rootcause.pools import represented_dimension
from rootcause.register import Register
from rootcause.scored import open_scored
from rootcause.track import Settings

LOUD = {"new", "growing", "returned"}


def rows_of(source: Path, app: str) -> dict[str, list[int]]:
    """Return {text as scored: row numbers} of one app's reviews."""
    found: dict[str, list[int]] = {}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=1):
            if row["app"] == app:
                text = joined(row["title"], row["content"]) or ""
                found.setdefault(key_of(text), []).append(number)
    return found


def key_of(text: str) -> str:
    """Return a text as it is compared: what reading a dump may change is left out."""
    return "".join(one for one in text.lower() if one.isalnum())


def places_of(numbers: dict[str, list[int]], texts: Iterable[str]) -> list[int]:
    """Return the row numbers of scored texts, in order; of equal texts, each row once.

    Raises DataError for a text that the source does not hold: a flag that points at another
    review than it was made from cannot be judged.
    """
    met: Counter[str] = Counter()
    places = []
    for text in texts:
        key = key_of(text)
        if key not in numbers:
            raise DataError(f"a scored text of {len(text)} characters is in no row of the source")
        rows = numbers[key]
        places.append(rows[met[key] % len(rows)])
        met[key] += 1
    return sorted(places)


def years(source: Path, work: Path, app: str, last: int | None = None) -> list[dict[str, object]]:
    """Track every week of an app and return what its report would flag."""
    folder = work / "reviews"
    if not folder.exists():
        subprocess.run(
            [sys.executable, "-c", "from rootcause.cli import main; main()", "score", str(source),
             "-o", str(folder)], check=True,
        )  # fmt: skip
    numbers = rows_of(source, app)
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
                places = places_of(numbers, (texts[one] for one in ids))
                flagged.append(
                    {"week": str(week), "cause_id": cause_id, "title": titles[cause_id],
                     "status": number.status, "voices": number.voices, "change": number.change,
                     "q": number.q_value, "rows": places}
                )  # fmt: skip
                # five years take long: what is found so far can be read meanwhile
                sys.stderr.write(json.dumps(flagged[-1]) + "\n")
    return flagged
