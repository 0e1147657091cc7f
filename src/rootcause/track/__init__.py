"""Identity of causes across weeks: each keeps one id for life.

Transitions follow MONIC (Spiliopoulou et al., 2006).
"""

from rootcause.track.links import phrase_fact
from rootcause.track.reencode import Migrated, migrate
from rootcause.track.residue import Settings
from rootcause.track.run import POOLED_WEEKS, Namer, Tracked, Tracker

__all__ = [
    "POOLED_WEEKS",
    "Migrated",
    "Namer",
    "Settings",
    "Tracked",
    "Tracker",
    "migrate",
    "phrase_fact",
]
