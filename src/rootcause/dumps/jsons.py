"""JSON lines, JSON arrays and API responses, one object at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rootcause.dumps.decoding import text_blocks
from rootcause.dumps.delimited import cut_lines
from rootcause.dumps.responses import unwrap
from rootcause.dumps.rows import Bad, Records, shorten
from rootcause.dumps.sources import Opened
from rootcause.errors import DataError

CHUNK_ROWS = 4_096
# A line or an object (an API response of many posts) may be this many characters long.
OBJECT_LIMIT = 64 << 20
_SAMPLE_ROWS = 2_000
_MAX_HEADERS = 5_000
_MAX_DEPTH = 6

_DECODER = json.JSONDecoder(strict=False)
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_SPACE = re.compile(r"[\s,\ufeff]*")
_NESTED = "nested too deep"


class JsonTable:
    """A JSON dump; rows are numbered by line (JSON lines) or by position (all else)."""

    given: float | None = None

    def __init__(self, opened: Opened, *, encoding: str | None) -> None:
        self._opened = opened
        blocks = text_blocks(opened, encoding)
        first = next(blocks, "")
        self.format = "jsonl" if _is_lines(first) else "json"
        whole = _chain(first, blocks)
        source = _from_lines(whole) if self.format == "jsonl" else _from_values(whole, opened)
        self._chunks = _chunked(source)
        self._first = next(self._chunks, Records(rows=[], numbers=[]))
        self.headers = _paths(self._first.rows[:_SAMPLE_ROWS])
        self.facts: dict[str, str] = {}

    def chunks(self) -> Iterator[Records]:
        """Yield the objects."""
        yield self._first
        yield from self._chunks


def looks_like_json(text: str) -> bool:
    """Tell whether a text begins as JSON does."""
    start = text.lstrip("\ufeff \t\r\n")
    return start[:1] == "{" or (start[:1] == "[" and start[1:].lstrip()[:1] in ("{", "[", "]"))


def _chain(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _is_lines(text: str) -> bool:
    """Tell JSON lines from other JSON: the first line, or most early lines, are objects."""
    lines = [line.strip() for line in text.lstrip("\ufeff").split("\n", 40)[:40] if line.strip()]
    if not lines or not lines[0].startswith("{"):
        return False
    if len(lines) == 1:
        # one object that fills the block may be the first of many
        return len(text) > OBJECT_LIMIT // 256 or isinstance(_load(lines[0])[0], dict)
    good = [isinstance(_load(line)[0], dict) for line in lines]
    return good[0] or sum(good) * 2 >= len(good)


def _load(line: str) -> tuple[Any, str]:
    """Return (value, "") or (None, why not)."""
    import orjson

    try:
        return orjson.loads(line), ""
    except orjson.JSONDecodeError as error:
        why = error.msg
    if line.count("[") + line.count("{") > 500 and _depth(line) > 500:
        return None, _NESTED
    try:
        # NaN, lone surrogates and raw control characters are common in dumps of tweets
        return _DECODER.decode(line), ""
    except RecursionError:
        return None, _NESTED
    except ValueError:
        return None, why


def _depth(text: str) -> int:
    deepest = depth = 0
    for match in _TOKEN.finditer(text):
        mark = match[0]
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    return deepest


_Row = tuple[int, Any, str, str]  # number, value, why not, raw


def _from_lines(blocks: Iterable[str]) -> Iterator[_Row]:
    number = 0
    for chunk in cut_lines(blocks, limit=OBJECT_LIMIT):
        for text in chunk.lines:
            number += 1
            line = text.strip("\ufeff \t\r\n")
            if not line:
                continue
            if chunk.cut:
                yield number, None, f"too long: a line of over {OBJECT_LIMIT >> 20} MB", line
                continue
            value, why = _load(line)
            yield number, value, f"not valid JSON: {why}" if why else "", line if why else ""


def _from_values(blocks: Iterator[str], opened: Opened) -> Iterator[_Row]:
    """Yield the values of JSON texts one after another; a top-level array gives its items."""
    buffer, place, number, array = "", 0, 0, False
    ended = False
    while True:
        place = _SPACE.match(buffer, place).end()  # type: ignore[union-attr]
        if place < len(buffer) and buffer[place] in "[]" and (buffer[place] == "]") == array:
            array = not array
            place += 1
            continue
        value, end, why = _scan(buffer, place) if place < len(buffer) else (None, -1, "")
        # a number or word at the very end may go on in the next block
        if end >= 0 and (end < len(buffer) or ended):
            number += 1
            raw = buffer[place : min(end, place + 20_000)] if why else ""
            yield number, value, f"not valid JSON: {why}" if why else "", raw
            place = end
            continue
        if ended:
            break
        if len(buffer) - place > OBJECT_LIMIT:
            raise DataError(
                f"{opened.name} holds one JSON value of over {OBJECT_LIMIT >> 20} MB; write its "
                "rows as JSON lines, such as with jq -c '.data[]'"
            )
        grown = _grow(blocks, len(buffer) - place)
        ended = not grown
        buffer, place = buffer[place:] + grown, 0
    if buffer[place:].strip() or array:
        number += 1
        yield number, None, "not valid JSON: it ends early", buffer[place : place + 20_000]


def _grow(blocks: Iterator[str], size: int) -> str:
    """Return as much new text as waits already, so that a long value is not scanned too often."""
    parts = []
    got = 0
    for block in blocks:
        parts.append(block)
        got += len(block)
        if got >= size // 2:
            break
    return "".join(parts)


def _scan(buffer: str, place: int) -> tuple[Any, int, str]:
    """Return (value, where it ends, why it is none); an end of -1 asks for more text."""
    try:
        value, end = _DECODER.raw_decode(buffer, place)
        return value, end, ""
    except RecursionError:
        why = _NESTED
    except ValueError as error:
        why = getattr(error, "msg", str(error))
    end = _close(buffer, place)
    if end < 0 and why != _NESTED and buffer[place] not in '{["':
        # no bracket to hold on to: skip to the next item
        comma = buffer.find("\n", place)
        end = comma + 1 if comma >= 0 else -1
    return None, end, why


def _close(buffer: str, place: int) -> int:
    """Return the index after the bracket that closes the one at `place`, -1 if there is none."""
    if buffer[place] not in "{[":
        return -1
    depth = 0
    for match in _TOKEN.finditer(buffer, place):
        mark = match[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth <= 0:
                return match.end()
    return -1


def _chunked(rows: Iterable[_Row]) -> Iterator[Records]:
    chunk = Records(rows=[], numbers=(numbers := []))
    for number, value, why, raw in rows:
        if why:
            chunk.bad.append(Bad(row=number, reason=why, raw=shorten(raw)))
        elif isinstance(value, dict) and "text" in value and "referenced_tweets" not in value:
            # what unwrap would say, without asking: this runs for every line
            chunk.rows.append(value)
            numbers.append(number)
        elif isinstance(value, dict):
            for row in unwrap(value):
                if isinstance(row, dict):
                    chunk.rows.append(row)
                    numbers.append(number)
                else:
                    chunk.bad.append(Bad(row=number, reason="not a JSON object", raw=""))
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    chunk.rows.append(item)
                    numbers.append(number)
        else:
            text = shorten(json.dumps(value)[:20_000])
            chunk.bad.append(Bad(row=number, reason="not a JSON object", raw=text))
        if len(chunk.rows) + len(chunk.bad) >= CHUNK_ROWS:
            yield chunk
            chunk = Records(rows=[], numbers=(numbers := []))
    yield chunk


def _paths(rows: list[dict[str, Any]]) -> list[str]:
    """Return the paths to values seen in some rows, such as `user.screen_name`."""
    found: dict[str, None] = {}

    def walk(value: dict[str, Any], prefix: str, depth: int) -> None:
        for key, inner in value.items():
            if len(found) >= _MAX_HEADERS:
                return
            path = f"{prefix}{key}"
            if isinstance(inner, dict) and inner and depth < _MAX_DEPTH:
                walk(inner, f"{path}.", depth + 1)
            elif isinstance(inner, list) and inner and not isinstance(inner[0], (dict, list)):
                found[path] = None
                found[f"{path}.0"] = None
            else:
                found[path] = None

    for row in rows:
        walk(row, "", 0)
    return list(found)
