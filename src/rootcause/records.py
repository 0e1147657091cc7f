"""What travels between modules: labels, weeks, Arrow schemas and the encoder protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rootcause.errors import UsageError

Vectors = npt.NDArray[np.float32]

LABELS = ("venting", "service_request", "praise", "other")

AREAS = (
    "reach", "followup", "staff", "information", "delay", "cancellation", "recovery", "refund",
    "fees", "billing", "terms", "loyalty", "account", "security", "app", "design", "outage",
    "product", "availability", "order", "lost", "queue", "access", "ads", "general", "other",
)  # fmt: skip

UNDATED = "undated"
NO_CLUSTER = -1

_TIME = pa.timestamp("us", tz="UTC")

# What every reader yields. Columns named with --segment follow as segment_NAME (string).
MENTION_SCHEMA = pa.schema(
    [
        pa.field("mention_id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("created_at", _TIME),
        pa.field("author", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("brand", pa.string()),
        pa.field("url", pa.string()),
        pa.field("language", pa.string()),
        pa.field("thread_id", pa.string()),
        pa.field("parent_id", pa.string()),
        pa.field("inbound", pa.bool_()),
        pa.field("answered_at", _TIME),
        pa.field("status", pa.string()),
    ]
)


def scored_schema(dimension: int, segments: Sequence[str] = ()) -> pa.Schema:
    """Return the schema of scored mentions whose vectors have `dimension` float16 values."""
    fields = [
        *MENTION_SCHEMA,
        *(pa.field(f"segment_{name}", pa.string()) for name in segments),
        pa.field("week", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        *(pa.field(f"p_{label}", pa.float32(), nullable=False) for label in LABELS),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("p_complaint", pa.float32(), nullable=False),
        pa.field("is_complaint", pa.bool_(), nullable=False),
        pa.field("needs_reply", pa.bool_(), nullable=False),
        pa.field("duplicate_of", pa.string()),
        pa.field("area", pa.string()),
        pa.field("p_area", pa.float32()),
        pa.field("known_cause", pa.string()),
        # the team's own name within the label, where the model was trained on own names
        pa.field("own_label", pa.string()),
        # share of words that the model's training data did not hold
        pa.field("unseen_words", pa.float32()),
        pa.field("vector", pa.list_(pa.float16(), dimension)),
        pa.field("model_id", pa.string(), nullable=False),
    ]
    return pa.schema(fields)


class Encoder(Protocol):
    """Anything that turns texts into unit vectors.

    `name` is what a user typed or the folder's name; `content_hash` is a sha256 over the files
    that decide the vectors, so that vectors of two encoders never meet.
    """

    name: str
    dimension: int
    content_hash: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array (n, dimension) of float32 rows of unit length."""
        ...


@dataclass(frozen=True, order=True)
class Week:
    """An ISO week: seven half-open days that begin on Monday 00:00 of a time zone."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime, zone: tzinfo = UTC) -> Week:
        """Return the week that `moment` (aware) falls in, with week borders in `zone`."""
        year, number, _ = moment.astimezone(zone).isocalendar()
        return cls(year, number)

    @classmethod
    def parse(cls, text: str) -> Week:
        """Return the week written as `2026-W47`; raises UsageError for anything else."""
        try:
            year, number = text.split("-W")
            week = cls(int(year), int(number))
            date.fromisocalendar(week.year, week.number, 1)
        except ValueError:
            raise UsageError(f"week {text!r} is not a week; write it as 2026-W47") from None
        return week

    def monday(self) -> date:
        """Return the first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    def start(self, zone: tzinfo = UTC) -> datetime:
        """Return the first moment, in `zone`."""
        return datetime.combine(self.monday(), datetime.min.time(), zone)

    def end(self, zone: tzinfo = UTC) -> datetime:
        """Return the first moment after the week, in `zone`."""
        return self.shift(1).start(zone)

    def shift(self, weeks: int) -> Week:
        """Return the week `weeks` later (earlier if negative)."""
        year, number, _ = (self.monday() + timedelta(weeks=weeks)).isocalendar()
        return Week(year, number)

    def minus(self, other: Week) -> int:
        """Return how many weeks later than `other` this week is."""
        return (self.monday() - other.monday()).days // 7

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.number:02d}"
