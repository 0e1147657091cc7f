"""The register: what a week adds, what a re-run replaces, what people decide."""

import json
import multiprocessing
import sqlite3
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rootcause.errors import DataError, ModelError, UsageError
from rootcause.records import Week
from rootcause.register import (
    Assignment,
    EdgeRow,
    Exemplar,
    Register,
    WeekFacts,
    check,
    edits,
    exchange,
    voice_of,
)
from rootcause.register.causes import COUNTED
from rootcause.register.migrations import APPLICATION_ID, MIGRATIONS

W40, W41, W42 = Week(2026, 40), Week(2026, 41), Week(2026, 42)
BOUND = {
    "encoder_name": "builtin",
    "encoder_hash": "abc123",
    "dimension": 4,
    "timezone": "UTC",
    "where": "",
    "min_voices": 5,
}


def facts(week, **values):
    given = {
        "run_id": "r", "mentions": 100, "complaints": 10, "complaint_voices": 9,
        "question_voices": 0, "isolated": 1, "unspecified": 0, "duplicates": 0, "model_id": "m",
    } | values  # fmt: skip
    return WeekFacts(week=week, **given)


def member(week, mention, cause, *, voice=None, kind="cause", day=0, channel="x"):
    voice = voice_of(mention, "") if voice is None else voice
    return Assignment(week, mention, cause, 0.8, kind, voice, day, channel)


def exemplar(mention, axis=0):
    return Exemplar(
        mention, voice_of(mention, ""), f"text of {mention}", np.eye(4, dtype="f4")[axis]
    )


def bear(register, week, mentions, *, title="fees charged twice", axis=0):
    cause_id = register.next_id()
    register.save_cause(
        cause_id=cause_id, born_in=week, title=title, kind="complaint", area="fees", radius=0.5
    )
    register.add_exemplars(cause_id, week, [exemplar(one, axis) for one in mentions])
    return cause_id


@pytest.fixture
def register(tmp_path):
    with Register.open(tmp_path / "r.db", create=True) as book:
        book.bind(**BOUND)
        yield book
        assert check.verify(book) == []


def test_counts_follow_from_assignments_and_a_duplicate_is_nobodys_voice(register):
    with register.transaction():
        one = bear(register, W40, ["a"])
        register.write_week(
            facts(W40),
            [
                member(W40, "a", one, voice=1, day=0, channel="x"),
                member(W40, "b", one, voice=1, day=2, channel="forum"),
                member(W40, "c", one, voice=2, day=2, channel="x"),
                member(W40, "d", one, voice=3, day=2, channel="x", kind="duplicate"),
                member(W40.shift(-2), "old", one, voice=4),
                member(W40, "alone", "", kind="isolated"),
                member(W40.shift(-1), "older alone", "", kind="isolated"),
            ],
        )
    earlier, now = register.series()[one]
    assert (earlier.week, earlier.voices) == (W40.shift(-2), 1)
    assert now == (W40, 2, 4, 2, 2)
    # a row without a cause belongs to its own week only
    assert register.assignments(W40.shift(-1)) == []


def test_a_week_is_matched_with_what_was_known_before_it(register):
    with register.transaction():
        one = bear(register, W40, ["a", "b"])
        register.write_week(facts(W40), [member(W40, "a", one)])
        register.add_exemplars(one, W41, [exemplar("c")])
        register.write_week(facts(W41), [member(W41, "c", one)])
    assert register.known(W40) == []
    (known,) = register.known(W41)
    assert known.mention_ids == ("a", "b") and known.last_week == W40
    assert known.vectors.dtype == np.float32 and known.vectors.shape == (2, 4)
    assert register.known(W42)[0].mention_ids == ("a", "b", "c")
    assert [cause.cause_id for cause in register.born_in(W40)] == [one]
    assert register.born_in(W40)[0].mention_ids == ("a", "b")


