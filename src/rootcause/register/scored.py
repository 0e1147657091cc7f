"""The scored mentions that a register's ids point to: reading some, erasing some."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from rootcause.errors import DataError
from rootcause.files import csv_rows, write_bytes, write_text
from rootcause.register.voices import voice_of

# What stays of an erased mention: no text, no person, and the id, so that scoring the same dump
# again does not bring it back.
_KEPT = (
    "mention_id", "week", "label", "decision", "model_id", "duplicate_of", "channel", "brand",
    "language", "status",
)  # fmt: skip
_FIXED = {"text": "", "label": "other", "is_complaint": False, "needs_reply": False}


def part_files(scored: Path) -> list[Path]:
    """Return the Parquet files of a scored folder (or the one file); raises DataError if none."""
    files = [scored] if scored.is_file() else sorted(scored.glob("week=*/*.parquet"))
    if not files:
        raise DataError(f"{scored} holds no scored mentions; make them with `rootcause score`")
    return files


def read_mentions_by_id(
    scored: Path, mention_ids: Collection[str], columns: Sequence[str]
) -> pa.Table:
    """Return one row per id that is there; a column that the files lack is null."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(sorted(mention_ids), pa.string())
    tables = []
    seen: set[str] = set()  # a part that no manifest names may hold a row again
    for path in part_files(scored):
        with _readable(path):
            file = pq.ParquetFile(path)
            present = [name for name in columns if name in file.schema_arrow.names]
            table = file.read(columns=present)
        rows = table.filter(pc.is_in(table["mention_id"], value_set=wanted))
        ids = rows["mention_id"].to_pylist()
        fresh = [i for i, mention in enumerate(ids) if mention not in seen]
        seen.update(ids)
        if fresh:
            tables.append(rows.take(pa.array(fresh)))
    table = pa.concat_tables(tables, promote_options="default") if tables else None
    if table is None:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    for name in columns:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table.select(columns)


def erase(scored: Path, *, author: str | None, mention_id: str | None) -> tuple[int, list[str]]:
    """Erase text and author of matching rows; return how many there were and their ids.

    Each file is replaced whole or not at all. A row keeps its id, its week and its place in the
    counts of mentions read; it is no complaint any more and has no vector. Raw rows that name the
    person or the mention go from `_rejects.csv`. Raises DataError while a run of `score` into the
    folder is unfinished.
    """
    import pyarrow.parquet as pq

    files = part_files(scored)
    if scored.is_dir() and any(scored.glob("_scoring-*")):
        # its drafts hold texts too, and would bring them back
        raise DataError(f"scoring into {scored} is not finished; run the same score again first")
    voice = voice_of(author, "") if author else None
    erased: list[str] = []
    for path in files:
        with _readable(path):
            file = pq.ParquetFile(path)
            people = file.read(columns=["mention_id", "author"])
            hit = [
                (mention_id is not None and mention == mention_id)
                or (voice is not None and bool(name) and voice_of(name, "") == voice)
                for mention, name in zip(*(c.to_pylist() for c in people.columns), strict=True)
            ]
            if not any(hit):
                continue
            table = _blank(file.read(), hit)
            compression = file.metadata.row_group(0).column(0).compression
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, compression=compression)
        write_bytes(path, sink.getvalue().to_pybytes())
        erased += [
            mention for mention, is_hit in zip(people[0].to_pylist(), hit, strict=True) if is_hit
        ]
    if scored.is_dir():
        _erase_rejects(scored / "_rejects.csv", [author, mention_id])
    return len(erased), erased


def _blank(table: pa.Table, hit: Sequence[bool]) -> pa.Table:
    import pyarrow.compute as pc

    mask = pa.array(hit)
    for place, field in enumerate(table.schema):
        if field.name in _FIXED:
            value = pa.scalar(_FIXED[field.name], field.type)
        elif field.name in _KEPT or field.name.startswith("segment_") or not field.nullable:
            continue
        elif pa.types.is_string(field.type) or pa.types.is_nested(field.type):
            value = pa.scalar(None, field.type)
        else:
            continue
        if pa.types.is_nested(field.type):  # if_else does not take fixed-size lists
            rows = table.column(place).to_pylist()
            column = pa.array(
                [None if gone else row for row, gone in zip(rows, hit, strict=True)], field.type
            )
        else:
            column = pc.if_else(mask, value, table.column(place))
        table = table.set_column(place, field, column)
    return table


def _erase_rejects(path: Path, names: Sequence[str | None]) -> None:
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    needles = [re.escape(name.lstrip("@")) for name in names if name]
    named = re.compile(rf"(?<!\w)(?:{'|'.join(needles)})(?!\w)", re.IGNORECASE)
    changed = False
    for row in rows[1:]:
        if any(named.search(cell) for cell in row[3:]):
            row[3:] = [""] * len(row[3:])
            changed = True
    if changed:
        write_text(path, csv_rows(rows[0], rows[1:]), excel=text.startswith("\ufeff"))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowKeyError, KeyError) as error:
        raise DataError(
            f"{path} is not a file of scored mentions ({error}); score the dump again"
        ) from error


def iter_rows(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a table as tuples."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
