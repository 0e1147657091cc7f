"""Dumps and folders for the tests of scoring."""

import hashlib
import itertools
import json
import os
import random
from pathlib import Path

MODEL = os.environ.get("ROOTCAUSE_TEST_MODEL", "default")
TEXTS = (
    "My broadband has been down since Tuesday, when will it be fixed?",
    "you lot are an absolute joke",
    "Huge thanks to Priya who sorted my bill in five minutes",
    "Bramble opens a new office in Cork next month",
    "charged me twice again this month, can someone please refund it",
    "waited in all day and nobody turned up. brilliant.",
    "does my plan work in Portugal?",
    "blackberry and bramble jam is cooling on the sill",
    "hold music for fifty minutes then cut off",
    "best price I found and the install was quick",
)
WORDS = [
    "kettle",
    "garden",
    "monday",
    "sofa",
    "tram",
    "window",
    "sister",
    "lunch",
    "winter",
    "bottle",
    "paper",
    "river",
]


def mentions(count, *, seed=0, first=0, start="2026-09-14", days=14):
    """Return dump records of `count` distinct mentions, spread over `days`."""
    import datetime

    rng = random.Random(seed)
    day = datetime.datetime.fromisoformat(start)
    rows = []
    for i in range(first, first + count):
        when = day + datetime.timedelta(minutes=rng.randrange(days * 24 * 60))
        text = f"{rng.choice(TEXTS)} {' '.join(rng.choices(WORDS, k=7))}"
        rows.append(
            {
                "id": str(1_000_000 + i),
                "text": text,
                "created_at": when.isoformat() + "Z",
                "author": f"user{rng.randrange(count)}",
                "channel": rng.choice(["x", "forum"]),
            }
        )
    return rows


def write_dump(path, rows):
    """Write records as JSON lines; returns the path."""
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def tree(folder):
    """Return {relative path: sha256} of every file below `folder`."""
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows_of(scored, columns):
    """Return the rows of all weeks as tuples."""
    return list(
        itertools.chain.from_iterable(
            zip(*(scored.read(week, columns)[c].to_pylist() for c in columns), strict=True)
            for week in scored.weeks()
        )
    )
