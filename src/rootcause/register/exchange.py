"""The register as JSON: a backup that any program can read, and back again, exactly."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rootcause.errors import DataError, UsageError
from rootcause.register.book import Register
from rootcause.register.database import one_line
from rootcause.register.migrations import MIGRATIONS, PAGE_BYTES, migrate

FORMAT = "rootcause-register"

# parents before children
TABLES = (
    "meta", "causes", "exemplars", "weeks", "assignments", "cause_weeks", "edges",
    "fixes", "pins", "log",
)  # fmt: skip


def export(register: Register) -> Iterator[str]:
    """Yield the register as JSON text, one row a line: equal registers give equal text.

    Vectors are base64 of little-endian float16.
    """
    layout = register.rows("PRAGMA user_version")[0][0]
    yield f'{{"format": "{FORMAT}", "layout": {layout}, "tables": {{\n'
    for place, table in enumerate(TABLES):
        columns = _columns(register, table)
        key = ", ".join(name for name, primary in columns if primary)
        names = [name for name, _ in columns]
        yield f'{json.dumps(table)}: {{"columns": {json.dumps(names)}, "rows": ['
        listed = ", ".join(names)
        query = f"SELECT {listed} FROM {table} ORDER BY {key}"  # noqa: S608 - our own names
        for number, row in enumerate(register.rows(query)):
            yield (",\n" if number else "\n") + json.dumps([_plain(cell) for cell in row],
                                                           ensure_ascii=False)  # fmt: skip
        yield "]}" + ("," if place < len(TABLES) - 1 else "") + "\n"
    yield "}}\n"


def load(source: Path, path: Path) -> Register:
    """Return a new register at `path` made from an export; the caller closes it.

    Raises UsageError if `path` exists, and DataError if the export is not one, is damaged or
    comes from a newer rootcause; then nothing is left at `path`.
    """
    if path.exists():
        raise UsageError(f"register {path} exists; move it away, or name another with --register")
    try:
        with source.open(encoding="utf-8") as stream:
            data = json.load(stream)
    except FileNotFoundError:
        raise DataError(f"export {source} does not exist") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"export {source} is not JSON ({error}); export it again") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise DataError(f"{source} is not an export of a register; make one with `causes export`")
    layout = data.get("layout")
    if not isinstance(layout, int) or not 1 <= layout <= len(MIGRATIONS):
        raise DataError(
            f"export {source} has layout {layout}, this rootcause knows 1 to {len(MIGRATIONS)}; "
            "upgrade rootcause"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.import")
    draft.unlink(missing_ok=True)
    try:
        with one_line(draft):
            connection = sqlite3.connect(draft, isolation_level=None)
            try:
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                # as old as the export, filled, then brought up to date like any old register
                migrate(connection, str(draft), upto=layout)
                _fill(connection, data["tables"], source)
            finally:
                connection.close()
        Register.open(draft).close()  # WAL is emptied into the file on closing
        draft.rename(path)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"export {source} is damaged ({error}); export it again") from error
    finally:
        for end in ("", "-wal", "-shm"):
            draft.with_name(draft.name + end).unlink(missing_ok=True)
    return Register.open(path)


def _fill(connection: sqlite3.Connection, tables: dict[str, Any], source: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("PRAGMA defer_foreign_keys = ON")
    for table in TABLES:
        if table not in tables:
            continue
        known = [row[1:3] for row in connection.execute(f"PRAGMA table_info({table})")]
        names = tables[table]["columns"]
        if names != [name for name, _ in known]:
            raise DataError(f"table {table} of export {source} has other columns; export it again")
        binary = [kind == "BLOB" for _, kind in known]
        marks = ", ".join("?" * len(names))
        connection.executemany(
            f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608 - our own names
            (
                [base64.b64decode(cell, validate=True) if blob else cell
                 for cell, blob in zip(row, binary, strict=True)]
                for row in tables[table]["rows"]
            ),
        )  # fmt: skip
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise DataError(f"export {source} lacks rows that others point to; export it again")
    connection.execute("COMMIT")


def _columns(register: Register, table: str) -> list[tuple[str, int]]:
    return [(row[1], row[5]) for row in register.rows(f"PRAGMA table_info({table})")]


def _plain(cell: object) -> object:
    return base64.b64encode(cell).decode() if isinstance(cell, bytes) else cell
