"""A small network over mean vectors that draws mentions of one cause together.

Its weights and inputs are integers small enough that every sum is exact in float32 (below
2**24), so a row's bits depend neither on its batch, nor on threads, nor on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.records import Vectors

_INPUT_STEPS = 1_600
_INPUT_LIMIT = 511
_HIDDEN_LIMIT = 255
_BATCH = 1_024


@dataclass(frozen=True, kw_only=True)
class Head:
    """One hidden layer of rectified units and a linear path around it; see `from_tensors`.

    The first `causes` outputs are the cause vector; the others are logits, one per area and a
    last one for `no cause`.
    """

    inner: Vectors
    inner_scale: Vectors
    inner_bias: Vectors
    outer: Vectors
    outer_scale: Vectors
    outer_bias: Vectors
    skip: Vectors
    skip_scale: Vectors
    causes: int
    cause_weight: np.float32
    area_weight: np.float32

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, npt.NDArray[Any]]) -> Head:
        """Return the head stored under `head_*`; raises KeyError if a part is missing."""
        causes, cause_weight, area_weight = tensors["head_blend"]
        parts = ("inner", "inner_scale", "inner_bias", "outer", "outer_scale", "outer_bias",
                 "skip", "skip_scale")  # fmt: skip
        return cls(
            **{part: tensors[f"head_{part}"].astype(np.float32) for part in parts},
            causes=int(causes),
            cause_weight=cause_weight,
            area_weight=area_weight,
        )

    @property
    def dimension(self) -> int:
        """How many columns `extend` appends."""
        return len(self.outer_bias) - 1

    def extend(self, means: Vectors) -> tuple[Vectors, Vectors]:
        """Return the columns to append to unit rows, and the length (n, 1) of the longer rows.

        The columns are the cause vector and the probabilities of the areas, each as far as the
        text has a cause at all: a text without one keeps its place among the unit rows.
        """
        out = np.empty((len(means), self.dimension), np.float32)
        for start in range(0, len(means), _BATCH):
            out[start : start + _BATCH] = self._columns(means[start : start + _BATCH])
        return out, np.sqrt(1 + np.add.reduce(out * out, axis=1, keepdims=True))

    def _columns(self, rows: Vectors) -> Vectors:
        steps = rows * np.float32(_INPUT_STEPS)
        np.clip(np.rint(steps, out=steps), -_INPUT_LIMIT, _INPUT_LIMIT, out=steps)
        hidden = steps @ self.inner
        hidden *= self.inner_scale
        hidden += self.inner_bias
        np.clip(np.rint(hidden, out=hidden), 0, _HIDDEN_LIMIT, out=hidden)
        outputs = hidden @ self.outer
        outputs *= self.outer_scale
        outputs += self.outer_bias
        outputs += (steps @ self.skip) * self.skip_scale
        causes, areas = outputs[:, : self.causes], outputs[:, self.causes :]
        lengths = np.sqrt(np.add.reduce(causes * causes, axis=1, keepdims=True))
        lengths[lengths == 0] = 1
        # In double precision the sum's last bit is lost in the rounding to float32.
        odds = np.exp((areas - areas.max(axis=1, keepdims=True)).astype(np.float64))
        share = (odds / np.add.reduce(odds, axis=1, keepdims=True)).astype(np.float32)
        told = self.cause_weight * (1 - share[:, -1:])
        return np.hstack([causes / lengths * told, share[:, :-1] * self.area_weight])
