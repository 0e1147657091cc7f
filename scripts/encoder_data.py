"""The texts that train the encoder, and the ones that must never do so."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rootcause.text import fingerprint, normalise

csv.field_size_limit(sys.maxsize)

TEST_SETS = ("brands_dev.csv", "united_dev.csv")
# Measured on in every table, so never trained on either.
HELD_OUT_INTENTS = (
    "dstc11_development",
    "dstc11_test-banking",
    "dstc11_test-finance",
    "stackoverflow",
)
# Three industries, a tenth of the notes: the encoder is measured on them, and whoever trains a
# model on its vectors can calibrate on them.
HELD_OUT_NOTES = ("brands3", "ecommerce_in2", "finance2")
# Left out by `--sources commercial`: the airline tweets (CC BY-NC-SA) with the notes made of them,
# and sentence pairs that were published for research or non-commercial use.
NON_COMMERCIAL = ("airlines_sentiment", "notes:airline_tweets", "sick", "quora", "mrpc")
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
    """Normalised texts by kind; `dropped` counts what was too close to a test set.

    `spans` are the finance complaints with the words in them that tell the cause; they are
    among the pairs too.
    """

    lines: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str, str]] = field(default_factory=list)
    intents: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    spans: list[tuple[str, str, str]] = field(default_factory=list)
    dropped: int = 0


class Blocked:
    """Texts of the test sets: exact copies by fingerprint, near ones by shared word runs."""

    def __init__(
        self, data: Path, *, airlines: bool = False, without: tuple[str, ...] = ()
    ) -> None:
        texts = [row["text"] for name in TEST_SETS for row in rows(data / "labeled" / name)]
        self._prints = {fingerprint(text) for text in texts}
        if airlines:  # thanks and the like, which anybody writes, stay
            tweets = [row["text"] for row in rows(data / "labeled" / "airlines_sentiment.csv")]
            self._prints |= {fingerprint(text) for text in tweets if len(text.split()) > 4}
        for name in without:  # labeled files that somebody else measures on
            column = "Review_S" if name == "product_reviews" else "text"
            found = rows(data / "labeled" / f"{name}.csv")
            self._prints |= {fingerprint(row[column]) for row in found}
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


def read_more_notes(data: Path, name: str = "more_notes.csv.gz") -> list[Note]:
    """Return the notes of a file beside this one, joined to their texts by file and row."""
    path = Path(__file__).with_name(name)
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    texts = {name: _column(data / name) for name in sorted({row["file"] for row in found})}
    return [
        Note(
            source=f"more:{row['file'].split('/')[1].split('.')[0]}",
            text=texts[row["file"]][int(row["row"])],
            label=row["label"],
            complaint=row["complaint"] == "1",
            area=row["area"],
            cause=row["cause"],
        )
        for row in found
    ]


def all_notes(data: Path) -> list[Note]:
    """Return every note, texts raw."""
    return [*read_notes(data), *read_more_notes(data)]


def _column(path: Path) -> list[str]:
    """Return the texts of a data file, row by row."""
    if path.name == "texts.txt.gz":
        return [row[0] for row in tab_rows(path)]
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        if path.name == "app_reviews.csv.gz":
            return [f"{row['title']}. {row['content']}" for row in csv.DictReader(file)]
        column = "content" if path.name == "uber_reviews.csv.gz" else "text"
        return [row[column] for row in csv.DictReader(file)]


def read_corpus(
    data: Path,
    *,
    exclude: tuple[str, ...] = (),
    all_notes: bool = False,
    more_notes: bool = False,
    without: tuple[str, ...] = (),
) -> Corpus:
    """Return everything that may be trained on.

    `exclude` names sources to leave out: a pair or intent source, `notes:NAME`, `texts`,
    `finance_complaints`, or `airlines_sentiment` for every copy of those tweets elsewhere.
    The notes of `HELD_OUT_NOTES` are there only with `all_notes`, those of `more_notes.csv.gz` and
    `more_causes.csv.gz` only with `more_notes` (source `more:FILE`). No text of the labeled files
    `without` is there.
    """
    skip = set(exclude) | set(HELD_OUT_INTENTS)
    if not all_notes:
        skip |= {f"notes:{name}" for name in HELD_OUT_NOTES}
    blocked = Blocked(data, airlines="airlines_sentiment" in skip, without=without)
    out = Corpus()

    def usable(*texts: str) -> bool:
        fine = not any(text in blocked for text in texts)
        out.dropped += not fine
        return fine

    notes = read_notes(data)
    if more_notes:
        notes += read_more_notes(data) + read_more_notes(data, "more_causes.csv.gz")
    _add_notes(out, notes, data, skip, usable)
    _add_texts(out, data, skip, usable)
    return out


def _add_notes(
    out: Corpus, notes: list[Note], data: Path, skip: set[str], usable: Callable[..., bool]
) -> None:
    held = set()
    for note in notes:
        if f"notes:{note.source}" in skip:
            held.add(fingerprint(note.text))
        elif usable(note.text):
            text, cause = normalise(note.text), normalise(note.cause)
            out.notes.append(replace(note, text=text, cause=cause))
    if "finance_complaints" in skip:
        return
    for record in rows(data / "labeled" / "finance_complaints.csv"):
        text, span = record["text"], record["complaint_cause"].strip()
        if len(span.split()) > 1 and fingerprint(text) not in held and usable(text):
            out.spans.append(("finance_complaints", normalise(text), normalise(span)))


def _add_texts(out: Corpus, data: Path, skip: set[str], usable: Callable[..., bool]) -> None:
    folder = data / "encoder"
    if "texts" not in skip:
        lines = (row[0] for row in tab_rows(folder / "texts.txt.gz"))
        out.lines.extend(normalise(line) for line in lines if usable(line))
    for source, a, b in tab_rows(folder / "pairs.tsv.gz"):
        if source not in skip and usable(a, b):
            out.pairs.append((source, normalise(a), normalise(b)))
    for source, intent, text in tab_rows(folder / "intents.tsv.gz"):
        if source not in skip and usable(text):
            out.intents.append((source, intent, normalise(text)))
    out.pairs.extend(out.spans)
