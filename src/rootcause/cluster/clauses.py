"""Long mentions as clauses, so that each cause in them counts once."""

from __future__ import annotations

import re

from rootcause.text import clean

# Up to this many words a mention is one thought; a post on X has at most about sixty.
WHOLE = 60
# A clause shorter than this joins its neighbour: alone it says nothing.
SHORTEST = 8
LONGEST = 45

_SENTENCE = re.compile(r"(?<=[.!?;…])[\"')\]]*\s+(?=\S)|\s*[\r\n|•]+\s*|\s+[-–—*]\s+")
_TURN = re.compile(
    r",?\s+(?=(?:but|however|also|plus|besides|then|moreover|on top of that|to make matters worse"
    r"|in addition|secondly|second|third|finally|another (?:issue|problem|thing))\b)",
    re.IGNORECASE,
)


def split_clauses(text: str, *, whole: int = WHOLE) -> list[str]:
    """Return the clauses of `text` in order; a text of up to `whole` words is one clause.

    Sentences end a clause, and inside a long sentence a turn does ("but", "also", "on top of
    that"). Pieces under eight words join the piece before them, so no clause is a bare
    interjection. Every word of the text is in exactly one clause; an empty text has none.
    """
    text = "\n".join(line.strip() for line in text.splitlines())
    if len(clean(text).split()) <= whole:
        return [text.strip()] if text.strip() else []
    pieces: list[str] = []
    for sentence in _SENTENCE.split(text):
        parts = _TURN.split(sentence) if len(sentence.split()) > LONGEST // 2 else [sentence]
        pieces.extend(part.strip() for part in parts if part.strip())
    clauses: list[str] = []
    for piece in pieces:
        if clauses and (_words(piece) < SHORTEST or _words(clauses[-1]) < SHORTEST):
            clauses[-1] = f"{clauses[-1]} {piece}"
        else:
            clauses.append(piece)
    return [part for clause in clauses for part in _cut(clause)]


def _cut(clause: str) -> list[str]:
    """Return a clause without any punctuation in pieces of about `LONGEST` words."""
    words = clause.split()
    if len(words) <= 2 * LONGEST:
        return [clause]
    count = -(-len(words) // LONGEST)
    size = -(-len(words) // count)
    return [" ".join(words[i : i + size]) for i in range(0, len(words), size)]


def _words(text: str) -> int:
    return len(text.split())
