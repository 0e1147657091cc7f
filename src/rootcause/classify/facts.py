"""What the card tells of a training run: learning curve, last exam, ordinary weeks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def ordinary(confidence: Floats, best: Ints, *, unseen: float) -> dict[str, Any]:
    """Return what ordinary mentions look like to this model, for `drift`."""
    return {
        "confidence": round(float(confidence.mean()), 4),
        "unseen_words": round(unseen, 4),
        "labels": {name: round(float((best == i).mean()), 4) for i, name in enumerate(LABELS)},
    }


def drift(
    base: Mapping[str, Any],
    label_counts: Mapping[str, int],
    confidence: float,
    unseen_words: float | None = None,
) -> tuple[str, ...]:
    """Return sentences on how a week's mentions differ from the training data; none if alike.

    `base` is the card's `training_words`, `confidence` and `unseen_words` (the share of words that
    training did not hold) the week's means. The limits: a label's share more than twice or less
    than half of training's (and 10 points off), a mean confidence 8 points lower, half as many
    unseen words again (and 3 points more).
    """
    total = sum(label_counts.values())
    if not base or total < 100:
        return ()
    found = []
    for name, share in base.get("labels", {}).items():
        now = label_counts.get(name, 0) / total
        if abs(now - share) > 0.10 and (now > 2 * share or now < 0.5 * share):
            found.append(f"{name} is {now:.0%} of the week and was {share:.0%} in training")
    usual = base.get("confidence")
    if usual is not None and confidence < usual - 0.08:
        found.append(
            f"labels are less sure than in training ({confidence:.2f} against {usual:.2f})"
        )
    new = base.get("unseen_words")
    if new is not None and unseen_words is not None and unseen_words > max(1.5 * new, new + 0.03):
        found.append(
            f"{unseen_words:.0%} of the words are unknown to the model; in training {new:.0%} were"
        )
    return tuple(found)
