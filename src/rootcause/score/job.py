"""The job `score`: dumps in, a scored folder or file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rootcause.dumps import read_mentions
from rootcause.dumps.sources import expand
from rootcause.errors import DataError, UsageError
from rootcause.score.batch import BatchScorer, Model, zone
from rootcause.score.finish import write_parts
from rootcause.score.intake import Intake
from rootcause.score.known import Known
from rootcause.score.onefile import is_one_file, write_one_file
from rootcause.score.ordinary import week_facts
from rootcause.score.pieces import pieces_by_week
from rootcause.score.pool import LocalRunner, Pool, Runner, early_pool
from rootcause.score.progress import Progress
from rootcause.score.rejects import RejectFile
from rootcause.score.settings import (
    Job,
    Say,
    as_input,
    check,
    new_manifest,
    run_facts,
    stats,
)
from rootcause.score.staging import (
    PREFIX,
    Staging,
    claimed,
    finish_interrupted,
    run_key,
    written_to,
)
from rootcause.scored import MANIFEST, REJECTS, Counts, Manifest, Scored, open_scored

ENGINES = ("local", "ray")


@dataclass(frozen=True, kw_only=True)
class ScoreResult:
    """What a run did: `counts` of rows, `out` as written, new mentions by week."""

    counts: Counts
    out: Path
    weeks: Mapping[str, int]


def score(
    dumps: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | Path,
    *,
    model: str | Path | Model = "default",
    columns: Mapping[str, str] | None = None,
    segments: Sequence[str] = (),
    timezone: str = "UTC",
    jobs: int | None = None,
    engine: str = "local",
    explain: bool = False,
    max_rejects: float = 0.05,
    encoder: str | None = None,
    vectors: str | Path | None = None,
    say: Say = lambda _: None,
) -> ScoreResult:
    """Score every mention of `dumps` into the folder or the one file `out`.

    A run that was cut off goes on where it stopped and gives the bytes it would have given.
    Into a folder, mentions that it holds already are counted and skipped. `max_rejects` is the
    largest share of rows that may be unusable. `encoder` is where the model's encoder is on this
    machine (default: where it was at training), `vectors` the folder that keeps the vectors of
    a sentence-transformers encoder. `say` hears what a person should know.

    Raises DataError for dumps that cannot be used and files that cannot be written, ModelError
    for a folder that another model wrote, UsageError for options that make no sense.
    """
    zone(timezone)
    if engine not in ENGINES:
        raise UsageError(f"engine {engine!r} is unknown; use local or ray")
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs make no sense; give 1 or more")
    out = Path(out)
    job = Job(
        dumps=tuple(expand(dumps)),
        out=out,
        columns=dict(columns or {}),
        segments=tuple(segments),
        timezone=timezone,
        jobs=jobs or os.cpu_count() or 1,
        engine=engine,
        explain=explain,
        max_rejects=max_rejects,
        model=_location(model) if isinstance(model, (str, Path)) else None,
        encoder=encoder,
        vectors=None if vectors is None else str(Path(vectors).absolute()),
        say=say,
    )
    file = out.name if is_one_file(out) else None
    home = (out.parent if file else out).absolute()
    size = sum(size for _, size, _ in stats(job.dumps))
    pool = early_pool(_settings(job), job.jobs, size) if engine == "local" else None
    try:
        scorer = BatchScorer(
            model,
            timezone=timezone,
            segments=segments,
            explain=explain,
            encoder=job.encoder,
            vectors=job.vectors,
        )
        if engine == "local" and not pool:
            pool = early_pool(_settings(job), job.jobs, size, scorer)
        with written_to(out), claimed(home, file):
            finish_interrupted(home, prefix=_prefix(job))
            return _run(job, scorer, home, pool)
    finally:
        if pool:
            pool.kill()  # those that have ended are not disturbed


def _prefix(job: Job) -> str:
    """Return how the working folders of this output begin."""
    return f".{job.out.name}.scoring-" if is_one_file(job.out) else PREFIX


def _run(job: Job, scorer: BatchScorer, home: Path, pool: Pool | None) -> ScoreResult:
    one_file = is_one_file(job.out)
    earlier = None if one_file or not (home / MANIFEST).exists() else open_scored(home)
    if earlier:
        check(earlier.manifest, job, scorer)
    before = stats(job.dumps)
    staging = Staging(home, run_key(run_facts(job, scorer, earlier, before)), prefix=_prefix(job))
    base = new_manifest(job, scorer)
    schema = scorer.schema
    rejects = RejectFile(staging.scratch(REJECTS))
    reader = read_mentions(job.dumps, columns=job.columns, segments=job.segments, hear=rejects.add)
    with rejects, Intake(reader, _known(earlier), staging) as intake:
        runner = _runner(job, scorer, pool)
        chunks = _score_chunks(
            job, runner=runner, staging=staging, intake=intake, position=lambda: reader.position
        )
    del scorer
    counts = intake.counts(rejected=rejects.count)
    if stats(job.dumps) != before:
        staging.discard()
        raise DataError("a dump changed while it was read; nothing was written, run it again")
    if rejects.count > job.max_rejects * counts.read:
        kept = rejects.keep(home if not earlier else None, job.out)
        staging.discard()
        raise DataError(rejects.complaint(counts.read, job.max_rejects, kept))
    inputs = tuple(as_input(facts) for facts in reader.files)
    if one_file:
        weeks = write_one_file(staging, job.out.name, chunks, schema)
        if rejects.count:
            rejects.finish(staging.final(f"{job.out.stem}{REJECTS}"), earlier=None)
        staging.commit(last=job.out.name)
    else:
        manifest = replace(base, counts=counts, inputs=inputs)
        weeks = _finish_folder(
            job,
            staging=staging,
            earlier=earlier,
            chunks=chunks,
            manifest=manifest,
            rejects=rejects,
        )
    _tell(job, counts)
    return ScoreResult(counts=counts, out=job.out, weeks=weeks)


def _score_chunks(
    job: Job,
    *,
    runner: Runner,
    staging: Staging,
    intake: Intake,
    position: Callable[[], int],
) -> int:
    """Have every chunk scored that an earlier attempt has not left; returns their number."""
    number = 0
    total = sum(size for _, size, _ in stats(job.dumps))
    try:
        with Progress(job.say, total=total) as progress:
            for number, mentions in enumerate(intake.chunks(), 1):
                path = staging.chunk(number - 1)
                if not path.exists():
                    runner.submit(mentions, path)
                progress.update(intake.scored, position())
            runner.close()
    except BaseException:
        runner.stop()
        raise
    return number


def _settings(job: Job) -> dict[str, Any] | None:
    """Return how a process elsewhere makes the scorer; None for a model in memory."""
    if not job.model:
        return None
    return {
        "model": job.model,
        "timezone": job.timezone,
        "segments": job.segments,
        "explain": job.explain,
        "encoder": job.encoder,
        "vectors": job.vectors,
    }


def _runner(job: Job, scorer: BatchScorer, pool: Pool | None) -> Runner:
    settings = _settings(job)
    if job.engine == "local":
        return LocalRunner(scorer, settings, job.jobs, pool)
    from rootcause.score.ray_engine import RayRunner

    if settings is None:
        raise UsageError("engine ray needs a model folder; save the model and give its path")
    return RayRunner(settings, job.jobs)


def _location(model: str | Path) -> str:
    """Return a model's name or path so that a process elsewhere finds it."""
    return "default" if str(model) == "default" else str(Path(model).absolute())


