"""What goes into the register and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rootcause.records import Vectors, Week

# kind of a cause -> kind of its members' assignments
MEMBER_KIND = {"complaint": "cause", "question": "question"}


class Assignment(NamedTuple):
    """One mention in one cause, or in none (`cause_id` "").

    `kind` is cause, question, isolated, unspecified or duplicate; `day` is 0 for Monday. A
    duplicate of a member carries its cause: it counts as a mention and as nobody's voice.
    """

    week: Week
    mention_id: str
    cause_id: str
    strength: float
    kind: str
    voice: int
    day: int
    channel: str


class Exemplar(NamedTuple):
    """A mention that a cause is recognised by; `text` is redacted, `vector` (d,) of unit length."""

    mention_id: str
    voice: int
    text: str
    vector: Vectors


class SeriesPoint(NamedTuple):
    """One cause in one week."""

    week: Week
    voices: int
    mentions: int
    days: int
    channels: int


@dataclass(frozen=True, kw_only=True)
class KnownCause:
    """A cause as a run knows it; rows of `vectors` (m, d), `voices` (m,) are its exemplars."""

    cause_id: str
    title: str
    titled_by: str
    kind: str
    area: str
    theme: str
    state: str
    radius: float
    stability: float | None
    key_phrases: tuple[str, ...]
    born_in: Week  # of the oldest cause merged into it
    last_week: Week | None  # last week with a voice
    mention_ids: tuple[str, ...]
    texts: tuple[str, ...]
    voices: npt.NDArray[np.int64]
    vectors: Vectors


@dataclass(frozen=True, kw_only=True)
class CauseRow:
    """A cause as people see it."""

    cause_id: str
    title: str
    titled_by: str
    kind: str
    area: str
    area_by: str
    theme: str
    state: str
    merged_into: str | None
    born_in: Week
    radius: float
    stability: float | None
    key_phrases: tuple[str, ...]
    owner: str | None
    action: str | None
    due: str | None


@dataclass(frozen=True, kw_only=True)
class WeekFacts:
    """A reported week; `figures` are headline numbers that later weeks compare themselves with."""

    week: Week
    run_id: str
    mentions: int
    complaints: int
    complaint_voices: int
    question_voices: int
    isolated: int
    unspecified: int
    duplicates: int
    model_id: str
    partial: bool = False
    stale: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EdgeRow:
    """A step in a cause's life (see findings.Edge)."""

    kind: str
    week: Week
    cause_id: str
    other_id: str | None = None
    similarity: float | None = None
    suggested: bool = False
    by_person: bool = False


@dataclass(frozen=True, kw_only=True)
class FixRow:
    """A fix that a person recorded; dates are ISO days."""

    cause_id: str
    on_date: str
    note: str
    reopened_on: str | None


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """One change: when (UTC, ISO), who, what."""

    at: str
    who: str
    action: str
    cause_id: str | None
    details: Mapping[str, object]
