"""How fast `rootcause score` is, beside what it is compared with; one run, one JSON file.

    python scripts/bench.py                        175,000 mentions, every contender
    python scripts/bench.py --memory 100000 1000000 5000000             peak of memory by size
    python scripts/bench.py --rows 175000 --days 7 --only week          from dump to report

Every contender runs in a process of its own, reads the same JSON Lines dump and writes Parquet
(the floor reads, tokenises and writes, and decides nothing). Rates are mentions per second of
wall-clock time; `cpu` is processor time over all processes, which a busy machine disturbs less.
The dump is made of the bundled demo mentions, each made different by three random words.
"""

import argparse
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
from pathlib import Path

from bench_rivals import run_tfidf, run_transformer

ROOT = Path(__file__).resolve().parents[1]
RIVALS = {"tfidf": run_tfidf, "transformer": run_transformer}
CONTENDERS = ("read", "floor-1", "floor-2", "score-1", "score-2", "tfidf", "transformer", "week")
PRODUCT = [sys.executable, "-c", "from rootcause.cli import run; run()"]


def make_dump(path, rows, days):
    """Write a dump of `rows` mentions over `days`, 5 % of them answers of the company."""
    from rootcause.dumps import read_mentions

    texts = [
        text
        for batch in read_mentions(str(ROOT / "data/dumps/*/*"))
        for text in batch.column("text").to_pylist()
    ]
    words = sorted({word for text in texts for word in text.split() if word.isalpha()})
    rng = random.Random(1)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as stream:
        for i in range(rows):
            when = start + timedelta(seconds=i * days * 86_400 / rows)
            row = {
                "id": str(10**18 + i),
                "text": f"{rng.choice(texts)} {' '.join(rng.choices(words, k=3))}",
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


def _count(dump):
    with open(dump, encoding="utf-8") as stream:
        return sum(1 for _ in stream)


def run_week(dump, out, model):
    """Score the dump, then report its last week, as two commands."""
    scored, reports = str(out / "scored"), str(out / "reports")
    subprocess.run([*PRODUCT, "score", dump, "-o", scored, "-m", model], check=True, stdout=2)
    subprocess.run([*PRODUCT, "report", scored, "-o", reports], check=True, stdout=2)
    return _count(dump)


def run_read(dump, out, model):
    from rootcause.dumps import read_mentions

    return sum(batch.num_rows for batch in read_mentions(dump))


def run_floor(dump, out, jobs, model):
    """Read, tokenise, write, with nothing decided; `jobs` processes tokenise."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    import pyarrow as pa
    from pyarrow import parquet

    from rootcause.dumps import read_mentions

    out.mkdir()
    reader = read_mentions(dump)
    done, writer = 0, None
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        waiting = []

        def write_oldest():
            nonlocal done, writer
            batch, future = waiting.pop(0)
            future.result()
            writer = writer or parquet.ParquetWriter(out / "x.parquet", batch.schema)
            writer.write_table(pa.Table.from_batches([batch]))
            done += batch.num_rows

        for batch in reader:
            waiting.append((batch, pool.submit(_tokenise, batch.column("text").to_pylist())))
            if len(waiting) > 2 * jobs:
                write_oldest()
        while waiting:
            write_oldest()
    writer.close()
    return done


def _tokenise(texts):
    global _encoder  # noqa: PLW0603 - one per process
    if "_encoder" not in globals():
        from rootcause.encode import load_encoder

        _encoder = load_encoder()
    return len(_encoder.tokenise(texts).ids)


def run_one(name, dump, out, model):
    """Run one contender here; prints what it took as JSON."""
    kind, _, jobs = name.partition("-")
    run = RIVALS.get(kind) or globals()[f"run_{kind}"]
    arguments = (int(jobs), model) if jobs else (model,)
    # imports and training count for our own command only: it is measured from its cold start
    start = time.perf_counter()
    rows = run(str(dump), out, *arguments)
    took = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
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
            family = watched.children(recursive=True) if name.startswith("score") else [watched]
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
        make_dump(dump, rows, days)
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
    return {
        label: round(rate(one) / rate(other), 2)
        for label, (one, other) in pairs.items()
        if rate(one) and rate(other)
    }


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
        "normalising": ("text.py", "normalise"),
        "tokenising": ("~", "encode_batch_fast"),
        "language": ("language.py", "detect"),
        "fingerprints": ("batch.py", "fingerprints"),
        "predicting (with normalising, tokenising, language)": ("model.py", "predict"),
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
    parser.add_argument("--only", nargs="*", default=[*CONTENDERS[:-1], "profile"])
    parser.add_argument("--days", type=int, default=70, help="over how long the mentions spread")
    parser.add_argument("--model", default="default")
    parser.add_argument("--json", type=Path, default=ROOT / "bench-out" / "bench.json")
    parser.add_argument("--memory", type=int, nargs="+", metavar="ROWS")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--dump", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_one(given.child, given.dump, given.out, given.model)
        return
    with tempfile.TemporaryDirectory(prefix="rootcause-bench-") as place:
        folder = Path(place)
        if given.memory:
            found = memory(given.memory, folder, given.days, given.model)
            keep(given.json, {"found": found, **machine()})
            return
        dump = folder / "dump.jsonl"
        make_dump(dump, given.rows, given.days)
        found = {}
        print(f"{'':14}{'per second':>12}{'per cpu s':>12}{'peak MB':>10}")
        for name in [n for n in CONTENDERS if n in given.only]:
            found[name] = one = measure(name, dump, folder, given.model)
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
            print(f"{label:34}{value:>8}{result['ratios_of_cpu'][label]:>12} of cpu")
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
