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

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "real-run.md"
ROOTCAUSE = [sys.executable, "-c", "from rootcause.cli import main; main()"]
APP = "Microsoft_Outlook"
APP_WEEKS = 12


def run(*arguments, capture=False):
    """Run the command line; return (seconds, peak MB, stdout)."""
    start = time.perf_counter()
    done = subprocess.run(
        [*ROOTCAUSE, *map(str, arguments)],
        check=True,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return seconds, peak, done.stdout


def mark(page, name, lines):
    """Replace what stands between the marks of `name`."""
    pattern = re.compile(f"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.S)
    if not pattern.search(page):
        sys.exit(f"no marks for {name} in {PAGE}")
    body = "\n".join(lines) + "\n"
    return pattern.sub(lambda found: found[1] + body + found[2], page)


def table(header, rows):
    """Return a Markdown table as lines."""
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
    ]


def measured(data, work):
    """Train on cause_notes, evaluate on the two files kept for measuring."""
    model = work / "model"
    seconds, _, _ = run(
        "train", data / "labeled" / "cause_notes.csv", "-o", model, "--column", "brand=source"
    )
    lines = [f"Trained in {seconds:.0f} s.", ""]
    rows = []
    for name, columns in (("brands_dev", []), ("united_dev", [])):
        out = work / f"{name}.json"
        run(
            "evaluate", data / "labeled" / f"{name}.csv", "-m", model, "--json", out, *columns,
            capture=True,
        )  # fmt: skip
        result = json.loads(out.read_text())
        rows.append((name, result))
    return model, lines, rows


def score_stream(path, out, *options):
    """Score one dump; return (mentions, seconds, peak MB)."""
    seconds, peak, _ = run("score", path, "-o", out, *options)
    manifest = json.loads((out / "_manifest.json").read_text())
    return manifest, seconds, peak


def reports(scored, out, where, weeks):
    """Write the reports of some weeks; return the parsed report.json of each."""
    found = []
    for week in weeks:
        run(
            "report", scored, "-o", out, "--week", week, "--register", out / "rootcause.db",
            "--where", where,
        )  # fmt: skip
        found.append(json.loads((out / week / "report.json").read_text()))
    return found


def hardware():
    """Return one line about this machine."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"{date.today().isoformat()}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "datasets")
    parser.add_argument("--work", type=Path, default=Path("/tmp/real-run"))
    arguments = parser.parse_args()
