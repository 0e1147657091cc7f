"""Which language a text is in, by naive Bayes over sequences of bytes (Lui and Baldwin, 2012).

The weights are those of py3langid, laid out so that they are read in milliseconds and not unpacked
(`scripts/pack_languages.py`, `models/languages`). All texts take each step together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from rootcause.bundled import bundled
from rootcause.errors import ModelError

# So many bytes are read at once: what is noted of each takes some hundred bytes of memory.
_TOGETHER = 1 << 17
# The weights of so many features are kept at hand, 9 MB; then all are forgotten at once.
_KEPT = 1 << 14

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float32]


class Identifier:
    """Tells the language of texts; a text has the same answer in any company."""

    def __init__(self, file: Path) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(file, "numpy") as stored:
                told = stored.metadata()
                self._codes = tuple(told["languages"].split())
                self._longest = int(told["longest"])
                names = ("base", "owner", "feature", "offsets", "language", "weight")
                tensors = [stored.get_tensor(name) for name in names]
                self._floor = stored.get_tensor("floor").astype(np.float32)
                self._prior = stored.get_tensor("prior")
        except (OSError, SafetensorError, KeyError, TypeError) as error:
            raise ModelError(
                f"the table of languages cannot be read ({error}); install rootcause again"
            ) from error
        self._base, self._owner, self._feature, self._offsets = tensors[:4]
        self._language, self._weight = tensors[4:]
        self._lock = Lock()
        self._place = np.full(len(self._offsets) - 1, -1, np.int32)
        self._table = np.zeros((0, len(self._codes)), np.float32)
        self._filled = 0
        first: dict[str, int] = {}
        for column, code in enumerate(self._codes):
            first.setdefault(code, column)
        # a language may have a column for each of its scripts; all count as the first
        self._column = np.array([first[code] for code in self._codes])

    def classify_all(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Return for each text its language and the chance that it is."""
        data = [_bytes(text) for text in texts]
        found: list[tuple[str, float]] = []
        start = 0
        while start < len(data):
            end, size = start + 1, len(data[start])
            while end < len(data) and size + len(data[end]) <= _TOGETHER:
                size += len(data[end])
                end += 1
            found += self._classify(data[start:end])
            start = end
        return found

    def _classify(self, texts: Sequence[bytes]) -> list[tuple[str, float]]:
        text, feature, times = self._met(texts)
        scores = self._scores(text, feature, np.log1p(times, dtype=np.float32), len(texts))
        length = np.fromiter(map(len, texts), np.float32, len(texts))
        # long texts would be told with a certainty that nobody has
        scores /= np.sqrt(np.maximum(length, 1))[:, None]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances = np.zeros_like(scores)
        for column, target in enumerate(self._column.tolist()):
            chances[:, target] += scores[:, column]
        best = chances.argmax(axis=1)
        sure = chances[np.arange(len(best)), best] / scores.sum(axis=1)
        return [(self._codes[i], chance) for i, chance in zip(best, sure.tolist(), strict=True)]

    def _met(self, texts: Sequence[bytes]) -> tuple[Ints, Ints, Ints]:
        """Return (text, feature, times): which features each text meets, and how often.

        After each byte it is the feature of the longest known sequence that ends there.
        """
        data = np.frombuffer(b"".join(texts), np.uint8).astype(np.int64)
        number = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        ends = np.cumsum([len(text) for text in texts])
        longest = np.zeros(len(data), np.int64)
        # sequences that begin at all bytes grow together; the earlier one is the longer one
        alive, state = np.arange(len(data)), np.zeros(len(data), np.int64)
        limit = ends[number] if len(data) else number
        grown = []
        for size in range(self._longest):
            inside = alive + size < limit[alive]
            alive, state = alive[inside], state[inside]
            child = self._base[state] + data[alive + size]
            good = self._owner[child] == state
            alive, state = alive[good], child[good]
            grown.append((alive + size, state))
        for where, state in grown:
            longest[where] = state
        met = self._feature[longest]
        heard = np.flatnonzero(met >= 0)
        count = len(self._offsets)
        once, times = np.unique(number[heard] * count + met[heard], return_counts=True)
        return once // count, once % count, times

    def _scores(self, text: Ints, feature: Ints, share: Floats, count: int) -> Floats:
        """Return the logarithms (count, languages) of how likely a text is in each language."""
        from scipy.sparse import csr_array

        offsets = np.searchsorted(text, np.arange(count + 1))
        with self._lock:
            table = self._rows(np.unique(feature))
            # scipy adds each row by itself: a text's scores do not depend on its company
            shape = (count, len(table))
            scores: Floats = csr_array((share, self._place[feature], offsets), shape=shape) @ table
        scores += self._prior
        scores[np.diff(offsets) == 0] = 0  # nothing was met, so nothing is told
        return scores

    def _rows(self, used: Ints) -> Floats:
        """Return the table of weights at hand, after adding the rows of features new to it.

        A row is mostly the floor of each language, and is kept without it on disk.
        """
        new = used[self._place[used] < 0]
        if self._filled + len(new) > len(self._table):
            self._place[:] = -1
            new, self._filled = used, 0
            self._table = np.zeros((max(_KEPT, len(new)), len(self._codes)), np.float32)
        rows = np.arange(self._filled, self._filled + len(new))
        self._table[rows] = self._floor
        sizes = self._offsets[new + 1] - self._offsets[new]
        begin = np.cumsum(sizes) - sizes
        entries = np.repeat(self._offsets[new] - begin, sizes) + np.arange(int(sizes.sum()))
        self._table[np.repeat(rows, sizes), self._language[entries]] = self._weight[entries]
        self._place[new] = rows
        self._filled += len(new)
        return self._table


def _bytes(text: str) -> bytes:
    """Return a text as the weights were learnt: not in capitals, composed."""
    if text.isupper():
        text = text.lower()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")


@cache
def identifier() -> Identifier:
    """Return the identifier, loaded once."""
    return Identifier(bundled("models/languages") / "languages.safetensors")
