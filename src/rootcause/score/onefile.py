"""Scored chunks to one CSV, JSON Lines or Parquet file, rows in the order of the dumps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from rootcause.files import csv_rows
from rootcause.score.batch import FINGERPRINT
from rootcause.score.pieces import pieces_by_week, read_answers
from rootcause.score.resolve import Answers, Copies, find_copies, with_copies
from rootcause.score.staging import Staging
from rootcause.score.worker import ROW

SUFFIXES = (".csv", ".jsonl", ".parquet")


def is_one_file(out: Path) -> bool:
    """Return whether `out` asks for one file."""
    return out.suffix.lower() in SUFFIXES


def write_one_file(staging: Staging, name: str, chunks: int, schema: pa.Schema) -> dict[str, int]:
    """Write `staging.final(name)`; returns the rows by week."""
    schema = pa.schema([f for f in schema if f.name not in (FINGERPRINT, ROW, "vector")])
    write = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[Path(name).suffix.lower()]
    weeks = pieces_by_week(staging, chunks)
    found: dict[tuple[Path, int], Copies] = {}
    for pieces in weeks.values():
        for piece, own in zip(pieces, find_copies(pieces), strict=True):
            found[piece.path, piece.batch] = own
    answers = Answers(read_answers(staging.scratch("answers.arrow")))

    def tables() -> Iterator[pa.Table]:
        by_chunk: dict[Path, list[Any]] = {}
        for pieces in weeks.values():
            for piece in pieces:
                by_chunk.setdefault(piece.path, []).append(piece)
        for path in sorted(by_chunk):
            parts = []
            for piece in by_chunk[path]:
                table = piece.read([*schema.names, ROW])
                marked = with_copies(table, found[piece.path, piece.batch])
                table = table if marked is None else marked
                answered = answers.apply(table) if len(answers) else None
                parts.append(table if answered is None else answered)
            yield pa.concat_tables(parts).sort_by(ROW).select(schema.names)

    write(staging.final(name), tables(), schema)
    return {week: sum(piece.rows for piece in pieces) for week, pieces in weeks.items()}


def _parquet(path: Path, tables: Iterator[pa.Table], schema: pa.Schema) -> None:
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)


def _csv(path: Path, tables: Iterator[pa.Table], schema: pa.Schema) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        stream.write(csv_rows(schema.names, ()))
        for table in tables:
            columns = [_plain(column) for column in table.columns]
            # csv_rows writes a header of its own; ours is there already
            text = csv_rows((), zip(*columns, strict=True))
            stream.write(text[len("\r\n") :])


def _jsonl(path: Path, tables: Iterator[pa.Table], schema: pa.Schema) -> None:
    dump: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode
    with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        for table in tables:
            columns = [_plain(column) for column in table.columns]
            for row in zip(*columns, strict=True):
                stream.write(dump(dict(zip(schema.names, row, strict=True))) + "\n")


def _plain(column: pa.ChunkedArray) -> Sequence[Any]:
    """Return the values as text and numbers: moments as ISO 8601, floats at their own width."""
    values: list[Any] = column.to_pylist()
    if pa.types.is_timestamp(column.type):
        return [None if v is None else _iso(v) for v in values]
    if pa.types.is_boolean(column.type):
        return values
    if pa.types.is_floating(column.type):
        return [None if v is None else float(f"{v:.6g}") for v in values]
    return values


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
