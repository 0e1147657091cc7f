"""One finished cause: its numbers, its evidence, its people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.cluster import breadth
from rootcause.compose import evidence, replies
from rootcause.compose.inputs import Inputs
from rootcause.compose.numbers import FORGOTTEN_AFTER, Numbers
from rootcause.compose.wording import theme_of
from rootcause.findings import Cause, Edge
from rootcause.naming import phrases_of, pick_quotes
from rootcause.naming.words import same_words
from rootcause.pools import COMPLAINT, Kind, Pool
from rootcause.redaction import redact
from rootcause.register import Assignment, CauseRow

# Hennig (2007): a cluster whose bootstrap Jaccard is lower should not be trusted.
WEAK = 0.6

# So many of a cause's surest members speak for it, or half of them where that is more.
SPEAKERS = 5

# What is said of causes that these rules flag is news; so many of the week's phrases are told.
FLAGGED = frozenset({"new", "growing", "returned"})
PHRASES_TOLD = 3
LONGEST_TOLD = 40

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Spoken:
    """This week's key phrases of a cause, and the rows of `kind`'s pool that are its quotes."""

    phrases: tuple[str, ...]
    rows: tuple[int | None, int | None, int | None]
    kind: Kind


Facts = Mapping[str, Mapping[str, Any]]


def make_causes(
    given: Inputs,
    rows: Sequence[Assignment],
    facts: Facts,
    numbers: Mapping[str, Numbers],
    answered: replies.Answers,
) -> list[Cause]:
    """Return the causes of both kinds that the week's report shows, most voices first."""
    open_causes = {c.cause_id: c for c in given.register.causes() if c.state == "open"}
    spoken = _spoken(given, rows)
    everyone = _voices_of_week(given, facts)
    columns = ["channel", "brand", *(c for c in given.table.column_names if c[:8] == "segment_")]
    usual = evidence.counted(everyone.values(), columns)
    members: dict[str, list[Assignment]] = {}
    for row in rows:
        members.setdefault(row.cause_id, []).append(row)
    waiting = Counter(row.cause_id for row in answered.queue)
    lineage: dict[str, list[Edge]] = {}
    for edge in given.register.edges(upto=given.week):
        if edge.kind != "survived":
            for cause_id in {edge.cause_id, edge.other_id} - {None}:
                lineage.setdefault(str(cause_id), []).append(
                    Edge(
                        kind=edge.kind,
                        week=str(edge.week),
                        cause_id=edge.cause_id,
                        other_id=edge.other_id,
                        similarity=edge.similarity,
                        suggested=edge.suggested,
                    )
                )
    found = [
        _cause(
            given,
            open_causes[cause_id],
            number,
            members.get(cause_id, []),
            facts,
            spoken.get(cause_id),
            everyone,
            usual,
            tuple(lineage.get(cause_id, ())),
            waiting[cause_id],
            answered,
        )
        for cause_id, number in numbers.items()
        if cause_id in open_causes and _worth_showing(number, given.min_voices)
    ]
    return sorted(found, key=lambda cause: (-cause.voices, cause.cause_id))


def _worth_showing(number: Numbers, min_voices: int) -> bool:
    """Return whether the report shows a cause: met this week, or one whose silence is news."""
    if number.voices:
        return True
    busy = max((point.voices for point in number.series[-FORGOTTEN_AFTER:]), default=0)
    return number.fix is not None or busy >= min_voices


def _cause(
    given: Inputs,
    row: CauseRow,
    number: Numbers,
    members: Sequence[Assignment],
    facts: Facts,
    spoken: _Spoken | None,
    everyone: Mapping[int, Mapping[str, Any]],
    usual: Mapping[str, Counter[str]],
    lineage: tuple[Edge, ...],
    waiting: int,
    answered: replies.Answers,
) -> Cause:
    voices = {m.voice for m in members if m.kind != "duplicate"}
    owner, email = _owner(given, row)
    quotable = len(voices) >= given.min_voices
    inside = [everyone[voice] for voice in sorted(voices) if voice in everyone]
    weak = row.titled_by == "machine" and row.stability is not None and row.stability < WEAK
    hours = [answered.hours[m.mention_id] for m in members if m.mention_id in answered.hours]
    median, high = replies.spread(hours)
    phrases = spoken.phrases if spoken and spoken.phrases else row.key_phrases
    return Cause(
        cause_id=row.cause_id,
        title=row.title,
        theme=theme_of(row.area),
        area=row.area,
        kind=row.kind,
        breadth=breadth(number.all_voices, number.all_days, number.weeks_active, number.channels),
        status=number.status,
        status_reason=number.reason + (told_now(row, number.status, phrases) if quotable else ""),
        voices=number.voices,
        mentions=number.mentions,
        share=number.share,
        rate=number.rate,
        change=number.change,
        q_value=number.q_value,
        first_week=number.first_week,
        last_week=number.last_week,
        weeks_active=number.weeks_active,
        stability=row.stability,
        weak=weak,
        owner=owner,
        owner_email=email,
        action=row.action,
        due=row.due,
        series=number.series,
        key_phrases=tuple(phrases),
        quotes=(
            evidence.quotes(spoken.rows, spoken.kind.pool, facts) if spoken and quotable else ()
        ),
        segments=evidence.segments(inside, usual) if quotable else (),
        lineage=lineage,
        contacts_per_year=number.contacts_per_year,
        cost_per_year=number.cost_per_year,
        fix=number.fix,
        waiting=waiting,
        response_hours_median=median,
        response_hours_p90=high,
    )


