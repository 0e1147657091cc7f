"""What is lost when causes are sought in a sample and the rest of the complaints joins them.

    scripts/bench_sampling.py [../shared/datasets] [--rows 8000] [--draws 2] [--json FILE]

Complaints are clustered whole, then with samples of them (the product samples from 6,000 on), the
rest joining its neighbours' groups along `AXES` principal axes of the sample, or all of them. Each
row of the table is compared with the whole clustering: B-cubed F1 and adjusted Rand index, isolated
complaints being groups of one. Where causes are known, *found* is the share of those with ten or
more complaints for which a cluster is at least half the cause and holds at least 30 % of it. Two
samples beside each other (`sample / sample`) differ by chance alone.

Without the folder only the demo's ten weeks are measured.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cause_data import RECURRING, Collection, demo, load
from rootcause.cluster import cluster_vectors, collapse, is_unspecified, represent, sampling, tree
from rootcause.encode import load_encoder

MAIN = Path(__file__).resolve().parents[1]
ALL_AXES = 100_000
HEAD = ("data", "rows", "sample", "axes", "groups", "isolated", "found", "F1", "like the whole: F1",
        "Rand", "CPU s")  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """Rows in the sample, and axes along which the others are compared."""

    sample: int
    axes: int = sampling.AXES
    wide: int = 2_000


def reviews(data: Path, rows: int) -> Collection:
    """Return app reviews of one to three stars; nobody knows their causes."""
    path = data / "streams" / "app_reviews.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        bad = [r for r in csv.DictReader(stream) if int(float(r["rating"])) <= 3]
    chosen = random.Random(0).sample(bad, min(rows, len(bad)))
    texts = [f"{r['title']}. {r['content']}" for r in chosen]
    return Collection(name="app reviews", texts=texts, gold=[], vague=frozenset())


def pooled(data: Path, rows: int, united: Collection) -> Collection:
    """Return united_dev by cause and the notes of all sources by area, as one pool.

    The lens has read most of the notes: compare rows of the table with each other only.
    """
    with (data / "labeled" / "cause_notes.csv").open(encoding="utf-8", newline="") as stream:
        notes = [r for r in csv.DictReader(stream) if r["complaint"] == "1" and r["area"] != "-"]
    notes = random.Random(0).sample(notes, min(rows - len(united.texts), len(notes)))
    return Collection(
        name="united_dev + notes",
        texts=[*united.texts, *(r["text"] for r in notes)],
        gold=[*united.gold, *(frozenset({r["area"]}) for r in notes)],
        vague=united.vague | {"general", "other"},
    )


def b_cubed(one: np.ndarray, other: np.ndarray) -> float:
    """Return the B-cubed F1 of two partitions; -1 is a group of its own."""
    one, other = alone(one), alone(other)
    both = Counter(zip(one.tolist(), other.tolist(), strict=True))
    sizes = Counter(one.tolist()), Counter(other.tolist())
    recall = sum(n * n / sizes[0][a] for (a, _), n in both.items()) / len(one)
    precision = sum(n * n / sizes[1][b] for (_, b), n in both.items()) / len(one)
    return 2 * precision * recall / (precision + recall)


def alone(labels: np.ndarray) -> np.ndarray:
    """Return labels in which each row of no group has one of its own."""
    out = labels.copy()
    inside = labels < 0
    out[inside] = labels.max() + 1 + np.arange(inside.sum())
    return out


def found(gold: np.ndarray, labels: np.ndarray, vague: frozenset[str]) -> float:
    """Return the share of recurring causes that a cluster stands for."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    hits = []
    for cause in sorted(set(gold.tolist()) - vague):
        rows = labels[gold == cause]
        if len(rows) >= RECURRING:
            inside = np.bincount(rows[rows >= 0], minlength=len(sizes))
            hits.append(bool(((2 * inside >= sizes) & (inside >= 0.3 * len(rows))).any()))
    return float(np.mean(hits))