def test_a_rerun_replaces_its_own_rows_only(register):
    with register.transaction():
        one = bear(register, W40, ["a"])
        register.write_week(
            facts(W40),
            [member(W40, "a", one), member(W40, "b", "", kind="isolated")],
            [EdgeRow(kind="emerged", week=W40, cause_id=one)],
        )
        register.add_exemplars(one, W41, [exemplar("c")])
        # the later week finds a member that its own week had left alone
        register.write_week(facts(W41), [member(W41, "c", one), member(W40, "b", one)])
    assert [row.cause_id for row in register.assignments(W40, upto=W40)] == [one, ""]
    assert [row.cause_id for row in register.assignments(W40)] == [one, one]
    before = register.series(upto=W40)
    with register.transaction():
        register.clear_run(W41)
        stale = register.mark_stale_after(W40)
    assert register.series() == before and stale == []
    assert register.born_in(W40)[0].mention_ids == ("a",)
    with register.transaction():
        register.clear_run(W40)
        register.write_week(facts(W40, run_id="again"), [member(W40, "z", one)])
    assert register.series()[one][0].mentions == 1
    assert [week.run_id for week in register.weeks()] == ["again"]
    assert register.edges() == []


def test_a_cause_left_empty_is_retired_and_can_be_found_again(register):
    with register.transaction():
        one = bear(register, W40, ["a"])
        register.write_week(facts(W40), [member(W40, "a", one)])
    assert not register.retire(one)
    edits.rename(register, one, "my words", who="ann")
    with register.transaction():
        born = register.born_in(W40)
        register.clear_run(W40)
        register.write_week(facts(W40), [])
        assert register.retire(one)
    assert register.known(W41) == []
    assert register.born_in(W40)[0].mention_ids == born[0].mention_ids
    with register.transaction():
        register.clear_run(W40)
        register.save_cause(
            cause_id=one, born_in=W40, title="machine words", kind="complaint", area="fees",
            radius=0.4,
        )  # fmt: skip
        register.write_week(facts(W40), [member(W40, "a", one)])
    assert register.cause(one).state == "open"
    assert register.cause(one).title == "my words"
    assert register.next_id() == "RC-0002"


def test_a_persons_words_survive_every_run(register):
    one = bear(register, W40, ["a"])
    edits.rename(register, one, "double charge", who="ann")
    edits.assign(register, one, who="ann", owner="Bo", area="billing", due="2026-12-01")
    for titled_by in ("machine", "export"):
        register.save_cause(
            cause_id=one, born_in=W41, title="x", titled_by=titled_by, kind="complaint",
            area="fees", radius=0.7,
        )  # fmt: skip
    cause = register.cause(one)
    assert (cause.title, cause.area, cause.owner, cause.due) == (
        "double charge", "billing", "Bo", "2026-12-01",
    )  # fmt: skip
    assert cause.born_in == W40 and cause.radius == 0.7
    edits.assign(register, one, who="ann", owner="")
    assert register.cause(one).owner is None


def test_merged_causes_count_a_shared_person_once_and_old_ids_point_on(register):
    with register.transaction():
        one, two, three = (bear(register, W40, [m], title=f"t {m}") for m in "abc")
        register.write_week(
            facts(W40),
            [
                member(W40, "a", one, voice=1),
                member(W40, "b", two, voice=1, channel="forum"),
                member(W40, "both", one, voice=2),
                member(W40, "both", two, voice=2),
                member(W40, "c", three, voice=3),
            ],
            [EdgeRow(kind="merged", week=W40, cause_id=two, other_id=one, suggested=True)],
        )
    edits.fix(register, two, date(2026, 10, 5), "new tariff", who="ann")
    edits.assign(register, two, who="ann", owner="Bo")
    edits.merge(register, [two], one, who="ann")
    assert register.series()[one] == [(W40, 2, 3, 1, 2)]
    assert two not in register.series()
    assert register.cause(two).cause_id == one and register.cause(two).owner == "Bo"
    assert register.fixes()[one][0].note == "new tariff"
    assert [(e.kind, e.suggested, e.by_person) for e in register.edges()] == [
        ("merged", False, True)
    ]
    edits.merge(register, [one], three, who="ann")
    assert register.resolve("rc-2") == register.resolve("1") == three
    assert register.series()[three][0].voices == 3
    assert set(register.known(W41)[0].mention_ids) == {"a", "b", "c"}
    with pytest.raises(UsageError, match="already"):
        edits.merge(register, [two], one, who="ann")
    # a re-run that still finds the old cause lands in the new one
    with register.transaction():
        assert [c.cause_id for c in register.born_in(W40)] == [three]
        register.clear_run(W40)
        register.write_week(facts(W40), [member(W40, "n", two)])
    assert register.mentions_of(three)[0].mention_id == "n"


