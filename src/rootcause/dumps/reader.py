"""`read_mentions`: any dumps in, batches of mentions out, nothing lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow as pa

from rootcause.dumps.dates import Order, decide_order
from rootcause.dumps.layouts import known_names
from rootcause.dumps.mapping import Mapper, segment_schema
from rootcause.dumps.names import FIELDS
from rootcause.dumps.opening import Sample, open_table
from rootcause.dumps.plan import DATE_ORDER, Plan, check_columns, make_plan
from rootcause.dumps.rows import Bad, Chunk, Reject, Table
from rootcause.dumps.sniff import plain
from rootcause.dumps.sources import Opened, Paths, expand, open_dump
from rootcause.dumps.values import rounded
from rootcause.errors import DataError


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What was read in one file; `columns` maps ours to its headers."""

    file: str
    size: int
    sha256: str
    format: str
    compression: str
    encoding: str
    layout: str
    columns: Mapping[str, str]
    details: Mapping[str, str]
    notes: tuple[str, ...]
    read: int
    mentions: int
    rejected: int
    company: int
    dated: int


@dataclass(kw_only=True)
class Reader:
    """Mentions of some dumps, to be iterated once as Arrow batches (`schema`).

    `read` counts rows, and equals mentions yielded plus rejects. `rejects` collects the rows that
    are no mentions, unless `hear` is given, which is told of them as they come: a dump of
    nothing else fills no memory. `files` has the facts of the files finished.
    """

    paths: Sequence[str]
    columns: Mapping[str, str] = field(default_factory=dict)
    segments: Sequence[str] = ()
    encoding: str | None = None
    batch_size: int = 8_192
    max_rejects: float | None = None
    hear: Callable[[Sequence[Reject]], None] | None = None
    read: int = 0
    mentions: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    files: list[FileFacts] = field(default_factory=list)
    _current: tuple[Opened, Table] | None = None

    @property
    def schema(self) -> pa.Schema:
        """The schema of the batches: MENTION_SCHEMA and a string column per segment."""
        return segment_schema(self.segments)

    @property
    def position(self) -> int:
        """How many bytes of the dumps are behind us."""
        done = sum(file.size for file in self.files)
        if self._current is None:
            return done
        opened, table = self._current
        size = opened.position
        return done + (size if table.given is None else round(table.given * size))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for path in self.paths:
            opened = open_dump(path)
            try:
                yield from self._file(opened)
            finally:
                self._current = None
                opened.close()
        if self.max_rejects is not None:
            self.check(self.max_rejects)

    def check(self, most: float) -> None:
        """Raise DataError where more than a share of the rows read were rejects."""
        if self.rejected > most * self.read:
            raise DataError(
                f"{self.rejected:,} of {self.read:,} rows cannot be used "
                f"({self.rejected / self.read:.1%}, allowed are {most:.1%}): {self.common()}"
            )

    def common(self) -> str:
        """Return what the rejects have in common, most frequent reason first."""
        return ", ".join(f"{reason} ({n:,})" for reason, n in self.reasons.most_common(4))

    def known(self) -> frozenset[str]:
        """Return the headers by which a header row is told from other rows."""
        named = {part for h in self.columns.values() for part in (h, *h.split("+"))}
        return known_names() | {plain(header) for header in (*named, *self.segments)}

    def prepare(self, name: str, headers: Sequence[str]) -> None:
        """Look at the headers of a file before its columns are settled."""

    def _file(self, opened: Opened) -> Iterator[pa.RecordBatch]:
        known = self.known()
        table = open_table(opened, encoding=self.encoding, known=known)
        self._current = (opened, table)
        sample = Sample.take(table)
        rows = any(chunk.numbers for chunk in sample.chunks)
        bad_rows = any(chunk.bad for chunk in sample.chunks)
        if not table.headers and not rows:
            facts = _Counts()
            for chunk in chain(sample.chunks, sample.rest):
                self._reject(opened.name, chunk.bad, facts)
            if not bad_rows:
                opened.note("the file has no rows")
            self._finish(opened, table, None, None, facts)
            return
        self.prepare(opened.name, table.headers)
        plan = make_plan(
            opened.name, table.headers, sample.values, columns=self.columns, segments=self.segments
        )
        if not plan.order.decided and not sample.complete and not opened.is_stdin:
            plan = self._whole_column(opened.path, plan, known)
        ids = plan.sources.get("mention_id", ())
        mapper = Mapper(plan, rounded_ids=any(rounded(sample.values(h)) for h in ids[:1]))
        yield from self._batches(opened, table, plan, mapper, sample)

    def _batches(
        self, opened: Opened, table: Table, plan: Plan, mapper: Mapper, sample: Sample
    ) -> Iterator[pa.RecordBatch]:
        facts = _Counts()
        first, sample.chunks = sample.chunks, []
        while first:
            yield from self._chunk(opened.name, first.pop(0), mapper, facts)
        for chunk in sample.rest:
            yield from self._chunk(opened.name, chunk, mapper, facts)
        if mapper.unreadable and not mapper.dated:
            raise DataError(
                f"{opened.name}: no date can be read in {plan.shown()['created_at']!r} (such as "
                f"{mapper.example!r}); name the date column with --column created_at=HEADER"
            )
        self._finish(opened, table, plan, mapper, facts)

    def _chunk(
        self, name: str, chunk: Chunk, mapper: Mapper, facts: _Counts
    ) -> Iterator[pa.RecordBatch]:
        self._reject(name, chunk.bad, facts)
        if not chunk.numbers:
            return
        batch, bad = mapper.batch(chunk)
        self._reject(name, bad, facts)
        facts.mentions += batch.num_rows
        facts.company += _company(batch)
        for start in range(0, batch.num_rows, self.batch_size):
            part = batch.slice(start, self.batch_size)
            self.read += part.num_rows
            self.mentions += part.num_rows
            yield part

    def _reject(self, name: str, bad: Sequence[Bad], facts: _Counts) -> None:
        if not bad:
            return
        rows = [Reject(file=name, row=r.row, reason=r.reason, raw=r.raw) for r in bad]
        self.reasons.update(row.reason.split(":")[0] for row in bad)
        if self.hear is None:
            self.rejects += rows
        else:
            self.hear(rows)
        self.read += len(bad)
        self.rejected += len(bad)
        facts.rejected += len(bad)

    def _whole_column(self, path: str, plan: Plan, known: frozenset[str]) -> Plan:
        """Return the plan with the order of its dates decided from the whole file."""
        from dataclasses import replace

        opened = open_dump(path)
        try:
            table = open_table(opened, encoding=self.encoding, known=known)
            order: Order = decide_order(_values(table, plan.sources["created_at"][0]))
        finally:
            opened.close()
        if DATE_ORDER in self.columns:
            return plan
        notes = [note for note in plan.notes if note != plan.order.note]
        return replace(plan, order=order, notes=(*notes, order.note))

    def _finish(
        self,
        opened: Opened,
        table: Table,
        plan: Plan | None,
        mapper: Mapper | None,
        facts: _Counts,
    ) -> None:
        size, sha256 = opened.facts()
        self._current = None
        self.files.append(
            FileFacts(
                file=opened.name,
                size=size,
                sha256=sha256,
                format=table.format,
                compression=opened.compression,
                encoding=opened.encoding,
                layout=plan.layout if plan else "none",
                columns=plan.shown() if plan else {},
                details=table.facts,
                notes=tuple(_notes(opened, plan, mapper)),
                read=facts.mentions + facts.rejected,
                mentions=facts.mentions,
                rejected=facts.rejected,
                company=facts.company,
                dated=mapper.dated if mapper else 0,
            )
        )


