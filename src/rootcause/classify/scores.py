"""Precision, recall and F1 from pairs of class numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def confusion(truth: Ints, best: Ints, k: int) -> Ints:
    """Return (k, k) counts, true class by row."""
    return np.bincount(truth * k + best, minlength=k * k).reshape(k, k).astype(np.int64)


def f1_scores(table: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return F1 per class of confusion counts (..., k, k); 0 where nothing is right."""
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    both = table.sum(axis=-1) + table.sum(axis=-2)
    return np.asarray(2 * hit / np.maximum(both, 1), np.float64)


def macro_f1(truth: Ints, best: Ints, k: int) -> float:
    """Return the mean F1 over the classes that occur in truth or prediction."""
    table = confusion(truth, best, k)
    present = (table.sum(axis=0) + table.sum(axis=1)) > 0
    return float(f1_scores(table)[present].mean()) if present.any() else 0.0


def label_scores(truth: Ints, best: Ints, names: Sequence[str]) -> dict[str, Any]:
    """Return macro-F1, accuracy and precision, recall, F1, count per class."""
    table = confusion(truth, best, len(names))
    f1 = f1_scores(table)
    rows = {
        name: {
            "precision": round(float(table[i, i] / max(1, table[:, i].sum())), 4),
            "recall": round(float(table[i, i] / max(1, table[i].sum())), 4),
            "f1": round(float(f1[i]), 4),
            "mentions": int(table[i].sum()),
        }
        for i, name in enumerate(names)
        if table[i].sum() + table[:, i].sum()
    }
    return {
        "macro_f1": round(macro_f1(truth, best, len(names)), 4),
        "accuracy": round(float((truth == best).mean()), 4) if len(truth) else 0.0,
        "classes": rows,
    }
