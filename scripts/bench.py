"""How fast `rootcause score` is, beside what it is compared with; one run, one JSON file.

    python scripts/bench.py                        175,000 mentions of a week, every contender
    python scripts/bench.py --memory 100000 1000000 5000000             peak of memory by size
    python scripts/bench.py --only start week copies [--data ../shared/datasets]
                                                                        from dump to report
    python scripts/bench.py --transformer-rows 200      the slowest contender in a minute or two

Every contender runs in a process of its own, reads the same JSON Lines dump and writes Parquet
(the floor reads, tokenises and writes, and decides nothing). Rates are mentions per second of
wall-clock time; `cpu` is processor time over all processes, which a busy machine disturbs less.
The dump is made of the bundled demo mentions, each made different by three random words. From dump
to report it goes twice: in `week` nearly every mention is its own text (with `--data` the app
reviews and posts there, else the first half of one demo mention and the second of another);
`copies` is the dump of the others, in which every mention is nearly a copy of thirty.
"""

import argparse
import csv
import gzip
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import bench_rivals

ROOT = Path(__file__).resolve().parents[1]
CONTENDERS = (
    "start", "read", "tokenise", "floor-1", "floor-2", "score-1", "score-2", "tfidf", "transformer",
    "week", "copies",
)  # fmt: skip
# What is aimed at: by name of a rate or ratio, at least or at most how much.
AIMS = {
    "mentions a second, two cores": (">=", 15_000),
    "score / transformer": (">=", 100),
    "score / tfidf": (">=", 2),
    "floor / score, one core": ("<=", 2),
    "floor / score, two cores": ("<=", 2),
    "seconds from dump to report": ("<=", 120),
    "seconds for 100 mentions, cold": ("<=", 2),
}
PRODUCT = [sys.executable, "-c", "from rootcause.cli import run; run()"]


def demo_texts():
    """Return the bundled demo mentions."""
    from rootcause.dumps import read_mentions

    return [
        text
        for batch in read_mentions(str(ROOT / "data/dumps/*/*"))
        for text in batch.column("text").to_pylist()
    ]


def near_copies():
    """Yield demo mentions without end, each made different by three random words."""
    texts = demo_texts()
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    rng = random.Random(1)
    while True:
        yield f"{rng.choice(texts)} {' '.join(rng.choices(words, k=3))}"


