"""Groups in what no known cause explains: close ones first, then looser ones of this week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rootcause.cluster import cluster_vectors
from rootcause.match import learn, match, thin
from rootcause.pools import Pool
from rootcause.records import Vectors, Week

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# A group gets an id only if it comes back when the mentions are resampled (mean bootstrap Jaccard;
# Hennig, 2007: under 0.6 a cluster is not to be trusted) and people met it in the reported week.
STABLE = 0.6
VOICES_NOW = 3
# And only with a second sign that it is one thing: its members resemble each other (mean cosine
# after the common direction is removed), or most of them spoke on one and the same day.
COHESIVE = 0.16
BURST_VOICES = 8
BURST_SHARE = 0.5
# A day stands out when so many more people spoke than on the week's usual day.
SPIKE = 2.5
COVERED_DAYS = 4
# One week alone holds fewer mentions than the window: groups there are looser, which lets a
# one-day outage in many wordings come together. In terms of `cluster_vectors`' strength.
LOOSER = -0.43


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is told: people that make a problem recurring, least membership strength."""

    min_voices: int = 5
    strength: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows of the residue that belong together; `solid` ones may become a cause."""

    members: Ints
    strengths: Floats
    stability: float
    solid: bool


def find_groups(rest: Pool, week: Week, settings: Settings) -> list[Group]:
    """Return the groups of the residue; no row is in two."""
    now = np.array([w == str(week) for w in rest.weeks], dtype=bool)
    found = spike(rest, now)
    left = _without(np.ones(len(rest), dtype=bool), found)
    # close groups first: problems told in neighbouring words would be one in a looser grouping
    close = _groups(rest, np.flatnonzero(left), week, settings)
    sure = [group for group in close if group.solid]
    left = _without(left, sure)
    loose = _groups(rest, np.flatnonzero(now & left), week, settings, looser=LOOSER)
    loose = [group for group in loose if group.solid]
    left = _without(left, loose)
    unsure = [group for group in close if not group.solid and left[group.members].all()]
    return [*found, *sure, *loose, *unsure]


def _without(left: Flags, groups: list[Group]) -> Flags:
    left = left.copy()
    for group in groups:
        left[group.members] = False
    return left


def spike(rest: Pool, now: Flags) -> list[Group]:
    """Return what people said on a day that stands out and do not say otherwise, if anything.

    Everybody describes an outage in other words, so that no clustering of a week sees it; the
    day does. The day's mentions are told from all others by `match.learn`, each half by what the
    other half taught; as many as the day has more than a usual one, those told best, are the
    group. Its stability is their share of the day: how likely a mention of that day belongs.
    """
    days = np.array(rest.days)
    people = [len(set(rest.voices[now & (days == day)].tolist())) for day in range(7)]
    day = int(np.argmax(people))
    others_days = [count for place, count in enumerate(people) if place != day and count]
    # a dump that covers two days of a week has no usual day
    if len(others_days) < COVERED_DAYS:
        return []
    usual = float(np.median(others_days))
    if people[day] < max(BURST_VOICES, SPIKE * usual):
        return []
    inside = np.flatnonzero(now & (days == day))
    outside = np.ones(len(rest), dtype=bool)
    outside[inside] = False
    others = rest.vectors[outside]
    if not len(others):
        return []
    order = sorted(inside.tolist(), key=lambda i: (rest.ids[i], rest.texts[i]))
    halves = (np.array(order[::2]), np.array(order[1::2]))
    told: list[tuple[float, str, int]] = []
    for taught, asked in (halves, halves[::-1]):
        # some tell what all do, at the cube of their number in time
        prototype = replace(learn(rest.vectors[thin(taught)], others), radius=-1.0)
        _, strength = match(rest.vectors[asked], [prototype])
        told += [(-float(s), rest.ids[i], int(i)) for i, s in zip(asked, strength, strict=True)]
    excess = int(people[day] - usual)
    members = np.array(sorted(i for _, _, i in sorted(told)[:excess]), dtype=np.int64)
    if len(set(rest.voices[members].tolist())) < BURST_VOICES:
        return []
    share = len(members) / len(inside)
    strengths = np.full(len(members), 0.5, dtype=np.float32)
    return [Group(members=members, strengths=strengths, stability=share, solid=share >= STABLE)]


def _groups(
    rest: Pool, rows: Ints, week: Week, settings: Settings, *, looser: float = 0.0
) -> list[Group]:
    if len(set(rest.voices[rows].tolist())) < 2 * settings.min_voices:
        return []
    vectors = rest.vectors[rows]
    groups = cluster_vectors(
        vectors,
        voices=rest.voices[rows],
        min_voices=settings.min_voices,
        strength=float(np.clip(settings.strength + looser, -1.0, 1.0)),
        seed=settings.seed,
    )
    found = []
    for number in range(len(groups)):
        inside = np.flatnonzero(groups.labels == number)
        stable = bool(groups.stability[number] >= STABLE)
        members = rows[inside]
        found.append(
            Group(
                members=members,
                strengths=groups.strengths[inside],
                stability=float(groups.stability[number]),
                solid=stable
                and voices_in(rest, members, week) >= VOICES_NOW
                and (cohesion(vectors, inside) >= COHESIVE or burst(rest, members)),
            )
        )
    return found


def voices_in(pool: Pool, rows: Ints, week: Week) -> int:
    """Return how many people of these rows spoke in `week`."""
    return len({int(pool.voices[i]) for i in rows if pool.weeks[i] == str(week)})


def cohesion(vectors: Vectors, members: Ints) -> float:
    """Return the mean cosine between members, the mean of all `vectors` taken off."""
    space = vectors[members] - vectors.mean(axis=0)
    space = space / np.maximum(np.linalg.norm(space, axis=1, keepdims=True), 1e-9)
    count = len(members)
    total = float(np.square(space.sum(axis=0, dtype=np.float64)).sum())
    return (total - count) / max(count * (count - 1), 1)


def burst(pool: Pool, rows: Ints) -> bool:
    """Return whether most people of these rows spoke on one day."""
    first: dict[int, tuple[str, int]] = {}
    for i in rows:
        first.setdefault(int(pool.voices[i]), (pool.weeks[i], pool.days[i]))
    _, most = Counter(first.values()).most_common(1)[0]
    return most >= BURST_VOICES and most >= BURST_SHARE * len(first)
