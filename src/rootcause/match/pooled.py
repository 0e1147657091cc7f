"""Known causes in a pool of mentions of which most have causes that nobody knows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rootcause.match.many import learn_each
from rootcause.match.one import match, thin
from rootcause.records import Vectors

# A mention that scores this much without the pool is taken for a member and is no stranger.
SURE = 0.5


def match_pool(
    vectors: Vectors, groups: Sequence[Vectors]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return, as `match`, the known cause of each row of a pool (n, d), -1 for none of these.

    `groups` are the exemplars (m, d) of each known cause. The exemplars of other known causes say
    little about causes that are not known, so half of the pool stands for those as strangers while
    the other half is matched, and the other way round (learning from positive and unlabelled
    examples; Elkan & Noto 2008): no row is judged by what it taught. Rows that resemble a cause
    by `SURE` without the pool are no strangers, since a pool may be mostly of one known cause.
    Halves are chosen by the rows' content: row order changes nothing.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    index = np.full(len(rows), -1, dtype=np.int64)
    strength = np.zeros(len(rows), dtype=np.float32)
    if not len(groups) or not len(rows):
        return index, strength
    keys = np.array(
        [int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest()) for row in rows],
        dtype=np.uint64,
    )
    order = np.argsort(keys, kind="stable")
    narrow = [replace(p, radius=max(p.radius, SURE)) for p in learn_each(groups)]
    strange = match(rows, narrow)[0] < 0
    odd = keys % 2 == 1
    for asked in (odd, ~odd):
        taught = order[(~asked & strange)[order]]
        strangers = [rows[thin(taught)]] if len(taught) else []
        prototypes = learn_each([*groups, *strangers])[: len(groups)]
        index[asked], strength[asked] = match(rows[asked], prototypes)
    return index, strength
