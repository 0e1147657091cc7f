"""One week of one register: read from the scored folder, and tracked in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rootcause import pools
from rootcause.naming import Name, name_clusters
from rootcause.pools import (
    COMPLAINT,
    QUESTION,
    Kind,
    Pool,
    make_kind,
    pool_rows,
)
from rootcause.records import UNDATED, Encoder, Vectors, Week
from rootcause.redaction import redact
from rootcause.register import Register, WeekFacts
from rootcause.scored import Scored
from rootcause.track import POOLED_WEEKS, Namer, Settings, Tracked, Tracker, phrase_fact

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What stays the same over the weeks of one report command."""

    scored: Scored
    register: Register
    encoder: Encoder
    settings: Settings
    where: tuple[tuple[str, str], ...]
    zone: tzinfo
    english_only: bool


def dated_weeks(scored: Scored) -> list[Week]:
    """Return the weeks of a scored folder, oldest first."""
    return [Week.parse(text) for text in scored.weeks() if text != UNDATED]


def track_week(job: Job, week: Week, table: pa.Table, *, partial: bool) -> list[Kind]:
    """Track one week in one transaction, unless the register has it from the same inputs."""
    kinds = _kinds(job, week, table)
    run_id = _run_id(job, table, partial)
    register = job.register
    with register.transaction():
        old = {facts.week: facts for facts in register.weeks()}.get(week)
        if old is not None and old.run_id == run_id and not old.stale:
            return kinds
        trail = {kind.kind: _residue(job, week, kind) for kind in kinds}
        tracker = Tracker(register, week, job.settings, _namer(job, table), redact)
        tracked = tracker.run(kinds, trail)
        complaints, questions = kinds
        register.write_week(
            WeekFacts(
                week=week,
                run_id=run_id,
                mentions=table.num_rows,
                complaints=complaints.mentions,
                complaint_voices=complaints.voices,
                question_voices=questions.voices,
                isolated=tracked.isolated,
                unspecified=tracked.unspecified,
                duplicates=tracked.duplicates,
                model_id=job.scored.manifest.model_id,
                partial=partial,
                figures=_figures(table, complaints, tracked),
            ),
            tracked.assignments,
            tracked.edges,
        )
        register.mark_stale_after(week)
    return kinds


def _figures(table: pa.Table, complaints: Kind, tracked: Tracked) -> dict[str, float]:
    """Return the headline figures that later weeks compare themselves with."""
    inside = {row.mention_id for row in tracked.assignments
              if row.kind in ("cause", "duplicate") and row.cause_id}  # fmt: skip
    mine = {*complaints.pool.ids, *(item.mention_id for item in complaints.apart)}
    total = complaints.mentions
    return {
        "mentions": float(table.num_rows),
        "complaint_share": total / table.num_rows,
        "explained_share": len(inside & mine) / total if total else 0.0,
    }


def _kinds(job: Job, week: Week, table: pa.Table) -> list[Kind]:
    complaint = pools.complaint_rows(table, english_only=job.english_only)
    question = pools.question_rows(table, english_only=job.english_only)
    # a cause that the model knows has one kind: who asks about an exit fee has met the exit fee
    kinds = _known_kinds(job.register, table, complaint, question)
    homes = np.array([kinds.get(phrase, "") for phrase in table["known_cause"].to_pylist()])
    either = complaint | question
    complaint = (complaint & (homes != QUESTION)) | (either & (homes == COMPLAINT))
    question = (question & (homes != COMPLAINT)) | (either & (homes == QUESTION))
    return [
        make_kind(kind, table.filter(pa.array(mask)), str(week), job.zone, job.encoder)
        for kind, mask in ((COMPLAINT, complaint), (QUESTION, question))
    ]


def _known_kinds(
    register: Register, table: pa.Table, complaint: Flags, question: Flags
) -> dict[str | None, str]:
    """Return the kind of each known-cause phrase: its cause's, else that of most of its rows."""
    found: dict[str | None, str] = {}
    balance: dict[str, int] = {}
    phrases = table["known_cause"].to_pylist()
    for phrase, complains, asks in zip(phrases, complaint, question, strict=True):
        if phrase is not None:
            balance[phrase] = balance.get(phrase, 0) + int(complains) - int(asks)
    for phrase, surplus in balance.items():
        stored = register.fact(phrase_fact(phrase))
        if stored:
            found[phrase] = register.cause(stored).kind
        else:
            found[phrase] = COMPLAINT if surplus >= 0 else QUESTION
    return found


def _residue(job: Job, week: Week, kind: Kind) -> Pool:
    """Return what the weeks before `week` in the window left without a cause, of one kind."""
    parts = []
    before = week.shift(-1)
    tracked = {facts.week for facts in job.register.weeks()}
    for back in range(POOLED_WEEKS - 1, 0, -1):
        earlier = week.shift(-back)
        if earlier not in tracked:
            continue
        rows = job.register.assignments(earlier, upto=before)
        alone = {row.mention_id for row in rows if row.kind == "isolated"}
        table = read_week(job, earlier)
        mask = pools.complaint_rows if kind.kind == COMPLAINT else pools.question_rows
        flags = mask(table, english_only=job.english_only)
        flags &= np.array([m in alone for m in table["mention_id"].to_pylist()], dtype=bool)
        left = table.filter(pa.array(flags))
        parts.append(pool_rows(left, str(earlier), job.zone, job.encoder))
    return pools.join(parts, kind.pool.vectors.shape[1])


def _namer(job: Job, table: pa.Table) -> Namer:
    brands = sorted({brand for brand in table["brand"].to_pylist() if brand})

    def namer(
        texts: Sequence[str], labels: Ints, vectors: Vectors, taken: Sequence[str], kind: str
    ) -> list[Name]:
        return name_clusters(
            texts, labels, vectors, avoid_words=brands, taken=taken, questions=kind == QUESTION
        )

    return namer


def earlier_tables(job: Job, week: Week) -> list[tuple[Week, pa.Table]]:
    """Return the earlier weeks whose unmatched complaints are pooled with this one's."""
    weeks = [w for w in dated_weeks(job.scored) if w < week and week.minus(w) < POOLED_WEEKS]
    return [(w, read_week(job, w)) for w in weeks]


def read_week(job: Job, week: Week) -> pa.Table:
    """Return the mentions of a week that the report is about."""
    return job.scored.read(str(week), where=job.where)


def _run_id(job: Job, table: pa.Table, partial: bool) -> str:
    digest = hashlib.sha256()
    for name in ("mention_id", "label", "author", "is_complaint", "answered_at", "status"):
        digest.update("\x1f".join(map(str, table[name].to_pylist())).encode("utf-8", "replace"))
    parameters = (job.scored.manifest.model_id, job.settings, job.where, partial)
    digest.update(repr(parameters).encode())
    return digest.hexdigest()[:16]
