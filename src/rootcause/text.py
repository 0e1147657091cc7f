"""Texts as the encoder reads them, fingerprints that find copies, redaction for readers."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
_HANDLE = re.compile(r"(?<!\w)@\w+")
_RETWEET = re.compile(r"^\s*(?:RT|MT|via)\s+@\w+\s*:?\s*", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_HASHTAG = re.compile(r"#\w+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONG_NUMBER = re.compile(r"\d{4,}")
_ELONGATED = re.compile(r"([^\d\s])\1{2,}")
_NEGATION = re.compile(r"(?<=n)'t\b")
# Variation selectors and skin tones: one emoji is one word, however it is drawn.
_DECORATION = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_NOT_WORD = re.compile(r"[^\w\s]|_")

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
    return " ".join(text.split())


def normalise(text: str) -> str:
    """Return `text` as the encoder and the classifier read it.

    Addresses and handles become one word each, so that a brand's name carries no cause; long
    numbers (flights, orders, tickets) become one word. Spellings that mean the same meet:
    `don't` and `dont`, `sooooo` and `soo`, `#NeverAgain` and `# never again`.
    """
    text = clean(text)[:MAX_CHARACTERS]
    if "://" in text or "ww." in text.lower():
        text = _URL.sub(" url ", text)
    if "@" in text:
        text = _EMAIL.sub(" email ", text)
        text = _HANDLE.sub(" @user ", text)
    if "#" in text:
        text = _HASHTAG.sub(_split_hashtag, text)
    if not text.isascii():
        text = _DECORATION.sub("", text.replace("\u2019", "'"))
    text = _LONG_NUMBER.sub("0000", text.lower())
    text = _ELONGATED.sub(r"\1\1", text)
    if "'" in text:
        text = _NEGATION.sub("t", text)
    return " ".join(text.split())


def _split_hashtag(match: re.Match[str]) -> str:
    return _CAMEL.sub(" ", match[0])


def fingerprint(text: str) -> str:
    """Return a hash that exact copies and reposts of a text share.

    Case, punctuation, links, handles, repost prefixes and spacing do not count.
    """
    text = _RETWEET.sub("", clean(text)).lower()
    text = _HANDLE.sub(" ", _EMAIL.sub(" ", _URL.sub(" ", text)))
    text = _SPACE.sub(" ", _NOT_WORD.sub(" ", text)).strip()
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