def told_now(row: CauseRow, status: str, phrases: Sequence[str]) -> str:
    """Return what a flagged cause is about this week, "" where its title or birth tells.

    A title stays what the first mentions were called; a rise may be about something else that the
    cause takes in. So it is where none of the week's key phrases shares a word with the title or
    the phrases of the birth.
    """
    if status not in FLAGGED or len(phrases) < 2:
        return ""
    known = same_words(" ".join((row.title, *row.key_phrases)))
    if any(same_words(phrase) & known for phrase in phrases):
        return ""
    told = [f"“{redact(one)}”" for one in phrases if len(one) <= LONGEST_TOLD][:PHRASES_TOLD]
    return f"; this week: {', '.join(told)}" if told else ""


def _spoken(given: Inputs, rows: Sequence[Assignment]) -> dict[str, _Spoken]:
    """Return this week's key phrases and exemplary rows per cause, with the pool they index.

    Quotes are taken from the surer half of a cause's members: a stray one must not speak for it.
    """
    found: dict[str, _Spoken] = {}
    brands = sorted(set(given.table["brand"].drop_null().to_pylist()))
    homes = {r.mention_id: r for r in rows if r.cause_id and r.kind != "duplicate"}
    for kind in given.kinds:
        pool = kind.pool
        ids = sorted({homes[m].cause_id for m in pool.ids if m in homes})
        if not ids:
            continue
        place = {cause_id: i for i, cause_id in enumerate(ids)}
        mine = [homes.get(mention_id) for mention_id in pool.ids]
        labels = np.array([place[row.cause_id] if row else -1 for row in mine], dtype=np.int64)
        sure = np.array([row.strength if row else 0.0 for row in mine])
        phrases = phrases_of(pool.texts, labels, brands, pool.voices)
        for i, (cause_id, keys) in enumerate(zip(ids, phrases, strict=True)):
            surest = _once_each(_surest(np.flatnonzero(labels == i), sure), pool)
            quotes = pick_quotes(pool.texts, pool.vectors, surest)
            found[cause_id] = _Spoken(phrases=keys, rows=quotes, kind=kind)
    return found


def _surest(members: Ints, sure: npt.NDArray[np.float64]) -> Ints:
    """Return the members whose strength is at least the median's, or the fifth's; ties included."""
    count = min(len(members), max(SPEAKERS, (len(members) + 1) // 2))
    least = np.sort(sure[members])[-count]
    found: Ints = members[sure[members] >= least]
    return found


def _once_each(rows: Ints, pool: Pool) -> Ints:
    """Return one row per mention, the clause nearest to the middle of them all."""
    near = np.round(pool.vectors[rows] @ pool.vectors[rows].mean(axis=0), 5)
    best: dict[str, int] = {}
    for i in np.argsort(-near, kind="stable").tolist():
        best.setdefault(pool.ids[rows[i]], int(rows[i]))
    return np.array(sorted(best.values()), dtype=np.int64)


def _voices_of_week(given: Inputs, facts: Facts) -> dict[int, Mapping[str, Any]]:
    """Return the facts of each complaining voice, its first mention's."""
    seen: dict[int, Mapping[str, Any]] = {}
    for kind in given.kinds:
        if kind.kind == COMPLAINT:
            for mention_id, voice in zip(kind.pool.ids, kind.pool.voices.tolist(), strict=True):
                if mention_id in facts:
                    seen.setdefault(voice, facts[mention_id])
    return seen


def _owner(given: Inputs, row: CauseRow) -> tuple[str | None, str | None]:
    """Return owner and e-mail: a person's word first, then the cause's row, then its area's."""
    routes = given.owners or {}
    for key in (row.cause_id, row.title, row.area):
        if key in routes:
            owner, email = routes[key]
            if row.owner and row.owner != owner:
                break
            return owner, email or None
    if row.owner:
        emails = {owner: email for owner, email in routes.values()}
        return row.owner, emails.get(row.owner) or None
    return None, None
