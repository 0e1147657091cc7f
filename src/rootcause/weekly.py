"""The weekly report from end to end: track what is not tracked yet, compose, render."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from rootcause.compose import REQUEST_COLUMNS, Inputs, compose
from rootcause.encode import load_encoder
from rootcause.errors import ModelError, NothingToReport
from rootcause.findings import Report
from rootcause.lens import load_lens
from rootcause.oneweek import Job, dated_weeks, earlier_tables, read_week, track_week
from rootcause.pools import represented_dimension
from rootcause.records import Encoder, Week
from rootcause.register import Register, WeekFacts
from rootcause.report import render
from rootcause.scored import Scored, open_scored
from rootcause.sidefiles import read_exposure, read_owners
from rootcause.track import POOLED_WEEKS, Settings

Say = Callable[[str], None]

REGISTER = "rootcause.db"
# A register that has not seen the weeks before is shown so many of them first.
HISTORY_WEEKS = 26


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
    table = read_week(job, week)
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
            past = read_week(job, earlier)
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
            trail=earlier_tables(job, week),
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
    table = job.scored.read(str(facts.week), columns, where=job.where)
    return bool(table.num_rows != facts.mentions)


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
    last = pc.max(scored.read(str(week), ["created_at"])["created_at"]).as_py()
    zone = ZoneInfo(scored.manifest.timezone)
    return bool(last.astimezone(zone).weekday() < 6)


def _requests(job: Job, week: Week) -> list[tuple[Week, pa.Table]]:
    """Return who asked for help in the weeks that earlier reply queues reached back to."""
    weeks = [w for w in dated_weeks(job.scored) if 0 < week.minus(w) < 2 * POOLED_WEEKS]
    return [(w, job.scored.read(str(w), columns=REQUEST_COLUMNS, where=job.where)) for w in weeks]


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
