"""Which words the training data held, to tell how strange a mention is to a model.

A word is a run of the tokenizer's pieces. Words are hashed into a bitmap (a Bloom filter with one
hash: Bloom, 1970), so that a model folder holds no word of anybody's export.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rootcause.classify.features import Tokeniser, Tokens
from rootcause.classify.linear import Floats

Bitmap = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.int64]

_BITS = 20
_MIX = np.uint64(0x9E3779B97F4A7C15)


def hashed_words(tokeniser: Tokeniser, tokens: Tokens) -> tuple[Hashes, Hashes]:
    """Return (hashes, offsets): text i has the words `hashes[offsets[i]:offsets[i + 1]]`."""
    ids = tokens.ids.astype(np.int64)
    offsets = tokens.offsets.astype(np.int64)
    if not len(ids):
        return np.zeros(0, np.int64), np.zeros(len(offsets), np.int64)
    begins = tokeniser.begins(ids)
    begins[offsets[:-1][offsets[:-1] < len(ids)]] = True
    starts = np.flatnonzero(begins)
    # a piece counts by its place in the word, so that "ab" is another word than "ba"
    place = np.arange(len(ids)) - np.repeat(starts, np.diff(np.append(starts, len(ids))))
    mixed = (ids.astype(np.uint64) + np.uint64(1)) * _MIX
    mixed ^= mixed >> np.uint64(31)
    mixed *= 2 * place.astype(np.uint64) + np.uint64(1)
    total = np.add.reduceat(mixed, starts) * _MIX
    return (total >> np.uint64(64 - _BITS)).astype(np.int64), np.searchsorted(starts, offsets)


def bitmap(hashes: Hashes) -> Bitmap:
    """Return the bitmap of some words."""
    met = np.zeros(1 << _BITS, bool)
    met[hashes] = True
    return np.packbits(met)


def unseen_share(known: Bitmap, hashes: Hashes, offsets: Hashes) -> Floats:
    """Return what share (n,) of each text's words the bitmap does not hold; 0 without words."""
    missing = (known[hashes >> 3] >> (7 - (hashes & 7)).astype(np.uint8)) & 1 == 0
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(missing)])
    words = np.maximum(np.diff(offsets), 1)
    return np.asarray(np.diff(before[offsets]) / words, np.float32)
