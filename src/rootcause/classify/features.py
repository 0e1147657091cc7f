"""Mentions as rows of numbers: hashed n-grams over token ids and a few surface cues.

The words come from the one tokenisation that the encoder needs anyway; n-grams are hashed with
numpy (the hashing trick: Weinberger et al., 2009), so no dictionary is stored and no Python loop
runs per word. Which n-grams there are: `KINDS`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from rootcause.classify.cues import cues
from rootcause.records import Encoder, Vectors
from rootcause.text import normalise

Ints = npt.NDArray[np.integer[Any]]

# n-grams are hashed to so many bits; a model's space keeps the first few of them
BITS = 22
# word, pair, triple, pair with a gap, word within a question, pair within a question
KINDS = 6
QUESTION_KINDS = 2

_WORD = re.compile(r"\w+|[^\w\s]")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.array(
    [0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3], np.uint64
)
_END_OF_SENTENCE = (".", "!", "?", "…")


class Tokens(Protocol):
    """Token ids of many texts, end to end; text i owns `ids[offsets[i]:offsets[i + 1]]`."""

    @property
    def ids(self) -> npt.NDArray[np.int32]:
        """Token ids."""

    @property
    def offsets(self) -> npt.NDArray[np.int32]:
        """Where each text begins, and the end."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Tokens of an encoder that has no tokenizer of its own to share."""

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]


class Tokeniser:
    """The encoder's tokenisation, or words and punctuation where it shares none."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder: Any = encoder
        self.shared = hasattr(encoder, "tokenise") and hasattr(encoder, "encode_tokens")
        if self.shared:
            names = cast(Any, encoder).tokens
            place = {token: i for i, token in enumerate(names)}
            self._begins = np.array([not name.startswith("##") for name in names], bool)
            self.question = place.get("?", -1)
            self.ends = [place[mark] for mark in _END_OF_SENTENCE if mark in place]
        else:
            self.question = _word_id("?")
            self.ends = [_word_id(mark) for mark in _END_OF_SENTENCE]
        self.width: int | None = getattr(encoder, "token_dimension", None)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of `texts`."""
        if self.shared:
            return cast(Tokens, self.encoder.tokenise(texts))
        rows = [[_word_id(word) for word in _WORD.findall(normalise(text))] for text in texts]
        offsets = np.zeros(len(texts) + 1, np.int32)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        return Words(ids=np.array([i for row in rows for i in row], np.int32), offsets=offsets)

    def begins(self, ids: Ints) -> npt.NDArray[np.bool_]:
        """Return which tokens begin a word."""
        return self._begins[ids] if self.shared else np.ones(len(ids), bool)

    def strings(self, texts: Sequence[str], tokens: Tokens) -> list[str]:
        """Return the token strings of `texts`, end to end, as `tokens.ids` has them."""
        if self.shared:
            names = self.encoder.tokens
            return [names[i] for i in tokens.ids.tolist()]
        return [word for text in texts for word in _WORD.findall(normalise(text))]

    def vectors(self, texts: Sequence[str], tokens: Tokens) -> Vectors:
        """Return the encoder's vectors (n, d) of `texts`."""
        if self.shared:
            return cast(Vectors, self.encoder.encode_tokens(tokens))
        return self.encoder.encode(list(texts)) if len(texts) else self._none()

    def _none(self) -> Vectors:
        return np.zeros((0, self.encoder.dimension), np.float32)


def _word_id(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace")) >> 1


@dataclass(frozen=True, kw_only=True)
class Grams:
    """Hashed n-grams of many texts, as the index arrays of a sparse matrix.

    `first` is the place of an n-gram's first token in the padded sequence (every text has a
    mark before and one after its tokens), `kind` its row in `KINDS`.
    """

    indices: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int8]

    def take(self, rows: npt.NDArray[np.int64]) -> Grams:
        """Return the n-grams of the texts with these numbers, in their order."""
        length = self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(length, out=offsets[1:])
        at = np.repeat(self.offsets[rows] - offsets[:-1], length) + np.arange(offsets[-1])
        return Grams(
            indices=self.indices[at], offsets=offsets, first=self.first[at], kind=self.kind[at]
        )


