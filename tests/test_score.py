"""`score` into a folder or a file: every row accounted for, each mention once."""

import csv
import json
import random

import pyarrow as pa
import pytest
from pyarrow import parquet

from rootcause.errors import DataError, ModelError, UsageError
from rootcause.records import LABELS, scored_schema
from rootcause.score import BatchScorer, score, score_mentions
from rootcause.scored import Counts, open_scored
from score_help import MODEL, TEXTS, mentions, rows_of, tree, write_dump


@pytest.fixture(scope="session")
def scorer():
    return BatchScorer(MODEL)


@pytest.fixture
def model(scorer):
    return scorer.model


def post(number, text, when="2026-09-15T10:00:00Z", **more):
    return {"id": str(number), "text": text, "created_at": when, **more}


def by_id(folder, *columns):
    rows = rows_of(open_scored(folder), ["mention_id", *columns])
    return {row[0]: row[1:] if len(columns) > 1 else row[1] for row in rows}


def test_a_scored_folder_has_the_published_columns_and_reconciles(tmp_path, model):
    rows = mentions(300)
    rows[3]["text"] = "  "
    rows[4]["created_at"] = "yesterday-ish"
    rows += [post(1, "We are looking into it", inbound=False, parent_id=rows[0]["id"])]
    said = []
    result = score(
        write_dump(tmp_path / "d.jsonl", rows), tmp_path / "out", model=model, say=said.append
    )
    assert result.counts == Counts(read=301, scored=298, rejected=2, company_posts=1)
    assert result.counts.reconcile()
    scored = open_scored(tmp_path / "out")
    assert scored.manifest.counts == result.counts
    assert sum(scored.weeks().values()) == sum(result.weeks.values()) == 298
    assert list(scored.weeks()) == ["2026-W38", "2026-W39"]
    for week in scored.weeks():
        table = scored.read(week)
        wanted = scored_schema(scored.manifest.dimension)
        assert table.schema.equals(wanted)
        assert set(table["week"].to_pylist()) == {week}
        assert set(table["label"].to_pylist()) <= set(LABELS)
        other = [label == "other" for label in table["label"].to_pylist()]
        assert [v is None for v in table["vector"].to_pylist()] == other
        sums = sum(table[f"p_{label}"].to_numpy() for label in LABELS)
        assert abs(sums - 1).max() < 1e-4
    assert "298 scored" in said[-1]
    with (tmp_path / "out" / "_rejects.csv").open(encoding="utf-8-sig", newline="") as stream:
        rejected = list(csv.DictReader(stream))
    assert [row["row"] for row in rejected] == ["4", "5"]


def test_scoring_the_same_dump_again_changes_no_byte(tmp_path, model):
    dump = write_dump(tmp_path / "d.jsonl", mentions(120))
    score(dump, tmp_path / "out", model=model)
    before = tree(tmp_path / "out")
    said = []
    again = score(dump, tmp_path / "out", model=model, say=said.append)
    assert again.counts == Counts(read=120, already_scored=120)
    assert again.weeks == {}
    assert tree(tmp_path / "out") == before
    assert "nothing new" in said[-1]


def test_overlapping_dumps_score_each_mention_once(tmp_path, model):
    rows = mentions(150)
    first = write_dump(tmp_path / "a.jsonl", rows[:100])
    second = write_dump(tmp_path / "b.jsonl", rows[50:])
    together = score([first, second], tmp_path / "one", model=model)
    score(first, tmp_path / "two", model=model)
    later = score(second, tmp_path / "two", model=model)
    assert together.counts == Counts(read=200, scored=150, already_scored=50)
    assert later.counts == Counts(read=100, scored=50, already_scored=50)
    assert open_scored(tmp_path / "two").manifest.counts == together.counts
    columns = ["mention_id", "label", "confidence", "duplicate_of"]
    one, two = (rows_of(open_scored(tmp_path / name), columns) for name in ("one", "two"))
    assert one == two


def test_mentions_without_ids_are_met_again_by_content(tmp_path, model):
    rows = [{k: v for k, v in row.items() if k != "id"} for row in mentions(60)]
    result = score(
        [write_dump(tmp_path / "a.jsonl", rows), write_dump(tmp_path / "b.jsonl", rows[::-1])],
        tmp_path / "out",
        model=model,
    )
    assert (result.counts.scored, result.counts.already_scored) == (60, 60)


