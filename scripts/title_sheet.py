"""Fifty causes of real app-review weeks with their titles, for a reader to judge.

    scripts/title_sheet.py ../shared/datasets -o sheet.csv [--texts 8]

Eleven weeks of three apps, reviews of up to three stars, of each week the ten causes with most
voices among those that are no weak evidence.
The sheet has the source rows of each cause's members, so that anybody who has the data can judge
again; with `--texts` it holds that many of their texts too (not to be published). The judgements
kept in `docs/titles.csv` were made on such a sheet; `--check docs/titles.csv` says which titles
have changed since.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
from datetime import date
from pathlib import Path

import numpy as np

from rootcause import discover

# Rules and library were worked on with other weeks, of 2017 to 2021.
WEEKS = (
    ("Gmail", "2020-W46"),
    ("Microsoft_Teams", "2020-W18"),
    ("Gmail", "2020-W30"),
    ("Google_Chrome", "2021-W39"),
    ("Microsoft_Teams", "2020-W35"),
    ("Gmail", "2021-W18"),
    ("Google_Chrome", "2020-W50"),
    ("Microsoft_Teams", "2020-W38"),
    ("Gmail", "2020-W13"),
    ("Microsoft_Teams", "2021-W07"),
    ("Gmail", "2020-W03"),
)
EACH = 10
STABLE = 0.6  # causes under it are weak evidence and never headline
MEMBERS = 12


def reviews(data: Path) -> list[tuple[int, str, str, str]]:
    """Return (row from 1, app, week, text) of the reviews of up to three stars."""
    found = []
    with gzip.open(data / "streams" / "app_reviews.csv.gz", "rt", encoding="utf-8") as stream:
        for row, record in enumerate(csv.DictReader(stream), 1):
            year, week, _ = date.fromisoformat(record["date"][:10]).isocalendar()
            if int(float(record["rating"])) <= 3:
                text = f"{record['title']}. {record['content']}"
                found.append((row, record["app"], f"{year}-W{week:02d}", text))
    return found


def causes(data: Path, texts: int) -> list[dict[str, object]]:
    """Return the rows of the sheet."""
    everything = reviews(data)
    out: list[dict[str, object]] = []
    for app, week in WEEKS:
        mine = [(row, text) for row, a, w, text in everything if (a, w) == (app, week)]
        found = discover([text for _, text in mine], avoid_words=app.split("_"))
        solid = np.flatnonzero(found.stability_ >= STABLE)[:EACH].tolist()
        for cause in solid:
            members = found.members_[found.members_[:, 1] == cause, 0]
            # those whose surest clause is of another cause come last
            sure = found.strengths_[members] * (found.labels_[members] == cause)
            near = members[np.argsort(-sure, kind="stable")]
            name = found.names_[cause]
            sheet: dict[str, object] = {
                "app": app,
                "week": week,
                "voices": int(found.voices_[cause]),
                "stability": f"{found.stability_[cause]:.2f}",
                "title": found.titles_[cause],
                "source": name.source,
                "rows": " ".join(str(mine[i][0]) for i in near[:MEMBERS]),
                "key phrases": ", ".join(name.key_phrases),
            }
            if texts:
                sheet["texts"] = "\n".join(mine[i][1] for i in near[:texts])
            out.append(sheet)
    return out


def main() -> None:
    """Write the sheet, or compare it with the titles that were judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--texts", type=int, default=0)
    parser.add_argument("--check", type=Path)
    given = parser.parse_args()
    sheet = causes(given.data, given.texts)
    if given.check:
        with given.check.open(encoding="utf-8", newline="") as stream:
            judged = {(r["app"], r["week"], r["title"]): r["right"] for r in csv.DictReader(stream)}
        same = [row for row in sheet if (row["app"], row["week"], row["title"]) in judged]
        right = sum(value == "yes" for value in judged.values())
        mixed = sum(value == "mixed" for value in judged.values())
        print(
            f"{len(judged)} titles judged, {right} right, {mixed} say that a group is mixed, and it"
            f" is; {len(same)} of them given today"
        )
        return
    stream = given.out.open("w", encoding="utf-8", newline="") if given.out else sys.stdout
    with stream:
        writer = csv.DictWriter(stream, list(sheet[0]))
        writer.writeheader()
        writer.writerows(sheet)


if __name__ == "__main__":
    main()
