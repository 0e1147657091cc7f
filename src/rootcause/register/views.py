"""The register as people read it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rootcause.register.book import Register

HEADER = (
    "cause_id", "title", "kind", "area", "state", "owner", "action", "due", "first_week",
    "last_week", "weeks_active", "voices", "mentions", "fix_date",
)  # fmt: skip
SUGGESTED_HEADER = (
    "week", "kind", "cause_id", "title", "other_id", "other_title", "similarity", "command",
)  # fmt: skip
MEMBER_HEADER = ("week", "mention_id", "kind", "strength", "channel")


def overview(register: Register, *, every: bool = False) -> list[tuple[object, ...]]:
    """Return one row per cause (HEADER), open ones only unless `every`, by id.

    Voices and mentions are sums over weeks: a person who writes in two weeks is two voices.
    """
    series = register.series()
    fixes = register.fixes()
    rows: list[tuple[object, ...]] = []
    for cause in register.causes():
        if cause.state != "open" and not every:
            continue
        points = series.get(cause.cause_id, [])
        standing = [fix.on_date for fix in fixes.get(cause.cause_id, ()) if not fix.reopened_on]
        state = f"merged into {cause.merged_into}" if cause.merged_into else cause.state
        rows.append(
            (cause.cause_id, cause.title, cause.kind, cause.area, state, cause.owner,
             cause.action, cause.due, str(points[0].week) if points else None,
             str(points[-1].week) if points else None, len(points),
             sum(point.voices for point in points), sum(point.mentions for point in points),
             standing[-1] if standing else None)
        )  # fmt: skip
    return rows


def members(register: Register, cause_id: str) -> list[tuple[object, ...]]:
    """Return one row per member of a cause (MEMBER_HEADER), oldest week first."""
    return [
        (str(row.week), row.mention_id, row.kind, round(row.strength, 4), row.channel)
        for row in register.mentions_of(cause_id)
    ]


def suggested(register: Register) -> list[tuple[object, ...]]:
    """Return the splits and merges that wait for a person (SUGGESTED_HEADER), newest first.

    The same suggestion counts once, as last made; one that a person has taken is gone.
    """
    causes = {cause.cause_id: cause for cause in register.causes() if cause.state == "open"}
    newest: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for edge in register.edges():
        mine, other = causes.get(edge.cause_id), causes.get(edge.other_id or "")
        if not edge.suggested or mine is None or (edge.other_id and other is None):
            continue
        command = (
            f"rootcause causes merge {edge.other_id} --into {edge.cause_id}"
            if edge.kind == "merged"
            else f"rootcause causes split {edge.cause_id} --suggested --scored DIR"
        )
        newest[edge.kind, edge.cause_id, edge.other_id or ""] = (
            str(edge.week), edge.kind, edge.cause_id, mine.title, edge.other_id,
            other.title if other else None, edge.similarity, command,
        )  # fmt: skip
    return sorted(newest.values(), key=lambda row: (str(row[0]), str(row[2])), reverse=True)


def details(register: Register, cause_id: str) -> dict[str, Any]:
    """Return all about a cause as plain values: facts, series, lineage, fixes, examples, log."""
    cause = register.cause(cause_id)
    texts = register.rows(
        "SELECT mention_id, text FROM exemplars WHERE cause_id = ? ORDER BY added_in, mention_id",
        (cause.cause_id,),
    )
    former = [one for one, head in register.family().items()
              if head == cause.cause_id and one != head]  # fmt: skip
    return {
        **_plain(asdict(cause)),
        "merged_ids": former,
        "series": [
            {**_plain(point._asdict())} for point in register.series().get(cause.cause_id, [])
        ],
        "lineage": [_plain(asdict(edge)) for edge in register.edges(cause_id=cause.cause_id)],
        "fixes": [_plain(asdict(one)) for one in register.fixes().get(cause.cause_id, [])],
        "exemplars": [{"mention_id": mention, "text": text} for mention, text in texts],
        "log": [_plain(asdict(row)) for row in register.history(cause.cause_id)],
    }


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    weeks = ("week", "born_in")
    return {
        key: f"{value['year']:04d}-W{value['number']:02d}"
        if key in weeks and isinstance(value, dict)
        else str(value)
        if key in weeks
        else value
        for key, value in facts.items()
    }
