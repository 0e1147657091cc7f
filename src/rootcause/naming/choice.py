"""Which of the ranked phrases becomes the title, and what stands where none fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rootcause.naming.words import PERSONAL, same_words, stem, tidy, words_of

LIBRARY, MENTIONS, WORDS = "library", "mentions", "words"  # sources of titles

# A phrase that fits less is no title.
LEAST_FIT = 0.75
# Where nothing fits that well, a library phrase that fits this much reads better than bare words.
LOOSE_FIT = 0.6
# A broad phrase that so many mentions say is true of the group, however little sets it apart.
PLAIN = 0.5
# Bare words are a title where so many mentions say the first; else the group is really mixed.
COMMON = 0.3


# A phrase of one problem that fits less than this is riskier than a broad one, and stands back.
SURE, RISK = 1.05, 0.25
# Words that say nothing where they stand alone.
LIGHT = words_of(
    """app apps use used using user users work works working update updates able set against
    sometimes important good bad better best great instead give different little left sure however
    either around point issue issues problem problems fix fixed review reviews star stars idea"""
)


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A phrase, how well it fits, and where it is from; `said` by what share if `broad`."""

    phrase: str
    fit: float
    source: str
    broad: bool = False
    said: float = 0.0


def choose(
    ranked: Sequence[Ranked],
    used: set[frozenset[str]],
    *,
    keys: Sequence[str],
    inside: Counter[str],
    members: int,
    group: int,
) -> Ranked:
    """Return the best phrase whose words are not in use; else the commonest key phrases.

    `inside` counts the mentions of the group by term; `keys` are its key phrases.
    """
    fitting = [
        phrase
        for phrase in sorted(ranked, key=lambda r: (-_sure(r), r.phrase))
        if phrase.said >= PLAIN
        or phrase.fit >= (LOOSE_FIT if phrase.source == LIBRARY else LEAST_FIT)
    ]
    for phrase in fitting:
        if same_words(phrase.phrase) not in used:
            return replace(phrase, phrase=tidy(phrase.phrase))
    common = sorted((k for k in keys if _stands(k)), key=lambda k: (-inside[k], k))
    common = _apart(common)[:2]
    title = ", ".join(common)
    if len(common) < 2 or inside[common[0]] < COMMON * members:
        title = "mixed complaints: " + (", ".join(keys[:3]) or "no common words")
    if same_words(title) in used:
        title = f"{title} ({group + 1})"
    return Ranked(phrase=title, fit=0.0, source=WORDS)


def _sure(phrase: Ranked) -> float:
    return phrase.fit - (RISK if phrase.fit < SURE and not phrase.broad else 0.0)


def _stands(key: str) -> bool:
    return not any(word.split("'")[0] in PERSONAL for word in key.split()) and key not in LIGHT


def _apart(keys: Sequence[str]) -> list[str]:
    """Return the key phrases that do not begin like an earlier one (notify, notifications)."""
    kept: list[str] = []
    for key in keys:
        if not any(stem(key)[:5] == stem(other)[:5] for other in kept):
            kept.append(key)
    return kept
