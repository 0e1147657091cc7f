"""Parquet and spreadsheets: formats that are read from their end, and so from a seekable file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any

import pyarrow as pa

from rootcause.dumps.rows import Cell, Cells, Columns, as_text
from rootcause.dumps.sniff import plain
from rootcause.dumps.sources import BLOCK, BOMB_RATIO, BOMB_SIZE, Opened
from rootcause.errors import DataError, UsageError

_BATCH_ROWS = 8_192
_BATCH_BYTES = 64 << 20
_SHEET_LIMIT = 1 << 30
_CHUNK_ROWS = 4_096
_HEADER_WITHIN = 40


class ParquetTable:
    """A Parquet file; nested columns are named by their path; rows are numbered from 1."""

    format = "parquet"
    given: float | None = 0.0

    def __init__(self, opened: Opened) -> None:
        import pyarrow.parquet as pq

        self._name = opened.name
        self._handle = opened.spooled()
        try:
            self._file = pq.ParquetFile(self._handle)
            self.headers = [*_leaves(self._file.schema_arrow)]
            self._flat = [f.name for f in self._file.schema_arrow if not _nested(f.type)]
        except (pa.ArrowException, OSError) as error:
            self._handle.close()
            raise _damaged(opened.name, error) from None
        self.facts: dict[str, str] = {}

    def chunks(self) -> Iterator[Columns]:
        """Yield the rows. Raises DataError where the file is damaged."""
        meta = self._file.metadata
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        rows = max(64, min(_BATCH_ROWS, _BATCH_BYTES * max(meta.num_rows, 1) // max(size, 1)))
        number = 1
        try:
            for batch in self._file.iter_batches(batch_size=rows):
                flat = _flattened(batch)
                yield Columns(batch=flat, numbers=range(number, number + flat.num_rows))
                number += flat.num_rows
                self.given = (number - 1) / meta.num_rows
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self._name, error) from None
        finally:
            self._handle.close()


def _damaged(name: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0][:200]
    return DataError(f"{name} is a damaged Parquet file: {reason}; export it again")


def _nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind))


def _leaves(schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        if _nested(field.type):
            yield from (f"{field.name}.{leaf}" for leaf in _leaves(pa.schema(list(field.type))))
        else:
            yield field.name


def _flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
    table = pa.Table.from_batches([batch])
    while any(_nested(field.type) for field in table.schema):
        table = table.flatten()
    names = list(dict.fromkeys(table.column_names))
    arrays = [table.column(table.column_names.index(name)).combine_chunks() for name in names]
    plain_arrays = [a.chunk(0) if isinstance(a, pa.ChunkedArray) else a for a in arrays]
    return pa.RecordBatch.from_arrays(plain_arrays, names=names)


class SheetTable:
    """The first sheet of a workbook (XLSX, XLS, ODS) that has a header we know.

    Rows are numbered as the spreadsheet numbers them.
    """

    format = "xlsx"
    given: float | None = None

    def __init__(self, opened: Opened, *, known: Iterable[str]) -> None:
        try:
            import python_calamine as calamine
        except ImportError:
            raise UsageError(
                f"{opened.name} is a workbook, which needs an extra; "
                "install it with pip install 'rootcause[xlsx]', or save the sheet as CSV"
            ) from None
        names = frozenset(known)
        handle = opened.spooled()
        try:
            _check_zip(handle, opened.name)
            book = calamine.CalamineWorkbook.from_filelike(handle)
            sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        except (calamine.CalamineError, OSError, ValueError) as error:
            reason = str(error).splitlines()[0][:200]
            raise DataError(f"{opened.name} is a damaged workbook: {reason}") from None
        finally:
            handle.close()
        best: tuple[int, int, Any] = (-1, 0, None)
        title = ""
        for name, sheet in sheets:
            hits, index = _header(sheet, names)
            if hits > best[0]:
                best, title = (hits, index, sheet), name
        _, self._index, self._sheet = best
        header: list[Any] = []
        if self._sheet is not None:
            for place, row in enumerate(self._sheet.iter_rows()):
                if place == self._index:
                    header = row
                    break
        cells = [(as_text(cell) or "").strip() for cell in header]
        self._places = {name: at for at, name in reversed(list(enumerate(cells))) if name}
        self.headers = [name for name in dict.fromkeys(cells) if name]
        self._top = (self._sheet.start or (0, 0))[0] + 1 if self._sheet is not None else 1
        self.facts = {"sheet": title, "header": f"row {self._top + self._index}"}

    def chunks(self) -> Iterator[Cells]:
        """Yield the rows below the header, without the empty ones."""
        rows: list[Any] = []
        numbers: list[int] = []
        if self._sheet is None:
            return
        for place, row in enumerate(self._sheet.iter_rows()):
            if place <= self._index or not any(cell not in ("", None) for cell in row):
                continue
            rows.append(row)
            numbers.append(self._top + place)
            if len(rows) >= _CHUNK_ROWS:
                yield Cells(places=self._places, rows=rows, numbers=numbers)
                rows, numbers = [], []
        yield Cells(places=self._places, rows=rows, numbers=numbers)


def _header(sheet: Cell, names: frozenset[str]) -> tuple[int, int]:
    """Return (known headers, index) of the row that has most of them."""
    best = (-1, 0)
    for index, row in enumerate(sheet.iter_rows()):
        if index >= _HEADER_WITHIN:
            break
        hits = len({plain(cell) for cell in row if isinstance(cell, str)} & names)
        if hits > best[0]:
            best = (hits, index)
    return best


def _check_zip(handle: IO[bytes], name: str) -> None:
    """Unpack a zipped workbook once, in blocks, so that no bomb reaches the library."""
    if handle.read(2) != b"PK":
        handle.seek(0)
        return
    try:
        with zipfile.ZipFile(handle) as archive:
            packed = sum(info.compress_size for info in archive.infolist())
            size = 0
            for info in archive.infolist():
                with archive.open(info) as member:
                    while block := member.read(BLOCK):
                        size += len(block)
                        if size > _SHEET_LIMIT or (
                            size > BOMB_SIZE and size > BOMB_RATIO * max(packed, 1)
                        ):
                            raise DataError(
                                f"{name} unpacks to over {size >> 20} MB; save its sheet as CSV"
                            )
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise DataError(f"{name} is a damaged or locked workbook: {error}") from None
    handle.seek(0)
