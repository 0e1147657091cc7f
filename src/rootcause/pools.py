"""A scored week as pools: what can carry a cause, once each, and what was set apart and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import tzinfo
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rootcause.cluster import collapse, is_unspecified, represent, split_clauses
from rootcause.records import Encoder, Vectors
from rootcause.register import voice_of

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
T = TypeVar("T")

COMPLAINT = "complaint"
QUESTION = "question"


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Mentions (or clauses of long ones) that can carry a cause, one row each.

    `known` is the cause phrase that the model's known-cause head gave, or None. `vectors` is
    (n, d) of unit rows made by `cluster.represent`, `voices` (n,) hashes of authors, `days` 0
    for Monday.
    """

    ids: list[str]
    weeks: list[str]
    texts: list[str]
    vectors: Vectors
    voices: Ints
    days: list[int]
    channels: list[str]
    areas: list[str]
    known: list[str | None]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Iterable[Any]) -> Pool:
        """Return the given rows, in their order."""
        index = [int(row) for row in rows]

        def pick(values: list[T]) -> list[T]:
            return [values[i] for i in index]

        return Pool(
            ids=pick(self.ids),
            weeks=pick(self.weeks),
            texts=pick(self.texts),
            vectors=self.vectors[index],
            voices=self.voices[index],
            days=pick(self.days),
            channels=pick(self.channels),
            areas=pick(self.areas),
            known=pick(self.known),
        )


