"""From scores to probabilities that mean what they say, and to a rule for automatic labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.linear import Floats, softmax

BINS = 10
# An automatic label needs at least this many out-of-fold rows behind its threshold.
_FEWEST = 20


def log_loss(proba: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Return the mean negative log of the chance given to what is true."""
    return float(-np.log(np.maximum(proba[np.arange(len(truth)), truth], 1e-12)).mean())


def fit_temperature(logits: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Return the temperature that gives out-of-fold `logits` the least log loss.

    One number cannot change which class wins (Guo et al., 2017, section 4.2).
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        warm = logits / np.float32(np.exp(log_temperature))
        return log_loss(softmax(warm.astype(np.float32)), truth)

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))


def precision_threshold(
    confidence: Floats, right: npt.NDArray[np.bool_], target: float
) -> tuple[float, float]:
    """Return (threshold, coverage): the lowest confidence above which `target` are right.

    The share of right labels is counted over all rows at least as confident. Where no
    threshold reaches the target the answer is (above 1, 0): nothing is automatic.
    """
    if not len(confidence):
        return 1.01, 0.0
    order = np.argsort(-confidence, kind="stable")
    sure = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # equal confidences stand or fall together
    last = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((sure >= target) & last)
    good = good[good >= min(_FEWEST, len(order)) - 1]
    if not len(good):
        return 1.01, 0.0
    return float(confidence[order][good[-1]]), float((good[-1] + 1) / len(order))


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How often labels of a given confidence are right; one row per bin of confidence."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    count: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    error: float  # expected calibration error
    band: float  # what 95 of 100 perfectly calibrated models of this size stay below

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain numbers."""
        return {
            "expected_calibration_error": round(self.error, 4),
            "band_95": round(self.band, 4),
            "bins": [
                {
                    "from": round(float(a), 3),
                    "to": round(float(b), 3),
                    "mentions": int(n),
                    "confidence": round(float(c), 4),
                    "right": round(float(r), 4),
                }
                for a, b, n, c, r in zip(
                    self.low, self.high, self.count, self.confidence, self.accuracy, strict=True
                )
            ],
        }


def reliability(
    confidence: Floats, right: npt.NDArray[np.bool_], *, seed: int = 0, draws: int = 400
) -> Reliability:
    """Return the reliability table over equally filled bins.

    The band is simulated: labels drawn right with their own confidence, 95th percentile of the
    calibration error that such a perfect model shows by chance alone.
    """
    bins = max(1, min(BINS, len(confidence) // 20))
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    sizes = np.array([len(part) for part in parts])
    stated = np.array([confidence[part].mean() for part in parts], np.float64)
    seen = np.array([right[part].mean() for part in parts], np.float64)
    share = sizes / max(1, sizes.sum())
    rng = np.random.default_rng(seed)
    errors = []
    for _ in range(draws):
        drawn = rng.random(len(confidence)) < confidence
        seen_then = np.array([drawn[part].mean() for part in parts])
        errors.append(float((share * np.abs(seen_then - stated)).sum()))
    return Reliability(
        low=np.array([confidence[part].min() for part in parts], np.float64),
        high=np.array([confidence[part].max() for part in parts], np.float64),
        count=sizes,
        confidence=stated,
        accuracy=seen,
        error=float((share * np.abs(seen - stated)).sum()),
        band=float(np.quantile(errors, 0.95)) if parts else 0.0,
    )


def risk_coverage(
    confidence: Floats,
    right: npt.NDArray[np.bool_],
    targets: tuple[float, ...] = (0.8, 0.85, 0.9, 0.95, 0.97, 0.99),
) -> list[tuple[float, float, float]]:
    """Return (precision, share automatic, confidence needed) for each target precision."""
    rows = []
    for target in targets:
        threshold, coverage = precision_threshold(confidence, right, target)
        rows.append((target, coverage, threshold))
    return rows
