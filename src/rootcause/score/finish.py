"""Scored chunks to finished parts: week by week, with copies and answers filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from rootcause.score.batch import FINGERPRINT, column, fingerprints
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
class ChunkPiece:
    """One week's rows in a chunk of this run."""

    path: Path
    batch: int
    rows: int

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return these columns (default: all) of the rows."""
        with pa.OSFile(str(self.path)) as source:
            fields = None
            if columns is not None:
                with pa.ipc.open_file(source) as reader:
                    fields = [reader.schema.get_field_index(name) for name in columns]
                source.seek(0)
            options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=False)
            with pa.ipc.open_file(source, options=options) as reader:
                return pa.Table.from_batches([reader.get_batch(self.batch)])


@dataclass(frozen=True, kw_only=True)
class PartPiece:
    """A finished part of an earlier run."""

    path: Path
    rows: int

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return these columns of the rows; fingerprints are made anew."""
        if columns is not None and FINGERPRINT in columns:
            texts = self.read(["text"])["text"].to_pylist()
            return pa.table({FINGERPRINT: fingerprints(texts)})
        with parquet.ParquetFile(self.path) as part:
            return part.read(columns=None if columns is None else list(columns))


def chunk_weeks(path: Path) -> list[tuple[str, ChunkPiece]]:
    """Return the weeks in a chunk file and where their rows are."""
    found = []
    with pa.OSFile(str(path)) as source:
        with pa.ipc.open_file(source) as reader:
            at, count = reader.schema.get_field_index("week"), reader.num_record_batches
        source.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=[at], use_threads=False)
        with pa.ipc.open_file(source, options=options) as reader:
            for number in range(count):
                weeks = reader.get_batch(number)["week"]
                piece = ChunkPiece(path=path, batch=number, rows=len(weeks))
                found.append((weeks[0].as_py(), piece))
    return found


def pieces_by_week(staging: Staging, chunks: int) -> dict[str, list[ChunkPiece]]:
    """Return the pieces of each week, in order of chunks; weeks sorted."""
    weeks: dict[str, list[ChunkPiece]] = {}
    for number in range(chunks):
        for week, piece in chunk_weeks(staging.chunk(number)):
            weeks.setdefault(week, []).append(piece)
    return dict(sorted(weeks.items()))


def read_answers(*sources: Path) -> Iterator[pa.RecordBatch]:
    """Yield the answers kept in Arrow streams and Parquet files."""
    for path in sources:
        if not path.exists():
            continue
        if path.suffix == ".parquet":
            with parquet.ParquetFile(path) as kept:
                yield from kept.iter_batches()
        else:
            with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as reader:
                yield from reader


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
    # results do not depend on which thread writes which week
    with ThreadPoolExecutor(jobs) as pool:
        made = list(
            pool.map(
                lambda week: _write_week(staging, week, weeks.get(week, ()), earlier, answers),
                touched,
            )
        )
    changed = any(rewritten for _, rewritten in made)
    parts |= {week: named for week, (named, _) in zip(touched, made, strict=True)}
    _keep_unmet(staging, answers, kept, heard)
    return Finished(parts=parts, changed=changed)


def _write_week(
    staging: Staging,
    week: str,
    new: Sequence[ChunkPiece],
    earlier: Scored | None,
    answers: Answers,
) -> tuple[tuple[Part, ...], bool]:
    """Return the parts of the week, and whether any was written."""
    parts = earlier.manifest.parts.get(week, ()) if earlier else ()
    paths = earlier.paths(week) if earlier else []
    old = [PartPiece(path=p, rows=part.rows) for p, part in zip(paths, parts, strict=True)]
    pieces: list[Piece] = [*old, *new]
    copies: Sequence[Copies | None] = find_copies(pieces) if new else [None] * len(old)
    changed = bool(new)
    for piece, own in zip(old, copies, strict=False):
        if _resolve(piece.read(_RESOLVED), own, answers) is not None:
            table = piece.read()
            table = _resolve(table, own, answers) or table
            starts = range(0, table.num_rows, GROUP_ROWS)
            slices = (table.slice(at, GROUP_ROWS) for at in starts)
            _write(staging, week, piece.path.name, slices)
            changed = True
    named = list(parts)
    number = 1 + max((int(part.name[5:10]) for part in named), default=-1)
    groups = _in_groups(new, copies[len(old) :], answers)
    while (first := next(groups, None)) is not None:
        name = f"part-{number:05d}.parquet"
        part = chain([first], islice(groups, PART_ROWS // GROUP_ROWS - 1))
        named.append(Part(name=name, rows=_write(staging, week, name, part)))
        number += 1
    return tuple(named), changed


def _resolve(table: pa.Table, copies: Copies | None, answers: Answers) -> pa.Table | None:
    """Return `table` with copies and answers, or None if nothing changes."""
    marked = with_copies(table, copies) if copies else None
    answered = answers.apply(table if marked is None else marked) if len(answers) else None
    return marked if answered is None else answered


def _in_groups(
    pieces: Sequence[ChunkPiece], copies: Sequence[Copies | None], answers: Answers
) -> Iterator[pa.Table]:
    """Yield tables of GROUP_ROWS rows, the last one smaller."""
    waiting: list[pa.Table] = []
    rows = 0
    for piece, own in zip(pieces, copies, strict=True):
        table = piece.read()
        table = _resolve(table, own, answers) or table
        waiting.append(table.drop_columns([FINGERPRINT, ROW]))
        rows += table.num_rows
        while rows >= GROUP_ROWS:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, GROUP_ROWS)
            waiting, rows = [whole.slice(GROUP_ROWS)], rows - GROUP_ROWS
    if rows:
        yield pa.concat_tables(waiting)


def _write(staging: Staging, week: str, name: str, groups: Iterable[pa.Table]) -> int:
    """Write a part, one row group per table; returns its rows."""
    path = staging.final(f"week={week}/{name}")
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
    by = [("mention_id", "ascending"), ("answered_at", "ascending")]
    unmet = unmet.group_by("mention_id").aggregate([("answered_at", "min")])
    unmet = pa.table(
        {
            "mention_id": unmet["mention_id"],
            "answered_at": unmet["answered_at_min"],
            "status": pa.nulls(unmet.num_rows, pa.string()),
            "company": pa.repeat(pa.scalar(True), unmet.num_rows),
        },
        schema=ANSWER_SCHEMA,
    ).sort_by(by)
    parquet.write_table(unmet, staging.final(ANSWERS), compression="zstd")
