"""Which cluster is which cause: continuation, re-binding, members and rows for the register."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rootcause.match import Prototype, learn, match, thin
from rootcause.pools import Kind, Pool
from rootcause.records import Vectors, Week
from rootcause.register import MEMBER_KIND, Assignment, KnownCause

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# A continuation needs this share of a cause's exemplars inside the cluster, or of the cluster's
# people near the cause (MONIC's tau; Spiliopoulou et al., 2006).
OVERLAP = 0.5
# A group needs less similarity to a cause than one mention does: it is surer evidence.
GROUP_SLACK = 0.25


def phrase_fact(phrase: str) -> str:
    """Return the register's key for the cause that a model's known-cause phrase stands for."""
    return f"phrase:{phrase}"


def others(vectors: Vectors, members: Ints, most: int | None = None) -> Vectors:
    """Return rows of `vectors` that are no members, at most `most` (as many as `learn` uses)."""
    outside = np.ones(len(vectors), dtype=bool)
    outside[members] = False
    return vectors[thin(np.flatnonzero(outside), most)]


def nothing(count: int) -> tuple[Ints, Floats]:
    """Return the answer of matching where no cause is known."""
    return np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.float32)


def continued(
    rest: Pool,
    members: Sequence[Ints],
    known: Sequence[KnownCause],
    prototypes: Sequence[Prototype],
) -> tuple[list[str | None], list[Flags]]:
    """Return for each cluster the id of the known cause it continues, or None, and who is near.

    It continues the cause that most of its people nearly belong to (see also `swallowed`); near
    (m,) tells which of its rows do.
    """
    homes: list[str | None] = [None] * len(members)
    near: list[Flags] = [np.zeros(len(rows), dtype=bool) for rows in members]
    if not known or not members:
        return homes, near
    wide = [replace(p, radius=p.radius - GROUP_SLACK) for p in prototypes]
    for c, rows in enumerate(members):
        index, _ = match(rest.vectors[rows], wide)
        people: dict[int, set[int]] = {}
        for place, voice in zip(index.tolist(), rest.voices[rows].tolist(), strict=True):
            people.setdefault(place, set()).add(voice)
        close = {place: len(voices) for place, voices in people.items() if place >= 0}
        best = min(close, key=lambda place: (-close[place], place), default=None)
        if best is not None and close[best] >= OVERLAP * len(set(rest.voices[rows].tolist())):
            homes[c] = known[best].cause_id
            near[c] = index == best
    return homes, near


def swallowed(rest: Pool, rows: Ints, known: Sequence[KnownCause]) -> str | None:
    """Return the id of the known cause whose exemplars mostly belong to a cluster, or None."""
    if not known:
        return None
    # what a few say decides as what thousands do, at the cube of their number in time
    own = learn(rest.vectors[thin(rows)], others(rest.vectors, rows))
    shares = {}
    for cause in known:
        index, _ = match(cause.vectors, [own])
        shares[cause.cause_id] = float((index >= 0).mean())
    best = min(shares, key=lambda cause_id: (-shares[cause_id], cause_id), default=None)
    return best if best is not None and shares[best] >= OVERLAP else None


def rebind(rest: Pool, clusters: Sequence[Ints], born: Sequence[KnownCause]) -> list[str | None]:
    """Give the ids that this week gave birth to back to the clusters that hold their exemplars."""
    from scipy.optimize import linear_sum_assignment

    given: list[str | None] = [None] * len(clusters)
    if not clusters or not born:
        return given
    shared = np.zeros((len(clusters), len(born)))
    for c, rows in enumerate(clusters):
        ids = {rest.ids[i] for i in rows}
        for b, cause in enumerate(born):
            same = len(ids & set(cause.mention_ids)) / max(1, len(cause.mention_ids))
            near = cosine(rest.vectors[rows], cause.vectors) if len(cause.vectors) else 0.0
            shared[c, b] = same if same > 0 else 0.5 * max(near - 0.6, 0.0)
    for c, b in zip(*linear_sum_assignment(-shared), strict=True):
        if shared[c, b] > 0.1:
            given[int(c)] = born[int(b)].cause_id
    return given


def central(pool: Pool, members: Ints, most: int) -> list[int]:
    """Return the most central members, one per voice."""
    centre = pool.vectors[members].mean(axis=0)
    near = pool.vectors[members] @ centre
    ids = np.array([pool.ids[i] for i in members])
    order = [int(members[i]) for i in np.lexsort((ids, -near))]
    return one_per_voice(pool, order)[:most]


def one_per_voice(pool: Pool, order: Iterable[int]) -> list[int]:
    """Return the rows of `order` that are the first of their voice and mention."""
    heard: set[int] = set()
    ids: set[str] = set()
    chosen = []
    for i in order:
        voice = int(pool.voices[i])
        if voice not in heard and pool.ids[i] not in ids:
            heard.add(voice)
            ids.add(pool.ids[i])
            chosen.append(i)
    return chosen


def cosine(left: Vectors, right: Vectors) -> float:
    """Return the cosine of two groups' centres."""
    a, b = left.mean(axis=0), right.mean(axis=0)
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def most(values: Sequence[str]) -> str:
    """Return the most frequent value, the first in the alphabet if several."""
    return max(sorted(set(values)), key=values.count)


def assignment(
    pool: Pool, row: int, cause_id: str, strength: float, kind: str, week: Week
) -> Assignment:
    """Return a pool's row as a row of the register."""
    return Assignment(
        week=Week.parse(pool.weeks[row]),
        mention_id=pool.ids[row],
        cause_id=cause_id,
        strength=round(strength, 4),
        kind=MEMBER_KIND[kind],
        voice=int(pool.voices[row]),
        day=pool.days[row],
        channel=pool.channels[row],
    )


def finish(placed: Sequence[Assignment], kind: Kind, week: Week) -> list[Assignment]:
    """Add what has no cause: isolated, unspecified, duplicates; one row per mention and cause."""
    best: dict[tuple[str, str], Assignment] = {}
    for row in placed:
        held = best.get((row.mention_id, row.cause_id))
        if held is None or row.strength > held.strength:
            best[row.mention_id, row.cause_id] = row
    homes: dict[str, str] = {}
    for row in best.values():
        homes.setdefault(row.mention_id, row.cause_id)
    rows = list(best.values())
    for i, mention_id in enumerate(kind.pool.ids):
        if mention_id not in homes:
            homes[mention_id] = ""
            row = assignment(kind.pool, i, "", 0.0, kind.kind, week)
            rows.append(row._replace(kind="isolated"))
    for item in kind.apart:
        home = homes.get(item.copy_of or "", "")
        rows.append(
            Assignment(
                week=week,
                mention_id=item.mention_id,
                cause_id=home if item.copy_of else "",
                strength=0.0,
                kind="duplicate" if item.copy_of else "unspecified",
                voice=item.voice,
                day=item.day,
                channel=item.channel,
            )
        )
    return rows
