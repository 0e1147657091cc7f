"""Known causes: a mention belongs to one, or to none of these.

A cause is known by exemplars. What tells them from mentions of other causes, and how clearly a
mention must show it, is learnt for each cause.
"""

from rootcause.match.many import learn_each
from rootcause.match.one import MOST_OTHERS, Prototype, learn, likeliest, match, thin
from rootcause.match.pooled import match_pool

__all__ = [
    "MOST_OTHERS",
    "Prototype",
    "learn",
    "learn_each",
    "likeliest",
    "match",
    "match_pool",
    "thin",
]
