"""The cause lens: what of a mention's words speaks about a cause.

An encoder sees the whole mention: the company, the tone, the place. The lens is a table of word
and word-pair vectors trained (`scripts/train_causes.py`) on mentions beside their cause in a few
canonical words, and three levels of cause groups (26 areas, 150 and 400 groups of causes) on top
of it. It needs no encoder and knows no brand.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootcause.bundled import bundled
from rootcause.errors import ModelError
from rootcause.records import Vectors
from rootcause.text import normalise_all
from rootcause.vectors import unit

FORMAT = 1
MOST_WORDS = 300
# Texts whose grams are kept at hand, some 350 bytes each.
KEPT = 300_000
# Chosen on sources of complaints that the lens never met (docs/causes.md).
VAGUE = -2.2
_BLOCK = 8_192
_GRID = 2.0**16  # rows of unit length and weights below 128 keep sums under 2**47
# Weights of encoder, lens and the three levels in a represented vector; see docs/causes.md.
ENCODER_WEIGHT = 1.5
LENS_WEIGHT = 1.0
LEVEL_WEIGHTS = (0.6, 0.8, 0.6)
LEVELS = len(LEVEL_WEIGHTS)

if TYPE_CHECKING:
    from scipy.sparse import csr_array as Counts

_WORD = re.compile(r"[a-z0-9']+|[^\x00-\x7f]")


class Lens:
    """Texts to cause vectors, by adding up rows of a table; see the module."""

    def __init__(
        self,
        *,
        vocabulary: dict[str, int],
        tensors: dict[str, npt.NDArray[Any]],
        areas: tuple[str, ...],
        content_hash: str,
    ) -> None:
        self.areas = areas
        self.content_hash = content_hash
        self.dimension = tensors["cause_table"].shape[1]
        self._vocabulary = vocabulary
        self._seen: dict[str, npt.NDArray[np.int32]] = {}
        self._causes = _table(tensors, "cause")
        self._groups = _table(tensors, "group")
        self._heads = [
            (_whole(tensors[f"weight{i}"].T), tensors[f"bias{i}"]) for i in range(LEVELS)
        ]
        self._vague = (
            tensors["vague_grams"].astype(np.float32),
            tensors["vague_length"],
            float(tensors["vague_bias"][0]),
        )
        self._means = [tensors["mean"], *(tensors[f"mean{i}"] for i in range(LEVELS))]

    @classmethod
    def load(cls, folder: Path) -> Lens:
        """Return the lens in `folder`; raises ModelError if it is missing or damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            facts = json.loads((folder / "lens.json").read_text(encoding="utf-8"))
            if facts["format"] > FORMAT:
                raise ModelError(f"cause lens {folder} is of a newer format; update rootcause")
            grams_bytes = (folder / "grams.txt").read_bytes()
            weights = (folder / "lens.safetensors").read_bytes()
            words = grams_bytes.decode().split("\n")
            tensors = load(weights)
            if len(words) != len(tensors["cause_table"]):
                raise ModelError(f"cause lens {folder} is damaged: table and vocabulary differ")
            return cls(
                vocabulary={word: row for row, word in enumerate(words)},
                tensors=tensors,
                areas=tuple(facts["areas"]),
                content_hash=hashlib.sha256(grams_bytes + weights).hexdigest(),
            )
        except OSError as error:
            raise ModelError(f"cause lens {folder} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"cause lens {folder} is damaged ({error}); install again") from error

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimension) unit rows in which a mention is near its cause's phrase.

        A text without known words is a row of zeros.
        """
        return unit(np.asarray(self._counts(texts) @ self._causes))

    def levels(self, texts: Sequence[str], most: int = LEVELS) -> list[Vectors]:
        """Return for each of the `most` first levels (n, k) the probabilities of its groups."""
        return self._levels(self._counts(texts), most)

    def features(self, texts: Sequence[str]) -> Vectors:
        """Return (n, D) the lens's part of a represented vector, a block of rows per view.

        Probabilities enter as their square roots, so that a dot product compares them as the
        Hellinger affinity does. Blocks are centred on the training mentions' means: what all
        mentions share says nothing about a cause.
        """
        counts = self._counts(texts)
        blocks = [LENS_WEIGHT * unit(unit(np.asarray(counts @ self._causes)) - self._means[0])]
        for level, mean, weight in zip(
            self._levels(counts), self._means[1:], LEVEL_WEIGHTS, strict=True
        ):
            blocks.append(weight * unit(np.sqrt(level) - mean))
        return np.hstack(blocks)

    def vagueness(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return (n,) how surely a complaint names no cause; from 0.5 on it names none.

        Log-odds of a logistic regression on grams and length (who has a cause to tell uses more
        words), plus half those of the area `general`, against `VAGUE`.
        """
        counts = self._counts(texts)
        sizes = np.maximum(np.diff(counts.indptr), 1).astype(np.float32)
        scores = (counts @ self._vague[0]) / np.sqrt(sizes)
        scores = scores + length_cues(texts) @ self._vague[1] + self._vague[2]
        general = self._levels(counts, 1)[0][:, self.areas.index("general")]
        general = np.clip(general.astype(np.float64), 1e-6, 1 - 1e-6)
        scores = scores + 0.5 * np.log(general / (1 - general)) - VAGUE
        vague: npt.NDArray[np.float32] = (1 / (1 + np.exp(-scores))).astype(np.float32)
        return vague

    def _levels(self, counts: Counts, most: int = LEVELS) -> list[Vectors]:
        rows = unit(np.asarray(counts @ self._groups))
        return [_softmax(_times(rows, weight) + bias) for weight, bias in self._heads[:most]]

    def _counts(self, texts: Sequence[str]) -> Counts:
        """Return the sparse (n, vocabulary) matrix of the texts' grams, one entry each."""
        from scipy.sparse import csr_array

        read = self._read(texts)
        rows = [read[text] for text in texts]
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.concatenate([np.zeros(0, dtype=np.int32), *rows]).astype(np.int64)
        ones = np.ones(len(flat), dtype=np.float32)
        return csr_array((ones, flat, offsets), shape=(len(texts), len(self._causes)))

    def _read(self, texts: Sequence[str]) -> dict[str, npt.NDArray[np.int32]]:
        """Return the known grams of each text; the steps of a week ask for the same texts."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._seen]
        if len(self._seen) + len(fresh) > KEPT:
            self._seen = {}
            fresh = list(dict.fromkeys(texts))
        known = self._vocabulary.get
        for text, plain in zip(fresh, normalise_all(fresh), strict=True):
            places = [place for place in map(known, grams(plain)) if place is not None]
            self._seen[text] = np.array(places, dtype=np.int32)
        return self._seen


def _table(tensors: dict[str, npt.NDArray[Any]], name: str) -> Vectors:
    table: Vectors = tensors[f"{name}_table"].astype(np.float32)
    table *= tensors[f"{name}_scale"][:, None]
    return table


def length_cues(texts: Sequence[str]) -> Vectors:
    """Return (n, 3) what a text's number of words says about whether it names a cause."""
    words = np.array([len(text.split()) for text in texts], dtype=np.float32)
    logs = np.log1p(words)
    cues: Vectors = np.stack([logs, logs**2 / 4, np.minimum(words, 8) / 8], axis=1)
    return cues


