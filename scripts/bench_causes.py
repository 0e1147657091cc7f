"""How well causes are found: one table, the same complaints and vectors for every row.

    scripts/bench_causes.py ../shared/datasets [--encoder FOLDER] [--lens FOLDER] [--only united]

What the shipped encoder and lens have read is in their cards: none of the texts of united_dev,
of the three sources of cause_notes or of the demo; the encoder has read finance_complaints.
BERTopic rows need `pip install bertopic umap-learn`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import v_measure_score

from cause_data import Collection, b_cubed, found, load
from rootcause import lens as lens_module
from rootcause.cluster import cluster_vectors, collapse, is_unspecified, represent
from rootcause.encode import load_encoder
from rootcause.match import match_pool

MAIN = Path(__file__).resolve().parents[1]
Answer = tuple[np.ndarray, np.ndarray]  # labels (-1 isolated), unspecified


def product(c: Collection, encoded: np.ndarray, lens: lens_module.Lens) -> Answer:
    """Return what the product finds on its own."""
    originals = collapse(c.texts)
    vague = is_unspecified(c.texts, lens=lens)
    rows = np.flatnonzero((originals == np.arange(len(c.texts))) & ~vague)
    space = represent([c.texts[i] for i in rows], encoded[rows], lens=lens)
    labels = np.full(len(c.texts), -1)
    labels[rows] = cluster_vectors(space, resamples=0).labels
    return labels[originals], vague[originals] & (labels[originals] < 0)


def with_known(c: Collection, encoded: np.ndarray, lens: lens_module.Lens) -> Answer:
    """Return what it finds when every second cause is known by half of its mentions.

    Mentions that taught a cause are left to it; the others are matched, the residue clustered.
    """
    space = represent(c.texts, encoded, lens=lens)
    gold = c.one
    names, sizes = np.unique(gold, return_counts=True)
    ranked = [
        n
        for n in names[np.lexsort((names, -sizes))]
        if n not in c.vague and (gold == n).sum() >= 10
    ]
    rng = np.random.default_rng(0)
    taught = np.full(len(gold), -1)
    for k, name in enumerate(ranked[::2]):
        rows = np.flatnonzero(gold == name)
        taught[rng.choice(rows, len(rows) // 2, replace=False)] = k
    free = np.flatnonzero(taught < 0)
    known = [space[taught == k] for k in range(len(ranked[::2]))]
    index = np.full(len(gold), -1)
    index[free] = match_pool(space[free], known)[0]
    labels = index
    vague = is_unspecified(c.texts, lens=lens) & (labels < 0) & (taught < 0)
    rest = np.flatnonzero((labels < 0) & (taught < 0) & ~vague)
    groups = cluster_vectors(space[rest], resamples=0).labels
    labels[rest] = np.where(groups < 0, -1, groups + len(known))
    labels[taught >= 0] = -2
    return labels, vague


def k_means(c: Collection, space: np.ndarray) -> Answer:
    """Return k-means with as many groups as there are gold causes."""
    from sklearn.cluster import KMeans

    k = len({cause for causes in c.gold for cause in causes})
    return KMeans(k, n_init=3, random_state=0).fit_predict(space), np.zeros(len(space), bool)


def hdbscan_alone(c: Collection, space: np.ndarray) -> Answer:
    """Return HDBSCAN with a minimum size of five."""
    import hdbscan

    labels = hdbscan.HDBSCAN(min_cluster_size=5, core_dist_n_jobs=1).fit_predict(
        space.astype(np.float64)
    )
    return labels, np.zeros(len(space), bool)


def bertopic(c: Collection, space: np.ndarray) -> Answer:
    """Return BERTopic with its defaults, UMAP's seed fixed."""
    from bertopic import BERTopic
    from umap import UMAP

    reduce = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
    topics, _ = BERTopic(umap_model=reduce).fit_transform(c.texts, space)
    return np.array(topics), np.zeros(len(space), bool)


