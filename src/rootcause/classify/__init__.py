"""Labels for mentions: fit, calibrated probabilities, thresholds, reasons, corrected volumes.

Names are imported when first used: scoring needs few of them, and starts sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootcause.lazy import lazily

if TYPE_CHECKING:
    from rootcause.classify.calibrate import reliability, risk_coverage
    from rootcause.classify.export import Extra, conflicting
    from rootcause.classify.facts import drift
    from rootcause.classify.folds import fold_rows, group_rows
    from rootcause.classify.language import detect
    from rootcause.classify.model import MentionClassifier
    from rootcause.classify.parts import NONE_OF_THESE, Parts, Prediction
    from rootcause.classify.volumes import correct_volumes

_HOMES = {
    "NONE_OF_THESE": ".parts",
    "Extra": ".export",
    "MentionClassifier": ".model",
    "Parts": ".parts",
    "Prediction": ".parts",
    "conflicting": ".export",
    "correct_volumes": ".volumes",
    "detect": ".language",
    "drift": ".facts",
    "fold_rows": ".folds",
    "group_rows": ".folds",
    "reliability": ".calibrate",
    "risk_coverage": ".calibrate",
}

__all__ = [
    "NONE_OF_THESE",
    "Extra",
    "MentionClassifier",
    "Parts",
    "Prediction",
    "conflicting",
    "correct_volumes",
    "detect",
    "drift",
    "fold_rows",
    "group_rows",
    "reliability",
    "risk_coverage",
]

__getattr__ = lazily(__name__, _HOMES)