def test_a_week_reruns_with_merged_exemplars_although_they_were_born_later(register):
    with register.transaction():
        old = bear(register, W40, ["a"], title="old")
        young = bear(register, W41, ["b"], title="young")
        register.write_week(facts(W40), [member(W40, "a", old)])
        register.write_week(facts(W41), [member(W41, "b", young)])
    edits.merge(register, [young], old, who="ann")
    born = register.born_in(W41)
    assert [c.cause_id for c in born] == [old] and "b" in born[0].mention_ids
    with register.transaction():
        register.clear_run(W41)
    assert "b" in register.born_in(W41)[0].mention_ids


def test_split_mentions_stay_where_a_person_put_them(register):
    with register.transaction():
        one = bear(register, W40, ["a", "b", "c"])
        register.write_week(facts(W40), [member(W40, m, one) for m in "abcd"])
    new = edits.split(register, one, ["a", "d"], who="ann", title="another thing")
    assert [row.mention_id for row in register.mentions_of(new)] == ["a", "d"]
    assert register.series()[one][0].voices == register.series()[new][0].voices == 2
    assert {c.cause_id: c.mention_ids for c in register.known(W41)} == {
        one: ("b", "c"),
        new: ("a",),
    }
    with register.transaction():
        register.clear_run(W40)
        register.write_week(
            facts(W40),
            [member(W40, m, one) for m in "abc"] + [member(W40, "d", "", kind="isolated")],
        )
    assert [row.mention_id for row in register.mentions_of(new)] == ["a", "d"]
    assert {row.kind for row in register.mentions_of(new)} == {"cause"}
    # the exemplar that a person moved outlives the re-run
    assert "a" in {m for c in register.known(W41) if c.cause_id == new for m in c.mention_ids}
    with pytest.raises(UsageError, match="is not in"):
        edits.split(register, new, ["b"], who="ann")
    with pytest.raises(UsageError, match="2 of 2"):
        edits.split(register, new, ["a", "d"], who="ann")


def test_fix_and_reopen_are_kept_in_order(register):
    one = bear(register, W40, ["a"])
    with pytest.raises(UsageError, match="no fix"):
        edits.reopen(register, one, date(2026, 10, 1), who="ann")
    edits.fix(register, one, date(2026, 10, 1), "first", who="ann")
    with pytest.raises(UsageError, match="before the fix"):
        edits.reopen(register, one, date(2026, 9, 1), who="ann")
    edits.reopen(register, one, date(2026, 10, 20), who="bo")
    edits.fix(register, one, date(2026, 11, 1), "second", who="ann")
    assert [(f.on_date, f.reopened_on) for f in register.fixes()[one]] == [
        ("2026-10-01", "2026-10-20"),
        ("2026-11-01", None),
    ]
    assert [(row.who, row.action) for row in register.history(one)] == [
        ("ann", "fix"), ("bo", "reopen"), ("ann", "fix"),
    ]  # fmt: skip


def test_the_log_cannot_be_changed(register):
    edits.rename(register, bear(register, W40, ["a"]), "t", who="ann")
    for statement in ("DELETE FROM log", "UPDATE log SET who = 'eve'"):
        with pytest.raises(DataError, match="append-only"):
            register.change(statement)


def test_another_encoder_zone_or_filter_is_refused(register):
    register.bind(**BOUND)
    with pytest.raises(ModelError, match=r"builtin .*other"):
        register.bind(**BOUND | {"encoder_hash": "def", "encoder_name": "other"})
    with pytest.raises(UsageError, match="--timezone UTC, not Europe/Berlin"):
        register.bind(**BOUND | {"timezone": "Europe/Berlin"})
    with pytest.raises(UsageError, match="--where not given, not brand=B"):
        register.bind(**BOUND | {"where": "brand=B"})
    register.bind(**BOUND | {"min_voices": 8})
    assert register.fact("min_voices") == "8"
    assert register.history()[-1].details == {"from": 5, "to": 8}


