"""The labeled mentions that the shipped model may learn from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from encoder_data import Blocked, Note, read_notes, rows
from rootcause.classify import Extra
from rootcause.text import fingerprint

# beside a note; chosen on held-out sources among 0, 0.5 and 1
_WEIGHT = 0.5

SOURCES = (
    "Public posts, reviews and tickets of many industries (2010 to 2024), labeled for this "
    "project in one annotation pass: airlines, telecom, retail, banks, apps, ride hailing. "
    "Among them CrowdFlower's airline tweets (CC BY-NC-SA), Customer Support on Twitter, "
    "X-FINCORP (MIT), CESAMARD (MIT), app store reviews, CFPB and FCC complaints (public record). "
    "Of four of these sets more mentions are used of which only complaint or not is known.",
    "Two sets of public posts that the model is measured on, and all texts nearly alike, were "
    "kept out.",
)


def labeled_notes(data: Path, *, seed: int = 0) -> list[Note]:
    """Return the notes in random order, without texts of the test sets."""
    blocked = Blocked(data)
    notes = [note for note in read_notes(data) if note.text not in blocked]
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


def _told(folder: Path) -> Iterator[tuple[str, float]]:
    for name in ("complaints_2015.csv", "finance_complaints.csv"):
        for row in rows(folder / name):
            yield row["text"], float(row["complaint"])
    for row in rows(folder / "airlines_sentiment.csv"):
        if row["airline_sentiment"] != "neutral":
            yield row["text"], float(row["airline_sentiment"] == "negative")
    for row in rows(folder / "product_reviews.csv"):
        yield f"{row['Title']}. {row['Review_S']}", float(row["Complaint"])
