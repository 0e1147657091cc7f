"""All numbers of one report's causes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from rootcause.findings import Estimate
from rootcause.records import Week
from rootcause.trends.change import (
    BASELINE,
    Comparison,
    benjamini_hochberg,
    compare,
    dispersion,
    first_seen,
)
from rootcause.trends.fixes import Effect, both_agree, fix_effect
from rootcause.trends.rates import Array, contacts_per_year, rate_interval
from rootcause.trends.season import seasonal_bound
from rootcause.trends.status import FALSE_DISCOVERIES, GONE_AFTER, QUIET, Facts, status


@dataclass(frozen=True, kw_only=True)
class Trend:
    """What the series of one cause says in the reported week.

    `rates`, `lows`, `highs` (w,) are per 1,000 units of exposure, NaN for a week without data.
    `change` is this week's rate against the baseline (1.0 = unchanged), None without a baseline
    or where the baseline is zero.
    """

    status: str
    reason: str
    change: float | None
    change_interval: Estimate | None
    q_value: float | None
    rates: Array
    lows: Array
    highs: Array
    rate: Estimate
    contacts_per_year: Estimate
    effect: Effect | None
    alpha: float


def assess(
    voices: npt.ArrayLike,
    weeks: Sequence[Week],
    mentions_read: npt.ArrayLike,
    *,
    units: npt.ArrayLike | None = None,
    contacts: npt.ArrayLike | None = None,
    fixed_on: Sequence[date | None] | None = None,
    min_voices: int = 5,
    elapsed: float = 1.0,
    false_discoveries: float = FALSE_DISCOVERIES,
    gone_after: int = GONE_AFTER,
) -> list[Trend]:
    """Return one Trend per cause for the last of `weeks`.

    `voices` (c, w) over consecutive weeks, the reported one last; `mentions_read` (w,) is NaN or
    0 for a week without data. `units` (w,) is the exposure file: with it, rates are per unit and
    one test decides; without it, rates are per mention read, and a test on rates and one on
    counts must both hold (the larger p counts: an intersection-union test, Berger 1982).
    `contacts` (c, w) counts posts instead of people for contacts per year. `elapsed` is the part
    of the last week that has passed. `fixed_on` (c,) is the day of a standing fix or None.
    p-values are adjusted over all causes with a voice in the week or its baseline.
    """
    y = np.asarray(voices, np.float64).reshape(-1, len(weeks))
    read = np.asarray(mentions_read, np.float64)
    usable = np.isfinite(read) & (read > 0)
    exposure = np.where(usable, read if units is None else np.asarray(units, np.float64), np.nan)
    usable &= np.isfinite(exposure) & (exposure > 0)
    even = np.where(usable, 1.0, np.nan)
    even[-1:] *= elapsed
    bases = [exposure] if units is not None else [exposure, even]
    # the last week is what is tested: it must not say how noisy weeks are
    alphas = [dispersion(y[:, :-1], base[:-1]) for base in bases]
    tests = [compare(y, base, alpha) for base, alpha in zip(bases, alphas, strict=True)]
    q = _adjusted(tests)
    above = np.stack(
        [y[:, -1] - seasonal_bound(y, base, a) for base, a in zip(bases, alphas, strict=True)]
    ).min(axis=0)
    rates = rate_interval(y, exposure[None, :], alphas[0][:, None])
    per_post = y if contacts is None else np.asarray(contacts, np.float64).reshape(y.shape)
    fixes = fixed_on or [None] * len(y)
    by = "rate" if units is not None else "share of mentions and count"
    first = first_seen(y)
    recent = np.flatnonzero(usable & (np.arange(len(weeks)) >= len(weeks) - BASELINE))
    found = []
    for c in range(len(y)):
        effect = _effect(y[c], bases, weeks, fixes[c], [float(a[c]) for a in alphas])
        test = tests[0]
        gap, back_for, back_voices = _comeback(y[c], usable, gone_after, min_voices)
        word, reason = status(
            Facts(
                voices=int(y[c, -1]),
                first_seen=len(weeks) - 1 - int(first[c]),
                silent=_silent(y[c], usable),
                gap=gap,
                back_for=back_for,
                back_voices=back_voices,
                history=int(usable[: first[c]].sum()),
                ratio=float(test.ratio[c]),
                q=float(q[c]),
                expected=float(test.expected[c]),
                above_season=None if np.isnan(above[c]) else bool(above[c] > 0),
                verdict=effect.verdict if effect else None,
                fixed_on=str(fixes[c] or ""),
                ratio_after=effect.ratio if effect else float("nan"),
                by=by,
            ),
            min_voices=min_voices,
            false_discoveries=false_discoveries,
            gone_after=gone_after,
        )
        value, low, high = (float(part[c, -1]) for part in rates)
        known = np.isfinite(test.ratio[c])
        found.append(
            Trend(
                status=word,
                reason=reason,
                change=float(test.ratio[c]) if known else None,
                change_interval=Estimate(
                    value=float(test.ratio[c]), low=float(test.low[c]), high=float(test.high[c])
                )
                if known
                else None,
                q_value=None if np.isnan(q[c]) else float(q[c]),
                rates=rates[0][c],
                lows=rates[1][c],
                highs=rates[2][c],
                rate=Estimate(value=value, low=low, high=high),
                contacts_per_year=contacts_per_year(per_post[c, recent], float(alphas[-1][c])),
                effect=effect,
                alpha=float(alphas[0][c]),
            )
        )
    return found


def _adjusted(tests: Sequence[Comparison]) -> Array:
    p = np.stack([test.p for test in tests]).max(axis=0)
    same = np.all([test.up == tests[0].up for test in tests], axis=0)
    p = np.where(np.isnan(p), np.nan, np.where(same, p, 1.0))
    quiet = (tests[0].baseline_count == 0) & ~tests[0].up
    return benjamini_hochberg(np.where(quiet, np.nan, p))


def _effect(
    y: Array,
    bases: Sequence[Array],
    weeks: Sequence[Week],
    fixed_on: date | None,
    alphas: Sequence[float],
) -> Effect | None:
    if fixed_on is None:
        return None
    effects = [
        fix_effect(y, base, weeks, fixed_on, alpha=alpha)
        for base, alpha in zip(bases, alphas, strict=True)
    ]
    return both_agree(effects[0], effects[-1])


def _silent(y: Array, usable: npt.NDArray[np.bool_]) -> int:
    """Return how many weeks with data passed since the last voice, 0 for one this week."""
    active = np.flatnonzero(y > 0)
    return int(usable[active[-1] + 1 :].sum()) if len(active) else int(usable.sum())


def _comeback(
    y: Array, usable: npt.NDArray[np.bool_], gone_after: int, min_voices: int
) -> tuple[int | None, int, int]:
    """Return (quiet weeks with data, weeks since, voices since) of the last comeback.

    Quiet is a week without voices, or, when this week has enough for a cause, one with at most
    a quarter of them and of the highest week before: one mention wrongly matched must not hide a
    return. Five voices after four weeks of one each come by chance in 4 of 1,000 causes.
    """
    enough = len(y) > 1 and y[-1] >= min_voices
    quiet = QUIET * min(y[-1], y[:-1].max()) if enough else 0
    active = np.flatnonzero(y > quiet)
    done = np.cumsum(usable)
    silent: npt.NDArray[np.int64] = done[active[1:] - 1] - done[active[:-1]]
    long = np.flatnonzero(silent >= gone_after)
    if not len(long):
        return None, 0, 0
    start = int(active[long[-1] + 1])
    return int(silent[long[-1]]), len(y) - 1 - start, int(y[start:].sum())