@dataclass(frozen=True, kw_only=True)
class Apart:
    """A mention that is in no pool: a duplicate of `copy_of`, or unspecified (copy_of None)."""

    mention_id: str
    copy_of: str | None
    voice: int
    day: int
    channel: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The complaints, or the questions, of one week; `mentions` = pool ids + apart."""

    kind: str
    pool: Pool
    apart: tuple[Apart, ...]
    mentions: int
    voices: int


def empty_pool(dimension: int) -> Pool:
    """Return a pool without rows."""
    return Pool(
        ids=[],
        weeks=[],
        texts=[],
        vectors=np.zeros((0, dimension), dtype=np.float32),
        voices=np.zeros(0, dtype=np.int64),
        days=[],
        channels=[],
        areas=[],
        known=[],
    )


def join(pools: Sequence[Pool], dimension: int) -> Pool:
    """Return the rows of several pools, in order."""
    pools = [pool for pool in pools if len(pool)]
    if not pools:
        return empty_pool(dimension)
    merged: dict[str, Any] = {}
    for field in fields(Pool):
        parts = [getattr(pool, field.name) for pool in pools]
        if isinstance(parts[0], np.ndarray):
            merged[field.name] = np.concatenate(parts)
        else:
            merged[field.name] = [value for part in parts for value in part]
    return Pool(**merged)


def complaint_rows(table: pa.Table, *, english_only: bool) -> Flags:
    """Return (n,) which rows are complaints that the encoder can read."""
    flags = np.asarray(table["is_complaint"].to_numpy(zero_copy_only=False), dtype=bool)
    return flags & _readable(table, english_only)


def question_rows(table: pa.Table, *, english_only: bool) -> Flags:
    """Return (n,) which rows ask something without complaining."""
    asks = np.array([label == "service_request" for label in table["label"].to_pylist()])
    flags = np.asarray(table["is_complaint"].to_numpy(zero_copy_only=False), dtype=bool)
    found: Flags = asks.astype(bool) & ~flags & _readable(table, english_only)
    return found


def foreign_rows(table: pa.Table) -> Flags:
    """Return (n,) which rows are in another language than English."""
    languages = table["language"].to_pylist()
    return np.array([not _english(language) for language in languages], dtype=bool)


def make_kind(kind: str, table: pa.Table, week: str, zone: tzinfo, encoder: Encoder | None) -> Kind:
    """Return the pool of a table whose rows are all of one kind.

    Copies collapse into their representative and, among complaints, empty talk is set apart.
    """
    rows = _rows(table)
    texts = [row["text"] for row in rows]
    roots = collapse(texts)
    distinct = np.flatnonzero(roots == np.arange(len(texts)))
    vague = np.zeros(len(texts), dtype=bool)
    if kind == COMPLAINT and len(distinct):
        vectors = vectors_of(table)[distinct]
        vague[distinct] = is_unspecified([texts[i] for i in distinct], vectors)
    kept = [int(i) for i in distinct if not vague[i] or rows[i]["known_cause"] is not None]
    inside = set(kept)
    apart = tuple(
        Apart(
            mention_id=row["mention_id"],
            copy_of=rows[int(roots[i])]["mention_id"] if roots[i] != i else None,
            voice=voice_of(row["author"], row["text"]),
            day=row["created_at"].astimezone(zone).weekday(),
            channel=row["channel"] or "",
        )
        for i, row in enumerate(rows)
        if i not in inside
    )
    pool = pool_rows(table.take(pa.array(kept, pa.int64())), week, zone, encoder)
    voices = set(pool.voices.tolist()) | {item.voice for item in apart if item.copy_of is None}
    return Kind(kind=kind, pool=pool, apart=apart, mentions=len(rows), voices=len(voices))


def pool_rows(table: pa.Table, week: str, zone: tzinfo, encoder: Encoder | None) -> Pool:
    """Return a table's rows as a pool.

    A mention of more than about sixty words becomes one row per clause, encoded anew, where an
    `encoder` is given and the model knew no cause for the whole.
    """
    columns: dict[str, list[Any]] = {f.name: [] for f in fields(Pool)}
    clauses: list[int] = []
    vectors = vectors_of(table)
    for row, vector in zip(_rows(table), vectors, strict=True):
        whole = encoder is None or row["known_cause"] is not None
        pieces = [row["text"]] if whole else split_clauses(row["text"]) or [row["text"]]
        for piece in pieces:
            if len(pieces) > 1:
                clauses.append(len(columns["ids"]))
            columns["ids"].append(row["mention_id"])
            columns["weeks"].append(week)
            columns["texts"].append(piece)
            columns["vectors"].append(vector)
            columns["voices"].append(voice_of(row["author"], row["text"]))
            columns["days"].append(row["created_at"].astimezone(zone).weekday())
            columns["channels"].append(row["channel"] or "")
            columns["areas"].append(row["area"] or "general")
            columns["known"].append(row["known_cause"])
    stacked = np.array(columns.pop("vectors"), np.float32).reshape(-1, vectors.shape[1])
    if clauses and encoder is not None:
        stacked[clauses] = encoder.encode([columns["texts"][i] for i in clauses])
    stacked = represent(columns["texts"], stacked)
    voices = np.array(columns.pop("voices"), dtype=np.int64)
    return Pool(vectors=stacked, voices=voices, **columns)


def represented_dimension(dimension: int) -> int:
    """Return the dimension of a pool's vectors for an encoder with `dimension`."""
    return int(represent([""], np.zeros((1, dimension), dtype=np.float32)).shape[1])


def vectors_of(table: pa.Table) -> Vectors:
    """Return the (n, d) float32 vectors of scored rows that all have one."""
    column = table["vector"].combine_chunks()
    width = column.type.list_size
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(-1, width)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    wanted = ["mention_id", "text", "created_at", "author", "channel", "area", "known_cause"]
    rows: list[dict[str, Any]] = table.select(wanted).to_pylist()
    return rows


def _readable(table: pa.Table, english_only: bool) -> Flags:
    have = np.asarray(table["vector"].combine_chunks().is_valid().to_numpy(zero_copy_only=False))
    found: Flags = have.astype(bool)
    return found & ~foreign_rows(table) if english_only else found


def _english(language: str | None) -> bool:
    return not language or language.lower().split("-")[0] in {"en", "und", "unknown", "english"}
