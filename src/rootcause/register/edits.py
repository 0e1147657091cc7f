"""What people decide about causes. Their word wins over the machine's, and is logged.

Every function takes an open register and an id as typed, follows ids merged away, runs in one
transaction and raises UsageError for values that make no sense.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from rootcause.errors import UsageError
from rootcause.records import AREAS, Week
from rootcause.register.book import Register
from rootcause.register.causes import touch
from rootcause.register.rows import MEMBER_KIND, EdgeRow, Exemplar

LONGEST_TITLE = 120


def rename(register: Register, cause_id: str, title: str, *, who: str) -> str:
    """Give a cause a person's title, which no run overwrites; return its id."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise UsageError(f"title has {len(title)} characters; write 1 to {LONGEST_TITLE}")
    with register.transaction():
        old = register.cause(cause_id)
        for other in register.causes():
            same = other.title.casefold() == title.casefold()
            if same and other.state == "open" and other.cause_id != old.cause_id:
                raise UsageError(
                    f"title {title!r} is {other.cause_id}'s already; merge them or choose another"
                )
        register.change(
            "UPDATE causes SET title = ?, titled_by = 'person' WHERE id = ?", (title, old.cause_id)
        )
        register.log(who, "rename", old.cause_id, {"from": old.title, "to": title})
    return old.cause_id


def assign(
    register: Register,
    cause_id: str,
    *,
    who: str,
    owner: str | None = None,
    area: str | None = None,
    action: str | None = None,
    due: str | None = None,
) -> str:
    """Set owner, area, action or due date (ISO) of a cause; return its id.

    None leaves a value as it is, an empty string clears it (an area cannot be cleared).
    """
    words = {"owner": owner, "area": area, "action": action, "due": due}
    given = {key: " ".join(value.split()) for key, value in words.items() if value is not None}
    if not given:
        raise UsageError("nothing to assign; give --owner, --area, --action or --due")
    if "area" in given and given["area"] not in AREAS:
        raise UsageError(f"area {given['area']!r} is none of {', '.join(AREAS)}")
    if given.get("due"):
        given["due"] = iso_day(given["due"], "--due").isoformat()
    with register.transaction():
        old = register.cause(cause_id)
        for key, value in given.items():
            # the column names come from the dictionary above, never from a user
            register.change(
                f"UPDATE causes SET {key} = ? WHERE id = ?",  # noqa: S608
                (value or None, old.cause_id),
            )
        if "area" in given:
            register.change("UPDATE causes SET area_by = 'person' WHERE id = ?", (old.cause_id,))
        details = {key: {"from": getattr(old, key), "to": value} for key, value in given.items()}
        register.log(who, "assign", old.cause_id, details)
    return old.cause_id


def merge(register: Register, cause_ids: Iterable[str], into: str, *, who: str) -> str:
    """Merge causes into another: members, exemplars, fixes and series follow; return its id.

    A mention that several of them hold counts once afterwards. The old ids keep pointing on.
    Owner, action and due date of the old ones fill what is empty in the new one.
    """
    with register.transaction():
        head = register.resolve(into)
        for typed in cause_ids:
            source = register.resolve(typed)
            if source == head:
                raise UsageError(f"cause {typed} is {head} already; name two different causes")
            _merge(register, source, head)
            edge = EdgeRow(
                kind="merged", week=_now(register, head), cause_id=head, other_id=source,
                by_person=True,
            )  # fmt: skip
            register.add_edges([edge])
            register.log(who, "merge", head, {"merged": source})
    return head


