"""Measure the labels: the shipped model on unmet brands, the product's own training in folds.

    .venv/bin/python scripts/bench_labels.py [--data ../shared/datasets] [--json FILE] [--quick]

1. The shipped model on `brands_dev` and `united_dev` (rows whose two annotations agree).
2. Ten-fold on `complaints_2015` and `finance_complaints` (complaint or not) and on
   `airlines_sentiment` (three classes), with the product's own columns and penalties, beside words
   only and embedding only. Rows are only ever tested on by heads that have not seen their group;
   an encoder that has read none of these texts is made by
   `train_encoder.py -o bench-out/clean --without complaints_2015 finance_complaints
   airlines_sentiment` and given with `--encoder`. The table says whether it was.
3. How fast prediction is.
4. With `--train-rows 100000`: time and memory of `rootcause train` on so many rows (posts and
   reviews labeled by the shipped model: speed is what counts), in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from encoder_data import read_notes, rows
from rootcause.artifact import load_model
from rootcause.bundled import bundled
from rootcause.classify import fold_rows, group_rows
from rootcause.classify.card import table
from rootcause.classify.designs import BASELINES, FROM_ZERO, Design
from rootcause.classify.features import Read, Tokeniser, read
from rootcause.classify.linear import fit_head, one_hot
from rootcause.classify.scores import confusion, macro_f1
from rootcause.cluster import collapse
from rootcause.encode import load_encoder
from rootcause.evaluate import evaluate, f1_intervals
from rootcause.text import fingerprint
from teacher_data import posts

FOLDS = 10
# labeled sets measured in folds, and the column that is told
FOLD_SETS = {
    "complaints_2015": "complaint",
    "finance_complaints": "complaint",
    "airlines_sentiment": "airline_sentiment",
}


def shipped(data: Path, model_path: str) -> list[dict[str, Any]]:
    """Return what the shipped model reaches on the two sets it was never trained on."""
    model = load_model(model_path)
    found = []
    for name, agreed in (("brands_dev", "agreed"), ("united_dev", "label_agreed")):
        kept = [row for row in rows(data / "labeled" / f"{name}.csv") if row[agreed] == "1"]
        facts = evaluate(
            model,
            [row["text"] for row in kept],
            [row["label"] for row in kept],
            complaint=[row["complaint"] == "1" for row in kept],
        ).as_dict()
        found.append({"set": name, **facts})
    return found


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One labeled set, read once."""

    got: Read
    codes: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]
    width: int | None

    def ask(self, train: Any, test: Any, design: Design) -> Any:
        """Return the classes of `test` rows according to a head learnt from `train` rows."""
        mine, others = self._part(train), self._part(test)
        k = int(self.codes.max()) + 1
        names = tuple(map(str, range(k)))
        space = design.set_up(mine, self.width, classes=names).space
        head = fit_head(
            space.rows(mine.grams, mine.vectors, mine.cues),
            one_hot(self.codes[train], k),
            names,
            l2=design.l2,
        )
        return head.logits(space.rows(others.grams, others.vectors, others.cues)).argmax(axis=1)

    def choose(self, train: Any, designs: Sequence[Design]) -> Design:
        """Return the design that does best on one inner fold of the training rows."""
        inner = self.folds[train] == self.folds[train][0]
        k = int(self.codes.max()) + 1
        scores = [
            macro_f1(self.codes[train[inner]], self.ask(train[~inner], train[inner], design), k)
            for design in designs
        ]
        return designs[int(np.argmax(scores))]

    def _part(self, which: Any) -> Read:
        return replace(
            self.got,
            grams=self.got.grams.take(which),
            vectors=self.got.vectors[which],
            cues=self.got.cues[which],
        )


def left_out(encoder: str) -> list[str]:
    """Return what a static encoder's training left out, by its own word."""
    folder = bundled("models/encoder") if encoder == "builtin" else Path(encoder)
    config = folder / "config.json"
    if not config.exists():
        return []
    return list(json.loads(config.read_text(encoding="utf-8")).get("excluded", []))


def folds_on(
    data: Path, name: str, texts: Sequence[str], truth: Sequence[str], encoder: str
) -> dict[str, Any]:
    """Return macro-F1 of the product's head and of the baselines, ten-fold by group."""
    names = sorted(set(truth))
    codes = np.array([names.index(value) for value in truth], np.int64)
    tokeniser = Tokeniser(load_encoder(encoder))
    bench = Bench(
        got=read(tokeniser, texts),
        codes=codes,
        folds=fold_rows(group_rows(texts, collapse(texts)), codes, FOLDS),
        width=tokeniser.width,
    )
    tried = {
        "words and embedding": FROM_ZERO,
        "words only": BASELINES[:2],
        "embedding only": BASELINES[2:],
    }
    notes = {fingerprint(note.text) for note in read_notes(data)}
    out: dict[str, Any] = {
        "set": name,
        "rows": len(texts),
        "texts_also_in_cause_notes": sum(fingerprint(text) in notes for text in texts),
        "encoder_read_them": f"texts of {name}" not in left_out(encoder),
        "scores": {},
    }
    for label, designs in tried.items():
        best = np.zeros(len(texts), np.int64)
        for k in range(FOLDS):
            train = np.flatnonzero(bench.folds != k)
            test = np.flatnonzero(bench.folds == k)
            best[test] = bench.ask(train, test, bench.choose(train, designs))
        low, high = f1_intervals(confusion(codes, best, len(names)))
        out["scores"][label] = {
            "macro_f1": round(macro_f1(codes, best, len(names)), 4),
            "interval": [round(float(low[-1]), 4), round(float(high[-1]), 4)],
        }
        sys.stderr.write(f"{name} {label} {out['scores'][label]}\n")
    return out


