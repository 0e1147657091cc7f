"""Whether a group says itself what a phrase says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from rootcause.naming.senses import DENIED, sense, senses
from rootcause.naming.words import words_in

if TYPE_CHECKING:
    from scipy.sparse import csr_array as Sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Table: TypeAlias = "tuple[Sparse, Floats]"

# A word is used in full from this share of the mentions on, and two of them.
USED = 0.08
# A word is the group's own if the group uses it so much oftener than everybody; others count less.
OFTENER, USUAL = 1.3, 0.7
# A phrase is backed when so much of it is used, and so many mentions use a word of its own.
TOLD, HEARD = 0.6, 0.2
# A mention says a phrase when it has so much of it.
SAYS = 0.6
# A phrase of one telling word must be the word of so many.
ALONE = 0.25
# One word is soon said by many, and says little.
BARE = 0.33
# A phrase that blames the update needs so many mentions to do so.
UPDATE, BLAMED = sense("update"), 0.3
# Words of the library's own manner, which nobody need say.
MANNER = frozenset(
    map(
        sense,
        ("trouble", "concerns", "unwanted", "general", "complaints", "accused", "seen", "protest"),
    )
)
# A denied word is rare, and people deny in many ways: it weighs less than its rarity.
DENIAL = 0.3
# What every word weighs at least, beside its rarity: common words carry little.
FLOOR = 0.5


@dataclass(frozen=True, kw_only=True)
class Backed:
    """How far a group backs each of p phrases; each field is (p,).

    `gain` in [-1, 1]: how far its words are the group's own, less what nobody says; `said`: the
    share of mentions that say it plus the share of it that a mention says; `full`: the former
    alone; `backed`: False for a phrase of another trade.
    """

    gain: Floats
    said: Floats
    full: Floats
    backed: Flags


class Backing:
    """What mentions say, group by group; `score` looks at phrases."""

    def __init__(self, mentions: Sequence[frozenset[str]], groups: Ints) -> None:
        """Take the senses (n) of mentions and the group (n) of each, -1 being in none."""
        from scipy.sparse import csr_array

        found = Counter(word for stems in mentions for word in stems)
        self._place = {word: i for i, word in enumerate(sorted(found))}
        flat = [sorted(self._place[word] for word in stems) for stems in mentions]
        ends = np.cumsum([0, *map(len, flat)])
        columns = np.array([i for row in flat for i in row], dtype=np.int64)
        shape = (len(mentions), max(1, len(self._place)))
        self._said = csr_array((np.ones(len(columns)), columns, ends), shape=shape)
        self._rows = [np.flatnonzero(groups == g) for g in range(int(groups.max(initial=-1)) + 1)]
        self._spoken = np.asarray(self._said.sum(axis=0)).ravel()

    def score(self, table: Table, group: int) -> Backed:
        """Return how far a group backs each phrase; words weigh by rarity."""
        weights, unsaid = table
        mine = self._said[self._rows[group]]
        count, everybody = mine.shape[0], self._said.shape[0]
        said = np.asarray(mine.sum(axis=0)).ravel()
        used = np.minimum(1.0, said / max(2.0, USED * count))
        # where one group is everything, its words are nobody else's
        own = (2 * count > everybody) | (said * everybody >= OFTENER * self._spoken * count)
        gain = weights @ (used * np.where(own, 1.0, USUAL)) - unsaid
        told = weights @ (used >= 1.0).astype(float)
        hits = mine.multiply(own[None, :]).tocsr() @ weights.T
        heard = np.asarray((hits > 0).sum(axis=0)).ravel() / max(1, count)
        shares = mine @ weights.T
        full = np.asarray((shares >= SAYS).sum(axis=0)).ravel() / max(1, count)
        cover = np.asarray(shares.sum(axis=0)).ravel() / max(1, count)
        bare = (np.diff(weights.indptr) == 1) & (unsaid == 0)
        backed = (told >= TOLD) & (heard >= HEARD) & (~bare | (full >= ALONE))
        if (place := self._place.get(UPDATE)) is not None and said[place] < BLAMED * count:
            backed &= weights[:, [place]].toarray().ravel() == 0
        said = full + cover - BARE * bare
        return Backed(
            gain=np.round(gain, 6), said=np.round(said, 6), full=np.round(full, 6), backed=backed
        )

    def shares(self, group: int, words: Iterable[str]) -> dict[str, tuple[float, float]]:
        """Return what share of a group's mentions, and of all, say each of `words`."""
        mine = self._said[self._rows[group]]
        said = np.asarray(mine.sum(axis=0)).ravel() / max(1, mine.shape[0])
        spoken = self._spoken / max(1, self._said.shape[0])
        known = {word: self._place[word] for word in words if word in self._place}
        return {word: (float(said[i]), float(spoken[i])) for word, i in known.items()}

    def table(self, phrases: Sequence[str]) -> Table:
        """Return (p, words) the weight of each word in each phrase, and (p) that of others."""
        from scipy.sparse import csr_array

        weights = np.log((self._said.shape[0] + 1) / (self._spoken + 1)) + FLOOR
        weights[[i for word, i in self._place.items() if word.startswith(DENIED)]] *= DENIAL
        strange = np.log(self._said.shape[0] + 1) + FLOOR
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        unsaid = np.zeros(len(phrases))
        for i, phrase in enumerate(phrases):
            words = sorted(senses(words_in(phrase), tone=False) - MANNER)
            known = [self._place[word] for word in words if word in self._place]
            denied = sum(w.startswith(DENIED) for w in words if w not in self._place)
            unsaid[i] = (len(words) - len(known) - denied * (1 - DENIAL)) * strange
            whole = float(weights[known].sum()) + unsaid[i] if known else max(unsaid[i], 1e-9)
            unsaid[i] /= whole
            rows += [i] * len(known)
            columns += known
            values += [float(weights[j]) / whole for j in known]
        shape = (len(phrases), self._said.shape[1])
        return csr_array((values, (rows, columns)), shape=shape), unsaid
