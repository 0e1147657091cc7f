"""Who keeps a cause's name: rootcause and its rivals on simulated weeks of real text."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from rootcause.cluster import cluster_vectors, collapse, is_unspecified, represent
from rootcause.encode import load_encoder
from rootcause.naming import Name
from rootcause.pools import COMPLAINT, QUESTION, Apart, Kind, Pool, empty_pool, join
from rootcause.records import Week
from rootcause.register import Register, WeekFacts
from rootcause.track import POOLED_WEEKS, Settings, Tracker
from weeks_data import FIRST, SILENT, WEEKS, World

START = Week(2026, 1)
LEAST = 5  # voices under which nobody can be asked to name a cause
Homes = dict[int, str]  # row of the world -> cause id


@dataclass(kw_only=True)
class Weekly:
    """What is given to every rival: the rows of each week, and vectors of all rows."""

    world: World
    vectors: np.ndarray
    weeks: list[np.ndarray]  # rows that can carry a cause
    apart: list[list[tuple[int, int | None]]]  # (row, row it copies or None = names no cause)


def prepare(world: World) -> Weekly:
    """Return a world's weeks as rootcause prepares them: copies collapsed, empty talk apart."""
    texts = [text for *_, text in world.rows]
    encoded = load_encoder("builtin").encode(texts)
    vectors = represent(texts, encoded)
    week_of = np.array([row[0] for row in world.rows])
    weeks, apart = [], []
    for week in range(WEEKS):
        rows = np.flatnonzero(week_of == week)
        roots = rows[collapse([texts[i] for i in rows])]
        first = rows[roots == rows]
        vague = is_unspecified([texts[i] for i in first], encoded[first])
        weeks.append(first[~vague])
        copies = [(int(i), int(root)) for i, root in zip(rows, roots, strict=True) if root != i]
        apart.append([*((int(i), None) for i in first[vague]), *copies])
    return Weekly(world=world, vectors=vectors, weeks=weeks, apart=apart)


def pool_of(given: Weekly, week: int) -> Pool:
    """Return a week as a pool."""
    rows = given.weeks[week]
    return Pool(
        ids=[f"m{i:06d}" for i in rows],
        weeks=[str(START.shift(week))] * len(rows),
        texts=[given.world.rows[i][3] for i in rows],
        vectors=given.vectors[rows],
        voices=rows.astype(np.int64),
        days=[given.world.rows[i][1] for i in rows],
        channels=["x"] * len(rows),
        areas=["general"] * len(rows),
        known=[None] * len(rows),
    )


def unnamed(texts, labels, vectors, taken, kind) -> list[Name]:
    """Return names as quickly as possible: they are not measured here."""
    numbers = range(int(labels.max()) + 1)
    return [
        Name(title=f"{len(taken)} {n}", source="words", fit=0.0, key_phrases=(), central=None,
             typical=None, sharpest=None)
        for n in numbers
    ]  # fmt: skip


def track(given: Weekly, path: Path, on_week: Callable[[Register, int], None] | None = None):
    """Return what rootcause says each week: {row: cause id}, as the report of that week shows."""
    told: list[Homes] = []
    residue: dict[str, Pool] = {}
    width = given.vectors.shape[1]
    with Register.open(path, create=True) as register:
        register.bind(encoder_name="builtin", encoder_hash="h", dimension=width, timezone="UTC",
                      where="", min_voices=5)  # fmt: skip
        for number in range(WEEKS):
            week = START.shift(number)
            pool = pool_of(given, number)
            apart = tuple(
                Apart(mention_id=f"m{i:06d}", copy_of=None if of is None else f"m{of:06d}",
                      voice=i, day=given.world.rows[i][1], channel="x")
                for i, of in given.apart[number]
            )  # fmt: skip
            total = len(pool) + len(apart)
            kinds = [
                Kind(kind=COMPLAINT, pool=pool, apart=apart, mentions=total, voices=total),
                Kind(kind=QUESTION, pool=empty_pool(width), apart=(), mentions=0, voices=0),
            ]
            with register.transaction():
                trail = {COMPLAINT: _trail(register, residue, week, width),
                         QUESTION: empty_pool(width)}  # fmt: skip
                tracked = Tracker(register, week, Settings(), unnamed, str).run(kinds, trail)
                facts = WeekFacts(
                    week=week, run_id="r", mentions=total, complaints=total,
                    complaint_voices=total, question_voices=0, isolated=tracked.isolated,
                    unspecified=tracked.unspecified, duplicates=tracked.duplicates, model_id="m",
                )  # fmt: skip
                register.write_week(facts, tracked.assignments, tracked.edges)
            residue[str(week)] = pool
            rows = register.assignments(week, upto=week)
            told.append({int(row.mention_id[1:]): row.cause_id for row in rows if row.cause_id})
            if on_week is not None:
                on_week(register, number)
    return told