def tf_idf(texts: list[str]) -> np.ndarray:
    """Return TF-IDF + SVD vectors of 100 dimensions."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english").fit_transform(texts)
    space = TruncatedSVD(min(100, counts.shape[1] - 1), random_state=0).fit_transform(counts)
    return space / np.maximum(np.linalg.norm(space, axis=1, keepdims=True), 1e-9)


def judge(c: Collection, answer: Answer, seconds: float) -> dict[str, float]:
    """Return the measures of one answer; rows labelled -2 taught a cause and are not judged."""
    labels, vague = answer
    kept = np.flatnonzero(labels != -2)
    gold = [c.gold[i] for i in kept]
    labels, vague = labels[kept], vague[kept]
    held = [frozenset([int(k)]) if k >= 0 else frozenset() for k in labels]
    top = int(labels.max(initial=-1)) + 1
    # What is set apart as unspecified is one group of its own for B-cubed, and no cause found.
    apart = [frozenset([top]) if v else h for h, v in zip(held, vague, strict=True)]
    p, r, f = b_cubed(gold, apart)
    inside = [i for i, h in enumerate(held) if h]
    fc = b_cubed([gold[i] for i in inside], [held[i] for i in inside])[2] if inside else 0.0
    share, causes, parts = found(gold, held, c.vague)
    singles = np.where(labels < 0, np.arange(len(labels)) + top, labels)
    singles[vague] = -1
    return {
        "P": p, "R": r, "F1": f, "F1 clustered": fc,
        "V": v_measure_score([min(g) for g in gold], singles),
        "found": share, "causes": causes, "per cause": parts, "clusters": top,
        "isolated": float(np.mean((labels < 0) & ~vague)), "unspecified": float(vague.mean()),
        "seconds": seconds, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def shuffled(c: Collection, run: Callable[[Collection, np.ndarray], Answer], x: np.ndarray) -> str:
    """Return whether another row order gives the same partition."""
    order = np.random.default_rng(1).permutation(len(c.texts))
    other = Collection(
        name=c.name,
        texts=[c.texts[i] for i in order],
        gold=[c.gold[i] for i in order],
        vague=c.vague,
    )
    a, b = run(c, x)[0][order], run(other, x[order])[0]
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    return "yes" if len(pairs) == len({p for p, _ in pairs}) == len({q for _, q in pairs}) else "no"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--lens", type=Path)
    parser.add_argument("--encoder", default="builtin")
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true", help="the product's rows only")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    lens = lens_module.load_lens(given.lens)
    encoder = load_encoder(given.encoder)
    rows: dict[str, tuple[str, Callable[[Collection, np.ndarray], Answer]]] = {
        "rootcause": ("encoder", lambda c, x: product(c, x, lens)),
        "rootcause, half known": ("encoder", lambda c, x: with_known(c, x, lens)),
    }
    if not given.quick:
        rows |= {
            "HDBSCAN alone": ("encoder", hdbscan_alone),
            "k-means, true k": ("encoder", k_means),
            "BERTopic": ("encoder", bertopic),
            "BERTopic on TF-IDF + SVD": ("tf-idf", bertopic),
            "k-means on our vectors": ("lens", k_means),
            "BERTopic on our vectors": ("lens", bertopic),
        }
    results = []
    shown = ("P", "R", "F1", "F1 clustered", "V", "found", "per cause", "clusters", "isolated",
             "unspecified", "seconds", "MB")  # fmt: skip
    print("| data | row | " + " | ".join(shown) + " | any order |")
    print("|---|---|" + "---|" * (len(shown) + 1))
    for c in load(given.data, MAIN):
        if given.only not in c.name:
            continue
        spaces = {"encoder": encoder.encode(c.texts)}
        spaces["lens"] = represent(c.texts, spaces["encoder"], lens=lens)
        spaces["tf-idf"] = tf_idf(c.texts)
        for name, (kind, run) in rows.items():
            began = time.monotonic()
            answer = run(c, spaces[kind])
            measures = judge(c, answer, time.monotonic() - began)
            same = shuffled(c, run, spaces[kind]) if "half" not in name else "-"
            results.append({"data": c.name, "row": name, "any order": same, **measures})
            cells = [
                f"{measures[k]:.0f}" if k in ("clusters", "MB") else f"{measures[k]:.2f}"
                for k in shown
            ]
            print(
                f"| {c.name} ({len(c.texts)}, {measures['causes']}) | {name} | "
                + " | ".join(cells)
                + f" | {same} |",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
