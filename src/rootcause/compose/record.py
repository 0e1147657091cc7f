"""The finished report record, put together from its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from rootcause.compose import evidence, replies
from rootcause.compose.causes import make_causes
from rootcause.compose.dial import closest_groups, make_dial
from rootcause.compose.inputs import Inputs
from rootcause.compose.numbers import number_causes, removable
from rootcause.compose.praise import praise_themes
from rootcause.compose.trust import class_volumes, make_trust
from rootcause.compose.wording import Complaints, figures, sentence
from rootcause.findings import (
    SCHEMA_VERSION,
    Isolated,
    MentionRow,
    Outreach,
    Report,
)
from rootcause.pools import COMPLAINT, QUESTION, foreign_rows
from rootcause.redaction import redact
from rootcause.register import Assignment, CauseRow

# Isolated complaints shown one by one; the rest are in mentions.csv.
ISOLATED_SHOWN = 30
# Earlier weeks whose mean a headline figure is compared with.
BASELINE_WEEKS = 8
# Weeks that a reply queue reaches back, this one included; as many as `weekly` gives as a trail.
WINDOW = 8


def compose(given: Inputs) -> Report:
    """Return the report of a tracked week; equal inputs give equal records."""
    register, week = given.register, given.week
    rows = register.assignments(week, upto=week)
    known = {c.cause_id: c for c in register.causes() if c.state == "open"}
    facts = {row["mention_id"]: row for row in given.table.drop(["vector"]).to_pylist()}
    homes = _homes(given, known)
    answered = replies.answers(given.table, given.trail, given.now(), homes)
    causes = make_causes(given, rows, facts, number_causes(given), answered)
    complaints = tuple(cause for cause in causes if cause.kind == COMPLAINT)
    past = [w for w in register.weeks() if 0 < week.minus(w.week) <= BASELINE_WEEKS]
    run = next(w for w in register.weeks() if w.week == week)
    explained = _explained(given, rows, known)
    volumes = class_volumes(given)
    heads = figures(
        given.table,
        past,
        volumes,
        Complaints(
            counted=given.kinds[0].mentions,
            explained=len(explained),
            expected=_expected_complaints(given),
        ),
        answered,
        replies.queue_lengths(given.requests, week, given.zone, WINDOW, BASELINE_WEEKS),
    )
    median, high = replies.spread(list(answered.hours.values()))
    start = week.start(given.zone)
    brands = Counter(given.table["brand"].drop_null().to_pylist())
    return Report(
        schema_version=SCHEMA_VERSION,
        run_id=run.run_id,
        week=str(week),
        starts=start.date().isoformat(),
        ends=(start + timedelta(days=6)).date().isoformat(),
        timezone=given.manifest.timezone,
        partial=given.partial,
        scope=given.scope,
        brand=min(brands, key=lambda name: (-brands[name], name), default=""),
        sentence=sentence(heads, complaints),
        figures=heads,
        causes=complaints,
        questions=tuple(cause for cause in causes if cause.kind == QUESTION),
        isolated=_isolated(rows, facts),
        reply_queue=answered.queue,
        reply_note=answered.note,
        response_hours_median=median,
        response_hours_p90=high,
        removable_share=removable(_voices(rows), run.complaint_voices),
        per="units of the exposure file" if given.exposure else "mentions read",
        mention_rows=tuple(_mention_row(row) for row in rows),
        outreach=_outreach(given, known),
        praise=praise_themes(given, facts),
        closest=closest_groups(given, rows),
        points=evidence.map_points(
            given.kinds[0].pool,
            {row.mention_id: row.cause_id for row in rows if row.cause_id},
            frozenset(c.cause_id for c in complaints if c.voices >= given.min_voices),
        ),
        trust=make_trust(given, rows, past, make_dial(given, rows, complaints), volumes, explained),
    )


def _homes(given: Inputs, known: Mapping[str, CauseRow]) -> dict[str, tuple[str, str]]:
    """Return the cause's id and title of each mention that waits for an answer."""
    found: dict[str, tuple[str, str]] = {}
    for week, table in [*given.trail, (given.week, given.table)]:
        waiting = set(table.filter(table["needs_reply"])["mention_id"].to_pylist())
        for row in given.register.assignments(week, upto=given.week) if waiting else ():
            if row.mention_id in waiting and row.cause_id in known:
                found[row.mention_id] = (row.cause_id, known[row.cause_id].title)
    return found


