"""Which complaints the representation fails to bring together, and which it wrongly does.

    scripts/encoder_misses.py ../shared/datasets [--most 12]

Prints, for the notes of three sources that neither encoder nor lens has read, the least alike
mentions of one cause and the most alike mentions of two, with their rows in cause_notes.csv
(1 is the first after the header). Of each mention one pair at most is shown.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from encoder_data import HELD_OUT_NOTES
from rootcause.encode import load_encoder
from rootcause.lens import represent

VAGUE = ("general", "other")


def pairs(similarity: np.ndarray, wanted: np.ndarray, most: int) -> list[tuple[int, int]]:
    """Return the `most` most similar wanted pairs, no row twice."""
    upper = np.argwhere(np.triu(wanted, 1))
    order = np.argsort(-similarity[upper[:, 0], upper[:, 1]], kind="stable")
    out: list[tuple[int, int]] = []
    used: set[int] = set()
    for a, b in upper[order]:
        if len(out) < most and not used & {int(a), int(b)}:
            out.append((int(a), int(b)))
            used |= {int(a), int(b)}
    return out


def main() -> None:
    """Print both lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=12)
    given = parser.parse_args()
    with (given.data / "labeled" / "cause_notes.csv").open(encoding="utf-8", newline="") as file:
        notes = list(enumerate(csv.DictReader(file), 1))
    notes = [
        (row, note)
        for row, note in notes
        if note["source"] in HELD_OUT_NOTES
        and note["complaint"] == "1"
        and note["area"] not in VAGUE
    ]
    texts = [note["text"] for _, note in notes]
    space = represent(texts, load_encoder("builtin").encode(texts))
    similarity = space @ space.T
    causes = np.array([note["cause"] for _, note in notes])
    areas = np.array([note["area"] for _, note in notes])
    same = causes[:, None] == causes[None, :]
    apart = areas[:, None] != areas[None, :]
    for title, found in (
        ("one cause, least alike", pairs(-similarity, same, given.most)),
        ("two areas, most alike", pairs(similarity, apart, given.most)),
    ):
        print(f"## {title}")
        for a, b in found:
            print(f"{similarity[a, b]:.2f}")
            for i in (a, b):
                print(f"  row {notes[i][0]}, {causes[i]} ({areas[i]}): {texts[i][:300]}")


if __name__ == "__main__":
    main()
