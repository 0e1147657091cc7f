"""Any export, any size: mentions in Arrow batches, and the rows that are none.

`read_mentions` reads dumps, `read_labeled` labeled exports, `describe` says what was recognised.
"""

from __future__ import annotations

from rootcause.dumps.describe import Recognised, describe
from rootcause.dumps.labeled import Labeled, read_labeled
from rootcause.dumps.reader import FileFacts, Reader, read_mentions
from rootcause.dumps.rows import Reject

__all__ = [
    "FileFacts",
    "Labeled",
    "Reader",
    "Recognised",
    "Reject",
    "describe",
    "read_labeled",
    "read_mentions",
]
