"""Which of the ranked phrases becomes the title, and what stands where none fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rootcause.naming.matters import about
from rootcause.naming.words import same_words, tidy

LIBRARY, MENTIONS, WORDS = "library", "mentions", "words"  # sources of titles

# A phrase that fits less is no title. Wishes are for different things, and fit loosely.
LEAST_FIT, WISH_FIT = 1.25, 0.9
WISHES = ("wishes for ", "needs more ")
# A broad phrase that so many mentions say is true of the group, however little sets it apart.
PLAIN = 0.6
# A phrase of one problem that fits less than this is riskier than a broad one, and stands back.
SURE, RISK = 1.45, 0.25


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A phrase, how well it fits, and where it is from; `said` by what share if `broad`.

    `mixed` where it says no more than that a group has no common problem.
    """

    phrase: str
    fit: float
    source: str
    broad: bool = False
    said: float = 0.0
    mixed: bool = False


def choose(
    ranked: Sequence[Ranked],
    used: set[frozenset[str]],
    *,
    shares: Mapping[str, tuple[float, float]],
    keys: Sequence[str] = (),
    asking: bool = False,
    group: int = 0,
) -> Ranked:
    """Return the best phrase whose words are not in use; else what the group is about.

    `shares` is, by sense, the share of the group's mentions and of all mentions that say it;
    `keys` are its key phrases.
    """
    fitting = [
        phrase
        for phrase in sorted(ranked, key=lambda r: (-_sure(r), r.phrase))
        if phrase.said >= PLAIN or phrase.fit >= _least(phrase)
    ]
    for phrase in fitting:
        if same_words(phrase.phrase) not in used:
            return replace(phrase, phrase=tidy(phrase.phrase))
    matters, mixed = about(shares, keys, asking=asking)
    for title in (*matters, *mixed):
        if same_words(title) not in used:
            return Ranked(phrase=title, fit=0.0, source=WORDS, mixed=title in mixed)
    last = f"{mixed[-1]}, group {group + 1}"
    return Ranked(phrase=last, fit=0.0, source=WORDS, mixed=True)


def _sure(phrase: Ranked) -> float:
    return phrase.fit - (RISK if phrase.fit < SURE and not phrase.broad else 0.0)


def _least(phrase: Ranked) -> float:
    return WISH_FIT if phrase.phrase.startswith(WISHES) else LEAST_FIT
