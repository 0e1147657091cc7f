"""Token ids by memory: what stands between two spaces always has the same tokens.

A tokenizer looks at no two chunks together, and few chunks make up most of all texts, so each is
tokenised once and looked up from then on: the same ids, many times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]

_UNKNOWN = "[UNK]"
# So many characters of chunks are remembered (some 50,000 chunks), then all are forgotten at once:
# the frequent ones are back within a batch.
_REMEMBERED = 1 << 19


class ChunkTokens:
    """The known tokens of texts whose only white space is single spaces."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.unknown: int = tokenizer.token_to_id(_UNKNOWN) or 0
        self._lock = Lock()
        self._place: dict[str, int]
        self._ids: Ids
        self._start: Counts
        self._size: Counts
        self._forget()

    def of(self, texts: Sequence[str]) -> tuple[Ids, Counts]:
        """Return the token ids of all texts, end to end, and how many each has.

        Tokens that the vocabulary does not know are left out.
        """
        if not texts:
            return np.zeros(0, np.int32), np.zeros(0, np.int64)
        chunks = " ".join(texts).split(" ")
        with self._lock:
            rows = self._rows(chunks)
            start, size, ids = self._start[rows], self._size[rows], self._ids
        per_text = np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts))
        borders = np.zeros(len(texts), np.int64)
        np.cumsum(per_text[:-1], out=borders[1:])
        ends = np.cumsum(size)
        places = np.repeat(start - (ends - size), size) + np.arange(ends[-1])
        return ids[places], np.add.reduceat(size, borders)

    def _rows(self, chunks: list[str]) -> Counts:
        """Return where each chunk's tokens are noted, after noting those not met before."""
        if self._characters > _REMEMBERED:
            self._forget()
        get = self._place.get
        rows = list(map(get, chunks))
        if None in rows:
            new = (chunk for chunk, row in zip(chunks, rows, strict=True) if row is None)
            self._note(list(dict.fromkeys(new)))
            rows = list(map(get, chunks))
        return np.array(rows, np.int64)

    def _note(self, chunks: list[str]) -> None:
        found = self._tokenizer.encode_batch_fast(chunks, add_special_tokens=False)
        known = [[t for t in one.ids if t != self.unknown] for one in found]
        size = np.fromiter(map(len, known), np.int64, len(known))
        start = len(self._ids) + np.cumsum(size) - size
        first = len(self._size)
        self._place.update(zip(chunks, range(first, first + len(size)), strict=True))
        self._characters += sum(map(len, chunks))
        self._ids = np.concatenate([self._ids, np.array(list(chain(*known)), np.int32)])
        self._start = np.concatenate([self._start, start])
        self._size = np.concatenate([self._size, size])

    def _forget(self) -> None:
        self._place = {}
        self._characters = 0
        self._ids = np.zeros(0, np.int32)
        self._start = np.zeros(0, np.int64)
        self._size = np.zeros(0, np.int64)
