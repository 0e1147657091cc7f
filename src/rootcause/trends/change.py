"""Has a cause changed against its trailing baseline, beyond what chance and noise explain?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.trends.rates import Array, rate_ratio

BASELINE = 8  # trailing weeks that a week is compared with
LEAST_BASELINE = 3  # fewer weeks are no baseline
NEW_WEEKS = 4  # a cause is young for so many weeks, and compared with the time before it

# What over-dispersion is taken for before the data speak, and how much it differs between causes.
_PRIOR_ALPHA = 0.05
_PRIOR_WEIGHT = 20.0
_LEAST_ALPHA = 0.002
_SPREAD = 0.7
_LEAST_SPREAD = 0.03
_OUTLIER = 4.0
_BLOCKS = 4

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The last week against the baseline, per cause (c,); NaN where there is no baseline.

    `p` is two-sided; `up` tells the direction; `expected` is what the baseline predicts for the
    week, `baseline_count` what was counted over `baseline_weeks` weeks.
    """

    ratio: Array
    low: Array
    high: Array
    p: Array
    up: Mask
    expected: Array
    baseline_count: Array
    baseline_weeks: Array


def dispersion(counts: npt.ArrayLike, exposure: npt.ArrayLike, *, block: int = BASELINE) -> Array:
    """Return each cause's over-dispersion alpha (c,): Var = m + alpha * m**2.

    `counts` (c, w) and `exposure` (w,) are past weeks, the newest last; a week with exposure 0 or
    NaN is left out, and so are weeks before a cause's first voice. Deviations are taken within
    blocks of `block` weeks, so that slow growth is no noise; the moment equation
    E[(y - m)**2] = m + alpha * m**2 is weighted by its precision. Causes borrow from each other:
    what 8 weeks of one cause say is shrunk to what all causes say, by the precision of each
    (empirical Bayes; cf. Robinson and Smyth 2007 for negative binomial counts).
    """
    y, e = np.asarray(counts, np.float64), np.asarray(exposure, np.float64)
    usable = np.isfinite(e) & (e > 0)
    parts = _deviations(y[:, usable], e[usable], block)
    pooled = _PRIOR_ALPHA
    for _ in range(4):
        weight = np.zeros(len(y))
        moment = np.zeros(len(y))
        for excess, mean, freedom in parts:
            with np.errstate(divide="ignore", invalid="ignore"):
                precision = np.where(mean > 0, 1 / (1 / mean + pooled) ** 2, 0.0)
                weight += (precision * freedom).sum(axis=1)
                moment += np.where(mean > 0, precision * excess / mean**2, 0.0).sum(axis=1)
        sampling = np.divide(2, weight, out=np.full(len(y), np.inf), where=weight > 0)
        between = (_SPREAD * pooled) ** 2 + _LEAST_SPREAD**2
        each = np.divide(moment, weight, out=np.zeros(len(y)), where=weight > 0)
        # one cause that broke out must not make all others look noisy
        held = np.minimum(each, pooled + _OUTLIER * np.sqrt(between + sampling))
        prior = _PRIOR_WEIGHT * _PRIOR_ALPHA
        pooled = max(
            float((prior + (weight * held).sum()) / (_PRIOR_WEIGHT + weight.sum())), _LEAST_ALPHA
        )
    own = between / (between + sampling)
    found: Array = np.maximum(own * held + (1 - own) * pooled, 0.0)
    return found


def _deviations(y: Array, e: Array, block: int) -> list[tuple[Array, Array, Array]]:
    """Return per block (excess of squared deviations over Poisson, mean, degrees of freedom)."""
    seen = np.cumsum(y > 0, axis=1) > 0
    parts = []
    for end in range(y.shape[1], max(y.shape[1] - _BLOCKS * block, 0), -block):
        span = slice(max(end - block, 0), end)
        mask = seen[:, span]
        units = mask * e[span]
        total = units.sum(axis=1, keepdims=True)
        part = np.divide(units, total, out=np.zeros_like(units), where=total > 0)
        mean = part * (mask * y[:, span]).sum(axis=1, keepdims=True)
        freedom = mask * (1 - part) * (mask.sum(axis=1, keepdims=True) >= LEAST_BASELINE)
        squares = (y[:, span] - mean) ** 2
        parts.append(((squares - mean * (1 - part)) * (freedom > 0), mean, freedom))
    return parts