def _explained(
    given: Inputs, rows: Sequence[Assignment], known: Mapping[str, CauseRow]
) -> frozenset[str]:
    """Return the ids of the week's complaints that are in a cause, or copies of one that is."""
    complaints = given.kinds[0]
    mine = {*complaints.pool.ids, *(item.mention_id for item in complaints.apart)}
    return frozenset(
        row.mention_id
        for row in rows
        if row.mention_id in mine
        and (row.kind == "cause" or (row.kind == "duplicate" and row.cause_id in known))
    )


def _expected_complaints(given: Inputs) -> float | None:
    """Return how many complaints the calibrated probabilities add up to."""
    chances = given.table["p_complaint"].to_numpy(zero_copy_only=False).astype(np.float64)
    if given.encoder.name == "builtin":
        chances = chances[~foreign_rows(given.table)]
    total = float(np.sum(chances))
    return None if np.isnan(total) else total


def _voices(rows: Sequence[Assignment]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for row in rows:
        if row.kind == "cause":
            found.setdefault(row.cause_id, set()).add(row.voice)
    return found


def _mention_row(row: Assignment) -> MentionRow:
    duplicate = row.kind == "duplicate"
    return MentionRow(
        mention_id=row.mention_id,
        cause_id="" if duplicate else row.cause_id,
        strength=row.strength,
        kind=row.kind,
    )


def _isolated(
    rows: Sequence[Assignment], facts: Mapping[str, Mapping[str, Any]]
) -> tuple[Isolated, ...]:
    """Return the complaints that nobody shares: who needs an answer first, then the oldest."""
    alone = [r for r in rows if r.kind == "isolated" and facts[r.mention_id]["is_complaint"]]
    posts = Counter(row.voice for row in alone)
    first: dict[int, Assignment] = {}
    order = sorted(alone, key=lambda r: (facts[r.mention_id]["created_at"], r.mention_id))
    for row in order:
        first.setdefault(row.voice, row)
    shown = sorted(first.values(), key=lambda row: not facts[row.mention_id]["needs_reply"])
    return tuple(
        _one_isolated(row, facts[row.mention_id], posts[row.voice])
        for row in shown[:ISOLATED_SHOWN]
    )


def _one_isolated(row: Assignment, fact: Mapping[str, Any], posts: int) -> Isolated:
    return Isolated(
        mention_id=row.mention_id,
        text=redact(fact["text"], [fact["author"] or ""]),
        area=fact["area"] or "general",
        needs_reply=bool(fact["needs_reply"]),
        date=fact["created_at"].date().isoformat(),
        channel=fact["channel"],
        url=fact["url"],
        posts=posts,
    )


def _outreach(given: Inputs, known: Mapping[str, CauseRow]) -> tuple[Outreach, ...]:
    """Return the fixed causes whose people are still to be told."""
    end = given.week.shift(1).monday().isoformat()
    found = []
    for cause_id, fixes in sorted(given.register.fixes().items()):
        standing = [f for f in fixes if f.on_date < end and not f.reopened_on]
        if cause_id not in known or not standing:
            continue
        people = {row.voice for row in given.register.mentions_of(cause_id)
                  if row.week <= given.week}  # fmt: skip
        found.append(
            Outreach(
                cause_id=cause_id,
                title=known[cause_id].title,
                fix_date=standing[-1].on_date,
                people=len(people),
            )
        )
    return tuple(found)