def _known(earlier: Scored | None) -> Known:
    known = Known()
    for week in earlier.weeks() if earlier else ():
        for batch in earlier.batches(week, ["mention_id", "text"]) if earlier else ():
            known.add(batch["mention_id"].to_pylist(), batch["text"].to_pylist())
    return known


def _finish_folder(
    job: Job,
    *,
    staging: Staging,
    earlier: Scored | None,
    chunks: int,
    manifest: Manifest,
    rejects: RejectFile,
) -> dict[str, int]:
    """Write parts, rejects and the manifest, unless nothing is new; returns the rows by week."""
    pieces = pieces_by_week(staging, chunks)
    finished = write_parts(staging, pieces, earlier, job.jobs)
    seen = {one.sha256 for one in earlier.manifest.inputs} if earlier else set()
    fresh = [one for one in manifest.inputs if one.sha256 not in seen]
    if earlier and not finished.changed and not fresh:
        staging.discard()
        return {}
    if earlier:
        old = earlier.manifest
        manifest = replace(
            manifest,
            counts=old.counts.plus(manifest.counts),
            inputs=(*old.inputs, *fresh),
            segments=tuple(dict.fromkeys((*old.segments, *manifest.segments))),
        )
    paths = {one.path for one in fresh}
    kept = staging.home / REJECTS if earlier else None
    rejects.finish(staging.final(REJECTS), earlier=kept, only=paths)
    before = earlier.manifest.weeks if earlier else {}
    found = week_facts(pieces, before, manifest.model.get("usual", {}))
    manifest = replace(manifest, parts=finished.parts, weeks=found)
    staging.final(MANIFEST).write_text(manifest.as_json(), encoding="utf-8")
    staging.commit(last=MANIFEST)
    for week in pieces:
        for line in found[week]["drift"]:
            job.say(f"{week}: {line}")
    return {week: sum(piece.rows for piece in some) for week, some in pieces.items()}


def _tell(job: Job, counts: Counts) -> None:
    said = f"{counts.read:,} rows read: {counts.scored:,} scored"
    parts = {
        "already scored": counts.already_scored,
        "posts of the company": counts.company_posts,
        "rejected": counts.rejected,
    }
    said += "".join(f", {number:,} {what}" for what, number in parts.items() if number)
    job.say(said)
    if counts.already_scored and not counts.scored:
        job.say(f"nothing new for {job.out}: every mention was scored before")
