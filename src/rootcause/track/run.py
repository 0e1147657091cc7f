"""One week's run: match to known causes first, discover only in the residue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootcause.match import Prototype, learn
from rootcause.naming import Name
from rootcause.pools import Kind, Pool, join
from rootcause.records import Vectors, Week
from rootcause.register import Assignment, EdgeRow, Exemplar, KnownCause, Register
from rootcause.track.known import BORN_WITH, learnable, recognise
from rootcause.track.links import (
    assignment,
    central,
    continued,
    cosine,
    finish,
    most,
    others,
    phrase_fact,
    rebind,
    swallowed,
)
from rootcause.track.residue import Settings, find_groups
from rootcause.track.suggest import suggestions

# A cause silent for this many weeks is gone; one voice fewer than recurring does not bring it back.
GONE_AFTER = 4
# Trailing weeks whose unmatched mentions are pooled, so that slow problems surface too.
POOLED_WEEKS = 8
# In a pool of more rows, or where more causes are born at once, it is against fewer strangers.
LARGE = 6_000
MANY = 40
BORN_AGAINST = 400

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
# texts, cluster of each (-1 = none), vectors, titles in use -> a name per cluster
Namer = Callable[[Sequence[str], Ints, Vectors, Sequence[str], str], list[Name]]
Redact = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """What a week adds to the register, and how much of its residue is left."""

    assignments: list[Assignment]
    edges: list[EdgeRow]
    isolated: int
    unspecified: int
    duplicates: int


class Tracker:
    """One week's run over an open register; everything happens in the caller's transaction."""

    def __init__(
        self, register: Register, week: Week, settings: Settings, namer: Namer, redact: Redact
    ) -> None:
        self.register = register
        self.week = week
        self.settings = settings
        self.namer = namer
        self.redact = redact
        self.edges: list[EdgeRow] = []

    def run(self, kinds: Sequence[Kind], trail: Mapping[str, Pool]) -> Tracked:
        """Return the week's assignments and edges; causes and exemplars are saved on the way.

        `trail` holds, per kind, what earlier weeks of the window left unmatched.
        """
        known = self.register.known(self.week)
        born = self.register.born_in(self.week)
        self.register.clear_run(self.week)
        rows: list[Assignment] = []
        kept: set[str] = set()
        for kind in kinds:
            mine = [cause for cause in known if cause.kind == kind.kind]
            was = [cause for cause in born if cause.kind == kind.kind]
            rows += self._run_kind(kind, trail[kind.kind], mine, was, kept)
        for cause in born:
            if cause.cause_id not in kept:
                self.register.retire(cause.cause_id)
        now = [row for row in rows if row.week == self.week]
        return Tracked(
            assignments=rows,
            edges=self.edges,
            isolated=sum(row.kind == "isolated" for row in now),
            unspecified=sum(row.kind == "unspecified" for row in now),
            duplicates=sum(row.kind == "duplicate" for row in now),
        )

    def _run_kind(
        self,
        kind: Kind,
        residue: Pool,
        known: list[KnownCause],
        born: list[KnownCause],
        kept: set[str],
    ) -> list[Assignment]:
        pool = kind.pool
        prototypes, index, strength = recognise(pool, known, residue.vectors)
        homes: list[str] = [known[i].cause_id if i >= 0 else "" for i in index]
        self._follow_export(kind, homes, strength, known, kept)
        matched = np.array([bool(home) for home in homes], dtype=bool)
        self._gain(pool, homes, strength, known)
        self._transitions(pool, homes, known)
        left = np.flatnonzero(~matched)
        rest = join([residue, pool.take(left)], pool.vectors.shape[1])
        placed = [
            assignment(pool, i, homes[i], float(strength[i]), kind.kind, self.week)
            for i in np.flatnonzero(matched).tolist()
        ]
        placed += self._discover(rest, kind.kind, known, prototypes, born, kept)
        return finish(placed, kind, self.week)

    def _follow_export(
        self,
        kind: Kind,
        homes: list[str],
        strength: Floats,
        known: list[KnownCause],
        kept: set[str],
    ) -> None:
        """Send rows whose cause the model knows to the cause of that name, made when first met."""
        phrases: dict[str, list[int]] = {}
        for row, phrase in enumerate(kind.pool.known):
            if phrase is not None:
                phrases.setdefault(phrase, []).append(row)
        ids = {cause.cause_id for cause in known}
        for phrase, rows in sorted(phrases.items()):
            fact = phrase_fact(phrase)
            stored = self.register.fact(fact)
            cause_id = self.register.resolve(stored) if stored else self.register.next_id()
            if stored is None:
                self.register.set_fact(fact, cause_id)
            if cause_id not in ids:
                self._bear(kind.pool, np.array(rows), cause_id, kind.kind, phrase, "export", None)
                kept.add(cause_id)
            for row in rows:
                homes[row] = cause_id
                strength[row] = max(float(strength[row]), 0.5)

    def _bear(
        self,
        pool: Pool,
        members: Ints,
        cause_id: str,
        kind: str,
        title: str,
        titled_by: str,
        stability: float | None,
        key_phrases: Sequence[str] = (),
        *,
        hasty: bool = False,
    ) -> None:
        """Save a cause found by this week's run with its first exemplars."""
        chosen = central(pool, members, BORN_WITH)
        # each is learnt anew next week
        against = BORN_AGAINST if hasty or len(pool) > LARGE else None
        prototype = learn(pool.vectors[chosen], others(pool.vectors, members, against))
        self.register.save_cause(
            cause_id=cause_id,
            born_in=self.week,
            title=title,
            titled_by=titled_by,
            kind=kind,
            area=most([pool.areas[i] for i in members]),
            radius=float(prototype.radius),
            stability=stability,
            key_phrases=key_phrases,
        )
        self.register.add_exemplars(cause_id, self.week, self._exemplars(pool, chosen))
        first = min(pool.weeks[i] for i in members)
        self.edges.append(EdgeRow(kind="emerged", week=Week.parse(first), cause_id=cause_id))

    def _exemplars(self, pool: Pool, rows: Iterable[int]) -> list[Exemplar]:
        return [
            Exemplar(
                mention_id=pool.ids[i],
                voice=int(pool.voices[i]),
                text=self.redact(pool.texts[i]),
                vector=pool.vectors[i],
            )
            for i in rows
        ]

    def _gain(
        self, pool: Pool, homes: list[str], strength: Floats, known: list[KnownCause]
    ) -> None:
        for cause_id, rows in learnable(pool, homes, strength, known).items():
            self.register.add_exemplars(cause_id, self.week, self._exemplars(pool, rows))

    def _transitions(self, pool: Pool, homes: list[str], known: list[KnownCause]) -> None:
        members: dict[str, list[int]] = {}
        for row, home in enumerate(homes):
            members.setdefault(home, []).append(row)
        for cause in known:
            if cause.last_week is None:
                continue
            rows = members.get(cause.cause_id, [])
            silent = self.week.minus(cause.last_week)
            if rows:
                similarity = cosine(cause.vectors, pool.vectors[rows])
                back = silent > GONE_AFTER
                self._edge(
                    "returned" if back else "survived", cause.cause_id, similarity=similarity
                )
            elif silent == GONE_AFTER:
                self._edge("disappeared", cause.cause_id)
        before = self.register.edges(upto=self.week.shift(-1))
        self.edges += suggestions(self.week, pool, members, known, before, self.settings)

    def _edge(self, kind: str, cause_id: str, *, similarity: float | None = None) -> None:
        self.edges.append(
            EdgeRow(
                kind=kind,
                week=self.week,
                cause_id=cause_id,
                similarity=None if similarity is None else round(similarity, 4),
            )
        )

    def _discover(
        self,
        rest: Pool,
        kind: str,
        known: list[KnownCause],
        prototypes: list[Prototype],
        born: list[KnownCause],
        kept: set[str],
    ) -> list[Assignment]:
        """Group the residue; each group continues a cause, gets back its id, or is new."""
        from threadpoolctl import threadpool_limits

        groups = find_groups(rest, self.week, self.settings)
        members = [group.members for group in groups]
        homes, near = continued(rest, members, known, prototypes)
        for g, group in enumerate(groups):
            if homes[g] is None and group.solid:
                homes[g] = swallowed(rest, group.members, known)
        fresh = [g for g, group in enumerate(groups) if homes[g] is None and group.solid]
        given = rebind(rest, [members[g] for g in fresh], born)
        taken = [cause.title for cause in self.register.causes() if cause.state == "open"]
        shown = np.full(len(rest), -1, dtype=np.int64)
        for place, g in enumerate(fresh):
            shown[members[g]] = place
        names = self.namer(rest.texts, shown, rest.vectors, taken, kind) if fresh else []
        hasty = len(rest) > LARGE or len(fresh) > MANY
        # so many small equations: cores that wait for each other take longer than one
        with threadpool_limits(1) if hasty else nullcontext():
            for place, g in enumerate(fresh):
                if names[place].mixed and given[place] is None:
                    # nothing that they have in common can be told, so nobody could fix it: they
                    # stay isolated, and are looked at again with the next weeks' mentions
                    continue
                cause_id = given[place] or self.register.next_id()
                homes[g] = cause_id
                kept.add(cause_id)
                name = names[place]
                self._bear(
                    rest, members[g], cause_id, kind, name.title, "machine",
                    groups[g].stability, name.key_phrases, hasty=hasty,
                )  # fmt: skip
        return [
            assignment(rest, int(i), home, float(strength), kind, self.week)
            for group, home, close in zip(groups, homes, near, strict=True)
            if home is not None
            for i, strength, mine in zip(group.members, group.strengths, close, strict=True)
            # what hangs together loosely vouches for nobody
            if group.solid or mine
        ]