def _times(rows: Vectors, weight: npt.NDArray[np.float64]) -> Vectors:
    """Return rows @ weight, a row's bits its own whatever its neighbours and the processor are.

    A matrix product adds up a row in another order at another place of the matrix. Both sides are
    whole numbers here (`weight` by `_whole`), small enough that every sum is exact in float64
    (below 2**53).
    """
    return np.asarray(_whole(rows) @ weight / _GRID**2, np.float32)


def _whole(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return values as whole numbers of the grid's steps."""
    whole: npt.NDArray[np.float64] = np.rint(values.astype(np.float64) * _GRID)
    return whole


def grams(text: str) -> list[str]:
    """Return the words of a normalised text and its pairs of neighbours."""
    words = _WORD.findall(text)[:MOST_WORDS]
    return words + list(map(" ".join, itertools.pairwise(words)))


@lru_cache(maxsize=2)
def load_lens(folder: Path | None = None) -> Lens:
    """Return the shipped lens, or the one in `folder`; raises ModelError."""
    return Lens.load(folder or bundled("models/causes"))


def represent(texts: Sequence[str], vectors: Vectors, *, lens: Lens | None = None) -> Vectors:
    """Return (n, D) float32 unit rows: encoder vectors and the cause lens side by side.

    A fixed function of text and vector, row by row: exemplars kept in a register and mentions
    that come years later meet in the same space. Everything about causes works on these.
    Raises ModelError if the shipped lens is missing or damaged.
    """
    lens = lens or load_lens()
    width = vectors.shape[1] + len(lens.features([""])[0])
    space = np.empty((len(texts), width), dtype=np.float32)
    # what lies between would take three times the memory of the rows themselves
    for start in range(0, len(texts), _BLOCK):
        block = slice(start, start + _BLOCK)
        encoded = ENCODER_WEIGHT * unit(np.asarray(vectors[block], dtype=np.float32))
        space[block] = unit(np.hstack([encoded, lens.features(texts[block])]))
    return space


def _softmax(scores: Vectors) -> Vectors:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Vectors = powers / powers.sum(axis=1, keepdims=True)
    return shares
