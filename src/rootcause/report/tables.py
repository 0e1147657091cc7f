"""The CSV files, for spreadsheets and for scripts."""

from __future__ import annotations

from rootcause.files import csv_rows
from rootcause.findings import Cause, Report

CAUSE_COLUMNS = (
    "week", "cause_id", "title", "area", "owner", "kind", "breadth", "status", "voices", "mentions",
    "share", "rate_per_1000", "rate_low", "rate_high", "change", "q_value", "first_week",
    "last_week", "weeks_active", "stability", "cost_per_year", "fix_date", "fix_effect", "fix_low",
    "fix_high",
)  # fmt: skip
MENTION_COLUMNS = ("mention_id", "cause_id", "strength", "kind")
REPLY_COLUMNS = (
    "mention_id", "created_at", "waiting_hours", "label", "cause_id", "cause_title", "author",
    "channel", "url", "text",
)  # fmt: skip


# A spreadsheet cell holds 32,767 characters; what is longer breaks the row.
_CELL = 32_000


def causes_csv(report: Report) -> str:
    """Return `causes.csv`: complaints, then questions, one row each."""
    rows = [_cause_row(report.week, cause) for cause in (*report.causes, *report.questions)]
    return csv_rows(CAUSE_COLUMNS, rows)


def mentions_csv(report: Report) -> str:
    """Return `mentions.csv`: one row per mention and cause."""
    return csv_rows(
        MENTION_COLUMNS,
        ((m.mention_id, m.cause_id, _round(m.strength, 4), m.kind) for m in report.mention_rows),
    )


def replies_csv(report: Report) -> str:
    """Return `reply_queue.csv`, oldest first, with authors and texts as they were written."""
    queue = sorted(report.reply_queue, key=lambda r: (-r.waiting_hours, r.mention_id))
    rows = (
        (
            r.mention_id, r.created_at, _round(r.waiting_hours, 1), r.label, r.cause_id,
            r.cause_title, r.author, r.channel, r.url, r.text,
        )
        for r in queue
    )  # fmt: skip
    return csv_rows(REPLY_COLUMNS, ([_fitting(cell) for cell in row] for row in rows))


def _fitting(cell: object) -> object:
    too_long = isinstance(cell, str) and len(cell) > _CELL
    return f"{str(cell)[: _CELL - 1]}…" if too_long else cell


def _cause_row(week: str, cause: Cause) -> tuple[object, ...]:
    fix = cause.fix
    effect = fix.effect if fix else None
    return (
        week, cause.cause_id, cause.title, cause.area, cause.owner, cause.kind, cause.breadth,
        cause.status, cause.voices, cause.mentions, _round(cause.share, 4),
        _round(cause.rate.value, 3), _round(cause.rate.low, 3), _round(cause.rate.high, 3),
        _round(cause.change, 3), _round(cause.q_value, 4), cause.first_week, cause.last_week,
        cause.weeks_active, _round(cause.stability, 3),
        _round(cause.cost_per_year.value, 2) if cause.cost_per_year else None,
        fix.date if fix else None,
        *(_round(getattr(effect, n), 3) if effect else None for n in ("value", "low", "high")),
    )  # fmt: skip


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
