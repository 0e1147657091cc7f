"""Folds that do not lie: copies of a text and posts of one author stay on one side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from rootcause.text import fingerprint

Ints = npt.NDArray[np.int64]

_NOTHING = fingerprint("")


def group_rows(texts: Sequence[str], *others: Sequence[Hashable | None] | Ints | None) -> Ints:
    """Return (n,) group numbers: rows that share a fingerprint or any value in `others`.

    None (unknown author) and texts without words bind nobody.
    """
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    prints: list[Hashable | None] = [
        None if mark == _NOTHING else mark for mark in map(fingerprint, texts)
    ]
    for keys in (prints, *(list(keys) for keys in others if keys is not None)):
        first: dict[Hashable, int] = {}
        for i, key in enumerate(keys):
            if key is not None:
                j = first.setdefault(key, i)
                a, b = root(i), root(j)
                parent[max(a, b)] = min(a, b)
    return np.array([root(i) for i in range(len(texts))], np.int64)


def fold_rows(groups: Ints, truth: Ints, count: int, *, seed: int = 0) -> Ints:
    """Return (n,) fold numbers: groups undivided, classes spread evenly.

    Groups go in random order, largest first, to the fold that has the fewest rows of their
    most frequent class.
    """
    _, group = np.unique(groups, return_inverse=True)
    sizes = np.bincount(group)
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    classes = int(truth.max()) + 1 if len(truth) else 1
    held = np.zeros((len(sizes), classes), np.int64)
    np.add.at(held, (group, truth), 1)
    main = held.argmax(axis=1)
    filled = np.zeros((count, classes), np.int64)
    place = np.zeros(len(sizes), np.int64)
    for g in order:
        f = int(np.lexsort((filled.sum(axis=1), filled[:, main[g]]))[0])
        place[g] = f
        filled[f] += held[g]
    return np.asarray(place[group], np.int64)
