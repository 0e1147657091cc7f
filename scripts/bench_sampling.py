"""What is lost when causes are sought in a sample and the rest of the complaints joins them.

    python scripts/bench_sampling.py [--draws 5] [--json FILE]

Complaints of the demo's ten weeks, whose causes are known, are clustered whole, then with samples
of a half down to a sixteenth of them (the product samples from 6,000 complaints on). Found: a
cluster of which at least half is the cause, holding at least 30 % of it.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cause_data import b_cubed, demo
from rootcause.cluster import cluster_vectors, collapse, is_unspecified, represent, sampling
from rootcause.encode import load_encoder

MAIN = Path(__file__).resolve().parents[1]
RATIOS = (1, 2, 4, 8, 16)
SIZES = ((5, 20), (20, 60), (60, 10_000))


def hits(gold: np.ndarray, labels: np.ndarray) -> dict[str, bool]:
    """Return for each cause of five or more rows whether a cluster stands for it."""
    out = {}
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    for cause in np.unique(gold):
        rows = labels[gold == cause]
        if len(rows) < SIZES[0][0] or cause == "VENT":
            continue
        inside = np.bincount(rows[rows >= 0], minlength=len(sizes))
        out[str(cause)] = bool(((2 * inside >= sizes) & (inside >= 0.3 * len(rows))).any())
    return out


def main() -> None:
    """Measure, print a table, keep the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    weeks = sorted(path.name for path in (MAIN / "data" / "dumps").iterdir())
    c = demo(MAIN, "demo", weeks)
    originals = collapse(c.texts)
    vague = is_unspecified(c.texts)
    rows = np.flatnonzero((originals == np.arange(len(c.texts))) & ~vague)
    texts = [c.texts[i] for i in rows]
    gold, held = c.one[rows], [c.gold[i] for i in rows]
    space = represent(texts, load_encoder().encode(texts))
    counts = {str(k): int((gold == k).sum()) for k in np.unique(gold)}
    table = []
    print(f"{len(rows):,} complaints")
    print(f"{'sampled':>8}{'found':>8}{'F1':>7}{'seconds':>9}   found by size of the cause")
    for ratio in RATIOS:
        sampling.SAMPLE = len(rows) // ratio
        found, f1, took = [], [], []
        for seed in range(given.draws if ratio > 1 else 1):
            start = time.process_time()
            labels = cluster_vectors(space, resamples=0, seed=seed).labels
            took.append(time.process_time() - start)
            found.append(hits(gold, labels))
            joined = [frozenset([int(k)]) if k >= 0 else frozenset() for k in labels]
            f1.append(b_cubed(held, joined)[2])
        by_size = {
            f"{low} to {high - 1}" if high < 10_000 else f"{low} or more": [
                hit[cause] for hit in found for cause in hit if low <= counts[cause] < high
            ]
            for low, high in SIZES
        }
        line = {
            "sampled": round(1 / ratio, 4),
            "rows": sampling.SAMPLE,
            "found": round(float(np.mean([list(hit.values()) for hit in found])), 3),
            "b_cubed_f1": round(float(np.mean(f1)), 3),
            "cpu_seconds": round(float(np.mean(took)), 1),
            "found_by_size": {k: round(float(np.mean(v)), 2) for k, v in by_size.items() if v},
        }
        table.append(line)
        shown = ", ".join(f"{k}: {v:.0%}" for k, v in line["found_by_size"].items())
        print(
            f"1/{ratio:<6}{line['found']:>8.0%}{line['b_cubed_f1']:>7.2f}"
            f"{line['cpu_seconds']:>9.1f}   {shown}"
        )
    if given.json:
        facts = {"date": datetime.now(UTC).date().isoformat(), "complaints": len(rows)}
        given.json.write_text(json.dumps(facts | {"table": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
