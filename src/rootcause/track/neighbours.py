"""What stands nearest: rows amid this week's, exemplars amid those of other causes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rootcause.match import thin
from rootcause.pools import Pool
from rootcause.records import Vectors
from rootcause.register import KnownCause
from rootcause.track.links import Ints
from rootcause.vectors import unit

Flags = npt.NDArray[np.bool_]

# Neighbours of other people that say with a mention which cause it has, and rows of a week that
# are looked at for them.
NEIGHBOURS = 12
LOOKED_AT = 4_000
_BLOCK = 1_024
# An exemplar is disputed where so many of its nearest exemplars are of one and the same other
# cause. A cause is learnt from at least so many of its own, and this share.
NEAREST = 5
DISPUTED = 3
LEAST, LEAST_SHARE = 5, 1 / 3
# Causes whose exemplars are looked at: those of the nearest centres; among many causes only such
# as are near at all (among few, what they have in common hides it once it is taken off).
RIVALS = 8
MANY = 30
NEAR = 0.1


def among_neighbours(pool: Pool, wanted: Ints) -> Vectors:
    """Return the `wanted` rows moved halfway to the mean of their nearest of other people.

    The smoothing of simple graph convolution (Wu et al. 2019), as groups are made with.
    """
    base = np.array(sorted(range(len(pool)), key=lambda i: (pool.ids[i], i)), dtype=np.int64)
    base = thin(base, LOOKED_AT)
    mean = pool.vectors.mean(axis=0)
    ground = unit(pool.vectors[base] - mean)
    most = min(NEIGHBOURS, len(base))
    moved = np.empty((len(wanted), pool.vectors.shape[1]), dtype=np.float32)
    for start in range(0, len(wanted), _BLOCK):
        rows = wanted[start : start + _BLOCK]
        similar = unit(pool.vectors[rows] - mean) @ ground.T
        similar[pool.voices[rows, None] == pool.voices[None, base]] = 0
        near = np.argpartition(-similar, most - 1, axis=1)[:, :most]
        weights = np.maximum(np.take_along_axis(similar, near, axis=1), 0)
        total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        around = np.einsum("ij,ijk->ik", weights / total, pool.vectors[base[near]])
        moved[start : start + _BLOCK] = pool.vectors[rows] + around
    return unit(moved)


def undisputed(known: Sequence[KnownCause]) -> list[Vectors]:
    """Return the exemplars of each cause that another cause has no better claim to.

    Two problems told in one group share a cause at first; once one of them has a cause of its own,
    the exemplars that lie among that one's no longer speak for the old cause (the edited nearest
    neighbour rule; Wilson 1972). The register keeps them: a merge brings them back.
    """
    if len(known) < 2:
        return [cause.vectors for cause in known]
    mean = np.stack([cause.vectors.mean(axis=0) for cause in known]).mean(axis=0)
    rows = [unit(cause.vectors - mean) for cause in known]
    centres = unit(np.stack([part.mean(axis=0) for part in rows]))
    alike = centres @ centres.T
    rivals = np.argsort(-alike, axis=1, kind="stable")[:, : RIVALS + 1]
    found = []
    for place, cause in enumerate(known):
        others = [
            int(i)
            for i in rivals[place]
            if i != place and (alike[place, i] >= NEAR or len(known) < MANY)
        ]
        if not others:
            found.append(cause.vectors)
            continue
        clear = _clear(place, [place, *others[:RIVALS]], rows, known)
        enough = clear.sum() >= max(LEAST, LEAST_SHARE * len(clear))
        found.append(cause.vectors[clear] if enough else cause.vectors)
    return found


def _clear(
    place: int, places: Sequence[int], rows: Sequence[Vectors], known: Sequence[KnownCause]
) -> Flags:
    """Return (m,) which exemplars of the cause at `place` no other of `places` claims."""
    owners = np.repeat(places, [len(rows[i]) for i in places])
    voices = np.concatenate([known[i].voices for i in places])
    similar = rows[place] @ np.concatenate([rows[i] for i in places]).T
    similar[known[place].voices[:, None] == voices[None, :]] = -2
    most = min(NEAREST, similar.shape[1])
    near = owners[np.argpartition(-similar, most - 1, axis=1)[:, :most]]
    claims = np.stack([(near == i).sum(axis=1) for i in places if i != place])
    clear: Flags = claims.max(axis=0) < DISPUTED
    return clear
