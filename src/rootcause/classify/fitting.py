"""Fitting: which columns and how firmly, by grouped folds; then heads, calibration, thresholds."""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.calibrate import (
    fit_temperature,
    precision_threshold,
    reliability,
    risk_coverage,
)
from rootcause.classify.designs import Design, SetUp, Start
from rootcause.classify.export import Export
from rootcause.classify.facts import exam, learning_curve, ordinary
from rootcause.classify.features import Tokeniser
from rootcause.classify.folds import fold_rows
from rootcause.classify.heads import (
    Data,
    choose,
    fit_and_score,
    fit_complaint,
    fit_labels,
    out_of_fold,
    read_export,
)
from rootcause.classify.linear import Floats, Head, Rows, softmax
from rootcause.classify.parts import VENTING, Parts, best_class, complaint_chance, spread
from rootcause.classify.scores import confusion, label_scores, macro_f1
from rootcause.classify.topics import fit_topics
from rootcause.classify.words import bitmap, hashed_words, unseen_share
from rootcause.records import LABELS

Ints = npt.NDArray[np.int64]

_FOLDS = 5
_MANY = 40_000  # from here on three folds tell as much as five


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The learnt parts, out-of-fold confusion counts (4, 4) and chances (n, k), and the card."""

    parts: Parts
    confusion: npt.NDArray[np.int64]
    out_of_fold: Floats
    card: dict[str, Any]


def train_parts(
    tokeniser: Tokeniser,
    export: Export,
    *,
    target_precision: float,
    seed: int,
    start: Start | None = None,
) -> Fitted:
    """Return what is learnt from an export, perhaps starting from another model's heads."""
    data = read_export(tokeniser, export, start)
    folds = fold_rows(export.groups, export.truth, 3 if len(export) > _MANY else _FOLDS, seed=seed)
    design, baselines = choose(data, export, folds, seed)
    logits, complaint = out_of_fold(data, folds, design)
    # vectors that the encoder learnt make a head surer than it may be of new mentions
    asked = np.flatnonzero(export.unseen)
    temperature = fit_temperature(logits[asked], export.truth[asked])
    own = softmax((logits / np.float32(temperature)).astype(np.float32))
    proba = spread(own, export.roles)
    place = np.array([LABELS.index(role) for role in export.roles])
    truth, best = place[export.truth], proba.argmax(axis=1)
    confidence, right = proba.max(axis=1), best == truth
    # and so would labels that the opinions of `extra` were learnt from
    threshold, coverage = precision_threshold(confidence[asked], right[asked], target_precision)

    words, ends = hashed_words(tokeniser, data.got.tokens)
    every = np.arange(len(data.weight))
    ready = data.set_up(every, design)
    rows = data.rows(every, ready.space)
    labels = fit_labels(data, rows, every, design, ready)
    complaint_head = _complaint_head(data, rows, design, ready=ready, asked=asked, logits=complaint)
    parts = Parts(
        space=ready.space,
        labels=replace(labels, temperature=temperature),
        roles=export.roles,
        words=bitmap(words),
        complaint=complaint_head,
        mix=0.5,
        request_rate=_request_rate(export),
        complaint_threshold=0.5,
        auto_threshold=threshold,
        english_only=tokeniser.shared,
    )
    parts, complaint_facts = _settle_complaint(parts, export.complaint, proba, complaint)
    # vectors that the encoder learnt with these very areas would flatter the topic heads
    open_folds = np.where(export.unseen, folds, -1)
    topics = fit_topics(data.got, export, open_folds, width=data.width)
    parts = replace(
        parts,
        area_space=topics.space if topics.area else None,
        area=topics.area,
        cause_space=topics.space if topics.causes else None,
        causes=topics.causes,
        cause_threshold=topics.cause_threshold,
    )
    ask = partial(fit_and_score, data, design)
    card = {
        "design": design.name,
        "mentions": len(export),
        "guessed_mentions": len(data.weight) - len(export),
        "counts": {n: int((export.truth == i).sum()) for i, n in enumerate(export.classes)},
        "notes": list(export.notes),
        "folds": int(folds.max()) + 1,
        "temperature": round(temperature, 4),
        "target_precision": target_precision,
        "auto_threshold": round(threshold, 4),
        "auto_share": round(coverage, 4),
        "labels": label_scores(truth, best, LABELS),
        "baselines": baselines,
        "complaint": complaint_facts,
        "reliability": reliability(confidence[asked], right[asked], seed=seed).as_dict(),
        "risk_coverage": [
            {"precision": t, "automatic": round(c, 4), "confidence": round(min(h, 1.0), 4)}
            for t, c, h in risk_coverage(confidence[asked], right[asked])
        ],
        "learning_curve": learning_curve(ask, export, folds, seed=seed),
        "exam": exam(ask, export),
        "topics": topics.facts,
        **_own_facts(export, own, best),
        "training_words": ordinary(confidence, best, unseen=_unseen_usually(words, ends, folds)),
        "python": platform.python_version(),
    }
    return Fitted(
        parts=parts, confusion=confusion(truth, best, len(LABELS)), out_of_fold=own, card=card
    )


