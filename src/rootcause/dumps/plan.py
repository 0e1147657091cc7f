"""Which header feeds which column, decided from the headers and a sample of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rootcause.dumps.dates import (
    DAY_FIRST,
    EMPTY,
    MONTH_FIRST,
    DateReader,
    Order,
    Unreadable,
    decide_order,
    is_clock,
    join_time,
)
from rootcause.dumps.layouts import Layout, recognise
from rootcause.dumps.names import DOUBTFUL_BRANDS, FIELDS, NAMES
from rootcause.dumps.rows import Cell
from rootcause.dumps.sniff import plain
from rootcause.errors import DataError, UsageError

DATE_ORDER = "date_order"
_SHOWN_HEADERS = 30

Values = Callable[[str], list[Any]]  # a header's values in the sample


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How rows become mentions: for each column the headers tried in turn, row by row."""

    layout: str
    sources: Mapping[str, tuple[str, ...]]
    segments: tuple[tuple[str, str], ...] = ()
    joined: bool = False
    html: bool = False
    channel: str | None = None
    order: Order = field(default_factory=Order)
    notes: tuple[str, ...] = ()

    def needed(self) -> tuple[str, ...]:
        """Return the headers that a row cut short must reach to be used."""
        fields = ("text", "created_at", "mention_id")
        return tuple(name for key in fields for name in self.sources.get(key, ())[:1])

    def shown(self) -> dict[str, str]:
        """Return the recognised columns as {column: headers}."""
        found = {key: " / ".join(headers) for key, headers in self.sources.items()}
        if "title" in found and "text" in found:
            found["text"] = f"{found.pop('title')} + {found['text']}"
        if "time" in found and "created_at" in found:
            found["created_at"] += f" + {found.pop('time')}"
        return found


class Headers:
    """The headers of one dump, found by their exact or plain spelling."""

    def __init__(self, name: str, headers: Sequence[str]) -> None:
        self.name = name
        self.all = list(headers)
        self._exact = frozenset(headers)
        self._plain: dict[str, str] = {}
        for header in headers:
            self._plain.setdefault(plain(header), header)

    def named(self, key: str, header: str) -> tuple[str, ...]:
        """Return the headers that a person named for a column, `A+B` being two.

        Raises DataError where there is none of that name.
        """
        if (one := self._one(header)) is not None:
            return (one,)
        parts = [self._one(part) for part in header.split("+")]
        if len(parts) > 1 and None not in parts:
            return tuple(part for part in parts if part is not None)
        raise DataError(f"{self.name} has no column {header!r} for {key}; it has {self.shown()}")

    def among(self, names: Sequence[str]) -> list[str]:
        """Return those of some plain names that are here, as they are spelled here."""
        return [self._plain[name] for name in names if name in self._plain]

    def shown(self) -> str:
        """Return the headers as a short list."""
        some = [repr(h[:60]) for h in self.all[:_SHOWN_HEADERS]]
        more = len(self.all) - len(some)
        return (", ".join(some) or "none") + (f" and {more} more" if more > 0 else "")

    def _one(self, header: str) -> str | None:
        header = header.strip()
        return header if header in self._exact else self._plain.get(plain(header) or " ")


def check_columns(columns: Mapping[str, str], allowed: Sequence[str] = FIELDS) -> None:
    """Raise UsageError for a column that mentions do not have, or an order that is none."""
    for key, value in columns.items():
        if key == DATE_ORDER:
            if value not in (DAY_FIRST, MONTH_FIRST):
                raise UsageError(f"date_order {value!r} is unknown; {DAY_FIRST} or {MONTH_FIRST}")
        elif key not in allowed:
            raise UsageError(f"no column is called {key!r}; there are {', '.join(allowed)}")


def make_plan(
    name: str,
    headers: Sequence[str],
    values: Values,
    *,
    columns: Mapping[str, str],
    segments: Sequence[str],
) -> Plan:
    """Return how the rows of a dump with these headers are read.

    `values` gives a header's values in a sample of the first rows. Raises DataError where no
    column of texts is found, a named column is absent, or no date of the date column is readable.
    """
    have = Headers(name, headers)
    layout = recognise(headers)
    notes: list[str] = [layout.note] if layout and layout.note else []
    sources: dict[str, tuple[str, ...]] = {}
    for key in NAMES:
        if key in columns:
            sources[key] = have.named(key, columns[key])
        elif layout and key in layout.columns:
            sources[key] = tuple(have.among(layout.columns[key]))
        else:
            sources[key] = tuple(have.among(NAMES[key]))
            if key not in ("created_at", "brand"):
                sources[key] = sources[key][:1]
    _text(sources, have, columns, layout)
    _brand(sources, values, columns, layout)
    order = _dates(sources, values, columns, notes, name)
    _answers(sources, values, order, notes)
    kept = {key: found for key, found in sources.items() if found}
    return Plan(
        layout=layout.name if layout else "generic",
        sources=kept,
        segments=tuple((wanted, have.named("--segment", wanted)[0]) for wanted in segments),
        joined="title" in kept or ("text" in columns and len(kept["text"]) > 1),
        html=layout.html if layout else False,
        channel=layout.channel if layout else None,
        order=order,
        notes=tuple(notes),
    )


