"""Where identity is lost: lost cause-weeks by the life of the cause and by the id that it wears."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rootcause.register import Register
from rootcause.register.edits import merge
from weeks_data import FIRST, World
from weeks_identity import START, Homes, names_of

SIZES = ((8, "5 to 7 voices"), (15, "8 to 14 voices"), (10**9, "15 voices or more"))


@dataclass(kw_only=True)
class Lost:
    """Cause-weeks that wear another id than their cause's usual one, and all, by what they are."""

    lost: dict[str, Counter[str]] = field(default_factory=dict)
    all: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, world: World, told: list[Homes]) -> None:
        """Count a world: by life, by week, by size, and the lost ones by the id they wear."""
        names = {key: name for key, name in names_of(world, told)[0].items() if name}
        voices = Counter((row[2], row[0]) for row in world.rows)
        inside = contents(world, told)
        usual: dict[str, Counter[str]] = {}
        for (gold, _), name in names.items():
            usual.setdefault(gold, Counter())[name] += 1
        main = {gold: min(c, key=lambda one: (-c[one], one)) for gold, c in usual.items()}
        lives = lives_of(world)
        for (gold, week), name in names.items():
            sorts = {
                "life": lives.get(gold, "steady"),
                "week": "before the first judged" if week < FIRST else "judged",
                "size": next(words for most, words in SIZES if voices[gold, week] < most),
            }
            for sort, value in sorts.items():
                self.all.setdefault(sort, Counter())[value] += 1
            if name in {main[gold], main.get(world.relative(gold), "")}:
                continue
            sorts["id"] = f"{wears(inside[name], gold)}, usually {wears(inside[main[gold]], gold)}"
            for sort, value in sorts.items():
                self.lost.setdefault(sort, Counter())[value] += 1

    def result(self) -> dict[str, dict[str, str]]:
        """Return "lost of all" by every sort; ids that lost cause-weeks wear have no "of"."""
        return {
            sort: {
                value: f"{number} of {self.all[sort][value]}" if sort in self.all else str(number)
                for value, number in counts.most_common()
            }
            for sort, counts in self.lost.items()
        }


def lives_of(world: World) -> dict[str, str]:
    """Return what happens to each cause that is not steady."""
    lives = {}
    for name in ("born", "grown", "back", "fixed", "parted", "joined"):
        lives |= dict.fromkeys(getattr(world, name), name)
    return lives | dict.fromkeys(world.kin, "born by a split or gone by a merge")


def contents(world: World, told: list[Homes]) -> dict[str, Counter[str]]:
    """Return how many mentions of each true cause each id ever held."""
    inside: dict[str, Counter[str]] = {}
    for homes in told:
        for row, name in homes.items():
            inside.setdefault(name, Counter())[world.rows[row][2]] += 1
    return inside


def wears(golds: Counter[str], gold: str) -> str:
    """Return whose id one is, by what it held: this cause's, another's, strangers', a mixture."""
    owner, count = golds.most_common(1)[0]
    if 2 * count < golds.total():
        return "a mixture's"
    return "its own" if owner == gold else "strangers'" if not owner else "another's"


@dataclass(kw_only=True)
class Reader:
    """A person who reads each week's suggested merges and takes those of one true cause."""

    world: World
    register: Register | None = None
    taken: int = 0
    left: int = 0

    def __call__(self, register: Register, number: int) -> None:
        """Take what is right of this week's suggestions; call it as `track`'s `on_week`."""
        for edge in register.edges(upto=START.shift(number)):
            if not (edge.suggested and edge.kind == "merged" and edge.other_id):
                continue
            if edge.week != START.shift(number):
                continue
            one, other = register.resolve(edge.cause_id), register.resolve(edge.other_id)
            if one == other:
                continue
            if self._gold(register, one) == self._gold(register, other):
                merge(register, [other], one, who="reader")
                self.taken += 1
            else:
                self.left += 1
        self.family = register.family()

    def _gold(self, register: Register, cause_id: str) -> str:
        rows = register.mentions_of(cause_id)
        golds = Counter(self.world.rows[int(row.mention_id[1:])][2] for row in rows)
        golds.pop("", None)
        return min(golds, key=lambda gold: (-golds[gold], gold), default=cause_id)

    def followed(self, told: list[Homes]) -> list[Homes]:
        """Return what was told with ids merged since as what they live on as."""
        return [{row: self.family[name] for row, name in homes.items()} for homes in told]
