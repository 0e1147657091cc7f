"""Bytes to text: the encoding told by content, what cannot be decoded replaced and counted."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from rootcause.dumps.sources import Opened
from rootcause.errors import DataError, UsageError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


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
