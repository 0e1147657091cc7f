"""The weekly report from end to end: track what is not tracked yet, compose, render."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rootcause import pools
from rootcause.compose import REQUEST_COLUMNS, Inputs, compose
from rootcause.encode import load_encoder
from rootcause.errors import ModelError, NothingToReport
from rootcause.findings import Report
from rootcause.lens import load_lens
from rootcause.naming import Name, name_clusters
from rootcause.pools import (
    COMPLAINT,
    QUESTION,
    Kind,
    Pool,
    make_kind,
    pool_rows,
    represented_dimension,
)
from rootcause.records import UNDATED, Encoder, Vectors, Week
from rootcause.redaction import redact
from rootcause.register import Register, WeekFacts
from rootcause.report import render
from rootcause.scored import Scored, open_scored
from rootcause.sidefiles import read_exposure, read_owners
from rootcause.track import POOLED_WEEKS, Namer, Settings, Tracked, Tracker, phrase_fact

Say = Callable[[str], None]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

REGISTER = "rootcause.db"
# A register that has not seen the weeks before is shown so many of them first.
HISTORY_WEEKS = 26


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


def write_report(
    scored: Path,
    out: Path,
    *,
    locale: str = "en",
    week: str | None = None,
    register: Path | None = None,
    where: Mapping[str, str] | None = None,
    min_voices: int = 5,
    strength: float = 0.0,
    exposure: Path | None = None,
    owners: Path | None = None,
    cost_per_contact: float | None = None,
    partial: bool = False,
    encoder: str = "builtin",
    max_length: int | None = None,
    vectors: Path | None = None,
    say: Say = lambda _: None,
) -> tuple[Report, Path]:
    """Write the report of one week of a scored folder; return it and its folder below `out`.

    `week` is the latest complete one unless given; earlier weeks are tracked on the way. Raises
    NothingToReport for a week without mentions, ModelError where the folder was scored with
    another encoder, UsageError for another filter than the register's.
    """
    units = read_exposure(exposure) if exposure else None
    people = read_owners(owners) if owners else None
    opened = open_scored(scored)
    chosen = choose_week(opened, week, partial=partial)
    with Register.open(register or scored / REGISTER, create=True) as book:
        report = build_report(
            opened,
            chosen,
            book,
            where=where,
            min_voices=min_voices,
            strength=strength,
            exposure=units,
            owners=people,
            cost_per_contact=cost_per_contact,
            partial=partial,
            encoder=load_encoder(encoder, cache=vectors, max_length=max_length),
            say=say,
        )
    folder = out / report.week
    render(report, folder, locale=locale)
    return report, folder


def build_report(
    scored: Scored | Path,
    week: Week,
    register: Register,
    *,
    where: Mapping[str, str] | None = None,
    min_voices: int = 5,
    strength: float = 0.0,
    exposure: Mapping[str, float] | None = None,
    owners: Mapping[str, tuple[str, str]] | None = None,
    cost_per_contact: float | None = None,
    partial: bool = False,
    encoder: str | Encoder = "builtin",
    say: Say = lambda _: None,
) -> Report:
    """Return the report of `week` with an open register (see `write_report`).

    `exposure` maps a week to units, `owners` an area, cause id or title to (owner, e-mail).
    """
    scored = open_scored(scored) if isinstance(scored, Path | str) else scored
    pairs = _columns(scored, where or {})
    loaded = load_encoder(encoder) if isinstance(encoder, str) else encoder
    _same_encoder(scored, loaded)
    job = Job(
        scored=scored,
        register=register,
        encoder=loaded,
        settings=Settings(min_voices=min_voices, strength=strength),
        where=pairs,
        zone=ZoneInfo(scored.manifest.timezone),
        english_only=loaded.name == "builtin",
    )
    # a known register refuses another filter first; a new one is bound only to a week that exists
    if register.fact("encoder_hash") is not None:
        _bind(register, scored, pairs, min_voices)
    table = _read(job, week)
    if not table.num_rows:
        have = ", ".join(str(w) for w in dated_weeks(scored)) or "none"
        scope = f" with {pairs[0][0]}={pairs[0][1]}" if pairs else ""
        raise NothingToReport(
            f"no mentions in week {week}{scope}; weeks in {scored.folder}: {have}"
        )
    _bind(register, scored, pairs, min_voices)
    done = {facts.week: facts for facts in register.weeks()}
    for earlier in dated_weeks(scored):
        # what was reported while it ran is over now
        due = earlier not in done or done[earlier].stale or done[earlier].partial
        if not 0 < week.minus(earlier) <= HISTORY_WEEKS:
            continue
        if due:
            past = _read(job, earlier)
            if past.num_rows:
                say(f"tracking {earlier} first ...")
                track_week(job, earlier, past, partial=False)
        elif _grown(job, done[earlier]):
            say(
                f"late data: {earlier} has other mentions than when it was reported; "
                f"`rootcause report --week {earlier}` counts them"
            )
    kinds = track_week(job, week, table, partial=partial)
    stale = [str(facts.week) for facts in register.weeks() if facts.stale and facts.week > week]
    if stale:
        say(f"stale: {stale[0]}{f' to {stale[-1]}' if len(stale) > 1 else ''} rests on what {week} "
            "said before; report it again")  # fmt: skip
    return compose(
        Inputs(
            week=week,
            table=table,
            kinds=kinds,
            manifest=scored.manifest,
            register=register,
            trail=_earlier_tables(job, week),
            exposure=exposure,
            owners=owners,
            cost_per_contact=cost_per_contact,
            partial=partial,
            min_voices=min_voices,
            strength=strength,
            zone=job.zone,
            requests=_requests(job, week),
            scope=" and ".join(f"{column} = {value}" for column, value in pairs),
            encoder=loaded,
        )
    )


def _grown(job: Job, facts: WeekFacts) -> bool:
    """Return whether a tracked week holds another number of mentions now."""
    columns = ["mention_id"]
    found = job.scored.read(str(facts.week), columns, where=job.where)
    return bool(found.num_rows != facts.mentions)


def _bind(
    register: Register, scored: Scored, pairs: Sequence[tuple[str, str]], min_voices: int
) -> None:
    """Tie the register to what its ids depend on, or refuse what differs."""
    facts = scored.manifest
    register.bind(
        encoder_name=facts.encoder,
        encoder_hash=facts.encoder_hash,
        dimension=represented_dimension(facts.dimension),
        timezone=facts.timezone,
        where=" and ".join(f"{column}={value}" for column, value in pairs),
        min_voices=min_voices,
        model_id=facts.model_id,
    )
    # causes are recognised by encoder and lens together
    lens, known = load_lens().content_hash, register.fact("lens_hash")
    if known not in (None, lens):
        raise ModelError(
            f"register {register.path} was made with another cause lens ({str(known)[:12]}, now "
            f"{lens[:12]}); move it with `rootcause causes migrate`, or name a new file with "
            "--register"
        )
    with register.transaction():
        register.set_fact("lens_hash", lens)


def choose_week(scored: Scored, week: str | None, *, partial: bool) -> Week:
    """Return the asked week, else the latest complete one (with `partial`, the latest).

    A week is complete when a later one has begun or its last day has a mention.
    """
    if week is not None:
        return Week.parse(week)
    weeks = dated_weeks(scored)
    if not weeks:
        raise NothingToReport(
            f"no dated mentions in {scored.folder}; score a dump with a date column"
        )
    last = weeks[-1]
    if partial or not incomplete(scored, last):
        return last
    if len(weeks) > 1:
        return weeks[-2]
    raise NothingToReport(f"week {last} is not complete yet; report it with --partial")


def incomplete(scored: Scored, week: Week) -> bool:
    """Return whether the folder's last week ends before its last day has a mention."""
    if dated_weeks(scored)[-1] != week:
        return False
    moments = scored.read(str(week), ["created_at"])["created_at"].to_pylist()
    zone = ZoneInfo(scored.manifest.timezone)
    return bool(max(moments).astimezone(zone).weekday() < 6)


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
        table = _read(job, earlier)
        mask = pools.complaint_rows if kind.kind == COMPLAINT else pools.question_rows
        flags = mask(table, english_only=job.english_only)
        flags &= np.array([m in alone for m in table["mention_id"].to_pylist()], dtype=bool)
        left = table.filter(pa.array(flags))
        parts.append(pool_rows(left, str(earlier), job.zone, job.encoder))
    return pools.join(parts, kind.pool.vectors.shape[1])


