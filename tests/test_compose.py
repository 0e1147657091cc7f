"""The finished record: figures with ranges, counts that agree, queues, praise."""

import csv
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from rootcause.bundled import bundled
from rootcause.compose import evidence
from rootcause.compose.causes import _once_each, _surest, told_now
from rootcause.compose.replies import REQUEST_COLUMNS, queue_lengths
from rootcause.compose.wording import Complaints, complaint_interval
from rootcause.records import Week
from rootcause.report.numbers import Numbers

FIRST = Week(2026, 30)


@pytest.fixture(scope="module")
def reports(demo):
    paths = sorted(demo.reports.glob("*/report.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def requests(number, *, answered_after=None):
    """A week with one request a day, each answered after so many days, or never."""
    week = FIRST.shift(number)
    start = datetime.combine(week.monday(), datetime.min.time(), UTC)
    rows = {name: [] for name in REQUEST_COLUMNS}
    for day in range(7):
        asked = start + timedelta(days=day)
        reply = None if answered_after is None else asked + timedelta(days=answered_after)
        values = ("service_request", reply is None, reply, "open", None)
        for name, value in zip(REQUEST_COLUMNS, values, strict=True):
            rows[name].append(value)
    types = (pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC"), pa.string(), pa.string())
    columns = {n: pa.array(v, t) for (n, v), t in zip(rows.items(), types, strict=True)}
    return week, pa.table(columns)


def test_earlier_queues_hold_who_waited_then_even_if_answered_since():
    weeks = [requests(n, answered_after=10) for n in range(15)]
    # asked one to nine days before the week's end; an answer at that moment is one
    assert queue_lengths(weeks, FIRST.shift(15), UTC, 8, 8) == [9] * 8
    never = [requests(n) for n in range(15)]
    assert queue_lengths(never, FIRST.shift(15), UTC, 8, 8) == [56] * 8


def test_a_queue_whose_window_starts_before_the_data_is_no_usual_queue():
    weeks = [requests(n) for n in range(9)]
    assert queue_lengths(weeks, FIRST.shift(9), UTC, 8, 8) == [56, 56]
    assert queue_lengths([], FIRST, UTC, 8, 8) == []


def test_the_range_of_complaints_holds_sampling_and_mistakes():
    alone = complaint_interval(Complaints(counted=60, explained=0), 100)
    assert alone[0] < 0.6 < alone[1]
    both = complaint_interval(Complaints(counted=60, explained=0, expected=45.0), 100)
    assert both[0] < 0.40 and both[1] == alone[1]


def test_every_headline_figure_has_a_range_and_a_change(reports):
    mentions, complaints, waiting, explained = reports[-1]["figures"]
    for figure in (complaints, waiting, explained):
        assert figure["low"] <= figure["value"] <= figure["high"], figure
        assert figure["previous"] is not None, figure
    for figure in (mentions, complaints, explained):
        assert figure["usual_low"] < figure["previous"] < figure["usual_high"], figure
    assert all(f["previous"] is None for f in reports[0]["figures"])


def parts_of(counts, name):
    """Return a total and the sum of the parts that follow it."""
    place = next(i for i, (label, _) in enumerate(counts) if label == name)
    parts = []
    for label, number in counts[place + 1 :]:
        if not label.startswith("… "):
            break
        parts.append(number)
    return counts[place][1], sum(parts)


def test_counts_add_up_and_agree_with_every_other_place(reports):
    for report in reports:
        counts = report["trust"]["counts"]
        for total in ("rows read, all weeks", "mentions of this week", "complaints of this week"):
            whole, parts = parts_of(counts, total)
            assert whole == parts, (report["week"], total)
        named = dict(counts)
        mentions, complaints, waiting, explained = report["figures"]
        assert mentions["value"] == named["mentions of this week"]
        assert complaints["value"] == named["… complaints"] / named["mentions of this week"]
        in_causes = named["… in causes, copies included"]
        assert explained["value"] == in_causes / named["complaints of this week"]
        assert waiting["value"] == len(report["reply_queue"])
        chosen = next(d for d in report["trust"]["dial"] if d["chosen"])
        assert chosen["causes"] == sum(c["voices"] > 0 for c in report["causes"])
        assert chosen["isolated_share"] == pytest.approx(
            report["trust"]["isolated_share"], abs=1e-4
        )
        shares = [d["isolated_share"] for d in report["trust"]["dial"]]
        assert shares == sorted(shares), "a stricter minimum isolates more"


def test_an_old_request_in_the_queue_still_knows_its_cause(reports):
    last = reports[-1]
    old = [r for r in last["reply_queue"] if r["created_at"] < last["starts"] and r["cause_id"]]
    assert old and all(r["cause_title"] for r in old)


def test_praise_has_titles_a_person_wrote_and_quotes_of_enough_people(reports):
    with bundled("data/praise_phrases.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    themes = {row["theme"] for row in rows}
    assert len({row["phrase"] for row in rows}) == len(rows)
    found = [theme for report in reports for theme in report["praise"]]
    assert len(found) >= 10 and {theme["title"] for theme in found} <= themes
    assert all(bool(theme["quotes"]) == (theme["voices"] >= 5) for theme in found)
    for report in reports:
        voices = [t["voices"] for t in report["praise"] if t["title"] != rows[-1]["theme"]]
        assert voices == sorted(voices, reverse=True)


def test_an_action_with_its_day_is_on_the_first_screen(demo):
    page = (demo.reports / "2026-W47" / "report.html").read_text(encoding="utf-8")
    top = page[: page.index('id="causes"')]
    assert "a fix would save about" in top
    assert "waive the fee where the new address cannot be served" in page
    assert "due Dec 14, 2026" in page


@pytest.mark.parametrize(
    ("locale", "text", "shown"),
    [
        ("de", "65% of 1,451 mentions (q < 0.001)", "65\xa0% of 1.451 mentions (q < 0,001)"),
        ("de", "fixed on 2026-10-26 at 0.43 times", "fixed on 26.10.2026 at 0,43 times"),
        ("de", "“1,000 things in 3.5 days” and 2026-W47, 4.2.2", None),
        ("en", "65% of 1,451 mentions, 10.4 expected", None),
    ],
)
def test_sentences_follow_the_locale_and_leave_titles_alone(locale, text, shown):
    assert Numbers(locale).prose(text) == (shown or text)


def test_a_flagged_cause_says_what_its_week_is_about_when_its_name_does_not():
    cause = SimpleNamespace(title="password reset does not work", key_phrases=("reset link",))
    other = ("signed out", "update", "every account", "all day")
    told = "; this week: “signed out”, “update”, “every account”"
    assert told_now(cause, "growing", other) == told
    assert told_now(cause, "steady", other) == ""
    # a name that still says it needs no second one, whatever the ending of the word
    assert told_now(cause, "growing", ("signed out", "resetting passwords")) == ""
    assert told_now(cause, "growing", ("signed out",)) == ""
    assert "jo@example.com" not in told_now(cause, "new", ("jo@example.com", "signed out"))


def test_quotes_come_from_the_surest_members():
    members = np.array([2, 4, 5, 7, 8, 9, 11])
    sure = np.zeros(12)
    sure[members] = [0.5, 0.9, 0.5, 0.8, 0.6, 0.5, 0.7]
    assert _surest(members, sure).tolist() == [2, 4, 5, 7, 8, 9, 11], "the fifth ties with others"
    sure[2] = 0.55
    assert _surest(members, sure).tolist() == [2, 4, 7, 8, 11]
    assert _surest(members[:2], sure).tolist() == [2, 4]


def test_files_read_are_named_without_the_folders_they_share(reports):
    names = [name for name, _ in reports[-1]["trust"]["inputs"]]
    assert len(names) == 30 and "2026-W47/brandwatch.csv" in names
    assert not any(name.startswith("/") for name in names)


def test_a_long_mention_speaks_with_its_clause_nearest_the_middle():
    pool = SimpleNamespace(
        ids=["a", "a", "b", "c"], vectors=np.array([[0, 1], [1, 0], [1, 0], [1, 0]], np.float32)
    )
    assert _once_each(np.arange(4), pool).tolist() == [1, 2, 3]


def test_a_quote_tells_the_words_that_carried_its_label_and_none_that_masking_took():
    facts = {"m": {"because": "never came; mr dawes; refund; still; late", "author": "Mr Dawes"}}
    text = "The refund never came, still waiting, late again. Ask mr dawes at dawes@example.com"
    found = evidence.quote("m", text, "central", facts)
    assert found.because == ("never came", "refund", "still")
    assert evidence.quote("m", text, "central", {}).because == ()
