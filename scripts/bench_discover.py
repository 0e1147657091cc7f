"""How long `discover` takes, with how much memory, from 5,000 to 200,000 complaints.

    scripts/bench_discover.py ../shared/datasets [--sizes 5000 10000 20000 50000 100000 200000]
    scripts/bench_discover.py ../shared/datasets --odd [--many 2000000]

Texts are the app reviews and then the encoder's public posts, each once. Each size runs in a
process of its own. `--odd` gives the input that no week should be: all identical, all different,
one author, twenty complaints, half in another language, only links, and `--many` rows.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = (5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
FOREIGN = "der Techniker ist am {} schon wieder nicht gekommen und niemand ruft zurück"


def public_texts(data: Path, count: int) -> list[str]:
    """Return `count` texts, in random order."""
    texts: dict[str, None] = {}
    with gzip.open(data / "streams" / "app_reviews.csv.gz", "rt", encoding="utf-8") as stream:
        for record in csv.DictReader(stream):
            if int(float(record["rating"])) <= 3:
                texts[f"{record['title']}. {record['content']}"] = None
    with gzip.open(data / "encoder" / "texts.txt.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            if len(texts) >= max(count, 60_000):
                break
            texts[line.rstrip("\n").split("\t")[0]] = None
    found = list(texts)
    random.Random(0).shuffle(found)
    return found[:count]


def odd(  # noqa: PLR0911  one kind of input, one line
    name: str, data: Path, many: int
) -> tuple[list[str], list[str] | None]:
    """Return texts and authors of a kind of bad input."""
    some = public_texts(data, 2_000)
    if name == "all identical":
        return [some[0]] * 10_000, None
    if name == "all different":
        rng = random.Random(0)
        words = sorted({word for text in some for word in text.split()})
        return [" ".join(rng.choices(words, k=12)) for _ in range(2_000)], None
    if name == "one author":
        return some, ["one"] * len(some)
    if name == "twenty complaints":
        return some[:20], None
    if name == "half in another language":
        return some[:1_000] + [FOREIGN.format(day) for day in range(1_000)], None
    if name == "only links":
        return [f"https://a.example/{i}" for i in range(5_000)], None
    base = public_texts(data, 200_000)
    return [base[i % len(base)] for i in range(many)], None


def one(data: Path, size: int, kind: str, many: int) -> None:
    """Run one measurement and print it as JSON."""
    from rootcause import discover

    texts, authors = odd(kind, data, many) if kind else (public_texts(data, size), None)
    began, cpu = time.monotonic(), time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = discover(texts, authors=authors)
    print(
        json.dumps(
            {
                "what": kind or f"{size:,} texts",
                "rows": len(texts),
                "seconds": time.monotonic() - began,
                "cpu": time.process_time() - cpu,
                "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "MB before": before,
                "causes": len(found.titles_),
                "isolated": float(
                    ((found.labels_ < 0) & ~found.unspecified_ & ~found.unread_).mean()
                ),
                "too small": bool(found.too_small_),
            }
        )
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--many", type=int, default=2_000_000)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--kind", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        one(given.data, given.one, given.kind, given.many)
        return
    kinds = [(size, "") for size in given.sizes]
    if given.odd:
        names = ("all identical", "all different", "one author", "twenty complaints",
                 "half in another language", "only links", f"{given.many:,} rows")  # fmt: skip
        kinds = [(0, name) for name in names]
    print("| what | rows | seconds | CPU seconds | MB | causes | isolated | too small |")
    print("|---|---|---|---|---|---|---|---|")
    for size, kind in kinds:
        command = [sys.executable, __file__, str(given.data), "--one", str(size)]
        command += ["--kind", kind, "--many", str(given.many)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {kind or size} | ended with {done.returncode}: {done.stderr[-200:]} |")
            continue
        row = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {row['what']} | {row['rows']:,} | {row['seconds']:.0f} | {row['cpu']:.0f} | "
            f"{row['MB']:.0f} | {row['causes']} | {row['isolated']:.2f} | "
            f"{'yes' if row['too small'] else 'no'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
