"""Scoring: dumps of mentions in, labeled mentions by week out."""

from __future__ import annotations

from rootcause.score.batch import BatchScorer
from rootcause.score.job import ScoreResult, score
from rootcause.score.table import score_mentions

__all__ = ["BatchScorer", "ScoreResult", "score", "score_mentions"]
