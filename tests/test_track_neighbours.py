"""What stands near a mention or an exemplar has a say in which cause it is."""

from __future__ import annotations

import numpy as np

from rootcause.match import likeliest
from rootcause.pools import Pool
from rootcause.track.known import recognise
from rootcause.track.neighbours import LEAST, among_neighbours, undisputed
from test_match import world
from test_track_known import known, pool

NOTHING = np.zeros((0, 40), np.float32)


def test_exemplars_that_lie_among_another_cause_s_no_longer_speak_for_the_first():
    rows = world(21, causes=4, size=40)
    mixed = np.concatenate([rows[0, :20], rows[1, :8]])
    born = known(rows[1, 8:30], 1)
    first, second, _ = undisputed([known(mixed), born, known(rows[2, :20], 2)])
    assert np.array_equal(first, rows[0, :20])
    assert len(second) >= 20
    # while nobody else claims them they are the cause's own
    assert np.array_equal(undisputed([known(mixed), known(rows[2, :20], 2)])[0], mixed)
    assert np.array_equal(undisputed([known(mixed)])[0], mixed)


def test_a_cause_is_never_left_without_exemplars():
    rows = world(22, causes=2, size=60)
    small = known(rows[0, : LEAST - 1])
    large = known(rows[0, 20:], 1)
    assert np.array_equal(undisputed([small, large])[0], small.vectors)


def test_neighbours_of_the_week_know_the_cause_better_than_a_mention_alone():
    wrong = wrong_alone = 0
    for seed in (23, 24, 25):
        rows = world(seed, causes=8, size=60, spread=0.3)
        causes = [known(rows[k, :12], k) for k in range(8)]
        week = pool(np.concatenate([rows[k, 12:] for k in range(8)]))
        truth = np.repeat(np.arange(8), 48)
        prototypes, index, _ = recognise(week, causes, NOTHING)
        inside = np.flatnonzero(index >= 0)
        wrong += int((index[inside] != truth[inside]).sum())
        alone = likeliest(week.vectors[inside], prototypes)
        wrong_alone += int((alone != truth[inside]).sum())
    assert wrong_alone >= 50
    assert wrong <= 0.85 * wrong_alone


def test_neighbours_take_nobody_in_and_the_order_of_rows_changes_nothing():
    rows = world(24, causes=6, size=60)
    causes = [known(rows[k, :30], k) for k in range(3)]
    week = pool(np.concatenate([rows[k, 30:45] for k in range(6)]))
    _, index, strength = recognise(week, causes, NOTHING)
    assert ((index >= 0) == (strength >= 0.5)).all()
    assert (index[45:] < 0).mean() >= 0.8
    order = np.random.default_rng(24).permutation(len(week))
    _, again, _ = recognise(week.take(order.tolist()), causes, NOTHING)
    assert (again == index[order]).all()


def test_the_same_person_is_no_neighbour():
    rows = world(25, causes=2, size=20)
    week = pool(np.concatenate([rows[0, :1], rows[1, :10]]))
    mine = Pool(**{**vars(week), "voices": np.zeros(len(week), dtype=np.int64)})
    assert np.allclose(among_neighbours(mine, np.array([0]))[0], rows[0, 0], atol=1e-6)
