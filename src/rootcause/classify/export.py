"""Labeled mentions as arrays, checked before anything is learnt from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.folds import group_rows
from rootcause.classify.linear import Floats
from rootcause.errors import DataError
from rootcause.records import LABELS
from rootcause.text import fingerprint

FEWEST = 10
_NO_AREA = frozenset({"", "-", "general", "other"})
_NO_CAUSE = frozenset(
    {"", "-", "none", "other", "other complaint", "other inquiry", "unspecified dissatisfaction"}
)


@dataclass(frozen=True, kw_only=True)
class Extra:
    """Mentions whose labels are only guessed: soft targets (m, 4) in the order of LABELS.

    a row of nan is not guessed; `complaint` (m,) is nan where unknown; `weight` (m,) is what each
    counts beside a labeled mention. They are learnt from and never measured on.
    """

    texts: Sequence[str]
    proba: Floats
    complaint: Floats
    weight: Floats


@dataclass(frozen=True, kw_only=True)
class Export:
    """Labeled mentions; `truth` indexes `classes`, `complaint` is nan where unknown.

    `classes` are our labels, or a team's own names; `roles` says which of LABELS each one plays.
    """

    texts: list[str]
    truth: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    roles: tuple[str, ...]
    complaint: Floats
    causes: list[str | None]
    areas: list[str | None]
    groups: npt.NDArray[np.int64]
    dates: Sequence[Any] | None
    extra: Extra | None
    unseen: npt.NDArray[np.bool_]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        labels: Sequence[str],
        *,
        complaint: Sequence[float | None] | None,
        causes: Sequence[str | None] | None,
        areas: Sequence[str | None] | None,
        groups: Sequence[Any] | None,
        dates: Sequence[Any] | None,
        extra: Extra | None,
        unseen: Sequence[bool] | None,
        roles: Mapping[str, str] | None,
    ) -> Export:
        """Return the export; raises DataError where it cannot be learnt from."""
        named = roles or {name: name for name in LABELS}
        if wrong := [role for role in named.values() if role not in LABELS]:
            raise DataError(f"{wrong[0]!r} is no role; roles are {', '.join(LABELS)}")
        if extra is not None and roles:
            raise DataError("mentions with guessed labels need our label names, not own ones")
        spelled = {name.strip().casefold(): name for name in named}
        names = [str(label).strip().casefold() for label in labels]
        if len(names) != len(texts):
            raise DataError(f"{len(texts)} texts and {len(names)} labels; give one label per text")
        unknown = Counter(name for name in names if name not in spelled)
        if unknown:
            seen = ", ".join(f"{name!r} ({n})" for name, n in unknown.most_common(8))
            raise DataError(f"labels not known: {seen}; map them to {', '.join(LABELS)}")
        names = [spelled[name] for name in names]
        counts = Counter(names)
        # in the order of LABELS, so that our own names are LABELS itself
        order = sorted(named, key=lambda name: LABELS.index(named[name]))
        classes = tuple(name for name in order if counts[name])
        if len(classes) < 2:
            raise DataError(f"{len(classes)} label in {len(texts)} rows; at least two are needed")
        for name in classes:
            if counts[name] < FEWEST:
                raise DataError(
                    f"label {name!r} has {counts[name]} examples; "
                    f"{FEWEST - counts[name]} more are needed (at least {FEWEST})"
                )
        truth = np.array([classes.index(name) for name in names], np.int64)
        played = tuple(named[name] for name in classes)
        notes = [f"no examples of {name!r}; it is never predicted" for name in LABELS
                 if name not in played]  # fmt: skip
        if conflicts := conflicting(texts, names):
            notes.append(f"{len(conflicts)} texts carry different labels in different rows")
        return cls(
            texts=list(texts),
            truth=truth,
            classes=classes,
            roles=played,
            complaint=_complaints(complaint, [named[name] for name in names]),
            causes=_named(causes, _NO_CAUSE, len(names)),
            areas=_named(areas, _NO_AREA, len(names)),
            groups=group_rows(texts, groups),
            dates=dates,
            extra=extra,
            unseen=np.ones(len(names), bool) if unseen is None else np.array(unseen, bool),
            notes=tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.texts)

    def rows_of(self, *roles: str) -> npt.NDArray[np.int64]:
        """Return the rows whose label plays one of the roles given."""
        playing = [i for i, role in enumerate(self.roles) if role in roles]
        return np.flatnonzero(np.isin(self.truth, playing))


def conflicting(texts: Sequence[str], labels: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return (text, labels) of texts that carry more than one label, in order of appearance."""
    met: dict[str, dict[str, None]] = {}
    first: dict[str, str] = {}
    for text, label in zip(texts, labels, strict=True):
        mark = fingerprint(text)
        first.setdefault(mark, text)
        met.setdefault(mark, {})[label] = None
    empty = fingerprint("")
    return [(first[m], tuple(ls)) for m, ls in met.items() if len(ls) > 1 and m != empty]


def _complaints(given: Sequence[float | None] | None, names: Sequence[str]) -> Floats:
    """Return chances; where the export is silent, what the label implies (a request: nothing)."""
    implied = {"venting": 1.0, "service_request": np.nan, "praise": 0.0, "other": 0.0}
    out = np.array([implied[name] for name in names], np.float32)
    if given is not None:
        told = np.array([np.nan if value is None else float(value) for value in given], np.float32)
        out = np.where(np.isnan(told), out, told).astype(np.float32)
    return out


def _named(
    given: Sequence[str | None] | None, nothing: frozenset[str], count: int
) -> list[str | None]:
    if given is None:
        return [None] * count
    tidy = [None if value is None else " ".join(str(value).split()).casefold() for value in given]
    return [None if value is None or value in nothing else value for value in tidy]