def test_ids_that_collide_between_sources_stay_two_mentions(tmp_path, model):
    one = write_dump(tmp_path / "a.jsonl", [post(7, TEXTS[0])])
    other = write_dump(tmp_path / "b.jsonl", [post(7, TEXTS[1])])
    both = write_dump(tmp_path / "c.jsonl", [post(7, TEXTS[1]), post(7, TEXTS[0])])
    for dump in (one, other, both):
        last = score(dump, tmp_path / "out", model=model)
    assert last.counts == Counts(read=2, already_scored=2)
    texts = by_id(tmp_path / "out", "text")
    assert len(texts) == 2
    assert texts["7"] == TEXTS[0]
    assert set(texts.values()) == set(TEXTS[:2])


def test_the_first_copy_in_a_week_is_the_original(tmp_path, model):
    text = "the box keeps freezing"
    rows = [
        post(3, f"RT @me: {text}!!", "2026-09-15T11:00:00Z"),
        post(2, text, "2026-09-15T10:00:00Z"),
        post(1, text.upper(), "2026-09-15T10:00:00Z"),
        post(4, text, "2026-09-22T10:00:00Z"),
        post(5, "@a https://b.example", "2026-09-15T10:00:00Z"),
        post(6, "@b https://c.example", "2026-09-15T10:00:00Z"),
        post(7, "something else", "2026-09-15T10:00:00Z"),
    ]
    score(write_dump(tmp_path / "d.jsonl", rows), tmp_path / "out", model=model)
    copies = {"1": None, "2": "1", "3": "1", "4": None, "5": None, "6": None, "7": None}
    assert by_id(tmp_path / "out", "duplicate_of") == copies
    # a dump that comes later may bring the true original
    older = write_dump(tmp_path / "e.jsonl", [post(9, text, "2026-09-14T10:00:00Z")])
    score(older, tmp_path / "out", model=model)
    copies |= {"1": "9", "2": "9", "3": "9", "9": None}
    assert by_id(tmp_path / "out", "duplicate_of") == copies


def test_the_earliest_reply_of_the_company_answers_its_parent(tmp_path, model):
    request = "please send an engineer, my line is dead, can you help me?"
    rows = [post(1, request), post(2, request + " now"), post(3, request + " today")]
    rows += [
        post(11, "late", "2026-09-15T15:00:00Z", inbound=False, parent_id="1"),
        post(12, "early", "2026-09-15T12:00:00Z", inbound=False, parent_id="1"),
        post(13, "unasked", "2026-09-15T12:00:00Z", inbound=False),
        post(14, "to one not met yet", "2026-09-16T08:00:00Z", inbound=False, parent_id="4"),
    ]
    score(write_dump(tmp_path / "a.jsonl", rows), tmp_path / "out", model=model)
    found = by_id(tmp_path / "out", "answered_at", "needs_reply", "label")
    assert {label for _, _, label in found.values()} == {"service_request"}
    assert str(found["1"][0]) == "2026-09-15 12:00:00+00:00"
    assert [found[i][1] for i in "123"] == [False, True, True]
    # the reply to 2 comes in a later dump, the mention that 14 answers too
    later = [
        post(15, "sorry", "2026-09-17T09:00:00Z", inbound=False, parent_id="2"),
        post(4, request + " again"),
    ]
    score(write_dump(tmp_path / "b.jsonl", later), tmp_path / "out", model=model)
    found = by_id(tmp_path / "out", "answered_at", "needs_reply")
    assert str(found["2"][0]) == "2026-09-17 09:00:00+00:00"
    assert str(found["4"][0]) == "2026-09-16 08:00:00+00:00"
    assert {i: found[i][1] for i in "1234"} == {"1": False, "2": False, "3": True, "4": False}


def test_a_ticket_exported_again_when_closed_needs_no_reply_any_more(tmp_path, model):
    request = "please send an engineer, my line is dead, can you help me?"
    for status in ("Open", "Solved", "Open"):
        dump = write_dump(tmp_path / f"{status}.jsonl", [post(1, request, status=status)])
        score(dump, tmp_path / "out", model=model)
    assert by_id(tmp_path / "out", "status", "needs_reply") == {"1": ("Solved", False)}
    # the third run read a file that was read before, and changed nothing
    total = open_scored(tmp_path / "out").manifest.counts
    assert total == Counts(read=2, scored=1, already_scored=1)


def test_undated_mentions_have_a_week_of_their_own(tmp_path, model):
    rows = mentions(20)
    for row in rows[:5]:
        row["created_at"] = None
    score(write_dump(tmp_path / "d.jsonl", rows), tmp_path / "out", model=model)
    weeks = open_scored(tmp_path / "out").weeks()
    assert list(weeks)[-1] == "undated"
    assert weeks["undated"] == 5


