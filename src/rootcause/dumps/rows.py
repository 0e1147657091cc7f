"""What every format turns into: chunks of rows whose columns can be asked for by header."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import pyarrow as pa

# A value as a format gives it: text, number, time, list, object or None.
Cell = Any

# Raw rows beyond this many characters are cut where a reject shows them.
RAW_LIMIT = 10_000
# One cell may hold this many characters.
FIELD_LIMIT = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A row that cannot be used: `row` is the line or record number, from 1, in the file."""

    file: str
    row: int
    reason: str
    raw: str


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A row that the format itself could not give."""

    row: int
    reason: str
    raw: str


class Chunk(Protocol):
    """Some rows of a dump."""

    numbers: Sequence[int]
    bad: list[Bad]

    def column(self, header: str) -> list[Any]:
        """Return the cells under a header, one per row; None where there is none."""
        ...

    def width(self, index: int) -> int | None:
        """Return how many cells a row cut short has; None for a whole row."""
        ...

    def blank(self, index: int) -> bool:
        """Tell whether no cell of a row is filled."""
        ...

    def raw(self, index: int) -> str:
        """Return a row as text, cut to RAW_LIMIT."""
        ...


class Table(Protocol):
    """An open dump of one format: its headers, and its rows to be read once, in order."""

    format: str
    headers: list[str]
    facts: dict[str, str]
    # the share of rows given so far, None where bytes read tell as much
    given: float | None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows."""
        ...


@dataclass(kw_only=True)
class Cells:
    """Rows as sequences of cells (CSV, XLSX)."""

    places: Mapping[str, int]
    rows: list[Sequence[Any]]
    numbers: Sequence[int]
    bad: list[Bad] = field(default_factory=list)
    short: dict[int, int] = field(default_factory=dict)

    def column(self, header: str) -> list[Any]:
        """Return the cells under a header."""
        place = self.places[header]
        return [row[place] for row in self.rows]

    def width(self, index: int) -> int | None:
        """Return how many cells a row cut short has."""
        return self.short.get(index)

    def blank(self, index: int) -> bool:
        """Tell whether no cell of a row is filled."""
        return not any(cell is not None and str(cell).strip() for cell in self.rows[index])

    def raw(self, index: int) -> str:
        """Return a row as a CSV line."""
        return csv_line(self.rows[index][: self.short.get(index)])


@dataclass(kw_only=True)
class Records:
    """Rows as JSON objects; a header is a path with dots."""

    rows: list[dict[str, Any]]
    numbers: Sequence[int]
    bad: list[Bad] = field(default_factory=list)

    def column(self, header: str) -> list[Any]:
        """Return the values at a path, None where it leads nowhere."""
        rows = self.rows
        if "." not in header or any(header in row for row in rows[:1]):
            return [row.get(header) for row in rows]
        return [at_path(row, header) for row in rows]

    def width(self, index: int) -> int | None:
        """Objects have no width."""
        return None

    def blank(self, index: int) -> bool:
        """Tell whether an object is empty."""
        return not self.rows[index]

    def raw(self, index: int) -> str:
        """Return a row as JSON."""
        return json_line(self.rows[index])


@dataclass(kw_only=True)
class Columns:
    """Rows as an Arrow batch (Parquet)."""

    batch: pa.RecordBatch
    numbers: Sequence[int]
    bad: list[Bad] = field(default_factory=list)

    def column(self, header: str) -> list[Any]:
        """Return the values of a column; times to the microsecond."""
        return arrow_values(self.batch.column(header))

    def width(self, index: int) -> int | None:
        """Batches have no ragged rows."""
        return None

    def blank(self, index: int) -> bool:
        """Rows of a typed table are never blank."""
        return False

    def raw(self, index: int) -> str:
        """Return a row as JSON."""
        one = self.batch.slice(index, 1)
        return json_line({n: arrow_values(one.column(n))[0] for n in one.schema.names})


def arrow_values(column: pa.Array) -> list[Any]:
    """Return an Arrow column as Python values; bytes that are not UTF-8 are replaced."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [v if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()]
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return arrow_values(column.cast(pa.large_binary()))


def at_path(row: Cell, path: str) -> Cell:
    """Return the value at a path such as `user.screen_name` or `record.langs.0`."""
    value = row
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def csv_line(cells: Sequence[Any]) -> str:
    """Return cells as one CSV row, cut to RAW_LIMIT."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow([str(cell)[:RAW_LIMIT] for cell in cells])
    return shorten(stream.getvalue())


def json_line(value: Cell) -> str:
    """Return a value as JSON on one line, cut to RAW_LIMIT."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        text = repr(type(value))
    return shorten(text.encode("utf-8", "replace").decode())


def shorten(text: str) -> str:
    """Return `text`, cut to RAW_LIMIT with its length told."""
    if len(text) <= RAW_LIMIT:
        return text
    return f"{text[:RAW_LIMIT]}… ({len(text):,} characters)"


def as_text(value: Cell) -> str | None:
    """Return a cell as text: whole floats without `.0`, lists of one as their item."""
    match value:
        case None | str():
            return value
        case bool():
            text = "true" if value else "false"
        case float():
            if math.isnan(value):
                return None
            text = str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
        case datetime() | date():
            text = value.isoformat()
        case []:
            return None
        case [one]:
            return as_text(one)
        case list() | dict():
            text = json_line(value)
        case _:
            text = str(value)
    return text
