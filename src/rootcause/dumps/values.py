"""What one cell says: filled or empty, a name, a flag, words without their HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from rootcause.dumps.rows import Cell, as_text

_NOTHING = frozenset(("", "nan", "null", "none", "n/a", "\\n"))
_TRUE = frozenset(("true", "1", "yes", "y", "t", "inbound", "incoming", "in", "customer", "1.0"))
_FALSE = frozenset(("false", "0", "no", "n", "f", "outbound", "outgoing", "out", "agent", "0.0"))
_POINT_ZERO = re.compile(r"\d+\.0+$")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</p>\s*(?=<p)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,5000}>")
_STATUS_URL = re.compile(r"https?://\S*?/status(?:es)?/(\d+)\S*$")
_CENTURY = 60 * 24 * 365.25 * 100  # in minutes


def first_filled(columns: list[list[Any]]) -> list[Any]:
    """Return, row by row, the first cell that is filled."""
    return [next((c for c in row if filled(c)), None) for row in zip(*columns, strict=True)]


def filled(cell: Cell) -> str | None:
    """Return a cell as text, None for the spellings of nothing."""
    text = cell if type(cell) is str else as_text(cell)
    if not text or (len(text) < 6 and text.strip().casefold() in _NOTHING):
        return None
    return text if text and not text.isspace() else None


def all_filled(cells: list[Any]) -> list[str | None]:
    """Return `filled` of each cell."""
    # longer texts are no spelling of nothing; the test is inline because it runs for every cell
    return [v if type(v) is str and len(v) > 5 and v[0] > " " else filled(v) for v in cells]


def joined(title: str | None, body: str | None) -> str | None:
    """Return title and body as one text; a body that begins with its title stands alone."""
    if not title or title.isspace():
        return body
    if not body or body.isspace():
        return title
    opening = title.strip().rstrip("….").rstrip()
    return body if body.lstrip().startswith(opening) else f"{title.strip()}\n{body}"


def strip_html(text: str) -> str:
    """Return the words of an HTML fragment: paragraphs and breaks become newlines."""
    text = _PARAGRAPH.sub("</p>\n\n", _BREAK.sub("\n", text))
    return html.unescape(_TAG.sub("", text)).strip()


def identifier(cell: Cell) -> str | None:
    """Return an id or a name; `3.0` from a spreadsheet is `3`."""
    if type(cell) is str and len(cell) > 5 and cell[0] > " ":
        name = cell
    elif (found := filled(cell)) is None:
        return None
    else:
        name = found
    name = name.strip()
    return name[: name.index(".")] if "." in name and _POINT_ZERO.match(name) else name


def parent(value: str | None) -> str | None:
    """Return the id of a parent, out of its link where only that is given."""
    if value is None:
        return None
    if match := _STATUS_URL.match(value):
        return match[1]
    return identifier(value)


def item(value: str | None) -> str | None:
    """Return the only item of a list written as JSON (Talkwalker's `["TWITTER"]`)."""
    return value[2:-2] if value and value.startswith('["') and value.count('"') == 2 else value


def flag(value: str | None) -> bool | None:
    """Return whether a word says yes, None where it says neither."""
    word = (value or "").strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def later(start: int | None, minutes: str | None) -> int | None:
    """Return a moment (microseconds) some minutes later; None for no time anybody waits."""
    try:
        wait = float(minutes or "nan")
    except ValueError:
        return None
    return start + int(wait * 6e7) if start is not None and 0 <= wait < _CENTURY else None


def rounded(cells: Sequence[Any]) -> bool:
    """Tell whether ids are all long numbers rounded to 15 digits, as Excel leaves them."""
    names = [name for name in map(identifier, cells[:2_000]) if name]
    long = [name for name in names if len(name) > 16 and name.isdigit()]
    return len(long) >= 3 and all(not name[15:].strip("0") for name in long)
