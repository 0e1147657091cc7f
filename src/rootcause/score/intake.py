"""Rows of the dumps to chunks of new mentions, with every row accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rootcause.score.batch import column, is_closed
from rootcause.score.known import Known
from rootcause.score.resolve import ANSWER_SCHEMA, replaced
from rootcause.score.staging import Staging
from rootcause.scored import Counts

# Borders of chunks do not depend on processes or on where a run was cut off.
CHUNK_ROWS = 8_192


class Intake:
    """Reads batches of mentions; yields chunks of those to score, and keeps count of the rest."""

    def __init__(self, batches: Iterable[pa.RecordBatch], known: Known, staging: Staging) -> None:
        self._batches = batches
        self._known = known
        self._sink = pa.OSFile(str(staging.scratch("answers.arrow")), "wb")
        self._answers = pa.ipc.new_stream(self._sink, ANSWER_SCHEMA)
        self.scored = 0
        self.already = 0
        self.company = 0

    def __enter__(self) -> Intake:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answers.close()
        self._sink.close()

    def counts(self, *, rejected: int) -> Counts:
        """Return what became of the rows read so far."""
        return Counts(
            read=self.scored + self.already + self.company + rejected,
            scored=self.scored,
            rejected=rejected,
            already_scored=self.already,
            company_posts=self.company,
        )

    def chunks(self) -> Iterator[pa.Table]:
        """Yield tables of CHUNK_ROWS new mentions, the last one smaller."""
        waiting: list[pa.Table] = []
        rows = 0
        for batch in self._batches:
            fresh = self._take(_table(batch))
            waiting.append(fresh)
            rows += fresh.num_rows
            while rows >= CHUNK_ROWS:
                whole = pa.concat_tables(waiting)
                yield whole.slice(0, CHUNK_ROWS)
                waiting, rows = [whole.slice(CHUNK_ROWS)], rows - CHUNK_ROWS
        if rows:
            yield pa.concat_tables(waiting)

    def _take(self, table: pa.Table) -> pa.Table:
        """Return the rows to score; company posts and known mentions leave their answers."""
        ours = pc.invert(pc.fill_null(column(table, "inbound"), True))
        if pc.any(ours).as_py():
            posts = table.filter(ours)
            self.company += posts.num_rows
            self._hear(column(posts, "parent_id"), column(posts, "created_at"), None)
            table = table.filter(pc.invert(ours))
        ids = column(table, "mention_id").to_pylist()
        admitted = self._known.admit(ids, column(table, "text").to_pylist())
        if not admitted.new.all():
            again = table.filter(pa.array(~admitted.new))
            self.already += again.num_rows
            closed = is_closed(column(again, "status"))
            status = pc.if_else(closed, column(again, "status"), pa.scalar(None, pa.string()))
            self._hear(column(again, "mention_id"), column(again, "answered_at"), status)
        if admitted.renamed:
            for row, name in admitted.renamed.items():
                ids[row] = name
            table = replaced(table, {"mention_id": pa.array(ids, pa.string())})
        if not admitted.new.all():
            table = table.filter(pa.array(admitted.new))
        self.scored += table.num_rows
        return table

    def _hear(self, ids: pa.Array, moments: pa.Array, status: pa.Array | None) -> None:
        company = status is None
        status = pa.nulls(len(ids), pa.string()) if status is None else status
        told = ids.is_valid()
        if not company:
            told = pc.and_(told, pc.or_(moments.is_valid(), status.is_valid()))
        columns: list[Any] = [ids, moments, status, pa.array(np.full(len(ids), company))]
        heard = pa.Table.from_arrays(columns, names=ANSWER_SCHEMA.names).filter(told)
        if heard.num_rows:
            self._answers.write_table(heard.cast(ANSWER_SCHEMA))


def _table(batch: pa.RecordBatch | pa.Table) -> pa.Table:
    return pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
