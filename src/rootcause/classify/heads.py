"""Heads on labeled mentions: fitted, chosen and asked about rows they have not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rootcause.classify.calibrate import fit_temperature, log_loss
from rootcause.classify.designs import BASELINES, Design, SetUp, Start, candidates
from rootcause.classify.export import Export
from rootcause.classify.features import Read, Tokeniser, read
from rootcause.classify.linear import Floats, Head, Rows, fit_head, one_hot, softmax
from rootcause.classify.scores import macro_f1
from rootcause.classify.space import KIND_SCALES, Space
from rootcause.records import LABELS

Ints = npt.NDArray[np.int64]

_CHOICE_ROWS = 6_000  # columns and penalty are chosen on so many rows at most
_CHOICE_FOLDS = 3


@dataclass(frozen=True, kw_only=True)
class Data:
    """Everything read once: labeled rows first, then the guessed ones."""

    got: Read
    labels: Floats  # (n + m, k) targets
    complaint: Floats  # (n + m,), nan unknown
    weight: Floats
    labeled: int
    width: int | None
    classes: tuple[str, ...]
    roles: tuple[str, ...]
    start: Start | None

    def set_up(self, keep: Ints, design: Design) -> SetUp:
        """Return the columns that a design makes of the rows `keep`, and where it starts."""
        return design.set_up(
            self.part(keep), self.width, classes=self.classes, roles=self.roles, start=self.start
        )

    def rows(self, keep: Ints, space: Space) -> Rows:
        """Return the rows `keep` in the columns of a space."""
        return space.rows(self.got.grams.take(keep), self.got.vectors[keep], self.got.cues[keep])

    def part(self, keep: Ints) -> Read:
        """Return the rows `keep` as read."""
        return replace(
            self.got,
            grams=self.got.grams.take(keep),
            vectors=self.got.vectors[keep],
            cues=self.got.cues[keep],
        )


def read_export(tokeniser: Tokeniser, export: Export, start: Start | None) -> Data:
    """Return the mentions of an export, read once for all heads and folds."""
    k = len(export.classes)
    texts = list(export.texts)
    labels = one_hot(export.truth, k)
    complaint, weight = export.complaint, np.ones(len(export), np.float32)
    if export.extra is not None:
        texts += list(export.extra.texts)
        chosen = export.extra.proba[:, [LABELS.index(name) for name in export.classes]]
        labels = np.vstack([labels, chosen]).astype(np.float32)
        complaint = np.concatenate([complaint, export.extra.complaint])
        weight = np.concatenate([weight, export.extra.weight])
    kinds = [kind for kind, scale in enumerate(KIND_SCALES) if scale]
    return Data(
        got=read(tokeniser, texts, kinds),
        labels=labels,
        complaint=complaint,
        weight=weight,
        labeled=len(export),
        width=tokeniser.width,
        start=start,
        classes=export.classes,
        roles=export.roles,
    )


def fit_labels(data: Data, rows: Rows, which: Ints, design: Design, ready: SetUp) -> Head:
    """Return the label head of those rows among `which` whose label is known or guessed."""
    told = np.flatnonzero(~np.isnan(data.labels[which, 0]))
    return fit_head(
        rows.take(told),
        data.labels[which][told],
        data.classes,
        l2=design.l2,
        weights=data.weight[which][told],
        start=ready.labels,
    )


def fit_and_score(data: Data, design: Design, train: Ints, test: Ints) -> Floats:
    """Return label scores (n, k) of `test` rows from a head learnt from `train` rows."""
    ready = data.set_up(train, design)
    head = fit_labels(data, data.rows(train, ready.space), train, design, ready)
    return head.logits(data.rows(test, ready.space))


def choose(data: Data, export: Export, folds: Ints, seed: int) -> tuple[Design, dict[str, float]]:
    """Return the design of least out-of-fold log loss, and the macro-F1 of all of them.

    Rows whose vectors the encoder learnt are learnt from and not asked about: they would speak
    for the embedding more than it deserves.
    """
    tried = candidates(data.start)
    rows = np.arange(data.labeled)
    if len(rows) > _CHOICE_ROWS and export.unseen.all():
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.choice(rows, _CHOICE_ROWS, replace=False))
    part = np.where(export.unseen[rows], folds[rows] % _CHOICE_FOLDS, -1)
    asked = np.flatnonzero(part >= 0)
    truth = export.truth[rows[asked]]
    k = len(data.classes)
    losses: dict[str, float] = {}
    scores: dict[str, float] = {}
    for design in (*tried, *BASELINES):
        logits = np.zeros((len(rows), k), np.float32)
        for number in range(_CHOICE_FOLDS):
            test = part == number
            if test.any() and not test.all():
                logits[test] = fit_and_score(data, design, rows[~test], rows[test])
        told = logits[asked]
        warm = softmax((told / np.float32(fit_temperature(told, truth))).astype(np.float32))
        losses[design.name] = log_loss(warm, truth)
        f1 = macro_f1(truth, warm.argmax(axis=1), k)
        scores[design.name] = max(f1, scores.get(design.name, 0.0))
    most = np.full(len(truth), np.bincount(truth).argmax())
    scores["majority"] = macro_f1(truth, most, k)
    best = min(tried, key=lambda design: losses[design.name])
    return best, {name: round(value, 4) for name, value in scores.items()}


def out_of_fold(data: Data, folds: Ints, design: Design) -> tuple[Floats, Floats]:
    """Return label logits (n, k) and complaint logits (n,), each row's from heads that did not
    see its group.
    """
    labels = np.zeros((data.labeled, len(data.classes)), np.float32)
    complaint = np.zeros(data.labeled, np.float32)
    guessed = np.arange(data.labeled, len(data.weight))
    for k in range(int(folds.max()) + 1):
        test = np.flatnonzero(folds == k)
        train = np.concatenate([np.flatnonzero(folds != k), guessed])
        ready = data.set_up(train, design)
        rows, others = data.rows(train, ready.space), data.rows(test, ready.space)
        labels[test] = fit_labels(data, rows, train, design, ready).logits(others)
        head = fit_complaint(data, rows, train, design, ready)
        scores = head.logits(others)
        complaint[test] = scores[:, 1] - scores[:, 0]
    return labels, complaint


def fit_complaint(data: Data, rows: Rows, which: Ints, design: Design, ready: SetUp) -> Head:
    """Return the complaint head of those rows among `which` where it is known."""
    told = np.flatnonzero(~np.isnan(data.complaint[which]))
    chance = data.complaint[which][told]
    return fit_head(
        rows.take(told),
        np.stack([1 - chance, chance], axis=1).astype(np.float32),
        ("no complaint", "complaint"),
        l2=design.l2,
        weights=data.weight[which][told],
        start=ready.complaint,
    )
