"""`rootcause causes`: what each command prints, changes and refuses."""

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rootcause.cli.app import main
from rootcause.records import Week, scored_schema
from rootcause.register import Assignment, EdgeRow, Exemplar, Register, WeekFacts, check, voice_of

WEEK = Week(2026, 40)
PEOPLE = [
    # id, author, text, day, label, axis
    ("m1", "@Ann", "charged twice again", 3, "venting", 0),
    ("m2", "Bo", "please refund my double charge", 4, "service_request", 0),
    ("m3", "ann", "still no refund, please help", 5, "service_request", 0),
    ("m4", "Cy", "charged two times in June", 1, "venting", 0),
    ("m5", None, "phone line dead for hours", 2, "venting", 1),
    ("m6", "Di", "the phone line is dead", 6, "venting", 1),
]


def scored_table():
    schema = scored_schema(4, ["app"])
    rows = []
    for mention, author, text, day, label, axis in PEOPLE:
        row = dict.fromkeys(schema.names)
        row |= {name: 0.25 for name in schema.names if name.startswith("p_")}
        row |= {
            "mention_id": mention,
            "text": text,
            "author": author,
            "created_at": datetime(2026, 9, 27, tzinfo=UTC) + timedelta(days=day),
            "channel": "x",
            "url": f"https://example.org/{mention}",
            "thread_id": f"thread of {author}",
            "segment_app": "tv",
            "week": str(WEEK),
            "label": label,
            "confidence": 0.9,
            "decision": "auto",
            "is_complaint": True,
            "needs_reply": label == "service_request",
            "vector": np.eye(4, dtype=np.float16)[axis],
            "model_id": "m",
        }
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "scored"
    part = folder / f"week={WEEK}" / "part-0.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(scored_table(), part, compression="zstd")
    (folder / "_rejects.csv").write_text(
        'file,row,reason,raw\r\na.csv,3,no date,"m9;@Ann;hello"\r\n'
        "a.csv,4,no date,annual report\r\n"
    )
    register = tmp_path / "r.db"
    with Register.open(register, create=True) as book, book.transaction():
        book.bind(
            encoder_name="builtin", encoder_hash="h", dimension=4, timezone="UTC", where="",
            min_voices=5,
        )  # fmt: skip
        for axis, title in enumerate(["charged twice", "phone line dead"]):
            cause = book.next_id()
            book.save_cause(
                cause_id=cause, born_in=WEEK, title=title, kind="complaint", area="billing",
                radius=0.5,
            )  # fmt: skip
            mine = [row for row in PEOPLE if row[5] == axis]
            book.add_exemplars(
                cause, WEEK,
                [Exemplar(r[0], voice_of(r[1], r[2]), r[2], np.eye(4, dtype="f4")[axis])
                 for r in mine],
            )  # fmt: skip
        book.write_week(
            WeekFacts(
                week=WEEK, run_id="r", mentions=6, complaints=6, complaint_voices=5,
                question_voices=0, isolated=0, unspecified=0, duplicates=0, model_id="m",
            ),
            [Assignment(WEEK, r[0], f"RC-000{r[5] + 1}", 0.9, "cause", voice_of(r[1], r[2]), 0, "x")
             for r in PEOPLE],
        )  # fmt: skip
    return register, folder


@pytest.fixture
def run(paths, capsys, monkeypatch):
    register, _ = paths

    def call(*words, ok=0):
        words = ["causes", *map(str, words), "--register", str(register)]
        monkeypatch.setattr(sys, "argv", ["rootcause", *words])
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        out, err = capsys.readouterr()
        assert (ended.value.code or 0) == ok, err
        assert "Traceback" not in err
        return out if ok == 0 else err

    return call


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_list_is_csv_or_json_with_the_same_values(run):
    table = rows(run("list"))
    assert [row["title"] for row in table] == ["charged twice", "phone line dead"]
    assert table[0]["voices"] == "3" and table[0]["mentions"] == "4"
    listed = json.loads(run("list", "--format", "json"))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in listed] == table


