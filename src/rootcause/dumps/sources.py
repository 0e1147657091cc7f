"""Where rows come from: files, globs and stdin, unpacked and decoded in bounded memory."""

from __future__ import annotations

import codecs
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
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def printable(name: str) -> str:
    """Return a file name on one line: newlines and other controls are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def expand(paths: Paths) -> list[str]:
    """Return the files that paths and globs name, in the order given, globs sorted, each once.

    `-` is stdin. Raises DataError for a path that does not exist, a folder, or a glob without a
    match.
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
            found.update(dict.fromkeys(sorted(matches)))
        else:
            raise DataError(f"{printable(path)} does not exist; check the path")
    if not found:
        raise UsageError("no dump is named; give files, globs, or - for stdin")
    return list(found)


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


def guess_encoding(head: bytes) -> str:
    """Return the encoding of the text that begins with `head`: BOM, UTF-16 pattern, UTF-8, cp1252.

    Raises DataError (without a file name) for data that is no text.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    sample = head[: 1 << 16]
    if sample.count(0) > len(sample) // 4:
        odd, even = sample[1::2].count(0), sample[0::2].count(0)
        if max(odd, even) > len(sample) // 4 and max(odd, even) > 4 * min(odd, even):
            return "utf-16-le" if odd > even else "utf-16-be"
    controls = sum(sample.count(code) for code in (*range(1, 9), *range(14, 27)))
    if controls > len(sample) // 10:
        raise DataError("is binary data, no text; give CSV, JSON, Parquet or XLSX")
    good = head.decode("utf-8", "ignore")
    kept = len(good.encode())
    # a character cut by the end of the block is no error
    wrong = len(head) - kept - _cut_tail(head)
    multibyte = len(good) - sum(1 for c in good if c < "\x80") if not good.isascii() else 0
    return "utf-8" if wrong <= multibyte else "cp1252"


def _cut_tail(head: bytes) -> int:
    for back in range(1, min(4, len(head)) + 1):
        code = head[-back]
        if code >= 0xC0:
            needed = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
            return back if back < needed else 0
        if code < 0x80:
            return 0
    return 0


def text_blocks(opened: Opened, encoding: str | None) -> Iterator[str]:
    """Yield the text of a dump in blocks; what cannot be decoded is replaced and counted.

    Raises UsageError for an unknown encoding, DataError for binary data.
    """
    try:
        opened.encoding = encoding or guess_encoding(opened.head)
        decoder = codecs.getincrementaldecoder(opened.encoding)("replace")
    except LookupError:
        raise UsageError(
            f"encoding {encoding!r} is unknown; name one such as utf-8, utf-16 or cp1252"
        ) from None
    except DataError as error:
        raise DataError(f"{opened.name} {error}") from None
    ascii_so_far = encoding is None and opened.encoding == "utf-8"
    for block in _with_end(opened.blocks()):
        held = decoder.getstate()[0] if ascii_so_far else b""
        text = decoder.decode(block, final=not block)
        if ascii_so_far and "\ufffd" in text and not _valid_start(held + block):
            opened.encoding, ascii_so_far = "cp1252", False
            decoder = codecs.getincrementaldecoder("cp1252")("replace")
            text = decoder.decode(held + block)
        elif ascii_so_far and not text.isascii():
            ascii_so_far = False
        if "\ufffd" in text:
            # those that the file itself holds are no fault of its encoding
            own = block.count(b"\xef\xbf\xbd") if opened.encoding.startswith("utf-8") else 0
            if (lost := text.count("\ufffd") - own) > 0:
                opened.note("characters that could not be decoded were replaced", lost)
        if "\0" in text:
            opened.note("NUL characters were replaced", text.count("\0"))
            text = text.replace("\0", "\ufffd")
        if text:
            yield text


def _valid_start(block: bytes) -> bool:
    """Tell whether the first bytes beyond ASCII are UTF-8."""
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 0 and not block[: error.start].isascii()
    return True


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield from blocks
    yield b""
