"""Known causes and none of these."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rootcause.match import learn, match


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
