"""Known causes and none of these."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootcause.match import learn, learn_each, match, match_pool, thin
from rootcause.match import many as together
from rootcause.match import one as one_by_one


def world(
    seed: int = 0, causes: int = 6, size: int = 30, dimension: int = 40, spread: float = 0.13
):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(causes, dimension))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = centres[:, None, :] + spread * rng.normal(size=(causes, size, dimension))
    return (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)


def prototypes(rows, known, taught):
    return [
        learn(rows[k, :taught], np.concatenate([rows[j, :taught] for j in known if j != k]))
        for k in known
    ]


def test_members_are_matched_and_strangers_are_none_of_these():
    rows = world()
    known = prototypes(rows, range(4), 20)
    for k in range(4):
        index, strength = match(rows[k, 20:], known)
        assert (index == k).mean() >= 0.8
        assert (strength[index == k] >= 0.5).all()
    index, strength = match(np.concatenate(rows[4:]), known)
    assert (index == -1).mean() >= 0.8
    assert (strength[index == -1] < 0.5).all()


def test_five_exemplars_are_enough():
    rows = world(1)
    known = prototypes(rows, range(5), 5)
    hits = [(match(rows[k, 5:], known)[0] == k).mean() for k in range(5)]
    assert np.mean(hits) >= 0.7
    assert (match(rows[5], known)[0] == -1).mean() >= 0.7


def test_one_exemplar_and_no_others_work():
    rows = world()
    alone = learn(rows[0, :1])
    assert match(rows[0, :1], [alone])[0].tolist() == [0]
    assert match(-rows[0, :1], [alone])[0].tolist() == [-1]


def test_nothing_known_and_nothing_asked():
    rows = world()
    index, strength = match(rows[0], [])
    assert (index == -1).all()
    assert not strength.any()
    assert len(match(rows[0, :0], [learn(rows[0])])[0]) == 0


def test_the_radius_is_the_causes_own():
    rows = world(2)
    tight = learn(rows[0], np.concatenate(rows[1:]))
    rng = np.random.default_rng(0)
    loose_rows = rows[0] + 0.25 * rng.normal(size=rows[0].shape).astype(np.float32)
    loose = learn(loose_rows, np.concatenate(rows[1:]))
    assert tight.radius >= loose.radius


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(30)))
def test_a_row_is_matched_on_its_own(order):
    rows = world(3)
    known = prototypes(rows, range(4), 12)
    index, strength = match(rows[1], known)
    there, sure = match(rows[1][list(order)], known)
    assert np.array_equal(index[list(order)], there)
    assert np.array_equal(strength[list(order)], sure)
    one, _ = match(rows[1, 4:5], known)
    assert one[0] == index[4]


def same(one, other):
    assert np.array_equal(one.exemplars, other.exemplars)
    assert np.allclose(one.centre, other.centre, atol=1e-6)
    assert np.allclose(one.direction, other.direction, atol=2e-6)
    for name in ("offset", "radius", "floor"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=2e-6), name


def uneven(sizes, dimension, seed):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(sizes), dimension))
    rows = [c + 2 * rng.normal(size=(n, dimension)) for c, n in zip(centres, sizes, strict=True)]
    return [(r / np.linalg.norm(r, axis=1, keepdims=True)).astype("f4") for r in rows]


@pytest.mark.parametrize(
    ("sizes", "dimension"),
    [([1, 5, 30, 80, 2], 20), ([20] * 10, 40), (range(1, 15), 60), ([3, 200], 8), ([9], 5)],
)
def test_causes_learnt_together_are_as_learnt_one_by_one(sizes, dimension, monkeypatch):
    monkeypatch.setattr(together, "_EIGEN_COST", 0)
    groups = uneven(sizes, dimension, len(sizes))
    for i, found in enumerate(learn_each(groups)):
        strangers = [group for j, group in enumerate(groups) if j != i]
        if strangers:
            same(found, learn(groups[i], np.concatenate(strangers)))
        else:
            assert found.radius == learn(groups[i]).radius


def test_together_the_strangers_are_thinned_once_for_all(monkeypatch):
    monkeypatch.setattr(one_by_one, "MOST_OTHERS", 150)
    groups = uneven([5, 30, 20] * 8, 30, 7)
    rows = thin(np.concatenate(groups))
    owners = thin(np.repeat(np.arange(len(groups)), [len(group) for group in groups]))
    assert len(rows) < sum(map(len, groups))
    for i, found in list(enumerate(learn_each(groups)))[::7]:
        same(found, learn(groups[i], rows[owners != i]))


def test_a_cause_that_fills_the_thinned_rows_still_has_strangers(monkeypatch):
    monkeypatch.setattr(together, "_EIGEN_COST", 0)
    monkeypatch.setattr(one_by_one, "MOST_OTHERS", 2)
    groups = uneven([1, 30, 9], 6, 3)
    for i, found in enumerate(learn_each(groups)):
        assert np.isfinite(found.floor), i


def test_five_hundred_causes_take_moments():
    """One by one they take minutes, every week."""
    groups = uneven([6] * 500, 100, 5)
    begun = time.process_time()
    learn_each(groups)
    assert time.process_time() - begun < 3


def test_a_pool_of_unknown_causes_is_none_of_these():
    # two known causes, forty others of which nobody told anything
    rows = world(3, causes=42, size=12, dimension=60, spread=0.15)
    pool = np.concatenate([rows[:2, 6:].reshape(-1, 60), rows[2:].reshape(-1, 60)])
    index, strength = match_pool(pool, [rows[0, :6], rows[1, :6]])
    assert (index[:6] == 0).mean() >= 0.6
    assert (index[6:12] == 1).mean() >= 0.6
    plain, _ = match(pool, [learn(rows[0, :6], rows[1, :6]), learn(rows[1, :6], rows[0, :6])])
    assert (index[12:] >= 0).mean() < 0.02 < (plain[12:] >= 0).mean()
    assert ((strength >= 0.5) == (index >= 0)).all()


def test_a_pool_of_one_known_cause_is_that_cause():
    rows = world(5, causes=3, size=60)
    index, _ = match_pool(rows[0, 10:], [rows[0, :10], rows[1, :10], rows[2, :10]])
    assert (index == 0).mean() >= 0.9


def test_row_order_of_a_pool_changes_nothing():
    rows = world(6, causes=9, size=20)
    pool, known = rows[:, 5:].reshape(-1, 40), [rows[0, :5], rows[1, :5]]
    order = np.random.default_rng(0).permutation(len(pool))
    straight, mixed = match_pool(pool, known), match_pool(pool[order], known)
    assert np.array_equal(straight[0][order], mixed[0])
    assert np.array_equal(straight[1][order], mixed[1])
    assert match_pool(pool, [])[0].tolist() == [-1] * len(pool)
    assert len(match_pool(pool[:0], known)[0]) == 0
