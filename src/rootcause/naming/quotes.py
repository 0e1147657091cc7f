"""Three quotes that differ: the most central, a typical one, and the sharpest."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rootcause.naming.words import ANGER
from rootcause.records import Vectors
from rootcause.text import clean

_DIGIT = re.compile("[0-9&]")  # an entity (&#49;) may be one

Ints = npt.NDArray[np.int64]

SHORTEST, LONGEST = 6, 60
# How much likeness to a quote already chosen costs (maximal marginal relevance).
VARIETY = 0.5
# The sharpest quote is sought among this share of the members, the nearest to the centre.
CORE = 0.6
MOST = 400


def pick_quotes(
    texts: Sequence[str], vectors: Vectors, members: Ints
) -> tuple[int | None, int | None, int | None]:
    """Return the rows of the central, typical and sharpest mention; None where too few differ.

    Central: nearest to the group's centre. Typical: near the centre, of usual length, unlike
    the central one (maximal marginal relevance). Sharpest: among the members near the centre,
    the plainest in tone: strong words, numbers, exclamation; short before long. Mentions of six
    to sixty words come before others.
    """
    if len(members) > MOST:
        near = np.round(vectors[members] @ vectors[members].mean(axis=0), 5)
        members = members[np.sort(np.argsort(-near, kind="stable")[:MOST])]
    rows = _different(texts, members)
    own = vectors[rows]
    near = np.round(own @ _unit(own.mean(axis=0)), 5)
    lengths = np.array([len(clean(texts[i]).split()) for i in rows])
    odd = np.where((lengths < SHORTEST) | (lengths > LONGEST), 0.3, 0.0)
    chosen: list[int] = [int(np.argmax(near - odd))]
    if len(rows) > 1:
        usual = np.abs(np.log(np.maximum(lengths, 1) / max(float(np.median(lengths)), 1.0)))
        score = near - odd - 0.1 * usual - VARIETY * _likeness(own, chosen)
        chosen.append(_best(score, chosen))
    if len(rows) > 2:
        tone = np.array([_sharpness(texts[i]) for i in rows])
        core = near >= np.quantile(near, 1 - CORE)
        score = tone - odd - 0.5 * VARIETY * _likeness(own, chosen) - np.where(core, 0, 2)
        chosen.append(_best(score, chosen))
    found: list[int | None] = [int(rows[i]) for i in chosen]
    found += [None] * (3 - len(found))
    return found[0], found[1], found[2]


def _different(texts: Sequence[str], members: Ints) -> Ints:
    seen: dict[str, int] = {}
    for i in members:
        seen.setdefault(" ".join(clean(texts[i]).lower().split()), int(i))
    return np.array(list(seen.values()), dtype=np.int64)


def _best(score: npt.NDArray[np.floating], chosen: list[int]) -> int:
    score = np.round(score, 5)
    score[chosen] = -np.inf
    return int(np.argmax(score))


def _likeness(own: Vectors, chosen: list[int]) -> npt.NDArray[np.floating]:
    like: npt.NDArray[np.floating] = np.round((own @ own[chosen].T).max(axis=1), 5)
    return like


def _sharpness(text: str) -> float:
    words = clean(text).split()
    if not words:
        return 0.0
    plain = [w.strip(".,!?;:'\"").lower() for w in words]
    strong = sum(w in ANGER for w in plain) + sum(w.isupper() and len(w) > 2 for w in words)
    numbers = 0
    if not text.isascii() or _DIGIT.search(text):
        numbers = sum(any(c.isdigit() for c in w) for w in words)
    score = 0.3 * min(strong, 3) + 0.15 * min(numbers, 3) + 0.2 * min(text.count("!"), 2)
    return score - 0.01 * max(len(words) - 25, 0)


def _unit(row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    length = float(np.linalg.norm(row)) or 1.0
    return (row / length).astype(np.float32)
