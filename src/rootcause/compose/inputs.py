"""What a report is composed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import pyarrow as pa

from rootcause.pools import Kind
from rootcause.records import Encoder, Week
from rootcause.register import Register
from rootcause.scored import Manifest


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """A tracked week and everything around it.

    `table` holds the week's scored mentions, `kinds` its complaints and questions as pools,
    `trail` the earlier weeks of the window, `requests` earlier weeks with what tells who waited
    for an answer (see `replies.REQUEST_COLUMNS`). `exposure` maps a week to units (orders,
    customers); `owners` maps an area or a cause id to (owner, email).
    """

    week: Week
    table: pa.Table
    kinds: Sequence[Kind]
    manifest: Manifest
    register: Register
    trail: Sequence[tuple[Week, pa.Table]]
    encoder: Encoder
    zone: tzinfo
    exposure: Mapping[str, float] | None = None
    owners: Mapping[str, tuple[str, str]] | None = None
    cost_per_contact: float | None = None
    partial: bool = False
    min_voices: int = 5
    strength: float = 0.0
    scope: str = ""
    notes: Sequence[str] = ()
    requests: Sequence[tuple[Week, pa.Table]] = ()

    def now(self) -> datetime:
        """Return the moment the report speaks of: the week's end, or the last mention if partial.

        No clock is read, so that the same input gives the same report.
        """
        if not self.partial:
            return self.week.end(self.zone)
        last: datetime = max(self.table["created_at"].to_pylist())
        return last
