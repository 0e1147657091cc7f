"""Scoring: dumps of mentions in, labeled mentions by week out.

Names are imported when first used: a scoring process needs no more than the BatchScorer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootcause.lazy import lazily

if TYPE_CHECKING:
    from rootcause.score.batch import BatchScorer
    from rootcause.score.job import ScoreResult, score
    from rootcause.score.table import score_mentions

_HOMES = {
    "BatchScorer": ".batch",
    "ScoreResult": ".job",
    "score": ".job",
    "score_mentions": ".table",
}

__all__ = ["BatchScorer", "ScoreResult", "score", "score_mentions"]

__getattr__ = lazily(__name__, _HOMES)