def compare(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    alpha: npt.ArrayLike,
    *,
    baseline: int = BASELINE,
) -> Comparison:
    """Compare the last week of `counts` (c, w) with the `baseline` weeks before it.

    A cause first seen less than NEW_WEEKS ago is compared with the weeks before its first. Under
    "nothing changed" the week's count is negative binomial around the baseline's prediction,
    whose own uncertainty (Gamma(Y + 1/2), Jeffreys) and over-dispersion `alpha` (c,) widen it:
    the predictive form of the comparison of two Poisson rates (Krishnamoorthy and Thomson 2004;
    Przyborowski and Wilenski 1940 for alpha = 0). p-values are mid-p (Lancaster 1961).
    """
    from scipy.special import betainc

    y, e = np.asarray(counts, np.float64), np.asarray(exposure, np.float64)
    a = np.broadcast_to(np.asarray(alpha, np.float64), len(y))
    mask = baseline_weeks(y, e, baseline)
    units = mask * np.where(np.isfinite(e), e, 0.0)
    total = units.sum(axis=1)
    known = (mask.sum(axis=1) >= LEAST_BASELINE) & (total > 0) & np.isfinite(e[-1]) & (e[-1] > 0)
    total = np.where(known, total, np.nan)
    sum_base = (mask * y).sum(axis=1)
    spread = (units**2).sum(axis=1) / total**2
    now = y[:, -1]
    expected = (sum_base + 0.5) * e[-1] / total
    size = 1 / (1 / (sum_base + 0.5) + a * (1 + spread))
    chance = size / (size + expected)
    below = np.where(now > 0, betainc(size, np.maximum(now, 1), chance), 0.0)
    upto = betainc(size, now + 1, chance)
    lower = (below + upto) / 2  # P(less) + P(equal) / 2
    ratio, low, high = rate_ratio(now, e[-1], sum_base, total, extra=a, base_extra=a * spread)
    return Comparison(
        ratio=ratio,
        low=np.where(known, low, np.nan),
        high=np.where(known, high, np.nan),
        p=np.minimum(2 * np.minimum(lower, 1 - lower), 1.0),
        up=now > expected,
        expected=sum_base * e[-1] / total,
        baseline_count=np.where(known, sum_base, np.nan),
        baseline_weeks=mask.sum(axis=1).astype(np.float64),
    )


def baseline_weeks(y: Array, e: Array, baseline: int = BASELINE) -> Mask:
    """Return (c, w): which weeks the last one is compared with."""
    width = y.shape[1]
    usable = np.isfinite(e) & (e > 0)
    rank = np.cumsum(usable)
    first = first_seen(y)
    young = (width - 1 - first < NEW_WEEKS) & (first < width)
    before = np.where(first > 0, rank[np.minimum(first, width) - 1], 0)
    # without enough time before its first week, a young cause is compared like any other
    young &= before >= LEAST_BASELINE
    last = np.where(young, before, rank[-2] if width > 1 else 0)[:, None]
    mask: Mask = usable & (rank <= last) & (rank > last - baseline)
    mask[:, -1] = False
    return mask


def first_seen(y: Array) -> npt.NDArray[np.int64]:
    """Return each cause's first week with a voice (c,), the number of weeks if it has none."""
    seen = y > 0
    first: npt.NDArray[np.int64] = np.where(seen.any(axis=1), seen.argmax(axis=1), y.shape[1])
    return first


def benjamini_hochberg(p: npt.ArrayLike) -> Array:
    """Return q-values (Benjamini and Hochberg 1995); NaN, not tested, stays NaN."""
    from scipy.stats import false_discovery_control

    values = np.asarray(p, np.float64)
    tested = np.isfinite(values)
    q = np.full(values.shape, np.nan)
    if tested.any():
        q[tested] = false_discovery_control(np.clip(values[tested], 0, 1), method="bh")
    return q
