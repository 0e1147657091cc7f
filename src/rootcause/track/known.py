"""This week's mentions of known causes: who belongs, and which of them a cause may learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rootcause.match import Prototype, learn_each, likeliest, match
from rootcause.pools import Pool
from rootcause.records import Vectors
from rootcause.register import KnownCause
from rootcause.track.links import Floats, Ints, nothing, one_per_voice
from rootcause.track.neighbours import among_neighbours, undisputed
from rootcause.track.residue import VOICES_NOW
from rootcause.vectors import unit

# Hysteresis: where a week has sure members of a cause, others need so much less than its radius.
SLACK = 0.10
# Exemplars: how many a cause is born with, may gain in a week, and holds at most. They are added
# and never replaced, so that a cause learns new wordings and cannot drift into another cause.
BORN_WITH = 30
GAIN = 5
HOLDS = 60
# A gained exemplar resembles the first ones at least as much as all but this share of themselves.
OUTLYING = 0.10

Flags = npt.NDArray[np.bool_]


def recognise(pool: Pool, known: Sequence[KnownCause], background: Vectors) -> _Recognised:
    """Return prototypes and, per row of `pool`, the place of its cause (-1 none) and strength.

    `background` are rows of earlier weeks that belong to no cause: what a cause must not take in.
    Two thresholds (the hysteresis of Canny 1986): a row at a cause's radius belongs to it; a row
    up to `SLACK` below does where `VOICES_NOW` people of this week are at the radius. So a cause
    that nobody speaks of any more is not kept alive by what merely resembles it.
    """
    prototypes = learn_each(undisputed(known), background)
    if not prototypes or not len(pool):
        return prototypes, *nothing(len(pool))
    index, strength = match(pool.vectors, prototypes)
    alive = [p for p in range(len(prototypes))
             if len(set(pool.voices[index == p].tolist())) >= VOICES_NOW]  # fmt: skip
    left = np.flatnonzero(index < 0)
    if alive and len(left):
        wide = [replace(prototypes[p], radius=prototypes[p].radius - SLACK) for p in alive]
        loose, _ = match(pool.vectors[left], wide)
        taken = left[loose >= 0]
        index[taken] = np.array(alive, dtype=np.int64)[loose[loose >= 0]]
        strength[taken] = 0.5
    # whether a row belongs is its own matter, to which cause its neighbours know better: one
    # wording of a problem stays in one cause where each row alone would fall here and there
    inside = np.flatnonzero(index >= 0)
    if len(inside):
        index[inside] = likeliest(among_neighbours(pool, inside), prototypes)
    return prototypes, index, strength


_Recognised = tuple[list[Prototype], Ints, Floats]


def learnable(
    pool: Pool, homes: Sequence[str], strength: Floats, known: Sequence[KnownCause]
) -> dict[str, list[int]]:
    """Return for each cause the rows that become exemplars: its surest new members, a few a week.

    Bounded: a row must be nearer to the first exemplars of its own cause than to any other's, and
    about as near as they are to each other, however much the cause has learnt since.
    """
    near, least = _anchors(pool.vectors, known)
    found: dict[str, list[int]] = {}
    members: dict[str, list[int]] = {}
    for row, home in enumerate(homes):
        members.setdefault(home, []).append(row)
    for place, cause in enumerate(known):
        room = min(GAIN, HOLDS - len(cause.vectors))
        held = set(cause.voices.tolist())
        fresh = [
            i
            for i in members.get(cause.cause_id, ())
            if int(pool.voices[i]) not in held
            and near[i, place] >= least[place]
            and near[i, place] >= near[i].max()
        ]
        order = sorted(fresh, key=lambda i: (-float(strength[i]), pool.ids[i]))
        found[cause.cause_id] = one_per_voice(pool, order)[: max(room, 0)]
    return found


def _anchors(vectors: Vectors, known: Sequence[KnownCause]) -> tuple[Floats, Floats]:
    """Return (n, k) the cosine of each row with each cause's first exemplars, (k,) the least."""
    if not known:
        return np.zeros((len(vectors), 0), np.float32), np.zeros(0, np.float32)
    first = [cause.vectors[:BORN_WITH] for cause in known]
    common = np.stack([rows.mean(axis=0) for rows in first]).mean(axis=0)
    first = [unit(rows - common) for rows in first]
    centres = unit(np.stack([rows.mean(axis=0) for rows in first]))
    least = [float(np.quantile(_left_out(rows), OUTLYING)) for rows in first]
    return unit(vectors - common) @ centres.T, np.array(least, dtype=np.float32)


def _left_out(rows: Vectors) -> Floats:
    """Return the cosine of each row with the mean of the others."""
    if len(rows) == 1:
        return np.zeros(1, dtype=np.float32)
    others = unit(rows.sum(axis=0) - rows)
    cosines: Floats = (rows * others).sum(axis=1)
    return cosines