def test_rename_assign_fix_and_reopen_are_shown_and_logged(run):
    run("rename", "rc-1", "  double   charge ", "--who", "Ann")
    run(
        "assign",
        "1",
        "--owner",
        "Bo",
        "--area",
        "refund",
        "--action",
        "new job",
        "--due",
        "2026-12-01",
    )
    run("fix", "RC-0001", "--on", "2026-10-12", "--note", "job rewritten")
    shown = json.loads(run("show", "RC-0001"))
    assert (shown["title"], shown["owner"], shown["area"]) == ("double charge", "Bo", "refund")
    assert shown["fixes"][0]["note"] == "job rewritten"
    assert [row["action"] for row in shown["log"]] == ["rename", "assign", "fix"]
    assert shown["log"][0]["who"] == "Ann" and shown["born_in"] == "2026-W40"
    assert rows(run("list"))[0]["fix_date"] == "2026-10-12"
    run("reopen", "RC-0001", "--on", "2026-11-02")
    assert rows(run("list"))[0]["fix_date"] == ""


def test_merge_then_list_all_says_where_the_old_id_went(run):
    assert run("merge", "RC-0002", "--into", "RC-0001").strip() == "RC-0001"
    assert len(rows(run("list"))) == 1
    assert rows(run("list", "--all"))[1]["state"] == "merged into RC-0001"
    assert json.loads(run("show", "RC-0002"))["merged_ids"] == ["RC-0002"]


def test_split_by_mention_prints_the_new_id(run, paths):
    new = run("split", "RC-0001", "--mention", "m4", "--title", "June charge").strip()
    assert new == "RC-0003"
    assert [row["mention_id"] for row in rows(run("show", new, "--format", "csv"))] == ["m4"]


def test_a_suggestion_waits_with_its_command_until_a_person_takes_it(run, paths):
    with Register.open(paths[0]) as book, book.transaction():
        book.add_edges(
            [EdgeRow(kind="merged", week=week, cause_id="RC-0001", other_id="RC-0002",
                     similarity=0.8, suggested=True) for week in (WEEK.shift(-9), WEEK)]
        )  # fmt: skip
    (row,) = rows(run("suggestions"))
    assert (row["week"], row["kind"], row["other_title"]) == (
        str(WEEK),
        "merged",
        "phone line dead",
    )
    run(*row["command"].split()[2:])
    assert rows(run("suggestions")) == []
    with Register.open(paths[0]) as book, book.transaction():
        book.add_edges([EdgeRow(kind="split", week=WEEK, cause_id="RC-0001", suggested=True)])
    (row,) = rows(run("suggestions"))
    new = run(*row["command"].removesuffix(" --scored DIR").split()[2:]).strip()
    assert [one["mention_id"] for one in rows(run("show", new, "--format", "csv"))] == ["m5", "m6"]
    assert rows(run("suggestions")) == []
    assert "give one" in run("split", "RC-0001", "--suggested", "--like", "x", ok=2)


def test_split_by_likeness_moves_the_like(run, paths, monkeypatch):
    run("merge", "RC-0002", "--into", "RC-0001")

    class Encoder:
        name, dimension, content_hash = "builtin", 4, "h"

        def encode(self, texts):
            return np.array([[0.3, 1.0, 0.0, 0.0]], dtype=np.float32)

    monkeypatch.setattr("rootcause.encode.load_encoder", lambda name: Encoder())
    new = run("split", "RC-0001", "--like", "dead line", "--scored", paths[1]).strip()
    assert [row["mention_id"] for row in rows(run("show", new, "--format", "csv"))] == ["m5", "m6"]
    Encoder.content_hash = "other"
    assert "made with encoder builtin" in run("split", new, "--like", "x", ok=3)


def test_outreach_lists_each_person_once_requests_first_oldest_first(run, paths):
    people = rows(run("outreach", "RC-0001", "--scored", paths[1]))
    assert [row["author"] for row in people] == ["ann", "Bo", "Cy"]
    assert people[0]["mentions"] == "2" and people[0]["label"] == "service_request"
    assert people[0]["url"].endswith("/m3") and people[0]["first_at"] < people[0]["last_at"]
    assert list(people[0]) == [
        "author", "channel", "mentions", "first_at", "last_at", "url", "label",
    ]  # fmt: skip