def _trail(register: Register, pools: dict[str, Pool], week: Week, width: int) -> Pool:
    parts = []
    for back in range(POOLED_WEEKS - 1, 0, -1):
        earlier = week.shift(-back)
        pool = pools.get(str(earlier))
        if pool is None:
            continue
        rows = register.assignments(earlier, upto=week.shift(-1))
        alone = {row.mention_id for row in rows if row.kind == "isolated"}
        parts.append(pool.take([i for i, one in enumerate(pool.ids) if one in alone]))
    return join(parts, width)


def hungarian(given: Weekly, alike: float = 0.5) -> list[Homes]:
    """Cluster each week anew; clusters continue the ids whose last centres they resemble most."""
    centres: dict[str, np.ndarray] = {}
    told = []
    mean = given.vectors.mean(axis=0)
    for rows in given.weeks:
        groups = cluster_vectors(given.vectors[rows], voices=rows, resamples=0)
        mine = []
        for g in range(len(groups)):
            middle = (given.vectors[rows[groups.labels == g]] - mean).mean(axis=0)
            mine.append(middle / max(float(np.linalg.norm(middle)), 1e-9))
        names = list(centres)
        given_names: dict[int, str] = {}
        if mine and names:
            near = np.stack(mine) @ np.stack([centres[n] for n in names]).T
            for g, n in zip(*linear_sum_assignment(-near), strict=True):
                if near[g, n] >= alike:
                    given_names[int(g)] = names[n]
        for g, middle in enumerate(mine):
            name = given_names.setdefault(g, f"H{len(centres)}")
            centres[name] = middle
        told.append({int(i): given_names[int(g)]
                     for i, g in zip(rows, groups.labels, strict=True) if g >= 0})  # fmt: skip
    return told


def merged_models(given: Weekly, alike: float = 0.7) -> list[Homes]:
    """BERTopic as its guide says: a model a week, merged into the one so far."""
    from bertopic import BERTopic
    from umap import UMAP

    told = []
    sofar = None
    for rows in given.weeks:
        texts = [given.world.rows[i][3] for i in rows]
        reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine",
                      random_state=0)  # fmt: skip
        model = BERTopic(umap_model=reduce, min_topic_size=5)
        model.fit(texts, given.vectors[rows])
        sofar = model if sofar is None else BERTopic.merge_models([sofar, model],
                                                                  min_similarity=alike)  # fmt: skip
        topics = sofar.topics_[-len(rows) :]
        told.append({int(i): f"B{t}" for i, t in zip(rows, topics, strict=True) if t >= 0})
    return told


def judge(world: World, told: list[Homes]) -> dict[str, float]:
    """Return how well the ids follow the true causes.

    A cause-week is a week in which a cause has `LEAST` voices or more; it is judged by those whose
    text was never dealt before (two at least), since exemplars recognise a text they hold. It is
    *named* where an id holds a third of its mentions. *Kept*: the id is the one that the cause has
    in most of its weeks. *Own*: besides, no other cause has a better claim to it (ids and causes
    paired one to one). Of two causes that part or join, the other's id is right too.
    """
    golds = sorted(world.rates)
    names, held = names_of(world, told)
    usual = {
        gold: Counter(name for (one, _), name in names.items() if one == gold and name)
        for gold in golds
    }
    main = {gold: min(c, key=lambda one: (-c[one], one), default="") for gold, c in usual.items()}
    own = _pair(golds, names)
    named = [key for key, name in names.items() if name]
    kept, mine = [], []
    for gold, week in named:
        kin = world.relative(gold)
        kept.append(names[gold, week] in {main[gold], main.get(kin, "")})
        mine.append(names[gold, week] in {own.get(gold), own.get(kin)})
    switches = []
    for gold in golds:
        line = [names[gold, week] for week in range(WEEKS) if names.get((gold, week))]
        switches.append(sum(a != b for a, b in pairwise(line)))
    pure = [_purity(world, told[week], week) for week in range(FIRST, WEEKS)]
    return {
        "cause_weeks": len(names),
        "named": len(named) / len(names),
        "kept": float(np.mean(kept or [0])),
        "own": float(np.mean(mine or [0])),
        "switches_per_cause": float(np.mean(switches)),
        "mentions_in_the_name": float(np.mean([held[key] for key in named] or [0])),
        "purity": float(np.mean(pure)),
        "strangers_taken_in": _strangers(world, told),
        "ids_per_cause": len({i for homes in told for i in homes.values()}) / len(golds),
    }


