"""A few weeks tracked from nothing: who is born when, comes back, and keeps whose id."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np
import pytest

from rootcause.naming import Name
from rootcause.pools import COMPLAINT, QUESTION, Kind, Pool, empty_pool, join
from rootcause.records import Week
from rootcause.register import Register, WeekFacts
from rootcause.track import POOLED_WEEKS, Settings, Tracker

WIDTH = 60
START = Week(2026, 1)


def namer(texts, labels, vectors, taken, kind, mixed=False):
    return [
        Name(title=f"cause {len(taken)} {n}", source="words", fit=0.0, key_phrases=(),
             central=None, typical=None, sharpest=None, mixed=mixed)
        for n in range(int(labels.max()) + 1)
    ]  # fmt: skip


class Company:
    """Weeks of mentions whose problems are known, and a register that tracks them."""

    def __init__(self, register, seed=0):
        self.rng = np.random.default_rng(seed)
        self.centres = self.rng.normal(size=(6, WIDTH))
        self.register = register
        register.bind(encoder_name="e", encoder_hash="h", dimension=WIDTH, timezone="UTC",
                      where="", min_voices=5)  # fmt: skip
        self.pools = {}
        self.settings = Settings()
        self.namer = namer

    def write(self, number, counts, strangers=40):
        """Make a week's mentions: {problem: how many}."""
        rows, ids = [], []
        for problem, count in counts.items():
            rows.append(self.centres[problem] + 0.7 * self.rng.normal(size=(count, WIDTH)))
            ids += [f"p{problem}-{number:02d}-{i}" for i in range(count)]
        rows.append(self.rng.normal(size=(strangers, WIDTH)))
        ids += [f"s-{number:02d}-{i}" for i in range(strangers)]
        vectors = np.concatenate(rows)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.keep(number, ids, vectors.astype(np.float32))

    def keep(self, number, ids, vectors):
        count = len(ids)
        self.pools[number] = Pool(
            ids=ids, weeks=[str(START.shift(number))] * count, texts=ids, vectors=vectors,
            voices=number * 1_000 + np.arange(count), days=[i % 7 for i in range(count)],
            channels=["x"] * count, areas=["general"] * count, known=[None] * count,
        )  # fmt: skip

    def track(self, number):
        """Run one week as a report does."""
        week, register = START.shift(number), self.register
        pool = self.pools[number]
        kinds = [
            Kind(kind=COMPLAINT, pool=pool, apart=(), mentions=len(pool), voices=len(pool)),
            Kind(kind=QUESTION, pool=empty_pool(WIDTH), apart=(), mentions=0, voices=0),
        ]
        with register.transaction():
            trail = {COMPLAINT: self._trail(number), QUESTION: empty_pool(WIDTH)}
            tracked = Tracker(register, week, self.settings, self.namer, str).run(kinds, trail)
            facts = WeekFacts(
                week=week, run_id="r", mentions=len(pool), complaints=len(pool),
                complaint_voices=len(pool), question_voices=0, isolated=tracked.isolated,
                unspecified=0, duplicates=0, model_id="m",
            )  # fmt: skip
            register.write_week(facts, tracked.assignments, tracked.edges)

    def _trail(self, number):
        parts = []
        for earlier in range(max(0, number - POOLED_WEEKS + 1), number):
            rows = self.register.assignments(START.shift(earlier), upto=START.shift(number - 1))
            alone = {row.mention_id for row in rows if row.kind == "isolated"}
            pool = self.pools[earlier]
            parts.append(pool.take([i for i, one in enumerate(pool.ids) if one in alone]))
        return join(parts, WIDTH)

    def home(self, problem, number=None):
        """Return the cause that most of a problem's mentions are in, in a week or ever."""
        weeks = self.pools if number is None else [number]
        homes = Counter(
            row.cause_id
            for week in weeks
            for row in self.register.assignments(START.shift(week))
            if row.mention_id.startswith(f"p{problem}-")
        )
        return homes.most_common(1)[0][0] if homes else ""


@pytest.fixture
def company(tmp_path):
    with Register.open(tmp_path / "r.db", create=True) as register:
        yield Company(register)


def test_a_problem_of_few_voices_a_week_is_found_in_the_pool_and_back_dated(company):
    company.settings = Settings(min_voices=8)
    for number in range(6):
        company.write(number, {0: 12, 1: 3 if number >= 1 else 0})
        company.track(number)
    slow = company.home(1)
    assert slow
    born = company.register.cause(slow).born_in
    points = company.register.series()[slow]
    assert START.shift(2) <= born
    assert points[0].week == START.shift(1)
    (emerged,) = [e for e in company.register.edges(cause_id=slow) if e.kind == "emerged"]
    assert emerged.week == points[0].week
    # what a week's report said before stays what it said
    assert slow not in company.register.series(upto=born.shift(-1))


def test_a_group_without_a_common_problem_is_no_cause_until_it_has_one(company):
    company.namer = partial(namer, mixed=True)
    for number in range(2):
        company.write(number, {0: 12})
        company.track(number)
    assert not company.register.causes()
    company.namer = namer
    company.write(2, {0: 12})
    company.track(2)
    found = company.home(0)
    assert found
    # nobody who spoke of it before is lost
    assert company.register.series()[found][0].week == START


def test_a_cause_that_was_gone_comes_back_under_its_id(company):
    for number in range(12):
        company.write(number, {0: 12, 2: 0 if 3 <= number < 10 else 12})
        company.track(number)
    before = company.home(2, 1)
    assert before
    assert company.home(2, 10) == company.home(2, 11) == before
    edges = [(e.kind, e.week.minus(START)) for e in company.register.edges(cause_id=before)]
    kinds = Counter(kind for kind, _ in edges)
    assert kinds["emerged"] == kinds["disappeared"] == kinds["returned"] == 1
    assert ("returned", 10) in edges
    assert kinds["survived"] == 3  # weeks 1, 2 and 11


def test_a_week_that_changes_gives_its_id_back_or_retires_it_for_good(company):
    for number in range(3):
        company.write(number, {0: 12, 1: 14 if number == 1 else 0})
        company.track(number)
    first = company.home(1, 1)
    pool = company.pools[1]
    # late data: the week is told again, with one mention less of it
    rest = [i for i, one in enumerate(pool.ids) if one != "p1-01-0"]
    company.pools[1] = pool.take(rest)
    company.track(1)
    assert company.home(1, 1) == first
    # then it turns out that nobody met the problem
    company.pools[1] = pool.take([i for i, one in enumerate(pool.ids) if one[:2] != "p1"])
    company.track(1)
    assert company.register.cause(first).state == "retired"
    company.write(3, {0: 12, 3: 14})
    company.track(3)
    assert company.home(3, 3) not in {"", first}
