"""Dates of every kind that exports hold; day-first or month-first is decided by the column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from rootcause.dumps.dateforms import (
    DAY_MONTH,
    HOURS,
    MONTH_DAY,
    MONTHS,
    NUMERIC,
    TWITTER,
    ZONES,
)  # fmt: skip
from rootcause.dumps.rows import Cell

DAY_FIRST = "day-first"
MONTH_FIRST = "month-first"

EMPTY = frozenset(("", "nan", "nat", "null", "none", "n/a", "na", "\\n", "-", "0000-00-00"))

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
# Microseconds that lie within these years in every time zone.
_SURELY_FIRST, _SURELY_LAST = 2 * 86_400_000_000, 7_289_481_600_000_000
_CACHE = 20_000


class Unreadable(ValueError):
    """A value that is no date, or one that contradicts its column."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a column of numbers such as 03/04/2024 is read, and how that was decided."""

    value: str | None = None
    note: str = ""
    decided: bool = True


def decide_order(values: Iterable[Any]) -> Order:
    """Return the order of day and month in a column, from all the values given.

    A number over 12 decides. Where none is, the reading that spans fewer days is taken, and
    `decided` is False. A column without such dates has no order.
    """
    day = month = 0
    seen: set[tuple[int, int, int]] = set()
    dots = clock = False
    for value in values:
        if not isinstance(value, str) or not (match := NUMERIC.match(value.strip())):
            continue
        if len(match["a"]) > 2:
            continue
        first, second, year = int(match["a"]), int(match["b"]), _year(match["c"])
        day += first > 12
        month += second > 12
        dots = dots or "." in value[:3]
        clock = clock or match["ap"] is not None
        if len(seen) < _CACHE:
            seen.add((year, first, second))
    if not seen:
        return Order()
    if day or month:
        order = DAY_FIRST if day >= month else MONTH_FIRST
        rest = f"; {min(day, month)} sampled dates contradict it" if min(day, month) else ""
        return Order(value=order, note=f"dates read {order}{rest}")
    as_day = _span((y, b, a) for y, a, b in seen)
    as_month = _span((y, a, b) for y, a, b in seen)
    if as_day != as_month:
        order = DAY_FIRST if as_day < as_month else MONTH_FIRST
        why = f"so they span {min(as_day, as_month)} days, not {max(as_day, as_month)}"
    else:
        order = DAY_FIRST if dots or not clock else MONTH_FIRST
        why = "a guess"
    note = (
        f"dates fit both orders and were read {order} ({why}); "
        f"--column date_order={DAY_FIRST} or {MONTH_FIRST} decides"
    )
    return Order(value=order, note=note, decided=False)


def _span(dates: Iterable[tuple[int, int, int]]) -> int:
    days = []
    for year, month, day in dates:
        try:
            days.append(date(year, month, day).toordinal())
        except ValueError:
            return 1 << 30
    return max(days) - min(days)


