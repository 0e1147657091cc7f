"""Scoring processes that are copies of this one: the model is loaded once and shared.

Only where nothing else runs in this process: a copy of one thread among several could wait for
ever for what another thread held.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rootcause.score.batch import BatchScorer

# A scoring process is one of several, each for a core.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
# Of the memory allocator that comes with pyarrow, which is made to be copied.
_HARMLESS = "jemalloc_bg_thd"


def may_fork() -> bool:
    """Return whether this process can be copied without danger (told on Linux only)."""
    if "torch" in sys.modules:  # what it holds of devices is good for one process only
        return False
    try:
        threads = [(one / "comm").read_text().strip() for one in Path("/proc/self/task").iterdir()]
    except OSError:
        return False
    return sum(name != _HARMLESS for name in threads) == 1


class Forked:
    """A copy of this process that scores what it is sent; used like a `subprocess.Popen`."""

    def __init__(self, scorer: BatchScorer, siblings: Sequence[Forked]) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        gc.freeze()  # what a collection touches would be copied
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # see `_HARMLESS`
                self.pid = os.fork()
        except OSError:  # no room for one more process
            gc.unfreeze()
            for handle in (theirs_in, ours_out, ours_in, theirs_out):
                os.close(handle)
            raise
        if not self.pid:
            # a pipe ends when nobody holds it any more
            held = [stream.fileno() for one in siblings for stream in (one.stdin, one.stdout)]
            _serve(scorer, theirs_in, theirs_out, [ours_out, ours_in, *held])
        gc.unfreeze()
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin: IO[bytes] = os.fdopen(ours_out, "wb")
        self.stdout: IO[bytes] = os.fdopen(ours_in, "rb")
        self._code: int | None = None
        self._asked = Lock()  # a process's end can be asked for once, and two threads want it

    def kill(self) -> None:
        """End the process."""
        if self._code is None:
            with suppress(ProcessLookupError):  # another thread has just heard of its end
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end; returns its exit status."""
        with self._asked:
            if self._code is None:
                self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


def _serve(scorer: BatchScorer, source: int, target: int, held: Sequence[int]) -> None:
    """Score until the pipe ends, then end without what the original would do at its end."""
    code = None
    try:
        from rootcause.score.worker import serve

        os.environ.update(ONE_THREAD)  # read when a library first asks
        for handle in held:
            os.close(handle)
        os.dup2(2, 1)  # what a library prints is talk
        with os.fdopen(source, "rb") as stdin, os.fdopen(target, "wb") as stdout:
            serve(stdin, stdout, scorer)
        code = 0
    except KeyboardInterrupt:  # the parent reports it
        code = 130
    except BrokenPipeError:  # the parent was killed, and nobody is left to be told
        code = 1
    finally:
        if code is None:  # a fault of ours; leaving like this prints nothing by itself
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(1 if code is None else code)
