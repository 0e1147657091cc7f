"""Which language a mention is in: cheap for English, `identify` for the doubtful."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

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


def detect(texts: Sequence[str]) -> list[str]:
    """Return a language code per text: `en`, another ISO 639-1 code, or `und`.

    A text with a fair share of common English words is English without more ado. Of the rest,
    one of fewer than four words in Latin script stays `en`, since no identifier is right on so
    little; longer ones are asked of `identify` (Lui and Baldwin, 2012), whose answer counts when
    it is sure.
    """
    codes = [_plainly(text) for text in texts]
    doubtful = [row for row, code in enumerate(codes) if code is None]
    if doubtful:
        spoken = [_words(texts[row][:_READ]) for row in doubtful]
        told = _identify([" ".join(words) for words in spoken])
        for row, words, (code, chance) in zip(doubtful, spoken, told, strict=True):
            if _foreign(texts[row], words) >= 0.5:
                # no Latin script is written like this, whatever the words are
                codes[row] = code if code != ENGLISH else UNKNOWN
            else:
                codes[row] = code if chance >= _SURE else ENGLISH
    return [code or UNKNOWN for code in codes]


def _plainly(text: str) -> str | None:
    """Return the language where the words alone tell, None where the table is to be asked."""
    words = _words(text[:_READ])
    if not words:
        return ENGLISH if text.isascii() else UNKNOWN
    foreign = _foreign(text, words)
    own = sum(map(_OWN.__contains__, words))
    plainly = own >= _SHARE * len(words) or (
        own >= max(1, _OWN_SHARE * len(words))
        and sum(map(_COMMON.__contains__, words)) >= _SHARE * len(words)
    )
    if foreign < 0.3 and plainly:
        return ENGLISH
    return ENGLISH if foreign < 0.5 and len(words) < _ENOUGH_WORDS else None


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


def _foreign(text: str, words: Sequence[str]) -> float:
    """Return the share of the letters of a text's words that are outside the Latin script."""
    letters = "" if text.isascii() else "".join(words)
    if letters.isascii():
        return 0.0
    wide = [c for c in letters if ord(c) > 0x24F]
    other = sum(not unicodedata.name(c, "").startswith(("LATIN", "MATHEMATICAL")) for c in wide)
    return other / len(letters)


def _identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """Return for each text its language by the table and the chance of that."""
    from rootcause.classify.identify import identifier

    return identifier().classify_all(texts)
