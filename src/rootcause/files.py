"""Files written whole or not at all, and CSV that opens in a spreadsheet without executing."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

# A cell that begins with one of these is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` under a temporary name beside `path`, then rename it over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, excel: bool = False) -> None:
    """Write `text` as UTF-8, whole or not at all; `excel` adds the mark that Excel needs."""
    write_bytes(path, text.encode("utf-8-sig" if excel else "utf-8"))


def safe_cell(value: Any) -> Any:
    """Return `value` so that no spreadsheet takes it for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return CSV text with CRLF line ends; None is empty, formulas are neutralised."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in row])
    return stream.getvalue()


def csv_text(table: pa.Table) -> str:
    """Return an Arrow table as CSV text (see `csv_rows`)."""
    return csv_rows(table.column_names, zip(*(c.to_pylist() for c in table.columns), strict=True))
