"""Where rows come from: files, globs and stdin, unpacked in bounded memory."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rootcause.errors import DataError, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 20
# A line that is longer is cut and rejected; no real mention comes near.
LINE_LIMIT = 4 << 20
# Text packs 3- to 30-fold, so that what grows 250-fold beyond this size is no text.
BOMB_SIZE = 256 << 20
BOMB_RATIO = 250

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_NOT_DUMPS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"\x7fELF": "a program",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ": "xz data",
    b"SQLite format 3": "an SQLite file",
}
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def printable(name: str) -> str:
    """Return a file name on one line: newlines and other controls are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def expand(paths: Paths) -> list[str]:
    """Return the files that paths and globs name, in the order given, globs sorted, each once.

    `-` is stdin. Raises DataError for a path that does not exist, a folder, a glob without a
    match, or one that matches a link out of its folder: who can write into a shared folder must
    not choose which other files are read.
    """
    given = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    found: dict[str, None] = {}
    for item in given:
        path = os.fspath(item)
        if path == "-" or (os.path.exists(path) and not os.path.isdir(path)):
            found[path] = None
        elif os.path.isdir(path):
            shown = printable(path)
            raise DataError(f"{shown} is a folder; name its files, such as {shown}/*.csv")
        elif glob.has_magic(path):
            matches = [match for match in glob.glob(path, recursive=True) if os.path.isfile(match)]
            if not matches:
                raise DataError(f"no file matches {printable(path)}; check the pattern")
            for match in matches:
                if (target := _outside(match)) is not None:
                    raise DataError(
                        f"{printable(match)} is a link to {printable(target)}, out of its folder; "
                        "name it without a pattern if it is meant"
                    )
            found.update(dict.fromkeys(sorted(matches)))
        else:
            raise DataError(f"{printable(path)} does not exist; check the path")
    if not found:
        raise UsageError("no dump is named; give files, globs, or - for stdin")
    return list(found)


def _outside(path: str) -> str | None:
    """Return what a link points to if that is not below its own folder."""
    if not os.path.islink(path):
        return None
    target = os.path.realpath(path)
    home = os.path.realpath(os.path.dirname(path) or ".")
    return None if target.startswith(os.path.join(home, "")) else target


class _Tap(io.RawIOBase):
    """A raw stream that counts and hashes what passes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.size = 0
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.size += len(data)
        self.sha256.update(data)
        return len(data)


@dataclass(kw_only=True)
class Opened:
    """An open dump: unpacked bytes, its first block, and facts that grow while it is read."""

    path: str
    name: str
    head: bytes
    compression: str
    encoding: str = ""
    notes: dict[str, int] = field(default_factory=dict)
    _tap: _Tap
    _stream: Any
    _close: Callable[[], None]
    _out: int = 0

    @property
    def position(self) -> int:
        """How many bytes of the file, as it lies on disk, have been read."""
        return self._tap.size

    @property
    def is_stdin(self) -> bool:
        """Whether the bytes can be read only once."""
        return self.path == "-" or not os.path.isfile(self.path)

    def note(self, text: str, count: int = 1) -> None:
        """Count a remark about this file."""
        self.notes[text] = self.notes.get(text, 0) + count

    def blocks(self) -> Iterator[bytes]:
        """Yield the unpacked bytes, the first block first.

        Raises DataError where packed data is damaged, ends early or is a bomb.
        """
        if self.head:
            yield self.head
        while block := self._read():
            yield block

    def spooled(self) -> IO[bytes]:
        """Return the unpacked bytes as a seekable file, for formats read from their end."""
        if not self.compression and not self.is_stdin:
            for _ in self.blocks():
                pass
            return open(self.path, "rb")
        # the caller closes it
        spool = tempfile.TemporaryFile()  # noqa: SIM115
        for block in self.blocks():
            spool.write(block)
        spool.seek(0)
        return spool

    def facts(self) -> tuple[int, str]:
        """Return the size in bytes and sha256 of the file as it lies on disk, read to its end."""
        while self._tap.read(BLOCK):
            pass
        return self._tap.size, self._tap.sha256.hexdigest()

    def close(self) -> None:
        """Close the file (stdin stays open)."""
        self._close()

    def _read(self) -> bytes:
        return _read(self)


def _read(opened: Opened) -> bytes:
    name = opened.name
    try:
        block = bytes(opened._stream.read(BLOCK))
    except EOFError:
        raise DataError(f"{name} ends early: its packed data is cut off; export it again") from None
    except (gzip.BadGzipFile, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise DataError(f"{name} is damaged: {error}; export it again") from None
    opened._out += len(block)
    if opened._out > BOMB_SIZE and opened._out > BOMB_RATIO * max(opened._tap.size, 1):
        raise DataError(
            f"{name} grows over {BOMB_RATIO}-fold when unpacked, as no text does; unpack it "
            "yourself if you trust it"
        )
    return block


def open_dump(path: str) -> Opened:
    """Open a file or stdin and undo gzip or zstd, told by content, not by name.

    Raises DataError for a missing file and for data that is no dump.
    """
    name = "stdin" if path == "-" else printable(path)
    handle: IO[bytes] = sys.stdin.buffer if path == "-" else _open(path, name)
    tap = _Tap(handle)
    raw = io.BufferedReader(tap, BLOCK)
    magic = raw.peek(8)[:8]
    compression = ""
    stream: Any = raw
    if magic.startswith(_GZIP):
        compression, stream = "gzip", gzip.GzipFile(fileobj=raw)
    elif magic.startswith(_ZSTD):
        import pyarrow as pa

        compression = "zstd"
        stream = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
    close: Callable[[], None] = _nothing if path == "-" else handle.close
    opened = Opened(
        path=path, name=name, head=b"", compression=compression, _tap=tap, _stream=stream,
        _close=close,
    )  # fmt: skip
    if path != "-" and (target := _outside(path)) is not None:
        opened.note(f"a link to {printable(target)}")
    try:
        opened.head = opened._read()
        # a pipe may hand over a few bytes only, too few to recognise anything by
        while len(opened.head) < BLOCK // 4 and (more := opened._read()):
            opened.head += more
        for start, kind in _NOT_DUMPS.items():
            if opened.head.startswith(start):
                raise DataError(f"{name} is {kind}; give CSV, JSON, Parquet or XLSX")
    except BaseException:
        close()
        raise
    return opened


def _nothing() -> None:
    """Leave stdin open."""


def _open(path: str, name: str) -> IO[bytes]:
    try:
        return Path(path).open("rb", buffering=0)
    except FileNotFoundError:
        raise DataError(f"{name} does not exist; check the path") from None
    except PermissionError:
        raise DataError(f"{name} cannot be read: permission denied; check its mode") from None
