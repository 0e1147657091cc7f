"""Reading a register: causes and families, series, weeks, members, lineage, fixes, log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from rootcause.errors import UsageError
from rootcause.records import Week
from rootcause.register.database import Database
from rootcause.register.rows import (
    Assignment,
    CauseRow,
    EdgeRow,
    FixRow,
    LogRow,
    SeriesPoint,
    WeekFacts,
)

_ID = re.compile(r"(?:RC-?)?0*([1-9]\d*)", re.IGNORECASE)


class Causes(Database):
    """The questions that a register answers; ids merged away are followed to what they became."""

    def causes(self) -> list[CauseRow]:
        """Return every cause that ever was, by id."""
        return [
            CauseRow(
                cause_id=row[0],
                title=row[1],
                titled_by=row[2],
                kind=row[3],
                area=row[4],
                area_by=row[5],
                theme=row[6],
                state=row[7],
                merged_into=row[8],
                born_in=Week.parse(row[9]),
                radius=row[10],
                stability=row[11],
                key_phrases=tuple(json.loads(row[12])),
                owner=row[13],
                action=row[14],
                due=row[15],
            )
            for row in self.rows(
                "SELECT id, title, titled_by, kind, area, area_by, theme, state, merged_into,"
                " born_in, radius, stability, key_phrases, owner, action, due FROM causes"
                " ORDER BY length(id), id"
            )
        ]

    def cause(self, cause_id: str) -> CauseRow:
        """Return one cause; raises UsageError for an id that the register does not know."""
        head = self.resolve(cause_id)
        return next(cause for cause in self.causes() if cause.cause_id == head)

    def family(self) -> dict[str, str]:
        """Return {id: id it lives on as}; an id never merged away maps to itself."""
        parent = dict(self.rows("SELECT id, coalesce(merged_into, id) FROM causes"))
        heads = {}
        for cause_id in parent:
            head = cause_id
            while parent[head] != head:
                head = parent[head]
            heads[cause_id] = head
        return heads

    def births(self) -> dict[str, Week]:
        """Return {id: week whose report found it}."""
        return {cause_id: Week.parse(week) for cause_id, week in self.rows(
            "SELECT id, born_in FROM causes"
        )}  # fmt: skip

    def resolve(self, cause_id: str) -> str:
        """Return the id that a typed id lives on as: `rc-7` and `7` are RC-0007.

        Raises UsageError for one that the register does not know.
        """
        match = _ID.fullmatch(cause_id.strip())
        head = self.family().get(f"RC-{int(match[1]):04d}") if match else None
        if head is None:
            raise UsageError(
                f"cause {cause_id!r} is not in register {self.path}; see `rootcause causes list`"
            )
        return head

    def series(self, upto: Week | None = None) -> dict[str, list[SeriesPoint]]:
        """Return {cause id: its weeks, oldest first}; weeks without a mention are absent.

        With `upto`, as it stood after the report of that week: a re-run sees what it saw.
        """
        last = str(upto) if upto else "9999-W53"
        # SQLite takes the other columns from the row that holds max(run)
        rows = self.rows(
            "SELECT cause_id, week, max(run), voices, mentions, days, channels FROM cause_weeks"
            " WHERE run <= ? GROUP BY cause_id, week ORDER BY cause_id, week",
            (last,),
        )
        weeks = {text: Week.parse(text) for text in {row[1] for row in rows}}
        found: dict[str, list[SeriesPoint]] = {}
        for cause_id, week, _, *counts in rows:
            found.setdefault(cause_id, []).append(SeriesPoint(weeks[week], *counts))
        return found

    def weeks(self) -> list[WeekFacts]:
        """Return the reported weeks, oldest first."""
        return [
            WeekFacts(
                week=Week.parse(row[0]),
                run_id=row[1],
                mentions=row[2],
                complaints=row[3],
                complaint_voices=row[4],
                question_voices=row[5],
                isolated=row[6],
                unspecified=row[7],
                duplicates=row[8],
                model_id=row[9],
                partial=bool(row[10]),
                stale=bool(row[11]),
                figures=json.loads(row[12]),
            )
            for row in self.rows("SELECT * FROM weeks ORDER BY week")
        ]

    def assignments(self, week: Week, upto: Week | None = None) -> list[Assignment]:
        """Return a week's rows, by mention; a mention found a cause for later has only that.

        With `upto`, as they stood after the report of that week.
        """
        rows = self.rows(
            "SELECT week, mention_id, cause_id, strength, kind, voice, day, channel"
            " FROM assignments WHERE week = ? AND run <= ? ORDER BY mention_id, cause_id",
            (str(week), str(upto) if upto else "9999-W53"),
        )
        placed = {row[1] for row in rows if row[2]}
        return [Assignment(week, *row[1:]) for row in rows if row[2] or row[1] not in placed]

    def mentions_of(self, cause_id: str) -> list[Assignment]:
        """Return a cause's members over all weeks, oldest week first, duplicates too."""
        return [
            Assignment(Week.parse(row[0]), *row[1:])
            for row in self.rows(
                "SELECT week, mention_id, cause_id, strength, kind, voice, day, channel"
                " FROM assignments WHERE cause_id = ? AND cause_id <> '' ORDER BY week, mention_id",
                (self.resolve(cause_id),),
            )
        ]

    def edges(self, *, upto: Week | None = None, cause_id: str | None = None) -> list[EdgeRow]:
        """Return lineage, oldest first: of all causes, or of one and what became it."""
        family = self.family()
        head = None if cause_id is None else self.resolve(cause_id)
        return [
            EdgeRow(
                kind=row[0],
                week=Week.parse(row[1]),
                cause_id=row[2],
                other_id=row[3],
                similarity=row[4],
                suggested=bool(row[5]),
                by_person=bool(row[6]),
            )
            for row in self.rows(
                "SELECT kind, week, cause_id, other_id, similarity, suggested, by_person"
                " FROM edges WHERE week <= ? ORDER BY week, id",
                (str(upto) if upto else "9999-W53",),
            )
            if head is None or head in (family[row[2]], family.get(row[3]))
        ]

    def add_edges(self, edges: Iterable[EdgeRow]) -> None:
        """Append lineage."""
        self.change_many(
            "INSERT INTO edges (kind, week, cause_id, other_id, similarity, suggested, by_person)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (edge.kind, str(edge.week), edge.cause_id, edge.other_id, edge.similarity,
                 int(edge.suggested), int(edge.by_person))
                for edge in edges
            ],
        )  # fmt: skip

    def fixes(self) -> dict[str, list[FixRow]]:
        """Return {cause id: its fixes, oldest first}."""
        found: dict[str, list[FixRow]] = {}
        for row in self.rows(
            "SELECT cause_id, on_date, note, reopened_on FROM fixes ORDER BY on_date, id"
        ):
            fix = FixRow(cause_id=row[0], on_date=row[1], note=row[2], reopened_on=row[3])
            found.setdefault(fix.cause_id, []).append(fix)
        return found

    def breaks(self) -> list[Week]:
        """Return the weeks after which the register was taken over by another model or encoder."""
        after = [row.details.get("after") for row in self.history() if row.action == "migrate"]
        return [Week.parse(str(week)) for week in after if week]

    def history(self, cause_id: str | None = None) -> list[LogRow]:
        """Return the log, oldest first: all of it, or what concerns one cause."""
        head = None if cause_id is None else self.resolve(cause_id)
        family = self.family()
        return [
            LogRow(
                at=row[0], who=row[1], action=row[2], cause_id=row[3], details=json.loads(row[4])
            )
            for row in self.rows("SELECT at, who, action, cause_id, details FROM log ORDER BY id")
            if head is None or family.get(row[3]) == head
        ]


