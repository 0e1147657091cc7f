"""Broken and hostile dumps: every row is a mention or a reject, memory stays bounded."""

from __future__ import annotations

import csv
import gzip
import io
import json
import resource
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dumps_helpers import read, texts, write
from rootcause.dumps import read_mentions
from rootcause.errors import DataError


def _reasons(reader) -> list[tuple[int, str]]:
    return [(r.row, r.reason.split(":")[0]) for r in reader.rejects]


def test_one_stray_quote_costs_one_row(tmp_path) -> None:
    body = 'id,text\n1,fine\n2,"never closed\n3,fine too\n4,"quoted, well"\n5,last\n'
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert texts(rows) == ["fine", "fine too", "quoted, well", "last"]
    assert _reasons(reader) == [(3, "broken quotes")]
    assert reader.rejects[0].raw == '2,"never closed'


def test_a_quote_open_to_the_end_of_the_file(tmp_path) -> None:
    body = 'id,text\n1,fine\n2,"never closed\n' + "".join(f"{i},row {i}\n" for i in range(3, 999))
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert len(rows) == 997
    assert _reasons(reader) == [(3, "broken quotes")]


def test_quotes_inside_a_cell_are_read_as_they_stand(tmp_path) -> None:
    body = 'id,text,x\n1,she said "no" twice,a\n2,"they "promised" me",b\n'
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert rows[0]["text"] == 'she said "no" twice'
    assert "promised" in rows[1]["text"]
    assert not reader.rejects


def test_backslash_escapes_are_noticed(tmp_path) -> None:
    body = 'id,text,x\n1,"she said \\"no, thanks\\" twice",a\n2,"and \\"again\\", twice",b\n'
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert texts(rows) == ['she said "no, thanks" twice', 'and "again", twice']
    assert not reader.rejects


def test_rows_of_another_width(tmp_path) -> None:
    body = "id,date,text,note\n1,2026-01-02,a,b\n2,2026-01-02,a,b,c\n3,2026-01-02,short\n4\n,,,\n\n"
    body += "5,2026-01-02,end,n,,\n"
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert texts(rows) == ["a", "short", "end"]
    assert _reasons(reader) == [(3, "wrong number of cells"), (5, "wrong number of cells")]
    assert reader.rejects[1].raw == "4"


