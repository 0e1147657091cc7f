"""Chunks of rows become Arrow batches of mentions."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from rootcause.dumps.dates import DateReader, Unreadable, join_time
from rootcause.dumps.plan import Plan
from rootcause.dumps.rows import Bad, Chunk, as_text
from rootcause.dumps.values import (
    all_filled,
    first_filled,
    flag,
    identifier,
    item,
    joined,
    later,
    parent,
    strip_html,
)  # fmt: skip
from rootcause.records import MENTION_SCHEMA

_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}$")
# How many ids are remembered, twice over, to notice one that stands for two texts.
_REMEMBERED = 100_000

DAMAGED_IDS = "damaged id column: ids in scientific notation or rounded; told apart by their text"
SHARED_IDS = "damaged id column: ids that stand for more than one text, kept as several"
_TIMES = ("created_at", "answered_at")


def segment_schema(segments: Sequence[str]) -> pa.Schema:
    """Return the schema of mentions with some segments."""
    extra = [pa.field(f"segment_{name}", pa.string()) for name in segments]
    return pa.schema([*MENTION_SCHEMA, *extra])


class _Memory:
    """Remembers the last ids and what they stood for, in bounded memory."""

    def __init__(self) -> None:
        self._new: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def get(self, key: str) -> int | None:
        found = self._new.get(key)
        return self._old.get(key) if found is None and self._old else found

    def put(self, key: str, value: int) -> None:
        if len(self._new) >= _REMEMBERED:
            self._old, self._new = self._new, {}
        self._new[key] = value


class Mapper:
    """Turns the chunks of one file into mentions, by its plan."""

    def __init__(self, plan: Plan, *, rounded_ids: bool = False) -> None:
        self._plan = plan
        self._rounded = rounded_ids
        self._created = DateReader(plan.order.value)
        self._answered = DateReader(plan.order.value)
        self._memory = _Memory()
        self._schema = segment_schema([name for name, _ in plan.segments])
        self.notes: dict[str, int] = {}
        self.dated = 0
        self.undated = 0
        self.unreadable = 0
        self.example = ""

    @property
    def zoneless(self) -> int:
        """How many different date values named no time zone."""
        return self._created.zoneless

    def batch(self, chunk: Chunk) -> tuple[pa.RecordBatch, list[Bad]]:
        """Return the mentions of a chunk and the rows that are none."""
        bad: list[Bad] = []
        texts = self._texts(chunk)
        times = self._times(chunk, len(texts))
        keep: list[int] = []
        for index, (text, moment) in enumerate(zip(texts, times, strict=True)):
            width = chunk.width(index)
            if width is not None and self._cut(chunk, width):
                reason = f"wrong number of cells: {width}, too few"
            elif not text or text.isspace():
                if chunk.blank(index):
                    self._note("rows without any cell filled were skipped")
                    continue
                reason = "no text"
            elif isinstance(moment, str):
                reason = moment
            else:
                keep.append(index)
                continue
            bad.append(Bad(row=chunk.numbers[index], reason=reason, raw=chunk.raw(index)))
        whole = len(keep) == len(texts)
        columns: dict[str, list[Any]] = {
            "text": texts if whole else [texts[i] for i in keep],
            "created_at": times if whole else [times[i] for i in keep],
        }
        for name in self._plan.sources:
            if name not in columns and name not in ("title", "time", "mention_id"):
                columns[name] = self._column(chunk, name, None if whole else keep)
        self._finish(columns)
        columns["mention_id"] = self._ids(chunk, columns, None if whole else keep)
        for name, header in self._plan.segments:
            cells = _picked(chunk.column(header), None if whole else keep)
            columns[f"segment_{name}"] = [as_text(cell) for cell in cells]
        self.dated += sum(m is not None for m in columns["created_at"])
        self.undated += columns["created_at"].count(None)
        return _assembled(columns, self._schema), bad

    def _cut(self, chunk: Chunk, width: int) -> bool:
        places = getattr(chunk, "places", {})
        return any(places[header] >= width for header in self._plan.needed())

    def _texts(self, chunk: Chunk) -> list[str | None]:
        sources = self._plan.sources
        found = [[as_text(v) for v in chunk.column(header)] for header in sources["text"]]
        if len(found) == 1:
            texts = found[0]
        elif self._plan.joined and "title" not in sources:
            texts = ["\n".join(c for c in row if c and not c.isspace()) for row in zip(*found)]  # noqa: B905
        else:
            texts = first_filled(found)
        if self._plan.html:
            texts = [strip_html(text) if text else text for text in texts]
        if "title" in sources:
            titles = chunk.column(sources["title"][0])
            texts = [
                joined(as_text(title), text) for title, text in zip(titles, texts, strict=True)
            ]
        return texts

    def _times(self, chunk: Chunk, count: int) -> list[int | str | None]:
        """Return microseconds, None, or the reason why a date cannot be read."""
        sources = self._plan.sources
        if "created_at" not in sources:
            return [None] * count
        header = sources["created_at"][0]
        cells = chunk.column(header)
        if "time" in sources:
            clocks = chunk.column(sources["time"][0])
            cells = [join_time(day, clock) for day, clock in zip(cells, clocks, strict=True)]
        if (quick := self._created.all_micros(cells)) is not None:
            return list(quick)
        read = self._created.micros
        found: list[int | str | None] = []
        for cell in cells:
            try:
                found.append(read(cell))
            except Unreadable as error:
                self.unreadable += 1
                self.example = self.example or str(cell)[:40]
                found.append(f"unreadable date: {str(cell)[:60]!r} in {header!r} ({error})")
        return found

    def _column(self, chunk: Chunk, name: str, keep: list[int] | None) -> list[Any]:
        headers = self._plan.sources[name]
        if name == "answered_at":
            return self._lenient(_picked(chunk.column(headers[0]), keep))
        found = [all_filled(_picked(chunk.column(h), keep)) for h in headers]
        values = found[0] if len(found) == 1 else first_filled(found)
        if name == "inbound":
            return [flag(value) for value in values]
        if name == "parent_id":
            return [parent(value) for value in values]
        if name == "channel":
            return [item(value) for value in values]
        if name in ("author", "thread_id"):
            return [identifier(value) for value in values]
        return values

    def _lenient(self, cells: list[Any]) -> list[int | None]:
        moments: list[int | None] = []
        for cell in cells:
            try:
                moments.append(self._answered.micros(cell))
            except Unreadable:
                moments.append(None)
                self._note("answer times that could not be read were left out")
        return moments

    def _finish(self, columns: dict[str, list[Any]]) -> None:
        """Derive what some exports tell in other words."""
        minutes = columns.pop("answer_minutes", None)
        if minutes and "answered_at" not in columns:
            columns["answered_at"] = [
                later(start, wait)
                for start, wait in zip(columns["created_at"], minutes, strict=True)
            ]
        replies, resolved = columns.pop("reply", None), columns.pop("resolved_at", None)
        if "status" not in columns:
            if replies:
                columns["status"] = ["answered" if reply else None for reply in replies]
            elif resolved:
                columns["status"] = ["resolved" if moment else None for moment in resolved]
        if self._plan.channel:
            given = columns.get("channel") or [None] * len(columns["text"])
            columns["channel"] = [value or self._plan.channel for value in given]

    def _ids(
        self, chunk: Chunk, columns: dict[str, list[Any]], keep: list[int] | None
    ) -> list[str]:
        texts = columns["text"]
        given: list[str | None] = [None] * len(texts)
        if headers := self._plan.sources.get("mention_id"):
            found = [_picked(chunk.column(header), keep) for header in headers]
            cells = found[0] if len(found) == 1 else first_filled(found)
            given = [identifier(cell) for cell in cells]
        known, memory = self._memory.get, self._memory.put
        ids: list[str] = []
        for index, (name, text) in enumerate(zip(given, texts, strict=True)):
            if name is None:
                ids.append(self._content_id(columns, index))
                continue
            check = zlib.crc32(text.encode("utf-8", "replace"))
            if self._rounded or (("E" in name or "e" in name) and _SCIENTIFIC.match(name)):
                self._note(DAMAGED_IDS)
                ids.append(f"{name}~{check:08x}")
                continue
            before = known(name)
            if before is None:
                memory(name, check)
            elif before != check:
                self._note(SHARED_IDS)
                ids.append(f"{name}~{check:08x}")
                continue
            ids.append(name)
        return ids

    def _content_id(self, columns: dict[str, list[Any]], index: int) -> str:
        """Return a hash of what a mention says, when, where and by whom.

        The second of two rows that agree in all of it within one file is another mention.
        """
        names = ("text", "created_at", "author", "channel", "brand", "url")
        parts = [columns[n][index] if n in columns else None for n in names]
        digest = hashlib.blake2b(
            "\x1f".join("" if p is None else str(p) for p in parts).encode("utf-8", "replace"),
            digest_size=10,
        ).hexdigest()
        times = (self._memory.get(digest) or 0) + 1
        self._memory.put(digest, times)
        return digest if times == 1 else f"{digest}~{times}"

    def _note(self, text: str) -> None:
        self.notes[text] = self.notes.get(text, 0) + 1


def _picked(cells: list[Any], keep: list[int] | None) -> list[Any]:
    return cells if keep is None else [cells[index] for index in keep]


def _assembled(columns: dict[str, list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    count = len(columns["text"])
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(count, field.type))
        elif field.name in _TIMES:
            arrays.append(pa.array(values, pa.int64()).cast(field.type))
        else:
            arrays.append(_array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        # lone surrogates, which JSON can escape and UTF-8 cannot hold
        clean = [v if v is None else v.encode("utf-8", "replace").decode() for v in values]
        return pa.array(clean, kind)
