"""Chunks to processes: inline for small dumps, several processes for large ones."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from rootcause.errors import DataError
from rootcause.score.batch import BatchScorer
from rootcause.score.forking import ONE_THREAD, Forked, may_fork
from rootcause.score.staging import trouble
from rootcause.score.worker import pack, score_chunk, send

# A process takes about as long to start as this many chunks take to score.
_PATIENCE = 2
# Dumps of more bytes than this have more chunks than that: their processes start at once.
_LARGE = 8 << 20


class Runner(Protocol):
    """Takes chunks, and has them scored and written when `close` returns."""

    def submit(self, mentions: pa.Table, path: Path) -> None:
        """Take a chunk whose scored rows shall be written to `path`."""

    def close(self) -> None:
        """Wait until every chunk is written; raises what went wrong."""

    def stop(self) -> None:
        """Give up at once."""


def early_pool(
    settings: Mapping[str, Any] | None, jobs: int, size: int, scorer: BatchScorer | None = None
) -> Pool | None:
    """Return processes that start while the run still prepares, where there is enough to do.

    Asked twice: before there is a scorer, for processes of their own, and with it, for copies;
    not later, for a copy holds what is open, the lock on the folder too.
    """
    if not settings or jobs == 1 or size <= _LARGE or may_fork() != (scorer is not None):
        return None
    return Pool(settings, jobs, scorer)


class LocalRunner:
    """Scores on this machine, with `jobs` processes once there is enough to do."""

    def __init__(
        self,
        scorer: BatchScorer,
        settings: Mapping[str, Any] | None,
        jobs: int,
        pool: Pool | None = None,
    ) -> None:
        self._scorer = scorer
        self._settings = settings
        self._jobs = jobs if settings else 1
        self._waiting: list[tuple[pa.Table, Path]] = []
        self._pool = pool
        if pool:
            scorer.release()  # the processes have a model each

    def submit(self, mentions: pa.Table, path: Path) -> None:
        """Take a chunk."""
        if self._pool:
            self._pool.put(mentions, path)
            return
        self._waiting.append((mentions, path))
        if self._jobs == 1:
            self._work_off()
        elif len(self._waiting) > _PATIENCE and self._settings:
            self._pool = Pool(self._settings, self._jobs)
            self._scorer.release()
            for one in self._waiting:
                self._pool.put(*one)
            self._waiting.clear()

    def close(self) -> None:
        """Score what is left."""
        if self._pool:
            self._pool.join()
        else:
            self._work_off()

    def stop(self) -> None:
        """End the processes."""
        if self._pool:
            self._pool.kill()

    def _work_off(self) -> None:
        for mentions, path in self._waiting:
            score_chunk(self._scorer, mentions, path)
        self._waiting.clear()


Process = Forked | subprocess.Popen[bytes]


def _started() -> subprocess.Popen[bytes]:
    program = (
        "from rootcause.lean import without_f2py, without_pandas\n"
        "without_pandas(); without_f2py()\n"
        "from rootcause.score.worker import main; main()"
    )
    return subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | ONE_THREAD,
    )


class Pool:
    """Processes, each fed by a thread of its own from one short queue."""

    def __init__(
        self, settings: Mapping[str, Any], jobs: int, scorer: BatchScorer | None = None
    ) -> None:
        self._chunks: queue.Queue[tuple[pa.Table, Path] | None] = queue.Queue(maxsize=jobs)
        self._failure: Exception | None = None
        self._processes: list[Process] = []
        for _ in range(jobs):
            try:
                if scorer and may_fork():
                    copies = [one for one in self._processes if isinstance(one, Forked)]
                    self._processes.append(Forked(scorer, copies))
                else:
                    self._processes.append(_started())
            except OSError as error:
                if not self._processes:
                    reason = error.strerror or error
                    raise DataError(f"no scoring process can be started: {reason}") from error
                break  # fewer do the same work
        first = json.dumps(settings).encode()
        self._threads = [
            threading.Thread(target=self._guard, args=(self._feed, process, first), daemon=True)
            for process in self._processes
        ]
        for thread in self._threads:
            thread.start()

    def put(self, mentions: pa.Table, path: Path) -> None:
        """Hand over a chunk; waits while all are busy."""
        self._offer((mentions, path))

    def join(self) -> None:
        """Wait for the end of all work."""
        for _ in self._threads:
            self._offer(None)
        for thread in self._threads:
            thread.join()
        self._check()
        for process in self._processes:
            process.wait()

    def kill(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        continue  # what was still to be sent matters to nobody

    def _offer(self, item: tuple[pa.Table, Path] | None) -> None:
        while True:
            self._check()
            try:
                self._chunks.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def _check(self) -> None:
        if self._failure:
            self.kill()
            raise self._failure

    def _guard(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = self._failure or error

    def _feed(self, process: Process, first: bytes) -> None:
        if not process.stdin or not process.stdout:
            return
        with process.stdin as sink, process.stdout as source:
            self._exchange(process, sink, source, first, None)
            while item := self._chunks.get():
                self._exchange(process, sink, source, pack(*item), item[1])

    @staticmethod
    def _exchange(
        process: Process,
        sink: IO[bytes],
        source: IO[bytes],
        data: bytes | pa.Buffer,
        path: Path | None,
    ) -> None:
        try:
            send(sink, data)
            answer = source.readline()
        except (BrokenPipeError, ValueError):
            answer = b""
        if not answer:
            code = process.wait()
            raise DataError(
                f"a scoring process ended (code {code}), perhaps for want of memory; run it "
                "again, it goes on where it stopped, or with fewer --jobs"
            )
        facts = json.loads(answer)
        if "problem" in facts:
            if path is None:
                raise DataError(f"a scoring process could not start: {facts['problem']}")
            raise trouble(path.parents[1], facts["problem"], facts.get("code"))
