"""Whether a group says itself what a phrase says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rootcause.naming.words import same_words

# A word is used in full from this share of the mentions on, and two of them.
USED = 0.08
# A word is the group's own if the group uses it so much oftener than everybody; others count less.
OFTENER, USUAL = 1.3, 0.7
# A phrase is backed when so many of its words are used, and so many mentions use one of its own.
TOLD, HEARD = 0.6, 0.2


@dataclass(frozen=True, kw_only=True)
class Backing:
    """The stems that each mention of a group says, against those of everybody."""

    mentions: Sequence[frozenset[str]]
    said: Counter[str]
    spoken: Counter[str]
    everybody: int

    @classmethod
    def of(
        cls, mentions: Sequence[frozenset[str]], spoken: Counter[str], everybody: int
    ) -> Backing:
        """Return the backing of one group; `spoken` counts the mentions of all groups by stem."""
        said: Counter[str] = Counter()
        for stems in mentions:
            said.update(stems)
        return cls(mentions=mentions, said=said, spoken=spoken, everybody=everybody)

    def gain(self, phrase: str) -> float:
        """Return in [-1, 1] how far a phrase's words are the group's own, less what nobody says."""
        words = same_words(phrase)
        own = sum(self._used(word) * (1.0 if self._own(word) else USUAL) for word in words)
        return (own - sum(not self.spoken[word] for word in words)) / len(words)

    def holds(self, phrase: str) -> bool:
        """Return whether the group says enough of it; else it is a phrase of another trade."""
        words = same_words(phrase)
        if sum(self._used(word) == 1.0 for word in words) < TOLD * len(words):
            return False
        heard: set[int] = set()
        for word in words:
            if self._own(word):
                heard.update(self._sayers.get(word, ()))
        return len(heard) >= HEARD * len(self.mentions)

    @cached_property
    def _sayers(self) -> dict[str, list[int]]:
        """The places of the mentions that say a stem."""
        found: dict[str, list[int]] = {}
        for place, stems in enumerate(self.mentions):
            for stem in stems:
                found.setdefault(stem, []).append(place)
        return found

    def _used(self, word: str) -> float:
        return min(1.0, self.said[word] / max(2.0, USED * len(self.mentions)))

    def _own(self, word: str) -> bool:
        # where one group is everything, its words are nobody else's
        usual = OFTENER * self.spoken[word] * len(self.mentions)
        alone = 2 * len(self.mentions) > self.everybody
        return alone or self.said[word] * self.everybody >= usual