def test_the_time_zone_moves_the_border_of_the_week_and_cannot_change(tmp_path, model):
    dump = write_dump(tmp_path / "d.jsonl", [post(1, TEXTS[0], "2026-09-13T23:30:00Z")])
    score(dump, tmp_path / "utc", model=model)
    score(dump, tmp_path / "dublin", model=model, timezone="Europe/Dublin")
    assert list(open_scored(tmp_path / "utc").weeks()) == ["2026-W37"]
    assert list(open_scored(tmp_path / "dublin").weeks()) == ["2026-W38"]
    with pytest.raises(UsageError, match=r"time zone UTC, not Europe/Dublin"):
        score(dump, tmp_path / "utc", model=model, timezone="Europe/Dublin")
    with pytest.raises(UsageError, match="Mars/Base"):
        score(dump, tmp_path / "x", model=model, timezone="Mars/Base")
    assert not (tmp_path / "x").exists()


def test_another_model_is_refused_by_both_names(tmp_path, model):
    class Other:
        model_id = "another-model"
        encoder = model.encoder
        predict, explain = model.predict, model.explain

    dump = write_dump(tmp_path / "d.jsonl", mentions(5))
    score(dump, tmp_path / "out", model=model)
    before = tree(tmp_path / "out")
    with pytest.raises(ModelError) as refused:
        score(dump, tmp_path / "out", model=Other())
    assert "another-model" in str(refused.value)
    assert model.model_id in str(refused.value)
    assert tree(tmp_path / "out") == before


def test_too_many_rejects_end_the_run_and_say_why(tmp_path, model):
    rows = mentions(90)
    for row in rows[:10]:
        row["text"] = ""
    dump = write_dump(tmp_path / "d.jsonl", rows)
    with pytest.raises(DataError) as refused:
        score(dump, tmp_path / "out", model=model)
    message = str(refused.value)
    assert "10 of 90" in message
    assert "no text" in message
    assert "row 1" in message
    assert "\n" not in message
    assert list(tree(tmp_path / "out")) == ["_rejects.csv"]
    assert score(dump, tmp_path / "out", model=model, max_rejects=0.2).counts.scored == 80


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_one_file_has_the_same_columns_without_vectors_in_input_order(tmp_path, model, suffix):
    rows = mentions(80)
    rows[1]["text"] = '=HYPERLINK("https://evil.example")'
    rows[2]["text"] = 'quoted "text"\nwith a second line'
    dump = write_dump(tmp_path / "d.jsonl", rows)
    out = tmp_path / f"scored.{suffix}"
    result = score(dump, str(out), model=model)
    assert result.out == out
    names = [n for n in scored_schema(1).names if n != "vector"]
    if suffix == "csv":
        with out.open(encoding="utf-8-sig", newline="") as stream:
            found = list(csv.DictReader(stream))
        assert found[1]["text"].startswith("'=")
    elif suffix == "jsonl":
        found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert found[0]["created_at"] == rows[0]["created_at"].replace(".000", "")
    else:
        found = parquet.read_table(out).to_pylist()
    assert list(found[0]) == names
    assert [row["mention_id"] for row in found] == [row["id"] for row in rows]
    assert found[2]["text"] == rows[2]["text"]
    assert list(tree(tmp_path)) == ["d.jsonl", out.name]
    before = out.read_bytes()
    score(dump, str(out), model=model)
    assert out.read_bytes() == before


def test_segments_and_reasons_travel_along(tmp_path, model):
    rows = [row | {"Region": f"R{i % 3}"} for i, row in enumerate(mentions(30))]
    dump = write_dump(tmp_path / "d.jsonl", rows)
    score(dump, tmp_path / "out", model=model, segments=["Region"], explain=True)
    scored = open_scored(tmp_path / "out")
    assert scored.manifest.segments == ("Region",)
    found = rows_of(scored, ["mention_id", "segment_Region", "because"])
    assert {i: region for i, region, _ in found} == {r["id"]: r["Region"] for r in rows}
    assert any(because for _, _, because in found)
    only = scored.read("2026-W38", ["mention_id"], where=[("segment_Region", "R1")])
    assert {rows[int(i) - 1_000_000]["Region"] for i in only["mention_id"].to_pylist()} == {"R1"}


