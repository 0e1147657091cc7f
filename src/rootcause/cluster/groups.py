"""Vectors to groups: neighbours' smoothing, average linkage, a cut, and how stable it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.cluster import sampling
from rootcause.cluster.sampling import assign_rest, canonical_order, choose_sample
from rootcause.cluster.tree import (
    Counts,
    Ints,
    centre,
    cut,
    linkage,
    smooth,
)
from rootcause.cores import on_cores
from rootcause.records import NO_CLUSTER, Vectors
from rootcause.vectors import unit

# Mean similarity between the members of two groups under which they stay apart, after smoothing.
# Chosen on eight collections (docs/causes.md); `strength` moves it.
CUT = 0.55
STRENGTH_SPAN = 0.35
RESAMPLES = 20
RESAMPLE_SHARE = 0.8
RESAMPLE_MOST = 2_500
# Below this many voices there is nothing to compare a group with.
SMALLEST = 20
DIAL = (3, 5, 8, 12, 20)


@dataclass(frozen=True, kw_only=True)
class DialPoint:
    """What another setting of `min_voices` gives: groups, and the share of rows in none."""

    min_voices: int
    groups: int
    isolated_share: float


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Groups of rows, numbered by size (voices), largest first; -1 is in no group.

    `labels` (n,), `strengths` (n,) in [0, 1], 0 for isolated rows; `voices` (k,) and
    `stability` (k,) by group: mean bootstrap Jaccard (Hennig 2007), under 0.6 not to be trusted.
    `too_small` says that there were too few voices for groups to mean much.
    """

    labels: Ints
    strengths: npt.NDArray[np.float32]
    stability: npt.NDArray[np.float64]
    voices: Ints
    dial: tuple[DialPoint, ...]
    too_small: bool

    def __len__(self) -> int:
        return len(self.voices)


