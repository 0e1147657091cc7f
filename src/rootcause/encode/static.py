"""The built-in encoder: a tokenizer, a table and a small network over their mean.

The first columns of a text's vector are the weighted sum of the rows of its tokens and of its
selected token pairs (`not working`, `on hold`) (SIF weighting: Arora et al., 2017, section 3;
here the weights are learnt). The columns of the network (`causehead`) follow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootcause.chunks import split
from rootcause.encode.causehead import Head
from rootcause.encode.chunks import ChunkTokens
from rootcause.encode.units import lengths_of
from rootcause.errors import ModelError
from rootcause.records import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int32]

FORMAT = 1
_BATCH = 2_048
# The low bits of a pair's number, by which most pairs that are not selected are told.
_PAIR_MASK = (1 << 18) - 1


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Token ids of many texts, laid end to end; text i owns `ids[offsets[i]:offsets[i + 1]]`."""

    ids: Ids
    offsets: Ids

    def __len__(self) -> int:
        return len(self.offsets) - 1


class StaticEncoder:
    """Unit vectors from a table of token vectors; the same text always gives the same bits."""

    def __init__(
        self,
        *,
        name: str,
        content_hash: str,
        tokenizer: Tokenizer,
        table: Vectors,
        pairs: npt.NDArray[np.int64],
        head: Head | None = None,
    ) -> None:
        self.name = name
        self.content_hash = content_hash
        self.token_dimension = table.shape[1]
        self.dimension = table.shape[1] + (head.dimension if head else 0)
        self._head = head
        self._tokenizer = tokenizer
        self._chunks = ChunkTokens(tokenizer)
        self._vocabulary = tokenizer.get_vocab_size()
        self._unknown = self._chunks.unknown
        self._table = table
        self._pairs = pairs
        self._maybe = np.zeros(_PAIR_MASK + 1, bool)
        self._maybe[pairs & _PAIR_MASK] = True

    @classmethod
    def load(cls, folder: Path, *, name: str | None = None) -> StaticEncoder:
        """Return the encoder in `folder`; raises ModelError if it is missing or damaged."""
        import orjson
        from safetensors import SafetensorError
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        try:
            files = [
                (folder / part).read_bytes()
                for part in ("config.json", "tokenizer.json", "model.safetensors")
            ]
        except OSError as error:
            raise ModelError(f"encoder {folder} cannot be read ({error.strerror})") from error
        try:
            config = json.loads(files[0])
            if config["format"] > FORMAT:
                raise ModelError(f"encoder {folder} is of a newer format; update rootcause")
            # Tokenizer.from_buffer raises a bare Exception; checking the JSON first keeps
            # damaged files apart from faults of our own.
            orjson.loads(files[1])
            tokenizer = Tokenizer.from_buffer(files[1])
            tensors = load(files[2])
            table = tensors["table"].astype(np.float32) * tensors["scale"][:, None]
            vocabulary = tokenizer.get_vocab_size()
            head = Head.from_tensors(tensors) if "head_inner" in tensors else None
            first, second = tensors["pairs"].astype(np.int64).T
            if len(table) != vocabulary + len(first):
                raise ModelError(f"encoder {folder} is damaged: table and vocabulary differ")
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"encoder {folder} is damaged ({error}); install it again") from error
        digest = hashlib.sha256()
        for content in files:
            digest.update(hashlib.sha256(content).digest())
        return cls(
            name=name or folder.name,
            content_hash=digest.hexdigest(),
            tokenizer=tokenizer,
            table=table,
            pairs=first * vocabulary + second,
            head=head,
        )

    @cached_property
    def tokens(self) -> list[str]:
        """The vocabulary: token id to string; `##` marks a piece that continues a word."""
        names = [""] * self._vocabulary
        for token, place in self._tokenizer.get_vocab().items():
            names[place] = token
        return names

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """Return the known tokens of each text; one without any has the unknown token."""
        pieces = [np.zeros(0, np.int32)]
        lengths = [np.zeros(0, np.int64)]
        texts = split(texts)
        for start in range(0, len(texts), _BATCH):
            ids, length = self._chunks.of(texts.part(start, start + _BATCH))
            empty = np.flatnonzero(length == 0)
            ids = np.insert(ids, np.cumsum(length)[empty], self._unknown) if len(empty) else ids
            length[empty] = 1
            pieces.append(ids)
            lengths.append(length)
        offsets = np.zeros(len(texts) + 1, np.int32)
        np.cumsum(np.concatenate(lengths), out=offsets[1:])
        return Tokens(ids=np.concatenate(pieces), offsets=offsets)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array (n, dimension) of float32 rows of unit length.

        A text without any known token, the empty one too, has the unknown token's vector.
        """
        out = np.empty((len(texts), self.dimension), np.float32)

        def fill(start: int, tokens: Tokens) -> None:
            out[start : start + len(tokens)] = self.encode_tokens(tokens)

        # numpy and the tokenizer work outside Python's lock: one batch is added up while the
        # next is read.
        with ThreadPoolExecutor(1) as worker:
            jobs = [
                worker.submit(fill, start, self.tokenise(texts[start : start + _BATCH]))
                for start in range(0, len(texts), _BATCH)
            ]
        for job in jobs:
            job.result()
        return out

    def encode_tokens(self, tokens: Tokens) -> Vectors:
        """Return what `encode` returns, from tokens already at hand."""
        sums = self._sums(tokens)
        means = sums / lengths_of(sums)
        if self._head is None:
            return means
        columns, lengths = self._head.extend(means)
        rows = np.concatenate([means, columns], axis=1)
        rows /= lengths
        return rows

    def token_vectors(self, tokens: Tokens) -> Vectors:
        """Return each token's part (len(ids), token_dimension) in its text's vector.

        The parts of a text add up to the first `token_dimension` columns of its vector, so the
        reasons of a linear model on those columns are exact per token. A token pair's part is
        shared equally between its two tokens. The columns after them come from a network over
        the whole text and belong to no single token.
        """
        parts = self._table[tokens.ids]
        first, rows, _ = self._find_pairs(tokens)
        np.add.at(parts, first, self._table[rows] / 2)
        np.add.at(parts, first + 1, self._table[rows] / 2)
        sums = self._sums(tokens)
        lengths = lengths_of(sums)
        if self._head is not None:
            lengths = lengths * self._head.extend(sums / lengths)[1]
        parts /= np.repeat(lengths, np.diff(tokens.offsets), axis=0)
        return parts

    def _sums(self, tokens: Tokens) -> Vectors:
        # scipy adds the rows of one text in token order, whatever its neighbours are.
        sums = self._add_up(tokens.ids, tokens.offsets)
        _, rows, offsets = self._find_pairs(tokens)
        if len(rows):
            sums += self._add_up(rows, offsets)
        return sums

    def _add_up(self, rows: npt.NDArray[np.integer[Any]], offsets: Ids) -> Vectors:
        from scipy.sparse import csr_array

        shape = (len(offsets) - 1, len(self._table))
        ones = np.ones(len(rows), np.float32)
        sums: Vectors = csr_array((ones, rows, offsets), shape=shape) @ self._table
        return sums

    def _find_pairs(self, tokens: Tokens) -> tuple[Ids, Ids, Ids]:
        """Return where selected pairs begin, their table rows, and offsets by text."""
        ids = tokens.ids.astype(np.int64)
        keys = ids[:-1] * self._vocabulary + ids[1:]
        # few pairs are selected ones, and looking up whether one may be is cheap
        maybe = self._maybe[keys & _PAIR_MASK]
        maybe[tokens.offsets[1:-1] - 1] = False
        first = np.flatnonzero(maybe)
        keys = keys[first]
        place = np.searchsorted(self._pairs, keys)
        place[place == len(self._pairs)] = 0
        hit = self._pairs[place] == keys if len(self._pairs) else np.zeros(len(keys), bool)
        first, place = first[hit].astype(np.int32), place[hit]
        offsets = np.searchsorted(first, tokens.offsets).astype(np.int32)
        return first, (place + self._vocabulary).astype(np.int32), offsets
