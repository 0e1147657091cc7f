"""Why a label: the exact parts of a linear score, gathered into phrases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from string import punctuation

import numpy as np
import numpy.typing as npt

from rootcause.classify.features import Grams, Tokeniser, read
from rootcause.classify.linear import Floats
from rootcause.classify.parts import Parts, best_class, spread

_LONGEST = 4  # words in a phrase
_LEAST = 0.1  # of the heaviest phrase; lighter ones explain nothing
# tokens that each kind of n-gram covers, as places from its first
_SPANS = ((0,), (0, 1), (0, 1, 2), (0, 2), (0,), (0, 1))


def explain(
    tokeniser: Tokeniser, parts: Parts, texts: Sequence[str], *, most: int
) -> list[list[tuple[str, float]]]:
    """Return per text its heaviest phrases with their weights, heaviest first.

    The score explained is the logit of the predicted label minus the mean of the other labels'
    logits. An n-gram's part is shared equally by its words; the embedding's part of a word is
    its share of the text's vector (`Encoder.token_vectors`), where the encoder tells it.
    """
    if not texts:
        return []
    space, head = parts.space, parts.labels
    got = read(tokeniser, texts, space.kinds)
    proba = head.proba(space.rows(got.grams, got.vectors, got.cues))
    label = spread(proba, parts.roles).argmax(axis=1)
    best = best_class(proba, parts.roles, label)
    k = len(head.classes)
    # the weight of each class in "this label against the mean of the others"
    contrast = (np.eye(k) * (1 + 1 / (k - 1)) - 1 / (k - 1)).astype(np.float32)[best]
    contrast /= np.float32(head.temperature)
    offsets = got.tokens.offsets.astype(np.int64)
    text_of = np.repeat(np.arange(len(texts)), np.diff(offsets))
    weights = _word_parts(parts, got.grams, offsets, contrast)
    token_vectors = getattr(tokeniser.encoder, "token_vectors", None)
    if tokeniser.shared and token_vectors is not None:
        vectors = token_vectors(got.tokens)
        beta = head.dense[: vectors.shape[1]] * np.float32(space.vector_scale)
        weights += np.einsum("tk,tk->t", vectors @ beta, contrast[text_of])
    strings = tokeniser.strings(texts, got.tokens)
    return [_phrases(strings[a:b], weights[a:b], most) for a, b in pairwise(offsets.tolist())]


def _word_parts(
    parts: Parts, grams: Grams, offsets: npt.NDArray[np.int64], contrast: Floats
) -> Floats:
    """Return what the n-grams that cover each token add, shared equally among their tokens."""
    matrix, chosen = parts.space.select(grams)
    count = len(offsets) - 1
    row = np.repeat(np.arange(count), np.diff(matrix.indptr))
    value = np.einsum("gk,gk->g", parts.labels.words[matrix.indices], contrast[row]) * matrix.data
    first, kind = grams.first[chosen], grams.kind[chosen]
    # places count a mark before and after each text's tokens
    start = offsets[:-1] + 2 * np.arange(count) + 1
    end = start + np.diff(offsets)
    out = np.zeros(int(offsets[-1]), np.float32)
    for number, span in enumerate(_SPANS):
        mine = np.flatnonzero(kind == number)
        place = first[mine, None] + np.array(span)
        inside = (place >= start[row[mine], None]) & (place < end[row[mine], None])
        each = value[mine, None] / np.maximum(inside.sum(axis=1, keepdims=True), 1) * inside
        token = place - 2 * row[mine, None] - 1
        np.add.at(out, token[inside], each[inside])
    return out


def _phrases(tokens: list[str], weights: Floats, most: int) -> list[tuple[str, float]]:
    """Return the heaviest runs of words that do not overlap; pieces of a word stay together."""
    words: list[str] = []
    sums: list[float] = []
    for token, weight in zip(tokens, weights.tolist(), strict=True):
        if token.startswith("##") and words:
            words[-1] += token[2:]
            sums[-1] += weight
        else:
            words.append(token)
            sums.append(weight)
    mark = [all(c in punctuation for c in word) for word in words]
    runs = [
        (sum(sums[i:j]), i, j)
        for i in range(len(words))
        for j in range(i + 1, min(i + _LONGEST, len(words)) + 1)
        # a phrase neither begins nor ends with a word that speaks against it, and a punctuation
        # mark stands alone
        if sums[i] > 0 and sums[j - 1] > 0 and (j == i + 1 or not any(mark[i:j]))
    ]
    runs.sort(key=lambda run: (-run[0], run[1]))
    taken: set[int] = set()
    found: list[tuple[str, float]] = []
    for weight, i, j in runs:
        if found and weight < _LEAST * found[0][1]:
            break
        if taken.isdisjoint(range(i, j)):
            taken.update(range(i, j))
            found.append((" ".join(words[i:j]), round(weight, 4)))
            if len(found) == most:
                break
    return found
