"""The mention classifier: what a fitted model knows, and how it reads mentions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootcause.chunks import split
from rootcause.classify.features import Read, Tokeniser, read
from rootcause.classify.language import ENGLISH, detect
from rootcause.classify.linear import Floats, Head
from rootcause.classify.parts import (
    NONE_OF_THESE,
    REQUEST,
    VENTING,
    Parts,
    Prediction,
    Strings,
    complaint_chance,
    own_labels,
    spread,
)
from rootcause.classify.space import Space
from rootcause.classify.words import hashed_words, unseen_share
from rootcause.errors import ModelError, UsageError
from rootcause.records import LABELS, Encoder

if TYPE_CHECKING:  # what only training needs is loaded by training
    from rootcause.classify.designs import Start
    from rootcause.classify.export import Extra


class MentionClassifier:
    """Labels mentions as venting, service_request, praise or other, and says why.

    `encoder` is an Encoder or the name of one; `target_precision` what automatic labels must
    reach; `seed` decides folds. Learnt by `fit`: `classes_`, `confusion_` (4, 4) out-of-fold
    counts with the true label by row, `card_` facts about training, `model_id`, and, until it is
    saved, `out_of_fold_` (n, k): each training mention judged by a model that did not see it.
    """

    def __init__(
        self, encoder: str | Encoder = "builtin", *, target_precision: float = 0.95, seed: int = 0
    ) -> None:
        self.encoder = encoder
        self.target_precision = target_precision
        self.seed = seed

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        complaint: Sequence[float | None] | None = None,
        causes: Sequence[str | None] | None = None,
        areas: Sequence[str | None] | None = None,
        groups: Sequence[Any] | None = None,
        dates: Sequence[Any] | None = None,
        extra: Extra | None = None,
        unseen: Sequence[bool] | None = None,
        start: MentionClassifier | None = None,
        roles: Mapping[str, str] | None = None,
    ) -> MentionClassifier:
        """Learn from labeled mentions and return self.

        `complaint` are chances (0, 1 or between; None unknown); rows with equal `groups` never
        sit on both sides of a fold; choices, areas and causes are judged by `unseen` rows only
        (those that the encoder did not learn from; default all). `start` is a fitted model of
        the same encoder that has seen none of these mentions: learning then adapts its weights,
        if that is better out of fold. `roles` tells which of LABELS each of a team's own label
        names plays ({"Bug": "venting", "How to": "service_request"}); they are then learnt and
        predicted beside our four. Raises DataError for a label with fewer than ten examples or
        fewer than two labels.
        """
        from rootcause.classify.export import Export
        from rootcause.classify.fitting import train_parts

        export = Export.of(
            texts, labels, complaint=complaint, causes=causes, areas=areas, groups=groups,
            dates=dates,
            extra=extra,
            unseen=unseen,
            roles=roles,
        )  # fmt: skip
        fitted = train_parts(
            self._tokeniser(),
            export,
            target_precision=self.target_precision,
            seed=self.seed,
            start=None if start is None else self._start(start),
        )
        self.out_of_fold_ = fitted.out_of_fold
        return self._learnt(fitted.parts, fitted.confusion, fitted.card)

    def _start(self, other: MentionClassifier) -> Start:
        check_encoder(
            self._tokeniser().encoder, other._tokeniser().encoder.content_hash, other.model_id
        )
        from rootcause.classify.designs import Start

        parts = other._fitted()
        return Start(space=parts.space, labels=parts.labels, complaint=parts.complaint)

    def adopt_area(self, other: MentionClassifier) -> None:
        """Take over another model's area head; ModelError if it reads with another encoder."""
        parts, theirs = self._fitted(), other._fitted()
        mine = self._tokeniser().encoder
        check_encoder(mine, other._tokeniser().encoder.content_hash, other.model_id)
        changed = replace(parts, area_space=theirs.area_space, area=theirs.area)
        self.card_["topics"] = {**self.card_["topics"], "area": other.card_["topics"].get("area")}
        self._learnt(changed, self.confusion_, self.card_)

    def _learnt(
        self, parts: Parts, confusion: npt.NDArray[np.int64], card: Mapping[str, Any]
    ) -> MentionClassifier:
        self.parts_ = parts
        self._both = parts.labels.beside(parts.complaint)
        self.classes_ = list(parts.labels.classes)
        self.confusion_ = confusion
        self.card_ = dict(card)
        self.model_id = _identity(self._tokeniser().encoder.content_hash, parts)
        return self

    @classmethod
    def from_parts(
        cls,
        encoder: Encoder,
        parts: Parts,
        confusion: npt.NDArray[np.int64],
        card: Mapping[str, Any],
        *,
        target_precision: float,
        seed: int,
    ) -> MentionClassifier:
        """Return a fitted classifier, as `artifact` reads it from a model folder."""
        made = cls(encoder, target_precision=target_precision, seed=seed)
        return made._learnt(parts, confusion, card)

    def _tokeniser(self) -> Tokeniser:
        if isinstance(self.encoder, str):
            from rootcause.encode import load_encoder

            self.encoder = load_encoder(self.encoder)
        if not hasattr(self, "_reading"):
            self._reading = Tokeniser(self.encoder)
        return self._reading

    def _fitted(self) -> Parts:
        if not hasattr(self, "parts_"):
            raise UsageError("the classifier is not fitted; call fit or load a model first")
        return self.parts_

    def _read(self, texts: Sequence[str]) -> Read:
        parts = self._fitted()
        spaces = (parts.space, parts.area_space, parts.cause_space)
        kinds = sorted({kind for space in spaces if space is not None for kind in space.kinds})
        return read(self._tokeniser(), texts, kinds)

    def _unseen(self, got: Read) -> Floats:
        known = self._fitted().words
        if known is None:
            return np.full(len(got), np.nan, np.float32)
        return unseen_share(known, *hashed_words(self._tokeniser(), got.tokens))

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return calibrated probabilities (n, k) in the order of `classes_`."""
        parts = self._fitted()
        got = self._read(texts)
        return parts.labels.proba(parts.space.rows(got.grams, got.vectors, got.cues))

    def predict(self, texts: Sequence[str]) -> Prediction:
        """Return everything that is told of `texts`, from one tokenisation."""
        parts = self._fitted()
        texts = split(texts)
        got = self._read(texts)
        rows = parts.space.rows(got.grams, got.vectors, got.cues)
        scores = self._both.scores(rows)
        k = len(parts.labels.classes)
        own = parts.labels.proba_of(scores[:, :k])
        proba = spread(own, parts.roles)
        head = parts.complaint.proba_of(scores[:, k:])[:, 1]
        p_complaint = complaint_chance(parts, proba, head)
        best = proba.argmax(axis=1) if len(proba) else np.zeros(0, np.int64)
        confidence = proba[np.arange(len(best)), best]
        language = np.array(detect(texts), object)
        known = np.array([code == ENGLISH for code in language], bool) | (not parts.english_only)
        is_complaint = (p_complaint >= parts.complaint_threshold) | (best == VENTING)
        topical = np.flatnonzero((best == VENTING) | (best == REQUEST) | is_complaint)
        area, p_area = _topic(parts.area_space, parts.area, got, topical)
        cause, p_cause = _topic(parts.cause_space, parts.causes, got, topical)
        cause[(cause == NONE_OF_THESE) | ~(p_cause >= parts.cause_threshold)] = None
        return Prediction(
            proba=proba,
            label=np.array(LABELS, object)[best],
            confidence=confidence,
            auto=np.asarray((confidence >= parts.auto_threshold) & known),
            p_complaint=p_complaint,
            is_complaint=is_complaint,
            area=area,
            p_area=p_area,
            known_cause=cause,
            vectors=got.vectors,
            language=language,
            own_label=own_labels(own, parts, best),
            unseen_words=self._unseen(got),
        )

    def explain(self, texts: Sequence[str], *, most: int = 5) -> list[list[tuple[str, float]]]:
        """Return per text the phrases that carried its label, heaviest first.

        A weight is what the phrase adds to the label's score above the mean of the other
        labels' scores, in log-odds; see `explain.py`.
        """
        from rootcause.classify.explain import explain

        return explain(self._tokeniser(), self._fitted(), texts, most=most)


def _topic(
    space: Space | None, head: Head | None, got: Read, chosen: npt.NDArray[np.int64]
) -> tuple[Strings, Floats]:
    """Return the most likely class of the chosen mentions and its chance; else None, nan."""
    name = np.full(len(got), None, object)
    chance = np.full(len(got), np.nan, np.float32)
    if head is not None and space is not None and len(chosen):
        vectors = got.vectors[:, : space.width][chosen]
        rows = space.rows(got.grams.take(chosen), vectors, got.cues[chosen])
        proba = head.proba(rows)
        best = proba.argmax(axis=1)
        name[chosen] = np.array(head.classes, object)[best]
        chance[chosen] = proba[np.arange(len(best)), best]
    return name, chance


def _identity(encoder_hash: str, parts: Parts) -> str:
    digest = hashlib.sha256(encoder_hash.encode())
    for space in (parts.space, parts.area_space, parts.cause_space):
        if space is not None:
            digest.update(space.buckets.tobytes() + space.idf.tobytes())
            scales = (space.scales, space.vector_scale, space.cue_scale, space.width)
            digest.update(repr(scales).encode())
    for head in (parts.labels, parts.complaint, parts.area, parts.causes):
        if head is not None:
            digest.update(repr((head.classes, head.temperature)).encode())
            for array in (head.words, head.dense, head.bias):
                digest.update(array.tobytes())
    numbers = (
        parts.mix, parts.request_rate, parts.complaint_threshold, parts.auto_threshold,
        parts.cause_threshold, parts.english_only,
    )  # fmt: skip
    digest.update(repr(numbers).encode())
    if parts.roles != parts.labels.classes:
        digest.update(repr(parts.roles).encode())
    return digest.hexdigest()[:12]


def check_encoder(encoder: Encoder, wanted: str, path: str) -> None:
    """Raise ModelError unless `encoder` is the one whose content hash is `wanted`."""
    if encoder.content_hash != wanted:
        raise ModelError(
            f"model {path} was trained with encoder {wanted[:12]}, not with {encoder.name} "
            f"({encoder.content_hash[:12]}); train it again or load the right encoder"
        )