def _merge(register: Register, source: str, head: str) -> None:
    old, new = register.cause(source), register.cause(head)
    member = MEMBER_KIND.get(new.kind, "cause")
    weeks = register.rows("SELECT DISTINCT week FROM cause_weeks WHERE cause_id = ?", (source,))
    register.change(
        "INSERT INTO assignments SELECT week, mention_id, ?, run, strength,"
        " CASE kind WHEN 'duplicate' THEN kind ELSE ? END, voice, day, channel"
        " FROM assignments WHERE cause_id = ? AND cause_id <> ''"
        " ON CONFLICT DO UPDATE SET run = min(run, excluded.run),"
        " strength = max(strength, excluded.strength)",
        (head, member, source),
    )
    register.change("DELETE FROM assignments WHERE cause_id = ? AND cause_id <> ''", (source,))
    register.change("DELETE FROM cause_weeks WHERE cause_id = ?", (source,))
    touch(register, [(head, week) for (week,) in weeks])
    register.change(
        "INSERT INTO exemplars SELECT ?, mention_id, added_in, voice, text, vector, by_person"
        " FROM exemplars WHERE cause_id = ? ON CONFLICT DO UPDATE SET"
        " added_in = min(added_in, excluded.added_in)",
        (head, source),
    )
    register.change("DELETE FROM exemplars WHERE cause_id = ?", (source,))
    register.change("UPDATE fixes SET cause_id = ? WHERE cause_id = ?", (head, source))
    register.change(
        "DELETE FROM edges WHERE suggested AND ? IN (cause_id, other_id)"
        " AND ? IN (cause_id, other_id)",
        (source, head),
    )
    register.change(
        "UPDATE causes SET state = 'merged', merged_into = ? WHERE id = ?", (head, source)
    )
    # wide enough for the members of both, until the next run learns it again
    register.change(
        "UPDATE causes SET radius = min(radius, ?), owner = coalesce(owner, ?),"
        " action = coalesce(action, ?), due = coalesce(due, ?),"
        " state = CASE ? WHEN 'open' THEN 'open' ELSE state END WHERE id = ?",
        (old.radius, old.owner, old.action, old.due, old.state, head),
    )


def split(
    register: Register,
    cause_id: str,
    mention_ids: Sequence[str],
    *,
    who: str,
    title: str | None = None,
    exemplars: Iterable[Exemplar] = (),
) -> str:
    """Move members of a cause into a new one; return the new id.

    `exemplars` are moved mentions with their vectors, for those that the register keeps none of;
    later mentions are matched by them. Kind, area and owner are the old cause's. A re-run keeps
    the moved mentions where they are.
    """
    with register.transaction():
        old = register.cause(cause_id)
        members = {row.mention_id: row for row in register.mentions_of(old.cause_id)}
        moved = sorted(set(mention_ids))
        unknown = [mention for mention in moved if mention not in members]
        if unknown:
            raise UsageError(f"mention {unknown[0]!r} is not in {old.cause_id}; see `causes show`")
        if not moved or len(moved) == len(members):
            raise UsageError(
                f"{len(moved)} of {len(members)} mentions of {old.cause_id} would move; "
                "choose some of them, or rename the cause"
            )
        new = register.next_id()
        births = register.births()
        family = register.family()
        register.change(
            "INSERT INTO causes (id, title, titled_by, kind, area, area_by, theme, owner, born_in,"
            " radius) SELECT ?, ?, ?, kind, area, area_by, theme, owner, ?, radius FROM causes"
            " WHERE id = ?",
            (
                new,
                " ".join((title or f"{old.title} ({new})").split())[:LONGEST_TITLE],
                "person" if title else "machine",
                str(min(week for one, week in births.items() if family[one] == old.cause_id)),
                old.cause_id,
            ),
        )
        register.change_many(
            "UPDATE assignments SET cause_id = ? WHERE cause_id = ? AND cause_id <> ''"
            " AND mention_id = ?",
            [(new, old.cause_id, mention) for mention in moved],
        )
        pairs = [(one, str(row.week)) for row in members.values() for one in (old.cause_id, new)]
        touch(register, pairs)
        register.change_many(
            "INSERT OR REPLACE INTO pins VALUES (?, ?, ?)",
            [(mention, old.cause_id, new) for mention in moved],
        )
        # the mentions may have been moved here by an earlier split
        register.change_many(
            "UPDATE pins SET cause_id = ? WHERE cause_id = ? AND mention_id = ?",
            [(new, old.cause_id, mention) for mention in moved],
        )
        _move_exemplars(register, old.cause_id, new, moved, exemplars)
        register.change(
            "DELETE FROM edges WHERE suggested AND kind = 'split' AND cause_id = ?",
            (old.cause_id,),
        )
        edge = EdgeRow(
            kind="split", week=_now(register, new), cause_id=old.cause_id, other_id=new,
            by_person=True,
        )  # fmt: skip
        register.add_edges([edge])
        register.log(who, "split", old.cause_id, {"into": new, "mentions": len(moved)})
    return new


