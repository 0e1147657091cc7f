"""Scored chunks to finished parts: week by week, with copies and answers filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from rootcause.score.batch import FINGERPRINT, column
from rootcause.score.pieces import ChunkPiece, PartPiece, read_answers
from rootcause.score.resolve import (
    ANSWER_SCHEMA,
    Answers,
    Copies,
    Piece,
    find_copies,
    with_copies,
)
from rootcause.score.staging import Staging
from rootcause.score.worker import ROW
from rootcause.scored import ANSWERS, Part, Scored

# A part is about 50 MB of rows with vectors; a row group is what is held in memory.
PART_ROWS = 65_536
GROUP_ROWS = 8_192
# Columns of few values; the others are no smaller with a dictionary.
_FEW_VALUES = (
    "channel", "brand", "language", "status", "week", "label", "decision", "area", "known_cause",
    "own_label",
    "model_id",
)  # fmt: skip
_RESOLVED = ("mention_id", "answered_at", "needs_reply", "status", "duplicate_of")


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The parts of every week, and whether anything at all was written."""

    parts: Mapping[str, tuple[Part, ...]]
    changed: bool


def write_parts(
    staging: Staging, weeks: Mapping[str, Sequence[ChunkPiece]], earlier: Scored | None, jobs: int
) -> Finished:
    """Write new and changed parts below `staging.final`; returns what the folder then holds."""
    heard = staging.scratch("answers.arrow")
    kept = staging.home / ANSWERS
    answers = Answers(read_answers(kept, heard))
    parts = dict(earlier.manifest.parts) if earlier else {}
    touched = sorted({*weeks, *(parts if len(answers) else ())})
    # results do not depend on which thread writes what
    with ThreadPoolExecutor(jobs) as pool:
        plans = list(
            pool.map(
                lambda week: _plan_week(staging, weeks.get(week, ()), earlier, week, answers),
                touched,
            )
        )
        planned = [new for plan in plans for new in plan.new]
        written = list(pool.map(lambda new: _write(staging, new, answers), planned))
    fresh = iter(written)
    made = {
        week: (*plan.old, *islice(fresh, len(plan.new)))
        for week, plan in zip(touched, plans, strict=True)
    }
    changed = bool(written) or any(plan.changed for plan in plans)
    _keep_unmet(staging, answers, kept, heard)
    return Finished(parts=parts | made, changed=changed)


@dataclass(frozen=True, kw_only=True)
class _Slice:
    """Rows of a piece that belong into one part, and the copies in the whole piece."""

    piece: ChunkPiece
    copies: Copies | None
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class _New:
    """A part to be written."""

    week: str
    name: str
    slices: tuple[_Slice, ...]


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """The parts that a week has already, whether any changed, and its new ones."""

    old: tuple[Part, ...]
    changed: bool
    new: tuple[_New, ...]


def _plan_week(
    staging: Staging,
    new: Sequence[ChunkPiece],
    earlier: Scored | None,
    week: str,
    answers: Answers,
) -> _Plan:
    """Rewrite the parts of earlier runs that change; return them and the plan of the new ones."""
    parts = earlier.manifest.parts.get(week, ()) if earlier else ()
    paths = earlier.paths(week) if earlier else []
    old = [PartPiece(path=p, rows=part.rows) for p, part in zip(paths, parts, strict=True)]
    pieces: list[Piece] = [*old, *new]
    copies: Sequence[Copies | None] = find_copies(pieces) if new else [None] * len(old)
    changed = False
    for piece, own in zip(old, copies, strict=False):
        if _resolve(piece.read(_RESOLVED), own, answers) is not None:
            table = piece.read()
            table = _resolve(table, own, answers) or table
            starts = range(0, table.num_rows, GROUP_ROWS)
            slices = (table.slice(at, GROUP_ROWS) for at in starts)
            _write_groups(staging.final(f"week={week}/{piece.path.name}"), slices)
            changed = True
    number = 1 + max((int(part.name[5:10]) for part in parts), default=-1)
    fresh = tuple(
        _New(week=week, name=f"part-{place:05d}.parquet", slices=slices)
        for place, slices in enumerate(_cut(new, copies[len(old) :]), number)
    )
    return _Plan(old=tuple(parts), changed=changed, new=fresh)


