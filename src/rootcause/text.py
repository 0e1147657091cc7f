"""Texts as the encoder reads them, fingerprints that find copies, redaction for readers."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable, Sequence

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
# Patterns that begin with the letter sought are looked for many times as fast.
_MAYBE_EMAIL = re.compile(r"@(?<=[\w.+-]@)[\w-]+\.")
_HANDLE = re.compile(r"@(?<!\w@)\w+")
_RETWEET = re.compile(r"\s*(?:RT|MT|via)\s+@\w+\s*:?\s*", re.IGNORECASE)
_REPOST = re.compile(r"(?:RT|MT|via)(?!\S)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_HASHTAG = re.compile(r"#\w+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONG_NUMBER = re.compile(r"\d{4,}")
_ELONGATED = re.compile(r"([^\d\s])\1{2,}")
_NEGATION = re.compile(r"(?<=n)'t\b")
# Variation selectors and skin tones: one emoji is one word, however it is drawn.
_DECORATION = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_NOT_WORD = re.compile(r"[^\w\s]|_")
# What `_NOT_WORD` does to ASCII, for bytes.translate, which is many times faster.
_ONLY_WORDS = bytes(code if chr(code).isalnum() else 32 for code in range(128)) + bytes(128)
# What is not ASCII in most texts that are not; `_NOT_WORD` too makes spaces of them.
_QUOTES = "‘’“”–—£€"
# The first digit beyond ASCII; a run of what lies above may be a number.
_FAR_DIGITS = 0x660

# Longer texts carry no more meaning for a mean of token vectors, and cost time.
MAX_CHARACTERS = 4_000


def clean(text: str) -> str:
    """Return `text` without what no reader sees: entities, controls, lone surrogates.

    Stored texts stay as they came; this is what is encoded and shown.
    """
    text = text[: 4 * MAX_CHARACTERS]
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    elif text.isprintable() and "  " not in text:  # splitting and joining would change nothing
        return text.strip(" ")
    return " ".join(text.split())


def normalise(text: str) -> str:
    """Return `text` as the encoder and the classifier read it.

    Addresses and handles become one word each, so that a brand's name carries no cause; long
    numbers (flights, orders, tickets) become one word. Spellings that mean the same meet:
    `don't` and `dont`, `sooooo` and `soo`, `#NeverAgain` and `# never again`.
    """
    return _finished(_shortened(_marked(text)))


def normalise_all(texts: Iterable[str]) -> list[str]:
    """Return what `normalise` returns for each text, several times as fast.

    Most of its time goes into looking for long numbers and drawn-out words, which few texts
    have; here one pass over all texts tells which.
    """
    found = [_marked(text) for text in texts]
    for row in _with_runs(found):
        found[row] = _shortened(found[row])
    return [_finished(text) for text in found]


def _marked(text: str) -> str:
    """Return a clean text in lower case, its links, addresses, handles and hashtags as words."""
    whole = clean(text)
    text = whole[:MAX_CHARACTERS]
    low = text.lower()
    if "://" in text or "ww." in low:
        text = _URL.sub(" url ", text)
    if "@" in text:
        if _MAYBE_EMAIL.search(text):
            text = _EMAIL.sub(" email ", text)
        text = _HANDLE.sub(" @user ", text)
    if "#" in text:
        text = _HASHTAG.sub(_split_hashtag, text)
    if not text.isascii():
        text = _DECORATION.sub("", text.replace("\u2019", "'"))
    # most texts are as they were, and spaced as `clean` left them
    return low if text is whole else " ".join(text.lower().split())


def _shortened(text: str) -> str:
    return _ELONGATED.sub(r"\1\1", _LONG_NUMBER.sub("0000", text))


def _finished(text: str) -> str:
    return _NEGATION.sub("t", text) if "n't" in text else text


def _with_runs(texts: Sequence[str]) -> list[int]:
    """Return the places of all texts that `_shortened` may change, and of few others."""
    import numpy as np

    codes = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le"), np.uint32)
    alike = codes[1:] == codes[:-1]
    thrice = alike[1:] & alike[:-1]
    digit = ((codes >= ord("0")) & (codes <= ord("9"))) | (codes >= _FAR_DIGITS)
    two = digit[1:] & digit[:-1]
    where = np.concatenate([np.flatnonzero(thrice), np.flatnonzero(two[2:] & two[:-2])])
    ends = np.flatnonzero(codes == ord("\n"))
    rows: list[int] = np.unique(np.searchsorted(ends, where)).tolist()
    return rows


def _split_hashtag(match: re.Match[str]) -> str:
    return _CAMEL.sub(" ", match[0])


def fingerprint(text: str) -> str:
    """Return a hash that exact copies and reposts of a text share.

    Case, punctuation, links, handles, repost prefixes and spacing do not count.
    """
    text = clean(text)
    if prefix := _RETWEET.match(text):
        text = text[prefix.end() :]
    return hashlib.blake2b(_plain_words(text), digest_size=16).hexdigest()


def fingerprint_part(chunk: str) -> tuple[bytes, bool]:
    """Return the words that fingerprints take from a chunk, and whether a repost may begin so.

    A text without a repost's prefix has the words of its chunks (what is between spaces).
    """
    text = clean(chunk)
    return _plain_words(text), not text or _REPOST.match(text) is not None


def _plain_words(text: str) -> bytes:
    text = text.lower()
    if "://" in text or "www." in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _HANDLE.sub(" ", _EMAIL.sub(" ", text) if _MAYBE_EMAIL.search(text) else text)
    if not text.isascii():
        for mark in _QUOTES:
            text = text.replace(mark, " ")
    return only_words(text).encode()


def only_words(text: str) -> str:
    """Return a text's words, one space between them, without what is no letter and no digit."""
    if text.isascii():
        return b" ".join(text.encode().translate(_ONLY_WORDS).split()).decode()
    return " ".join(_NOT_WORD.sub(" ", text).split())
