"""Which n-grams count and how much: what is learnt of the words before any label is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.features import BITS, KINDS, Grams
from rootcause.classify.linear import Floats, Rows
from rootcause.records import Vectors

Buckets = npt.NDArray[np.int32]

# How much of a row each kind of n-gram fills: word, pair, triple, gap, asked word, asked pair.
KIND_SCALES = (4.0, 4.0, 3.0, 0.0, 2.0, 0.0)
VECTOR_SCALE = 4.0
CUE_SCALE = 1.0
# chosen on held-out sources of the shipped model's notes: 2 to 12 mentions, 18 to 22 bits
_PER_MENTION, _MOST = 20_000, 8


@dataclass(frozen=True, kw_only=True)
class Space:
    """The hashed n-grams met often enough (`buckets`, sorted) and their rarity (`idf`)."""

    buckets: Buckets
    idf: Floats
    scales: tuple[float, ...] = KIND_SCALES
    vector_scale: float = VECTOR_SCALE
    cue_scale: float = CUE_SCALE
    # columns of the embedding that are sums over tokens; what an encoder adds to them from a
    # head of its own may have met the labels that are to be learnt here
    width: int | None = None
    # bits of an n-gram's hash that tell buckets apart
    bits: int = BITS

    def __post_init__(self) -> None:
        # a bit per hash, and how many are set before each word of 64: small enough for the cache
        met = np.zeros(max(64, 1 << self.bits), bool)
        met[self.buckets] = True
        words = np.packbits(met, bitorder="little").view("<u8")
        before = np.zeros(len(words), np.int32)
        np.cumsum(np.bitwise_count(words[:-1]), out=before[1:])
        object.__setattr__(self, "_met", words)
        object.__setattr__(self, "_before", before)

    @property
    def kinds(self) -> tuple[int, ...]:
        """The kinds of n-grams in use."""
        return tuple(kind for kind, scale in enumerate(self.scales) if scale)

    def select(self, grams: Grams) -> tuple[Any, npt.NDArray[np.int64]]:
        """Return (matrix, chosen): sparse rows (n, buckets), and which n-grams are in them.

        Within a text each kind of n-gram has the length of its scale: a long text counts no
        more than a short one.
        """
        from scipy.sparse import csr_array

        hashes = grams.indices if self.bits == BITS else grams.indices >> (BITS - self.bits)
        used = np.array(self.scales) > 0
        words: npt.NDArray[np.uint64] = self._met[hashes >> 6]  # type: ignore[attr-defined]
        words >>= (hashes & 63).astype(np.uint64)
        chosen = np.flatnonzero((words & np.uint64(1)).astype(bool) & used[grams.kind])
        count = len(grams.offsets) - 1
        offsets = np.searchsorted(chosen, grams.offsets)
        place, kind = self._places(hashes[chosen]), grams.kind[chosen]
        scale = np.array(self.scales, np.float32)[kind]
        value = self.idf[place]
        row = np.repeat(np.arange(count), np.diff(offsets))
        key = row * KINDS + kind
        squares = np.bincount(key, weights=value * value, minlength=count * KINDS)
        value = (value * scale / np.sqrt(squares[key])).astype(np.float32)
        shape = (count, len(self.buckets))
        return csr_array((value, place, offsets.astype(np.int32)), shape=shape), chosen

    def _places(self, hashes: Buckets) -> Buckets:
        """Return the places in `buckets` of hashes that are among them."""
        word = hashes >> 6
        below = (np.uint64(1) << (hashes & 63).astype(np.uint64)) - np.uint64(1)
        below &= self._met[word]  # type: ignore[attr-defined]
        places: Buckets = self._before[word] + np.bitwise_count(below)  # type: ignore[attr-defined]
        return places

    def rows(self, grams: Grams, vectors: Vectors, cues: Vectors) -> Rows:
        """Return mentions as rows for a head."""
        return Rows(words=self.select(grams)[0], dense=self.dense(vectors, cues))

    def dense(self, vectors: Vectors, cues: Vectors) -> Floats:
        """Return the columns beside the words: the embedding, then the cues."""
        return np.hstack(
            [
                vectors[:, : self.width] * np.float32(self.vector_scale),
                cues * np.float32(self.cue_scale),
            ]
        )


def fit_space(
    grams: Grams,
    *,
    fewest: int | None = None,
    scales: tuple[float, ...] = KIND_SCALES,
    vector_scale: float = VECTOR_SCALE,
    cue_scale: float = CUE_SCALE,
    width: int | None = None,
    bits: int = BITS,
) -> Space:
    """Return the space of the n-grams that at least `fewest` mentions hold.

    Without `fewest`, an n-gram needs two mentions, and more where there are very many: the rare
    ones of a large export cost columns and bring nothing.
    """
    count = len(grams.offsets) - 1
    if fewest is None:
        fewest = int(np.clip(count // _PER_MENTION, 2, _MOST))
    row = np.repeat(np.arange(count, dtype=np.int64), np.diff(grams.offsets))
    used = np.array(scales)[grams.kind] > 0
    once = np.unique(row[used] << bits | grams.indices[used] >> (BITS - bits))
    seen = np.bincount(once & ((1 << bits) - 1), minlength=1 << bits)
    buckets = np.flatnonzero(seen >= fewest).astype(np.int32)
    idf = np.log((1 + count) / (1 + seen[buckets])) + 1
    return Space(
        buckets=buckets,
        idf=idf.astype(np.float16).astype(np.float32),
        scales=scales,
        vector_scale=vector_scale,
        cue_scale=cue_scale,
        width=width,
        bits=bits,
    )
