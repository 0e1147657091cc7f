"""What a fitted model knows, what it tells, and how chances of classes become those of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.classify.linear import Floats, Head
from rootcause.classify.space import Space
from rootcause.classify.words import Bitmap
from rootcause.records import LABELS, Vectors

Strings = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]

NONE_OF_THESE = "none of these"
VENTING, REQUEST, PRAISE, OTHER = range(len(LABELS))


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What is told of n mentions.

    `proba` (n, 4) in the order of LABELS; `confidence` the calibrated chance that `label` is
    right; `auto` where that reaches the target precision in a language the model reads;
    `area` and `p_area` None and nan where the mention is neither complaint nor request;
    `known_cause` None where none of the model's causes fits; `vectors` (n, d) unit rows;
    `own_label` the team's own name within `label`, None in a model of our four labels;
    `unseen_words` the share of words that the training data did not hold, nan if not known.
    """

    proba: Floats
    label: Strings
    confidence: Floats
    auto: Bools
    p_complaint: Floats
    is_complaint: Bools
    area: Strings
    p_area: Floats
    known_cause: Strings
    vectors: Vectors
    language: Strings
    own_label: Strings
    unseen_words: Floats


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The learnt heads and numbers of a model; area and causes may be missing."""

    space: Space
    labels: Head
    # which of LABELS each class of the label head plays; the classes themselves if they are LABELS
    roles: tuple[str, ...]
    complaint: Head
    # p_complaint = mix x the complaint head + (1 - mix) x (p_venting + p_service_request x rate)
    mix: float
    request_rate: float
    complaint_threshold: float
    auto_threshold: float
    area_space: Space | None = None
    area: Head | None = None
    cause_space: Space | None = None
    causes: Head | None = None
    cause_threshold: float = 0.5
    english_only: bool = True
    words: Bitmap | None = None  # the words of the training data; None in a folder of format 1


def spread(proba: Floats, roles: Sequence[str]) -> Floats:
    """Return probabilities (n, 4) in the order of LABELS; classes of one role are summed.

    `roles` says which of LABELS each column of `proba` plays; a label that none plays has 0.
    """
    if tuple(roles) == LABELS:
        return proba
    out = np.zeros((len(proba), len(LABELS)), np.float32)
    for column, role in enumerate(roles):
        out[:, LABELS.index(role)] += proba[:, column]
    return out


def best_class(
    proba: Floats, roles: Sequence[str], best: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the likeliest class (n,) of those that play the label `best` (n,)."""
    role = np.array([LABELS.index(name) for name in roles])
    return np.asarray(np.where(role == best[:, None], proba, -1).argmax(axis=1), np.int64)


def own_labels(proba: Floats, parts: Parts, best: npt.NDArray[np.int64]) -> Strings:
    """Return the name (n,) of the likeliest class within the label; None if the names are ours."""
    if parts.labels.classes == parts.roles:
        return np.full(len(proba), None, object)
    names = parts.labels.classes
    return np.array([names[i] for i in best_class(proba, parts.roles, best)], object)


def complaint_chance(parts: Parts, proba: Floats, head: Floats) -> Floats:
    """Return the chance (n,) that a mention is a complaint, from both heads."""
    implied = proba[:, VENTING] + np.float32(parts.request_rate) * proba[:, REQUEST]
    mixed = np.float32(parts.mix) * head + np.float32(1 - parts.mix) * implied
    return np.asarray(np.clip(mixed, 0, 1), np.float32)
