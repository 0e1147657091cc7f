"""The texts that train the encoder, and the ones that must never do so."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rootcause.text import fingerprint, normalise

csv.field_size_limit(sys.maxsize)

TEST_SETS = ("brands_dev.csv", "united_dev.csv")
HELD_OUT_INTENTS = ("dstc11_development", "dstc11_test-banking", "dstc11_test-finance")
# A design is chosen without these; three industries, a tenth of the notes.
HELD_OUT_NOTES = ("brands3", "ecommerce_in2", "finance2")
# Trained on only when asked for: see the card for what the licences allow.
NON_COMMERCIAL = ("airlines_sentiment", "notes:airline_tweets")
VAGUE_AREAS = frozenset({"-", "general", "other", ""})
SHINGLE = 5


@dataclass(frozen=True, kw_only=True)
class Note:
    """A mention, what it is, and the cause behind it (`-` if neither complaint nor inquiry)."""

    source: str
    text: str
    label: str
    complaint: bool
    area: str
    cause: str


@dataclass(kw_only=True)
class Corpus:
    """Normalised texts by kind; `dropped` counts what was too close to a test set."""

    lines: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str, str]] = field(default_factory=list)
    intents: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    dropped: int = 0


class Blocked:
    """Texts of the test sets: exact copies by fingerprint, near ones by shared word runs."""

    def __init__(self, data: Path) -> None:
        texts = [row["text"] for name in TEST_SETS for row in rows(data / "labeled" / name)]
        self._prints = {fingerprint(text) for text in texts}
        self._prints.discard(fingerprint(""))
        self._shingles = {run for text in texts for run in _shingles(normalise(text))}

    def __contains__(self, text: str) -> bool:
        if fingerprint(text) in self._prints:
            return True
        runs = _shingles(normalise(text))
        return bool(runs) and 2 * sum(run in self._shingles for run in runs) >= len(runs)


def _shingles(text: str) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)]


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def tab_rows(path: Path) -> Iterator[list[str]]:
    """Yield the fields of a gzipped tab-separated file without header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def read_notes(data: Path) -> list[Note]:
    """Return the cause notes, texts raw."""
    return [
        Note(
            source=row["source"],
            text=row["text"],
            label=row["label"],
            complaint=row["complaint"] == "1",
            area=row["area"],
            cause=row["cause"],
        )
        for row in rows(data / "labeled" / "cause_notes.csv")
    ]


def read_corpus(data: Path, *, exclude: tuple[str, ...] = (), design: bool = False) -> Corpus:
    """Return everything that may be trained on.

    `exclude` names sources to leave out (a pair or intent source, `notes:NAME`, `texts`,
    `airlines_sentiment`, ...); `design` also leaves out what the design is measured on.
    """
    blocked = Blocked(data)
    out = Corpus()
    skip = set(exclude) | set(HELD_OUT_INTENTS)
    if design:
        skip |= {"stackoverflow", *(f"notes:{name}" for name in HELD_OUT_NOTES)}

    def usable(*texts: str) -> bool:
        if any(text in blocked for text in texts):
            out.dropped += 1
            return False
        return True

    held = set()
    for note in read_notes(data):
        if f"notes:{note.source}" in skip:
            held.add(fingerprint(note.text))
        elif usable(note.text):
            out.notes.append(
                Note(**{**vars(note), "text": normalise(note.text), "cause": normalise(note.cause)})
            )
    if "texts" not in skip:
        for (line,) in (row[:1] for row in tab_rows(data / "encoder" / "texts.txt.gz")):
            if usable(line):
                out.lines.append(normalise(line))
    for row in tab_rows(data / "encoder" / "pairs.tsv.gz"):
        if len(row) == 3 and row[0] not in skip and usable(row[1], row[2]):
            out.pairs.append((row[0], normalise(row[1]), normalise(row[2])))
    for row in tab_rows(data / "encoder" / "intents.tsv.gz"):
        if len(row) == 3 and row[0] not in skip and usable(row[2]):
            out.intents.append((row[0], row[1], normalise(row[2])))
    if "finance_complaints" not in skip:
        for record in rows(data / "labeled" / "finance_complaints.csv"):
            span = record["complaint_cause"].strip()
            text = record["text"]
            if len(span.split()) > 1 and fingerprint(text) not in held and usable(text):
                out.pairs.append(("finance_complaints", normalise(text), normalise(span)))
    return out
