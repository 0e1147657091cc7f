"""The working folder of a run, and the step that makes its result final.

Everything is written under `OUT/_scoring-KEY/` first. KEY stands for the inputs, the options
and the state of OUT, so a run started again finds its own finished chunks and nobody else's.
When all is written, `commit.json` lists the files to move: from then on a killed run is
finished by moving the rest, before it by starting again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from rootcause.errors import DataError, RootcauseError
from rootcause.files import write_text

PREFIX = "_scoring-"
_PLAN = "commit.json"
_FINAL = "final"


def run_key(facts: Mapping[str, Any]) -> str:
    """Return a short name for a run with these facts."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Staging:
    """An open working folder in `home`; call `finish_interrupted` before looking at `home`."""

    def __init__(self, home: Path, key: str, *, prefix: str = PREFIX) -> None:
        self.home = home
        self.folder = home / f"{prefix}{key}"
        for other in home.glob(f"{prefix}*"):
            if other != self.folder:
                shutil.rmtree(other)
        self.folder.mkdir(exist_ok=True)
        # what an earlier attempt left unfinished is made again; only chunks are kept
        for leftover in self.folder.iterdir():
            if leftover.name == _FINAL:
                shutil.rmtree(leftover)
            elif not leftover.name.startswith("chunk-"):
                leftover.unlink()

    def chunk(self, number: int) -> Path:
        """Return where the scored rows of a chunk lie, once they are finished."""
        return self.folder / f"chunk-{number:06d}.arrow"

    def scratch(self, name: str) -> Path:
        """Return a path for the run's own use."""
        return self.folder / name

    def final(self, name: str) -> Path:
        """Return where to write what will be `home/name`."""
        path = self.folder / _FINAL / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self, last: str) -> None:
        """Move all final files home, the file named `last` at the end, and clean up."""
        root = self.folder / _FINAL
        names = sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
        names.remove(last)
        for name in (*names, last):
            _sync(root / name)
        write_text(self.folder / _PLAN, json.dumps([*names, last]))
        _move(self.home, self.folder)

    def discard(self) -> None:
        """Remove the working folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def finish_interrupted(home: Path, *, prefix: str = PREFIX) -> bool:
    """Finish a commit that was cut off; returns whether there was one."""
    plans = list(home.glob(f"{prefix}*/{_PLAN}"))
    for plan in plans:
        _move(home, plan.parent)
    return bool(plans)


def _move(home: Path, folder: Path) -> None:
    names: list[str] = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    for name in names:
        source, target = folder / _FINAL / name, home / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source, target)
    # the plan goes first: a folder without it holds nothing that counts
    (folder / _PLAN).unlink()
    shutil.rmtree(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def claimed(home: Path, file: str | None = None) -> Iterator[None]:
    """Hold the folder `home`, or one file in it; raises DataError while another run holds it."""
    home.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        yield
        return
    lock = home / f".{file}.lock" if file else home
    handle = os.open(lock, os.O_RDWR | os.O_CREAT if file else os.O_RDONLY, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"another run is scoring into {home / (file or '')}; wait for it or give another "
                "place"
            ) from None
        yield
        if file:
            lock.unlink(missing_ok=True)
    finally:
        os.close(handle)


@contextmanager
def written_to(out: Path) -> Iterator[None]:
    """Turn what can go wrong while writing into one line."""
    try:
        yield
    except OSError as error:
        raise trouble(out, str(error), error.errno) from error


def trouble(out: Path, message: str, code: int | None) -> RootcauseError:
    """Return the error for a failed write to `out`."""
    if code == errno.ENOSPC or "No space left" in message:
        return DataError(f"the disk is full while writing {out}; free some space, run it again")
    if code == errno.EDQUOT:
        return DataError(f"the disk quota is used up while writing {out}; free some space")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DataError(f"{out} cannot be written: it is read-only; give another folder")
    if code in (errno.ENOTDIR, errno.EEXIST):
        return DataError(f"{out} cannot be a folder: a file is in the way; give another folder")
    return DataError(f"{out} cannot be written ({message}); check the path")


def write_arrow(path: Path, batches: list[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write record batches under a temporary name, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