def touch(register: Database, pairs: Iterable[tuple[str, str]]) -> None:
    """Count again the given (cause id, week) pairs from their assignments, per run."""
    with register.transaction():
        register.change(
            "CREATE TEMP TABLE IF NOT EXISTS touched"
            " (cause_id TEXT, week TEXT, PRIMARY KEY (cause_id, week)) WITHOUT ROWID"
        )
        register.change("DELETE FROM touched")
        register.change_many("INSERT OR IGNORE INTO touched VALUES (?, ?)", pairs)
        register.change(
            "DELETE FROM cause_weeks WHERE (cause_id, week) IN (SELECT cause_id, week FROM touched)"
        )
        register.change("INSERT INTO cause_weeks " + COUNTED.format(pairs="touched"))


# What cause_weeks must hold for the pairs of a table; docs/trends.md says what counts as a voice.
# CROSS JOIN keeps the order: from few pairs to their rows, never over all assignments.
COUNTED = """
    SELECT r.cause_id, r.week, r.run,
           count(DISTINCT CASE WHEN a.kind <> 'duplicate' THEN a.voice END),
           count(*), count(DISTINCT a.day), count(DISTINCT a.channel)
    FROM (SELECT DISTINCT p.cause_id, p.week, b.run
          FROM {pairs} p CROSS JOIN assignments b INDEXED BY assignments_cause
          ON b.cause_id = p.cause_id AND b.week = p.week AND b.cause_id <> '') r
    CROSS JOIN assignments a INDEXED BY assignments_cause
    ON a.cause_id = r.cause_id AND a.week = r.week AND a.cause_id <> '' AND a.run <= r.run
    GROUP BY r.cause_id, r.week, r.run
"""
