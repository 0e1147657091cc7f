"""The same mentions come out whatever the order of columns, the delimiter or the encoding."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dumps_helpers import read
from rootcause.dumps import read_mentions
from rootcause.errors import DataError

# what every encoding below can hold; \r\n inside cells is kept as it stands
_CELL = st.text("ab é\"',;|\t\n.0", min_size=1, max_size=12).map(lambda text: f"x{text}x")
_ROWS = st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=12)
_NAMES = ["id", "text", "author", "date"]


def _mentions(data: bytes, **options: object) -> list[tuple[object, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data)
        rows, reader = read(path, **options)
        assert not reader.rejects
    keys = ("mention_id", "text", "author", "created_at")
    return [tuple(row[key] for key in keys) for row in rows]


def _csv(rows: list[list[str]], order: list[int], delimiter: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow([_NAMES[i] for i in order])
    writer.writerows([row[i] for i in order] for row in rows)
    return stream.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    _ROWS,
    st.permutations(range(4)),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.integers(1, 5),
)
def test_same_mentions_in_every_dress(cells, order, delimiter, encoding, batch_size) -> None:
    rows = [[f"id{i}", text, author, "2026-01-02"] for i, (text, author) in enumerate(cells)]
    plain = _mentions(_csv(rows, [0, 1, 2, 3], ",").encode())
    assert [mention[1] for mention in plain] == [row[1] for row in rows]
    dressed = _csv(rows, order, delimiter).encode(encoding)
    assert _mentions(dressed, batch_size=batch_size) == plain
    lines = "\n".join(json.dumps(dict(zip(_NAMES, row, strict=True))) for row in rows)
    assert _mentions(lines.encode()) == plain
    array = json.dumps([dict(zip(_NAMES, row, strict=True)) for row in rows])
    assert _mentions(array.encode()) == plain


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text('{}[]":,\n\r\t;|abc \0é0', max_size=200).map(str.encode),
        st.text('",\nab', max_size=200).map(lambda s: b"id,text\n" + s.encode()),
        st.text('{}[]":,ab', max_size=100).map(lambda s: b'[{"text":"a"},' + s.encode()),
    ),
)
def test_any_bytes_reconcile_or_end_in_one_line(data) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump"
        path.write_bytes(data)
        reader = read_mentions(path)
        try:
            batches: list[pa.RecordBatch] = list(reader)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert reader.read == sum(b.num_rows for b in batches) + len(reader.rejects)
            assert all(file.read == file.mentions + file.rejected for file in reader.files)
