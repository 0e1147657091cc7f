"""One cause: what it is recognised by, and which mentions it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rootcause.records import Vectors
from rootcause.vectors import unit

Number = TypeVar("Number", bound=np.generic)

# Ridge penalty; scores are about -1 for strangers and 1 for members.
PENALTY = 1.0
# The radius is the score that this share of the members falls short of when left out, but it
# stays between these two. Chosen on six collections (docs/causes.md).
SHORT = 0.4
LOWEST, HIGHEST = 0.15, 0.35
# Share of the strangers above a prototype's floor, where nothing is known to belong to no cause.
STRAY = 0.005
# Where that is known (a background): over all causes together this share of it may come in, a
# cause's radius misses at least this share of its members, and radii lie between these two.
TAKEN_IN = 0.05
MISSED = 0.25
LEAST, MOST = 0.0, 0.35
# Fewer rows of background than this say nothing of what such rows score.
ENOUGH_BACKGROUND = 100
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
    from, `centre` (d,) their mean. `floor` is the score that all but a few of the strangers (of
    the background, where there is enough) stay under when left out, NaN without any.
    """

    exemplars: Vectors
    centre: npt.NDArray[np.float32]
    direction: npt.NDArray[np.float32]
    offset: float
    radius: float
    floor: float = float("nan")


def learn(
    members: Vectors,
    others: Vectors | None = None,
    background: Vectors | None = None,
    *,
    taken_in: float = TAKEN_IN,
) -> Prototype:
    """Return the prototype of a cause from (m, d) unit rows of its members.

    `others` are rows of other causes, `background` rows of none. The direction is that of ridge
    regression with both sides weighing the same (regularised linear discriminant; Hastie,
    Tibshirani, Friedman 2009, 4.3 and 3.4.1); leave-one-out scores come in closed form from the
    hat matrix (ibid. 7.52); the radius is that of `radius_of`. `taken_in` is the share of the
    background above the floor. Works from a single exemplar on; without strangers a mention must
    resemble the exemplars' centre by `ALONE`.
    """
    exemplars = unit(np.asarray(members, dtype=np.float32))
    centre = unit(exemplars.mean(axis=0, keepdims=True))[0]
    parts = [thin(np.asarray(rows)) for rows in (others, background) if _some(rows)]
    if not parts:
        return Prototype(
            exemplars=exemplars, centre=centre, direction=centre, offset=0.0, radius=ALONE
        )
    strangers = unit(np.concatenate(parts).astype(np.float32))
    shift = strangers.mean(axis=0, dtype=np.float64)
    rows = np.concatenate([exemplars, strangers]).astype(np.float64) - shift
    goal = np.concatenate([np.ones(len(exemplars)), -np.ones(len(strangers))])
    count = np.array([len(exemplars)] * len(exemplars) + [len(strangers)] * len(strangers))
    weight = len(rows) / (2 * count)
    inverse = np.linalg.inv(rows @ rows.T + 1 + PENALTY * np.diag(1 / weight))
    share = inverse @ goal
    scores = goal - share / np.diag(inverse)
    judged = enough(background)
    aside = scores[-len(parts[-1]) :] if judged else scores[len(exemplars) :]
    floor = float(np.quantile(aside, 1 - (taken_in if judged else STRAY)))
    direction = share @ rows
    return Prototype(
        exemplars=exemplars,
        centre=centre,
        direction=direction.astype(np.float32),
        offset=float(share.sum() - direction @ shift),
        radius=radius_of(scores[: len(exemplars)], floor if judged else None),
        floor=floor,
    )


def radius_of(left_out: npt.NDArray[np.float64], floor: float | None) -> float:
    """Return the score from which on a mention belongs, by members' (m,) leave-one-out scores.

    With the `floor` of a background: as low as that and the best `1 - MISSED` of the members
    allow. Without: what `SHORT` of the members fall short of.
    """
    if floor is None:
        return float(np.clip(np.quantile(left_out, SHORT), LOWEST, HIGHEST))
    return float(np.clip(max(floor, np.quantile(left_out, MISSED)), LEAST, MOST))


def enough(background: Vectors | None) -> bool:
    """Return whether a background is large enough to say what its rows score."""
    return background is not None and len(background) >= ENOUGH_BACKGROUND


def _some(rows: Vectors | None) -> bool:
    return rows is not None and len(rows) > 0


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
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        clear = _cleared(rows[block], prototypes)
        best = clear.argmax(axis=1)
        margin = clear[np.arange(len(clear)), best]
        index[block] = np.where(margin >= 0, best, -1)
        strength[block] = np.clip(0.5 + margin / 2, 0, 1)
    strength[index < 0] = np.minimum(strength[index < 0], 0.499)
    return index, strength


def likeliest(vectors: Vectors, prototypes: Sequence[Prototype]) -> npt.NDArray[np.int64]:
    """Return (n,) the cause whose radius each row clears by most, or misses by least."""
    rows = np.asarray(vectors, dtype=np.float32)
    index = np.zeros(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        index[block] = _cleared(rows[block], prototypes).argmax(axis=1)
    return index


def _cleared(rows: Vectors, prototypes: Sequence[Prototype]) -> npt.NDArray[np.float64]:
    """Return (n, k) by how much rows clear the radius of each cause, 1 for a score of 1."""
    directions = np.stack([p.direction for p in prototypes]).astype(np.float64)
    offsets = np.array([p.offset for p in prototypes])
    radii = np.array([p.radius for p in prototypes])
    scores = unit(rows).astype(np.float64) @ directions.T + offsets
    cleared: npt.NDArray[np.float64] = np.round((scores - radii) / np.maximum(1 - radii, 0.05), 6)
    return cleared


def thin(rows: npt.NDArray[Number], most: int | None = None) -> npt.NDArray[Number]:
    """Return at most `most` of the rows (`MOST_OTHERS` unless given), evenly spaced."""
    most = most or MOST_OTHERS
    if len(rows) <= most:
        return rows
    places = np.linspace(0, len(rows) - 1, most).astype(np.int64)
    thinned: npt.NDArray[Number] = rows[places]
    return thinned
