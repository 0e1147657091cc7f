"""CSV and its kin: lines of bounded length, a sniffed dialect, rows that resume after damage.

The engine is Python's csv module in strict mode over lines that we cut ourselves. Where it meets
a broken quote, the lines of that row are looked at again, so that one stray quote costs one row
and not all that follow (docs/exports.md has the comparison with other engines).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rootcause.dumps.decoding import text_blocks
from rootcause.dumps.rows import FIELD_LIMIT, Bad, Cells, shorten
from rootcause.dumps.sniff import Dialect, sniff
from rootcause.dumps.sources import LINE_LIMIT, Opened

CHUNK_LINES = 8_192
# An open quote that runs on for more is a stray one.
RECORD_LIMIT = 2 * FIELD_LIMIT
SAMPLE_LINES = 400

_LIMIT = "larger than field limit"
_TOO_LONG = f"too long: a cell of over {FIELD_LIMIT >> 20} MB"


@dataclass(frozen=True)
class _Lines:
    """Whole lines with their ends; `cut` marks one line of which only the start was kept."""

    lines: list[str]
    cut: bool = False


def cut_lines(blocks: Iterable[str], *, limit: int = LINE_LIMIT) -> Iterator[_Lines]:
    """Yield the lines of a text, with their ends, in chunks; a line over `limit` is cut.

    Lines end at \\n or \\r\\n, or at \\r in a text that has no \\n in its first block.
    """
    rest = ""
    old_mac: bool | None = None
    skipping = False
    for block in blocks:
        if old_mac is None:
            old_mac = "\r" in block and "\n" not in block
        text = rest + (block.replace("\r", "\n") if old_mac else block)
        if skipping:
            end = text.find("\n")
            if end < 0:
                rest = ""
                continue
            skipping, text = False, text[end + 1 :]
        end = text.rfind("\n") + 1
        rest = text[end:]
        if end:
            lines = list(io.StringIO(text[:end], newline="\n"))
            for start in range(0, len(lines), CHUNK_LINES):
                yield _Lines(lines[start : start + CHUNK_LINES])
        if len(rest) > limit:
            yield _Lines([rest[:limit] + "\n"], cut=True)
            rest, skipping = "", True
    if rest and not skipping:
        yield _Lines([rest])


@contextmanager
def _field_limit() -> Iterator[None]:
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@dataclass
class _Stretch:
    """Some lines, the first of them numbered `number`, and the rows found in them."""

    lines: list[str]
    number: int
    rows: list[Sequence[Any]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    short: dict[int, int] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)


class Delimited:
    """A CSV, TSV, semicolon or pipe file; rows are numbered by the line they begin on."""

    format = "csv"
    given: float | None = None

    def __init__(self, opened: Opened, *, encoding: str | None, known: Iterable[str]) -> None:
        self._opened = opened
        self._lines = cut_lines(text_blocks(opened, encoding))
        first = next(self._lines, _Lines([]))
        self._first = first
        self.dialect: Dialect = sniff(first.lines[:SAMPLE_LINES], known)
        self.headers = list(dict.fromkeys(filter(None, self.dialect.header)))
        self._places = {
            name: place for place, name in reversed(list(enumerate(self.dialect.header)))
        }
        self._width = len(self.dialect.header)
        self.facts = {
            "delimiter": self.dialect.shown,
            "header": f"line {self.dialect.header_line}" if self.headers else "none",
        }

    def chunks(self) -> Iterator[Cells]:
        """Yield the rows below the header."""
        skip = self.dialect.first_row
        number = skip + 1
        pending: list[str] = []
        for chunk in self._all_lines():
            lines, skip = chunk.lines[skip:], max(0, skip - len(chunk.lines))
            if chunk.cut:
                yield self._chunk(self._parse(pending, number, final=True)[0])
                number += len(pending)
                reason = f"too long: a line of over {LINE_LIMIT >> 20} MB"
                bad = Bad(row=number, reason=reason, raw=shorten(chunk.lines[0]))
                yield Cells(places=self._places, rows=[], numbers=[], bad=[bad])
                pending, number = [], number + 1
                continue
            lines = pending + lines
            found, used = self._parse(lines, number, final=False)
            pending, number = lines[used:], number + used
            yield self._chunk(found)
        yield self._chunk(self._parse(pending, number, final=True)[0])

    def _all_lines(self) -> Iterator[_Lines]:
        yield self._first
        yield from self._lines

    def _chunk(self, found: _Stretch) -> Cells:
        return Cells(
            places=self._places, rows=found.rows, numbers=found.starts, bad=found.bad,
            short=found.short,
        )  # fmt: skip

    def _parse(self, lines: list[str], number: int, *, final: bool) -> tuple[_Stretch, int]:
        """Return the rows of `lines` and how many lines they used up."""
        stretch = _Stretch(lines, number)
        done = 0
        with _field_limit():
            while done < len(lines):
                rows: list[list[str]] = []
                ends: list[int] = []
                reader = self.dialect.reader(islice(lines, done, None), strict=True)
                broken = ""
                try:
                    for row in reader:
                        rows.append(row)
                        ends.append(done + reader.line_num)
                except csv.Error as error:
                    broken = str(error)
                reached = done + reader.line_num
                self._take(stretch, rows, [done, *ends])
                done = ends[-1] if ends else done
                if not broken:
                    break
                open_end = broken.startswith("unexpected end")
                if open_end and not final and sum(map(len, lines[done:])) <= RECORD_LIMIT:
                    break
                done = self._recover(stretch, done, reached, broken)
        return stretch, done

    def _take(self, stretch: _Stretch, rows: list[list[str]], borders: list[int]) -> None:
        """Add rows that parsed, looking closer at those of another width than the header."""
        if not rows:
            return
        if set(map(len, rows)) == {self._width} and self.dialect.header not in rows:
            stretch.rows += rows
            stretch.starts += [stretch.number + begin for begin in borders[:-1]]
            return
        for row, begin, end in zip(rows, borders, borders[1:], strict=False):
            if len(row) == self._width and row != self.dialect.header:
                stretch.rows.append(row)
                stretch.starts.append(stretch.number + begin)
            elif end - begin > 1 and row and len(row) != self._width:
                self._resume(stretch, begin, end, "")
            else:
                self._odd(stretch, row, begin)

    def _odd(self, stretch: _Stretch, row: list[str], begin: int) -> None:
        """Add a one-line row of another width than the header, if it can be used."""
        if not any(map(str.strip, row)):
            return
        if row == self.dialect.header:
            self._opened.note("repeated header rows were skipped")
            return
        extra = row[self._width :]
        if any(map(str.strip, extra)):
            reason = f"wrong number of cells: {len(row)} where the header has {self._width}"
            self._reject(stretch, begin, begin + 1, reason)
            return
        if not extra and len(row) < self._width:
            stretch.short[len(stretch.rows)] = len(row)
        stretch.rows.append((row + [""] * self._width)[: self._width])
        stretch.starts.append(stretch.number + begin)

    def _recover(self, stretch: _Stretch, begin: int, reached: int, why: str) -> int:
        """Deal with the row that begins at line `begin` and broke; return the next line."""
        if reached - begin > 1:
            return self._resume(stretch, begin, reached, why)
        row = self._alone(stretch.lines[begin].replace("\r", " ").rstrip(" \n"), strict=False)
        if len(row) == self._width:
            self._opened.note("rows with stray quotes were read as they stand")
            self._keep(stretch, row, begin)
        else:
            reason = _TOO_LONG if _LIMIT in why else f"broken quotes: {why}"
            self._reject(stretch, begin, begin + 1, reason)
        return begin + 1

    def _keep(self, stretch: _Stretch, row: list[str], begin: int) -> None:
        if any(map(str.strip, row)):
            stretch.rows.append(row)
            stretch.starts.append(stretch.number + begin)

    def _resume(self, stretch: _Stretch, begin: int, reached: int, why: str) -> int:
        """Reject a row of several lines up to the first line that is a whole row by itself.

        Return the line to go on from. Where the engine has read on already (no `why`), the
        lines up to `reached` are read again here.
        """
        following = begin + 1
        while following < reached and len(self._alone(stretch.lines[following])) != self._width:
            following += 1
        if not why:
            reason = "wrong number of cells in a row of several lines"
        elif _LIMIT in why:
            reason = f"{_TOO_LONG}, or a quote never closed"
        else:
            reason = "broken quotes: a quote that is never closed, or closed in mid-cell"
        self._reject(stretch, begin, following, reason)
        if why:
            return following
        lines = stretch.lines[following:reached]
        inner, used = self._parse(lines, stretch.number + following, final=True)
        shift = len(stretch.rows)
        stretch.rows += inner.rows
        stretch.starts += inner.starts
        stretch.short |= {shift + index: width for index, width in inner.short.items()}
        stretch.bad += inner.bad
        return following + used

    def _reject(self, stretch: _Stretch, begin: int, end: int, reason: str) -> None:
        raw = shorten("".join(stretch.lines[begin:end]).rstrip("\r\n"))
        stretch.bad.append(Bad(row=stretch.number + begin, reason=reason, raw=raw))

    def _alone(self, line: str, *, strict: bool = True) -> list[str]:
        """Return the row that a line is by itself, an empty one if it is none."""
        try:
            return next(self.dialect.reader([line], strict=strict), [])
        except csv.Error:
            return []