def test_forget_an_author_erases_every_trace(run, paths):
    register, folder = paths
    said = run("forget", "--author", "ANN", "--scored", folder)
    assert said.startswith("erased: 2 assignments, 2 exemplars, 2 scored mentions")
    table = pq.ParquetFile(next(folder.glob("week=*/part-*.parquet"))).read()
    assert table.schema.equals(scored_schema(4, ["app"]))
    kept = {row["mention_id"]: row for row in table.to_pylist()}
    assert len(kept) == 6
    for mention in ("m1", "m3"):
        assert kept[mention]["text"] == "" and kept[mention]["vector"] is None
        assert kept[mention]["author"] is kept[mention]["url"] is kept[mention]["thread_id"] is None
        assert not kept[mention]["is_complaint"] and not kept[mention]["needs_reply"]
    assert kept["m2"]["text"] == "please refund my double charge"
    assert kept["m2"]["vector"] == [1, 0, 0, 0]
    assert [row["author"] for row in rows(run("outreach", "RC-0001", "--scored", folder))] == [
        "Bo", "Cy",
    ]  # fmt: skip
    with Register.open(register) as book:
        assert check.verify(book) == []
        assert book.series()["RC-0001"][0].voices == 2
        assert "ann" not in "".join(map(str, book.history())).lower()
    # not in the freed pages either
    everything = b"".join(path.read_bytes() for path in register.parent.glob("r.db*"))
    assert b"charged twice again" not in everything
    rejects = (folder / "_rejects.csv").read_text()
    assert "Ann" not in rejects and "annual report" in rejects
    assert run("forget", "--author", "ANN", "--scored", folder).startswith("erased: 0 assignments")


def test_a_folder_that_is_being_scored_is_left_alone(run, paths):
    (paths[1] / "_scoring-1").mkdir()
    said = run("forget", "--author", "Ann", "--scored", paths[1], ok=1)
    assert "is not finished" in said
    assert rows(run("list"))[0]["mentions"] == "4"


def test_forget_a_mention_leaves_the_author_s_others(run, paths):
    run("forget", "--mention", "m1", "--scored", paths[1])
    assert [row["mention_id"] for row in rows(run("show", "1", "--format", "csv"))] == [
        "m2", "m3", "m4",
    ]  # fmt: skip


def test_export_import_and_verify(run, paths, tmp_path, capsys, monkeypatch):
    assert run("verify").startswith("ok: 2 causes, 1 weeks")
    text = run("export")
    (tmp_path / "backup.json").write_text(text, encoding="utf-8")
    paths[0].unlink()
    run("import", tmp_path / "backup.json")
    assert run("export") == text
    assert "exists" in run("import", tmp_path / "backup.json", ok=2)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("show", "RC-0042"), 2, "'RC-0042' is not in register"),
        (("rename", "1", "phone line dead"), 2, "RC-0002's already"),
        (("rename", "1", " "), 2, "write 1 to 120"),
        (("assign", "1"), 2, "nothing to assign"),
        (("assign", "1", "--area", "weather"), 2, "'weather' is none of reach"),
        (("assign", "1", "--due", "soon"), 2, "--due 'soon' is not a day"),
        (("fix", "1", "--on", "2026-13-01"), 2, "is not a day"),
        (("merge", "1", "--into", "RC-0001"), 2, "name two different"),
        (("split", "1"), 2, "nothing to move"),
        (("split", "1", "--mention", "m6"), 2, "'m6' is not in RC-0001"),
        (("forget",), 2, "either --author or --mention"),
        (("forget", "--mention", "m1", "--scored", "nowhere"), 1, "holds no scored mentions"),
        (("import", "nowhere.json"), 2, "exists"),
    ],
)
def test_mistakes_end_as_one_line(run, words, code, message):
    line = run(*words, ok=code)
    assert message in line and line.count("\n") == 1
    assert run("verify").startswith("ok")
