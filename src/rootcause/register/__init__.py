"""The register: one SQLite file that remembers causes, weeks, lineage and people's decisions.

`Register` is the open file; what people do to it lies beside: `edits` (rename, merge, split,
assign, fix, reopen), `forget`, `exchange` (export, import), `check`, `outreach`.
"""

from rootcause.register.book import Register
from rootcause.register.rows import (
    MEMBER_KIND,
    Assignment,
    CauseRow,
    EdgeRow,
    Exemplar,
    FixRow,
    KnownCause,
    LogRow,
    SeriesPoint,
    WeekFacts,
)
from rootcause.register.voices import voice_of

__all__ = [
    "MEMBER_KIND",
    "Assignment",
    "CauseRow",
    "EdgeRow",
    "Exemplar",
    "FixRow",
    "KnownCause",
    "LogRow",
    "Register",
    "SeriesPoint",
    "WeekFacts",
    "voice_of",
]
