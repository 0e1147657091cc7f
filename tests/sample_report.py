# ruff: noqa: E501
"""A week's report of an invented company, as `weekly` would build it; equal on every call."""

import math
import random
from dataclasses import replace

from rootcause.findings import (
    Cause,
    ClassVolume,
    ClosestGroup,
    Dial,
    Edge,
    Estimate,
    Figure,
    Fix,
    Isolated,
    MapPoint,
    MentionRow,
    Outreach,
    Quote,
    ReplyRow,
    Report,
    Segment,
    Theme,
    Trust,
    WeekPoint,
)  # fmt: skip
from rootcause.records import Week

LAST = Week(2026, 47)
WEEKS = 20
POSTS = "https://social.example.com/post/"

# title, area, status, breadth, owner, voices by week (a function of 0..19), reason
CAUSES = (
    ("Login code by text message never arrives", "account", "growing", "systemic", "Priya Nair",
     lambda w: max(0, 4 * (w - 9)),
     "40 voices, 2.3 times the usual rate; counts and rates agree (q = 0.002)"),
    ("Exit fee charged to customers who move house", "fees", "steady", "systemic", "Tom Becker",
     lambda w: 22 + w % 3,
     "22 voices, within the range of the last 12 weeks (q = 0.71)"),
    ("Charged twice for the same month", "billing", "returned", "recurring", "Tom Becker",
     lambda w: 13 if w < 11 else (0 if w < 18 else 15 + 4 * (w - 18)),
     "absent for seven weeks, 19 voices now; the fix of 2 October has not held (q = 0.004)"),
    ("Promised speed not reached in the evening", "outage", "steady", "systemic", None,
     lambda w: 12 + (w * 7) % 4,
     "12 voices, within the usual range (q = 0.88)"),
    ("Price raised in the middle of the contract", "terms", "steady", "recurring", "Tom Becker",
     lambda w: 14 - w % 3,
     "14 voices, within the usual range (q = 0.64)"),
    ("Cancelling only by phone, passed from agent to agent", "cancellation", "steady", "systemic",
     "Ines Duarte", lambda w: 0 if w < 15 else 13, "13 voices, as in the four weeks before"),
    ("Bills go on after a confirmed cancellation", "billing", "new", "recurring", None,
     lambda w: 0 if w < 15 else 12 + w % 2,
     "first seen five weeks ago as a split of RC-0004; 13 voices from 3 channels"),
    ("Endless hold, no way to reach a person", "reach", "steady", "systemic", "Ines Duarte",
     lambda w: 14 + w % 2, "14 voices, within the usual range (q = 0.93)"),
    ("TV box freezes and loses recordings", "product", "growing", "recurring", "Jo Lindqvist",
     lambda w: 4 + w // 2, "13 voices, 1.6 times the usual rate (q = 0.03)"),
    ("Welcome voucher refused on small print", "terms", "fading", "recurring", None,
     lambda w: max(5, 14 - w // 2), "5 voices, 0.5 times the usual rate (q = 0.04)"),
    ("Engineer does not come to the booked visit", "delay", "fixed", "systemic", "Jo Lindqvist",
     lambda w: 26 if w < 15 else max(1, 14 - 3 * (w - 14)),
     "2 voices against 25 before the fix of 19 October; counts and rates agree (q < 0.001)"),
    ("No mobile signal at home", "outage", "steady", "recurring", None,
     lambda w: 6, "6 voices, within the usual range (q = 0.97)"),
)  # fmt: skip
QUOTES = (
    ("still no code. tried 11 times since breakfast, the app just laughs at me",
     "Cannot get into my account because the text with the code turns up two hours later, expired",
     "Third week without access. THIRD. All for six digits you will not send"),
    ("moving to a place you do not even serve and you want 180 for leaving?? make it make sense",
     "So the house I move to has no Bramble, and I pay the early exit fee. For what exactly",
     "a fee for moving out of your own coverage is daylight robbery"),
    ("two debits, same amount, same day, third month in a row",
     "You took the monthly payment twice again and the chat says wait ten working days",
     "my rent bounced because you helped yourselves twice"),
)  # fmt: skip
KEYS = ("never arrives", "text message", "code expired", "locked out", "try again later")


def series(voices, *, fix=None):
    points = []
    for index in range(WEEKS):
        count = voices(index)
        rate = 1000 * count / 780
        half = 1.645 * math.sqrt(count + 1) * 1000 / 780
        mark = "fix" if index == fix else "model change" if index == 8 else ""
        if index == 3:
            mark = "outside"
        points.append(
            WeekPoint(
                week=str(LAST.shift(index - WEEKS + 1)),
                voices=count,
                mentions=count + count // 4,
                rate=round(rate, 3),
                low=round(max(0.0, rate - half), 3),
                high=round(rate + half, 3),
                mark=mark,
            )
        )
    return tuple(points)


def cause(number):
    title, area, status, breadth, owner, voices, reason = CAUSES[number]
    fix_week = {10: 14, 2: 11}.get(number)
    points = series(voices, fix=fix_week)
    now = points[-1]
    texts = QUOTES[number % 3]
    roles = ("central", "typical", "sharpest")
    fix = None
    if number == 10:
        fix = Fix(date="2026-10-19", note="Second visit booked by the engineer on the spot",
                  verdict="worked", effect=Estimate(value=0.18, low=0.11, high=0.29))  # fmt: skip
    if number == 2:
        fix = Fix(date="2026-10-02", note="Retry job of the payment run switched off",
                  verdict="returned", effect=Estimate(value=0.94, low=0.61, high=1.42))  # fmt: skip
    identifier = f"RC-{number + 1:04d}"
    edges = [Edge(kind="emerged", week=points[0].week, cause_id=identifier)]
    if number == 6:
        edges = [Edge(kind="split", week="2026-W43", cause_id="RC-0006", other_id=identifier,
                      similarity=0.71, suggested=True)]  # fmt: skip
    if number == 2:
        edges.append(Edge(kind="disappeared", week="2026-W39", cause_id=identifier))
        edges.append(Edge(kind="returned", week="2026-W46", cause_id=identifier, similarity=0.93))
    ratio = {"growing": 2.3 if number == 0 else 1.6, "fading": 0.5, "fixed": 0.1}.get(status, 1.02)
    return Cause(
        cause_id=identifier, title=title, theme="", area=area, kind="complaint", breadth=breadth,
        status=status, status_reason=reason, voices=now.voices, mentions=now.mentions,
        share=round(now.voices / 331, 4), rate=Estimate(value=now.rate, low=now.low, high=now.high),
        change=None if status in {"new", "returned"} else ratio, q_value=0.004,
        first_week=next(p.week for p in points if p.voices), last_week=points[-1].week,
        weeks_active=sum(p.voices > 0 for p in points),
        stability=None if number % 4 == 3 else 0.71 + 0.02 * number, weak=number == 11,
        owner=owner, owner_email=owner and owner.split()[0].lower() + "@bramble.example",
        action="Second provider for login texts" if number == 0 else None,
        due="2026-12-04" if number == 0 else None, series=points, key_phrases=KEYS[: 3 + number % 3],
        quotes=tuple(
            Quote(mention_id=f"m{number}{i}", text=text, role=role, date=f"2026-11-{17 + i}",
                  channel=("x", "forum", "ticket")[i], url=f"{POSTS}{number}{i}")
            for i, (text, role) in enumerate(zip(texts, roles, strict=True))
        ),
        segments=(Segment(column="region", value="North", share=0.46, base_share=0.21, voices=18),)
        if number % 3 == 0 else (),
        lineage=tuple(edges),
        contacts_per_year=Estimate(value=52.0 * now.mentions, low=40.0 * now.mentions,
                                   high=66.0 * now.mentions),
        cost_per_year=Estimate(value=312.0 * now.mentions, low=240.0 * now.mentions,
                               high=396.0 * now.mentions),
        fix=fix, waiting=now.voices // 5, response_hours_median=5.5 + number,
        response_hours_p90=41.0 + 2 * number,
    )  # fmt: skip


def question():
    points = series(lambda w: 8 + w % 5)
    base = cause(3)
    return replace(
        base, cause_id="RC-0031", title="Will my plan and eSIM work abroad", kind="question",
        area="information", status="steady", status_reason="12 voices, as in most weeks",
        breadth="recurring", voices=12, mentions=13, share=0.36, series=points, fix=None,
        owner="Ines Duarte", owner_email="ines@bramble.example", segments=(), cost_per_year=None,
        key_phrases=("work abroad", "switch on roaming", "before my trip", "eSIM in Spain"),
        quotes=(
            Quote(mention_id="q1", role="central", channel="x", date="2026-11-18",
                  text="does my plan work in Portugal or do I have to switch something on first?"),
            Quote(mention_id="q2", role="typical", channel="ticket", date="2026-11-20",
                  text="Flying on Sunday. How do I activate the eSIM for roaming, and what is it a day?"),
        ),
    )  # fmt: skip


def points(causes):
    dice = random.Random(7)
    found = []
    for index, one in enumerate(causes):
        angle = 2 * math.pi * index / len(causes)
        x, y = 0.5 + 0.36 * math.cos(angle), 0.5 + 0.36 * math.sin(angle)
        for number in range(one.voices * 2):
            text = one.quotes[number % 3].text
            found.append(MapPoint(x=round(min(1, max(0, dice.gauss(x, 0.035))), 4),
                                  y=round(min(1, max(0, dice.gauss(y, 0.045))), 4),
                                  cause_id=one.cause_id, text=text))  # fmt: skip
    found += [MapPoint(x=round(dice.random(), 4), y=round(dice.random(), 4), cause_id="")
              for _ in range(60)]  # fmt: skip
    return tuple(found)


def sample():
    causes = tuple(
        sorted((cause(n) for n in range(len(CAUSES))), key=lambda c: (-c.voices, c.cause_id))
    )
    queue = tuple(
        ReplyRow(
            mention_id=f"r{n}", created_at=f"2026-11-{16 + n % 6:02d}T{8 + n % 9:02d}:1{n % 6}:00Z",
            waiting_hours=150.0 - 3.1 * n, label="service_request",
            cause_id=causes[n % 5].cause_id if n % 4 else "",
            cause_title=causes[n % 5].title if n % 4 else "", author=f"customer_{n:02d}",
            channel=("x", "forum", "ticket")[n % 3], url=f"https://x.com/customer_{n:02d}/status/90{n}",
            text=f"@BrambleHelp order 88{n:04d}: please look at my case, I wrote on Monday already",
        )
        for n in range(44)
    )  # fmt: skip
    return Report(
        schema_version=1, run_id="5e0c1f7ab2d94c10", week=str(LAST), starts="2026-11-16",
        ends="2026-11-22", timezone="UTC", partial=False, scope="", brand="Bramble",
        sentence="Login codes that never arrive are now the largest problem (40 people, 2.3 times "
        "the usual rate); double charges are back seven weeks after their fix; missed engineer "
        "visits have all but stopped.",
        figures=(
            Figure(name="Mentions", value=1403, previous=1368.0, note="relevant to Bramble"),
            Figure(name="Complaints", value=0.412, low=0.388, high=0.437, previous=0.379,
                   unit="share", note="of mentions, corrected for classification errors"),
            Figure(name="Waiting for an answer", value=44, previous=31.0,
                   note="service requests without a reply"),
            Figure(name="Explained by causes", value=0.71,
                   low=0.66, high=0.76, previous=0.69, unit="share", note="of complaint voices"),
        ),
        causes=causes, questions=(question(),),
        isolated=(
            Isolated(mention_id="i1", area="product", needs_reply=True, date="2026-11-19",
                     channel="forum", url=POSTS + "i1", posts=22,
                     text="Your engineer drilled through a water pipe and my kitchen is flooded"),
            Isolated(mention_id="i2", area="lost", needs_reply=False, date="2026-11-17", channel="x",
                     text="the new router came with somebody else's returned remote in the box"),
            Isolated(mention_id="i3", area="access", needs_reply=True, date="2026-11-20",
                     channel="ticket",
                     text="The shop's lift is out of order and the only counter is upstairs; I use a wheelchair"),
        ),
        reply_queue=queue,
        mention_rows=tuple(
            MentionRow(mention_id=q.mention_id, cause_id=c.cause_id, strength=0.8123, kind="cause")
            for c in causes for q in c.quotes
        ),
        trust=Trust(
            counts=(
                ("rows read", 2417), ("company posts", 388), ("already scored", 0), ("rejected", 6),
                ("scored", 2023), ("mentions of the week", 1403), ("complaints", 578),
                ("in causes", 352), ("isolated", 96), ("no cause told", 71), ("duplicates", 59),
                ("questions", 33),
            ),
            volumes=(
                ClassVolume(label="venting", count=402, share=0.287,
                            corrected=Estimate(value=0.301, low=0.28, high=0.322)),
                ClassVolume(label="service_request", count=209, share=0.149,
                            corrected=Estimate(value=0.141, low=0.125, high=0.158)),
                ClassVolume(label="praise", count=248, share=0.177),
                ClassVolume(label="other", count=544, share=0.387),
            ),
            review_share=0.083, isolated_share=0.166,
            dial=(Dial(min_voices=3, causes=17, isolated_share=0.12),
                  Dial(min_voices=5, causes=12, isolated_share=0.166, chosen=True),
                  Dial(min_voices=8, causes=9, isolated_share=0.24)),
            drift=("other is 1% of the week and was 22% in training",),
            notes=("Exposure file used: rates are per 1,000 mentions read.",
                   "10 mentions in other languages were counted and left out of the causes."),
            parameters=(("min voices", "5"), ("window", "8 weeks"), ("seed", "0")),
            model_card=(("model", "builtin 1a2b3c4d"), ("macro-F1 on held-out mentions", "0.81"),
                        ("precision of automatic decisions", "0.95")),
            inputs=(("week-47.csv", "9f2c" * 16),), versions=(("rootcause", "0.1.0"),),
        ),
        reply_note="The dump holds replies: answered mentions are left out.",
        response_hours_median=6.4, response_hours_p90=52.0, removable_share=0.38,
        outreach=(Outreach(cause_id="RC-0011", title=CAUSES[10][0], fix_date="2026-10-19", people=63),),
        praise=(
            Theme(title="Helpful people in the shops", voices=21, quotes=(
                Quote(mention_id="p1", role="central", channel="forum",
                      text="the woman in the shop stayed after closing to move my number. Gold."),)),
            Theme(title="Quick installation", voices=14, quotes=(
                Quote(mention_id="p2", role="central", channel="x",
                      text="in and out in 40 minutes, wiped his feet, internet flies"),)),
            Theme(title="Stable line while working from home", voices=9),
        ),
        points=points(causes),
    )  # fmt: skip


def many(count=60):
    """Return a report with `count` causes and 3,500 map points."""
    report = sample()
    causes = tuple(
        replace(report.causes[n % 12], cause_id=f"RC-{n + 1:04d}",
                title=f"{report.causes[n % 12].title} ({n})")
        for n in range(count)
    )  # fmt: skip
    dots = tuple(replace(report.points[n % len(report.points)], x=(n * 37 % 1000) / 1000)
                 for n in range(3500))  # fmt: skip
    return replace(report, causes=causes, points=dots)


def small():
    """Return a week too small to cluster."""
    return replace(sample(), causes=(), questions=(), points=(), praise=(), outreach=(),
                   isolated=sample().isolated, reply_queue=(),
        mention_rows=(),
                   closest=(ClosestGroup(title="Late engineer", voices=3),),
                   sentence="41 complaints, too few to find causes.")  # fmt: skip
