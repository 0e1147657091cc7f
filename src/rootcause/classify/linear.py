"""Softmax regression with soft targets over a sparse and a dense block of columns.

scikit-learn's LogisticRegression takes hard labels only; soft ones carry what a second view of
a text, or a label of half a meaning (negative, neutral, positive), has to say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
ITERATIONS = 50
_MEMORY = 8


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Mentions as columns: `words` sparse (n, buckets), `dense` (n, embedding and cues)."""

    words: Any
    dense: Floats

    def __len__(self) -> int:
        return len(self.dense)

    def take(self, keep: npt.NDArray[Any]) -> Rows:
        """Return the chosen rows (indices or a mask)."""
        return Rows(words=self.words[keep], dense=self.dense[keep])


@dataclass(frozen=True, kw_only=True)
class Head:
    """A fitted linear head; `words` is (buckets, k), `dense` (columns, k), `bias` (k,)."""

    classes: tuple[str, ...]
    words: Floats
    dense: Floats
    bias: Floats
    temperature: float = 1.0

    def logits(self, rows: Rows) -> Floats:
        """Return (n, k) scores before the softmax, divided by the temperature."""
        return self._cooled(self.scores(rows))

    def _cooled(self, scores: Floats) -> Floats:
        return np.asarray(scores / np.float32(self.temperature), np.float32)

    def scores(self, rows: Rows) -> Floats:
        """Return (n, k) scores before temperature and softmax."""
        # scipy adds each row by itself, so a mention's scores do not depend on its batch;
        # BLAS would choose another order of summation for another number of rows
        scores = _sparse(rows.dense) @ self.dense + self.bias
        scores += rows.words @ self.words
        return np.asarray(scores, np.float32)

    def proba(self, rows: Rows) -> Floats:
        """Return (n, k) probabilities."""
        return softmax(self.logits(rows))

    def proba_of(self, scores: Floats) -> Floats:
        """Return (n, k) probabilities of what `scores` gave."""
        return softmax(self._cooled(scores))

    def beside(self, other: Head) -> Head:
        """Return both heads as one, whose scores are theirs side by side, in one pass over rows."""
        return Head(
            classes=(*self.classes, *other.classes),
            words=np.hstack([self.words, other.words]),
            dense=np.hstack([self.dense, other.dense]),
            bias=np.concatenate([self.bias, other.bias]),
        )

    def plus(self, other: Head) -> Head:
        """Return the head whose scores are the sum of both heads' scores."""
        return replace(
            self,
            words=self.words + other.words,
            dense=self.dense + other.dense,
            bias=self.bias + other.bias,
        )

    def rounded(self) -> Head:
        """Return the head as it will be stored: word weights in half precision."""
        return replace(self, words=self.words.astype(np.float16).astype(np.float32))


def _sparse(dense: Floats) -> Any:  # noqa: ANN401 - a scipy matrix
    from scipy.sparse import csr_array

    count, width = dense.shape
    columns = np.tile(np.arange(width, dtype=np.int32), count)
    offsets = np.arange(0, count * width + 1, max(1, width), dtype=np.int32)
    return csr_array((dense.ravel(), columns, offsets), shape=dense.shape)


def softmax(scores: Floats) -> Floats:
    """Return (n, k) probabilities of (n, k) scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def fit_head(
    rows: Rows,
    targets: Floats,
    classes: tuple[str, ...],
    *,
    l2: float = 1.0,
    weights: Floats | None = None,
    iterations: int = ITERATIONS,
    start: Head | None = None,
) -> Head:
    """Return the head that minimises weighted cross-entropy plus a penalty.

    `targets` (n, k) are probabilities. The penalty is `l2`/2 times the squared distance of the
    weights from those of `start` (from zero without one); L-BFGS over both blocks at once.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    count, k = targets.shape
    columns = rows.dense.shape[1]
    # a bucket that no row holds stays where it started, so only the others are sought
    active = np.unique(rows.words.indices)
    words = _only(rows.words, active)
    cut = len(active) * k
    by_bucket = words.T.tocsr()
    by_column = np.ascontiguousarray(rows.dense.T)
    base = np.zeros((count, k), np.float32) if start is None else start.scores(rows)
    share = np.ones(count, np.float32) if weights is None else weights.astype(np.float32)
    total = float(share.sum())
    share = share[:, None]

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        now = flat.astype(np.float32)
        scores = rows.dense @ now[cut:-k].reshape(columns, k) + now[-k:]
        scores += words @ now[:cut].reshape(len(active), k)
        scores += base
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        value = float((share * targets * (np.log(sums) - scores)).sum(dtype=np.float64))
        residue = share * (powers / sums - targets)
        slope = np.empty(len(flat))
        slope[:cut] = (by_bucket @ residue).ravel()
        slope[cut:-k] = (by_column @ residue).ravel()
        slope[-k:] = residue.sum(axis=0)
        slope[:-k] += l2 * flat[:-k]
        value += 0.5 * l2 * float(flat[:-k] @ flat[:-k])
        return value / total, slope / total

    # products of this size are over before a second thread has woken up
    with threadpool_limits(limits=1, user_api="blas"):
        found = minimize(
            loss,
            np.zeros(cut + columns * k + k),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": iterations, "maxcor": _MEMORY, "ftol": 1e-6, "gtol": 1e-7},
        )
    moved = found.x.astype(np.float32)
    wide = np.zeros((rows.words.shape[1], k), np.float32)
    wide[active] = moved[:cut].reshape(len(active), k)
    head = Head(
        classes=classes,
        words=wide,
        dense=moved[cut:-k].reshape(columns, k),
        bias=moved[-k:],
    )
    return (head if start is None else head.plus(start)).rounded()


def _only(words: Any, active: npt.NDArray[Any]) -> Any:  # noqa: ANN401 - a scipy matrix
    """Return the sparse matrix with its `active` columns only."""
    from scipy.sparse import csr_array

    place = np.zeros(words.shape[1], np.int32)
    place[active] = np.arange(len(active), dtype=np.int32)
    shape = (words.shape[0], len(active))
    return csr_array((words.data, place[words.indices], words.indptr), shape=shape)


def one_hot(values: npt.NDArray[np.int64], k: int) -> Floats:
    """Return (n, k) targets of class numbers."""
    return np.eye(k, dtype=np.float32)[values]
