"""Order by content, samples chosen by content, and the rows that were not in the sample."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from rootcause.cluster.tree import largest
from rootcause.cores import on_cores
from rootcause.records import NO_CLUSTER, Vectors
from rootcause.vectors import unit

Ints = npt.NDArray[np.int64]

# Average linkage takes memory and time with the square of the rows: 6,000 rows are 0.3 GB and a
# few seconds.
SAMPLE = 6_000
NEAR = 8
# A row joins a group when this share of its similarity to its nearest sampled rows is there.
SHARE = 0.5
_BLOCK = 2_048
# Rows outside the sample are compared along so many principal axes of the sample.
AXES = 256


def canonical_order(matrix: Vectors, voices: Ints) -> Ints:
    """Return the row numbers in an order that depends on the rows' content only.

    `voices` are numbers that may depend on row order; they matter only between equal rows, where
    swapping changes nothing that is reported.
    """
    keys = np.array(
        [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in matrix], dtype="S8"
    ).view(">u8")
    return np.lexsort((voices, keys)).astype(np.int64)


def choose_sample(count: int, seed: int) -> Ints:
    """Return which of `count` canonically ordered rows to cluster, ascending."""
    if count <= SAMPLE:
        return np.arange(count)
    generator = np.random.default_rng(seed)
    return np.sort(generator.choice(count, SAMPLE, replace=False)).astype(np.int64)


def assign_rest(matrix: Vectors, order: Ints, sample: Ints, labels: Ints) -> None:
    """Give each row outside the sample its neighbours' group, or none; changes `labels`."""
    mean = matrix[sample].mean(axis=0)
    known = labels[sample]
    groups = int(known.max()) + 1
    if not groups:
        return
    base = unit(matrix[sample] - mean)
    axes = _axes(base)
    base = unit(base @ axes)
    rest = order[~np.isin(order, sample)]

    def ask(start: int) -> None:
        rows = rest[start : start + _BLOCK]
        similar = unit((matrix[rows] - mean) @ axes) @ base.T
        best = largest(similar, NEAR)
        weights = np.maximum(np.take_along_axis(similar, best, axis=1), 0)
        votes = np.zeros((len(rows), groups + 1), dtype=np.float32)
        column = np.where(known[best] < 0, groups, known[best])
        np.add.at(votes, (np.arange(len(rows))[:, None], column), weights)
        winner = votes[:, :groups].argmax(axis=1)
        total = np.maximum(weights.sum(axis=1), 1e-9)
        sure = votes[np.arange(len(rows)), winner] >= SHARE * total
        labels[rows] = np.where(sure, winner, NO_CLUSTER)

    on_cores(ask, range(0, len(rest), _BLOCK))


def _axes(rows: Vectors) -> Vectors:
    """Return (d, k) about the first `AXES` principal axes of rows that have a mean near zero.

    By subspace iteration from a fixed start (Halko et al. 2011), a tenth of the time that all
    axes would take.
    """
    from threadpoolctl import threadpool_limits

    width = rows.shape[1]
    if width <= AXES:
        return np.eye(width, dtype=np.float32)
    scatter = rows.T @ rows
    start = np.random.default_rng(0).standard_normal((width, AXES)).astype(np.float32)
    with threadpool_limits(1):  # too small for cores to wait for each other
        axes, _ = np.linalg.qr(scatter @ (scatter @ start))
    return axes
