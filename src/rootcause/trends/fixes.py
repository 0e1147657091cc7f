"""Did a fix work?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from rootcause.findings import INTERVAL
from rootcause.records import Week
from rootcause.trends.rates import Array, rate_ratio

BEFORE = 8  # weeks before the fix that the weeks after it are compared with
LEAST_AFTER = 3  # whole weeks after a fix before anything is said
LEAST_EXPECTED = 5.0  # contacts that would have come without the fix, before anything is said
RECENT = 4  # weeks that can bring a fixed cause back

WORKED, NO_EFFECT, WORSE = "worked", "no effect seen", "worse"
RETURNED, TOO_EARLY = "returned", "too early to say"


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Rate after / rate before with its 90 % interval; NaN while it is too early to say."""

    ratio: float
    low: float
    high: float
    verdict: str


def fix_effect(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    weeks: Sequence[Week],
    fixed_on: date,
    *,
    alpha: float = 0.0,
    level: float = INTERVAL,
) -> Effect:
    """Compare the weeks after a fix with the BEFORE weeks before it: a rate ratio.

    `counts` (w,) and `exposure` (w,) belong to `weeks`. The week in which the fix fell counts for
    neither side, unless it fell on its Monday. The interval is that of two over-dispersed Poisson
    rates (see `rate_ratio`). Too early: fewer than LEAST_AFTER weeks, or fewer than
    LEAST_EXPECTED contacts expected in them if nothing had changed. Returned: the first weeks
    after the fix show it worked, the last RECENT do not and are above them.
    """
    y, e = np.asarray(counts, np.float64), np.asarray(exposure, np.float64)
    monday = np.array([week.monday().toordinal() for week in weeks])
    usable = np.isfinite(e) & (e > 0)
    before = np.flatnonzero(usable & (monday + 7 <= fixed_on.toordinal()))[-BEFORE:]
    after = np.flatnonzero(usable & (monday >= fixed_on.toordinal()))
    nothing = Effect(ratio=float("nan"), low=float("nan"), high=float("nan"), verdict=TOO_EARLY)
    if len(before) < LEAST_AFTER or len(after) < LEAST_AFTER:
        return nothing
    if y[before].sum() / e[before].sum() * e[after].sum() < LEAST_EXPECTED:
        return nothing
    series = _Series(y=y, e=e, alpha=alpha, level=level)
    ratio, low, high = series.ratio(after, before)
    verdict = WORKED if high < 1 else WORSE if low > 1 else NO_EFFECT
    if _came_back(series, after, before):
        verdict = RETURNED
    return Effect(ratio=ratio, low=low, high=high, verdict=verdict)


Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Series:
    y: Array
    e: Array
    alpha: float
    level: float

    def ratio(self, after: Rows, before: Rows) -> tuple[float, float, float]:
        y, e = self.y, self.e
        extra, base_extra = (
            self.alpha * float((e[side] ** 2).sum() / e[side].sum() ** 2)
            for side in (after, before)
        )
        found = rate_ratio(
            y[after].sum(), e[after].sum(), y[before].sum(), e[before].sum(),
            extra=extra, base_extra=base_extra, level=self.level,
        )  # fmt: skip
        ratio, low, high = (float(value) for value in found)
        return ratio, low, high


def _came_back(series: _Series, after: Rows, before: Rows) -> bool:
    early, late = after[:-RECENT], after[-RECENT:]
    if len(early) < LEAST_AFTER:
        return False
    worked = series.ratio(early, before)[2] < 1
    still = series.ratio(late, before)[2] < 1
    rose = series.ratio(late, early)[1] > 1
    return worked and not still and rose


def both_agree(by_rate: Effect, by_count: Effect) -> Effect:
    """Return the effect by rate, its verdict lowered where the one by count does not agree."""
    claimed = (WORKED, WORSE, RETURNED)
    if by_rate.verdict in claimed and by_count.verdict != by_rate.verdict:
        return Effect(ratio=by_rate.ratio, low=by_rate.low, high=by_rate.high, verdict=NO_EFFECT)
    return by_rate
