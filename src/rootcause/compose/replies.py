"""Who still waits for an answer, and how long answers took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rootcause.findings import ReplyRow
from rootcause.records import Week

_COLUMNS = (
    "mention_id", "created_at", "label", "author", "channel", "url", "text", "needs_reply",
    "answered_at", "status", "duplicate_of",
)  # fmt: skip
# What tells whether somebody waited at an earlier moment.
REQUEST_COLUMNS = ("label", "needs_reply", "answered_at", "status", "duplicate_of")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a dump says about answers; hours are those of mentions answered, by mention id."""

    known: bool
    queue: tuple[ReplyRow, ...]
    hours: Mapping[str, float]
    note: str


def answers(
    table: pa.Table,
    trail: Sequence[tuple[Week, pa.Table]],
    now: datetime,
    homes: Mapping[str, tuple[str, str]],
) -> Answers:
    """Return the reply queue, oldest first, with waiting times up to `now`.

    `homes` maps a mention to its cause's id and title. Where the dump can say who was answered
    (company replies, an answer time or a status), unanswered requests of the trailing weeks are
    still in the queue; where it cannot, the queue is this week's requests and the note says so.
    """
    tables = [table, *(old for _, old in trail)]
    known = any(_tells(one) for one in tables)
    rows = [row for one in (tables if known else tables[:1]) for row in _waiting(one)]
    rows.sort(key=lambda row: (row["created_at"], row["mention_id"]))
    queue = tuple(
        ReplyRow(
            mention_id=row["mention_id"],
            created_at=row["created_at"].isoformat(timespec="seconds"),
            waiting_hours=round((now - row["created_at"]).total_seconds() / 3600, 1),
            label=row["label"],
            cause_id=homes.get(row["mention_id"], ("", ""))[0],
            cause_title=homes.get(row["mention_id"], ("", ""))[1],
            author=row["author"] or "",
            channel=row["channel"] or "",
            url=row["url"] or "",
            text=row["text"],
        )
        for row in rows
        if row["created_at"] <= now
    )
    note = "" if known else (
        "The export does not say who was answered: every service request of the week is listed."
    )  # fmt: skip
    return Answers(known=known, queue=queue, hours=_hours(table), note=note)


def queue_lengths(
    requests: Sequence[tuple[Week, pa.Table]], week: Week, zone: tzinfo, window: int, most: int
) -> list[int]:
    """Return how many requests waited at the end of up to `most` weeks before `week`.

    `requests` are earlier weeks with the `REQUEST_COLUMNS`. Each queue reaches as far back as
    the reported one, `window` weeks; a week whose window starts before the data is left out.
    """
    if not requests:
        return []
    known = any(_tells(table) for _, table in requests)
    first = min(one for one, _ in requests)
    asked = [(one, _asked(table)) for one, table in requests]
    found = []
    for back in range(1, most + 1):
        end = week.shift(-back)
        span = window if known else 1
        inside = [who for one, who in asked if 0 <= end.minus(one) < span]
        if end.shift(1 - span) < first or not inside:
            break
        moment = np.int64(end.end(zone).timestamp() * 1_000_000)
        found.append(sum(int(np.sum(waits | (at > moment))) for waits, at in inside))
    return found


def _asked(table: pa.Table) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return, for each request, whether it waits today and when it was answered, in microseconds.

    An answer whose time is unknown counts as one from the start.
    """
    asks = pc.and_(pc.equal(table["label"], "service_request"), table["duplicate_of"].is_null())
    table = table.filter(asks)
    moments = table["answered_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    waits = table["needs_reply"].to_numpy(zero_copy_only=False).astype(bool)
    return waits, pc.fill_null(moments, 0).to_numpy(zero_copy_only=False)


def spread(hours: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the median and the 90th percentile of response times, None without any."""
    if not hours:
        return None, None
    median, high = np.quantile(np.array(hours), [0.5, 0.9])
    return round(float(median), 1), round(float(high), 1)


def _tells(table: pa.Table) -> bool:
    return any(table[name].null_count < table.num_rows for name in ("answered_at", "status"))


def _waiting(table: pa.Table) -> list[dict[str, Any]]:
    asked = table.filter(table["needs_reply"]).select(_COLUMNS).to_pylist()
    return [row for row in asked if not row["duplicate_of"]]


def _hours(table: pa.Table) -> dict[str, float]:
    found = {}
    for row in table.select(["mention_id", "created_at", "answered_at", "label"]).to_pylist():
        if row["answered_at"] is not None and row["label"] == "service_request":
            waited = (row["answered_at"] - row["created_at"]).total_seconds() / 3600
            if waited >= 0:
                found[row["mention_id"]] = waited
    return found
