"""The demo, as a newcomer meets it: what was planted is found; running again changes nothing."""

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from rootcause.bundled import bundled
from rootcause.demo import run_demo
from rootcause.records import Week
from rootcause.register import Register

FORMATS = ("report.html", "report.md", "report.json", "causes.csv", "mentions.csv")


@pytest.fixture(scope="module")
def planted():
    with bundled("data/planted.csv").open(newline="") as stream:
        return {row["mention_id"]: row["planted"] for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def homes(demo, planted):
    """{planted code: Counter of cause ids} over all weeks."""
    found = defaultdict(Counter)
    with Register.open(demo.register) as register:
        for facts in register.weeks():
            for row in register.assignments(facts.week):
                if row.cause_id:
                    found[planted[row.mention_id]][row.cause_id] += 1
    return found


def report(demo, week):
    return json.loads((demo.reports / week / "report.json").read_text())


def cause(report, cause_id):
    return next(c for c in report["causes"] + report["questions"] if c["cause_id"] == cause_id)


def main_cause(homes, code):
    return homes[code].most_common(1)[0][0]


def test_it_prints_the_causes_and_the_report(demo):
    last = demo.printed.splitlines()[-1]
    assert last.endswith("2026-W47/report.html")
    assert Path(last).exists()
    assert "RC-0001" in demo.printed
    assert max(map(len, demo.printed.splitlines()[:-1])) < 400


def test_every_week_has_every_file(demo):
    weeks = [f"2026-W{number}" for number in range(38, 48)]
    assert sorted(p.name for p in demo.reports.iterdir()) == weeks
    for week in weeks:
        names = {p.name for p in (demo.reports / week).iterdir()}
        assert names >= {*FORMATS, "reply_queue.csv"}


@pytest.mark.parametrize("code", ["ETF", "APT", "DBL", "TVBOX", "HOLD", "GIFT", "PRICE"])
def test_a_known_problem_is_one_cause(homes, code):
    """Most of the mentions in causes go to one, and most of that cause is this problem."""
    top, count = homes[code].most_common(1)[0]
    assert count >= 0.6 * homes[code].total()
    inside = sum(counter[top] for counter in homes.values())
    assert count >= 0.45 * inside


def test_the_problem_that_starts_in_week_41_is_found_and_grows(demo, homes):
    # it may be told of in more than one cause; those that are mostly about it are counted
    mostly = {
        cause_id
        for cause_id, count in homes["SMS"].items()
        if cause_id and 2 * count >= sum(counter[cause_id] for counter in homes.values())
    }
    series: Counter[Week] = Counter()
    with Register.open(demo.register) as register:
        for cause_id in mostly:
            series.update({p.week: p.voices for p in register.series()[cause_id]})
    # other trouble with the account may have been there before, in passing
    before = [series[Week(2026, number)] for number in range(38, 41)]
    assert series[Week(2026, 47)] >= 12
    assert series[Week(2026, 47)] >= 3 * max(before)
    flagged = {
        cause_["status"]
        for week in range(42, 48)
        for cause_ in report(demo, f"2026-W{week}")["causes"]
        if cause_["cause_id"] in mostly
    }
    assert flagged & {"new", "growing"}


def test_the_fixed_problem_fades_and_the_fix_is_measured(demo, homes):
    top = main_cause(homes, "APT")
    found = cause(report(demo, "2026-W47"), top)
    assert found["fix"]["date"] == "2026-10-26"
    assert found["fix"]["verdict"] == "worked"
    assert found["fix"]["effect"]["high"] < 1
    assert found["status"] == "fixed"


def test_the_problem_that_comes_back_keeps_its_id(demo, homes):
    top = main_cause(homes, "DBL")
    with Register.open(demo.register) as register:
        series = {p.week: p.voices for p in register.series()[top]}
    assert series[Week(2026, 38)] >= 8
    assert series[Week(2026, 47)] >= 10
    assert cause(report(demo, "2026-W46"), top)["status"] in {"returned", "growing"}


def test_a_loud_author_is_no_cause(demo, planted):
    """Twenty posts of one person are one voice, wherever they are counted."""
    with Register.open(demo.register) as register:
        rows = register.assignments(Week(2026, 42))
        loud = [row for row in rows if planted[row.mention_id] == "LOUD"]
        assert len(loud) >= 15
        assert len({row.voice for row in loud}) == 1
        series = register.series()
        for cause_id in {row.cause_id for row in loud} - {""}:
            voices = {r.voice for r in rows if r.cause_id == cause_id and r.kind != "duplicate"}
            point = next(p for p in series[cause_id] if p.week == Week(2026, 42))
            assert point.voices == len(voices)


def test_the_question_is_listed_apart_from_the_complaints(demo, homes):
    found = report(demo, "2026-W47")
    top = main_cause(homes, "ESIM")
    assert top in {q["cause_id"] for q in found["questions"]}
    assert top not in {c["cause_id"] for c in found["causes"]}


def test_counts_reconcile_from_rows_read_to_causes(demo):
    for week in range(38, 48):
        counts = dict(report(demo, f"2026-W{week}")["trust"]["counts"])
        parts = ("scored", "rejected", "already scored", "company posts")
        assert counts["rows read, all weeks"] == sum(counts[f"… {part}"] for part in parts)
        kinds = (
            "complaints",
            "questions without a complaint",
            "in another language, kept out of the causes",
            "neither",
        )
        assert counts["mentions of this week"] == sum(counts[f"… {kind}"] for kind in kinds)
        inside = (
            "in causes, copies included",
            "isolated",
            "copies of an isolated one",
            "name no cause",
        )
        assert counts["complaints of this week"] == sum(counts[f"… {kind}"] for kind in inside)


def test_a_second_run_changes_no_byte(demo, tmp_path):
    import shutil

    copy = tmp_path / "again"
    shutil.copytree(demo.folder, copy)
    before = {
        path.relative_to(copy): path.read_bytes()
        for path in copy.rglob("*")
        if path.is_file() and path.suffix not in {".db", ".db-wal", ".db-shm"}
    }
    with Register.open(copy / "scored" / "rootcause.db") as register:
        dumped = (register.causes(), register.weeks(), register.edges(), register.series())
    printed = run_demo(copy, say=lambda _: None)
    assert printed.splitlines()[:-1] == demo.printed.splitlines()[:-1]
    for path, data in before.items():
        assert (copy / path).read_bytes() == data, path
    with Register.open(copy / "scored" / "rootcause.db") as register:
        again = (register.causes(), register.weeks(), register.edges(), register.series())
    assert again == dumped
