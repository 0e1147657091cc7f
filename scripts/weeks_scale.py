"""How large and how slow a register of five years gets: 260 weeks, 500 causes."""

from __future__ import annotations

import importlib
import resource
import time
from pathlib import Path

import numpy as np

from rootcause.pools import COMPLAINT, QUESTION, Kind, Pool, empty_pool, represented_dimension
from rootcause.records import Week
from rootcause.register import Assignment, Exemplar, Register, WeekFacts, check
from rootcause.track import Settings, Tracker
from rootcause.track.known import HOLDS
from rootcause.trends import assess
from weeks_identity import unnamed

WEEKS, CAUSES, MENTIONS = 260, 500, 2_000
START = Week(2021, 1)


def build(path: Path, centres: np.ndarray, rng: np.random.Generator) -> None:
    """Write a register as 260 weekly reports leave it, every cause with all its exemplars."""
    width = centres.shape[1]
    with Register.open(path, create=True) as register:
        register.bind(encoder_name="builtin", encoder_hash="h", dimension=width, timezone="UTC",
                      where="", min_voices=5)  # fmt: skip
        ids = []
        with register.transaction():
            for number in range(CAUSES):
                ids.append(register.next_id())
                register.save_cause(cause_id=ids[-1], born_in=START, title=f"cause {number}",
                                    kind="complaint", area="general", radius=0.3)  # fmt: skip
                vectors = near(centres[number], HOLDS, rng)
                register.add_exemplars(ids[-1], START, [
                    Exemplar(f"e{number}-{i}", number * 1000 + i, "words " * 25, vectors[i])
                    for i in range(HOLDS)
                ])  # fmt: skip
        for number in range(WEEKS):
            week = START.shift(number)
            homes = rng.integers(0, CAUSES, MENTIONS)
            alone = rng.random(MENTIONS) < 0.2
            rows = [
                Assignment(week, f"m{number:04d}{i:06d}", "" if alone[i] else ids[homes[i]], 0.7,
                           "isolated" if alone[i] else "cause",
                           int(rng.integers(1 << 60)), int(rng.integers(7)), "x")
                for i in range(MENTIONS)
            ]  # fmt: skip
            with register.transaction():
                register.write_week(facts(week), rows)


def facts(week: Week) -> WeekFacts:
    """Return a week's row."""
    return WeekFacts(week=week, run_id="r", mentions=5 * MENTIONS, complaints=MENTIONS,
                     complaint_voices=MENTIONS, question_voices=0, isolated=MENTIONS // 5,
                     unspecified=0, duplicates=0, model_id="m")  # fmt: skip


def near(centre: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return unit rows around a centre."""
    rows = centre + rng.normal(size=(count, len(centre)))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def weekly(path: Path, centres: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Track and assess one more week; return what each step took, in processor seconds."""
    week = START.shift(WEEKS)
    homes = rng.integers(0, CAUSES, MENTIONS)
    vectors = np.concatenate([near(centres[home], 1, rng) for home in homes])
    pool = Pool(
        ids=[f"new{i}" for i in range(MENTIONS)], weeks=[str(week)] * MENTIONS,
        texts=["words"] * MENTIONS, vectors=vectors, voices=np.arange(MENTIONS) + (1 << 61),
        days=rng.integers(0, 7, MENTIONS).tolist(), channels=["x"] * MENTIONS,
        areas=["general"] * MENTIONS, known=[None] * MENTIONS,
    )  # fmt: skip
    width = vectors.shape[1]
    alone = near(np.zeros(width), 1_500, rng)
    trail = Pool(
        ids=[f"old{i}" for i in range(1_500)], weeks=[str(week.shift(-1))] * 1_500,
        texts=["words"] * 1_500, vectors=alone, voices=np.arange(1_500) + (1 << 62),
        days=[i % 7 for i in range(1_500)], channels=["x"] * 1_500, areas=["general"] * 1_500,
        known=[None] * 1_500,
    )  # fmt: skip
    kinds = [
        Kind(kind=COMPLAINT, pool=pool, apart=(), mentions=MENTIONS, voices=MENTIONS),
        Kind(kind=QUESTION, pool=empty_pool(width), apart=(), mentions=0, voices=0),
    ]
    took: dict[str, float] = {}
    with Register.open(path) as register:
        start = time.process_time()
        with register.transaction():
            tracker = Tracker(register, week, Settings(), unnamed, str)
            discover = tracker._discover

            def timed(*given):
                begun = time.process_time()
                found = discover(*given)
                took["clustering"] = took.get("clustering", 0) + time.process_time() - begun
                return found

            tracker._discover = timed
            tracked = tracker.run(kinds, {COMPLAINT: trail, QUESTION: empty_pool(width)})
            register.write_week(facts(week), tracked.assignments, tracked.edges)
        took["tracking without clustering"] = time.process_time() - start - took["clustering"]
        start = time.process_time()
        importlib.import_module("scipy.stats")
        took["loading scipy.stats, whatever the size"] = time.process_time() - start
        start = time.process_time()
        series = register.series()
        weeks = [START.shift(i) for i in range(WEEKS + 1)]
        counts = np.zeros((len(series), len(weeks)))
        for row, points in enumerate(series.values()):
            for point in points:
                counts[row, point.week.minus(START)] = point.voices
        assess(counts, weeks, np.full(len(weeks), 5.0 * MENTIONS))
        took["numbers"] = time.process_time() - start
        start = time.process_time()
        problems = check.verify(register)
        took["causes verify"] = time.process_time() - start
    if problems:
        raise SystemExit(f"register is damaged: {problems}")
    found = sum(bool(row.cause_id) for row in tracked.assignments) / MENTIONS
    return took | {"share put into causes": found}


def measure(path: Path, seed: int) -> dict[str, float]:
    """Return sizes and seconds of the largest register foreseen."""
    rng = np.random.default_rng(seed)
    width = represented_dimension(410)
    centres = 1.5 * rng.normal(size=(CAUSES, width))
    build(path, centres, rng)
    return {
        "weeks": WEEKS,
        "causes": CAUSES,
        "mentions with a row": WEEKS * MENTIONS,
        "register_mb": path.stat().st_size / 1e6,
        **{f"{name}, cpu s": value for name, value in weekly(path, centres, rng).items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
