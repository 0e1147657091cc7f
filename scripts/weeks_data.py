"""Simulated weeks of real complaints whose causes are known: births, growth, fixes, returns, ...

The texts are those of `cause_notes.csv`; their annotated causes are short free phrases, gathered
here into families by patterns. Every world draws its roles, rates and texts anew from its seed.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

WEEKS = 26
FIRST = 9  # first judged week: a full baseline exists
SILENT = 6

# name: pattern of the annotated cause
FAMILIES = {
    "refund missing": r"^refund (not received|promised|requested but|takes|delayed$|requested)",
    "refund refused": r"refund (request )?(refused|denied|rejected)|refused? (a )?refund",
    "wrong item": r"wrong (item|product|colour|size) (delivered|received|sent)",
    "damaged on arrival": r"(item|product|package|order).* arrived? (damaged|broken)"
    r"|received damaged",
    "late parcel": r"(order|package|parcel|item).*(delivery delayed|not delivered|delivered late)"
    r"|late delivery|delivery date missed",
    "counterfeit": r"counterfeit|fake (product|item)|fake or used",
    "return pickup": r"return pickup|return (or replacement )?(request|not proc)",
    "poor fabric": r"fabric|stitching|colour (bleeds|fades)",
    "poor size": r"(size|garment).*(inaccurate|fit|wrong)|size inaccurate",
    "print quality": r"print|missing book content|book content",
    "hold time": r"hold time|long (phone )?hold|on hold",
    "no reply": r"no (reply|response) (to|from)",
    "canned replies": r"canned|automated repl",
    "callback": r"callback",
    "dark mode": r"dark mode",
    "unread badge": r"badge|unread (count|notif|message count)",
    "bulk delete": r"bulk|select all",
    "attachments": r"attach",
    "new design": r"redesign|(interface|new design|layout).*(disliked|cluttered|confus|unwanted)",
    "crash": r"crash",
    "sign in": r"(cannot|unable to) (sign|log) ?in|locked out|verification code",
    "battery": r"battery",
    "letter i": r"letter i|autocorrect|replaces letter|symbol",
    "predecessor app": r"predecessor|discontinued app",
    "data cap": r"data (usage )?cap|overage",
    "slow internet": r"(slow|poor|throttl).*internet|internet.*(slow|throttl|below)",
    "internet outage": r"internet.*(outage|down)|outage",
    "billing": r"(unexpected|unexplained|extra|hidden).*(charge|fees?|bill)|deceptive billing",
    "identity theft": r"identity theft|unrecognized account|fraudulent account|hard inquir",
    "debt collection": r"debt|collection",
    "failed payment": r"(payment|transaction).*(debited|deducted|failed)|payment failed",
    "fare higher": r"fare (higher|raised)|overcharged for the ride|driver demands|surge",
    "driver cancels": r"driver (cancels|forces)|no driver|driver never",
    "pickup time": r"pickup (time|location)|wait for driver",
    "cabin bag": r"(cabin|carry-on) bag|carry-on",
    "check-in fee": r"check-in fee|fee for (missed|checking)",
    "online check-in": r"online check-in not|check-in desk",
    "tarmac": r"tarmac|gate (after|available)|for gate",
    "wifi": r"wi-?fi",
    "seats": r"seat(s|ing)? |legroom|cramped",
    "rude crew": r"rude.*(crew|attendant|airline|gate|ground|airport)",
    "missed connection": r"connection (at|after|due|because)|missed connection",
    "sponsor": r"sponsor|controversial",
    "delay": r"^(long flight delay|flight departure delayed|repeated flight delays"
    r"|flight delayed for hours|frequent flight|flight (departed|delayed repeatedly)"
    r"|flight departure or)",
    "delay: mechanical": r"(mechanical|maintenance)",
    "delay: crew": r"(waiting for|awaiting) crew|for crew",
    "bag": r"checked bag (lost or|did not|left)|bag(gage)? lost",
    "bag delayed": r"(bag|baggage) (delayed|delivery)|wait for (checked )?bags|carousel",
    "bag damaged": r"bag.*damaged|damaged.*(bag|suitcase)",
    "staff": r"^(poor customer service|unhelpful|rude or unhelpful|poor customer)",
    "staff: unresolved": r"(unresolved|not resolved|no resolution|repeated contact)",
    "staff: unreachable": r"cannot reach",
}
# generic family -> the two that it falls apart into (a split), or comes from (a merge)
SPLITS = (("delay", "delay: mechanical", "delay: crew"),)
SPLITS += (("staff", "staff: unresolved", "staff: unreachable"),)
MERGES = (("bag", "bag delayed", "bag damaged"),)
VAGUE = "unspecified dissatisfaction"


@dataclass(kw_only=True)
class World:
    """One simulated company: who wrote what when, and the truth behind it.

    `rows` are (week, day, gold cause or "", text); `rates` is {gold: (w,) expected voices of a
    usual week}; `allowed` maps a gold cause to others whose id is right for it too.
    """

    rows: list[tuple[int, int, str, str]] = field(default_factory=list)
    rates: dict[str, np.ndarray] = field(default_factory=dict)
    volume: np.ndarray = field(default_factory=lambda: np.ones(WEEKS))
    born: dict[str, int] = field(default_factory=dict)
    grown: dict[str, int] = field(default_factory=dict)
    back: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    parted: dict[str, int] = field(default_factory=dict)
    joined: dict[str, int] = field(default_factory=dict)
    kin: dict[str, str] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)  # rows whose text was dealt before

    def relative(self, gold: str) -> str:
        """Return the cause that one parted from or joined, or that parted from or joined it."""
        back = {to: one for one, to in self.kin.items()}
        return self.kin.get(gold) or back.get(gold, "")


def read_texts(data: Path) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """Return the texts of each family, texts of causes met once, and texts that name none."""
    with (data / "labeled" / "cause_notes.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["complaint"] == "1"]
    patterns = {name: re.compile(pattern) for name, pattern in FAMILIES.items()}
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["cause"]] = counts.get(row["cause"], 0) + 1
    families: dict[str, list[str]] = {name: [] for name in FAMILIES}
    alone, vague = [], []
    for row in rows:
        homes = [name for name, pattern in patterns.items() if pattern.search(row["cause"])]
        if row["cause"] == VAGUE:
            vague.append(row["text"])
        elif len(homes) == 1:
            families[homes[0]].append(row["text"])
        elif not homes and counts[row["cause"]] == 1:
            alone.append(row["text"])
    return families, alone, vague


def make_world(data: Path, seed: int) -> World:
    """Return a world of 40 causes over `WEEKS` weeks."""
    rng = np.random.default_rng(seed)
    families, alone, vague = read_texts(data)
    decks = {name: _Deck(rng, texts) for name, texts in families.items()}
    world = World(volume=_volume(rng))
    special = {name for trio in (*SPLITS, *MERGES) for name in trio}
    free = [name for name in rng.permutation(sorted(set(families) - special)).tolist()
            if len(families[name]) >= 40]  # fmt: skip
    roles = {"born": 7, "grown": 5, "fixed": 5, "back": 5, "steady": 12}
    plan: dict[str, list[tuple[str, np.ndarray]]] = {}  # gold cause -> families and their rates
    for role, number in roles.items():
        for name in (free.pop() for _ in range(number)):
            plan[name] = [(name, _life(rng, world, role, name))]
    for whole, one, other in SPLITS:
        _part(rng, world, plan, (whole, one, other), joined=False)
    for whole, one, other in MERGES:
        _part(rng, world, plan, (whole, one, other), joined=True)
    world.rates = {gold: sum(rate for _, rate in parts) for gold, parts in plan.items()}
    noise = 0.1 * rng.gamma(3, 1 / 3, len(plan)) + 1e-6
    deals: list[tuple[int, int, str, str]] = []
    for (gold, parts), alpha in zip(plan.items(), noise, strict=True):
        for family, rate in parts:
            mean = rate * world.volume
            counts = rng.poisson(mean * rng.gamma(1 / alpha, alpha, WEEKS))
            for week, count in enumerate(counts.tolist()):
                for _ in range(count):
                    deals.append((week, int(rng.integers(7)), gold, family))
    for week, day, gold, family in sorted(deals, key=lambda deal: deal[0]):
        if decks[family].again:
            world.again.add(len(world.rows))
        world.rows.append((week, day, gold, decks[family].deal()))
    rest = ((_Deck(rng, alone), 60), (_Deck(rng, vague), 20))
    for week in range(WEEKS):
        for deck, usual in rest:
            world.rows += [(week, int(rng.integers(7)), "", deck.deal())
                           for _ in range(rng.poisson(usual * world.volume[week]))]  # fmt: skip
    return world


class _Deck:
    """Texts in random order; dealt again, in another order, when all were dealt."""

    def __init__(self, rng: np.random.Generator, texts: list[str]) -> None:
        self.rng, self.texts = rng, texts
        self.left: list[int] = rng.permutation(len(texts)).tolist()
        self.again = False

    def deal(self) -> str:
        text = self.texts[self.left.pop()]
        if not self.left:
            self.left = self.rng.permutation(len(self.texts)).tolist()
            self.again = True
        return text


def _volume(rng: np.random.Generator) -> np.ndarray:
    volume = np.exp(rng.normal(0, 0.12, WEEKS))
    holiday = int(rng.integers(FIRST, WEEKS - 2))
    volume[holiday : holiday + 2] *= 0.5
    return volume


def _life(rng: np.random.Generator, world: World, role: str, name: str) -> np.ndarray:
    weeks = np.arange(WEEKS)
    rate = np.full(WEEKS, float(np.clip(np.exp(rng.normal(1.7, 0.4)), 4, 12)))
    if role == "born":
        world.born[name] = int(rng.integers(FIRST, WEEKS - 4))
        return np.where(weeks >= world.born[name], rng.uniform(6, 25), 0)
    if role == "grown":
        start = int(rng.integers(FIRST, WEEKS - 6))
        world.grown[name] = start + 1
        return rate * 1.25 ** np.clip(weeks - start, 0, 6)
    if role == "fixed":
        world.fixed[name] = int(rng.integers(FIRST + 1, WEEKS - 6))
        return rate * np.where(weeks >= world.fixed[name], 0.1, 1)
    if role == "back":
        start = int(rng.integers(FIRST - 2, WEEKS - SILENT - 4))
        world.back[name] = start + SILENT
        away = (weeks >= start) & (weeks < world.back[name])
        return np.where(away, 0, rng.uniform(6, 25))
    return rate


def _part(
    rng: np.random.Generator,
    world: World,
    plan: dict[str, list[tuple[str, np.ndarray]]],
    trio: tuple[str, str, str],
    *,
    joined: bool,
) -> None:
    """Let a cause fall apart into two, or two become one, in the middle of the time."""
    whole, one, other = trio
    when = int(rng.integers(FIRST + 2, WEEKS - 8))
    before = np.arange(WEEKS) < when
    general = before != joined
    rate = float(rng.uniform(8, 14))
    if joined:
        # from then on people tell of both in the same general words, under the first one's name
        plan[one] = [(one, rate / 2 * ~general), (whole, rate * general)]
        plan[other] = [(other, rate / 2 * ~general)]
        world.joined[one] = when
    else:
        plan[whole] = [(whole, rate * general), (one, rate / 2 * ~general)]
        plan[other] = [(other, rate / 2 * ~general)]
        world.parted[whole] = when
    world.kin[other] = one if joined else whole
