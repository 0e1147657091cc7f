"""Dates of every kind, and who comes first: the day or the month."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dumps_helpers import read, write
from rootcause.dumps.dates import DAY_FIRST, MONTH_FIRST, DateReader, Unreadable, decide_order
from rootcause.errors import DataError, UsageError


def _iso(value: object, order: str | None = None) -> str:
    micros = DateReader(order).micros(value)
    assert micros is not None
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-13T20:00:00.000Z", "2026-03-13T20:00:00+00:00"),
        ("2020-05-01 13:04:05.0", "2020-05-01T13:04:05+00:00"),
        ("2020-05-01T13:04:05.000+0000", "2020-05-01T13:04:05+00:00"),
        ("2015-02-24 11:35:52 -0800", "2015-02-24T19:35:52+00:00"),
        ("2017-10-23 22:55:01+00:00", "2017-10-23T22:55:01+00:00"),
        ("2017-10-23 22:55:01 UTC", "2017-10-23T22:55:01+00:00"),
        ("2026-03-13", "2026-03-13T00:00:00+00:00"),
        ("20260313", "2026-03-13T00:00:00+00:00"),
        ("2020/3/18", "2020-03-18T00:00:00+00:00"),
        ("Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47+00:00"),
        ("Sat Jan 01 00:00:00 UTC 2020", "2020-01-01T00:00:00+00:00"),
        ("Tue, 31 Oct 2017 22:10:47 -0500", "2017-11-01T03:10:47+00:00"),
        ("Tue, 31 Oct 2017 22:10:47 GMT", "2017-10-31T22:10:47+00:00"),
        ("31 October 2017", "2017-10-31T00:00:00+00:00"),
        ("October 31, 2017 at 10:10 PM", "2017-10-31T22:10:00+00:00"),
        ("Oct 31, 2017, 12:10 AM", "2017-10-31T00:10:00+00:00"),
        ("22-Apr-15", "2015-04-22T00:00:00+00:00"),
        ("22-Apr-15 03:53:50 PM", "2015-04-22T15:53:50+00:00"),
        ("1577836800", "2020-01-01T00:00:00+00:00"),
        (1577836800.0, "2020-01-01T00:00:00+00:00"),
        ("1577836800000", "2020-01-01T00:00:00+00:00"),
        (1577836800000, "2020-01-01T00:00:00+00:00"),
        ("1512010112345", "2017-11-30T02:48:32.345000+00:00"),
        ("43831.5", "2020-01-01T12:00:00+00:00"),
        (datetime(2020, 1, 1, 12), "2020-01-01T12:00:00+00:00"),
    ],
)
def test_forms(value, expected) -> None:
    assert _iso(value) == expected


def test_order_of_day_and_month() -> None:
    assert _iso("03/04/2024 18:40", DAY_FIRST) == "2024-04-03T18:40:00+00:00"
    assert _iso("03/04/2024 6:40 PM", MONTH_FIRST) == "2024-03-04T18:40:00+00:00"
    assert _iso("3.4.24", DAY_FIRST) == "2024-04-03T00:00:00+00:00"


@pytest.mark.parametrize(
    "value",
    ["2 days ago", "31/31/2020", "2020-02-30", "12:30", "hello", "2020-01-01 25:00", True,
     "Tue Foo 31 22:10:47 +0000 2017", "2020-01-01 10:00 XYZ", "0", 5, [1], "9" * 400,
     "0001-01-01", "2020-01-01T00:00:00+99:99"],
)  # fmt: skip
def test_unreadable(value) -> None:
    with pytest.raises(Unreadable):
        DateReader(DAY_FIRST).micros(value)


@pytest.mark.parametrize("value", [None, "", "  ", "NaN", "NaT", "null", "N/A", float("nan")])
def test_empty_is_no_date(value) -> None:
    assert DateReader().micros(value) is None


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_unreadable(value) -> None:
    with suppress(Unreadable):
        DateReader(MONTH_FIRST).micros(value)


@given(st.datetimes(datetime(1971, 1, 2), datetime(2190, 1, 1)))
def test_round_trip(moment) -> None:
    micros = (moment - datetime(1970, 1, 1)).total_seconds()
    for text in (moment.isoformat(), moment.strftime("%d/%m/%Y %H:%M:%S.%f")):
        assert DateReader(DAY_FIRST).micros(text) == pytest.approx(micros * 1e6, abs=32)


def test_one_number_over_twelve_decides() -> None:
    assert decide_order(["03/04/2024"] * 50 + ["13/04/2024"]).value == DAY_FIRST
    assert decide_order(["03/04/2024"] * 50 + ["04/13/2024"]).value == MONTH_FIRST
    assert decide_order(["2024-04-13"]).value is None


def test_an_undecided_column_takes_the_shorter_span_and_says_so() -> None:
    order = decide_order(["01/11/2024", "02/11/2024", "07/11/2024"])
    assert (order.value, order.decided) == (DAY_FIRST, False)
    assert "span 6 days, not" in order.note
    assert decide_order(["11/01/2024", "11/02/2024", "11/07/2024"]).value == MONTH_FIRST


def test_the_whole_column_decides_beyond_the_sample(tmp_path) -> None:
    early = "".join(f"words {i},0{1 + i % 9}/0{1 + i % 7}/2024\n" for i in range(120_000))
    path = write(tmp_path, "d.csv", "text,date\n" + early + "last,12/31/2024\n")
    rows, reader = read(path)
    assert rows[-1]["created_at"] == datetime(2024, 12, 31, tzinfo=UTC)
    assert "dates read month-first" in reader.files[0].notes


def test_dates_against_the_order_are_rejects(tmp_path) -> None:
    body = "text,date\n" + "ok,25/12/2024\n" * 9 + "odd,12/25/2024\n"
    rows, reader = read(write(tmp_path, "d.csv", body))
    assert len(rows) == 9
    assert reader.rejects[0].row == 11
    assert "unreadable date: '12/25/2024' in 'date'" in reader.rejects[0].reason
    assert "dates read day-first; 1 sampled dates contradict it" in reader.files[0].notes


def test_the_order_can_be_named(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,date\na b,03/04/2024\n")
    rows, _ = read(path, columns={"date_order": "month-first"})
    assert rows[0]["created_at"] == datetime(2024, 3, 4, tzinfo=UTC)
    with pytest.raises(UsageError, match="date_order 'up' is unknown"):
        read(path, columns={"date_order": "up"})


def test_a_column_without_one_readable_date_ends_the_run(tmp_path) -> None:
    path = write(tmp_path, "d.csv", "text,date\na b,soon\nc d,later\n")
    with pytest.raises(DataError, match=r"no date can be read in 'date' \(such as 'soon'\)"):
        read(path)


def test_empty_dates_are_undated_mentions(tmp_path) -> None:
    rows, reader = read(write(tmp_path, "d.csv", "text,date\na b,\nc d,2024-01-02\ne f,NaT\n"))
    assert [row["created_at"] is None for row in rows] == [True, False, True]
    assert "mentions without a date (2)" in reader.files[0].notes


def test_zones_are_kept_and_their_absence_is_said(tmp_path) -> None:
    _, reader = read(write(tmp_path, "a.csv", "text,date\na b,2024-01-02 10:00\n"))
    assert "dates name no time zone and are taken as UTC" in reader.files[0].notes
    _, reader = read(write(tmp_path, "b.csv", "text,date\na b,2024-01-02 10:00Z\n"))
    assert reader.files[0].notes == ()


def test_a_better_date_column_is_taken_where_the_first_holds_none(tmp_path) -> None:
    body = "text,created,date\na b,by Jim,2024-01-02\n"
    rows, _ = read(write(tmp_path, "d.csv", body))
    assert rows[0]["created_at"] == datetime(2024, 1, 2, tzinfo=UTC)


_ISO = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["1969-12-31", "1970-01-01", "2026-02-29", "2026-2-3", "2026-11-28",
                     "2200-12-31", "2026-W48-6", "20261128"]),
    st.sampled_from(["T10:05", " 23:59:59", "T24:00:00", "T10:05:07.5", "T1:2:3", "T100507", ""]),
    st.sampled_from(["", ".123456", ".1234567", ",5"]),
    st.sampled_from(["Z", "z", "+00:00", "-05:30", "+0530", "+05", "", " UTC", "+24:00"]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(_ISO | st.none(), min_size=1, max_size=3))
def test_dates_read_all_at_once_are_those_read_one_by_one(values):
    quick = DateReader().all_micros(values)
    if quick is not None:
        reader = DateReader()
        assert quick == [reader.micros(value) for value in values]
        assert not reader.zoneless


def test_dates_of_most_exports_are_read_all_at_once():
    assert DateReader().all_micros(["2026-11-28T10:05:07+01:00", None, "2026-11-28T09:05:07Z"]) == [
        1_795_856_707_000_000, None, 1_795_856_707_000_000,
    ]  # fmt: skip
    assert DateReader().all_micros(["2026-11-28T10:05:07"]) is None
    assert DateReader().all_micros(["28/11/2026"]) is None
