"""Rows of one week that lie together in one file: in a chunk of this run, in a finished part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from rootcause.score.batch import FINGERPRINT, fingerprints
from rootcause.score.staging import Staging


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
