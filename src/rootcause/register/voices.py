"""Who a mention counts for."""

from __future__ import annotations

import hashlib

from rootcause.text import fingerprint


def voice_of(author: str | None, text: str) -> int:
    """Return the voice of a mention: a 63-bit hash of its author, else of its fingerprint.

    Handles differ neither by case nor by a leading @. Without an author, copies of one text are
    one voice: the most cautious count that the data allows.
    """
    name = (author or "").strip().lstrip("@").casefold()
    key = f"author:{name}" if name else f"text:{fingerprint(text)}"
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
