"""Which language a mention is in: cheap for English, `identify` for the doubtful."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from rootcause.chunks import LONGEST, Number, Split, split

UNKNOWN = "und"
ENGLISH = "en"

# The commonest English words that are rare or absent in other languages' posts.
_COMMON = frozenset(
    """
    a about after again all already also always am an and another any anyone are around as ask
    at back bad be because been before being best better bill but buy by call called can cannot
    cant card charge check come company could customer day days did didnt do does doesnt doing
    done dont down email even ever every experience fix flight for free from get gets getting
    give go going gone good got great had has hasnt have having he hello help her here hey hi
    him his home hour hours how i id if ill im in internet into is isnt issue issues it its ive
    just keep know last least let like line ll long lost love made make making many me message
    minutes money month months more most much my need needs never new next nice no nobody not
    nothing now of off on once one online only open or order our out over people phone please
    pls problem product really received refund reply right said same say says see send sent
    service she should since so some someone something still stop such support sure take team
    tell than thank thanks that thats the their them then there these they theyre thing think
    this those though thx time times to today told tomorrow too tried try trying two u under up
    update ur us use used using very wait waiting want was wasnt way we website week weeks well
    went were what whats when where which while who why will with without wont work working
    works worst would wouldnt wrong year years yes yet you your youre
    """.split()  # noqa: SIM905 - a list would be a word a line
)
# Those of them that are words of its neighbours too
_SHARED = frozenset(
    """
    a an app as at do for he i im in is me no not on online or over service so super support team
    us was we will
    """.split()  # noqa: SIM905 - a list would be a word a line
)
_OWN = _COMMON - _SHARED
_WORD = re.compile(r"[^\W\d_]+")
# For bytes.translate: ASCII in lower case, anything but letters a space
_LETTERS = bytes(ord(chr(c).lower()) if c < 128 and chr(c).isalpha() else 32 for c in range(256))
# What is neither letter nor ASCII in most texts that have such a thing
_QUOTES = "‘“”–—…£€"
# Alternatives that each begin with a letter, for which the pattern is looked for much faster
_SKIP = re.compile(r"https?://\S+|www\.\S+|@\w+|#\w+")
_ENOUGH_WORDS = 4
_SURE = 0.75
_SHARE = 0.2
_OWN_SHARE = 0.08
# So many characters of a text tell its language.
_READ = 1_000
# So many texts are taken apart at a time.
_TOGETHER = 8_192
# Bits of a count; no text that is counted by its chunks has as many letters.
_FIELD = LONGEST.bit_length()


def detect(texts: Sequence[str]) -> list[str]:
    """Return a language code per text: `en`, another ISO 639-1 code, or `und`.

    A text with a fair share of common English words is English without more ado. Of the rest,
    one of fewer than four words in Latin script stays `en`, since no identifier is right on so
    little; longer ones are asked of `identify` (Lui and Baldwin, 2012), whose answer counts when
    it is sure.
    """
    if isinstance(texts, Split):
        return _detect(texts)
    return [
        code
        for start in range(0, len(texts), _TOGETHER)
        for code in _detect(split(texts[start : start + _TOGETHER]))
    ]


def _detect(texts: Split) -> list[str]:
    codes, foreign = _plain_codes(texts)
    doubtful = [row for row, code in enumerate(codes) if code is None]
    if doubtful:
        spoken = [" ".join(_words(texts[row][:_READ])) for row in doubtful]
        for row, (code, chance) in zip(doubtful, _identify(spoken), strict=True):
            if foreign[row] >= 0.5:
                # no Latin script is written like this, whatever the words are
                codes[row] = code if code != ENGLISH else UNKNOWN
            else:
                codes[row] = code if chance >= _SURE else ENGLISH
    return [code or UNKNOWN for code in codes]


def _plain_codes(texts: Split) -> tuple[list[str | None], list[float]]:
    """Return per text its language where the words alone tell, else None for the table to tell.

    Beside it the share of its letters that are outside the Latin script.
    """
    sums = _COUNTS.sums(texts)
    for row, text in enumerate(texts):
        if len(text) > _READ:
            sums[row] = _count(text[:_READ])
    words, own, common, letters, strange = (
        sums >> _FIELD * place & (1 << _FIELD) - 1 for place in range(5)
    )
    foreign = strange / np.maximum(letters, 1)
    plainly = (own >= _SHARE * words) | (
        (own >= np.maximum(1, _OWN_SHARE * words)) & (common >= _SHARE * words)
    )
    english = ((foreign < 0.3) & plainly) | ((foreign < 0.5) & (words < _ENOUGH_WORDS))
    codes: list[str | None] = [ENGLISH if told else None for told in english.tolist()]
    for row in np.flatnonzero(words == 0).tolist():
        codes[row] = ENGLISH if texts[row].isascii() else UNKNOWN
    return codes, foreign.tolist()


def _count(text: str) -> int:
    """Return how many words a text has, own and common ones, letters, strange letters.

    They lie in one number, so that one sum over the chunks of a text counts all five.
    """
    words = _words(text)
    letters = "".join(words)
    wide = [] if letters.isascii() else [c for c in letters if ord(c) > 0x24F]
    strange = sum(not unicodedata.name(c, "").startswith(("LATIN", "MATHEMATICAL")) for c in wide)
    own = sum(map(_OWN.__contains__, words))
    common = sum(map(_COMMON.__contains__, words))
    counts = (len(words), own, common, len(letters), strange)
    return sum(count << _FIELD * place for place, count in enumerate(counts))


_COUNTS = Number(lambda chunks: [_count(chunk) for chunk in chunks])


def _words(text: str) -> list[str]:
    """Return the words of a text in lower case, without links, handles and hashtags."""
    if "@" in text or "#" in text or "http" in text or "www." in text:
        text = _SKIP.sub("", text)
    if not text.isascii():
        text = text.replace("’", "")
        for mark in _QUOTES:
            text = text.replace(mark, " ")
        if not text.isascii():
            return _WORD.findall(text.replace("'", "").lower())
    return text.encode().translate(_LETTERS, b"'").decode().split()


def _identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """Return for each text its language by the table and the chance of that."""
    from rootcause.classify.identify import identifier

    return identifier().classify_all(texts)