def test_a_failed_transaction_leaves_nothing(register):
    with pytest.raises(RuntimeError), register.transaction():
        bear(register, W40, ["a"])
        with register.transaction():
            register.next_id()
        raise RuntimeError
    assert register.causes() == [] and register.next_id() == "RC-0001"


def test_unknown_ids_are_one_line(register):
    for typed in ("RC-0099", "nonsense", "RC-0"):
        with pytest.raises(UsageError, match="causes list"):
            register.resolve(typed)


def test_verify_finds_what_was_tampered_with(tmp_path):
    with Register.open(tmp_path / "r.db", create=True) as book:
        book.bind(**BOUND)
        with book.transaction():
            one = bear(book, W40, ["a"])
            book.write_week(facts(W40), [member(W40, "a", one)])
        book.change("UPDATE cause_weeks SET voices = 7")
        book.change(
            "INSERT INTO assignments VALUES ('2026-W40','q','RC-0777','2026-W40',1,'cause',1,0,'')"
        )
        book.change("UPDATE meta SET value = '1' WHERE key = 'next_cause'")
        problems = " ".join(check.verify(book))
    assert "counts of RC-0001" in problems and "unknown causes" in problems
    assert "given twice" in problems


def test_files_that_are_no_registers_are_one_line(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        Register.open(tmp_path / "none.db")
    text = tmp_path / "text.db"
    text.write_text("not a database at all" * 100)
    with pytest.raises(DataError, match="is not a register"):
        Register.open(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as store:
        store.execute("CREATE TABLE mine (x)")
    store.close()
    with pytest.raises(DataError, match="not a register"):
        Register.open(other, create=True)
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as store:
        store.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        store.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    store.close()
    with pytest.raises(DataError, match="upgrade rootcause"):
        Register.open(newer)
    with pytest.raises(DataError):
        Register.open(tmp_path)


def test_a_second_writer_waits_then_gets_one_line_and_readers_go_on(tmp_path):
    path = tmp_path / "r.db"
    with Register.open(path, create=True) as one, Register.open(path, busy=0.2) as two:
        one.bind(**BOUND)
        with one.transaction():
            bear(one, W40, ["a"])
            assert two.causes() == []
            with pytest.raises(DataError, match="is locked by another"):
                two.next_id()
        assert two.next_id() == "RC-0002"


def _take_ids(path, sink):
    with Register.open(path, create=True) as book:
        sink.put([book.next_id() for _ in range(25)])


def test_processes_that_start_at_once_never_share_an_id(tmp_path):
    context = multiprocessing.get_context("spawn")
    sink = context.Queue()
    workers = [context.Process(target=_take_ids, args=(tmp_path / "r.db", sink)) for _ in range(4)]
    for worker in workers:
        worker.start()
    ids = [one for _ in workers for one in sink.get(timeout=60)]
    for worker in workers:
        worker.join()
    assert len(set(ids)) == len(ids) == 100


def _filled(path):
    register = Register.open(path, create=True)
    register.bind(**BOUND)
    with register.transaction():
        one, two = bear(register, W40, ["a", "b"]), bear(register, W40, ["c"], title='é\u2028 "x"')
        register.write_week(
            facts(W40, figures={"mentions": 0.1 + 0.2}),
            [member(W40, "a", one), member(W40, "b", two), member(W40, "m", one)],
            [EdgeRow(kind="emerged", week=W40, cause_id=one, similarity=1 / 3)],
        )
    edits.split(register, one, ["a"], who="ann")
    edits.merge(register, [two], one, who="ann")
    edits.fix(register, one, date(2026, 10, 5), who="ann")
    return register


def test_export_and_import_are_exact(tmp_path):
    with _filled(tmp_path / "r.db") as register:
        text = "".join(exchange.export(register))
    (tmp_path / "r.json").write_text(text, encoding="utf-8")
    with exchange.load(tmp_path / "r.json", tmp_path / "copy.db") as copy:
        assert "".join(exchange.export(copy)) == text
        assert check.verify(copy) == []
        assert copy.next_id() == "RC-0004"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.db", "r.db", "r.json"]
    with pytest.raises(UsageError, match="exists"):
        exchange.load(tmp_path / "r.json", tmp_path / "copy.db")


def test_exemplars_fill_the_pages_of_a_new_register(tmp_path):
    """Rows of vectors that overflow their page would take nearly twice as much."""
    rows = [Exemplar(f"m{i}", i, "t" * 150, np.ones(1146, np.float32)) for i in range(300)]
    with Register.open(tmp_path / "r.db", create=True) as register:
        register.bind(encoder_name="b", encoder_hash="h", dimension=1146, timezone="UTC", where="",
                      min_voices=5)  # fmt: skip
        with register.transaction():
            cause = register.next_id()
            register.save_cause(cause_id=cause, born_in=W40, title="t", kind="complaint",
                                area="fees", radius=0.5)  # fmt: skip
            register.add_exemplars(cause, W40, rows)
    assert (tmp_path / "r.db").stat().st_size < 1_250_000


def test_damaged_exports_are_one_line_and_leave_no_file(tmp_path):
    with _filled(tmp_path / "r.db") as register:
        whole = json.loads("".join(exchange.export(register)))
    damages = [
        "nonsense",
        "[]",
        json.dumps({"format": "other"}),
        json.dumps(whole | {"layout": 99}),
        json.dumps(whole | {"tables": {}}),
        json.dumps(whole | {"tables": whole["tables"] | {"causes": {"columns": [], "rows": []}}}),
        json.dumps(whole)[:-40],
        json.dumps(whole | {"tables": whole["tables"] | {"meta": 3}}),
    ]
    without_causes = json.loads(json.dumps(whole))
    without_causes["tables"]["causes"]["rows"] = []
    without_vector = json.loads(json.dumps(whole))
    without_vector["tables"]["exemplars"]["rows"][0][5] = "%%%"
    damages += [json.dumps(without_causes), json.dumps(without_vector)]
    for number, text in enumerate(damages):
        source = tmp_path / f"{number}.json"
        source.write_text(text)
        if number == 4:  # an export without rows is an empty register
            exchange.load(source, tmp_path / "empty.db").close()
            continue
        with pytest.raises(DataError) as error:
            exchange.load(source, tmp_path / "new.db")
        assert "\n" not in str(error.value), text[:60]
        assert not (tmp_path / "new.db").exists()
    assert not list(tmp_path.glob(".new*"))


def test_voice_is_the_author_however_written_else_the_text():
    assert voice_of("@Ann", "x") == voice_of("ann ", "y") != voice_of("bo", "x")
    assert voice_of(None, "Same text!") == voice_of("", "same text") != voice_of(None, "other")
    assert 0 <= voice_of("ann", "") < 2**63


def test_a_register_of_the_first_layout_still_opens(tmp_path):
    """tests/fixtures/register-layout-1.json was exported by layout 1 and is never made anew."""
    frozen = Path(__file__).parent / "fixtures" / "register-layout-1.json"
    with exchange.load(frozen, tmp_path / "r.db") as register:
        assert check.verify(register) == []
        assert [cause.state for cause in register.causes()] == ["open", "merged", "open"]
        assert register.resolve("RC-0002") == "RC-0001"
        assert register.fixes()["RC-0001"][0].on_date == "2026-10-05"
        assert register.series()["RC-0001"][0].voices == 2
        assert register.known(W41)[0].vectors.shape == (2, 4)
        assert register.rows("PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_counting_again_never_reads_all_assignments(register):
    """Else a week of a large register takes seconds instead of milliseconds."""
    register.change(
        "CREATE TEMP TABLE some (cause_id TEXT, week TEXT, PRIMARY KEY (cause_id, week))"
    )
    plan = register.rows("EXPLAIN QUERY PLAN " + COUNTED.format(pairs="some"))
    steps = [row[3] for row in plan]
    assert not [step for step in steps if step.startswith(("SCAN a", "SCAN b"))]
    assert sum("assignments_cause (cause_id=? AND week=?)" in step for step in steps) == 2
