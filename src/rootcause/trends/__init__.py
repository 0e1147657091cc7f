"""Counts to numbers that a sceptic accepts: rates, changes, statuses, effects, cost.

Pure functions over arrays; docs/trends.md has every rule in plain words with its source.
`assess` answers everything for one report; the rest are its parts.
"""

from rootcause.trends.assess import Trend, assess
from rootcause.trends.change import (
    BASELINE,
    Comparison,
    benjamini_hochberg,
    compare,
    dispersion,
)
from rootcause.trends.fixes import Effect, fix_effect
from rootcause.trends.rates import (
    contacts_per_year,
    cost_per_year,
    rate_interval,
    rate_ratio,
    removable_share,
)
from rootcause.trends.season import seasonal_bound
from rootcause.trends.status import Facts, status

__all__ = [
    "BASELINE",
    "Comparison",
    "Effect",
    "Facts",
    "Trend",
    "assess",
    "benjamini_hochberg",
    "compare",
    "contacts_per_year",
    "cost_per_year",
    "dispersion",
    "fix_effect",
    "rate_interval",
    "rate_ratio",
    "removable_share",
    "seasonal_bound",
    "status",
]
