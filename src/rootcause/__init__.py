"""rootcause finds the recurring policy problems behind public complaints, week by week.

Names are imported when first used, so that `import rootcause` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootcause.lazy import lazily

if TYPE_CHECKING:
    from rootcause.artifact import load_model, save_model
    from rootcause.classify import MentionClassifier
    from rootcause.discover import Clustering, discover
    from rootcause.dumps import read_mentions
    from rootcause.encode import load_encoder
    from rootcause.findings import Report
    from rootcause.register import Register
    from rootcause.score import score_mentions
    from rootcause.weekly import build_report

_HOMES = {
    "Clustering": "rootcause.discover",
    "MentionClassifier": "rootcause.classify",
    "Register": "rootcause.register",
    "Report": "rootcause.findings",
    "build_report": "rootcause.weekly",
    "discover": "rootcause.discover",
    "load_encoder": "rootcause.encode",
    "load_model": "rootcause.artifact",
    "read_mentions": "rootcause.dumps",
    "save_model": "rootcause.artifact",
    "score_mentions": "rootcause.score",
}

__all__ = [
    "Clustering",
    "MentionClassifier",
    "Register",
    "Report",
    "build_report",
    "discover",
    "load_encoder",
    "load_model",
    "read_mentions",
    "save_model",
    "score_mentions",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
