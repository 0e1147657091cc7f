"""What other settings would give, and the closest groups of a week too small to cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rootcause.cluster import cluster_vectors
from rootcause.compose.inputs import Inputs
from rootcause.findings import Cause, ClosestGroup, Dial
from rootcause.naming import name_clusters
from rootcause.register import Assignment

SETTINGS = (3, 5, 8, 12)
# Fewer complaining voices in a week hold no recurring problem that a statistic could show.
SMALL_WEEK = 30


def make_dial(
    given: Inputs, rows: Sequence[Assignment], causes: Sequence[Cause]
) -> tuple[Dial, ...]:
    """Return what other settings of --min-voices would give on this week's complaints.

    A cause counts where its voices over the weeks shown reach the setting; its mentions of this
    week are isolated where they do not. Looser settings cluster this week's isolated mentions
    anew. The chosen setting says what the report shows.
    """
    total = given.kinds[0].mentions
    isolated = {row.mention_id for row in rows if row.kind == "isolated"}
    alone = len(isolated & set(given.kinds[0].pool.ids))
    life = {cause.cause_id: sum(p.voices for p in cause.series) for cause in causes}
    found = []
    for setting in sorted({*SETTINGS, given.min_voices}):
        # what the report shows was found under the chosen setting, or confirmed by a person
        least = 0 if setting == given.min_voices else setting
        held = [c for c in causes if c.voices and life[c.cause_id] >= least]
        lost = sum(c.mentions for c in causes if c.voices and c not in held)
        more, freed = (0, 0) if setting >= given.min_voices else _looser(given, rows, setting)
        share = (alone + lost - freed) / total if total else 0.0
        found.append(
            Dial(
                min_voices=setting,
                causes=len(held) + more,
                isolated_share=round(max(share, 0.0), 4),
                chosen=setting == given.min_voices,
            )
        )
    return tuple(found)


def closest_groups(given: Inputs, rows: Sequence[Assignment]) -> tuple[ClosestGroup, ...]:
    """Return the closest groups of a week too small to cluster, else none."""
    if given.kinds[0].voices >= SMALL_WEEK:
        return ()
    alone = {row.mention_id for row in rows if row.kind == "isolated"}
    pool = given.kinds[0].pool
    pool = pool.take([i for i, m in enumerate(pool.ids) if m in alone])
    if len(pool) < 4:
        return ()
    labels = np.asarray(
        cluster_vectors(pool.vectors, voices=pool.voices, min_voices=2, resamples=0).labels,
        dtype=np.int64,
    )
    if labels.max(initial=-1) < 0:
        return ()
    names = name_clusters(pool.texts, labels, pool.vectors, questions=False)
    groups = [
        ClosestGroup(title=name.title, voices=len(set(pool.voices[labels == i].tolist())))
        for i, name in enumerate(names)
    ]
    return tuple(sorted(groups, key=lambda g: (-g.voices, g.title))[:5])


def _looser(given: Inputs, rows: Sequence[Assignment], setting: int) -> tuple[int, int]:
    """Return how many more causes a looser setting would find, and how many mentions in them."""
    alone = {row.mention_id for row in rows if row.kind == "isolated"}
    pool = given.kinds[0].pool
    pool = pool.take([i for i, m in enumerate(pool.ids) if m in alone])
    if len(pool) < 2 * setting:
        return 0, 0
    groups = cluster_vectors(pool.vectors, voices=pool.voices, min_voices=setting, resamples=0)
    labels = np.asarray(groups.labels)
    return len(groups.stability), len({pool.ids[i] for i in np.flatnonzero(labels >= 0)})
