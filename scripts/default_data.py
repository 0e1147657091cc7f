"""The labeled mentions that the shipped model may learn from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from encoder_data import Blocked, Note, all_notes, rows
from rootcause.classify import Extra
from rootcause.cluster import collapse
from rootcause.records import LABELS
from rootcause.text import fingerprint
from teacher_data import LABELS as TEACHER_LABELS
from teacher_data import key, posts

# beside a note; chosen on held-out sources among 0, 0.5 and 1
_WEIGHT = 0.5
# chosen on held-out sources among 0.3, 0.5, 0.7 and 1
_OPINION_WEIGHT = 0.5

SOURCES = (
    "Public posts, reviews and tickets of many industries (2010 to 2024), labeled for this "
    "project in one annotation pass: airlines, telecom, retail, banks, apps, ride hailing. "
    "Among them CrowdFlower's airline tweets (CC BY-NC-SA), Customer Support on Twitter, "
    "X-FINCORP (MIT), CESAMARD (MIT), app store reviews, CFPB and FCC complaints (public record). "
    "Of four of these sets more mentions are used of which only complaint or not is known.",
    "Of 120,000 more public posts and reviews, the opinion of a transformer that was trained on "
    "the same texts and labels (scripts/train_teacher.py).",
    "Two sets of public posts that the model is measured on, and all texts nearly alike, were "
    "kept out.",
)


def labeled_notes(data: Path, *, seed: int = 0) -> list[Note]:
    """Return the notes in random order, without texts of the test sets.

    Of nearly the same text in several sources only the first source's stay: sources are then
    apart, and each can be asked about by heads that have read none of it.
    """
    blocked = Blocked(data)
    notes = [note for note in all_notes(data) if note.text not in blocked]
    first = collapse([note.text for note in notes])
    notes = [
        note
        for note, row in zip(notes, first.tolist(), strict=True)
        if note.source == notes[row].source
    ]
    random.Random(seed).shuffle(notes)
    return notes


def told_complaints(data: Path, notes: list[Note]) -> Extra:
    """Return mentions of which only complaint or not is known, none of them a note's text."""
    blocked = Blocked(data)
    met = {fingerprint(note.text) for note in notes}
    found: list[tuple[str, float]] = []
    for text, complaint in _told(data / "labeled"):
        mark = fingerprint(text)
        if mark not in met and text not in blocked:
            met.add(mark)
            found.append((text, complaint))
    return Extra(
        texts=[text for text, _ in found],
        proba=np.full((len(found), 4), np.nan, np.float32),
        complaint=np.array([complaint for _, complaint in found], np.float32),
        weight=np.full(len(found), _WEIGHT, np.float32),
    )


def teacher_opinions(data: Path, notes: list[Note]) -> Extra:
    """Return posts with the teacher's opinion of each, none of them a note's text."""
    kept = np.load(Path(__file__).with_name("opinions.npz"))
    place = {int(mark): row for row, mark in enumerate(kept["key"])}
    for note in notes:
        place.pop(key(note.text), None)
    texts, found = [], []
    for text in posts(data):
        row = place.pop(key(text), None)
        if row is not None:
            texts.append(text)
            found.append(row)
    label = kept["label"][found][:, [TEACHER_LABELS.index(name) for name in LABELS]]
    return Extra(
        texts=texts,
        proba=(label / label.sum(axis=1, keepdims=True, dtype=np.float32)).astype(np.float32),
        complaint=(kept["complaint"][found] / np.float32(255)).astype(np.float32),
        weight=np.full(len(texts), _OPINION_WEIGHT, np.float32),
    )


def together(*parts: Extra) -> Extra:
    """Return the mentions of all parts."""
    return Extra(
        texts=[text for part in parts for text in part.texts],
        proba=np.concatenate([part.proba for part in parts]),
        complaint=np.concatenate([part.complaint for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
    )


def _told(folder: Path) -> Iterator[tuple[str, float]]:
    for name in ("complaints_2015.csv", "finance_complaints.csv"):
        for row in rows(folder / name):
            yield row["text"], float(row["complaint"])
    for row in rows(folder / "airlines_sentiment.csv"):
        if row["airline_sentiment"] != "neutral":
            yield row["text"], float(row["airline_sentiment"] == "negative")
    for row in rows(folder / "product_reviews.csv"):
        yield f"{row['Title']}. {row['Review_S']}", float(row["Complaint"])