def _move_exemplars(
    register: Register, old: str, new: str, moved: Sequence[str], exemplars: Iterable[Exemplar]
) -> None:
    register.change_many(
        "UPDATE exemplars SET cause_id = ?, by_person = 1 WHERE cause_id = ? AND mention_id = ?",
        [(new, old, mention) for mention in moved],
    )
    weeks = dict(
        register.rows(
            "SELECT mention_id, min(week) FROM assignments WHERE cause_id = ? AND cause_id <> ''"
            " GROUP BY mention_id",
            (new,),
        )
    )
    register.change_many(
        "INSERT OR IGNORE INTO exemplars VALUES (?, ?, ?, ?, ?, ?, 1)",
        [
            (new, one.mention_id, weeks[one.mention_id], int(one.voice), one.text,
             np.asarray(one.vector, np.float16).tobytes())
            for one in exemplars
            if one.mention_id in weeks
        ],
    )  # fmt: skip
    for cause_id, part in ((new, "moved"), (old, "remaining")):
        if not register.rows("SELECT 1 FROM exemplars WHERE cause_id = ? LIMIT 1", (cause_id,)):
            raise UsageError(
                f"none of the {part} mentions has a vector in the register; "
                "give --scored DIR, or move fewer"
            )


def fix(register: Register, cause_id: str, on: date, note: str = "", *, who: str) -> str:
    """Record that a cause was fixed on a day; return its id."""
    with register.transaction():
        head = register.resolve(cause_id)
        register.change(
            "INSERT INTO fixes (cause_id, on_date, note) VALUES (?, ?, ?)",
            (head, on.isoformat(), note.strip()),
        )
        register.log(who, "fix", head, {"on": on.isoformat(), "note": note.strip()})
    return head


def reopen(register: Register, cause_id: str, on: date, *, who: str) -> str:
    """Take back the last fix of a cause from a day on (it stays on record); return its id."""
    with register.transaction():
        head = register.resolve(cause_id)
        standing = [fix.on_date for fix in register.fixes().get(head, ()) if not fix.reopened_on]
        if not standing:
            raise UsageError(f"cause {head} has no fix to take back; record one with `causes fix`")
        if on.isoformat() < standing[-1]:
            raise UsageError(f"{on} is before the fix of {standing[-1]}; give a later --on")
        register.change(
            "UPDATE fixes SET reopened_on = ? WHERE id = (SELECT max(id) FROM fixes"
            " WHERE cause_id = ? AND on_date = ? AND reopened_on IS NULL)",
            (on.isoformat(), head, standing[-1]),
        )
        register.log(who, "reopen", head, {"on": on.isoformat(), "fix": standing[-1]})
    return head


def iso_day(text: str, option: str) -> date:
    """Return the day written as 2026-10-12; raises UsageError naming `option`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a day; write it as 2026-10-12") from None


def _now(register: Register, cause_id: str) -> Week:
    # an edit belongs to the newest report that its author can have read
    latest = register.rows("SELECT max(week) FROM weeks")[0][0]
    return Week.parse(latest) if latest else register.births()[cause_id]
