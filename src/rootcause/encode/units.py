"""Lengths of rows."""

from __future__ import annotations

import numpy as np

from rootcause.records import Vectors


def lengths_of(rows: Vectors) -> Vectors:
    """Return the length of each row (n, 1); 1 for a row of zeros, so that it stays one."""
    lengths: Vectors = np.sqrt(np.add.reduce(rows * rows, axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    return lengths