def _own_facts(export: Export, own: Floats, best: Ints) -> dict[str, Any]:
    """Return how well a team's own labels are told apart; nothing where they are ours."""
    if export.classes == export.roles:
        return {}
    said = best_class(own, export.roles, best)
    return {
        "roles": dict(zip(export.classes, export.roles, strict=True)),
        "own_labels": label_scores(export.truth, said, export.classes),
        "own_confusion": confusion(export.truth, said, len(export.classes)).tolist(),
    }


def _unseen_usually(words: Ints, ends: Ints, folds: Ints) -> float:
    """Return the mean share of words in the first fold's texts that no other fold's hold."""
    first = np.flatnonzero(folds == 0)
    row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    mine = np.isin(row, first)
    known = bitmap(words[~mine])
    sizes = np.diff(ends)[first]
    share = unseen_share(
        known, words[mine], np.concatenate([np.zeros(1, np.int64), sizes.cumsum()])
    )
    return float(share.mean()) if len(first) else 0.0


def _complaint_head(
    data: Data, rows: Rows, design: Design, *, ready: SetUp, asked: Ints, logits: Floats
) -> Head:
    """Return the complaint head on all rows, its temperature from out-of-fold `logits`."""
    head = fit_complaint(data, rows, np.arange(len(data.weight)), design, ready)
    truth = data.complaint[asked]
    hard = np.flatnonzero((truth == 0) | (truth == 1))
    two = np.stack([np.zeros(len(hard), np.float32), logits[asked[hard]]], axis=1)
    return replace(head, temperature=fit_temperature(two, truth[hard].astype(np.int64)))


def _request_rate(export: Export) -> float:
    """Return how many service requests are complaints; three of four where nobody told."""
    told = export.complaint[export.rows_of("service_request")]
    told = told[~np.isnan(told)]
    return float(told.mean()) if len(told) >= 10 else 0.75


def _settle_complaint(
    parts: Parts, told: Floats, proba: Floats, logits: Floats
) -> tuple[Parts, dict[str, Any]]:
    """Choose how far each head is trusted, by out-of-fold log loss; report what it gives."""
    head = 1 / (1 + np.exp(-logits / np.float32(parts.complaint.temperature)))
    hard = np.flatnonzero((told == 0) | (told == 1))
    truth = told[hard].astype(np.int64)

    def chance(mix: float) -> Floats:
        return complaint_chance(replace(parts, mix=mix), proba, head.astype(np.float32))[hard]

    def loss(mix: float) -> float:
        p = np.clip(chance(mix), 1e-6, 1 - 1e-6)
        return float(-np.where(truth == 1, np.log(p), np.log(1 - p)).mean())

    mix = min((1.0, 0.75, 0.5, 0.25, 0.0), key=loss)
    p = chance(mix)
    said = (p >= parts.complaint_threshold) | (proba[hard].argmax(axis=1) == VENTING)
    sure = np.maximum(p, 1 - p).astype(np.float32)
    facts = {
        "macro_f1": round(macro_f1(truth, said.astype(np.int64), 2), 4),
        "mix": mix,
        "told": len(hard),
        "reliability": reliability(sure, (p >= 0.5) == truth).as_dict(),
    }
    return replace(parts, mix=mix), facts
