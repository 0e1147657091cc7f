"""The numbers of every cause in the reported week, from the register's series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from rootcause.compose.inputs import Inputs
from rootcause.findings import Estimate, Fix, WeekPoint
from rootcause.records import Week
from rootcause.register import CauseRow, FixRow, WeekFacts
from rootcause.register.moving import breaks
from rootcause.trends import Trend, assess, cost_per_year, removable_share

# A cause without a voice for this many weeks has left the report; the register keeps it.
FORGOTTEN_AFTER = 8
SHOWN_WEEKS = 26
TOP = 3


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What the series of one cause says; `all_…` count over its whole known life."""

    status: str
    reason: str
    voices: int
    mentions: int
    share: float
    rate: Estimate
    change: float | None
    q_value: float | None
    first_week: str
    last_week: str
    weeks_active: int
    all_voices: int
    all_days: int
    channels: int
    series: tuple[WeekPoint, ...]
    contacts_per_year: Estimate
    cost_per_year: Estimate | None
    fix: Fix | None


def number_causes(given: Inputs) -> dict[str, Numbers]:
    """Return the numbers of each open cause met in the trailing weeks, by id."""
    register, week = given.register, given.week
    past = [facts for facts in register.weeks() if facts.week <= week]
    weeks = _span(past[0].week, week)
    place = {one: i for i, one in enumerate(weeks)}
    causes = {c.cause_id: c for c in register.causes() if c.state == "open"}
    series = {k: points for k, points in register.series(upto=week).items() if k in causes}
    shown = {k: p for k, p in series.items() if week.minus(p[-1].week) <= FORGOTTEN_AFTER}
    if not shown:
        return {}
    # a back-dated cause may reach into weeks before the first reported one
    voices = np.zeros((len(shown), len(weeks)))
    mentions = np.zeros_like(voices)
    for c, points in enumerate(shown.values()):
        for point in points:
            if point.week in place:
                voices[c, place[point.week]] = point.voices
                mentions[c, place[point.week]] = point.mentions
    read = np.full(len(weeks), np.nan)
    for facts in past:
        read[place[facts.week]] = facts.mentions
    fixes = {k: _standing(register.fixes().get(k, []), week) for k in shown}
    trends = assess(
        voices,
        weeks,
        read,
        units=_units(given.exposure, weeks) if given.exposure else None,
        contacts=mentions,
        fixed_on=[date.fromisoformat(f.on_date) if f else None for f in fixes.values()],
        min_voices=given.min_voices,
        elapsed=_elapsed(given),
    )
    marks = _marks(past, [Week.parse(week) for week, _, _ in breaks(register)])
    return {
        cause_id: _numbers(
            given, causes[cause_id], trend, shown[cause_id], weeks, fixes[cause_id], marks, past[-1]
        )
        for cause_id, trend in zip(shown, trends, strict=True)
    }


def removable(voices_of: Mapping[str, set[int]], everyone: int) -> float | None:
    """Return the share of the week's complaining voices that fixing the top causes would spare."""
    if not everyone or not voices_of:
        return None
    members = [np.array(sorted(voices), dtype=np.int64) for voices in voices_of.values()]
    return round(removable_share(members, everyone, top=TOP), 4)


def _numbers(
    given: Inputs,
    cause: CauseRow,
    trend: Trend,
    points: list,  # type: ignore[type-arg]
    weeks: list[Week],
    fix: FixRow | None,
    marks: Mapping[Week, str],
    facts: WeekFacts,
) -> Numbers:
    by_week = {point.week: point for point in points}
    now = by_week.get(given.week)
    voices = now.voices if now else 0
    total = facts.complaint_voices if cause.kind == "complaint" else facts.question_voices
    active = [point for point in points if point.voices]
    cost = given.cost_per_contact
    return Numbers(
        status=trend.status,
        reason=trend.reason,
        voices=voices,
        mentions=now.mentions if now else 0,
        share=round(voices / total, 4) if total else 0.0,
        rate=_rounded(trend.rate),
        change=None if trend.change is None else round(trend.change, 3),
        q_value=None if trend.q_value is None else round(trend.q_value, 5),
        first_week=str(active[0].week) if active else str(points[0].week),
        last_week=str(active[-1].week) if active else str(points[-1].week),
        weeks_active=len(active),
        all_voices=sum(point.voices for point in points),
        all_days=sum(point.days for point in points),
        channels=max(point.channels for point in points),
        series=_series(trend, by_week, weeks, fix, marks, partial=given.partial),
        contacts_per_year=_rounded(trend.contacts_per_year, 0),
        cost_per_year=None
        if cost is None
        else _rounded(cost_per_year(trend.contacts_per_year, cost), 0),
        fix=_fix(fix, trend),
    )


