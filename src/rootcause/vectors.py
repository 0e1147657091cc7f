"""What everybody does with rows of vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


def unit(rows: Vectors) -> Vectors:
    """Return the rows (n, d) scaled to unit length; rows of zeros stay.

    Each row is summed by itself, so its bits do not depend on the others.
    """
    lengths = np.sqrt(np.add.reduce(rows * rows, axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    scaled: Vectors = (rows / lengths).astype(np.float32)
    return scaled