Names = dict[tuple[str, int], str]


def names_of(world: World, told: list[Homes]) -> tuple[Names, dict[tuple[str, int], float]]:
    """Return the name of each cause-week, "" for none, and the share of mentions it holds."""
    true: dict[tuple[str, int], list[int]] = {}
    for row, (week, _, gold, _) in enumerate(world.rows):
        if gold:
            true.setdefault((gold, week), []).append(row)
    names: Names = {}
    held: dict[tuple[str, int], float] = {}
    for (gold, week), rows in true.items():
        fresh = [row for row in rows if row not in world.again]
        if len(rows) < LEAST or len(fresh) < 2:
            continue
        ids = Counter(told[week][row] for row in fresh if row in told[week])
        best = min(ids, key=lambda one: (-ids[one], one), default="")
        held[gold, week] = ids[best] / len(fresh) if best else 0.0
        names[gold, week] = best if 3 * held[gold, week] >= 1 else ""
    return names, held


def _pair(golds: list[str], names: dict[tuple[str, int], str]) -> dict[str, str]:
    ids = sorted({name for name in names.values() if name})
    if not ids:
        return {}
    table = np.zeros((len(golds), len(ids)))
    for (gold, _), name in names.items():
        if name:
            table[golds.index(gold), ids.index(name)] += 1
    return {golds[g]: ids[i] for g, i in zip(*linear_sum_assignment(-table), strict=True)
            if table[g, i]}  # fmt: skip


def _purity(world: World, homes: Homes, week: int) -> float:
    groups: dict[str, Counter[str]] = {}
    for row, name in homes.items():
        groups.setdefault(name, Counter())[world.rows[row][2]] += 1
    total = sum(c.total() for c in groups.values())
    return sum(max(n for g, n in c.items()) for c in groups.values()) / max(total, 1)


def _strangers(world: World, told: list[Homes]) -> float:
    """Return the share of what belongs to no cause that was put into one."""
    rows = [(week, row) for row, (week, _, gold, _) in enumerate(world.rows)
            if not gold and week >= FIRST]  # fmt: skip
    return float(np.mean([row in told[week] for week, row in rows]))


def delays(world: World, told: list[Homes], least: float = 15) -> dict[str, list[int]]:
    """Return weeks until a birth or return of `least` voices or more a week was named, 99 never."""
    rows_of: dict[tuple[str, int], list[int]] = {}
    for row, (week, _, gold, _) in enumerate(world.rows):
        rows_of.setdefault((gold, week), []).append(row)
    found: dict[str, list[int]] = {}
    for name, when in (("births", world.born), ("returns", world.back)):
        for gold, first in when.items():
            if world.rates[gold][first] < least:
                continue
            before = _name_of(
                rows_of, told, gold, range(max(0, first - SILENT - 6), first - SILENT)
            )
            late = 99
            for week in range(first, WEEKS):
                seen = _name_of(rows_of, told, gold, [week])
                if seen and (name == "births" or seen == before):
                    late = week - first
                    break
            found.setdefault(name, []).append(late)
    return found


def _name_of(rows_of, told, gold, weeks) -> str:
    rows = [(week, row) for week in weeks for row in rows_of.get((gold, week), [])]
    ids = Counter(told[week][row] for week, row in rows if row in told[week])
    best = min(ids, key=lambda one: (-ids[one], one), default="")
    return best if best and 3 * ids[best] >= len(rows) else ""


def temporary() -> Path:
    """Return a path for a register that is thrown away."""
    return Path(tempfile.mkdtemp()) / "r.db"
