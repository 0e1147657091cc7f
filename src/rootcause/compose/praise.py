"""What people praise, by theme: each praise goes to the phrase it reads most like."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

import numpy as np

from rootcause.bundled import bundled
from rootcause.cluster import collapse
from rootcause.compose.evidence import quote
from rootcause.compose.inputs import Inputs
from rootcause.errors import DataError
from rootcause.findings import Theme
from rootcause.pools import foreign_rows, vectors_of
from rootcause.register import voice_of

PHRASES = "data/praise_phrases.csv"
# Praise that reads less like every phrase names nothing that the list knows.
LEAST_SIMILARITY = 0.25
# One person's praise is no theme.
LEAST_VOICES = 2
MOST = 6


def praise_themes(given: Inputs, facts: Mapping[str, Mapping[str, Any]]) -> tuple[Theme, ...]:
    """Return what people praise, most people first; quotes from `given.min_voices` people on.

    A week holds too little praise to be clustered, and groups of it came out with titles nobody
    could read; so a praise goes to the nearest of the shipped phrases (cosine of the encoder) and
    the phrase's theme counts its people. Copies count once. Praise that names no reason is shown
    last.
    """
    rows = _praise(given, facts)
    if not rows:
        return ()
    themes, phrases = _phrases()
    vectors = np.array([row["vector"] for row in rows], np.float32)
    similar = vectors @ given.encoder.encode(phrases).T
    nearest = similar.argmax(axis=1)
    groups: dict[str, list[tuple[float, str, dict[str, Any]]]] = {}
    for row, place, values in zip(rows, nearest.tolist(), similar, strict=True):
        if values[place] >= LEAST_SIMILARITY:
            key = (-float(values[place]), row["mention_id"], row)
            groups.setdefault(themes[place], []).append(key)
    found = []
    for title, members in groups.items():
        members.sort(key=lambda member: member[:2])
        voices = {voice_of(row["author"], row["text"]): row for *_, row in reversed(members)}
        if len(voices) < LEAST_VOICES:
            continue
        best = [row for *_, row in members if voices[_voice(row)] is row]
        quotes = tuple(
            quote(row["mention_id"], row["text"], role, facts)
            for row, role in zip(best, ("central", "typical"), strict=False)
        )
        quotable = len(voices) >= given.min_voices
        found.append(Theme(title=title, voices=len(voices), quotes=quotes if quotable else ()))
    last = themes[-1]
    return tuple(sorted(found, key=lambda t: (t.title == last, -t.voices, t.title))[:MOST])


def _praise(given: Inputs, facts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that only praise, each text once, with their vectors."""
    table = given.table
    keep = np.array([label == "praise" for label in table["label"].to_pylist()], dtype=bool)
    keep &= ~table["is_complaint"].to_numpy(zero_copy_only=False).astype(bool)
    keep &= table["vector"].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    if given.encoder.name == "builtin":
        keep &= ~foreign_rows(table)
    table = table.filter(keep)
    vectors = vectors_of(table)
    ids = table["mention_id"].to_pylist()
    roots = collapse(table["text"].to_pylist())
    return [
        {**facts[mention_id], "vector": vectors[i]}
        for i, mention_id in enumerate(ids)
        if roots[i] == i
    ]


def _voice(row: Mapping[str, Any]) -> int:
    return voice_of(row["author"], row["text"])


def _phrases() -> tuple[list[str], list[str]]:
    """Return the theme of each shipped phrase of praise, and the phrases."""
    path = bundled(PHRASES)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise DataError(f"praise phrases {path} cannot be read ({error.strerror})") from error
    return [row["theme"] for row in rows], [row["phrase"] for row in rows]
