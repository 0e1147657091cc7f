"""The steps of grouping as functions over arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rootcause.cores import on_cores
from rootcause.records import NO_CLUSTER, Vectors
from rootcause.vectors import unit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEIGHBOURS = 12
ROUNDS = 2
_BLOCK = 1_024
# From so many columns on, the largest are sought in strips of so many columns.
_WIDE, _DEEP = 2_000, 16


def centre(rows: Vectors) -> Vectors:
    """Return unit rows without their common direction."""
    return unit(rows - rows.mean(axis=0))


def smooth(rows: Vectors, voices: Ints, *, rounds: int = ROUNDS) -> Vectors:
    """Return rows moved towards the mean of their nearest neighbours of other voices."""
    for _ in range(rounds):
        near, weights = neighbours(rows, voices)
        rows = unit(rows + _mean_of_neighbours(rows, near, weights))
    return centre(rows)


def neighbours(rows: Vectors, voices: Ints) -> tuple[Ints, Vectors]:
    """Return (n, k) the nearest rows of other voices and their similarities, 0 if negative."""
    most = min(NEIGHBOURS, len(rows) - 1)
    near = np.zeros((len(rows), most), dtype=np.int64)
    weights = np.zeros((len(rows), most), dtype=np.float32)

    def look(start: int) -> None:
        block = slice(start, start + _BLOCK)
        similar = rows[block] @ rows.T
        similar[voices[block, None] == voices[None, :]] = -2
        best = largest(similar, most)
        near[block] = best
        weights[block] = np.maximum(np.take_along_axis(similar, best, axis=1), 0)

    on_cores(look, range(0, len(rows), _BLOCK))
    return near, weights


def largest(similar: Vectors, most: int) -> Ints:
    """Return (n, most) the columns of each row's largest values, in any order.

    Of many columns, strips of them are looked at by their largest values first: the `most` best
    strips hold the `most` largest values.
    """
    count, width = similar.shape
    if width < _WIDE:
        return np.argpartition(-similar, most - 1, axis=1)[:, :most]
    strips = width // _DEEP
    deep = similar[:, : strips * _DEEP].reshape(count, _DEEP, strips)
    best = np.argpartition(-deep.max(axis=1), most - 1, axis=1)[:, :most]
    inside = (best[:, :, None] + np.arange(0, strips * _DEEP, strips)).reshape(count, -1)
    rest = np.broadcast_to(np.arange(strips * _DEEP, width), (count, width - strips * _DEEP))
    inside = np.concatenate([inside, rest], axis=1)
    held = np.take_along_axis(similar, inside, axis=1)
    place = np.argpartition(-held, most - 1, axis=1)[:, :most]
    found: Ints = np.sort(np.take_along_axis(inside, place, axis=1), axis=1)
    return found


def _mean_of_neighbours(rows: Vectors, near: Ints, weights: Vectors) -> Vectors:
    from scipy.sparse import csr_array

    count, most = near.shape
    offsets = np.arange(0, count * most + 1, most)
    graph = csr_array((weights.ravel(), near.ravel(), offsets), shape=(count, count))
    graph = (graph + graph.T).tocsr()
    sums = np.asarray(graph.sum(axis=1)).reshape(-1, 1)
    sums[sums == 0] = 1
    mean: Vectors = (np.asarray(graph @ rows) / sums).astype(np.float32)
    return mean


def linkage(rows: Vectors) -> Floats:
    """Return the average-linkage tree (n - 1, 4) over cosine distances, as scipy writes it."""
    from scipy.cluster.hierarchy import linkage as scipy_linkage

    similar = rows @ rows.T
    count = len(rows)
    distances = np.empty(count * (count - 1) // 2)
    start = 0
    for row in range(count - 1):
        end = start + count - row - 1
        np.subtract(1, similar[row, row + 1 :], out=distances[start:end])
        start = end
    np.maximum(distances, 0, out=distances)
    del similar
    tree: Floats = scipy_linkage(distances, "average")
    return tree


def cut(tree: Floats, voices: Ints, limit: float, least: int) -> Ints:
    """Return (n,) the group of each leaf, joined while mean similarity is above `limit`.

    Groups with fewer than `least` distinct voices dissolve to -1, and so do groups of which one
    voice holds more than half: that is one person's story.
    """
    from scipy.cluster.hierarchy import fcluster

    flat = np.asarray(fcluster(tree, 1 - limit, "distance"), dtype=np.int64) - 1
    sizes, loudest = Counts.voices(flat, voices, int(flat.max()) + 1)
    new = np.full(len(sizes), NO_CLUSTER, dtype=np.int64)
    kept = np.flatnonzero((sizes >= least) & (2 * loudest <= np.bincount(flat)))
    new[kept] = np.arange(len(kept))
    return new[flat]


class Counts:
    """Counting over pairs of integer columns."""

    @staticmethod
    def voices(labels: Ints, voices: Ints, groups: int) -> tuple[Ints, Ints]:
        """Return (groups,) distinct voices of each label, and the rows of its loudest voice."""
        inside = labels >= 0
        pairs, rows = np.unique(
            np.stack([labels[inside], voices[inside]]), axis=1, return_counts=True
        )
        owner = pairs[0].astype(np.int64)
        loudest = np.zeros(groups, dtype=np.int64)
        np.maximum.at(loudest, owner, rows)
        return np.bincount(owner, minlength=groups).astype(np.int64), loudest

    @staticmethod
    def best_jaccard(labels: Ints, again: Ints, groups: int) -> Floats:
        """Return (groups,) the largest Jaccard similarity of each label with any of `again`."""
        others = int(again.max()) + 1
        table = np.zeros((groups, others + 1))
        inside = labels >= 0
        np.add.at(table, (labels[inside], np.where(again < 0, others, again)[inside]), 1)
        own = table.sum(axis=1, keepdims=True)
        if not others:
            return np.zeros(groups)
        theirs = np.bincount(again[again >= 0], minlength=others)[None, :]
        common = table[:, :others]
        union = np.maximum(own + theirs - common, 1)
        best: Floats = (common / union).max(axis=1)
        return best
