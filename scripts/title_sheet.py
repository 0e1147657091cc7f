"""Causes of real app-review weeks with their titles, for a reader to judge.

    scripts/title_sheet.py ../shared/datasets -o sheet.csv [--texts 8]

Weeks of four apps by a fixed rule (`weeks`), reviews of up to three stars, of each week the ten
causes with most voices among those that are no weak evidence. Groups of which nothing can be said
that their mentions have in common are left out, as in reports (`mixed`).
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
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from rootcause import discover

# Weeks that rules and library were worked on with, or that were judged before. None of them and
# none of their neighbours is judged: the same incidents go on for weeks.
READ = {
    "Gmail": """
        2017-W01 2017-W04 2017-W08 2017-W10 2017-W11 2017-W13 2017-W19 2017-W32 2017-W39
        2017-W41 2017-W43 2017-W45 2017-W47 2017-W49 2018-W03 2018-W09 2018-W12 2018-W20
        2018-W22 2018-W29 2018-W49 2019-W01 2019-W08 2019-W10 2019-W12 2019-W14 2019-W17
        2019-W20 2019-W21 2019-W22 2019-W38 2019-W41 2019-W43 2019-W46 2019-W51 2020-W03
        2020-W07 2020-W09 2020-W13 2020-W15 2020-W17 2020-W20 2020-W22 2020-W28 2020-W30
        2020-W31 2020-W44 2020-W46 2020-W47 2021-W09 2021-W18 2021-W31
    """,
    "Google_Chrome": """
        2017-W13 2017-W17 2017-W19 2017-W45 2017-W50 2018-W11 2018-W36 2018-W37 2018-W38
        2018-W39 2018-W41 2018-W43 2018-W49 2018-W51 2019-W06 2019-W12 2019-W26 2019-W39
        2020-W17 2020-W21 2020-W38 2020-W39 2020-W50 2021-W01 2021-W03 2021-W04 2021-W05
        2021-W06 2021-W09 2021-W11 2021-W21 2021-W39 2021-W41
    """,
    "Google_Drive": """
        2017-W24 2017-W39 2017-W41 2017-W45 2017-W46 2017-W47 2017-W48 2017-W49 2017-W51
        2018-W01 2018-W04 2018-W06 2018-W07 2018-W09 2018-W11 2018-W15 2018-W17 2018-W19
        2018-W23 2018-W41 2018-W43 2019-W11 2019-W12 2019-W25 2020-W16 2020-W22 2020-W49
    """,
    "Microsoft_Teams": """
        2020-W13 2020-W14 2020-W15 2020-W17 2020-W18 2020-W19 2020-W20 2020-W21 2020-W22
        2020-W25 2020-W27 2020-W31 2020-W33 2020-W35 2020-W36 2020-W37 2020-W38 2020-W39
        2020-W41 2020-W43 2020-W44 2020-W45 2020-W47 2020-W49 2020-W51 2021-W02 2021-W04
        2021-W06 2021-W07 2021-W09 2021-W11 2021-W14 2021-W17 2021-W21 2021-W23 2021-W41
    """,
}
LEAST = 30  # reviews of up to three stars
WEEKS_EACH = 4  # of an app, those with most reviews
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


def weeks(everything: list[tuple[int, str, str, str]]) -> list[tuple[str, str]]:
    """Return the apps and weeks whose titles are judged, by app and time."""
    count = Counter((app, week) for _, app, week, _ in everything)
    chosen: list[tuple[str, str]] = []
    for app, read in READ.items():
        taken = {_monday(week) for week in read.split()}
        mine = [(week, n) for (a, week), n in count.items() if a == app and n >= LEAST]
        found: list[tuple[str, str]] = []
        for week, _ in sorted(mine, key=lambda pair: (-pair[1], pair[0])):
            if len(found) < WEEKS_EACH and not any(
                abs(_monday(week) - other) <= timedelta(weeks=1) for other in taken
            ):
                found.append((app, week))
                taken.add(_monday(week))
        chosen += sorted(found)
    return chosen


def _monday(week: str) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def causes(data: Path, texts: int) -> list[dict[str, object]]:
    """Return the rows of the sheet."""
    everything = reviews(data)
    out: list[dict[str, object]] = []
    for app, week in weeks(everything):
        mine = [(row, text) for row, a, w, text in everything if (a, w) == (app, week)]
        found = discover([text for _, text in mine], avoid_words=app.split("_"))
        solid = [
            cause
            for cause in np.flatnonzero(found.stability_ >= STABLE).tolist()
            if not found.names_[cause].mixed
        ]
        for cause in solid[:EACH]:
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