@dataclass
class _Counts:
    mentions: int = 0
    rejected: int = 0
    company: int = 0


def _company(batch: pa.RecordBatch) -> int:
    column = batch.column("inbound")
    return int(len(column) - column.null_count - column.true_count)


def _values(table: Table, header: str) -> Iterator[Any]:
    for chunk in table.chunks():
        if chunk.numbers:
            yield from chunk.column(header)


def _notes(opened: Opened, plan: Plan | None, mapper: Mapper | None) -> Iterator[str]:
    yield from plan.notes if plan else ()
    counts = {**opened.notes, **(mapper.notes if mapper else {})}
    yield from (f"{text} ({count:,})" if count > 1 else text for text, count in counts.items())
    if plan is None or mapper is None:
        return
    if "created_at" not in plan.sources:
        yield "no date column, so no mention has a week"
    elif mapper.zoneless:
        yield "dates name no time zone and are taken as UTC"
    if mapper.undated and mapper.dated:
        yield f"mentions without a date ({mapper.undated:,})"


def read_mentions(
    paths: Paths,
    *,
    columns: Mapping[str, str] | None = None,
    segments: Sequence[str] = (),
    encoding: str | None = None,
    batch_size: int = 8_192,
    max_rejects: float | None = None,
    hear: Callable[[Sequence[Reject]], None] | None = None,
) -> Reader:
    """Return a Reader of the mentions in some dumps.

    `paths` are files, globs or `-` for stdin: CSV and its kin, JSON, JSON lines, Parquet or
    workbooks, plain, gzip or zstd. `columns` says which header holds a column where the name
    does not tell ({"text": "Message"}; {"date_order": "day-first"} settles 03/04/2024);
    `segments` are headers that travel along as `segment_NAME`. Batches hold at most `batch_size`
    rows. `hear` is told of rejects as they come; without it the Reader collects them. Iterating
    raises DataError for input that cannot be read, for a file without a column of texts or with
    no readable date in its date column, and, at the end, for a share of rejects over
    `max_rejects` (None: no limit).
    """
    chosen = dict(columns or {})
    check_columns(chosen, (*FIELDS, DATE_ORDER))
    return Reader(
        paths=expand(paths),
        columns=chosen,
        segments=tuple(dict.fromkeys(segments)),
        encoding=encoding,
        batch_size=max(1, batch_size),
        max_rejects=max_rejects,
        hear=hear,
    )