def test_repeated_headers_of_joined_files_are_skipped(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", "id,text\n1,a b\nid,text\n2,c d\n"))
    assert texts(rows) == ["a b", "c d"]
    assert any("repeated header" in note for note in reader.files[0].notes)


def test_rows_are_numbered_by_line(tmp_path) -> None:
    body = 'id,text\n1,"two\nlines"\n2,\n3,"two\nmore"\n4,\n'
    _, reader = read(write(tmp_path, "d.csv", body))
    assert _reasons(reader) == [(4, "no text"), (7, "no text")]


def test_rows_are_numbered_by_line_far_into_a_file(tmp_path) -> None:
    body = "id,text\n" + "".join(f'{i},"words\nwords {i}"\n' for i in range(60_000)) + "x,\n"
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert len(rows) == 60_000
    assert [r.row for r in reader.rejects] == [120_002]


def test_broken_json_lines(tmp_path) -> None:
    body = '{"text":"a b"}\n{"text": broken\n17\n{"text":""}\n{"text":"c","x":NaN}\n\n{"te'
    rows, reader = read(write(tmp_path, "d.jsonl", body))
    assert texts(rows) == ["a b", "c"]
    assert _reasons(reader) == [
        (2, "not valid JSON"),
        (3, "not a JSON object"),
        (7, "not valid JSON"),
        (4, "no text"),
    ]


def test_broken_items_of_a_json_array(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.json", '[{"text":"a b"},{"text":,},{"text":"c"}, 3]'))
    assert texts(rows) == ["a b", "c"]
    assert _reasons(reader) == [(2, "not valid JSON"), (4, "not a JSON object")]
    rows, reader = read(write(tmp_path, "e.json", '[{"text":"a b"},{"text":"c'))
    assert texts(rows) == ["a b"]
    assert _reasons(reader) == [(2, "not valid JSON")]


def test_lone_surrogates_are_replaced(tmp_path) -> None:
    rows, _ = read(write(tmp_path, "d.jsonl", '{"text":"cut \\ud83d"}\n'))
    assert texts(rows) == ["cut ?"]


def test_nul_characters(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", "text\na\0b\nplain\n"))
    assert texts(rows) == ["a\ufffdb", "plain"]
    assert "NUL characters were replaced" in reader.files[0].notes


@pytest.mark.parametrize("form", ["line", "array", "one object"])
def test_json_nested_100_000_deep_is_a_reject(tmp_path, form) -> None:
    deep = '{"text":"x","a":' + "[" * 100_000 + "]" * 100_000 + "}"
    body = {
        "line": '{"text":"a b"}\n' + deep + '\n{"text":"c"}\n',
        "array": '[{"text":"a b"},' + deep + ',{"text":"c"}]',
        "one object": '{\n"text":"a b"}\n' + deep.replace(":", ":\n", 1) + '\n{"text":"c"}',
    }[form]
    rows, reader = read(write(tmp_path, "d.json", body))
    assert texts(rows) == ["a b", "c"]
    assert [r.reason for r in reader.rejects] == ["not valid JSON: nested too deep"]


def test_a_cell_over_the_limit_is_a_reject(tmp_path) -> None:
    limit = csv.field_size_limit()
    huge = "x" * (3 << 20)
    rows, reader = read(write(tmp_path, "d.csv", f'id,text\n1,{huge}\n2,"{huge}"\n3,fine\n'))
    assert texts(rows) == ["fine"]
    assert _reasons(reader) == [(2, "too long"), (3, "too long")]
    assert all(len(r.raw) < 20_000 for r in reader.rejects)
    assert csv.field_size_limit() == limit


def test_a_gzip_bomb_ends_with_one_line(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rootcause.dumps.sources.BOMB_SIZE", 8 << 20)
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=9) as stream:
        stream.write(b"id,text\n")
        for _ in range(12):
            stream.write(b"1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 17_000)
    with pytest.raises(DataError, match="grows over 250-fold") as error:
        for _ in read_mentions(write(tmp_path, "d.csv.gz", sink.getvalue())):
            pass
    assert "\n" not in str(error.value)


def test_a_workbook_bomb_ends_with_one_line(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rootcause.dumps.sheets.BOMB_SIZE", 8 << 20)
    path = tmp_path / "d.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/worksheets/sheet1.xml", "w") as member,
    ):
        for _ in range(12):
            member.write(b"0" * (1 << 20))
    with pytest.raises(DataError, match="unpacks to over"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.gz", gzip.compress(b"text\nabc\n" * 999)[:-20], "ends early"),
        ("b.gz", b"\x1f\x8b" + b"rubbish" * 9, "is damaged"),
        ("c.parquet", b"PAR1" + b"\0" * 99 + b"PAR1", "damaged Parquet"),
        ("d.xlsx", b"PK\x03\x04" + b"\0" * 99, "damaged or locked workbook"),
        ("e.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "is an image"),
        ("f.pdf", b"%PDF-1.4", "is a PDF"),
        ("g.csv", bytes(range(1, 9)) * 99, "is binary data"),
    ],
)
def test_damaged_files_end_with_one_line(tmp_path, name, data, message) -> None:
    with pytest.raises(DataError, match=message) as error:
        read(write(tmp_path, name, data))
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_parquet_cut_in_the_middle(tmp_path) -> None:
    pq.write_table(pa.table({"text": [f"row {i}" for i in range(9_999)]}), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    hurt = data[:200] + bytes(2_000) + data[2_200:]
    with pytest.raises(DataError, match="damaged Parquet"):
        read(write(tmp_path, "b.parquet", hurt))


def test_columns_named_like_ours_do_no_harm(tmp_path) -> None:
    body = "text,week,label,vector,segment_x,_rejects,__class__\nhello there,1,2,3,4,5,6\n"
    rows, _ = read(write(tmp_path, "d.csv", body), segments=["segment_x", "__class__"])
    assert rows[0]["segment_segment_x"] == "4"
    assert rows[0]["segment___class__"] == "6"


def test_too_many_rejects_end_the_run_and_say_why(tmp_path) -> None:
    body = "id,text\n" + "".join(f"{i},{'words' if i % 2 else ''}\n" for i in range(100))
    reader = read_mentions(write(tmp_path, "d.csv", body), max_rejects=0.05)
    with pytest.raises(DataError, match=r"50 of 100 rows cannot be used \(50.0%.*no text \(50\)"):
        list(reader)
    assert read(tmp_path / "d.csv", max_rejects=0.5)[1].rejected == 50


def test_rejects_can_be_heard_while_reading(tmp_path) -> None:
    body = "id,text\n" + "1,\n2,words\n" * 30_000
    heard = []
    reader = read_mentions(write(tmp_path, "d.csv", body), hear=heard.extend)
    assert sum(batch.num_rows for batch in reader) == len(heard) == reader.rejected == 30_000
    assert not reader.rejects


def test_damaged_ids_are_kept_apart_and_said(tmp_path) -> None:
    body = "id,text\n5.70306E+17,late\n5.70306E+17,lovely\n5.70306E+17,late\n"
    rows, reader = read(write(tmp_path, "d.csv", body))
    ids = [row["mention_id"] for row in rows]
    assert ids[0] != ids[1]
    assert ids[0] == ids[2]
    assert all(name.startswith("5.70306E+17~") for name in ids)
    assert any("damaged id column" in note for note in reader.files[0].notes)


def test_ids_rounded_by_excel_are_kept_apart(tmp_path) -> None:
    body = "id,text\n" + "".join(f"57030613367776{i % 2}000,words {i}\n" for i in range(6))
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert len({row["mention_id"] for row in rows}) == 6
    assert any("damaged id column" in note for note in reader.files[0].notes)


def test_an_id_that_stands_for_two_texts(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", "id,text\n7,late\n7,lovely\n8,late\n7,late\n"))
    ids = [row["mention_id"] for row in rows]
    assert ids[0] == ids[3] == "7"
    assert ids[1].startswith("7~")
    assert any("more than one text" in note for note in reader.files[0].notes)


def test_content_ids_agree_between_overlapping_dumps(tmp_path) -> None:
    rows = ["Good,2026-01-02 10:00", "Good,2026-01-02 10:00", "Bad,2026-01-02 10:01"]
    first = write(tmp_path, "a.csv", "\n".join(["text,date", *rows]))
    second = write(tmp_path, "b.csv", "\n".join(["text,date", *rows[::-1], "New,2026-01-03 9:00"]))
    ids = [{r["mention_id"] for r in read(path)[0]} for path in (first, second)]
    assert len(ids[0]) == 3
    assert ids[0] < ids[1]


def test_json_array_is_not_held_in_memory(tmp_path) -> None:
    path = tmp_path / "d.json"
    with path.open("w") as stream:
        stream.write("[")
        for i in range(200_000):
            stream.write(("," if i else "") + json.dumps({"id": i, "text": "words " * 30}))
        stream.write("]")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(batch.num_rows for batch in read_mentions(path))
    assert count == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000  # KB


@pytest.mark.parametrize(
    ("minutes", "answered"),
    [("30", True), ("0", True), ("2e15", False), ("-5", False), ("nan", False), ("soon", False)],
)
def test_a_wait_nobody_waits_is_no_answer(tmp_path, minutes, answered) -> None:
    """Found by fuzzing: a shifted column of 1e13 minutes and more ended the run."""
    head = "Id,Subject,Created at,First reply time in minutes\n"
    rows, reader = read(write(tmp_path, "d.csv", f"{head}1,No code,2025-06-01 10:00,{minutes}\n"))
    assert texts(rows) == ["No code"] and not reader.rejects
    assert (rows[0]["answered_at"] is not None) == answered
