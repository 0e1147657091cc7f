"""Many causes learnt at once: the same prototypes as one by one, at a hundredth of the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.match.one import (
    MOST_OTHERS,
    PENALTY,
    STRAY,
    TAKEN_IN,
    Prototype,
    enough,
    learn,
    radius_of,
    thin,
)
from rootcause.records import Vectors
from rootcause.vectors import unit

Floats = npt.NDArray[np.float64]

# Causes learnt at a time by `learn_each`, and strangers looked at in a row for a floor.
_TOGETHER = 64
_LOOK = 64
# One eigendecomposition costs about so many matrix inversions of its size.
_EIGEN_COST = 10
# The owner of rows that belong to no cause.
_NOBODY = -1


def learn_each(groups: Sequence[Vectors], background: Vectors | None = None) -> list[Prototype]:
    """Return what `learn` returns for each of several causes against the rows of all others.

    `background` are rows that belong to none; over all causes `TAKEN_IN` of it may come in. The
    strangers are thinned once for all causes, not for each cause, so that a cause's equations
    are those of all rows but for its own: one eigendecomposition serves every cause, and each adds
    a correction of the rank of its exemplars (Woodbury's identity; Golub & Van Loan 2013, 2.1.4).
    """
    if not groups:
        return []
    width = groups[0].shape[1]
    aside = np.zeros((0, width), np.float32) if background is None else thin(background)
    share = TAKEN_IN / len(groups)
    others = min(sum(map(len, groups)), MOST_OTHERS)
    cost = len(groups) * (others + len(aside)) ** 3
    if len(groups) < 2 or cost <= _EIGEN_COST * width**3:
        return _learn_singly(groups, range(len(groups)), aside, share)
    rows = [unit(np.asarray(group, dtype=np.float32)) for group in groups]
    owners = np.repeat(np.arange(len(rows)), [len(group) for group in rows])
    common = _Common.of(
        np.concatenate([thin(np.concatenate(rows)), unit(aside.astype(np.float32))]),
        np.concatenate([thin(owners), np.full(len(aside), _NOBODY)]),
        share if enough(background) else None,
    )
    lonely = [i for i in range(len(rows)) if (common.owners == i).all()]
    found = dict(zip(lonely, _learn_singly(groups, lonely, aside, share), strict=True))
    rest = [i for i in range(len(rows)) if i not in found]
    for start in range(0, len(rest), _TOGETHER):
        block = rest[start : start + _TOGETHER]
        found |= zip(block, common.learn([rows[i] for i in block], block), strict=True)
    return [found[i] for i in range(len(rows))]


def _learn_singly(
    groups: Sequence[Vectors], wanted: Sequence[int], aside: Vectors, share: float
) -> list[Prototype]:
    found = []
    for i in wanted:
        strangers = [group for j, group in enumerate(groups) if j != i]
        others = np.concatenate(strangers) if strangers else None
        found.append(learn(groups[i], others, aside, taken_in=share))
    return found


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What the equations of all causes share: the rows of all, in their own principal axes.

    `rows` (b, d + 1) are less their mean, turned by `axes` (d, d), with a last column of ones for
    the intercept; `values` (d + 1,) are the diagonal of their scatter, which has nothing else.
    `taken_in` is the share of the background above a floor, None without enough of it.
    """

    rows: Floats
    squares: Floats
    owners: npt.NDArray[np.int64]
    taken_in: float | None
    mean: Floats
    axes: Floats
    narrow: Vectors  # axes in single precision
    values: Floats

    @classmethod
    def of(cls, rows: Vectors, owners: npt.NDArray[np.int64], taken_in: float | None) -> _Common:
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows - mean
        values, axes = np.linalg.eigh(centred.T @ centred)
        turned = _with_one(centred @ axes)
        return cls(
            rows=turned,
            squares=np.square(turned),
            owners=owners,
            taken_in=taken_in,
            mean=mean,
            axes=axes,
            narrow=axes.astype(np.float32),
            values=np.append(np.maximum(values, 0), len(rows)),
        )

    def learn(self, groups: Sequence[Vectors], numbers: Sequence[int]) -> list[Prototype]:
        """Return the prototypes of causes that own the rows marked by `numbers`."""
        # single precision is that of the vectors themselves, and twice as fast
        stacked = (np.concatenate(groups) - self.mean.astype(np.float32)) @ self.narrow
        ends = np.cumsum([len(group) for group in groups])[:-1]
        members = np.split(_with_one(stacked.astype(np.float64)), ends)
        fits = [
            _Fit.of(self, rows, self.rows[self.owners == number])
            for rows, number in zip(members, numbers, strict=True)
        ]
        # for all causes at once: the rows are large, and reading them takes longer than the sums
        told = self.rows @ np.stack([fit.solution for fit in fits]).T
        usual = self.squares @ np.stack([fit.inverse for fit in fits]).T
        across = self.rows @ np.concatenate([fit.scaled[fit.raising] for fit in fits]).T
        columns = np.cumsum([len(fit.raising) for fit in fits])[:-1]
        bounds = [
            usual[:, i] - fit.lowered(part, fit.raising)
            for i, (fit, part) in enumerate(
                zip(fits, np.split(across, columns, axis=1), strict=True)
            )
        ]
        directions = np.stack([fit.solution[:-1] for fit in fits]) @ self.axes.T
        found = []
        for i, (group, fit, direction, number) in enumerate(
            zip(groups, fits, directions, numbers, strict=True)
        ):
            judged = self.taken_in is not None
            strange = self.owners == _NOBODY if judged else self.owners != number
            floor = self._floor(fit, strange, told[:, i], usual[:, i], bounds[i])
            found.append(
                Prototype(
                    exemplars=group,
                    centre=unit(group.mean(axis=0, keepdims=True))[0],
                    direction=direction.astype(np.float32),
                    offset=float(fit.solution[-1] - direction @ self.mean),
                    radius=radius_of(fit.left_out, floor if judged else None),
                    floor=floor,
                )
            )
        return found

    def _floor(
        self,
        fit: _Fit,
        strange: npt.NDArray[np.bool_],
        told: Floats,
        usual: Floats,
        bound: Floats,
    ) -> float:
        """Return a high quantile of the `strange` rows' leave-one-out scores, from the few highest.

        A score is (f + h) / (1 - h), with f the fit and h the leverage. Members only lower h, so
        that h without them bounds the score from above: rows are looked at from the highest
        bound down, until nothing further down can be among the highest scores.
        """
        every = np.arange(len(fit.rows))
        stray = STRAY if self.taken_in is None else self.taken_in
        place = (1 - stray) * (strange.sum() - 1)
        most = int(strange.sum()) - int(np.floor(place))
        rows = np.flatnonzero(strange)
        limit = np.maximum(told, (told + bound) / (1 - bound))[rows]
        order = np.argsort(-limit, kind="stable")
        scores = np.zeros(0)
        while len(scores) < len(rows):
            asked = rows[order[len(scores) : len(scores) + _LOOK]]
            leverage = usual[asked] - fit.lowered(self.rows[asked] @ fit.scaled.T, every)
            scores = np.append(scores, (told[asked] + leverage) / (1 - leverage))
            if len(scores) >= len(rows):
                break
            highest = np.sort(scores)[-most:]
            if len(highest) == most and highest[0] >= limit[order[len(scores)]]:
                break
        highest = np.sort(scores)[-most:]
        part = place - np.floor(place)
        upper = highest[1] if most > 1 else highest[0]
        return float(highest[0] + part * (upper - highest[0]))


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """One cause's ridge regression, all of it divided by the strangers' weight.

    `inverse` (d + 1,) is the diagonal that inverts what all causes share, `rows` (r, d + 1) with
    weights `signs` (r,) what this one adds: its members, its own rows among the common ones
    (less), the penalty on its own intercept (more and less).
    """

    inverse: Floats
    rows: Floats
    signs: Floats
    scaled: Floats  # rows x inverse
    inner: Floats  # (r, r), rows x inverse x rows
    raising: npt.NDArray[np.int64]  # which of `rows` raise the leverages of others
    solution: Floats
    left_out: Floats

    @classmethod
    def of(cls, common: _Common, members: Floats, own: Floats) -> _Fit:
        count, strangers = len(members), len(common.rows) - len(own)
        heavier = strangers / count
        penalty = PENALTY * 2 * strangers / (count + strangers)
        # the intercept is that of rows less the mean of the strangers, which lack the own rows
        mark = np.zeros((2, members.shape[1]))
        mark[0, :-1] = -own[:, :-1].sum(axis=0) / strangers
        mark[:, -1] = 1
        rows = np.concatenate([members, own, mark])
        signs = np.concatenate(
            [np.full(count, heavier), np.full(len(own), -1.0), [penalty, -penalty]]
        )
        goal = heavier * members.sum(axis=0) + own.sum(axis=0)
        goal[-1] -= len(common.rows)
        inverse = 1 / (common.values + penalty)
        scaled = rows * inverse
        inner = scaled @ rows.T
        wanted = np.column_stack([inner[:, :count], scaled @ goal])
        lowered = np.linalg.solve(np.eye(len(rows)) + signs[:, None] * inner,
                                  signs[:, None] * wanted)  # fmt: skip
        solution = inverse * goal - scaled.T @ lowered[:, -1]
        within = inner[:count, :count] - inner[:count] @ lowered[:, :-1]
        leverage = heavier * np.diag(within)
        return cls(
            inverse=inverse,
            rows=rows,
            signs=signs,
            inner=inner,
            scaled=scaled,
            raising=np.flatnonzero(signs < 0),
            solution=solution,
            left_out=(members @ solution - leverage) / (1 - leverage),
        )

    def lowered(self, across: Floats, kept: npt.NDArray[np.int64]) -> Floats:
        """Return by how much the `kept` of `rows` lower the leverages of (n,) others.

        `across` (n, kept) are the products of the others with `scaled`.
        """
        signs, inner = self.signs[kept, None], self.inner[np.ix_(kept, kept)]
        solved = np.linalg.solve(np.eye(len(kept)) + signs * inner, signs * across.T)
        lowered: Floats = np.einsum("ij,ji->i", across, solved)
        return lowered


def _with_one(rows: Floats) -> Floats:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
