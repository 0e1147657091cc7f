"""The weekly report: re-runs, filters, weeks that cannot be reported, side files."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from rootcause.errors import DataError, ModelError, NothingToReport, UsageError
from rootcause.records import Week
from rootcause.register import Register
from rootcause.scored import open_scored
from rootcause.sidefiles import read_exposure, read_owners
from rootcause.weekly import build_report, choose_week, incomplete, write_report


def content(path):
    """What a register says, without its log."""
    with Register.open(path) as register:
        weeks = register.weeks()
        return (
            register.causes(),
            [week.run_id for week in weeks],
            register.edges(),
            register.series(),
            [register.assignments(week.week) for week in weeks],
        )


def test_an_old_week_run_again_rebinds_to_the_same_ids(demo, demo_copy, tmp_path):
    path = demo_copy / "rootcause.db"
    before = content(path)
    with Register.open(path) as register, register.transaction():
        register.change("UPDATE weeks SET stale = 1 WHERE week >= '2026-W44'")
    report, _ = write_report(demo_copy, tmp_path / "out", week="2026-W47")
    after = content(path)
    assert [c.cause_id for c in after[0]] == [c.cause_id for c in before[0]]
    assert after[3] == before[3]
    assert after[4] == before[4]
    assert report.week == "2026-W47"


def test_reporting_the_last_week_first_gives_the_same_causes(demo, tmp_path):
    """Earlier weeks are tracked on the way, oldest first."""
    register = tmp_path / "new.db"
    write_report(demo.scored, tmp_path / "out", week="2026-W40", register=register)
    with Register.open(register) as fresh, Register.open(demo.register) as old:
        assert [str(w.week) for w in fresh.weeks()] == ["2026-W38", "2026-W39", "2026-W40"]
        upto = Week(2026, 40)
        assert fresh.series(upto) == old.series(upto)


def test_late_data_marks_later_weeks_stale(demo_copy, tmp_path):
    part = next((demo_copy / "week=2026-W45").glob("*.parquet"))
    table = pq.read_table(part)
    manifest = json.loads((demo_copy / "_manifest.json").read_text())
    pq.write_table(table.slice(0, table.num_rows - 5), part)
    (demo_copy / "_manifest.json").write_text(json.dumps(manifest))
    said = []
    # a later week's report says so and leaves it to a person, who may have sent the old one round
    write_report(demo_copy, tmp_path / "out", week="2026-W47", say=said.append)
    assert [line for line in said if line.startswith("late data: 2026-W45 ")]
    said.clear()
    write_report(demo_copy, tmp_path / "out", week="2026-W45", say=said.append)
    assert not [line for line in said if line.startswith("late data")]
    assert any("stale: 2026-W46 to 2026-W47" in line for line in said)
    with Register.open(demo_copy / "rootcause.db") as register:
        assert {str(w.week) for w in register.weeks() if w.stale} == {"2026-W46", "2026-W47"}


def test_a_week_reported_while_it_ran_is_tracked_whole_by_the_next_report(demo_copy, tmp_path):
    path = demo_copy / "rootcause.db"
    with Register.open(path) as register, register.transaction():
        register.change("UPDATE weeks SET partial = 1, run_id = 'p' WHERE week = '2026-W46'")
    said = []
    write_report(demo_copy, tmp_path / "out", week="2026-W47", say=said.append)
    assert "tracking 2026-W46 first ..." in said
    with Register.open(path) as register:
        assert not any(week.partial for week in register.weeks())


def test_a_filter_is_kept_by_the_register_and_another_refused(demo, tmp_path):
    register = tmp_path / "x.db"
    options = {"week": "2026-W38", "register": register}
    report, _ = write_report(demo.scored, tmp_path / "o", where={"channel": "reddit"}, **options)
    assert "reddit" in report.scope
    with pytest.raises(UsageError, match="--where"):
        write_report(demo.scored, tmp_path / "o", where={"channel": "x"}, **options)
    with pytest.raises(UsageError, match="no column 'colour'"):
        write_report(demo.scored, tmp_path / "o", where={"colour": "red"}, week="2026-W38",
                     register=tmp_path / "y.db")  # fmt: skip


def test_a_week_without_mentions_is_nothing_to_report(demo, tmp_path):
    with pytest.raises(NothingToReport, match=r"no mentions in week 2025-W10; weeks in .*2026-W38"):
        write_report(demo.scored, tmp_path, week="2025-W10", register=tmp_path / "x.db")
    assert not (tmp_path / "2025-W10").exists()


def test_the_default_week_is_the_latest_complete_one(demo, tmp_path):
    scored = open_scored(demo.scored)
    assert choose_week(scored, None, partial=False) == Week(2026, 47)
    assert not incomplete(scored, Week(2026, 47))
    cut = tmp_path / "cut"
    shutil.copytree(demo.scored, cut)
    for part in (cut / "week=2026-W47").glob("*.parquet"):
        table = pq.read_table(part)
        days = [moment.weekday() for moment in table["created_at"].to_pylist()]
        pq.write_table(table.filter([day < 3 for day in days]), part)
    assert choose_week(open_scored(cut), None, partial=False) == Week(2026, 46)
    assert choose_week(open_scored(cut), None, partial=True) == Week(2026, 47)


def test_another_encoder_is_refused_with_both_names(demo, tmp_path):
    class Other:
        name = "other-encoder"
        dimension = 8
        content_hash = "f" * 64

    with (
        Register.open(tmp_path / "x.db", create=True) as register,
        pytest.raises(ModelError, match=r"builtin.*other-encoder"),
    ):
        build_report(demo.scored, Week(2026, 38), register, encoder=Other())


def test_a_persons_words_survive_a_re_run(demo_copy, tmp_path):
    from rootcause.register.edits import assign, merge, rename

    path = demo_copy / "rootcause.db"
    with Register.open(path) as register:
        ids = [c.cause_id for c in register.causes() if c.state == "open" and c.kind == "complaint"]
        rename(register, ids[0], "our own title", who="test")
        assign(register, ids[0], who="test", owner="Ada", area="fees")
        merge(register, [ids[1]], ids[2], who="test")
        register.change("UPDATE weeks SET stale = 1 WHERE week = '2026-W47'")
    report, _ = write_report(demo_copy, tmp_path / "out", week="2026-W47")
    shown = {cause.cause_id: cause for cause in report.causes}
    assert shown[ids[0]].title == "our own title"
    assert (shown[ids[0]].owner, shown[ids[0]].area) == ("Ada", "fees")
    assert ids[1] not in shown


def test_exposure_and_owner_files_say_which_row_is_wrong(tmp_path):
    bad = tmp_path / "exposure.csv"
    bad.write_text("week,units\n2026-W38,100\nlast week,5\n")
    with pytest.raises(DataError, match=r"row 3.*last week"):
        read_exposure(bad)
    bad.write_text("week,units\n2026-W38,0\n")
    with pytest.raises(DataError, match="row 2"):
        read_exposure(bad)
    bad.write_text("when,units\n2026-W38,1\n")
    with pytest.raises(DataError, match="no column 'week'; it has: when, units"):
        read_exposure(bad)
    good = tmp_path / "owners.csv"
    good.write_text("\ufeffarea_or_cause;owner;email\nfees;Contracts;c@x.example\n")
    assert read_owners(good) == {"fees": ("Contracts", "c@x.example")}
    with pytest.raises(DataError, match="does not exist"):
        read_owners(tmp_path / "none.csv")


def test_a_running_week_can_be_asked_for_and_is_marked(demo_copy, tmp_path):
    for part in (demo_copy / "week=2026-W47").glob("*.parquet"):
        table = pq.read_table(part)
        days = [moment.weekday() for moment in table["created_at"].to_pylist()]
        pq.write_table(table.filter([day < 3 for day in days]), part)
    report, _ = write_report(demo_copy, tmp_path / "out", partial=True)
    assert (report.week, report.partial) == ("2026-W47", True)
    assert report.causes[0].series[-1].mark == "partial"
    # three of seven days: a steady cause is not called fading for it
    statuses = [cause.status for cause in report.causes]
    assert statuses.count("fading") <= len(statuses) / 4
