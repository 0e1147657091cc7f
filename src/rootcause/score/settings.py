"""What a run is given, and what its manifest says."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rootcause.dumps import FileFacts
from rootcause.errors import ModelError, UsageError
from rootcause.score.batch import BatchScorer, Model
from rootcause.score.intake import CHUNK_ROWS
from rootcause.scored import Input, Manifest, Scored

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """The settings of a run."""

    dumps: tuple[str, ...]
    out: Path
    columns: Mapping[str, str]
    segments: tuple[str, ...]
    timezone: str
    jobs: int
    engine: str
    explain: bool
    max_rejects: float
    model: str | None  # None for a model in memory, which no other process can open
    encoder: str | None = None
    vectors: str | None = None
    say: Say


def check(manifest: Manifest, job: Job, scorer: BatchScorer) -> None:
    """Raise unless the folder that `manifest` describes can take this run's mentions."""
    if manifest.model_id != scorer.model.model_id:
        raise ModelError(
            f"{job.out} was scored by model {manifest.model_id}, this is model "
            f"{scorer.model.model_id}; score into a new folder"
        )
    if manifest.timezone != job.timezone:
        raise UsageError(
            f"{job.out} has its weeks in time zone {manifest.timezone}, not {job.timezone}; "
            f"use --timezone {manifest.timezone} or a new folder"
        )


def new_manifest(job: Job, scorer: BatchScorer) -> Manifest:
    """Return the manifest of a run that has written nothing yet."""
    packages = {name: version(name) for name in ("rootcause", "numpy", "pyarrow")}
    return Manifest(
        model_id=scorer.model.model_id,
        encoder=scorer.model.encoder.name,
        encoder_hash=scorer.model.encoder.content_hash,
        dimension=scorer.dimension,
        timezone=job.timezone,
        segments=job.segments,
        versions={"python": platform.python_version(), **packages},
        model=_model_facts(scorer.model),
    )


def _model_facts(model: Model) -> dict[str, Any]:
    """Return what a report says of a model, so that it needs no model at hand."""
    card = getattr(model, "card_", {})
    wanted = ("mentions", "labels", "complaint", "auto_share", "target_precision")
    return {
        "card": {name: card[name] for name in wanted if name in card},
        "usual": card.get("training_words", {}),
        "confusion": np.asarray(getattr(model, "confusion_", [])).tolist(),
    }


def run_facts(
    job: Job, scorer: BatchScorer, earlier: Scored | None, stats: Sequence[Any]
) -> dict[str, Any]:
    """Return what decides the chunks of a run: another value makes another run."""
    return {
        "model": scorer.model.model_id,
        "version": version("rootcause"),
        "columns": dict(job.columns),
        "segments": job.segments,
        "timezone": job.timezone,
        "explain": job.explain,
        "chunk": CHUNK_ROWS,
        "out": job.out.name,
        "earlier": earlier.manifest.as_json() if earlier else "",
        "inputs": stats,
        # what came through a pipe cannot be read again
        "once": secrets.token_hex(8) if any(size < 0 for _, size, _ in stats) else "",
    }


def stats(dumps: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return name, size and time of change of the dumps; size -1 for what is no file."""
    found = []
    for path in dumps:
        regular = path != "-" and os.path.isfile(path)
        stat = os.stat(path) if regular else None
        found.append((path, stat.st_size, stat.st_mtime_ns) if stat else (path, -1, 0))
    return found


def as_input(facts: FileFacts) -> Input:
    """Return what the manifest says of a file that was read."""
    return Input(
        path=facts.file,
        size=facts.size,
        sha256=facts.sha256,
        layout=facts.layout,
        notes=facts.notes,
    )
