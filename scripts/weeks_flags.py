"""False alarms and suggestions of rootcause on the simulated weeks of real text, end to end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from rootcause.register import Register
from rootcause.trends import assess
from weeks_data import FIRST, World
from weeks_identity import START


@dataclass(kw_only=True)
class Flags:
    """What is counted while the weeks go by; call it as `track`'s `on_week`."""

    world: World
    judged: int = 0
    flagged: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    shares: dict[str, list[float]] = field(default_factory=dict)

    def __call__(self, register: Register, number: int) -> None:
        """Judge the report of one week: is what it calls new or growing truly rising?"""
        if number < FIRST:
            return
        week = START.shift(number)
        series = register.series(upto=week)
        read = np.array([facts.mentions for facts in register.weeks()], dtype=float)
        counts = np.zeros((len(series), number + 1))
        for row, points in enumerate(series.values()):
            for point in points:
                counts[row, point.week.minus(START)] = point.voices
        weeks = [START.shift(i) for i in range(number + 1)]
        words = [trend.status for trend in assess(counts, weeks, read)]
        past = counts[:, -9:-1]
        loud = counts[:, -1] > past.mean(axis=1) + 2 * past.std(axis=1, ddof=1)
        rules = {
            "rootcause": [word in {"new", "growing"} for word in words],
            "two SD of counts": loud.tolist(),
        }
        rising = [self._rises(register, cause_id, number) for cause_id in series]
        self.judged += 1
        for rule, flags in rules.items():
            wrong = sum(flag and not true for flag, true in zip(flags, rising, strict=True))
            self.flagged[rule] += sum(flags)
            self.wrong[rule] += wrong
            self.shares.setdefault(rule, []).append(wrong / max(1, sum(flags)))

    def _rises(self, register: Register, cause_id: str, number: int) -> bool:
        """Return whether what most of the id's mentions of this week are about truly rose.

        An id is as true as its members: their expected number, by the causes they belong to,
        against that of the weeks before.
        """
        rows = [row for row in register.mentions_of(cause_id) if row.week == START.shift(number)]
        golds = Counter(self.world.rows[int(row.mention_id[1:])][2] for row in rows)
        golds.pop("", None)
        if not golds:
            return False
        rate = self.world.rates[min(golds, key=lambda gold: (-golds[gold], gold))]
        return bool(rate[number] > rate[max(0, number - 8) : number].mean() * 1.0001)

    def result(self) -> dict[str, dict[str, float]]:
        """Return false alarms per week and the observed false discovery rate, by rule."""
        return {
            rule: {
                "flags_per_week": self.flagged[rule] / self.judged,
                "false_alarms_per_week": self.wrong[rule] / self.judged,
                "observed_fdr": float(np.mean(self.shares[rule])),
            }
            for rule in self.flagged
        }
