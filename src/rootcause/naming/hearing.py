"""Which mentions of a very large pool are read for names, and key phrases alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from rootcause.naming.words import clauses, key_phrases, log_odds, terms
from rootcause.text import normalise

Ints = npt.NDArray[np.int64]

# Of more texts than this only some are heard: so many of all groups together, of one group at
# most and at least so many, and of what is in no group.
LARGE = 12_000
TOGETHER, MOST, LEAST, NOBODYS = 6_000, 300, 30, 1_500


def heard(groups: Ints, order: Ints) -> Ints:
    """Return an even choice of the rows of each group and of those in none (-1), in `order`.

    `groups` (n,) numbers the rows' groups. What a few dozen of a group's mentions say most, all of
    them do; reading every one of tens of thousands takes longer than grouping them.
    """
    count = int(groups.max()) + 1
    each = int(np.clip(TOGETHER // count, LEAST, MOST))
    ordered = groups[order]
    by_group = np.argsort(ordered, kind="stable")
    sizes = np.bincount(ordered + 1, minlength=count + 1)
    chosen = []
    for group, rows in enumerate(np.split(by_group, np.cumsum(sizes)[:-1])):
        most = min(each if group else NOBODYS, len(rows))
        chosen.append(rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)])
    return order[np.sort(np.concatenate(chosen))]


def phrases_of(
    texts: Sequence[str],
    labels: npt.ArrayLike,
    avoid_words: Iterable[str] = (),
    voices: npt.ArrayLike | None = None,
) -> list[tuple[str, ...]]:
    """Return the key phrases that `name_clusters` gives each group 0..k-1 of `labels` (n,).

    With `voices` (n,) integers a voice counts once for each phrase of a group: what one person
    repeats, a name perhaps, is no phrase of the group.
    """
    groups = np.asarray(labels, dtype=np.int64)
    count = int(groups.max(initial=-1)) + 1
    rows = np.array(sorted(range(len(texts)), key=lambda i: texts[i]), dtype=np.int64)
    if count and len(texts) > LARGE:
        rows = heard(groups, rows)
    avoid = words_to_avoid(avoid_words)
    everywhere: Counter[str] = Counter()
    inside: list[Counter[str]] = [Counter() for _ in range(count)]
    speakers = np.arange(len(texts)) if voices is None else np.asarray(voices)
    told: set[tuple[int, int, str]] = set()
    for row in rows.tolist() if count else ():
        group, voice = int(groups[row]), int(speakers[row])
        found = {(group, voice, term) for term in terms(clauses(texts[row], avoid))} - told
        told |= found
        everywhere.update(term for *_, term in found)
        if group >= 0:
            inside[group].update(term for *_, term in found)
    return [key_phrases(log_odds(counts, everywhere), counts) for counts in inside]


def words_to_avoid(given: Iterable[str]) -> frozenset[str]:
    """Return the words of brands and handles as mentions are read."""
    return frozenset(
        word for term in given for word in normalise(term.lstrip("@#")).split() if word
    )
