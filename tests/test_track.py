"""What the residue of a week shows: a day that stands out, and what must not look like one."""

import numpy as np

from rootcause.pools import Pool
from rootcause.track.residue import BURST_VOICES, burst, cohesion, spike


def pool(days, vectors):
    count = len(days)
    return Pool(
        ids=[f"m{i:03d}" for i in range(count)],
        weeks=["2026-W44"] * count,
        texts=[f"text {i}" for i in range(count)],
        vectors=vectors.astype(np.float32),
        voices=np.arange(count, dtype=np.int64),
        days=list(days),
        channels=["x"] * count,
        areas=["general"] * count,
        known=[None] * count,
    )


def rows(rng, count, centre=None):
    found = rng.normal(size=(count, 64)) * 0.5
    if centre is not None:
        found = found + centre
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def week(rng, busy, *, days=range(7), usual=8):
    """Return a pool with `usual` people a day and `busy` more on Wednesday, of one kind."""
    centre = np.zeros(64)
    centre[:4] = 1.5
    place = [day for day in days for _ in range(usual)] + [2] * busy
    return pool(place, np.concatenate([rows(rng, len(place) - busy), rows(rng, busy, centre)]))


def test_a_day_that_stands_out_is_one_group_of_those_who_made_it():
    rest = week(np.random.default_rng(0), 40)
    (found,) = spike(rest, np.ones(len(rest), dtype=bool))
    made = set(range(56, 96))
    assert len(set(found.members.tolist()) & made) >= 0.9 * len(found.members)
    assert len(found.members) >= 35
    assert burst(rest, found.members)


def test_an_even_week_and_a_dump_of_two_days_have_no_such_day():
    rng = np.random.default_rng(1)
    even = week(rng, 0)
    assert spike(even, np.ones(len(even), dtype=bool)) == []
    short = week(rng, 40, days=(1, 2))
    assert spike(short, np.ones(len(short), dtype=bool)) == []


def test_alike_members_cohere_and_a_mixture_does_not():
    rng = np.random.default_rng(2)
    centre = np.zeros(64)
    centre[0] = 3.0
    vectors = np.concatenate([rows(rng, 10, centre), rows(rng, 60)])
    assert cohesion(vectors, np.arange(10)) > 0.16
    assert abs(cohesion(vectors, np.arange(30, 40))) < 0.1


def test_few_people_on_one_day_are_no_burst():
    rest = pool([3] * (BURST_VOICES - 1), rows(np.random.default_rng(3), BURST_VOICES - 1))
    assert not burst(rest, np.arange(len(rest)))
