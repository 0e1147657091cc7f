"""The labeled mentions that the shipped model may learn from."""

from __future__ import annotations

import random
from pathlib import Path

from encoder_data import Blocked, Note, read_notes

SOURCES = (
    "Public posts, reviews and tickets of many industries (2010 to 2024), labeled for this "
    "project in one annotation pass: airlines, telecom, retail, banks, apps, ride hailing. "
    "Among them CrowdFlower's airline tweets (CC BY-NC-SA), Customer Support on Twitter, "
    "X-FINCORP (MIT), CESAMARD (MIT), app store reviews, CFPB and FCC complaints (public record).",
    "Two sets of public posts that the model is measured on, and all texts nearly alike, were "
    "kept out.",
)


def labeled_notes(data: Path, *, seed: int = 0) -> list[Note]:
    """Return the notes in random order, without texts of the test sets."""
    blocked = Blocked(data)
    notes = [note for note in read_notes(data) if note.text not in blocked]
    random.Random(seed).shuffle(notes)
    return notes