def cluster_vectors(
    vectors: Vectors,
    *,
    voices: npt.ArrayLike | None = None,
    min_voices: int = 5,
    strength: float = 0.0,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Groups:
    """Return the groups of (n, d) unit `vectors`, best made by `cluster.represent`.

    Rows are put in an order of their content first, so any order of the same rows gives the
    same groups. The common direction is removed, every row moves towards its nearest neighbours
    of other voices (twice, twelve neighbours: the smoothing of simple graph convolution, Wu et
    al. 2019), and average linkage (Sokal and Michener 1958) joins rows until the mean similarity
    of two groups falls under `CUT`; a group with fewer than `min_voices` distinct `voices` (n,)
    is no group. `strength` in [-1, 1] asks for closer (positive) or looser groups. More than
    `SAMPLE` rows: groups are found in a sample, chosen by content and `seed`, and the rest join
    the group of their neighbours or none.
    """
    matrix = np.asarray(vectors, dtype=np.float32)
    count = len(matrix)
    speakers = np.arange(count) if voices is None else np.asarray(voices)
    _, speakers = np.unique(speakers, return_inverse=True)
    distinct = int(speakers.max()) + 1 if count else 0
    limit = CUT + STRENGTH_SPAN * strength
    if distinct < max(2, min_voices):
        return _nothing(count, too_small=distinct < SMALLEST)
    order = canonical_order(matrix, speakers)
    sample = order[choose_sample(count, seed)]
    space = centre(matrix[sample])
    own = speakers[sample]
    smoothed = smooth(space, own)
    tree = linkage(smoothed)
    groups = cut(tree, own, limit, min_voices)
    dial = tuple(
        _dial(cut(tree, own, limit, least), least)
        for least in sorted({*DIAL, min_voices})
        if least <= distinct
    )
    labels = np.full(count, NO_CLUSTER, dtype=np.int64)
    labels[sample] = groups
    if len(sample) < count:
        assign_rest(matrix, order, sample, labels)
    labels, sizes, ranks = _by_size(labels, speakers, order)
    stability = _stability(
        space, own, groups, limit=limit, least=min_voices, seed=seed, resamples=resamples
    )
    return Groups(
        labels=labels,
        strengths=_strengths(matrix, labels, order),
        stability=stability[ranks],
        voices=sizes,
        dial=dial,
        too_small=distinct < SMALLEST,
    )


def _nothing(count: int, *, too_small: bool) -> Groups:
    return Groups(
        labels=np.full(count, NO_CLUSTER, dtype=np.int64),
        strengths=np.zeros(count, dtype=np.float32),
        stability=np.zeros(0),
        voices=np.zeros(0, dtype=np.int64),
        dial=(),
        too_small=too_small,
    )


def _dial(labels: Ints, least: int) -> DialPoint:
    return DialPoint(
        min_voices=least,
        groups=int(labels.max()) + 1,
        isolated_share=float(np.mean(labels == NO_CLUSTER)),
    )


def _by_size(labels: Ints, speakers: Ints, order: Ints) -> tuple[Ints, Ints, Ints]:
    """Return labels renumbered by voices, the voices, and the old number of each new one."""
    groups = int(labels.max()) + 1
    sizes, _ = Counts.voices(labels, speakers, groups)
    place = np.full(groups, len(labels))
    for rank in range(len(order) - 1, -1, -1):
        if labels[order[rank]] >= 0:
            place[labels[order[rank]]] = rank
    ranks = np.lexsort((place, -sizes))
    new = np.empty(groups + 1, dtype=np.int64)
    new[ranks] = np.arange(groups)
    new[groups] = NO_CLUSTER
    return new[labels], sizes[ranks], ranks


def _strengths(matrix: Vectors, labels: Ints, order: Ints) -> npt.NDArray[np.float32]:
    """Return how much nearer a row is to its own group's centre than to the next group's.

    0.5 is on the border, 1 right at the centre with all others far; a lone group is compared
    with the common centre.
    """
    out = np.zeros(len(labels), dtype=np.float32)
    groups = int(labels.max()) + 1
    if not groups:
        return out
    mean = _mean(matrix, order)
    centres = np.zeros((groups + 1, matrix.shape[1]), dtype=np.float32)
    for group in range(groups):
        centres[group] = _mean(matrix, order[labels[order] == group]) - mean
    centres = unit(centres)
    inside = order[labels[order] >= 0]
    for start in range(0, len(inside), 4_096):
        rows = inside[start : start + 4_096]
        near = unit(matrix[rows] - mean) @ centres.T
        mine = near[np.arange(len(rows)), labels[rows]].copy()
        near[np.arange(len(rows)), labels[rows]] = -1
        margin = mine - np.maximum(near.max(axis=1), 0)
        out[rows] = np.clip(0.5 + margin, 0.05, 1)
    return out


def _mean(matrix: Vectors, rows: Ints) -> Vectors:
    """Return the mean of some rows, of very many without a copy of them all."""
    if len(rows) <= sampling.SAMPLE:
        return np.asarray(matrix[rows].mean(axis=0))
    total = np.zeros(matrix.shape[1])
    for start in range(0, len(rows), sampling.SAMPLE):
        part = matrix[rows[start : start + sampling.SAMPLE]]
        total += part.sum(axis=0, dtype=np.float64)
    return (total / len(rows)).astype(np.float32)


def _stability(
    space: Vectors,
    voices: Ints,
    labels: Ints,
    *,
    limit: float,
    least: int,
    seed: int,
    resamples: int,
) -> npt.NDArray[np.float64]:
    """Return the mean best Jaccard of each group over subsamples of the rows.

    Hennig (2007), subsetting scheme: four fifths of the rows (at most `RESAMPLE_MOST`) are
    clustered again, and each group is compared, on the rows drawn, with the new group most like
    it; 0 where none is. The least number of voices shrinks with the rows.
    """
    groups = int(labels.max()) + 1
    if not groups or not resamples:
        return np.zeros(groups)
    size = min(max(least, int(RESAMPLE_SHARE * len(space))), RESAMPLE_MOST)
    # Resampling costs most of the time; fewer draws serve where each holds many rows.
    draws = max(6, min(resamples, 10_000 // size))
    need = max(2, round(least * size / len(space)))
    generator = np.random.default_rng(seed)
    drawn = [np.sort(generator.choice(len(space), size, replace=False)) for _ in range(draws)]

    def alike(rows: Ints) -> npt.NDArray[np.float64]:
        again = cut(linkage(smooth(space[rows], voices[rows])), voices[rows], limit, need)
        return Counts.best_jaccard(labels[rows], again, groups)

    return np.asarray(sum(on_cores(alike, drawn), np.zeros(groups)) / draws)
