"""Measure encoders: `python scripts/bench_encoder.py [FOLDER ...] --json docs/encoder.json`.

Rows: TF-IDF and LSA over the notes, the built-in encoder, and every folder given: a static
encoder that `train_encoder.py` wrote or a sentence-transformers model. Columns are described
in docs/encoder.md. The dstc11 sets and stackoverflow are in no training; the cause notes of
`HELD_OUT_NOTES` only in one run with `--all-notes`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array, vstack
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, normalized_mutual_info_score

from encoder_data import HELD_OUT_INTENTS, HELD_OUT_NOTES, VAGUE_AREAS, read_notes, rows, tab_rows
from rootcause.bundled import bundled
from rootcause.encode import load_encoder
from rootcause.text import normalise

log = logging.getLogger("bench_encoder")

Encode = Callable[[Sequence[str]], np.ndarray]
NEIGHBOURS, SHOTS, DRAWS, LARGEST = 5, 8, 10, 2_000
VAGUE_CAUSES = {"GENERAL", "OTHER", "-", ""}
SPEED_TEXTS = 20_000


def neighbour_precision(vectors: np.ndarray, names: Sequence[str]) -> float:
    """Return the share of each row's nearest rows that bear its name, on average."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :NEIGHBOURS]
    found = np.asarray(names)
    return float((found[nearest] == found[:, None]).mean())


def few_shot(vectors: np.ndarray, names: Sequence[str]) -> float:
    """Return the accuracy of logistic regression on a few examples per name, over draws."""
    found = np.asarray(names)
    scores = []
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        kinds = [name for name in np.unique(found) if (found == name).sum() > SHOTS]
        train = np.concatenate(
            [random.permutation(np.flatnonzero(found == name))[:SHOTS] for name in kinds]
        )
        test = np.setdiff1d(np.flatnonzero(np.isin(found, kinds)), train)
        model = LogisticRegression(C=10, max_iter=300).fit(vectors[train], found[train])
        scores.append(float((model.predict(vectors[test]) == found[test]).mean()))
    return float(np.mean(scores))


def clusters(vectors: np.ndarray, names: Sequence[str]) -> tuple[float, float]:
    """Return NMI and best-matching accuracy of k-means, k given, over five starts."""
    kinds, codes = np.unique(names, return_inverse=True)
    scores = []
    for seed in range(5):
        found = KMeans(len(kinds), n_init=1, random_state=seed).fit_predict(vectors)
        table = np.zeros((len(kinds), len(kinds)))
        np.add.at(table, (found, codes), 1)
        row, column = linear_sum_assignment(-table)
        accuracy = table[row, column].sum() / len(codes)
        scores.append((normalized_mutual_info_score(codes, found), accuracy))
    nmi, accuracy = np.mean(scores, axis=0)
    return float(nmi), float(accuracy)


def compact(encode: Encode, texts: Sequence[str]) -> np.ndarray | csr_array:
    """Return the vectors, sparse if there are many columns (TF-IDF)."""
    parts = [encode(texts[i : i + LARGEST]) for i in range(0, len(texts), LARGEST)]
    return vstack([csr_array(p) for p in parts]) if parts[0].shape[1] > 5_000 else np.vstack(parts)


def measure(encode: Encode, data: Path) -> dict[str, float]:
    """Return every quality column for one encoder."""
    out: dict[str, float] = {}
    united = [
        row
        for row in rows(data / "labeled" / "united_dev.csv")
        if row["complaint"] == row["agreed"] == "1" and row["cause"] not in VAGUE_CAUSES
    ]
    vectors = encode([row["text"] for row in united])
    out["united cause p@5"] = neighbour_precision(vectors, [row["cause"] for row in united])

    notes = read_notes(data)
    scores = []
    for source in HELD_OUT_NOTES:
        held = [n for n in notes if n.source == source and n.area not in VAGUE_AREAS]
        scores.append(neighbour_precision(encode([n.text for n in held]), [n.area for n in held]))
    out["area p@5"] = float(np.mean(scores))

    intents: dict[str, list[tuple[str, str]]] = {}
    for source, intent, text in tab_rows(data / "encoder" / "intents.tsv.gz"):
        if source in HELD_OUT_INTENTS:
            intents.setdefault(source, []).append((text, intent))
    for source in HELD_OUT_INTENTS:
        items = intents[source]
        if len(items) > LARGEST:
            chosen = np.random.default_rng(0).permutation(len(items))[:LARGEST]
            items = [items[i] for i in chosen]
        short = source.replace("dstc11_", "").replace("test-", "")
        vectors, names = encode([text for text, _ in items]), [name for _, name in items]
        out[f"8-shot {short}"] = few_shot(vectors, names)
        out[f"NMI {short}"], out[f"accuracy {short}"] = clusters(vectors, names)

    train = [n for n in notes if n.source not in HELD_OUT_NOTES]
    head = LogisticRegression(C=10, max_iter=100, class_weight="balanced")
    head.fit(compact(encode, [n.text for n in train]), [n.label for n in train])
    for name in ("brands_dev", "united_dev"):
        test = list(rows(data / "labeled" / f"{name}.csv"))
        predicted = head.predict(compact(encode, [row["text"] for row in test]))
        out[f"label F1 {name}"] = float(
            f1_score([row["label"] for row in test], predicted, average="macro")
        )
    return out


