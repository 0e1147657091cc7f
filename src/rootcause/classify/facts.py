"""What the card tells of a training run: learning curve, last exam, ordinary weeks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.export import Export
from rootcause.classify.linear import Floats
from rootcause.classify.scores import macro_f1
from rootcause.records import LABELS

Ints = npt.NDArray[np.int64]
# (rows to learn from, rows to ask about) -> scores (n, k) of the asked rows
FitAndScore = Callable[[Ints, Ints], Floats]


def learning_curve(
    fit_and_score: FitAndScore, export: Export, folds: Ints, *, seed: int
) -> dict[str, Any]:
    """Return macro-F1 on the first fold by number of labels, and what 500 more should bring."""
    test = np.flatnonzero(folds == 0)
    pool = np.random.default_rng(seed).permutation(np.flatnonzero(folds != 0))
    points = []
    for share in (0.25, 0.5, 1.0):
        train = np.sort(pool[: int(len(pool) * share)])
        if len(np.unique(export.truth[train])) < len(export.classes):
            continue
        best = fit_and_score(train, test).argmax(axis=1)
        f1 = macro_f1(export.truth[test], best, len(export.classes))
        points.append({"labels": len(train), "macro_f1": round(f1, 4)})
    gain = 0.0
    if len(points) >= 2:
        x = np.log2([p["labels"] for p in points])
        slope = float(np.polyfit(x, [p["macro_f1"] for p in points], 1)[0])
        gain = slope * float(np.log2(1 + 500 / max(1, len(export))))
    return {"points": points, "gain_of_500_more": round(max(gain, 0.0), 4)}


def exam(fit_and_score: FitAndScore, export: Export) -> dict[str, Any] | None:
    """Return the macro-F1 on the latest fifth of dated rows, learnt from the earlier ones."""
    if export.dates is None:
        return None
    dated = [i for i, date in enumerate(export.dates) if date is not None]
    if len(dated) < 100:
        return None
    order = sorted(dated, key=lambda i: export.dates[i])  # type: ignore[index]
    cut = order[int(len(order) * 0.8)]
    limit = export.dates[cut]
    test = np.array([i for i in order if export.dates[i] >= limit], np.int64)
    later = set(export.groups[test].tolist())
    train = np.array(
        [i for i in order if export.dates[i] < limit and export.groups[i] not in later], np.int64
    )
    if len(np.unique(export.truth[train])) < len(export.classes):
        return None
    best = fit_and_score(train, test).argmax(axis=1)
    return {
        "from": str(limit)[:10],
        "mentions": len(test),
        "macro_f1": round(macro_f1(export.truth[test], best, len(export.classes)), 4),
    }


def ordinary(confidence: Floats, best: Ints) -> dict[str, Any]:
    """Return what ordinary mentions look like to this model, for `evaluate.drift`."""
    return {
        "confidence": round(float(confidence.mean()), 4),
        "labels": {name: round(float((best == i).mean()), 4) for i, name in enumerate(LABELS)},
    }