def _namer(job: Job, table: pa.Table) -> Namer:
    brands = sorted({brand for brand in table["brand"].to_pylist() if brand})

    def namer(
        texts: Sequence[str], labels: Ints, vectors: Vectors, taken: Sequence[str]
    ) -> list[Name]:
        return name_clusters(texts, labels, vectors, avoid_words=brands, taken=taken)

    return namer


def _earlier_tables(job: Job, week: Week) -> list[tuple[Week, pa.Table]]:
    weeks = [w for w in dated_weeks(job.scored) if w < week and week.minus(w) < POOLED_WEEKS]
    return [(w, _read(job, w)) for w in weeks]


def _requests(job: Job, week: Week) -> list[tuple[Week, pa.Table]]:
    """Return who asked for help in the weeks that earlier reply queues reached back to."""
    weeks = [w for w in dated_weeks(job.scored) if 0 < week.minus(w) < 2 * POOLED_WEEKS]
    return [(w, job.scored.read(str(w), columns=REQUEST_COLUMNS, where=job.where)) for w in weeks]


def _read(job: Job, week: Week) -> pa.Table:
    return job.scored.read(str(week), where=job.where)


def _columns(scored: Scored, where: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the filter with a segment's own name turned into its column (app -> segment_app)."""
    pairs = []
    for name, value in where.items():
        column = name
        if name not in scored.columns and f"segment_{name}" in scored.columns:
            column = f"segment_{name}"
        pairs.append((column, value))
    return tuple(pairs)


def _same_encoder(scored: Scored, encoder: Encoder) -> None:
    if encoder.content_hash != scored.manifest.encoder_hash:
        raise ModelError(
            f"{scored.folder} was scored with encoder {scored.manifest.encoder}"
            f" ({scored.manifest.encoder_hash[:12]}), not {encoder.name}"
            f" ({encoder.content_hash[:12]}); name that one with --encoder, or score it again"
        )


def _run_id(job: Job, table: pa.Table, partial: bool) -> str:
    digest = hashlib.sha256()
    for name in ("mention_id", "label", "author", "is_complaint", "answered_at", "status"):
        digest.update("\x1f".join(map(str, table[name].to_pylist())).encode("utf-8", "replace"))
    parameters = (job.scored.manifest.model_id, job.settings, job.where, partial)
    digest.update(repr(parameters).encode())
    return digest.hexdigest()[:16]
