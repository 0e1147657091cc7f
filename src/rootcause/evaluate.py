"""How good a model is on labeled mentions, with intervals and where it fails; and drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify import MentionClassifier, reliability, risk_coverage
from rootcause.classify.card import table
from rootcause.classify.scores import confusion, f1_scores, label_scores, macro_f1
from rootcause.records import LABELS

Ints = npt.NDArray[np.int64]

_DRAWS = 1_000
_FEWEST = 20  # a slice with fewer mentions is not shown
_LARGEST = 12  # slices shown per column
_LENGTHS = ((0, 60), (60, 140), (140, 280), (280, 10**9))


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything measured, as plain numbers; `facts` is what `as_dict` returns."""

    facts: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON."""
        return self.facts

    def as_text(self) -> str:
        """Return the tables for a terminal (Markdown)."""
        return _as_text(self.facts)


def evaluate(
    model: MentionClassifier,
    texts: Sequence[str],
    labels: Sequence[str],
    *,
    complaint: Sequence[Any] | None = None,
    areas: Sequence[str | None] | None = None,
    slices: Mapping[str, Sequence[str | None]] | None = None,
    own_labels: Sequence[str] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Return how well `model` labels these mentions, none of which it may have been trained on.

    Intervals are 95 % bootstrap intervals over mentions. `complaint` (None unknown), `areas`
    and `slices` (name to one value per mention) are measured where given, and so
    are `own_labels`, a team's own names within the labels.
    """
    found = model.predict(texts)
    truth = np.array([LABELS.index(name) for name in labels], np.int64)
    best = found.proba.argmax(axis=1)
    right = best == truth
    auto = found.auto
    scores = label_scores(truth, best, LABELS)
    low, high = f1_intervals(confusion(truth, best, len(LABELS)), seed=seed)
    scores["macro_f1_interval"] = [round(float(low[-1]), 4), round(float(high[-1]), 4)]
    for i, name in enumerate(LABELS):
        if name in scores["classes"]:
            scores["classes"][name]["f1_interval"] = [
                round(float(low[i]), 4),
                round(float(high[i]), 4),
            ]
    facts: dict[str, Any] = {
        "mentions": len(texts),
        "model_id": model.model_id,
        "labels": scores,
        "confusion": {"labels": list(LABELS), "counts": confusion(truth, best, 4).tolist()},
        "automatic": {
            "threshold": model.parts_.auto_threshold,
            "share": round(float(auto.mean()), 4) if len(auto) else 0.0,
            "precision": round(float(right[auto].mean()), 4) if auto.any() else None,
            "target": model.target_precision,
        },
        "reliability": reliability(found.confidence, right, seed=seed).as_dict(),
        "risk_coverage": [
            {"precision": t, "automatic": round(c, 4), "confidence": round(min(h, 1.0), 4)}
            for t, c, h in risk_coverage(found.confidence, right)
        ],
        "baselines": model.card_.get("baselines", {}),
        "not_english": int((found.language != "en").sum()),
    }
    if own_labels is not None:
        facts["own_labels"] = _own(own_labels, found.own_label.tolist(), seed)
    if complaint is not None:
        facts["complaint"] = _complaint(complaint, found.is_complaint, found.p_complaint, seed)
    if areas is not None:
        facts["area"] = _areas(areas, found.area)
    given = {"length": [_length(text) for text in texts], **(slices or {})}
    facts["slices"] = {
        name: rows for name, values in given.items() if (rows := _slices(values, truth, best))
    }
    return Evaluation(facts=facts)