def _text(
    sources: dict[str, tuple[str, ...]],
    have: Headers,
    columns: Mapping[str, str],
    layout: Layout | None,
) -> None:
    """Settle text and title: a title is joined to a body, and is the text where none is."""
    if "text" in columns and "title" not in columns:
        sources["title"] = ()
    if not sources["text"]:
        sources["text"], sources["title"] = sources["title"], ()
    if not sources["text"]:
        raise DataError(
            f"{have.name} has no column of texts that we know; it has {have.shown()}; "
            "name it with --column text=HEADER"
        )
    body = {"text", "full text", "tweet", "tweet text", "message"}
    if layout is None and "title" not in columns and plain(sources["text"][0]) in body:
        # posts carry their words in the text; a title beside it is a page's or a thread's
        sources["title"] = ()


def _brand(
    sources: dict[str, tuple[str, ...]],
    values: Values,
    columns: Mapping[str, str],
    layout: Layout | None,
) -> None:
    if "brand" in columns or (layout and "brand" in layout.columns):
        return
    for header in sources["brand"]:
        if plain(header) not in DOUBTFUL_BRANDS:
            sources["brand"] = (header,)
            return
        cells = [str(value) for value in values(header) if value not in (None, "")]
        if cells and len(set(cells)) <= max(10, len(cells) // 5):
            sources["brand"] = (header,)
            return
    sources["brand"] = ()


def _dates(
    sources: dict[str, tuple[str, ...]],
    values: Values,
    columns: Mapping[str, str],
    notes: list[str],
    name: str,
) -> Order:
    """Settle created_at and time; return the order of day and month."""
    clock = sources["time"][:1]
    sources["time"] = ()
    tried: list[str] = []
    empty: list[str] = []
    for header in sources["created_at"]:
        cells = values(header)
        own_clock = any(":" in str(cell) for cell in cells[:100])
        use_clock = bool(clock) and clock[0] != header and not own_clock
        use_clock = use_clock and any(is_clock(cell) for cell in values(clock[0]))
        if use_clock:
            times = values(clock[0])
            cells = [join_time(day, at) for day, at in zip(cells, times, strict=True)]
        order = _order(cells, columns)
        readable, filled = _readable(cells, order)
        if filled and not readable:
            example = next(c for c in cells if not _empty(c))
            tried.append(f"{header!r} (such as {str(example)[:40]!r})")
            continue
        if not filled:
            empty.append(header)
            continue
        sources["created_at"] = (header,)
        sources["time"] = clock if use_clock else ()
        if order.note:
            notes.append(order.note)
        return order
    if tried:
        raise DataError(
            f"{name}: no date can be read in {' or '.join(tried)}; "
            "name the date column with --column created_at=HEADER"
        )
    sources["created_at"] = tuple(empty[:1])
    return Order()


def _order(cells: Sequence[Any], columns: Mapping[str, str]) -> Order:
    order = decide_order(cells)
    if DATE_ORDER in columns and order.value:
        chosen = columns[DATE_ORDER]
        return Order(value=chosen, note=f"dates read {chosen}, as asked")
    return order


def _readable(cells: Sequence[Any], order: Order) -> tuple[int, int]:
    """Return how many cells hold a readable date, and how many are filled."""
    reader = DateReader(order.value)
    readable = filled = 0
    for cell in cells:
        if _empty(cell):
            continue
        filled += 1
        try:
            readable += reader.micros(cell) is not None
        except Unreadable:
            continue
        if readable >= 100:
            break
    return readable, filled


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in EMPTY)


def _answers(
    sources: dict[str, tuple[str, ...]], values: Values, order: Order, notes: list[str]
) -> None:
    for header in sources["answered_at"][:1]:
        readable, filled = _readable(values(header), order)
        if filled and not readable:
            notes.append(f"column {header!r} holds no dates, so answer times are not read")
            sources["answered_at"] = ()
