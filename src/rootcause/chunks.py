"""What stands between spaces in texts, told once for every chunk and looked up from then on.

Few chunks make up most of all texts, and most of what is asked of a text is a sum over its chunks:
its tokens, its words, how many of them are English. So each chunk gets a number, and what is known
of it a place in arrays; a batch of texts is then a few steps of numpy, with the same answers.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]

# Texts that are longer are not taken apart: they are cut elsewhere, and their chunks may be huge.
LONGEST = 4_000
# One character may stand for so many (U+FDFA, in Unicode's compatibility form).
_STANDS_FOR = 18
# So many characters of chunks are remembered (some 50,000 chunks), then all are forgotten at once:
# the frequent ones are back within a batch.
_REMEMBERED = 1 << 19

_lock = RLock()


class _Numbers(dict[str, int]):
    """Numbers of chunks; one not met before gets the next."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.characters = 0
        self.known: dict[Facts, _Table] = {}

    def __missing__(self, chunk: str) -> int:
        number = self[chunk] = len(self.chunks)
        self.chunks.append(chunk)
        self.characters += len(chunk)
        return number


class Split(tuple[str, ...]):
    """Texts and the numbers of their chunks: text i has `rows[offsets[i]:offsets[i + 1]]`.

    Every text has one chunk at least, of nothing where there is nothing; those over LONGEST
    characters (written out), whose places are in `long`, have that one.
    """

    rows: Rows
    offsets: Rows
    long: tuple[int, ...]
    numbers: _Numbers

    def part(self, start: int, stop: int) -> Split:
        """Return some of the texts, split as they are."""
        made = Split(self[start:stop])
        some = self.offsets[start : stop + 1]
        made.rows, made.offsets = self.rows[some[0] : some[-1]], some - some[0]
        made.long = tuple(i - start for i in self.long if start <= i < stop)
        made.numbers = self.numbers
        return made

    def first(self) -> Rows:
        """Return the number of each text's first chunk."""
        return self.rows[self.offsets[:-1]]

    def last(self) -> Rows:
        """Return the number of each text's last chunk."""
        return self.rows[self.offsets[1:] - 1]


_numbers = _Numbers()


def split(texts: Iterable[str]) -> Split:
    """Return texts with the numbers of their chunks; what is split already stays as it is."""
    global _numbers  # noqa: PLW0603 - one vocabulary per process, shared by all who ask
    if isinstance(texts, Split):
        return texts
    made = Split(texts)
    made.long = tuple(i for i, text in enumerate(made) if _is_long(text))
    found = list(made)
    for place in made.long:
        found[place] = ""
    made.offsets, codes, distinct = _taken_apart(found)
    with _lock:
        if _numbers.characters > _REMEMBERED:
            _numbers = _Numbers()
        made.numbers = _numbers
        look_up = _numbers.__getitem__
        made.rows = np.fromiter(map(look_up, distinct), np.int64, len(distinct))[codes]
    return made


def _is_long(text: str) -> bool:
    """Return whether a text is over LONGEST characters, or is once it is written out."""
    if len(text) > LONGEST or len(text) * _STANDS_FOR <= LONGEST:
        return len(text) > LONGEST
    if text.isascii() and "&" not in text:
        return False
    return len(unicodedata.normalize("NFKC", html.unescape(text))) > LONGEST


def _taken_apart(texts: list[str]) -> tuple[Rows, Array, list[str]]:
    """Return where each text's chunks begin, which of the distinct chunks each is, and these.

    Texts are cut at spaces only: other white space within a chunk is left to who reads it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pieces = pc.split_pattern(pa.array(texts, pa.string()), " ")
    except UnicodeEncodeError:  # halves of surrogate pairs, which Arrow cannot hold
        lists = [text.split(" ") for text in texts]
        offsets = np.zeros(len(lists) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, lists), np.int64, len(lists)), out=offsets[1:])
        flat = list(chain.from_iterable(lists))
        return offsets, np.arange(len(flat)), flat
    coded = pieces.flatten().dictionary_encode()
    return (
        pieces.offsets.to_numpy().astype(np.int64),
        coded.indices.to_numpy(),
        coded.dictionary.to_pylist(),
    )


class _Table:
    """Where the items of each chunk are, and these end to end, in arrays that grow."""

    def __init__(self, kind: npt.DTypeLike) -> None:
        self.count = self.filled = 0
        self.start = np.zeros(1_024, np.int64)
        self.size = np.zeros(1_024, np.int64)
        self.items = np.zeros(4_096, kind)

    def add(self, sizes: Sequence[int], items: Array) -> None:
        """Append what is told of some more chunks."""
        count, filled = self.count + len(sizes), self.filled + len(items)
        self.start = _longer(self.start, count)
        self.size = _longer(self.size, count)
        self.items = _longer(self.items, filled)
        size = self.size[self.count : count]
        size[:] = sizes
        self.start[self.count : count] = self.filled + np.cumsum(size) - size
        self.items[self.filled : filled] = items
        self.count, self.filled = count, filled


def _longer(array: Array, needed: int) -> Array:
    if needed <= len(array):
        return array
    grown = np.zeros(max(needed, 2 * len(array)), array.dtype)
    grown[: len(array)] = array
    return grown


class Facts:
    """What is told of each chunk: some items, as many as there are.

    `tell` is given chunks not met before and returns how many items each has and all of these
    end to end.
    """

    def __init__(
        self, tell: Callable[[list[str]], tuple[Sequence[int], Any]], kind: npt.DTypeLike
    ) -> None:
        self._tell = tell
        self._kind = kind

    def items(self, texts: Split) -> tuple[Array, Rows]:
        """Return the items of all texts, end to end, and how many each text has."""
        table = self._known(texts)
        start, size = table.start[texts.rows], table.size[texts.rows]
        ends = np.zeros(len(size) + 1, np.int64)
        np.cumsum(size, out=ends[1:])
        start -= ends[:-1]
        places = np.repeat(start, size)
        places += np.arange(ends[-1])
        return table.items[places], np.diff(ends[texts.offsets])

    def _known(self, texts: Split) -> _Table:
        with _lock:
            numbers = texts.numbers
            if (table := numbers.known.get(self)) is None:
                table = numbers.known[self] = _Table(self._kind)
            if new := numbers.chunks[table.count :]:
                sizes, items = self._tell(new)
                table.add(sizes, np.asarray(items, self._kind))
            return table


class Number(Facts):
    """A number told of each chunk; `tell` returns one for each."""

    def __init__(self, tell: Callable[[list[str]], Sequence[int] | Rows]) -> None:
        super().__init__(lambda chunks: ([1] * len(chunks), tell(chunks)), np.int64)

    def sums(self, texts: Split) -> Array:
        """Return the sum (n,) over each text's chunks."""
        total = np.zeros(len(texts.rows) + 1, np.int64)
        np.cumsum(self._known(texts).items[texts.rows], out=total[1:])
        return np.diff(total[texts.offsets])

    def at(self, texts: Split, rows: Rows) -> Array:
        """Return the numbers of some chunks of these texts."""
        return self._known(texts).items[rows]