class DateReader:
    """Reads the dates of one column in one order; remembers values that repeat."""

    def __init__(self, order: str | None = None) -> None:
        self._order = order
        self._seen: dict[Any, int | None] = {}
        self.zoneless = 0

    def micros(self, value: Cell) -> int | None:
        """Return microseconds since 1970 in UTC, None for an empty value.

        Raises Unreadable.
        """
        try:
            return self._seen[value]
        except KeyError:
            pass
        except TypeError:
            raise Unreadable("a list or an object") from None
        moment = self._read(value)
        if moment is None:
            result = None
        else:
            if moment.tzinfo is None:
                self.zoneless += 1
                moment = moment.replace(tzinfo=UTC)
            if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
                raise Unreadable(f"the year {moment.year}")
            gone = moment - _EPOCH
            result = (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds
            if result <= 0:
                raise Unreadable("before 1970")
        if len(self._seen) >= _CACHE:
            self._seen.clear()
        self._seen[value] = result
        return result

    def all_micros(self, values: list[Any]) -> list[int | None] | None:
        """Return `micros` of all values at once where they are plain ISO 8601 with a zone.

        None where any is not, or is near the years at which dates become unreadable.
        """
        if not values or type(values[0]) is not str or values[0][4:5] != "-":
            return None
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            moments = pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        except (pa.ArrowException, TypeError, UnicodeEncodeError):
            return None
        ends = pc.min_max(moments)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low is None or low < _SURELY_FIRST or high > _SURELY_LAST:
            return None
        found: list[int | None] = moments.to_pylist()
        return found

    def _read(self, value: Cell) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return self._parse(value)
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return None if math.isnan(value) else _number(value)
        raise Unreadable(f"a {type(value).__name__}")

    def _parse(self, value: str) -> datetime | None:
        text = value.strip().strip("'\"\u200e\u200f")
        if text.casefold() in EMPTY:
            return None
        if len(text) > 64 or not text.isascii():
            text = text.replace("\u202f", " ").replace("\xa0", " ")
            if len(text) > 64:
                raise Unreadable("too long for a date")
        head = text[:5]
        if text.replace(".", "", 1).isdecimal():
            if len(text) == 8 and "." not in text:
                return _made(int(text[:4]), int(text[4:6]), int(text[6:]))
            return _number(float(text) if "." in text else int(text))
        if head[:4].isdecimal() and head[4:] == "-":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        if match := NUMERIC.match(text):
            return self._numeric(match)
        for pattern in (TWITTER, DAY_MONTH, MONTH_DAY):
            if match := pattern.match(text):
                month = MONTHS.get(match["m"].casefold())
                if month is None:
                    raise Unreadable("an unknown month")
                return _clocked(match, _made(_year(match["y"]), month, int(match["d"])))
        raise Unreadable("an unknown form")

    def _numeric(self, match: re.Match[str]) -> datetime:
        first, second = int(match["a"]), int(match["b"])
        if len(match["a"]) == 4:
            return _clocked(match, _made(first, second, int(match["c"])))
        if len(match["a"]) == 3:
            raise Unreadable("a year of three digits")
        year = _year(match["c"])
        day, month = (second, first) if self._order == MONTH_FIRST else (first, second)
        if month > 12 >= day:
            raise Unreadable(f"no {self._order or DAY_FIRST} date, as the column's others are")
        return _clocked(match, _made(year, month, day))


def join_time(day: Cell, clock: Cell) -> Cell:
    """Return a date and a time of day from two columns as one value for `DateReader`."""
    if day is None or clock is None or clock == "" or day == "":
        return day
    if isinstance(day, datetime):
        day = day.date()
    if isinstance(clock, timedelta):
        clock = (datetime.min + clock).time() if clock < timedelta(days=1) else clock
    if isinstance(clock, datetime):
        clock = clock.time()
    if isinstance(clock, time):
        return datetime.combine(day, clock) if isinstance(day, date) else f"{day} {clock}"
    if isinstance(clock, str) and clock.strip().casefold() in EMPTY:
        return day
    return f"{day} {clock}"


def is_clock(value: Cell) -> bool:
    """Tell whether a value is a time of day without a date."""
    if isinstance(value, str):
        return bool(HOURS.match(value.strip()))
    return isinstance(value, (time, timedelta))


def _made(year: int, month: int, day: int) -> datetime:
    try:
        return datetime(year, month, day)
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 70 else 1900)


def _clocked(match: re.Match[str], day: datetime) -> datetime:
    """Return a day with the time and zone of a match added."""
    groups = match.groupdict()
    zone = groups.get("z")
    tz = None
    if zone:
        if zone[0] in "+-":
            minutes = int(zone[1:3]) * 60 + int(zone[-2:])
            if minutes >= 24 * 60:
                raise Unreadable("an impossible zone")
            tz = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
        elif zone.casefold() in ZONES:
            tz = timezone(timedelta(hours=ZONES[zone.casefold()]))
        else:
            raise Unreadable(f"the unknown time zone {zone}")
    if groups.get("h") is None:
        return day.replace(tzinfo=tz)
    hour = int(groups["h"])
    if half := groups.get("ap"):
        if not 1 <= hour <= 12:
            raise Unreadable("an impossible hour")
        hour = hour % 12 + (12 if half in "pP" else 0)
    fraction = (groups.get("f") or "")[:6].ljust(6, "0")
    try:
        return day.replace(
            hour=hour,
            minute=int(groups["mi"]),
            second=int(groups["s"] or 0),
            microsecond=int(fraction),
            tzinfo=tz,
        )
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _number(value: float) -> datetime:
    """Return the moment that a number stands for: epoch s, ms, µs, ns, or Excel's days."""
    if 20_000 <= value < 80_000:
        return datetime(1899, 12, 30) + timedelta(seconds=round(value * 86_400))
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if 1e8 <= value / unit < 7.3e9:
            return _EPOCH + timedelta(microseconds=round(value * 1_000_000 / unit))
    raise Unreadable("a number that is no time")
