"""Known causes over weeks: two thresholds, exemplars that stay near the first, suggestions."""

from __future__ import annotations

import numpy as np
import pytest

from rootcause.match import learn, learn_each, match
from rootcause.pools import Pool
from rootcause.records import Week
from rootcause.register import EdgeRow, KnownCause
from rootcause.track.known import BORN_WITH, GAIN, HOLDS, SLACK, learnable, recognise
from rootcause.track.residue import VOICES_NOW, Settings
from rootcause.track.suggest import QUIET, TURN, mixed, suggestions
from test_match import world

WEEK = Week(2026, 40)


def known(vectors, number=0):
    return KnownCause(
        cause_id=f"RC-{number + 1:04d}", title="t", titled_by="machine", kind="complaint",
        area="general", theme="", state="open", radius=0.3, stability=0.9, key_phrases=(),
        born_in=WEEK, last_week=WEEK, mention_ids=tuple(f"e{number}-{i}" for i in vectors),
        texts=("",) * len(vectors), voices=number * 1_000 + np.arange(len(vectors)),
        vectors=vectors,
    )  # fmt: skip


def pool(vectors):
    count = len(vectors)
    return Pool(
        ids=[f"m{i:03d}" for i in range(count)], weeks=[str(WEEK)] * count, texts=[""] * count,
        vectors=np.asarray(vectors, np.float32), voices=10**6 + np.arange(count),
        days=[0] * count, channels=["x"] * count, areas=["general"] * count, known=[None] * count,
    )  # fmt: skip


def test_learning_together_agrees_with_learning_one_by_one():
    rows = world(5, causes=5, size=40)
    together = learn_each([rows[k, :20] for k in range(5)])
    for k in range(5):
        alone = learn(rows[k, :20], np.concatenate([rows[j, :20] for j in range(5) if j != k]))
        assert np.allclose(together[k].direction, alone.direction, atol=0.02)
        assert together[k].offset == pytest.approx(alone.offset, abs=0.02)
        assert together[k].radius == pytest.approx(alone.radius, abs=0.02)


def test_left_out_scores_are_those_of_leaving_out():
    """The radius comes from scores in closed form; here they are made by really leaving out."""
    rows = world(6, causes=3, size=12, spread=0.3)
    others = np.concatenate(rows[1:])
    whole = learn_each([rows[0], rows[1], rows[2]])[0]
    scores = []
    for i in range(12):
        part = learn(np.delete(rows[0], i, axis=0), others)
        scores.append(float(rows[0, i] @ part.direction + part.offset))
    # leaving one out also changes the weight of the rest a little
    assert whole.radius == pytest.approx(np.clip(np.quantile(scores, 0.4), 0.15, 0.35), abs=0.05)


def test_what_belongs_to_nobody_stays_out_however_many_exemplars_a_cause_has():
    rng = np.random.default_rng(7)
    rows = world(7, causes=8, size=120, spread=0.2)
    stray = rng.normal(size=(700, 40)) + 0.1
    stray = (stray / np.linalg.norm(stray, axis=1, keepdims=True)).astype(np.float32)
    prototypes = learn_each([rows[k, :80] for k in range(8)], stray[:350])
    taken = match(stray[350:], prototypes)[0] >= 0
    assert taken.mean() <= 0.15
    right = [(match(rows[k, 80:], prototypes)[0] == k).mean() for k in range(8)]
    assert np.mean(right) >= 0.75


def test_a_weak_member_belongs_only_where_sure_ones_speak_in_the_same_week():
    rows = world(8, causes=6, size=60, spread=0.25)
    causes = [known(rows[k, :30], k) for k in range(6)]
    background = np.zeros((0, 40), np.float32)
    prototypes, _, _ = recognise(pool(rows[0, 30:]), causes, background)
    scores = rows[0, 30:] @ prototypes[0].direction + prototypes[0].offset
    sure = rows[0, 30:][scores >= prototypes[0].radius + 0.01]
    weak = prototypes[0].radius - SLACK / 2
    between = _at(prototypes[0], rows[0, 30], weak)
    _, alone, _ = recognise(pool([between]), causes, background)
    assert alone.tolist() == [-1]
    company = pool([between, *sure[:VOICES_NOW]])
    _, index, strength = recognise(company, causes, background)
    assert index.tolist() == [0] * (1 + VOICES_NOW)
    assert strength[0] == pytest.approx(0.5)