def f1_intervals(
    counts: Ints, *, seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return 95 % bootstrap bounds (k + 1,) of each class's F1 and, last, of their mean.

    Drawing mentions with replacement is drawing the cells of the confusion counts (k, k) from
    a multinomial.
    """
    k = len(counts)
    total = int(counts.sum())
    if not total:
        return np.zeros(k + 1), np.zeros(k + 1)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(total, counts.ravel() / total, _DRAWS).reshape(-1, k, k)
    f1 = f1_scores(drawn)
    present = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    every = np.column_stack([f1, f1[:, present].mean(axis=1)])
    low, high = np.quantile(every, [0.025, 0.975], axis=0)
    return low, high


def _complaint(
    given: Sequence[Any], said: npt.NDArray[np.bool_], chance: npt.NDArray[np.float32], seed: int
) -> dict[str, Any] | None:
    told = np.array([i for i, value in enumerate(given) if value is not None], np.int64)
    if not len(told):
        return None
    truth = np.array([int(bool(given[i])) for i in told], np.int64)
    best = said[told].astype(np.int64)
    low, high = f1_intervals(confusion(truth, best, 2), seed=seed)
    sure = np.maximum(chance, 1 - chance)[told]
    return {
        "mentions": len(told),
        "macro_f1": round(macro_f1(truth, best, 2), 4),
        "macro_f1_interval": [round(float(low[-1]), 4), round(float(high[-1]), 4)],
        "reliability": reliability(sure, (chance[told] >= 0.5) == truth, seed=seed).as_dict(),
    }


def _areas(given: Sequence[str | None], said: npt.NDArray[np.object_]) -> dict[str, Any] | None:
    told = [i for i, name in enumerate(given) if name and said[i] is not None]
    if not told:
        return None
    right = sum(given[i] == said[i] for i in told)
    return {"mentions": len(told), "accuracy": round(right / len(told), 4)}


def _length(text: str) -> str:
    for low, high in _LENGTHS:
        if len(text) < high:
            return f"{low} to {high - 1} characters" if high < 10**9 else f"{low} and more"
    return ""


def _slices(values: Sequence[str | None], truth: Ints, best: Ints) -> list[dict[str, Any]]:
    names = np.array([value or "" for value in values], object)
    kinds, counts = np.unique(names.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rows = []
    for i in order[:_LARGEST]:
        if counts[i] < _FEWEST or (not kinds[i] and len(kinds) == 1):
            continue
        mine = names == kinds[i]
        rows.append(
            {
                "value": str(kinds[i]) or "(none)",
                "mentions": int(counts[i]),
                "macro_f1": round(macro_f1(truth[mine], best[mine], len(LABELS)), 4),
                "accuracy": round(float((truth[mine] == best[mine]).mean()), 4),
            }
        )
    return rows


def _span(pair: Sequence[float]) -> str:
    return f"{pair[0]:.3f} to {pair[1]:.3f}"


def _own(given: Sequence[str], said: Sequence[str], seed: int) -> dict[str, Any]:
    """Return scores and confusion counts over a team's own label names."""
    names = sorted({*given, *said})
    truth = np.array([names.index(name) for name in given], np.int64)
    best = np.array([names.index(name) for name in said], np.int64)
    counts = confusion(truth, best, len(names))
    low, high = f1_intervals(counts, seed=seed)
    scores = label_scores(truth, best, names)
    for i, name in enumerate(names):
        scores["classes"][name]["f1_interval"] = [round(float(x[i]), 4) for x in (low, high)]
    scores["macro_f1_interval"] = [round(float(x[-1]), 4) for x in (low, high)]
    return {**scores, "confusion": {"labels": names, "counts": counts.tolist()}}


def _class_table(scores: Mapping[str, Any], header: str) -> tuple[str, str]:
    rows = [
        (
            name,
            f"{row['precision']:.3f}",
            f"{row['recall']:.3f}",
            f"{row['f1']:.3f}",
            _span(row["f1_interval"]),
            f"{row['mentions']:,}",
        )
        for name, row in scores["classes"].items()
    ]
    return (
        table((header, "precision", "recall", "F1", "95 % interval", "mentions"), rows),
        f"macro-F1 {scores['macro_f1']:.3f} ({_span(scores['macro_f1_interval'])}), "
        f"accuracy {scores['accuracy']:.3f}",
    )


def _confusion_table(found: Mapping[str, Any]) -> str:
    rows = zip(found["labels"], found["counts"], strict=True)
    return table(("", *found["labels"]), [(name, *(f"{n:,}" for n in row)) for name, row in rows])


def _as_text(facts: Mapping[str, Any]) -> str:
    scores = facts["labels"]
    blocks = [
        f"{facts['mentions']:,} mentions, model {facts['model_id']}",
        *_class_table(scores, "label"),
    ]
    if own := facts.get("own_labels"):
        blocks += [*_class_table(own, "own label"), _confusion_table(own["confusion"])]
    if base := facts["baselines"]:
        names = ("words only", "embedding only", "majority")
        told = ", ".join(f"{name} {base[name]:.3f}" for name in names if name in base)
        blocks.append(f"baselines on the model's own training rows, out of fold: {told}")
    if facts.get("complaint"):
        told_c = facts["complaint"]
        blocks.append(
            f"complaint or not: macro-F1 {told_c['macro_f1']:.3f} "
            f"({_span(told_c['macro_f1_interval'])}) on {told_c['mentions']:,}"
        )
    if facts.get("area"):
        blocks.append(
            f"area: {facts['area']['accuracy']:.3f} right of {facts['area']['mentions']:,}"
        )
    blocks += ["Confusion (true label by row):", _confusion_table(facts["confusion"])]
    auto = facts["automatic"]
    right = "" if auto["precision"] is None else f", {auto['precision']:.1%} of them right"
    blocks.append(
        f"automatic: {auto['share']:.1%} of mentions{right} (target {auto['target']:.0%})"
    )
    blocks.append(
        table(
            ("right", "automatic", "probability from"),
            [
                (f"{r['precision']:.0%}", f"{r['automatic']:.1%}", f"{r['confidence']:.3f}")
                for r in facts["risk_coverage"]
            ],
        )
    )
    error = facts["reliability"]
    blocks.append(
        f"calibration error {error['expected_calibration_error']:.3f} (95 % band of a perfectly "
        f"calibrated model {error['band_95']:.3f})"
    )
    blocks.append(
        table(
            ("probability", "mentions", "stated", "right"),
            [
                (
                    f"{b['from']:.2f} to {b['to']:.2f}",
                    f"{b['mentions']:,}",
                    f"{b['confidence']:.3f}",
                    f"{b['right']:.3f}",
                )
                for b in error["bins"]
            ],
        )
    )
    for name, rows in facts["slices"].items():
        blocks.append(
            table(
                (name, "mentions", "macro-F1", "accuracy"),
                [
                    (
                        row["value"],
                        f"{row['mentions']:,}",
                        f"{row['macro_f1']:.3f}",
                        f"{row['accuracy']:.3f}",
                    )
                    for row in rows
                ],
            )
        )
    return "\n\n".join(blocks)
