"""What the words of a text do not tell: capitals, marks, handles, length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from rootcause.chunks import LONGEST, Number, split
from rootcause.records import Vectors

CUES = 26

_DESK = re.compile(rb"@\w*(?:help|support|care|ask|assist|service|answers)", re.IGNORECASE)
_LEAD = re.compile(rb"(?:@\w+\s+)+")

# What is counted in a text, each in 15 bits of a number of its own or of its neighbours', so that
# one sum counts four: a text has at most 16,000 bytes.
_FIELD = 15
_IN_ONE = 4
_CLASSES = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789",
    b"?", b"!", b"@", b"#", b"\n", bytes(range(192, 256)),
)  # fmt: skip
_FIELDS = np.zeros((-(-len(_CLASSES) // _IN_ONE), 256), np.int64)
for _row, _members in enumerate(_CLASSES):
    _FIELDS[_row // _IN_ONE, list(_members)] = 1 << _FIELD * (_row % _IN_ONE)


# Beside the last of them: length in bytes, whether the first is an @ and the last one a ?.
_LENGTH, _FIRST, _LAST = _FIELD, 2 * _FIELD, 3 * _FIELD


def _tally(texts: Sequence[str], group: int) -> npt.NDArray[np.int64]:
    """Return the sum (n,) of the fields of one group of classes in each text."""
    rows = [text[:LONGEST].encode("utf-8", "ignore") for text in texts]
    length = np.array([len(row) for row in rows], np.int64)
    data = np.frombuffer(b"\0".join(rows) + b"\0", np.uint8)
    starts = np.zeros(len(rows), np.int64)
    np.cumsum(length[:-1] + 1, out=starts[1:])
    sums: npt.NDArray[np.int64] = np.add.reduceat(_FIELDS[group][data], starts)
    if group == len(_FIELDS) - 1:
        last = data[starts + np.maximum(length - 1, 0)]
        sums += length << _LENGTH
        sums += (data[starts] == ord("@")).astype(np.int64) << _FIRST
        sums += (last == ord("?")).astype(np.int64) << _LAST
    return sums


_GROUPS = tuple(Number(partial(_tally, group=group)) for group in range(len(_FIELDS)))


def cues(texts: Sequence[str]) -> Vectors:
    """Return what the words do not tell, (n, CUES) float32, each about 0 to 1.

    Capitals, question and exclamation marks, handles, hashtags, digits, length, first and last
    character: read from the raw text.
    """
    if not texts:
        return np.zeros((0, CUES), np.float32)
    texts = split(texts)
    sums = [group.sums(texts) for group in _GROUPS]
    sums[-1] += np.diff(texts.offsets) - 1 << _LENGTH  # the spaces between chunks
    ends = [_GROUPS[-1].at(texts, rows) for rows in (texts.first(), texts.last())]
    first, last = (ends[0] >> _FIRST & 1).astype(bool), (ends[1] >> _LAST & 1).astype(bool)
    for place in texts.long:
        for group, values in enumerate(sums):
            values[place] = _tally([texts[place]], group)[0]
        first[place], last[place] = sums[-1][place] >> _FIRST & 1, sums[-1][place] >> _LAST & 1
    mask = (1 << _FIELD) - 1
    counts = [
        (sums[row // _IN_ONE] >> _FIELD * (row % _IN_ONE) & mask).astype(np.float32)
        for row in range(len(_CLASSES))
    ]
    upper, lower, digit, ask, shout, handle, hashtag, line, wide = counts
    size = np.maximum(sums[-1] >> _LENGTH & mask, 1).astype(np.float32)
    out = np.zeros((len(texts), CUES), np.float32)
    capitals = upper / np.maximum(upper + lower, 1)
    short = [size < limit for limit in (20, 45, 80, 120, 160, 300)]
    columns = (
        np.log1p(size) / 6, capitals, (capitals > 0.5) & (upper > 5), digit / size, ask > 0,
        np.minimum(ask, 4) / 4, shout > 0, np.minimum(shout, 4) / 4, np.minimum(handle, 4) / 4,
        np.minimum(hashtag, 4) / 4, line > 0, wide / size, first, last, *short,
    )  # fmt: skip
    for i, column in enumerate(columns):
        out[:, i] = column
    for i in np.flatnonzero(handle).tolist():
        out[i, len(columns) :] = _address(texts[i][:LONGEST].encode("utf-8", "ignore"))
    return out


def _address(row: bytes) -> tuple[bool, ...]:
    """Return whom a text that holds a handle speaks to: a desk that helps, one account, several."""
    desk = _DESK.search(row) is not None
    lead = _LEAD.match(row)
    handles = lead[0].count(b"@") if lead else 0
    quoted = b"RT @" in row or b'"@' in row or "\u201c@".encode() in row
    return desk, desk and handles > 0, handles == 1, handles > 1, handles == 0, quoted
