"""A file to a table: its format told by content, its first rows kept to decide on columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rootcause.dumps.decoding import guess_encoding
from rootcause.dumps.delimited import Delimited
from rootcause.dumps.jsons import JsonTable, looks_like_json
from rootcause.dumps.rows import Chunk, Table
from rootcause.dumps.sheets import ParquetTable, SheetTable
from rootcause.dumps.sources import Opened
from rootcause.errors import DataError

SAMPLE_ROWS = 10_000
_SAMPLE_CHUNKS = 12
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


def open_table(opened: Opened, *, encoding: str | None, known: frozenset[str]) -> Table:
    """Return the table that an open file holds, its format told by content."""
    head = opened.head
    if head.startswith(b"PAR1"):
        return ParquetTable(opened)
    if head.startswith((_ZIP, _OLE)):
        return SheetTable(opened, known=known)
    try:
        guess = encoding or guess_encoding(head)
        start = head[:4096].decode(guess, "replace")
    except (DataError, LookupError):
        start = ""
    if looks_like_json(start):
        return JsonTable(opened, encoding=encoding)
    return Delimited(opened, encoding=encoding, known=known)


@dataclass(kw_only=True)
class Sample:
    """The first chunks of a table, kept to decide on columns and to be read again."""

    chunks: list[Chunk]
    rest: Iterator[Chunk]
    complete: bool

    @classmethod
    def take(cls, table: Table) -> Sample:
        """Return the beginning of a table."""
        rest = table.chunks()
        chunks: list[Chunk] = []
        rows = 0
        while rows < SAMPLE_ROWS and len(chunks) < _SAMPLE_CHUNKS:
            chunk = next(rest, None)
            if chunk is None:
                return cls(chunks=chunks, rest=rest, complete=True)
            chunks.append(chunk)
            rows += len(chunk.numbers)
        return cls(chunks=chunks, rest=rest, complete=False)

    def values(self, header: str) -> list[Any]:
        """Return a header's cells in the sample."""
        return [value for chunk in self.chunks if chunk.numbers for value in chunk.column(header)]