def grouped(space: np.ndarray, setting: Setting, seed: int) -> tuple[np.ndarray, float]:
    """Return the labels under a setting, and the processor time."""
    sampling.SAMPLE, sampling.AXES, tree._WIDE = setting.sample, setting.axes, setting.wide
    start = time.process_time()
    labels = cluster_vectors(space, resamples=0, seed=seed).labels
    return labels, time.process_time() - start


def measure(c: Collection, draws: int) -> list[dict[str, object]]:
    """Return the table's rows for one collection."""
    from sklearn.metrics import adjusted_rand_score

    originals = collapse(c.texts)
    rows = np.flatnonzero((originals == np.arange(len(c.texts))) & ~is_unspecified(c.texts))
    texts = [c.texts[i] for i in rows]
    gold = c.one[rows] if c.gold else None
    space = represent(texts, load_encoder().encode(texts))
    count = len(rows)
    whole = Setting(count)
    settings = [whole]
    if 2_000 < count <= 6_000:  # what the largest values are sought by must not matter
        settings.append(Setting(count, wide=ALL_AXES))
    for sample in sorted({min(6_000, 3 * count // 4), count // 2, count // 8}, reverse=True):
        settings += [Setting(sample), Setting(sample, axes=ALL_AXES)]
    table = []
    first: dict[int, np.ndarray] = {}
    for setting in settings:
        sampled = setting.sample < count
        runs = [grouped(space, setting, seed) for seed in range(draws if sampled else 1)]
        if setting is whole:
            reference = runs[0][0]
        labels = [labels for labels, _ in runs]
        first.setdefault(setting.sample, labels[0])
        line = {
            "data": c.name,
            "rows": count,
            "sample": setting.sample if sampled else "whole",
            "axes": setting.axes if sampled and setting.axes < ALL_AXES else "all",
            "groups": np.mean([run.max() + 1 for run in labels]),
            "isolated": np.mean([(run < 0).mean() for run in labels]),
            "found": "" if gold is None else np.mean([found(gold, x, c.vague) for x in labels]),
            "F1": "" if gold is None else np.mean(
                [b_cubed(np.unique(gold, return_inverse=True)[1], x) for x in labels]
            ),
            "like the whole: F1": np.mean([b_cubed(reference, x) for x in labels]),
            "Rand": np.mean([adjusted_rand_score(alone(reference), alone(x)) for x in labels]),
            "CPU s": np.mean([took for _, took in runs]),
        }  # fmt: skip
        table.append(line)
        show(line)
        if sampled and setting.axes < ALL_AXES and draws > 1:
            pair = {"data": c.name, "rows": count, "sample": "sample / sample"}
            pair["like the whole: F1"] = b_cubed(labels[0], labels[1])
            pair["Rand"] = adjusted_rand_score(alone(labels[0]), alone(labels[1]))
            table.append(pair)
            show(pair)
    return table


def show(line: dict[str, object]) -> None:
    """Print a row of the table."""
    shown = []
    for name in HEAD:
        value = line.get(name, "")
        if isinstance(value, float):
            shown.append(f"{value:.0f}" if name in ("groups", "CPU s") else f"{value:.2f}")
        else:
            shown.append(str(value))
    print(f"| {' | '.join(shown)} |", flush=True)


def main() -> None:
    """Measure, print a table, keep the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=8_000)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="names of collections")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    weeks = sorted(path.name for path in (MAIN / "data" / "dumps").iterdir())
    collections = [demo(MAIN, "demo", weeks)]
    if given.data:
        known = {c.name: c for c in load(given.data, MAIN)}
        collections += [
            known["finance"],
            pooled(given.data, given.rows, known["united_dev"]),
            reviews(given.data, given.rows),
        ]
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    table = []
    for c in collections:
        if not given.only or c.name in given.only:
            table += measure(c, given.draws)
    if given.json:
        facts = {"date": datetime.now(UTC).date().isoformat(), "table": table}
        given.json.write_text(json.dumps(facts, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
