"""Scoring of a table in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rootcause.errors import DataError
from rootcause.records import MENTION_SCHEMA
from rootcause.score.batch import FINGERPRINT, BatchScorer, Model, column
from rootcause.score.intake import CHUNK_ROWS
from rootcause.score.resolve import ANSWER_SCHEMA, Answers, find_copies, with_copies


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows of one week in a table."""

    table: pa.Table
    rows: int

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return these columns."""
        return self.table.select(list(columns))


def score_mentions(
    mentions: pa.Table,
    model: str | Path | Model = "default",
    *,
    timezone: str = "UTC",
    explain: bool = False,
) -> pa.Table:
    """Return the scored mentions of a table, as `rootcause score` would write them.

    `mentions` has the columns `mention_id` and `text`, and any others of `MENTION_SCHEMA` and
    `segment_*`; ids are distinct. Posts of the company (`inbound` false) mark their parents as
    answered and are left out; the other rows keep their order. Raises DataError for a table
    without ids or texts, ModelError for a model that cannot be opened.
    """
    for name in ("mention_id", "text"):
        if name not in mentions.column_names or column(mentions, name).null_count:
            raise DataError(f"the mentions need a column {name!r} without nulls")
    segments = [n.removeprefix("segment_") for n in mentions.column_names if "segment_" in n]
    scorer = BatchScorer(model, timezone=timezone, segments=segments, explain=explain)
    ours = pc.invert(pc.fill_null(column(mentions, "inbound").cast(pa.bool_()), True))
    posts, rest = mentions.filter(ours), mentions.filter(pc.invert(ours))
    scored = pa.concat_tables(
        [scorer.schema.empty_table()]
        + [scorer(rest.slice(at, CHUNK_ROWS)) for at in range(0, rest.num_rows, CHUNK_ROWS)]
    )
    scored = _with_answers(scored, posts)
    scored = scored.append_column("_row", pa.array(range(scored.num_rows), pa.int64()))
    weeks = [scored.slice(0, 0)]
    for week in scored["week"].unique():
        part = scored.filter(pc.equal(scored["week"], week)).combine_chunks()
        (copies,) = find_copies([_Rows(table=part, rows=part.num_rows)])
        marked = with_copies(part, copies)
        weeks.append(part if marked is None else marked)
    return pa.concat_tables(weeks).sort_by("_row").drop_columns(["_row", FINGERPRINT])


def _with_answers(scored: pa.Table, posts: pa.Table) -> pa.Table:
    parents = column(posts, "parent_id")
    at = MENTION_SCHEMA.get_field_index("created_at")
    told = pa.table(
        {
            "mention_id": parents.cast(pa.string()),
            "answered_at": column(posts, "created_at").cast(MENTION_SCHEMA.field(at).type),
            "status": pa.nulls(posts.num_rows, pa.string()),
            "company": pa.repeat(pa.scalar(True), posts.num_rows),
        }
    ).filter(parents.is_valid())
    answers = Answers(told.cast(ANSWER_SCHEMA).to_batches())
    answered = answers.apply(scored) if len(answers) else None
    return scored if answered is None else answered
