"""Known causes: a mention belongs to one, or to none of these.

A cause is known by exemplars. What tells them from mentions of other causes, and how clearly a
mention must show it, is learnt for each cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.records import Vectors

_Floats = npt.NDArray[np.float64]

# Ridge penalty; scores are about -1 for strangers and 1 for members.
PENALTY = 1.0
# The radius is the score that this share of the members falls short of when left out, but it
# stays between these two. Chosen on six collections (docs/causes.md).
SHORT = 0.4
LOWEST, HIGHEST = 0.15, 0.35
# Where many causes are known: over all of them about this share of known strangers reach a radius,
# this share of a cause's members may miss its radius, and radii lie between these two.
TAKEN_IN = 0.10
MISSED = 0.20
LEAST, MOST = 0.0, 0.35
# Fewer strangers than this tell nothing of what strangers score.
MANY_STRANGERS = 100
# Directions that many causes are learnt in, rows that choose them, strangers scored per cause.
RANK = 384
BASIS_ROWS = 3_000
PROBES = 1_000
# Similarity a mention must reach where there is nothing to compare a cause with.
ALONE = 0.30
# Other mentions that a cause is compared with; more are thinned evenly.
MOST_OTHERS = 1_500
_BLOCK = 4_096


@dataclass(frozen=True, kw_only=True)
class Prototype:
    """A cause as `match` knows it.

    A row x scores x @ direction + offset and belongs to the cause from `radius` on; scores are
    near 1 for members and -1 for strangers. `exemplars` (m, d) are the unit rows it was learnt
    from, `centre` (d,) their mean.
    """

    exemplars: Vectors
    centre: npt.NDArray[np.float32]
    direction: npt.NDArray[np.float32]
    offset: float
    radius: float


def learn(members: Vectors, others: Vectors | None = None) -> Prototype:
    """Return the prototype of a cause from (m, d) unit rows of its members.

    `others` are rows of other causes or of none. The direction is that of ridge regression with
    both sides weighing the same (regularised linear discriminant; Hastie, Tibshirani, Friedman
    2009, 4.3 and 3.4.1); leave-one-out scores come in closed form from the hat matrix (ibid.
    7.52). The radius is the score that `SHORT` of the members miss when left out, held between
    `LOWEST` and `HIGHEST`. Works from a single exemplar on; without `others` a mention must
    resemble the exemplars' centre by `ALONE`.
    """
    exemplars = _unit(np.asarray(members, dtype=np.float32))
    centre = _unit(exemplars.mean(axis=0, keepdims=True))[0]
    strangers = None if others is None or not len(others) else _thin(np.asarray(others))
    if strangers is None:
        return Prototype(
            exemplars=exemplars, centre=centre, direction=centre, offset=0.0, radius=ALONE
        )
    strangers = _unit(strangers.astype(np.float32))
    shift = strangers.mean(axis=0, dtype=np.float64)
    rows = np.concatenate([exemplars, strangers]).astype(np.float64) - shift
    goal = np.concatenate([np.ones(len(exemplars)), -np.ones(len(strangers))])
    count = np.array([len(exemplars)] * len(exemplars) + [len(strangers)] * len(strangers))
    weight = len(rows) / (2 * count)
    inverse = np.linalg.inv(rows @ rows.T + 1 + PENALTY * np.diag(1 / weight))
    share = inverse @ goal
    scores = goal - share / np.diag(inverse)
    left_out = scores[: len(exemplars)]
    direction = share @ rows
    radius = float(np.clip(np.quantile(left_out, SHORT), LOWEST, HIGHEST))
    return Prototype(
        exemplars=exemplars,
        centre=centre,
        direction=direction.astype(np.float32),
        offset=float(share.sum() - direction @ shift),
        radius=radius,
    )


def learn_all(members: Sequence[Vectors], background: Vectors | None = None) -> list[Prototype]:
    """Return a prototype per cause, each told from the others and from the `background`.

    `members` are (m, d) unit rows per cause, `background` (n, d) rows that belong to none. The
    regression is that of `learn`, in the `RANK` main directions of all rows: what the causes share
    is factorised once, and each cause adds its own rows to it (Woodbury's identity; Hager 1989),
    leave-one-out scores included. The radius is the lowest that `TAKEN_IN` of the background, over
    all causes, and `MISSED` of the members allow, between `LEAST` and `MOST`; with less than
    `MANY_STRANGERS` rows of background it is that of `learn`.
    """
    own = [_unit(np.asarray(rows, dtype=np.float32)) for rows in members]
    if not own:
        return []
    aside = [] if background is None or not len(background) else [_unit(_thin(background))]
    rows = np.concatenate([*own, *aside])
    known = len(rows) - sum(len(part) for part in aside)
    if len(own) == 1 and not aside:
        return [learn(own[0])]
    shift = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    basis = _basis(rows - shift)
    space = np.concatenate([(rows - shift) @ basis, np.ones((len(rows), 1), np.float32)], axis=1)
    spread, turn = np.linalg.eigh(space.T.astype(np.float64) @ space)
    space = space.astype(np.float64) @ turn
    shared = _Shared(space=space, spread=np.maximum(spread, 0), total=space.sum(axis=0))
    strangers = np.arange(known, len(rows))
    judged = len(strangers) >= MANY_STRANGERS
    probes = strangers[np.linspace(0, len(strangers) - 1, min(len(strangers), PROBES)).astype(int)]
    found = []
    start = 0
    for exemplars in own:
        mine = slice(start, start + len(exemplars))
        start += len(exemplars)
        weights, members_out, strangers_out = shared.solve(mine, probes if judged else probes[:0])
        weights = turn @ weights
        direction = basis.astype(np.float64) @ weights[:-1]
        if judged:
            floor = np.quantile(strangers_out, 1 - TAKEN_IN / len(own))
            radius = np.clip(max(floor, np.quantile(members_out, MISSED)), LEAST, MOST)
        else:
            radius = np.clip(np.quantile(members_out, SHORT), LOWEST, HIGHEST)
        found.append(
            Prototype(
                exemplars=exemplars,
                centre=_unit(exemplars.mean(axis=0, keepdims=True))[0],
                direction=direction.astype(np.float32),
                offset=float(weights[-1] - direction @ shift),
                radius=float(radius),
            )
        )
    return found


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """All rows (n, r) in the directions in which their second moment is diagonal: `spread`."""

    space: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]

    def solve(self, mine: slice, probes: npt.NDArray[np.int64]) -> tuple[_Floats, _Floats, _Floats]:
        """Return the weights of a cause, and left-out scores of its rows and of the `probes`."""
        rows = self.space[mine]
        size, rest = len(rows), len(self.space) - len(rows)
        half = (size + min(rest, MOST_OTHERS)) / 2
        ridge = half / rest * self.spread + PENALTY
        scaled = rows / ridge
        inner = scaled @ rows.T
        # each side weighs half: of the shared moment the members' own part is replaced
        change = half * (1 / size - 1 / rest)
        small = np.linalg.inv(np.eye(size) / change + inner) if change > 0 else np.zeros_like(inner)
        goal = half * (rows.mean(axis=0) - (self.total - rows.sum(axis=0)) / rest)
        weights = goal / ridge
        weights = weights - scaled.T @ (small @ (rows @ weights))
        hat = half / size * np.diag(inner - inner @ small @ inner)
        members_out = (rows @ weights - hat) / (1 - hat)
        asked = self.space[probes]
        cross = asked @ scaled.T
        hat = half / rest * (((asked * asked) / ridge).sum(axis=1)
                             - ((cross @ small) * cross).sum(axis=1))  # fmt: skip
        return weights, members_out, (asked @ weights + hat) / (1 - hat)


def _basis(rows: Vectors) -> Vectors:
    """Return (d, r) the main directions of centred rows, chosen from an even sample of them."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), BASIS_ROWS)).astype(np.int64)
    sample = rows[places].astype(np.float64)
    if len(sample) <= rows.shape[1]:
        spread, left = np.linalg.eigh(sample @ sample.T)
        kept = np.flatnonzero(spread > 1e-9 * max(float(spread[-1]), 1e-30))[::-1][:RANK]
        few: Vectors = (sample.T @ left[:, kept] / np.sqrt(spread[kept])).astype(np.float32)
        return few
    _, vectors = np.linalg.eigh(sample.T @ sample)
    main: Vectors = vectors[:, ::-1][:, :RANK].astype(np.float32)
    return main


def match(
    vectors: Vectors, prototypes: Sequence[Prototype]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return (n,) the index of each row's cause, -1 for none of these, and (n,) strengths.

    Among the causes whose radius a row reaches, the one that it clears by most. The strength is
    0.5 on the border and 1 for a score of 1; a row of no cause has the strength it came to,
    under 0.5. A row's answer does not depend on the other rows.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    index = np.full(len(rows), -1, dtype=np.int64)
    strength = np.zeros(len(rows), dtype=np.float32)
    if not len(prototypes) or not len(rows):
        return index, strength
    directions = np.stack([p.direction for p in prototypes]).astype(np.float64)
    offsets = np.array([p.offset for p in prototypes])
    radii = np.array([p.radius for p in prototypes])
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        scores = _unit(rows[block]).astype(np.float64) @ directions.T + offsets
        clear = np.round((scores - radii) / np.maximum(1 - radii, 0.05), 6)
        best = clear.argmax(axis=1)
        margin = clear[np.arange(len(clear)), best]
        index[block] = np.where(margin >= 0, best, -1)
        strength[block] = np.clip(0.5 + margin / 2, 0, 1)
    strength[index < 0] = np.minimum(strength[index < 0], 0.499)
    return index, strength


def _thin(rows: Vectors) -> Vectors:
    if len(rows) <= MOST_OTHERS:
        return rows
    places = np.linspace(0, len(rows) - 1, MOST_OTHERS).astype(np.int64)
    thinned: Vectors = rows[places]
    return thinned


def _unit(rows: Vectors) -> Vectors:
    lengths = np.sqrt(np.add.reduce(rows * rows, axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    unit: Vectors = (rows / lengths).astype(np.float32)
    return unit
