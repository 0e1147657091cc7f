"""How ordinary each scored week is to the model: what the manifest says of drift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rootcause.classify import drift
from rootcause.records import LABELS
from rootcause.score.pieces import ChunkPiece

_MEANS = ("confidence", "unseen_words")


def week_facts(
    weeks: Mapping[str, Sequence[ChunkPiece]],
    earlier: Mapping[str, Mapping[str, Any]],
    usual: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return for every week its mentions, labels and means, those of earlier runs included.

    `earlier` is what a manifest says already, `usual` what training data looked like.
    """
    found = {week: dict(facts) for week, facts in earlier.items()}
    for week, pieces in weeks.items():
        labels: Counter[str] = Counter()
        sums, told = dict.fromkeys(_MEANS, 0.0), dict.fromkeys(_MEANS, 0)
        for piece in pieces:
            table = piece.read(["label", *_MEANS])
            labels.update(table["label"].to_pylist())
            for name in _MEANS:
                values = table[name].drop_null().to_numpy()
                sums[name] += float(np.sum(values, dtype=np.float64))
                told[name] += len(values)
        old = found.get(week, {})
        before, now = int(old.get("mentions", 0)), sum(labels.values())
        labels.update(old.get("labels", {}))
        means = {}
        for name in _MEANS:
            total, count = sums[name], told[name]
            if old.get(name) is not None:
                total, count = total + old[name] * before, count + before
            means[name] = round(total / count, 4) if count else None
        counts = {name: labels[name] for name in LABELS}
        found[week] = {
            "mentions": before + now,
            "labels": counts,
            **means,
            "drift": list(drift(usual, counts, means["confidence"] or 0.0, means["unseen_words"])),
        }
    return dict(sorted(found.items()))