def _series(
    trend: Trend,
    by_week: Mapping[Week, object],
    weeks: list[Week],
    fix: FixRow | None,
    marks: Mapping[Week, str],
    *,
    partial: bool,
) -> tuple[WeekPoint, ...]:
    fixed = date.fromisoformat(fix.on_date) if fix else None
    found = []
    for i in range(max(0, len(weeks) - SHOWN_WEEKS), len(weeks)):
        week, point = weeks[i], by_week.get(weeks[i])
        rate, low, high = (float(part[i]) for part in (trend.rates, trend.lows, trend.highs))
        mark = marks.get(week, "")
        if np.isnan(rate):
            mark, rate, low, high = "outside", 0.0, 0.0, 0.0
        elif fixed is not None and week.monday() <= fixed < week.shift(1).monday():
            mark = "fix"
        elif partial and i == len(weeks) - 1:
            mark = "partial"
        found.append(
            WeekPoint(
                week=str(week),
                voices=getattr(point, "voices", 0),
                mentions=getattr(point, "mentions", 0),
                rate=round(rate, 4),
                low=round(low, 4),
                high=round(high, 4),
                mark=mark,
            )
        )
    return tuple(found)


def _fix(fix: FixRow | None, trend: Trend) -> Fix | None:
    if fix is None:
        return None
    effect = trend.effect
    if effect is None or not np.isfinite(effect.ratio):
        verdict = effect.verdict if effect else "too early to say"
        return Fix(date=fix.on_date, note=fix.note, verdict=verdict)
    ratio = Estimate(
        value=round(effect.ratio, 3), low=round(effect.low, 3), high=round(effect.high, 3)
    )
    return Fix(date=fix.on_date, note=fix.note, verdict=effect.verdict, effect=ratio)


def _standing(fixes: list[FixRow], week: Week) -> FixRow | None:
    """Return the last fix made by the end of `week` that nobody has reopened by then."""
    end = week.shift(1).monday().isoformat()
    made = [f for f in fixes if f.on_date < end and not (f.reopened_on and f.reopened_on < end)]
    return made[-1] if made else None


def _span(first: Week, last: Week) -> list[Week]:
    return [first.shift(i) for i in range(last.minus(first) + 1)]


def _units(exposure: Mapping[str, float], weeks: list[Week]) -> list[float]:
    return [exposure.get(str(week), float("nan")) for week in weeks]


def _elapsed(given: Inputs) -> float:
    start = given.week.start(given.zone)
    part = (given.now() - start) / (given.week.end(given.zone) - start)
    return min(max(float(part), 1 / 168), 1.0)


def _marks(past: list[WeekFacts], moved: list[Week]) -> dict[Week, str]:
    """Return the weeks at which model, encoder or lens changed: the series breaks there."""
    return {
        new.week: "model change"
        for old, new in pairwise(past)
        if old.model_id != new.model_id or any(old.week <= one < new.week for one in moved)
    }


def _rounded(estimate: Estimate, digits: int = 3) -> Estimate:
    # JSON has no infinity: an interval without an upper end is shown as the value's own
    high = estimate.high if np.isfinite(estimate.high) else estimate.value
    value, low, high = (
        0.0 if np.isnan(x) else round(x, digits) for x in (estimate.value, estimate.low, high)
    )
    return Estimate(value=value, low=low, high=high)
