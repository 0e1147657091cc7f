"""Near-duplicates: reposts and copy-paste count as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rootcause.text import clean, fingerprint

Ints = npt.NDArray[np.int64]

# Two texts are copies when this share of their character 4-grams is common.
THRESHOLD = 0.7
SHINGLE = 4
# Shorter texts differ in meaning by one word; among them only exact copies collapse.
SHORTEST = 24
PERMUTATIONS = 128
BANDS = 32
CHUNK = 4_096
# Pairs whose digests agree by so much less than the threshold are not compared: that is five
# standard errors, so that one pair of copies in a million is missed by it.
DOUBT = 0.2

_SEED = 20_151
_MASK = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+|[^\w\s]|_")
_EMPTY = fingerprint("")


def collapse(texts: Sequence[str], *, threshold: float = THRESHOLD) -> Ints:
    """Return (n,) the index of each text's representative; a text without copies has its own.

    Exact copies are found by `text.fingerprint`, near ones by MinHash over character 4-grams
    (Broder 1997) with banding, each candidate verified by its exact Jaccard similarity. Copies
    of copies are one group. Texts without words (a link, an emoji) are copies of nothing. The
    groups and the representative's text (the longest, then the first in the alphabet) do not
    depend on row order.
    """
    prints = [fingerprint(text) for text in texts]
    parent = np.arange(len(texts), dtype=np.int64)
    first: dict[str, int] = {}
    for row, mark in enumerate(prints):
        if mark != _EMPTY:
            parent[row] = first.setdefault(mark, row)
    distinct = np.array(sorted(first.values(), key=lambda row: prints[row]), dtype=np.int64)
    _join_near(texts, distinct, parent, threshold)
    roots = _flatten(parent)
    return _representatives(texts, roots)


def _join_near(texts: Sequence[str], rows: Ints, parent: Ints, threshold: float) -> None:
    """Join near-duplicates among the exact-distinct `rows` in the forest `parent`."""
    plain = {int(row): _plain(texts[row]) for row in rows}
    rows = np.array([row for row in rows if len(plain[int(row)]) >= SHORTEST], dtype=np.int64)
    if len(rows) < 2:
        return
    digests = _digests([plain[int(row)] for row in rows])
    for left, right in _candidates(digests, threshold - DOUBT).tolist():
        a, b = int(rows[left]), int(rows[right])
        one, other = _root(parent, a), _root(parent, b)
        if one != other and _jaccard(plain[a], plain[b]) >= threshold:
            parent[other] = one


def _candidates(digests: npt.NDArray[np.uint32], least: float) -> Ints:
    """Return (m, 2) neighbours in some band whose digests agree by `least` or more."""
    width = PERMUTATIONS // BANDS
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        columns = digests[:, band * width : (band + 1) * width]
        order = np.lexsort(columns.T)
        equal = (columns[order[1:]] == columns[order[:-1]]).all(axis=1)
        near = np.stack([order[:-1][equal], order[1:][equal]], axis=1)
        alike = (digests[near[:, 0]] == digests[near[:, 1]]).mean(axis=1)
        pairs.append(near[alike >= least])
    return np.unique(np.concatenate(pairs), axis=0)


def _digests(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    from rensa import RMinHash

    parts = []
    for start in range(0, len(texts), CHUNK):
        grams = [_runs(text) for text in texts[start : start + CHUNK]]
        rows = RMinHash.digests_from_token_sets(grams, num_perm=PERMUTATIONS, seed=_SEED)
        parts.append(np.array(rows, dtype=np.uint32))
    return np.concatenate(parts)


def _plain(text: str) -> str:
    return " ".join(_MASK.sub(" ", clean(text).lower()).split())


def _runs(text: str) -> list[str]:
    return [text[i : i + SHINGLE] for i in range(len(text) - SHINGLE + 1)]


@lru_cache(maxsize=2_048)
def _grams(text: str) -> frozenset[str]:
    return frozenset(_runs(text))


def _jaccard(a: str, b: str) -> float:
    left, right = _grams(a), _grams(b)
    return len(left & right) / len(left | right)


def _root(parent: Ints, row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = int(parent[row])
    return row


def _flatten(parent: Ints) -> Ints:
    return np.array([_root(parent, row) for row in range(len(parent))], dtype=np.int64)


def _representatives(texts: Sequence[str], roots: Ints) -> Ints:
    best: dict[int, int] = {}
    for row, root in enumerate(roots.tolist()):
        held = best.get(root)
        if held is None or (-len(texts[row]), texts[row]) < (-len(texts[held]), texts[held]):
            best[root] = row
    return np.array([best[root] for root in roots.tolist()], dtype=np.int64)