def different(data):
    """Yield texts that hardly resemble each other: see the module."""
    if data:
        reviews = data / "streams" / "app_reviews.csv.gz"
        texts = {}
        with gzip.open(reviews, "rt", encoding="utf-8") as stream:
            for record in csv.DictReader(stream):
                texts[f"{record['title']}. {record['content']}"] = None
        posts = data / "encoder" / "texts.txt.gz"
        with gzip.open(posts, "rt", encoding="utf-8") as stream:
            texts |= dict.fromkeys(
                line.rstrip("\n").split("\t")[0] for line in islice(stream, 150_000)
            )
        found = list(texts)
        random.Random(1).shuffle(found)
        yield from found
    halves = [text.split() for text in demo_texts()]
    rng = random.Random(1)
    while True:
        one, other = rng.choice(halves), rng.choice(halves)
        yield " ".join([*one[: len(one) // 2], *other[len(other) // 2 :]])


def make_dump(path, rows, days, texts):
    """Write a dump of `rows` mentions over `days`, 5 % of them answers of the company."""
    rng = random.Random(1)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as stream:
        for i, text in enumerate(islice(texts, rows)):
            when = start + timedelta(seconds=i * days * 86_400 / rows)
            row = {
                "id": str(10**18 + i),
                "text": text,
                "created_at": when.isoformat(),
                "author": f"user{rng.randrange(rows)}",
            }
            if rng.random() < 0.05:
                row |= {"inbound": False, "parent_id": str(10**18 + rng.randrange(i + 1))}
            stream.write(json.dumps(row) + "\n")


def run_score(dump, out, jobs, model):
    command = [*PRODUCT, "score", dump, "-o", str(out), "-m", model, "--jobs", str(jobs)]
    subprocess.run(command, check=True, stdout=2)
    return _count(dump)


def run_start(dump, out, model):
    """Score the first hundred mentions, from a cold start."""
    few = out.parent / "few.jsonl"
    with open(dump, encoding="utf-8") as stream:
        few.write_text("".join(islice(stream, 100)), encoding="utf-8")
    return run_score(str(few), out, 2, model)


def _count(dump):
    with open(dump, encoding="utf-8") as stream:
        return sum(1 for _ in stream)


def run_week(dump, out, model):
    """Score the dump, then report its last week, as two commands."""
    scored, reports = str(out / "scored"), str(out / "reports")
    subprocess.run([*PRODUCT, "score", dump, "-o", scored, "-m", model], check=True, stdout=2)
    subprocess.run([*PRODUCT, "report", scored, "-o", reports], check=True, stdout=2)
    return _count(dump)


def run_one(name, dump, out, model):
    """Run one contender here; prints what it took as JSON."""
    kind, _, jobs = name.partition("-")
    run = (
        bench_rivals.RIVALS.get(kind)
        or {"score": run_score, "start": run_start, "week": run_week, "copies": run_week}[kind]
    )
    arguments = (int(jobs), model) if jobs else (model,)
    # imports and training count for our own command only: it is measured from its cold start
    start = time.perf_counter()
    rows = run(str(dump), out, *arguments)
    took = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used) - bench_rivals.spent_before
    print(json.dumps({"rows": rows, "inside": took, "cpu": cpu}))


def measure(name, dump, folder, model):
    """Run a contender in a process of its own; returns rates and the peak of its memory."""
    import psutil

    out = folder / f"out-{name}"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, __file__, "--child", name, "--model", model]
    command += ["--dump", str(dump), "--out", str(out)]
    start = time.perf_counter()
    talk = folder / f"talk-{name}"
    # as installed: modules are compiled once, not at every start
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with talk.open("w") as stream:
        child = subprocess.Popen(command, stdout=stream, env=environment)
    watched = psutil.Process(child.pid)
    peak, own_peak, ready, asked = 0, 0, None, 0.0
    while child.poll() is None:
        try:
            # this script's own process has nothing to do with what the command needs
            own = name.startswith("score") or name in ("week", "copies")
            family = watched.children(recursive=True) if own else [watched]
            peak = max(peak, sum(process.memory_info().rss for process in family))
            if time.perf_counter() - asked > 0.5:  # shared pages counted once: slow to ask for
                asked = time.perf_counter()
                own_peak = max(own_peak, sum(p.memory_full_info().pss for p in family))
        except psutil.Error:
            pass
        if ready is None and "ready" in talk.read_text():
            ready = time.perf_counter()
        time.sleep(0.05)
    took = time.perf_counter() - (ready or start)
    if child.returncode:
        sys.exit(f"{name} failed")
    facts = json.loads(talk.read_text().strip().splitlines()[-1])
    return {
        "rows": facts["rows"],
        "seconds": round(took, 2),
        "cpu_seconds": round(facts["cpu"], 2),
        "per_second": round(facts["rows"] / took),
        "per_cpu_second": round(facts["rows"] / facts["cpu"]),
        "peak_mb": round(peak / 1e6),
        "peak_proportional_mb": round(own_peak / 1e6),
    }


def memory(sizes, folder, days, model):
    """Measure the peak of memory of dumps of several sizes; returns {rows: rates and peaks}."""
    found = {}
    for rows in sizes:
        dump = folder / "dump.jsonl"
        make_dump(dump, rows, days, near_copies())
        found[rows] = one = measure("score-2", dump, folder, model)
        first = found[sizes[0]]
        more = {k: one[k] / first[k] - 1 for k in ("peak_mb", "peak_proportional_mb")}
        print(
            f"{rows:>12,} mentions: {one['peak_mb']:,} MB resident ({more['peak_mb']:+.0%}), "
            f"{one['peak_proportional_mb']:,} MB with shared pages once "
            f"({more['peak_proportional_mb']:+.0%}), {one['per_cpu_second']:,} per cpu s",
            flush=True,
        )
        shutil.rmtree(folder / "out-score-2")
    return found


def ratios(found, by):
    """Return the comparisons that the README quotes, by one of the two rates."""

    def rate(name):
        return found.get(name, {}).get(by, 0)

    pairs = {
        "two cores / one core": ("score-2", "score-1"),
        "score / transformer": ("score-2", "transformer"),
        "score / tfidf": ("score-1", "tfidf"),
        "floor / score, one core": ("floor-1", "score-1"),
        "floor / score, two cores": ("floor-2", "score-2"),
    }
    found_ratios = {
        label: round(rate(one) / rate(other), 2)
        for label, (one, other) in pairs.items()
        if rate(one) and rate(other)
    }
    seconds = "seconds" if by == "per_second" else "cpu_seconds"
    plain = {
        "mentions a second, two cores": ("score-2", by),
        "seconds from dump to report": ("week", seconds),
        "the same of near-copies": ("copies", seconds),
        "seconds for 100 mentions, cold": ("start", seconds),
    }
    return found_ratios | {
        label: found[name][key] for label, (name, key) in plain.items() if name in found
    }


def verdict(label, value):
    """Return what was aimed at and whether it is reached, nothing where there is no aim."""
    if label not in AIMS:
        return ""
    sign, aim = AIMS[label]
    reached = value >= aim if sign == ">=" else value <= aim
    return f"   aim {sign} {aim:,}: {'reached' if reached else 'missed'}"


def profile(dump, folder, model):
    """Return the share of time of each step of scoring, in one process."""
    import cProfile
    import pstats

    from rootcause.score import score

    shutil.rmtree(folder / "profiled", ignore_errors=True)
    watch = cProfile.Profile()
    watch.enable()
    score(str(dump), folder / "profiled", model=model, jobs=1)
    watch.disable()
    stats = pstats.Stats(watch)
    total = stats.total_tt
    steps = {
        "reading": ("reader.py", "__iter__"),
        "taking texts apart": ("chunks.py", "split"),
        "tokens": ("chunks.py", "of"),
        "language": ("language.py", "detect"),
        "fingerprints": ("batch.py", "fingerprints"),
        "predicting (with tokens, language)": ("model.py", "predict"),
        "known ids": ("known.py", "admit"),
        "chunk files": ("staging.py", "write_arrow"),
        "parts": ("finish.py", "write_parts"),
    }
    found = {}
    for (file, _, function), (_, _, _, cumulative, _) in stats.stats.items():
        for step, (name, wanted) in steps.items():
            if file.endswith(name) and wanted in function:
                found[step] = max(found.get(step, 0), round(cumulative / total, 3))
    return {step: found[step] for step in steps if step in found}


def main():
    """Measure, print a table, keep the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=175_000)
    parser.add_argument("--only", nargs="*", default=[*CONTENDERS, "profile"])
    parser.add_argument(
        "--days", type=int, help="over how long the mentions spread (7, for --memory 70)"
    )
    parser.add_argument("--data", type=Path, help="folder of public texts, for `week`")
    parser.add_argument("--model", default="default")
    parser.add_argument("--json", type=Path, default=ROOT / "bench-out" / "bench.json")
    parser.add_argument(
        "--transformer-rows",
        type=int,
        default=1_500,
        help="how many mentions the transformer reads",
    )
    parser.add_argument("--memory", type=int, nargs="+", metavar="ROWS")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--dump", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_one(given.child, given.dump, given.out, given.model)
        return
    os.environ["ROOTCAUSE_BENCH_TRANSFORMER_ROWS"] = str(given.transformer_rows)  # for the child
    with tempfile.TemporaryDirectory(prefix="rootcause-bench-") as place:
        folder = Path(place)
        if given.memory:
            found = memory(given.memory, folder, given.days or 70, given.model)
            keep(given.json, {"found": found, **machine()})
            return
        dump = folder / "dump.jsonl"
        make_dump(dump, given.rows, given.days or 7, near_copies())
        week = folder / "week.jsonl"
        if "week" in given.only:
            make_dump(week, given.rows, 7, different(given.data))
        found = {}
        print(f"{'':14}{'per second':>12}{'per cpu s':>12}{'peak MB':>10}")
        for name in [n for n in CONTENDERS if n in given.only]:
            found[name] = one = measure(name, week if name == "week" else dump, folder, given.model)
            line = f"{one['per_second']:>12,}{one['per_cpu_second']:>12,}{one['peak_mb']:>10,}"
            print(f"{name:14}{line}", flush=True)
        result = {
            **machine(),
            "rows": given.rows,
            "found": found,
            "ratios": ratios(found, "per_second"),
            "ratios_of_cpu": ratios(found, "per_cpu_second"),
        }
        if "profile" in given.only:
            result["profile"] = profile(dump, folder, given.model)
        for label, value in result["ratios"].items():
            cpu = result["ratios_of_cpu"][label]
            print(f"{label:34}{value:>10,}{cpu:>12,} of cpu{verdict(label, value)}")
        for step, share in result.get("profile", {}).items():
            print(f"{step:52}{share:>7.1%}")
        if result["load_at_the_end"] > (os.cpu_count() or 1) + 1:
            print("the machine is busy with other things: read the column per cpu s")
    keep(given.json, result)


def machine():
    """Return when and on what was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "processor": _processor(),
        "load_at_the_end": round(os.getloadavg()[0], 1),
    }


def keep(path, result):
    """Write the numbers down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path)


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), "")


if __name__ == "__main__":
    main()
