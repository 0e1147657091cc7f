"""How well a phrase tells a group's mentions from all others, in the cause lens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rootcause.lens import Lens
from rootcause.records import Vectors
from rootcause.vectors import unit

Ints = npt.NDArray[np.int64]

# Mentions that a phrase's fit is measured on.
MEASURED = 1_500
# What nearness in the lens weighs beside the area under the curve.
NEARER = 1.6


class Measure:
    """Fit of phrases to groups, on a sample of the mentions chosen by content."""

    def __init__(
        self,
        texts: Sequence[str],
        groups: Ints,
        order: Ints,
        lens: Lens,
        background: Sequence[str],
        *,
        whole: bool = False,
    ) -> None:
        step = 1 if whole else max(1, -(-len(order) // MEASURED))
        small = np.bincount(groups[groups >= 0])
        few = (groups[order] >= 0) & (small[np.maximum(groups[order], 0)] < 8 * step)
        rows = order[few | (np.arange(len(order)) % step == 0)]
        more = sorted(background)[:: max(1, len(background) // MEASURED)]
        self.rows = rows
        shown = [texts[i] for i in rows] + list(more)
        self.lens = lens
        self.mentions = unit(lens.features(shown))
        self.groups = np.concatenate([groups[rows], np.full(len(more), -1)])
        self.inside = np.zeros((int(groups.max()) + 1, len(shown)), dtype=np.float32)
        own = np.flatnonzero(self.groups >= 0)
        self.inside[self.groups[own], own] = 1

    def fits(self, phrases: Sequence[str], groups: slice = slice(None)) -> npt.NDArray[np.float64]:
        """Return (k, p) the fit of each phrase to each group."""
        if not phrases:
            return np.zeros((len(self.inside[groups]), 0))
        inside = self.inside[groups].astype(np.float64)
        near = self.mentions @ unit(self.lens.features(phrases)).T
        similar = near.astype(np.float64)
        own = np.flatnonzero(inside.any(axis=0))
        ranks = _ranks(near, own)
        m = np.maximum(inside.sum(axis=1, keepdims=True), 1)
        rest = np.maximum(len(similar) - m, 1)
        area = (inside[:, own] @ ranks - m * (m + 1) / 2) / (m * rest)
        mean = inside @ similar / m
        outside = (similar.sum(axis=0) - inside @ similar) / rest
        fit: npt.NDArray[np.float64] = area - 0.5 + NEARER * (mean - outside)
        return fit


def _ranks(values: Vectors, rows: Ints) -> npt.NDArray[np.float64]:
    """Return (m, p) the places of some rows' values in their columns, equal ones share a mean."""
    ranks = np.empty((len(rows), values.shape[1]), dtype=np.float64)
    for place, column in enumerate(np.ascontiguousarray(values.T)):
        ordered, asked = np.sort(column), column[rows]
        below = np.searchsorted(ordered, asked, "left")
        ranks[:, place] = (below + np.searchsorted(ordered, asked, "right") + 1) / 2
    return ranks
