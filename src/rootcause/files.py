"""Files written whole or not at all, and CSV that opens in a spreadsheet without executing."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

# A cell that begins with one of these is a formula to a spreadsheet (OWASP, CSV injection), also
# in their full-width forms and behind spaces, which some spreadsheets drop.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# What a terminal or a spreadsheet would obey instead of show: controls but tab and line end,
# and marks that turn the direction of text; and lone surrogates, which no file can hold.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


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


def safe_cell(value: object) -> object:
    """Return `value` so that no spreadsheet or terminal obeys it; numbers stay numbers.

    A text that would be a formula gets an apostrophe before it; controls are dropped. Doing it
    twice changes nothing more.
    """
    if not isinstance(value, str):
        return value
    text = _OBEYED.sub("", value)
    if text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r")):
        text = "'" + text
    return text


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
