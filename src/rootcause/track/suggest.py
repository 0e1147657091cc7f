"""What the machine suggests and a person decides: parts of a cause, causes that are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rootcause.cluster import cluster_vectors
from rootcause.cluster.groups import CUT
from rootcause.cluster.tree import centre, cut, linkage, smooth
from rootcause.pools import Pool
from rootcause.records import Vectors, Week
from rootcause.register import EdgeRow, KnownCause
from rootcause.track.links import Ints, cosine
from rootcause.track.residue import VOICES_NOW, Settings

# A part that holds this share of a cause's recent voices, this stably, is proposed as a split.
SPLIT_SHARE = 0.25
SPLIT_STABILITY = 0.75
# Two causes are proposed as one where, each way, the nearest exemplars of other people are the
# other cause's at least half as often as they would be if the two were one.
MIXED = 0.5
NEAREST = 5
ENOUGH = 15  # exemplars of each before that can be said
# Weeks until the same is suggested again, and weeks over which the causes take their turn at being
# looked at for parts: it is the slowest look of a week with hundreds of causes.
QUIET = 8
TURN = 4

Edge = Callable[..., EdgeRow]


def suggestions(
    week: Week,
    pool: Pool,
    members: Mapping[str, Sequence[int]],
    known: Sequence[KnownCause],
    before: Sequence[EdgeRow],
    settings: Settings,
) -> list[EdgeRow]:
    """Return the suggested splits and merges of the causes met this week.

    `members` are rows of `pool` per cause id, `before` the edges of earlier weeks: what was
    suggested within `QUIET` weeks is not suggested again.
    """
    recent = {
        frozenset({edge.cause_id, edge.other_id or edge.cause_id})
        for edge in before
        if edge.suggested and week.minus(edge.week) < QUIET
    }
    met = [cause for cause in known if members.get(cause.cause_id)]
    found = []
    for cause in met:
        if _turn(cause, week) and frozenset({cause.cause_id}) not in recent:
            similarity = falls_apart(pool, members[cause.cause_id], cause, settings)
            if similarity is not None:
                found.append(_edge("split", week, cause.cause_id, None, similarity))
    for one, other in _nearest_pairs(met):
        if frozenset({one.cause_id, other.cause_id}) in recent:
            continue
        if mixed(one, other):
            similarity = cosine(one.vectors, other.vectors)
            found.append(_edge("merged", week, one.cause_id, other.cause_id, similarity))
    return found


def _turn(cause: KnownCause, week: Week) -> bool:
    # by its birth, so that a re-run of the week looks at the same causes
    number = int(cause.cause_id.rpartition("-")[2])
    return (week.minus(cause.born_in) + number) % TURN == 0


def _edge(kind: str, week: Week, cause_id: str, other_id: str | None, similarity: float) -> EdgeRow:
    return EdgeRow(kind=kind, week=week, cause_id=cause_id, other_id=other_id,
                   similarity=round(similarity, 4), suggested=True)  # fmt: skip


def falls_apart(
    pool: Pool, rows: Sequence[int], cause: KnownCause, settings: Settings
) -> float | None:
    """Return the similarity of the two largest parts of a cause, None if it is one thing.

    Its exemplars and this week's members are grouped by themselves; parts count that hold
    `SPLIT_SHARE` of the voices and come back when the rows are resampled.
    """
    if len({int(pool.voices[i]) for i in rows}) < VOICES_NOW:
        return None
    vectors = np.concatenate([cause.vectors, pool.vectors[list(rows)]])
    voices = np.concatenate([cause.voices, pool.voices[list(rows)]])
    everyone = len(set(voices.tolist()))
    if everyone < 4 * settings.min_voices:
        return None
    # the quick look first: most causes are one thing, and resampling costs twenty times as much
    _, places = np.unique(voices, return_inverse=True)
    tree = linkage(smooth(centre(vectors), places))
    if len(_large(cut(tree, places, CUT, settings.min_voices), voices, everyone)) < 2:
        return None
    groups = cluster_vectors(
        vectors, voices=voices, min_voices=settings.min_voices, seed=settings.seed
    )
    parts = [
        g for g in _large(groups.labels, voices, everyone) if groups.stability[g] >= SPLIT_STABILITY
    ]
    if len(parts) < 2:
        return None
    return cosine(vectors[groups.labels == parts[0]], vectors[groups.labels == parts[1]])


def _large(labels: Ints, voices: Ints, everyone: int) -> list[int]:
    """Return the groups that hold `SPLIT_SHARE` of the voices."""
    return [
        g
        for g in range(int(labels.max()) + 1)
        if len(set(voices[labels == g].tolist())) >= SPLIT_SHARE * everyone
    ]


def mixed(one: KnownCause, other: KnownCause) -> bool:
    """Return whether two causes' exemplars lie among each other as those of one cause would.

    The nearest-neighbour test of two samples (Schilling 1986), in both directions.
    """
    if min(len(one.vectors), len(other.vectors)) < ENOUGH:
        return False
    rows = np.concatenate([one.vectors, other.vectors])
    rows = rows - rows.mean(axis=0)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    voices = np.concatenate([one.voices, other.voices])
    similar = rows @ rows.T
    similar[voices[:, None] == voices[None, :]] = -2
    near = np.argsort(-similar, axis=1, kind="stable")[:, :NEAREST]
    first = np.arange(len(rows)) < len(one.vectors)
    foreign = first[near] != first[:, None]
    total = len(rows) - 1
    expected = np.where(first, len(other.vectors), len(one.vectors)) / total
    share = foreign.mean(axis=1) / expected
    return bool(share[first].mean() >= MIXED and share[~first].mean() >= MIXED)


def _nearest_pairs(met: Sequence[KnownCause]) -> list[tuple[KnownCause, KnownCause]]:
    """Return each cause with the cause whose centre is nearest, each pair once."""
    if len(met) < 2:
        return []
    centres = np.stack([_centre(cause.vectors) for cause in met])
    centres = centres - centres.mean(axis=0)
    centres = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    similar = centres @ centres.T
    np.fill_diagonal(similar, -2)
    best: Ints = similar.argmax(axis=1)
    pairs = sorted({(min(i, int(j)), max(i, int(j))) for i, j in enumerate(best)})
    return [(met[i], met[j]) for i, j in pairs]


def _centre(rows: Vectors) -> Vectors:
    centre: Vectors = rows.mean(axis=0)
    return centre