def grams(
    tokens: Tokens, *, question: int, ends: Sequence[int], kinds: Sequence[int] = range(KINDS)
) -> Grams:
    """Return the hashed n-grams of `tokens`; the same text has the same ones in any company."""
    count = len(tokens.offsets) - 1
    length = np.diff(tokens.offsets).astype(np.int64)
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(length + 2, out=offsets[1:])
    padded = np.full(int(offsets[-1]) + 2, 1, np.uint64)
    inside = np.ones(len(padded), bool)
    inside[offsets] = inside[offsets[1:] - 1] = inside[-1] = False
    padded[offsets[:-1]] = 0
    padded[inside] = tokens.ids.astype(np.uint64) + np.uint64(2)
    asked = _in_question(padded, offsets, question, ends)
    text_end = np.repeat(offsets[1:], length + 2)
    place = np.arange(offsets[-1])
    one, two, three = padded[:-2], padded[1:-1], padded[2:]
    real, pair, triple = inside[:-2], place + 1 < text_end, place + 2 < text_end
    plan: dict[int, tuple[tuple[npt.NDArray[np.uint64], ...], npt.NDArray[np.bool_]]] = {
        0: ((one,), real),
        1: ((one, two), pair),
        2: ((one, two, three), triple),
        3: ((one, three), triple),
        4: ((one,), real & asked[:-2]),
        5: ((one, two), pair & asked[:-2]),
    }
    chosen = [k for k in range(KINDS) if k in set(kinds)]
    per_place = np.zeros(len(place), np.int64)
    for k in chosen:
        per_place += plan[k][1]
    ends_at = np.concatenate([np.zeros(1, np.int64), np.cumsum(per_place)])
    hashes = np.empty(ends_at[-1], np.int32)
    kind = np.empty(ends_at[-1], np.int8)
    # n-grams of one place stand together, in order of kinds
    free = ends_at[:-1].copy()
    for k in chosen:
        parts, kept = plan[k]
        where = np.flatnonzero(kept)
        at = free[where]
        hashes[at] = _mixed(k, [part[where] for part in parts])
        kind[at] = k
        free[where] += 1
    return Grams(
        indices=hashes, offsets=ends_at[offsets], first=np.repeat(place, per_place), kind=kind
    )


def _mixed(kind: int, parts: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Return the hash of each n-gram of a kind, in BITS bits."""
    total = np.full(len(parts[0]), kind + 1, np.uint64)
    total *= _MIX
    for part, factor in zip(parts, _FACTORS, strict=False):
        total ^= part * factor
        total *= _MIX
        total ^= total >> np.uint64(29)
    total *= _MIX
    total >>= np.uint64(64 - BITS)
    return total


def _in_question(
    padded: npt.NDArray[np.uint64], offsets: Ints, question: int, ends: Sequence[int]
) -> npt.NDArray[np.bool_]:
    """Return for every place whether its sentence ends with a question mark."""
    stops = np.zeros(len(padded), bool)
    for end in ends:
        stops |= padded == np.uint64(end + 2)
    stops[offsets[1:] - 1] = stops[-1] = True
    # as many stops as lie before a place, counted from 0, is the one that follows it
    following = np.flatnonzero(stops)[np.cumsum(stops) - stops]
    return np.asarray(padded[following] == np.uint64(question + 2))


@dataclass(frozen=True, kw_only=True)
class Read:
    """Mentions as read once: tokens, n-grams, vectors (n, d) and `cues` (n, CUES)."""

    tokens: Tokens
    grams: Grams
    vectors: Vectors
    cues: Vectors

    def __len__(self) -> int:
        return len(self.vectors)


def read(tokeniser: Tokeniser, texts: Sequence[str], kinds: Sequence[int] = range(KINDS)) -> Read:
    """Return `texts` as read for every head, from one tokenisation."""
    tokens = tokeniser(texts)
    found = grams(tokens, question=tokeniser.question, ends=tokeniser.ends, kinds=kinds)
    return Read(
        tokens=tokens, grams=found, vectors=tokeniser.vectors(texts, tokens), cues=cues(texts)
    )
