"""Fifty causes of real app-review weeks with their titles, for a reader to judge.

    scripts/title_sheet.py ../shared/datasets -o sheet.csv [--texts 8]

Weeks of four apps by a fixed rule (`weeks`), reviews of up to three stars, of each week the ten
causes with most voices among those that are no weak evidence.
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

# Rules and library are worked on with weeks whose number leaves 3 to 7 when divided by 8; weeks
# that leave 1 are for judging, and none of them lies next to one that was worked on.
JUDGED = 1
# Named weeks that were read in other ways before this rule was made; their neighbours are out too.
READ = {
    "Gmail": "2017-W10 2017-W32 2017-W39 2017-W49 2019-W08 2019-W14 2020-W03 2020-W13 2020-W20"
    " 2020-W30 2020-W44 2020-W46 2021-W18",
    "Google_Chrome": "2018-W36 2018-W37 2018-W38 2018-W39 2020-W50 2021-W39",
    "Google_Drive": "2017-W46 2017-W48 2017-W49 2018-W09",
    "Microsoft_Teams": "2020-W15 2020-W17 2020-W18 2020-W20 2020-W21 2020-W31 2020-W35 2020-W38"
    " 2021-W06 2021-W07",
}
# Judged once (74 % right), and then worked on as well.
SPENT = {
    "Gmail": "2017-W01 2017-W41 2019-W17 2019-W41 2020-W17",
    "Google_Chrome": "2017-W17 2018-W41",
    "Google_Drive": "2017-W41",
    "Microsoft_Teams": "2020-W33 2020-W41 2020-W49",
}
LEAST = 30  # reviews of up to three stars
WEEKS_EACH = 5  # of an app, those with most reviews
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
    near = {
        (app, _monday(week) + timedelta(weeks=step))
        for app, read in READ.items()
        for week in read.split()
        for step in (-1, 0, 1)
    }
    count = Counter((app, week) for _, app, week, _ in everything)
    fit = [
        (app, week)
        for (app, week), reviews in sorted(count.items(), key=lambda item: (-item[1], item[0]))
        if reviews >= LEAST
        and int(week[-2:]) % 8 == JUDGED
        and (app, _monday(week)) not in near
        and week not in SPENT[app].split()
    ]
    apps = sorted({app for app, _ in fit})
    return sorted(pair for app in apps for pair in [p for p in fit if p[0] == app][:WEEKS_EACH])


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
