"""What the weekly measurements rest on: rows that are found again, losses that add up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rootcause.errors import DataError

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from weeks_breakdown import Lost
from weeks_data import World
from weeks_identity import judge
from weeks_years import key_of, places_of


def test_each_scored_review_points_at_its_own_row():
    numbers = {key_of("App crashes\nalways."): [4], key_of("Bad"): [7, 9]}
    assert places_of(numbers, ["Bad", "App  crashes always", "bad!"]) == [4, 7, 9]
    with pytest.raises(DataError, match="in no row of the source"):
        places_of(numbers, ["Good"])


def test_lost_cause_weeks_add_up_to_what_is_not_kept():
    world = World()
    for week in range(10):
        for gold in ("one", "other"):
            world.rows += [(week, 0, gold, f"{gold} {week} {i}") for i in range(5)]
    world.rows.append((9, 0, "", "a stranger"))
    world.rates = {"one": 5, "other": 5}
    world.parted = {"one": 5}
    told = [{} for _ in range(26)]
    for row, (week, _, gold, _) in enumerate(world.rows):
        if gold:
            told[week][row] = "A" if gold == "one" else "C" if week in (3, 4) else "B"
    lost = Lost()
    lost.add(world, told)
    assert judge(world, told)["kept"] == pytest.approx(18 / 20)
    assert lost.result()["life"] == {"steady": "2 of 10"}
    assert lost.result()["id"] == {"its own, usually its own": "2"}
    # of two that parted the other's id is right too, whichever of them is the part
    for kin in ({"other": "one"}, {"one": "other"}):
        world.kin = kin
        both = [{row: "A" for row in homes} if week < 3 else homes
                for week, homes in enumerate(told)]  # fmt: skip
        assert judge(world, both)["kept"] == pytest.approx(18 / 20)
