"""Labels for mentions: fit, calibrated probabilities, thresholds, reasons, corrected volumes."""

from rootcause.classify.calibrate import reliability, risk_coverage
from rootcause.classify.export import Extra, conflicting
from rootcause.classify.facts import drift
from rootcause.classify.folds import fold_rows, group_rows
from rootcause.classify.language import detect
from rootcause.classify.model import MentionClassifier
from rootcause.classify.parts import NONE_OF_THESE, Parts, Prediction
from rootcause.classify.volumes import correct_volumes

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
