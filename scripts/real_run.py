"""Run the three jobs on real public data and write the measured tables into docs/real-run.md.

    .venv/bin/python scripts/real_run.py --data ../shared/datasets --work /tmp/real-run

The prose of the page is written by hand; only what stands between the begin and end marks is
replaced. Nothing of the data is quoted: tables hold numbers, titles that rootcause composed and
row numbers of the source file.
"""

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from rootcause.records import Week

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "real-run.md"
ROOTCAUSE = [sys.executable, "-c", "from rootcause.cli import main; main()"]
APP, FIRST_WEEK, APP_WEEKS = "Gmail", "2019-W10", 12
BRANDS = (("united", "airline"), ("americanair", "airline"), ("AmazonHelp", "support"))


def run(*arguments, code=0):
    """Run the command line; return (seconds, stdout). Exits where it ends with another code."""
    start = time.perf_counter()
    done = subprocess.run(
        [*ROOTCAUSE, *map(str, arguments)], check=False, text=True, stdout=subprocess.PIPE
    )
    if done.returncode not in (0, code):
        sys.exit(f"rootcause {' '.join(map(str, arguments))} ended with {done.returncode}")
    return time.perf_counter() - start, done.stdout


def table(header, rows):
    """Return a Markdown table as lines."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
    ]


def fill(name, lines):
    """Replace what stands between the marks of `name` in the page."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.S)
    if not pattern.search(page):
        sys.exit(f"no marks for {name} in {PAGE}")
    body = "\n".join(lines) + "\n"
    PAGE.write_text(pattern.sub(lambda found: found[1] + body + found[2], page), encoding="utf-8")


def labels(data, work):
    """Measure the shipped model, trained on cause_notes, on the two files kept for measuring."""
    rows = []
    for name in ("brands_dev", "united_dev"):
        out = work / f"{name}.json"
        run("evaluate", data / "labeled" / f"{name}.csv", "--json", out)
        found = json.loads(out.read_text())
        for label, scores in found["labels"]["classes"].items():
            rows.append(
                (name, label, scores["mentions"], f"{scores['precision']:.2f}",
                 f"{scores['recall']:.2f}", f"{scores['f1']:.2f}")
            )  # fmt: skip
        rows.append(
            (name, "**all**", found["mentions"], f"accuracy {found['labels']['accuracy']:.3f}",
             f"macro-F1 {found['labels']['macro_f1']:.3f}",
             f"complaint {found['complaint']['macro_f1']:.3f}")
        )  # fmt: skip
    header = ("measured on", "label", "mentions", "precision", "recall", "F1")
    fill("labels", table(header, rows))


def speed(data, work):
    """Score 81,367 reviews from the compressed file to Parquet."""
    scored = work / "reviews"
    if not scored.exists():
        seconds, _ = run("score", data / "streams" / "app_reviews.csv.gz", "-o", scored)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        counts = json.loads((scored / "_manifest.json").read_text())["counts"]
        fill(
            "speed",
            table(
                ("rows read", "scored", "rejected", "seconds", "mentions per second", "peak MB"),
                [
                    (f"{counts['read']:,}", f"{counts['scored']:,}", counts["rejected"],
                     f"{seconds:.0f}", f"{counts['scored'] / seconds:,.0f}", f"{peak:.0f}")
                ],
            ),
        )  # fmt: skip
    return scored


def causes_of(report):
    """Return table rows of a report's causes that are met this week."""
    return [
        (report["week"], c["cause_id"], c["title"], c["status"], c["breadth"], c["voices"],
         "weak" if c["weak"] else "")
        for c in report["causes"]
        if c["voices"]
    ][:8]  # fmt: skip


def weekly(scored, work, where, weeks, name):
    """Report some weeks under a filter; fill a table of what each says."""
    out = work / name
    rows, notes = [], []
    for week in weeks:
        run("report", scored, "-o", out, "--week", week, "--register", out / "rootcause.db",
            "--where", where, code=4)  # fmt: skip
        path = out / week / "report.json"
        if not path.exists():
            rows.append((week, "", "nothing to report", "", "", "", ""))
            continue
        report = json.loads(path.read_text())
        head = {f["name"]: f["value"] for f in report["figures"]}
        rows.append(
            (week, "", f"*{head['Mentions']:.0f} mentions, {head['Complaints']:.0%} complaints, "
             f"{report['trust']['isolated_share']:.0%} of them isolated*", "", "", "", "")
        )  # fmt: skip
        rows += causes_of(report)
        notes = report["trust"]["notes"]
    header = ("week", "id", "cause", "status", "reach", "voices", "evidence")
    fill(name, [*table(header, rows), "", *(f"- the report says: {note}" for note in notes)])


def main():
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "datasets")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", choices=("labels", "reviews", "brands"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    fill(
        "hardware",
        [f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
         f"{date.today().isoformat()}"],
    )  # fmt: skip
    if options.only in (None, "reviews"):
        scored = speed(options.data, options.work)
        first = Week.parse(FIRST_WEEK)
        weeks = [str(first.shift(i)) for i in range(APP_WEEKS)]
        weekly(scored, options.work, f"brand={APP}", weeks, "app")
    if options.only in (None, "brands"):
        tweets = options.work / "tweets"
        run("score", options.data / "streams" / "brand_tweets.csv.gz", "-o", tweets)
        for brand, kind in BRANDS:
            span = ("2015-W45", "2015-W46") if kind == "airline" else ("2017-W44", "2017-W47")
            start, end = (Week.parse(week) for week in span)
            weeks = [str(start.shift(i)) for i in range(end.minus(start) + 1)]
            weekly(tweets, options.work, f"brand={brand}", weeks, brand)
    if options.only in (None, "labels"):
        labels(options.data, options.work)


if __name__ == "__main__":
    main()