def _at(prototype, row, score):
    """Return a unit row near `row` that scores as asked."""
    direction = prototype.direction.astype(np.float64)
    low, high = -3.0, 3.0
    for _ in range(80):
        middle = (low + high) / 2
        moved = row + middle * direction / np.linalg.norm(direction)
        moved = moved / np.linalg.norm(moved)
        low, high = (
            (middle, high) if moved @ direction + prototype.offset < score else (low, middle)
        )
    return moved.astype(np.float32)


def test_a_cause_cannot_drift_into_another_however_slowly_its_stream_does():
    """A stream that wanders from one problem to the next over a hundred weeks."""
    rng = np.random.default_rng(9)
    start, goal = world(9, causes=2, size=BORN_WITH, spread=0.1)
    cause, other = start, goal
    target = goal.mean(axis=0)
    for week in range(100):
        centre = start.mean(axis=0) * (1 - week / 99) + target * week / 99
        rows = centre + 0.1 * rng.normal(size=(20, 40))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        causes = [known(cause, 0), known(other, 1)]
        chosen = learnable(pool(rows), ["RC-0001"] * 20, np.ones(20, np.float32), causes)
        assert len(chosen["RC-0001"]) <= GAIN
        cause = np.concatenate([cause, rows[chosen["RC-0001"]]])
    assert BORN_WITH < len(cause) <= HOLDS
    assert (cause @ start.mean(axis=0) > cause @ target).all()


def test_one_problem_under_two_ids_is_suggested_as_a_merge_and_not_again_for_a_while():
    rows = world(10, causes=2, size=80)
    one, same, other = (known(rows[0, :30]), known(rows[0, 30:60], 1), known(rows[1, :30], 2))
    assert mixed(one, same)
    assert not mixed(one, other)
    week = pool(np.concatenate([rows[0, 60:], rows[1, 60:]]))
    members = {"RC-0001": list(range(10)), "RC-0002": list(range(10, 20)), "RC-0003": [25]}
    causes = [one, same, other]
    (edge,) = suggestions(WEEK, week, members, causes, [], Settings())
    assert (edge.kind, edge.cause_id, edge.other_id) == ("merged", "RC-0001", "RC-0002")
    assert edge.suggested
    assert not suggestions(WEEK.shift(QUIET - 1), week, members, causes, [edge], Settings())
    assert suggestions(WEEK.shift(QUIET), week, members, causes, [edge], Settings())


def test_a_cause_of_two_problems_is_suggested_as_a_split_and_one_of_one_is_not():
    rows = world(11, causes=3, size=60)
    both = known(np.concatenate([rows[0, :30], rows[1, :30]]))
    week = pool(np.concatenate([rows[0, 30:40], rows[1, 30:40]]))
    members = {"RC-0001": list(range(20))}
    turns = [WEEK.shift(later) for later in range(TURN)]
    # each cause is looked at once in so many weeks
    (edge,) = [e for now in turns for e in suggestions(now, week, members, [both], [], Settings())]
    assert (edge.kind, edge.other_id, edge.suggested) == ("split", None, True)
    one = known(rows[2, :50])
    other = pool(rows[2, 50:])
    before = EdgeRow(kind="split", week=WEEK.shift(-1), cause_id="RC-0001", suggested=True)
    for now in turns:
        assert not suggestions(now, other, {"RC-0001": list(range(10))}, [one], [], Settings())
        assert not suggestions(now, week, members, [both], [before], Settings())
