"""Which mentions have been met: 12 bytes each, however many there are.

A mention is met again when its id is and its text is the same. The same id with another text
(ids of two sources that collide, or `5.70306E+17` from a spreadsheet) is another mention and
gets an id of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.int64]
Checks = npt.NDArray[np.uint32]

# A run of sorted hashes larger than this is never merged again, so merging needs little memory.
_RUN = 1 << 20
# The check of a mention whose text was erased: any text is the same.
_ERASED = np.uint32(0)


def hashes(texts: Iterable[str], count: int) -> Hashes:
    """Return a 64-bit hash per text; equal within one process only."""
    # Python's own string hash is keyed and 64 bits wide: two of 5 million meet with p < 1e-6.
    return np.fromiter(map(hash, texts), np.int64, count)


def _checks(texts: Sequence[str]) -> Checks:
    made = hashes(texts, len(texts)).astype(np.uint64).astype(np.uint32)
    made[made == _ERASED] = 1
    made[[i for i, text in enumerate(texts) if not text]] = _ERASED
    return made


def own_id(mention_id: str, text: str) -> str:
    """Return the id of a mention whose dump gave its id to another mention too.

    The readers of dumps name those that meet within one file in the same way.
    """
    return f"{mention_id}~{zlib.crc32(text.encode('utf-8', 'replace')):08x}"


@dataclass(frozen=True)
class Admitted:
    """Which rows are new (n,), and the new ids of those whose id belonged to another text."""

    new: npt.NDArray[np.bool_]
    renamed: dict[int, str]


class Known:
    """Ids of mentions with a check of their texts, as sorted runs of growing size."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Checks]] = []

    def __len__(self) -> int:
        return sum(len(run) for run, _ in self._runs)

    def add(self, ids: Sequence[str], texts: Sequence[str]) -> None:
        """Take note of mentions that are known to be distinct."""
        self._add(hashes(ids, len(ids)), _checks(texts))

    def admit(self, ids: Sequence[str], texts: Sequence[str]) -> Admitted:
        """Return which of these mentions are new, and take note of them."""
        ids, checks = list(ids), _checks(texts)
        new, odd = self._admit(hashes(ids, len(ids)), checks)
        self._drop_renamed(ids, texts, checks, new)
        if not len(odd):
            return Admitted(new, {})
        renamed = {int(i): own_id(ids[i], texts[i]) for i in odd}
        again, _ = self._admit(hashes(renamed.values(), len(odd)), checks[odd])
        new[odd] = again
        return Admitted(new, {i: name for i, name in renamed.items() if new[i]})

    def _drop_renamed(
        self, ids: list[str], texts: Sequence[str], checks: Checks, new: npt.NDArray[np.bool_]
    ) -> None:
        """Clear `new` for mentions with an id of their own that were met under the plain one."""
        rows = [i for i in np.flatnonzero(new).tolist() if ids[i][-9:-8] == "~"]
        rows = [i for i in rows if own_id(ids[i][:-9], texts[i]) == ids[i]]
        if rows:
            plain = hashes((ids[i][:-9] for i in rows), len(rows))
            new[rows] &= ~self._look_up(plain, checks[rows])[1]

    def _look_up(
        self, keys: Hashes, checks: Checks
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Return which keys are known, and which of them with this check."""
        met = np.zeros(len(keys), bool)
        same = np.zeros(len(keys), bool)
        for run, run_checks in self._runs:
            place = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            hit = run[place] == keys
            met |= hit
            theirs = run_checks[place]
            same |= hit & ((theirs == checks) | (theirs == _ERASED) | (checks == _ERASED))
        return met, same

    def _admit(
        self, keys: Hashes, checks: Checks
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return which keys are new, and the rows whose key is known with another check."""
        met, same = self._look_up(keys, checks)
        # within the batch itself, the first row of a key is the one that counts
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        leader = first[inverse]
        follows = leader != np.arange(len(keys))
        same |= follows & ~met & (checks[leader] == checks)
        new = ~met & ~follows
        self._add(keys[new], checks[new])
        return new, np.flatnonzero((met | follows) & ~same)

    def _add(self, keys: Hashes, checks: Checks) -> None:
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        run = (keys[order], checks[order])
        while self._runs and len(self._runs[-1][0]) <= 2 * len(run[0]) <= _RUN:
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)


def _merged(one: tuple[Hashes, Checks], other: tuple[Hashes, Checks]) -> tuple[Hashes, Checks]:
    keys = np.concatenate([one[0], other[0]])
    order = np.argsort(keys, kind="stable")
    return keys[order], np.concatenate([one[1], other[1]])[order]
