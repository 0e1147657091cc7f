"""Measures what masking finds and what it masks needlessly, on the labeled list of the tests.

usage: .venv/bin/python scripts/bench_redaction.py [--wrong]

Prints the table of docs/reading-the-report.md; with --wrong, every case that went wrong, too.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from test_redaction import KINDS, cases, measure, totals

SETS = {"tuned": "read while the rules were written", "held-out": "the rules had never met"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    heads = ("", *KINDS, "words masked needlessly")
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for which, name in SETS.items():
        found, total, _, wrong = totals(which)
        words = Counter()
        for _, marked in cases(which):
            _, _, clean, lost = measure(marked)
            words += Counter(clean=clean, lost=lost)
        cells = [f"{found[kind]} of {total[kind]}" for kind in KINDS]
        cells.append(f"{words['lost']} of {words['clean']:,}")
        print(f"| {len(cases(which))} cases {name} | " + " | ".join(cells) + " |")
        if options.wrong:
            for kind, found_wrong in wrong.items():
                for marked, shown in found_wrong:
                    print(f"{which}, {kind}: {marked}\n    {shown}", file=sys.stderr)


if __name__ == "__main__":
    main()
