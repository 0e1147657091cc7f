"""An upper bound that knows the season, once a year of weeks exists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rootcause.trends.rates import Array

YEAR = 52
SEASON = 3  # weeks on either side of the same week in earlier years
_LONGEST = 5 * YEAR + SEASON
_RIDGE = 1.0
_OUTBREAK = 2.58  # residuals beyond this are down-weighted
_STEPS = 12


def seasonal_bound(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    alpha: npt.ArrayLike = 0.0,
    *,
    false_alarm: float = 0.05,
) -> Array:
    """Return what the last week's count may reach by season and trend alone, per cause (c,).

    Farrington et al. (1996) as improved by Noufaily et al. (2013): a quasi-Poisson regression of
    the past weeks on a log-linear trend and on being within SEASON weeks of the same week in an
    earlier year; outbreaks in other weeks are down-weighted, peaks in the season are what it is
    about. The bound is the upper quantile (1 - `false_alarm`) around the prediction, with the
    dispersion seen in the season, or `alpha` where that is larger. `counts` (c, w) and `exposure`
    (w,) have the tested week last. NaN without YEAR earlier weeks since the cause's first voice.
    """
    from scipy.special import ndtri

    y, e = np.asarray(counts, np.float64), np.asarray(exposure, np.float64)
    y, e = y[:, -_LONGEST - 1 :], e[-_LONGEST - 1 :]
    width = y.shape[1]
    bound = np.full(len(y), np.nan)
    seen = y > 0
    age = np.where(seen.any(axis=1), width - 1 - seen.argmax(axis=1), 0)
    old = np.flatnonzero(age >= YEAR)
    if not len(old) or not np.isfinite(e[-1]) or e[-1] <= 0:
        return bound
    usable = np.isfinite(e) & (e > 0)
    usable[-1] = False
    back = width - 1 - np.arange(width)
    distance = np.minimum(back % YEAR, YEAR - back % YEAR)
    in_season = (back >= YEAR - SEASON) & (distance <= SEASON)
    design = np.stack([np.ones(width), -back / YEAR, in_season.astype(np.float64)], axis=1)
    design[-1] = (1.0, 0.0, 1.0)
    past = y[old]
    # weeks before a cause's first voice say nothing about its season
    weight = (usable & (np.arange(width) >= (width - 1 - age[old])[:, None])).astype(np.float64)
    units = np.where(usable, e, 1.0)
    fitted, covariance = _fit(past, units, design, weight)
    noise = np.broadcast_to(np.asarray(alpha, np.float64), len(y))[old]
    residual = (past - fitted) / np.sqrt(fitted + noise[:, None] * fitted**2)
    heavy = (residual > _OUTBREAK) & ~in_season
    weight = np.where(heavy, weight / np.maximum(residual, 1) ** 2, weight)
    fitted, covariance = _fit(past, units, design, weight)
    now = design[-1]
    rate = fitted[:, -1] * e[-1]
    seasonal = weight * in_season
    squares = (seasonal * (past - fitted) ** 2 / fitted).sum(axis=1)
    phi = np.maximum(1 + noise * rate, squares / np.maximum(seasonal.sum(axis=1) - 1, 1))
    error = phi * np.einsum("i,cij,j->c", now, covariance, now)
    # 2/3-power transformation: skewness of small counts (Farrington et al. 1996, eq. 3)
    spread = np.sqrt((rate * phi + rate**2 * error) / rate**2)
    z = float(ndtri(1 - false_alarm))
    bound[old] = rate * (1 + 2 / 3 * z * spread) ** 1.5
    return bound


def _fit(y: Array, units: Array, design: Array, weight: Array) -> tuple[Array, Array]:
    """Poisson regression of every row by Newton steps; returns means (c, w), covariances.

    The last column of means is a rate per unit. A ridge on trend and season keeps rows with few
    counts finite.
    """
    offset = np.log(units)
    total = (weight * y).sum(axis=1) + 0.5
    beta = np.zeros((len(y), design.shape[1]))
    beta[:, 0] = np.log(total / (weight * units).sum(axis=1))
    ridge = np.diag([0.0, _RIDGE, _RIDGE])
    hessian = np.zeros((len(y), 3, 3))
    mean: Array
    for _ in range(_STEPS):
        mean = np.exp(np.clip(beta @ design.T + offset, -30, 30))
        gradient = (weight * (y - mean)) @ design - beta @ ridge
        hessian = np.einsum("ct,ti,tj->cij", weight * mean, design, design) + ridge
        hessian[:, 0, 0] += 1e-9
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        beta += np.clip(step, -2, 2)
    mean = np.exp(np.clip(beta @ design.T + offset, -30, 30))
    mean[:, -1] /= units[-1]
    return mean, np.asarray(np.linalg.inv(hessian), np.float64)