def cost(name: str, texts: Path) -> dict[str, float]:
    """Return size, load time and texts per second, each measured in a process of its own."""
    code = (
        "import gzip, json, sys, time; from rootcause.encode import load_encoder;"
        "lines = gzip.open(sys.argv[2], 'rt').read().split('\\n')[:int(sys.argv[3])];"
        "a = time.perf_counter(); e = load_encoder(sys.argv[1]); b = time.perf_counter();"
        "e.encode(lines[:500]); c = time.perf_counter(); e.encode(lines);"
        "print(json.dumps([b - a, len(lines) / (time.perf_counter() - c), e.dimension]))"
    )
    out: dict[str, float] = {}
    for cores in (1, 2):
        setting = {"OMP_NUM_THREADS": str(cores), "OPENBLAS_NUM_THREADS": str(cores)}
        setting |= {"RAYON_NUM_THREADS": str(cores)}
        only = ["taskset", "-c", ",".join(map(str, range(cores)))]
        command = [*only, sys.executable, "-c", code, name, str(texts), str(SPEED_TEXTS)]
        answer = subprocess.run(
            command, env=os.environ | setting, check=True, capture_output=True, text=True
        )
        load, speed, dimension = json.loads(answer.stdout)
        out[f"texts/s {cores} core"] = round(speed)
    folder = bundled("models/encoder") if name == "builtin" else Path(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return out | {"load s": load, "MB": size / 1e6, "dimension": dimension}


def words(data: Path) -> dict[str, Encode]:
    """Return the TF-IDF and LSA encoders, fitted on the notes."""
    texts = [normalise(n.text) for n in read_notes(data) if n.source not in HELD_OUT_NOTES]
    tfidf = TfidfVectorizer(min_df=2, sublinear_tf=True, max_features=20_000, dtype=np.float32).fit(
        texts
    )
    svd = TruncatedSVD(256, random_state=0).fit(tfidf.transform(texts))

    def plain(texts: Sequence[str]) -> np.ndarray:
        return tfidf.transform([normalise(t) for t in texts]).toarray().astype(np.float32)

    def reduced(texts: Sequence[str]) -> np.ndarray:
        found = svd.transform(tfidf.transform([normalise(t) for t in texts]))
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)

    return {"TF-IDF": plain, "LSA 256": reduced}


def main() -> None:
    """Measure every encoder and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", help="static or sentence-transformers folders")
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-words", action="store_true", help="leave out TF-IDF and LSA")
    options = parser.parse_args()

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    table: dict[str, dict[str, float]] = {}
    for name, encode in ({} if options.no_words else words(options.data)).items():
        table[name] = measure(encode, options.data)
        log.info("%s measured", name)
    for name in ["builtin", *options.folders]:
        encoder = load_encoder(name)
        texts = options.data / "encoder" / "texts.txt.gz"
        label = "builtin" if name == "builtin" else Path(name).name
        table[label] = measure(encoder.encode, options.data) | cost(name, texts)
        log.info("%s measured", label)

    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    print("| |" + "|".join(table) + "|\n|---|" + "---|" * len(table))
    for column in columns:
        values = [row.get(column) for row in table.values()]
        shown = ["" if v is None else f"{v:,.0f}" if v >= 100 else f"{v:.3f}" for v in values]
        print(f"|{column}|" + "|".join(shown) + "|")
    if options.json:
        record = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "hardware": f"{platform.machine()}, {os.cpu_count()} cores",
            "table": table,
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
