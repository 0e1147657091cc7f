"""Class shares of a dump, corrected for the classifier's measured errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.findings import INTERVAL, Estimate

_DRAWS = 400
_ROUNDS = 200


def correct_volumes(
    counts: Sequence[int] | npt.NDArray[Any],
    confusion: Sequence[Sequence[int]] | npt.NDArray[Any],
    *,
    seed: int = 0,
) -> list[Estimate]:
    """Return the corrected number of mentions per class, with 90 % intervals.

    `counts` (k,) are the mentions by predicted class, `confusion` (k, k) out-of-fold counts,
    true class by row. The corrected shares are the most likely ones under the confusion matrix
    (the multi-class form of Rogan and Gladen, 1978, by expectation maximisation, so that no
    share is negative); intervals draw both the matrix and the counts anew.
    """
    seen = np.asarray(counts, np.float64)
    table = np.asarray(confusion, np.float64)
    total = seen.sum()
    if total == 0:
        return [Estimate(value=0.0, low=0.0, high=0.0) for _ in seen]
    known = table.sum(axis=1) > 0
    value = _shares(seen / total, _rates(table), known)
    rng = np.random.default_rng(seed)
    draws = np.empty((_DRAWS, len(seen)))
    for i in range(_DRAWS):
        rates = np.stack([rng.dirichlet(row + 0.5) for row in table])
        again = rng.multinomial(int(total), seen / total) / total
        draws[i] = _shares(again, rates, known)
    tail = (1 - INTERVAL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return [
        Estimate(
            value=float(v * total), low=float(min(a, v) * total), high=float(max(b, v) * total)
        )
        for v, a, b in zip(value, low, high, strict=True)
    ]


def _rates(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    smooth = table + 1e-3
    rates: npt.NDArray[np.float64] = smooth / smooth.sum(axis=1, keepdims=True)
    return rates


def _shares(
    seen: npt.NDArray[np.float64], rates: npt.NDArray[np.float64], known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the true shares that make the predicted shares `seen` most likely."""
    share = known / known.sum()
    for _ in range(_ROUNDS):
        mixed = share @ rates
        share = share * (rates @ (seen / np.maximum(mixed, 1e-12)))
        share /= share.sum()
    result: npt.NDArray[np.float64] = share
    return result
