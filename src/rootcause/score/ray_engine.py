"""The same batch callable on Ray: chunks as Parquet in, scored chunks out.

The folder of the run must be visible to every node under the same path.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from rootcause.errors import UsageError
from rootcause.score.batch import BatchScorer
from rootcause.score.worker import score_chunk

_OBJECT_STORE = 256 << 20  # only paths travel through it


class ChunkScorer:
    """What a Ray actor runs: the model is loaded once, when the actor starts."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - those of BatchScorer
        pa.set_cpu_count(1)
        self._scorer = BatchScorer(**settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Score the chunks named in `source`, each into the file named in `target`."""
        for source, target in zip(batch["source"], batch["target"], strict=True):
            score_chunk(self._scorer, parquet.read_table(str(source)), Path(str(target)))
        return batch


class RayRunner:
    """Collects chunks as Parquet files and has them scored by a pool of Ray actors."""

    def __init__(self, settings: Mapping[str, Any], jobs: int) -> None:
        try:
            import ray.data  # noqa: F401 - told now, not after an hour of reading
        except ImportError:
            raise UsageError(
                "engine ray needs the extra ray; pip install 'rootcause[ray]' or use local"
            ) from None
        self._settings = dict(settings)
        self._jobs = jobs
        self._chunks: list[dict[str, str]] = []

    def submit(self, mentions: pa.Table, path: Path) -> None:
        """Put a chunk where the actors find it."""
        source = path.with_name(f"in-{path.stem}.parquet")
        parquet.write_table(mentions, source, compression="zstd")
        self._chunks.append({"source": str(source), "target": str(path)})

    def close(self) -> None:
        """Score all chunks; an actor that dies is replaced and its chunks are scored again."""
        if not self._chunks:
            return
        import ray

        ours = not ray.is_initialized()
        if ours:
            self._start(ray)
        try:
            context = ray.data.DataContext.get_current()
            context.enable_progress_bars = False
            items = ray.data.from_items(self._chunks, override_num_blocks=len(self._chunks))
            done = items.map_batches(
                ChunkScorer,
                fn_constructor_kwargs=self._settings,
                batch_size=1,
                num_cpus=1,
                concurrency=min(self._jobs, len(self._chunks)),
            )
            for row in done.iter_rows():
                Path(row["source"]).unlink(missing_ok=True)
        finally:
            if ours:
                ray.shutdown()

    def stop(self) -> None:
        """Nothing runs between `submit` and `close`."""

    def _start(self, ray: Any) -> None:  # noqa: ANN401 - a module
        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        if os.environ.get("RAY_ADDRESS"):
            ray.init(**quiet)
        else:
            ray.init(
                num_cpus=self._jobs,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE,
                **quiet,
            )
