"""Rates and their intervals, for counts that vary more than Poisson counts do.

The model throughout: a cause's count in week t has mean r * e_t (rate times exposure) and variance
m + alpha * m**2 (negative binomial, "NB2"); alpha = 0 is Poisson. See docs/trends.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rootcause.findings import INTERVAL, Estimate

Array = npt.NDArray[np.float64]
PER = 1000.0
_NEGLIGIBLE = 1e-4
WEEKS_PER_YEAR = 365.2425 / 7


def rate_interval(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    alpha: npt.ArrayLike = 0.0,
    *,
    per: float = PER,
    level: float = INTERVAL,
) -> tuple[Array, Array, Array]:
    """Return rate, lower and upper bound per `per` units of exposure; shapes broadcast.

    Jeffreys' interval: Gamma(y + 1/2) for a Poisson count (Brown, Cai and DasGupta 2003); for a
    negative binomial one 1 / (1 + alpha * m) has the posterior Beta(1 / alpha, y + 1/2), which
    tends to it as alpha goes to 0. The lower bound of a zero is zero. Exposure that is 0 or NaN
    gives NaN.
    """
    from scipy.special import fdtri, gammaincinv

    y, e, a = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (counts, exposure, alpha)))
    tail = (1 - level) / 2
    unit = np.divide(per, e, out=np.full(e.shape, np.nan), where=np.isfinite(e) & (e > 0))
    # the quantiles are dear, and the same few counts come again and again
    pairs, place = np.unique(y.ravel() + 1j * a.ravel(), return_inverse=True)
    shape, noise = pairs.real + 0.5, pairs.imag
    noisy = noise > _NEGLIGIBLE
    freedom = 2 / np.where(noisy, noise, 1.0)
    bounds = []
    for part in (tail, 1 - tail):
        # the odds of a beta variable are a scaled F variable
        beta = shape * fdtri(2 * shape, freedom, part)
        found = np.where(noisy, beta, gammaincinv(shape, part))
        bounds.append(found[place].reshape(y.shape) * unit)
    return y * unit, np.where(y > 0, bounds[0], 0.0 * unit), bounds[1]


def rate_ratio(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    base_counts: npt.ArrayLike,
    base_exposure: npt.ArrayLike,
    *,
    extra: npt.ArrayLike = 0.0,
    base_extra: npt.ArrayLike = 0.0,
    level: float = INTERVAL,
) -> tuple[Array, Array, Array]:
    """Return the ratio of two rates, and its lower and upper bound; shapes broadcast.

    `extra` is the squared coefficient of variation beyond Poisson of each summed count: alpha for
    one week, alpha * sum(e**2) / sum(e)**2 for several. Both rates have Jeffreys' gamma
    posterior, so that their ratio is a scaled F distribution; with `extra` 0 this is the mid-p
    like interval of the conditional binomial test. The ratio of nothing to nothing is NaN.
    """
    from scipy.special import fdtri

    y, e, b, be, x, bx = np.broadcast_arrays(
        *(
            np.asarray(value, np.float64)
            for value in (counts, exposure, base_counts, base_exposure, extra, base_extra)
        )
    )
    tail = (1 - level) / 2
    phi, base_phi = 1 + x * y, 1 + bx * b
    shape, base_shape = y / phi + 0.5, b / base_phi + 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (y / e) / (b / be)
        scale = (phi / e) / (base_phi / be) * shape / base_shape
    low = np.where(y > 0, scale * fdtri(2 * shape, 2 * base_shape, tail), 0.0)
    high = np.where(b > 0, scale * fdtri(2 * shape, 2 * base_shape, 1 - tail), np.inf)
    return ratio, low, high


def contacts_per_year(
    counts: npt.ArrayLike, alpha: float = 0.0, *, level: float = INTERVAL
) -> Estimate:
    """Return contacts in a year that goes on like the given weeks, counts (w,).

    The interval is that of the level, not a forecast: it is as wide as these weeks leave it, with
    `alpha` or the spread of the weeks themselves (a single burst), whichever is larger.
    """
    weeks = np.asarray(counts, np.float64)
    if not len(weeks):
        return Estimate(value=0.0, low=0.0, high=float("inf"))
    mean = weeks.mean()
    if len(weeks) > 1 and mean > 0:
        alpha = max(alpha, float((weeks.var(ddof=1) - mean) / mean**2))
    value, low, high = rate_interval(
        weeks.sum(), float(len(weeks)), alpha / len(weeks), per=WEEKS_PER_YEAR, level=level
    )
    return Estimate(value=float(value), low=float(low), high=float(high))


def cost_per_year(contacts: Estimate, cost_per_contact: float) -> Estimate:
    """Return what a year's contacts cost."""
    return Estimate(
        value=contacts.value * cost_per_contact,
        low=contacts.low * cost_per_contact,
        high=contacts.high * cost_per_contact,
    )


def removable_share(members: list[npt.NDArray[np.int64]], everyone: int, *, top: int = 3) -> float:
    """Return the share of `everyone` that would fall silent if the `top` causes were fixed.

    `members` holds each cause's voices in the week. A voice in several causes counts once, and
    only if all its causes are among the top ones. 0.0 if there is nobody.
    """
    order = sorted(range(len(members)), key=lambda i: (-len(np.unique(members[i])), i))
    if not everyone or not order:
        return 0.0
    kept = [members[i] for i in order[top:]]
    removed = np.unique(np.concatenate([members[i] for i in order[:top]]))
    staying = np.unique(np.concatenate(kept)) if kept else np.array([], np.int64)
    return float(len(np.setdiff1d(removed, staying)) / everyone)