def speed(data: Path, model_path: str) -> dict[str, Any]:
    """Return mentions per second of `predict` on one process."""
    model = load_model(model_path)
    texts = [row["text"] for row in rows(data / "labeled" / "airlines_sentiment.csv")]
    model.predict(texts[:500])
    start = time.perf_counter()
    model.predict(texts)
    return {"mentions": len(texts), "per_second": round(len(texts) / (time.perf_counter() - start))}


def training_cost(data: Path, count: int) -> dict[str, Any]:
    """Return seconds and peak memory of `rootcause train` on `count` different mentions."""
    texts = list(dict.fromkeys(text for text in posts(data) if len(text) < 2_000))[:count]
    labels = load_model().predict(texts).label
    code = "from rootcause.cli import run; run()"
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "export.csv"
        with export.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *zip(texts, labels, strict=True)])
        command = [sys.executable, "-c", code, "train", str(export), "-o", f"{folder}/model"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "rows": len(texts),
        "seconds": round(wall, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("-m", "--model", default="default")
    parser.add_argument("--encoder", default="builtin", help="for the folds")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="the shipped model and speed only")
    parser.add_argument("--folds-on", nargs="+", default=[*FOLD_SETS], choices=[*FOLD_SETS])
    parser.add_argument("--train-rows", type=int, help="measure training on so many rows")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "shipped": shipped(options.data, options.model),
        "speed": speed(options.data, options.model),
        "folds": [],
    }
    if not options.quick:
        for name in options.folds_on:
            column = FOLD_SETS[name]
            kept = list(rows(options.data / "labeled" / f"{name}.csv"))
            found["folds"].append(
                folds_on(
                    options.data, name, [row["text"] for row in kept],
                    [row[column] for row in kept], options.encoder,
                )
            )  # fmt: skip
    if options.train_rows:
        found["training"] = training_cost(options.data, options.train_rows)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(as_text(found) + "\n")


def as_text(found: dict[str, Any]) -> str:
    """Return the tables as Markdown."""
    first = table(
        ("set", "mentions", "macro-F1", "95 % interval", "complaint F1", "automatic", "right",
         "at 95 %", "calibration", "band"),
        [
            (
                f["set"],
                f"{f['mentions']:,}",
                f"{f['labels']['macro_f1']:.3f}",
                "{:.3f} to {:.3f}".format(*f["labels"]["macro_f1_interval"]),
                f"{f['complaint']['macro_f1']:.3f}",
                f"{f['automatic']['share']:.1%}",
                f"{f['automatic']['precision'] or 0:.1%}",
                f"{next(r['automatic'] for r in f['risk_coverage'] if r['precision'] == 0.95):.1%}",
                f"{f['reliability']['expected_calibration_error']:.3f}",
                f"{f['reliability']['band_95']:.3f}",
            )
            for f in found["shipped"]
        ],
    )  # fmt: skip
    classes = table(
        ("set", "venting", "service_request", "praise", "other"),
        [
            (f["set"], *(f"{row['f1']:.3f}" for row in f["labels"]["classes"].values()))
            for f in found["shipped"]
        ],
    )
    blocks = [first, classes]
    if found["folds"]:
        blocks.append(
            table(
                ("ten-fold", "rows", "words and embedding", "words only", "embedding only",
                 "also in cause_notes", "read by the encoder"),
                [
                    (
                        f["set"],
                        f"{f['rows']:,}",
                        *(
                            "{:.3f} ({:.3f} to {:.3f})".format(
                                f["scores"][name]["macro_f1"], *f["scores"][name]["interval"]
                            )
                            for name in ("words and embedding", "words only", "embedding only")
                        ),
                        f"{f['texts_also_in_cause_notes']:,}",
                        "yes" if f["encoder_read_them"] else "no",
                    )
                    for f in found["folds"]
                ],
            )
        )  # fmt: skip
    blocks.append(f"predict: {found['speed']['per_second']:,} mentions a second, one process")
    if cost := found.get("training"):
        blocks.append(
            f"train on {cost['rows']:,} rows: {cost['seconds']} s ({cost['cpu_seconds']} s of "
            f"CPU), {cost['peak_mb']:,} MB"
        )
    blocks.append(f"{found['date']}, {found['machine']}")
    return "\n\n".join(blocks)


if __name__ == "__main__":
    main()
