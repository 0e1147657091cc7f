"""What takes a whole week to know: copies of a mention, and answers to it.

Works over pieces of a week (chunks of this run, parts of earlier runs), with arrays of 64-bit
hashes; strings are touched for copies and answers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rootcause.score.batch import FINGERPRINT, column, is_closed
from rootcause.score.known import Hashes, hashes

# mention_id, when it was answered (null: unknown), its status if that says closed
ANSWER_SCHEMA = pa.schema(
    [
        pa.field("mention_id", pa.string(), nullable=False),
        pa.field("answered_at", pa.timestamp("us", tz="UTC")),
        pa.field("status", pa.string()),
        pa.field("company", pa.bool_(), nullable=False),
    ]
)
_LATER = np.iinfo(np.int64).max


class Piece(Protocol):
    """Rows of one week that lie together in one file."""

    @property
    def rows(self) -> int:
        """How many rows."""

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return these columns of the rows."""


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Rows of one piece that copy another mention: places in order, and whom they copy."""

    places: npt.NDArray[np.int64]
    originals: pa.Array


def find_copies(pieces: Sequence[Piece]) -> list[Copies]:
    """Return, piece by piece, the rows whose fingerprint an earlier mention of the week has.

    The earliest (created_at, then mention_id) is the original; a null moment comes last.
    """
    prints, piece_of, place_of = [], [], []
    for number, piece in enumerate(pieces):
        values = column(piece.read([FINGERPRINT]), FINGERPRINT)
        there = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        # a copy: an array that Arrow read holds on to all columns it was read with
        prints.append(values.drop_null().to_numpy().copy())
        piece_of.append(np.full(len(there), number, np.int32))
        place_of.append(there.astype(np.int32))
    shared = _shared(np.concatenate([np.zeros(0, np.uint64), *prints]))
    groups = _gather(pieces, prints, piece_of, place_of, shared)
    return [
        Copies(
            places=groups["place"].to_numpy()[rows],
            originals=groups["original"].combine_chunks().take(pa.array(rows)),
        )
        for rows in _rows_by_piece(groups["piece"].to_numpy(), len(pieces))
    ]


def _rows_by_piece(piece: npt.NDArray[np.int64], count: int) -> Iterator[npt.NDArray[np.int64]]:
    for start, end in pairwise(np.searchsorted(piece, np.arange(count + 1))):
        yield np.arange(start, end)


def _shared(prints: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the values that occur more than once, sorted."""
    ordered = np.sort(prints)
    again = np.zeros(len(ordered), bool)
    again[1:] = ordered[1:] == ordered[:-1]
    return np.unique(ordered[again])


def _gather(
    pieces: Sequence[Piece],
    prints: list[npt.NDArray[np.uint64]],
    piece_of: list[npt.NDArray[np.int32]],
    place_of: list[npt.NDArray[np.int32]],
    shared: npt.NDArray[np.uint64],
) -> pa.Table:
    """Return piece, place and original of every copy, in order of piece and place."""
    tables = []
    for number, piece in enumerate(pieces):
        if not len(shared):
            break
        at = np.minimum(np.searchsorted(shared, prints[number]), len(shared) - 1)
        hit = shared[at] == prints[number]
        places = place_of[number][hit]
        if not len(places):
            continue
        named = piece.read(["mention_id", "created_at"]).take(pa.array(places))
        tables.append(
            pa.table(
                {
                    "print": prints[number][hit],
                    "at": pc.cast(column(named, "created_at"), pa.int64()),
                    "id": column(named, "mention_id"),
                    "piece": pa.array(piece_of[number][hit].astype(np.int64)),
                    "place": pa.array(places.astype(np.int64)),
                }
            )
        )
    if not tables:
        none = {"piece": pa.int64(), "place": pa.int64(), "original": pa.string()}
        return pa.schema(none).empty_table()
    rows = pa.concat_tables(tables).sort_by([(name, "ascending") for name in ("print", "at", "id")])
    key = rows["print"].to_numpy()
    starts = np.concatenate([[True], key[1:] != key[:-1]])
    first = np.flatnonzero(starts)[np.cumsum(starts) - 1]
    rows = rows.append_column("original", rows["id"].take(pa.array(first)))
    rows = rows.filter(pa.array(~starts)).select(["piece", "place", "original"])
    return rows.sort_by([("piece", "ascending"), ("place", "ascending")])


