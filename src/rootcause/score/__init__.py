"""Scoring: dumps of mentions in, labeled mentions by week out.

Names are imported when first used: a scoring process needs no more than the BatchScorer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rootcause.score.batch import BatchScorer
    from rootcause.score.job import ScoreResult, score
    from rootcause.score.table import score_mentions

_HOMES = {
    "BatchScorer": "batch",
    "ScoreResult": "job",
    "score": "job",
    "score_mentions": "table",
}

__all__ = ["BatchScorer", "ScoreResult", "score", "score_mentions"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'rootcause.score' has no attribute {name!r}")
    value = getattr(import_module(f"rootcause.score.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
