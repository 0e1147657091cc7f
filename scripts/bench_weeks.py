"""Measure the weekly numbers: false alarms, delays, intervals, against simple rules.

    python scripts/bench_weeks.py numbers [--runs 200] [--json FILE]
    python scripts/bench_weeks.py identity --data DIR [--runs 5] [--person] [--bertopic]
    python scripts/bench_weeks.py size
    python scripts/bench_weeks.py years --data DIR --work DIR [--app Gmail]

`numbers` simulates 26 weeks of 40 causes whose truth is known: steady ones with over-dispersed
counts, births, growth, fixes, returns; weeks differ in volume, one post goes viral (many mentions
read, no more complaints), one holiday fortnight halves everything. `identity` plays 26 weeks of
real complaints with known causes (weeks_data.py) to rootcause and to rivals and tells which
cause-weeks lost their id; with `--person` somebody takes those suggested merges that are right;
BERTopic needs `pip install bertopic umap-learn`. `size` measures 260 weeks and 500 causes. `years`
reports five real years of one app and lists what was flagged. DIR is the folder of the
development data.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from rootcause.records import Week
from rootcause.trends import assess

WEEKS = 26
CAUSES = 40
FIRST = 9  # first judged week: a full baseline exists
SILENT = 6
NEVER = 99


@dataclass
class World:
    """One simulated company: counts, mentions read, and the truth behind them."""

    counts: np.ndarray  # (c, w)
    read: np.ndarray  # (w,)
    rates: np.ndarray  # (c, w) true voices per week at normal volume
    born: dict[int, int]
    grown: dict[int, int]
    back: dict[int, int]
    fixed: dict[int, tuple[int, float]]


def simulate(rng: np.random.Generator, noise: float) -> World:
    """Return a world; `noise` is the mean over-dispersion of its causes."""
    base = np.exp(rng.normal(2.2, 0.8, CAUSES))
    rates = np.repeat(base[:, None], WEEKS, axis=1)
    born, grown, back, fixed = {}, {}, {}, {}
    for c in range(0, 5):  # births
        born[c] = int(rng.integers(FIRST + 1, WEEKS - 2))
        rates[c] = np.where(np.arange(WEEKS) >= born[c], rng.uniform(6, 40), 0)
    for c in range(5, 10):  # growth by a quarter a week over six weeks
        start = int(rng.integers(FIRST, WEEKS - 6))
        grown[c] = start + 1
        rates[c] *= 1.25 ** np.clip(np.arange(WEEKS) - start, 0, 6)
    for c in range(10, 16):  # fixes of every strength
        when = int(rng.integers(FIRST + 1, WEEKS - 7))
        fixed[c] = (when, float(rng.choice([0.15, 0.4, 0.7, 1.0])))
        rates[c] *= np.where(np.arange(WEEKS) >= when, fixed[c][1], 1)
    for c in range(16, 20):  # returns after a silence
        start = int(rng.integers(FIRST - 2, WEEKS - SILENT - 4))
        back[c] = start + SILENT
        away = (np.arange(WEEKS) >= start) & (np.arange(WEEKS) < back[c])
        rates[c] = np.where(away, 0, rng.uniform(6, 40))
    volume = np.exp(rng.normal(0, 0.12, WEEKS))
    holiday = int(rng.integers(FIRST, WEEKS - 2))
    volume[holiday : holiday + 2] *= 0.5
    read = 3000 * volume
    read[int(rng.integers(FIRST, WEEKS))] *= 2  # one post goes viral
    alpha = noise * rng.gamma(3, 1 / 3, (CAUSES, 1)) + 1e-6
    mean = rates * volume
    counts = rng.poisson(mean * rng.gamma(1 / alpha, 1, mean.shape) * alpha)
    return World(counts, read, rates, born, grown, back, fixed)


def two_sd(counts: np.ndarray, read: np.ndarray | None) -> np.ndarray:
    """Return what the common rule flags: above mean + 2 SD of the eight weeks before."""
    values = counts / read if read is not None else counts
    past = values[:, -9:-1]
    return values[:, -1] > past.mean(axis=1) + 2 * past.std(axis=1, ddof=1)


@dataclass
class Tally:
    """What is counted over worlds."""

    judged: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    shares: dict[str, list[float]] = field(default_factory=dict)
    delays: dict[str, list[int]] = field(default_factory=dict)
    inside: list[bool] = field(default_factory=list)
    verdicts: dict[float, Counter[str]] = field(default_factory=dict)


def watch(world: World, weeks: list[Week], tally: Tally) -> None:
    """Report every week of a world and compare what is flagged with the truth."""
    starts = {"births": world.born, "growth": world.grown, "returns": world.back}
    seen: dict[int, int] = {}
    for week in range(FIRST, WEEKS):
        upto = slice(0, week + 1)
        y, read = world.counts[:, upto], world.read[upto]
        words = np.array([trend.status for trend in assess(y, weeks[upto], read)])
        rising = np.isin(words, ("growing", "new"))
        before = world.rates[:, max(0, week - 8) : week].mean(axis=1)
        true = world.rates[:, week] > before * 1.0001
        rules = {
            "rootcause": rising,
            "two SD of counts": two_sd(y, None),
            "two SD of rates": two_sd(y, read),
        }
        tally.judged += 1
        for rule, mask in rules.items():
            wrong = int((mask & ~true).sum())
            tally.wrong[rule] += wrong
            tally.flagged[rule] += int(mask.sum())
            tally.shares.setdefault(rule, []).append(wrong / max(1, int(mask.sum())))
        for name, when in starts.items():
            hit = (words == "returned") if name == "returns" else rising
            for c in (c for c, first in when.items() if week >= first and hit[c]):
                seen.setdefault(c, week - when[c])
    for name, when in starts.items():
        tally.delays.setdefault(name, []).extend(
            seen.get(c, NEVER) for c, first in when.items() if world.rates[c, first] >= 15
        )


def measure_fixes(world: World, weeks: list[Week], tally: Tally) -> None:
    """Compare the effects found at the end of a world with the true ones."""
    days = [weeks[world.fixed[c][0]].monday() if c in world.fixed else None for c in range(CAUSES)]
    trends = assess(world.counts, weeks, world.read, fixed_on=days)
    for c, (_, truth) in world.fixed.items():
        effect = trends[c].effect
        tally.verdicts.setdefault(truth, Counter())[effect.verdict] += 1
        if np.isfinite(effect.ratio):
            tally.inside.append(effect.low <= truth <= effect.high)


def numbers(runs: int, noise: float, seed: int) -> dict[str, object]:
    """Return what is measured over `runs` worlds."""
    rng = np.random.default_rng(seed)
    weeks = [Week(2026, 1).shift(i) for i in range(WEEKS)]
    tally = Tally()
    for _ in range(runs):
        world = simulate(rng, noise)
        watch(world, weeks, tally)
        measure_fixes(world, weeks, tally)
    return {
        "noise": noise,
        "worlds": runs,
        "false_alarms_per_week": _per(tally.wrong, tally.judged),
        "flags_per_week": _per(tally.flagged, tally.judged),
        "observed_fdr": {rule: _mean(values) for rule, values in tally.shares.items()},
        "delay_weeks_15_voices": {
            name: {
                "causes": len(found),
                "same_week": _mean([delay == 0 for delay in found]),
                "within_one_week": _mean([delay <= 1 for delay in found]),
                "median": float(np.median(found)),
                "never": _mean([delay == NEVER for delay in found]),
            }
            for name, found in tally.delays.items()
        },
        "fix_interval_coverage": _mean(tally.inside),
        "fix_verdicts": {str(truth): dict(sorted(words.items()))
                         for truth, words in sorted(tally.verdicts.items())},
    }  # fmt: skip


def _per(counts: Counter[str], weeks: int) -> dict[str, float]:
    return {rule: round(number / weeks, 3) for rule, number in counts.items()}


def _mean(values: list) -> float:
    return round(float(np.mean(values)), 3)


def identity(
    data: Path, runs: int, seed: int, *, rivals: bool, person: bool = False
) -> dict[str, object]:
    """Return the means over worlds: how well ids follow the true causes, and the flags."""
    import weeks_identity as weekly
    from weeks_breakdown import Lost, Reader
    from weeks_data import make_world
    from weeks_flags import Flags

    found: dict[str, list[dict[str, float]]] = {}
    late: dict[str, dict[str, list[int]]] = {}
    alarms: dict[str, list[dict[str, float]]] = {}
    cpu: dict[str, float] = {}
    lost = Lost()
    for number in range(seed, seed + runs):
        given = weekly.prepare(make_world(data, number))
        flags = Flags(world=given.world)
        reader = Reader(world=given.world)
        rows = {
            "rootcause": lambda given=given, flags=flags: weekly.track(
                given, weekly.temporary(), flags
            ),
            "each week anew, Hungarian": lambda given=given: weekly.hungarian(given),
        }
        if person:
            rows["rootcause, suggested merges read"] = lambda given=given, reader=reader: (
                reader.followed(weekly.track(given, weekly.temporary(), reader))
            )
        if rivals:
            rows["BERTopic merge_models"] = lambda given=given: weekly.merged_models(given)
        for name, play in rows.items():
            start = time.process_time()
            told = play()
            cpu[name] = cpu.get(name, 0) + time.process_time() - start
            if name == "rootcause":
                lost.add(given.world, told)
            found.setdefault(name, []).append(weekly.judge(given.world, told))
            for event, weeks in weekly.delays(given.world, told).items():
                late.setdefault(name, {}).setdefault(event, []).extend(weeks)
        for rule, values in flags.result().items():
            alarms.setdefault(rule, []).append(values)
        sys.stderr.write(f"world {number}: {found['rootcause'][-1]}\n")
    return {
        "worlds": runs,
        "kept_by_world": {name: [round(one["kept"], 3) for one in values]
                          for name, values in found.items()},
        "lost_cause_weeks": lost.result(),
        "identity": {name: _means(values) for name, values in found.items()},
        "delay_weeks_15_voices": {
            name: {event: {"causes": len(weeks), "within_one_week": _mean([w <= 1 for w in weeks]),
                           "median": float(np.median(weeks))}
                   for event, weeks in events.items()}
            for name, events in late.items()
        },
        "flags": {rule: _means(values) for rule, values in alarms.items()},
        "cpu_seconds": {name: round(seconds) for name, seconds in cpu.items()},
    }  # fmt: skip


def _means(values: list[dict[str, float]]) -> dict[str, float]:
    return {key: _mean([one[key] for one in values]) for key in values[0]}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["numbers", "identity", "size", "years"])
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--app", default="Gmail")
    parser.add_argument("--bertopic", action="store_true")
    parser.add_argument("--person", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.part in {"identity", "years"} and given.data is None:
        parser.error("--data is missing: the folder of the development data")
    started = time.perf_counter()
    results: object
    if given.part == "numbers":
        results = [numbers(given.runs or 100, noise, given.seed) for noise in (0.02, 0.1, 0.3)]
    elif given.part == "identity":
        results = identity(given.data, given.runs or 5, given.seed, rivals=given.bertopic,
                           person=given.person)  # fmt: skip
    elif given.part == "size":
        from weeks_identity import temporary
        from weeks_scale import measure

        results = measure(temporary(), given.seed)
    else:
        from weeks_years import years

        source = given.data / "streams" / "app_reviews.csv.gz"
        results = years(source, given.work or Path("years"), given.app)
    record = {
        "command": "python scripts/bench_weeks.py " + " ".join(sys.argv[1:]),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "seconds": round(time.perf_counter() - started, 1),
        "results": results,
    }
    text = json.dumps(record, indent=2)
    if given.json:
        given.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