def test_a_table_in_memory_is_scored_like_a_dump(tmp_path, model):
    rows = mentions(200)
    rows += [row | {"id": f"9{row['id']}"} for row in rows[:5]]
    random.Random(1).shuffle(rows)
    score(write_dump(tmp_path / "d.jsonl", rows), tmp_path / "out", model=model)
    table = pa.table(
        {
            "mention_id": [row["id"] for row in rows],
            "text": [row["text"] for row in rows],
            "created_at": pa.array([row["created_at"] for row in rows]).cast(
                pa.timestamp("us", tz="UTC")
            ),
        }
    )
    made = score_mentions(table, model)
    assert made["mention_id"].to_pylist() == [row["id"] for row in rows]
    assert made.schema.equals(scored_schema(BatchScorer(model).dimension))
    columns = ["mention_id", "week", "label", "confidence", "duplicate_of", "vector"]
    ours = zip(*(made[c].to_pylist() for c in columns), strict=True)
    theirs = rows_of(open_scored(tmp_path / "out"), columns)
    assert sorted(ours, key=lambda r: r[0]) == sorted(theirs, key=lambda r: r[0])
    assert sum(d is not None for d in made["duplicate_of"].to_pylist()) == 5


def test_an_empty_table_and_an_empty_dump_have_no_rows(tmp_path, model):
    none = pa.table({"mention_id": pa.array([], pa.string()), "text": pa.array([], pa.string())})
    assert score_mentions(none, model).num_rows == 0
    dump = write_dump(tmp_path / "d.jsonl", [])
    result = score(dump, tmp_path / "out", model=model)
    assert result.counts == Counts()
    assert open_scored(tmp_path / "out").weeks() == {}


def test_a_week_is_read_in_order_of_time_with_chosen_columns_and_rows(tmp_path, model):
    rows = [row | {"Region": f"R{i % 3}"} for i, row in enumerate(mentions(90))]
    score(write_dump(tmp_path / "a.jsonl", rows[:40]), tmp_path / "out", model=model)
    later = write_dump(tmp_path / "b.jsonl", rows[40:])
    score(later, tmp_path / "out", model=model, segments=["Region"])
    scored = open_scored(tmp_path / "out")
    table = scored.read("2026-W38", ["mention_id", "created_at", "segment_Region"])
    keys = list(zip(table["created_at"].to_pylist(), table["mention_id"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert table.num_rows == scored.weeks()["2026-W38"]
    # parts of before the segment was carried along have none of its values
    regions = dict(
        zip(table["mention_id"].to_pylist(), table["segment_Region"].to_pylist(), strict=True)
    )
    old = {row["id"] for row in rows[:40]}
    assert all((region is None) == (name in old) for name, region in regions.items())
    only = scored.read("2026-W38", ["mention_id"], [("segment_Region", "R1"), ("label", "other")])
    assert set(only["mention_id"].to_pylist()) <= {row["id"] for row in rows[40:]}
    assert scored.read("2031-W01").schema.equals(
        scored_schema(scored.manifest.dimension, ["Region"])
    )
    with pytest.raises(UsageError, match=r"no column 'regio' in .*segment_Region"):
        scored.read("2026-W38", where=[("regio", "R1")])


def test_what_is_no_scored_folder_is_told_so(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        open_scored(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"has no _manifest\.json"):
        open_scored(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="is a file"):
        open_scored(tmp_path / "file")


def test_a_week_of_strange_words_is_said_in_the_manifest(tmp_path):
    """Drift is told at scoring, kept in the manifest, and grows with a later dump of the week."""
    words = ["glorp", "zindle", "quavex", "brommet", "fnarl", "skwib"]
    rng = random.Random(0)
    rows = [
        {
            "text": " ".join(rng.choices(words, k=8)) + f" {number}",
            "created_at": "2026-11-03T10:00:00Z",
        }
        for number in range(150)
    ]
    said = []
    score(write_dump(tmp_path / "a.jsonl", rows[:90]), tmp_path / "out", say=said.append)
    first = open_scored(tmp_path / "out").manifest.weeks["2026-W45"]
    assert first["mentions"] == 90
    assert first["drift"] == []  # too few to say
    score(write_dump(tmp_path / "b.jsonl", rows[90:]), tmp_path / "out", say=said.append)
    second = open_scored(tmp_path / "out").manifest.weeks["2026-W45"]
    assert second["mentions"] == sum(second["labels"].values()) == 150
    assert second["unseen_words"] > 0.3
    assert any("words are unknown to the model" in line for line in second["drift"])
    assert any(line.startswith("2026-W45: ") for line in said)