class Answers:
    """Answers by hash of the mention's id: the earliest moment, and a status that says closed."""

    def __init__(self, batches: Sequence[pa.RecordBatch] | Iterator[pa.RecordBatch]) -> None:
        keys: list[Hashes] = []
        moments: list[npt.NDArray[np.int64]] = []
        codes: list[npt.NDArray[np.int16]] = []
        self._statuses: list[str] = []
        for batch in batches:
            ids = batch["mention_id"].to_pylist()
            keys.append(hashes(ids, len(ids)))
            moments.append(pc.fill_null(batch["answered_at"].cast(pa.int64()), _LATER).to_numpy())
            codes.append(self._codes(batch["status"]))
        key = np.concatenate([np.zeros(0, np.int64), *keys])
        moment = np.concatenate([np.zeros(0, np.int64), *moments])
        code = np.concatenate([np.zeros(0, np.int16), *codes])
        order = np.lexsort((moment, key))
        self._keys, start = np.unique(key[order], return_index=True)
        self._moments = moment[order][start]
        self._status = (
            np.maximum.reduceat(code[order], start) if len(start) else np.zeros(0, np.int16)
        )
        self.met = np.zeros(len(self._keys), bool)

    def __len__(self) -> int:
        return len(self._keys)

    def apply(self, table: pa.Table) -> pa.Table | None:
        """Return `table` with answers filled in, or None if none of them changes a row."""
        ids = column(table, "mention_id").to_pylist()
        found = self._look_up(ids)
        rows = np.flatnonzero(found >= 0)
        if not len(rows):
            return None
        self.met[found[rows]] = True
        old = pc.fill_null(column(table, "answered_at").cast(pa.int64()), _LATER).to_numpy()
        moments = old.copy()
        moments[rows] = np.minimum(old[rows], self._moments[found[rows]])
        waits = column(table, "needs_reply").to_numpy(zero_copy_only=False)
        waiting = waits.copy()
        waiting[rows] = False
        status = column(table, "status")
        closed = is_closed(status).to_numpy(zero_copy_only=False)
        codes = np.zeros(len(ids), np.int16)
        codes[rows] = np.where(closed[rows], 0, self._status[found[rows]])
        if (moments == old).all() and (waiting == waits).all() and not codes.any():
            return None
        names = pa.array([None, *self._statuses], pa.string())
        status = pc.if_else(pa.array(codes > 0), names.take(pa.array(codes)), status)
        answered = pa.array(moments, mask=moments == _LATER)
        changed = {
            "answered_at": answered.cast(pa.timestamp("us", tz="UTC")),
            "needs_reply": pa.array(waiting),
            "status": status,
        }
        return replaced(table, changed)

    def unmet(self, ids: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which of these ids no mention had to which answers were applied."""
        found = self._look_up(ids)
        made: npt.NDArray[np.bool_] = ~self.met[found]
        return made

    def _look_up(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        keys = hashes(ids, len(ids))
        if not len(self._keys):
            return np.full(len(keys), -1)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[place] == keys, place, -1)

    def _codes(self, status: pa.Array) -> npt.NDArray[np.int16]:
        made = np.zeros(len(status), np.int16)
        for row, name in enumerate(status.to_pylist()):
            if name is not None:
                if name not in self._statuses:
                    self._statuses.append(name)
                made[row] = self._statuses.index(name) + 1
        return made


def with_copies(table: pa.Table, copies: Copies) -> pa.Table | None:
    """Return `table` with `duplicate_of` filled in, or None if that changes nothing."""
    index = np.full(table.num_rows, len(copies.places), np.int64)
    index[copies.places] = np.arange(len(copies.places))
    names = pa.concat_arrays([copies.originals, pa.nulls(1, pa.string())])
    made = names.take(pa.array(index))
    if made.equals(column(table, "duplicate_of")):
        return None
    return replaced(table, {"duplicate_of": made})


def replaced(table: pa.Table, columns: dict[str, Any]) -> pa.Table:
    """Return `table` with some columns exchanged, their fields kept."""
    for name, values in columns.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), values)
    return table