def _cut(
    pieces: Sequence[ChunkPiece], copies: Sequence[Copies | None]
) -> Iterator[tuple[_Slice, ...]]:
    """Yield what goes into each part of PART_ROWS rows, the last one smaller."""
    part: list[_Slice] = []
    room = PART_ROWS
    for piece, own in zip(pieces, copies, strict=True):
        start = 0
        while start < piece.rows:
            stop = min(piece.rows, start + room)
            part.append(_Slice(piece=piece, copies=own, start=start, stop=stop))
            room -= stop - start
            start = stop
            if not room:
                yield tuple(part)
                part, room = [], PART_ROWS
    if part:
        yield tuple(part)


def _resolve(table: pa.Table, copies: Copies | None, answers: Answers) -> pa.Table | None:
    """Return `table` with copies and answers, or None if nothing changes."""
    marked = with_copies(table, copies) if copies else None
    answered = answers.apply(table if marked is None else marked) if len(answers) else None
    return marked if answered is None else answered


def _in_groups(slices: Iterable[_Slice], answers: Answers) -> Iterator[pa.Table]:
    """Yield tables of GROUP_ROWS rows, the last one smaller."""
    waiting: list[pa.Table] = []
    rows = 0
    for one in slices:
        table = one.piece.read()
        table = _resolve(table, one.copies, answers) or table
        table = table.drop_columns([FINGERPRINT, ROW]).slice(one.start, one.stop - one.start)
        waiting.append(table)
        rows += table.num_rows
        while rows >= GROUP_ROWS:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, GROUP_ROWS)
            waiting, rows = [whole.slice(GROUP_ROWS)], rows - GROUP_ROWS
    if rows:
        yield pa.concat_tables(waiting)


def _write(staging: Staging, new: _New, answers: Answers) -> Part:
    """Write a new part of a week."""
    path = staging.final(f"week={new.week}/{new.name}")
    return Part(name=new.name, rows=_write_groups(path, _in_groups(new.slices, answers)))


def _write_groups(path: Path, groups: Iterable[pa.Table]) -> int:
    """Write a part, one row group per table; returns its rows."""
    rows = 0
    writer = None
    try:
        for table in groups:
            if writer is None:
                schema = table.schema
                few = [n for n in schema.names if n in _FEW_VALUES or n.startswith("segment_")]
                writer = parquet.ParquetWriter(
                    path,
                    schema,
                    compression="zstd",
                    use_dictionary=few,
                    write_statistics=["created_at", "mention_id"],
                )
            writer.write_table(table, row_group_size=GROUP_ROWS)
            rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return rows


def _keep_unmet(staging: Staging, answers: Answers, kept: Path, heard: Path) -> None:
    """Keep replies of the company to mentions that a later dump may bring."""
    tables = []
    for batch in read_answers(kept, heard):
        table = pa.Table.from_batches([batch]).filter(batch["company"])
        ids = column(table, "mention_id").to_pylist()
        if ids:
            tables.append(table.filter(pa.array(answers.unmet(ids))))
    unmet = pa.concat_tables([ANSWER_SCHEMA.empty_table(), *tables])
    if not unmet.num_rows and not kept.exists():
        return
    # of several answers to one mention the earliest; a table's own grouping takes long to load
    unmet = unmet.sort_by([("mention_id", "ascending"), ("answered_at", "ascending")])
    ids = column(unmet, "mention_id")
    first = np.ones(len(ids), bool)
    first[1:] = pc.not_equal(ids.slice(1), ids.slice(0, max(0, len(ids) - 1)))
    unmet = unmet.filter(pa.array(first))
    status = ANSWER_SCHEMA.get_field_index("status")
    unmet = unmet.set_column(status, ANSWER_SCHEMA.field(status), pa.nulls(len(unmet), pa.string()))
    parquet.write_table(unmet, staging.final(ANSWERS), compression="zstd")
