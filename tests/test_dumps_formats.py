"""The same mentions come out of every format, delimiter, encoding and compression."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dumps_helpers import read, texts, write, write_xlsx
from rootcause.dumps import read_mentions
from rootcause.errors import DataError, UsageError
from rootcause.records import MENTION_SCHEMA

ROWS = [
    ("a1", "2026-01-31T10:00:00Z", "caf\u00e9 wifi, down\nagain; why|how", "jo"),
    ("a2", "2026-01-30T10:00:00Z", 'he said "wait"', "bo"),
    ("a3", "2026-01-29T10:00:00Z", "plain", "mo"),
]
NAMES = ["id", "created_at", "text", "author"]


def as_csv(delimiter: str = ",") -> str:
    lines = [delimiter.join(NAMES)]
    for row in ROWS:
        lines.append(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row))
    return "\r\n".join(lines) + "\r\n"


def as_objects() -> list[dict[str, str]]:
    return [dict(zip(NAMES, row, strict=True)) for row in ROWS]


def check(path: Path, **options: object) -> None:
    rows, reader = read(path, **options)
    assert [(r["mention_id"], r["text"], r["author"]) for r in rows] == [
        (a, c, d) for a, _, c, d in ROWS
    ]
    assert rows[0]["created_at"].isoformat() == "2026-01-31T10:00:00+00:00"
    assert not reader.rejects


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(tmp_path, delimiter) -> None:
    check(write(tmp_path, "d.txt", as_csv(delimiter)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_are_guessed(tmp_path, encoding) -> None:
    check(write(tmp_path, "d.csv", as_csv().encode(encoding)))


def test_encoding_can_be_declared(tmp_path) -> None:
    check(write(tmp_path, "d.csv", as_csv().encode("mac-roman")), encoding="mac-roman")
    with pytest.raises(UsageError, match="encoding 'klingon' is unknown"):
        read(tmp_path / "d.csv", encoding="klingon")


def test_cp1252_that_shows_late(tmp_path) -> None:
    body = b"text\n" + b"plain words\n" * 120_000 + b"caf\xe9 by the sea\n"
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert rows[-1]["text"] == "café by the sea"
    assert reader.files[0].encoding == "cp1252"


def test_a_few_bad_bytes_in_utf8_are_replaced_and_noted(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", "text\ncafé olé Übung\n".encode() + b"a\xffb\n"))
    assert texts(rows) == ["café olé Übung", "a\ufffdb"]
    assert any("could not be decoded" in note for note in reader.files[0].notes)


def test_json_forms(tmp_path) -> None:
    objects = as_objects()
    check(write(tmp_path, "a.json", json.dumps(objects)))
    check(write(tmp_path, "b.json", json.dumps(objects, indent=2)))
    check(write(tmp_path, "c.jsonl", "\n".join(map(json.dumps, objects))))
    check(write(tmp_path, "d.json", "\n".join(json.dumps(o, indent=1) for o in objects)))
    check(write(tmp_path, "e.json", json.dumps({"meta": 1, "results": objects})))
    check(write(tmp_path, "f.jsonl", "\n".join(map(json.dumps, objects)).encode("utf-16")))


def test_parquet_with_times_and_nested_columns(tmp_path) -> None:
    table = pa.Table.from_pylist(as_objects())
    pq.write_table(table, tmp_path / "a.parquet")
    check(tmp_path / "a.parquet")
    nested = pa.table(
        {
            "id": pa.array([1, 2]),
            "user": pa.array([{"screen_name": "x"}, None]),
            "text": pa.array(["one", "two"]).dictionary_encode(),
            "created_at": pa.array([1_700_000_000_000_000_001, None], pa.timestamp("ns")),
        }
    )
    pq.write_table(nested, tmp_path / "b.parquet")
    rows, _ = read(tmp_path / "b.parquet", columns={"author": "user.screen_name"})
    assert [(r["mention_id"], r["author"]) for r in rows] == [("1", "x"), ("2", None)]
    assert rows[0]["created_at"].isoformat() == "2023-11-14T22:13:20+00:00"
    assert rows[1]["created_at"] is None


def test_workbook(tmp_path) -> None:
    check(write_xlsx(tmp_path / "a.xlsx", [NAMES, *map(list, ROWS)]))


def test_workbook_without_the_extra(tmp_path, monkeypatch) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [NAMES])
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(UsageError, match=r"rootcause\[xlsx\]"):
        read(path)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx"])
@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_compression_is_told_by_content(tmp_path, kind, packing) -> None:
    plain = tmp_path / "plain"
    if kind == "csv":
        plain.write_text(as_csv(), newline="")
    elif kind == "jsonl":
        plain.write_text("\n".join(map(json.dumps, as_objects())))
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(as_objects()), plain)
    else:
        write_xlsx(plain, [NAMES, *map(list, ROWS)])
    data = plain.read_bytes()
    packed = gzip.compress(data) if packing == "gzip" else pa.Codec("zstd").compress(data)
    # the name says nothing
    check(write(tmp_path, "dump", packed if packing == "gzip" else packed.to_pybytes()))


def test_gzip_of_several_members(tmp_path) -> None:
    data = as_csv().encode()
    check(write(tmp_path, "d.gz", gzip.compress(data[:50]) + gzip.compress(data[50:])))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_stdin(monkeypatch, kind) -> None:
    data = as_csv().encode()
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(as_objects()), sink)
        data = sink.getvalue()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    check("-")  # type: ignore[arg-type]


def test_globs_and_several_files_in_order(tmp_path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path, f"{name}.csv", f"text\nfrom {name}\n")
    rows, reader = read([tmp_path / "c.csv", str(tmp_path / "*.csv")])
    assert texts(rows) == ["from c", "from a", "from b"]
    assert len(reader.files) == 3
    with pytest.raises(DataError, match="no file matches"):
        read_mentions(str(tmp_path / "*.parquet"))
    with pytest.raises(DataError, match="does not exist"):
        read_mentions(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_mentions(tmp_path)


def test_links_are_read_as_files_and_odd_names_stay_on_one_line(tmp_path) -> None:
    target = write(tmp_path, "real.csv", "text\nhello\n")
    (tmp_path / "two\nlines.csv").symlink_to(target)
    rows, reader = read(tmp_path / "two\nlines.csv")
    assert texts(rows) == ["hello"]
    assert "\n" not in reader.files[0].file
    assert "\\n" in reader.files[0].file


def test_a_pattern_follows_no_link_out_of_its_folder(tmp_path) -> None:
    (tmp_path / "private").mkdir()
    secret = write(tmp_path / "private", "secret.csv", "text\nnot for you\n")
    (tmp_path / "exports").mkdir()
    here = write(tmp_path / "exports", "a.csv", "text\nhello\n")
    (tmp_path / "exports" / "b.csv").symlink_to(here)
    assert len(read(tmp_path / "exports" / "*.csv")[0]) == 2
    (tmp_path / "exports" / "c.csv").symlink_to(secret)
    with pytest.raises(DataError, match=r"c\.csv is a link to .*secret\.csv, out of its folder"):
        read(tmp_path / "exports" / "*.csv")
    _, reader = read(tmp_path / "exports" / "c.csv")
    assert any(note.startswith("a link to ") for note in reader.files[0].notes)


def test_facts_of_a_file(tmp_path) -> None:
    import hashlib

    data = gzip.compress(as_csv().encode())
    _, reader = read(write(tmp_path, "d.csv.gz", data))
    facts = reader.files[0]
    assert facts.size == len(data)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert facts.compression == "gzip"
    assert facts.columns["text"] == "text"
    assert (facts.read, facts.mentions, facts.rejected) == (3, 3, 0)


def test_segments_and_named_columns(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "Region,What they said,vector,label\nNorth,hi there,1,2\n")
    rows, reader = read(path, columns={"text": "what they said"}, segments=["Region", "vector"])
    assert reader.schema.names == [*MENTION_SCHEMA.names, "segment_Region", "segment_vector"]
    assert (rows[0]["segment_Region"], rows[0]["segment_vector"]) == ("North", "1")
    with pytest.raises(DataError, match="no column 'Moon' for --segment; it has 'Region'"):
        read(path, columns={"text": "What they said"}, segments=["Moon"])
    with pytest.raises(DataError, match="no column 'Body' for text"):
        read(path, columns={"text": "Body"})
    with pytest.raises(DataError, match="--column text=HEADER"):
        read(path)
    with pytest.raises(UsageError, match="no column is called 'texxt'"):
        read(path, columns={"texxt": "Region"})


def test_two_columns_named_as_one_text(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "Betreff X,Body X\nNo signal,at home\n")
    assert texts(read(path, columns={"text": "Betreff X+Body X"})[0]) == ["No signal\nat home"]


def test_thousands_of_columns(tmp_path) -> None:
    wide = [f"field {i}" for i in range(4_000)]
    lines = [",".join([*wide, "text"]), *(",".join(["x"] * 4_000 + [f"t{i}"]) for i in range(50))]
    rows, _ = read(write(tmp_path, "d.csv", "\n".join(lines)))
    assert texts(rows) == [f"t{i}" for i in range(50)]


def test_batches_have_at_most_batch_size_rows(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text\n" + "words here\n" * 1_000)
    reader = read_mentions(path, batch_size=64)
    sizes = [batch.num_rows for batch in reader]
    assert max(sizes) == 64
    assert sum(sizes) == reader.read == 1_000


def test_empty_files_are_noted(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", ""))
    assert rows == []
    assert "the file has no rows" in reader.files[0].notes
    assert read(write(tmp_path, "e.csv", "text,date\n"))[0] == []
    assert read(write(tmp_path, "f.json", "[]"))[0] == []


@pytest.mark.parametrize("kind", ["csv", "jsonl.gz", "parquet"])
def test_how_far_reading_is_can_be_asked(tmp_path, kind) -> None:
    rows = [{"id": str(i), "text": random.randbytes(60).hex()} for i in range(60_000)]
    path = tmp_path / f"d.{kind}"
    if kind == "csv":
        path.write_text("id,text\n" + "".join(f"{r['id']},{r['text']}\n" for r in rows))
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in rows).encode(), 1))
    size = path.stat().st_size
    reader = read_mentions(path)
    places = [reader.position for _ in reader]
    assert places == sorted(places)
    assert 0 < places[0] < size
    assert len(set(places)) > 2
    assert reader.position == size
