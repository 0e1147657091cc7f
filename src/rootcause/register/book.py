"""The register as a weekly run uses it: what is known, what a week adds, what a re-run replaces.

A run of week W, inside one `transaction`: `known(W)` and `born_in(W)`, then `clear_run(W)`, then
`save_cause`, `add_exemplars`, `write_week`, and last `retire` for what was born and stayed empty
and `mark_stale_after(W)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np

from rootcause.errors import DataError
from rootcause.records import Week
from rootcause.register.causes import Causes, touch
from rootcause.register.rows import (
    MEMBER_KIND,
    Assignment,
    EdgeRow,
    Exemplar,
    KnownCause,
    WeekFacts,
)

# Whose word outranks whose.
_RANK = {"machine": 0, "export": 1, "person": 2}


class Register(Causes):
    """An open register. Open with `Register.open(path, create=True)` as a context manager."""

    def known(self, before: Week) -> list[KnownCause]:
        """Return the open causes that a run of week `before` may assign to, by id.

        They were found by earlier weeks' reports, and carry only exemplars added by those.
        """
        family = self.family()
        births: dict[str, Week] = {}
        for cause_id, born in self.births().items():
            head = family[cause_id]
            births[head] = min(born, births.get(head, born))
        return self._known([head for head, born in births.items() if born < before], before, births)

    def born_in(self, week: Week) -> list[KnownCause]:
        """Return the causes that the report of `week` found, retired ones too, with exemplars.

        A re-run of the week gives its ids back to the clusters it finds again. A cause merged
        away since is answered for by the one it was merged into.
        """
        family = self.family()
        births = self.births()
        heads = {family[cause_id]: week for cause_id, born in births.items() if born == week}
        return self._known(list(heads), week.shift(1), heads, retired=True)

    def _known(
        self, ids: Sequence[str], before: Week, births: dict[str, Week], *, retired: bool = False
    ) -> list[KnownCause]:
        wanted = set(ids)
        dimension = int(self.fact("dimension") or 0)
        members: dict[str, list[tuple[str, str, int, bytes]]] = {}
        for cause_id, *row in self.rows(
            "SELECT cause_id, mention_id, text, voice, vector FROM exemplars WHERE added_in < ?"
            " ORDER BY cause_id, added_in, mention_id",
            (str(before),),
        ):
            if cause_id in wanted:
                members.setdefault(cause_id, []).append(tuple(row))
        last = dict(
            self.rows(
                "SELECT cause_id, max(week) FROM cause_weeks"
                " WHERE voices > 0 AND run < ? AND week < ? GROUP BY cause_id",
                (str(before), str(before)),
            )
        )
        found = []
        for cause in self.causes():
            if cause.cause_id not in wanted or not (retired or cause.state == "open"):
                continue
            rows = members.get(cause.cause_id, [])
            if not rows and not retired:  # all forgotten, or added later: nothing to match with
                continue
            vectors = np.frombuffer(b"".join(row[3] for row in rows), np.float16)
            found.append(
                KnownCause(
                    cause_id=cause.cause_id,
                    title=cause.title,
                    titled_by=cause.titled_by,
                    kind=cause.kind,
                    area=cause.area,
                    theme=cause.theme,
                    state=cause.state,
                    radius=cause.radius,
                    stability=cause.stability,
                    key_phrases=cause.key_phrases,
                    born_in=births[cause.cause_id],
                    last_week=Week.parse(last[cause.cause_id]) if cause.cause_id in last else None,
                    mention_ids=tuple(row[0] for row in rows),
                    texts=tuple(row[1] for row in rows),
                    voices=np.array([row[2] for row in rows], np.int64),
                    vectors=vectors.astype(np.float32).reshape(len(rows), dimension),
                )
            )
        return found

    def clear_run(self, week: Week) -> None:
        """Delete what the report of `week` wrote, before it is written again.

        Assignments, counts, exemplars and edges of the run go; causes and what a person did stay.
        Exemplars of causes born in that week stay until `add_exemplars` replaces them, so that a
        later re-run can still recognise a cause that this one leaves empty.
        """
        run = str(week)
        with self.transaction():
            pairs = self.rows(
                "SELECT DISTINCT cause_id, week FROM cause_weeks WHERE run = ?", (run,)
            )
            self.change_many(
                "DELETE FROM assignments WHERE cause_id = ? AND cause_id <> '' AND week = ?"
                " AND run = ?",
                [(*pair, run) for pair in pairs],
            )
            self.change("DELETE FROM assignments WHERE week = ? AND run = ?", (run, run))
            touch(self, pairs)
            family = self.family()
            born = {family[cause] for cause, birth in self.births().items() if birth == week}
            self.change_many(
                "DELETE FROM exemplars WHERE cause_id = ? AND added_in = ? AND NOT by_person",
                [(cause.cause_id, run) for cause in self.causes() if cause.cause_id not in born],
            )
            self.change("DELETE FROM edges WHERE week = ? AND NOT by_person", (run,))
            self.change("DELETE FROM weeks WHERE week = ?", (run,))

    def save_cause(
        self,
        *,
        cause_id: str,
        born_in: Week,
        title: str,
        kind: str,
        area: str,
        radius: float,
        theme: str = "",
        stability: float | None = None,
        key_phrases: Sequence[str] = (),
        titled_by: str = "machine",
        area_by: str = "machine",
    ) -> None:
        """Insert a cause, or update what no person (and for a machine, no export) has said.

        `born_in`, the reported week, counts only when the cause is new. A retired cause is open
        again; owner, action and due date are never touched. Raises DataError for an id merged
        away.
        """
        phrases = json.dumps(list(key_phrases), ensure_ascii=False)
        with self.transaction():
            old = {cause.cause_id: cause for cause in self.causes()}.get(cause_id)
            if old is not None and old.state == "merged":
                raise DataError(
                    f"cause {cause_id} was merged into {old.merged_into}; save that one"
                )
            if old is None:
                self.change(
                    "INSERT INTO causes (id, title, kind, born_in, radius) VALUES (?, ?, ?, ?, ?)",
                    (cause_id, title, kind, str(born_in), radius),
                )
            else:
                if _RANK[old.titled_by] > _RANK[titled_by]:
                    title, titled_by = old.title, old.titled_by
                if _RANK[old.area_by] > _RANK[area_by]:
                    area, area_by = old.area, old.area_by
            self.change(
                "UPDATE causes SET title = ?, titled_by = ?, kind = ?, area = ?, area_by = ?,"
                " theme = ?, radius = ?, stability = ?, key_phrases = ?, state = 'open'"
                " WHERE id = ?",
                (
                    title,
                    titled_by,
                    kind,
                    area,
                    area_by,
                    theme,
                    radius,
                    stability,
                    phrases,
                    cause_id,
                ),
            )

    def add_exemplars(self, cause_id: str, week: Week, rows: Iterable[Exemplar]) -> None:
        """Make `rows` the exemplars that the report of `week` adds to a cause.

        Those it added before are replaced; an exemplar from another week or a person stays.
        """
        head = self.resolve(cause_id)
        values = [
            (head, row.mention_id, str(week), int(row.voice), row.text,
             np.asarray(row.vector, np.float16).tobytes())
            for row in rows
        ]  # fmt: skip
        size = 2 * int(self.fact("dimension") or 0)
        for value in values:
            if len(value[5]) != size:
                raise DataError(
                    f"exemplar {value[1]} has {len(value[5]) // 2} values, the register {self.path}"
                    f" holds {size // 2}; bind it to the encoder first"
                )
        with self.transaction():
            self.change(
                "DELETE FROM exemplars WHERE cause_id = ? AND added_in = ? AND NOT by_person",
                (head, str(week)),
            )
            self.change_many(
                "INSERT INTO exemplars (cause_id, mention_id, added_in, voice, text, vector)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " added_in = min(added_in, excluded.added_in)",
                values,
            )

    def write_week(
        self, facts: WeekFacts, assignments: Iterable[Assignment], edges: Iterable[EdgeRow] = ()
    ) -> None:
        """Write a reported week; the counts per cause and week follow from `assignments`.

        Rows may lie in earlier weeks (a cause is back-dated); rows without a cause may not, and
        are left out there. Merged ids are followed and what a person moved stays moved.
        """
        run = str(facts.week)
        family = self.family()
        kinds = {c.cause_id: MEMBER_KIND.get(c.kind, "cause") for c in self.causes()}
        pins = {
            (mention, family[source]): family[to]
            for mention, source, to in self.rows("SELECT mention_id, from_id, cause_id FROM pins")
        }
        homes = {mention: to for (mention, _), to in pins.items()}
        values = []
        for row in assignments:
            cause_id = family.get(row.cause_id, row.cause_id)
            kind = row.kind
            if row.mention_id in homes:
                home = pins.get((row.mention_id, cause_id))
                if home is None and not cause_id:
                    home = homes[row.mention_id]
                if home is not None:
                    cause_id = home
                    kind = kind if kind == "duplicate" else kinds[cause_id]
            if not cause_id and row.week != facts.week:
                continue
            values.append(
                (str(row.week), row.mention_id, cause_id, run, float(row.strength), kind,
                 int(row.voice), int(row.day), row.channel or "")
            )  # fmt: skip
        with self.transaction():
            self.change(
                "INSERT OR REPLACE INTO weeks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                (run, facts.run_id, facts.mentions, facts.complaints, facts.complaint_voices,
                 facts.question_voices, facts.isolated, facts.unspecified, facts.duplicates,
                 facts.model_id, int(facts.partial), json.dumps(dict(facts.figures))),
            )  # fmt: skip
            self.change_many(
                "INSERT INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET run = excluded.run, strength = excluded.strength, kind = excluded.kind"
                " WHERE excluded.run < run",
                values,
            )
            touch(self, {(value[2], value[0]) for value in values if value[2]})
            self.add_edges(edges)

    def retire(self, cause_id: str) -> bool:
        """Retire a cause that no mention is left in; return whether it was.

        A cause with members in any week stays: a later week still counts on its id.
        """
        head = self.resolve(cause_id)
        with self.transaction():
            if self.rows(
                "SELECT 1 FROM assignments WHERE cause_id = ? AND cause_id <> '' LIMIT 1", (head,)
            ):
                return False
            self.change("UPDATE causes SET state = 'retired' WHERE id = ?", (head,))
        return True

    def mark_stale_after(self, week: Week) -> list[Week]:
        """Mark the reported weeks after `week` as stale and return them: they ran on what was."""
        with self.transaction():
            self.change("UPDATE weeks SET stale = 1 WHERE week > ?", (str(week),))
            rows = self.rows("SELECT week FROM weeks WHERE week > ? ORDER BY week", (str(week),))
        return [Week.parse(text) for (text,) in rows]
