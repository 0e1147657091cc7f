"""Which delimiter, which escape, which line is the header: told by trying and counting."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = (",", "\t", ";", "|", "\x01")
_NONE = "\x1f"
_SHOWN = {"\t": "tab", _NONE: "none", ",": "comma", ";": "semicolon", "|": "pipe", "\x01": "^A"}
_HEADER_WITHIN = 40
_SEP_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=50_000)
def plain(header: str) -> str:
    """Return a header in the spelling that headers are compared in.

    `Created_Time`, `createdTime` and `created time ` are all `created time`.
    """
    return _NOT_WORD.sub(" ", _CAMEL.sub(" ", header[:200])).strip().casefold()


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a delimited file is written; `header_line` counts from 1, `first_row` lines above."""

    delimiter: str = _NONE
    escape: str | None = None
    header: list[str] = field(default_factory=list)
    header_line: int = 1
    first_row: int = 0

    @property
    def shown(self) -> str:
        """The delimiter in a word."""
        return _SHOWN.get(self.delimiter, repr(self.delimiter))

    def reader(self, lines: Iterable[str], *, strict: bool) -> Reader:
        """Return a csv reader of this dialect."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar=self.escape,
            strict=strict,
            skipinitialspace=False,
        )


@dataclass(frozen=True, kw_only=True)
class _Trial:
    dialect: Dialect
    hits: int
    share: float
    width: int

    def rank(self) -> tuple[float, ...]:
        fits = self.width if self.share > 0.5 else 1
        return (self.hits, round(self.share, 3), min(fits, 50), self.dialect.escape is None)


def sniff(lines: list[str], known: Iterable[str]) -> Dialect:
    """Return the dialect of a text that begins with `lines`; `known` are headers as `plain`.

    The header is the line with most known names among the first 40, else the first line as wide
    as the rows below it. A text of one column has no delimiter.
    """
    names = frozenset(known)
    if not lines:
        return Dialect()
    delimiters: tuple[str, ...] = _DELIMITERS
    above = 0
    if declared := _SEP_LINE.match(lines[0]):
        delimiters, above = (declared[1],), 1
    escapes: tuple[str | None, ...] = (None, "\\") if any('\\"' in x for x in lines) else (None,)
    trials = [
        trial
        for delimiter in delimiters
        for escape in escapes
        if (trial := _try(lines, above, delimiter, escape, names))
    ]
    best = max(trials, key=_Trial.rank, default=None)
    if best is None or best.width == 1:
        alone = _try(lines, above, _NONE, None, names)
        return alone.dialect if alone else Dialect()
    return best.dialect


def _try(
    lines: list[str], above: int, delimiter: str, escape: str | None, names: frozenset[str]
) -> _Trial | None:
    dialect = Dialect(delimiter=delimiter, escape=escape)
    rows: list[tuple[int, list[str]]] = []
    broken = 0
    for end, row, bad in _lenient(dialect, lines[above:]):
        broken += bad
        if any(map(str.strip, row)):
            rows.append((above + end, row))
    if not rows:
        return None
    widths = [len(row) for _, row in rows]
    modal = max(set(widths[-60:]), key=widths[-60:].count)
    best: tuple[int, float, int] | None = None
    for index, (_, row) in enumerate(rows[:_HEADER_WITHIN]):
        hits = len({plain(cell) for cell in row} & names)
        below = widths[index + 1 :]
        alike = sum(width == len(row) for width in below) / len(below) if below else 0.0
        rank = (hits, alike if hits else float(len(row) == modal), -index)
        best = max(best, rank) if best else rank
    assert best is not None  # noqa: S101
    index = -best[2]
    end, header = rows[index]
    below = widths[index + 1 :]
    above = rows[index - 1][0] if index else above
    while above < end - 1 and not lines[above].strip():
        above += 1
    share = (sum(w == len(header) for w in below) - broken) / len(below) if below else 1.0
    found = Dialect(
        delimiter=delimiter,
        escape=escape,
        header=[cell.strip().lstrip("\ufeff") for cell in header],
        header_line=above + 1,
        first_row=end,
    )
    return _Trial(dialect=found, hits=best[0], share=share, width=len(header))


def _lenient(dialect: Dialect, lines: list[str]) -> Iterator[tuple[int, list[str], int]]:
    """Yield (line after the row, row, 1 where strict reading failed) for a sample."""
    done = 0
    while done < len(lines):
        reader = dialect.reader(lines[done:], strict=True)
        last = 0
        try:
            for row in reader:
                last = reader.line_num
                yield done + last, row, 0
            return
        except csv.Error as error:
            if "unexpected end" in str(error) and len(lines) - done - last < len(lines) // 2:
                return
        done += last
        try:
            row = next(dialect.reader([lines[done].replace("\r", " ")], strict=False), [])
        except csv.Error:
            row = []
        yield done + 1, row, 1
        done += 1
