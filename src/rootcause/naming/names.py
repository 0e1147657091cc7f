"""Titles by a measured rule between the library's phrases and the mentions' own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rootcause.lens import Lens, load_lens
from rootcause.naming.backing import Backing
from rootcause.naming.choice import LIBRARY, MENTIONS, WISHES, Ranked, choose
from rootcause.naming.hearing import LARGE, heard, words_to_avoid
from rootcause.naming.library import LibraryPhrase, load_library
from rootcause.naming.matters import NOUNS
from rootcause.naming.measure import Measure
from rootcause.naming.quotes import pick_quotes
from rootcause.naming.senses import senses
from rootcause.naming.words import (
    clauses,
    key_phrases,
    log_odds,
    same_words,
    spans,
    tells_trouble,
    terms,
)
from rootcause.records import Vectors

Ints = npt.NDArray[np.int64]
Encode = Callable[[Sequence[str]], Vectors]

QUESTIONS = "questions"  # the library's area of phrases that ask and do not complain

# Central mentions whose own words are candidates, and so many of these.
SPEAKERS = 40
CANDIDATES = 80
# A question is no title where fewer of the mentions ask, unless questions are named.
ASKING = 0.5
# A library phrase reads well by construction; a phrase of the mentions must fit better by this.
MARGIN = 0.25
# A phrase that only names the matter stands back this much behind one that says what is wrong.
BROADLY = 0.2
BROAD = (*WISHES, "trouble with ", "dislike of ", "general ", "complaints about ")
# How much a phrase gains that is made of words which set its group apart.
OWN_WORDS = 0.10
# Telling words of a mention's phrase must be the words of this share of the mentions, and of two.
SHARED = 0.08
# So many of the central mentions must say a phrase of their own in the same words.
REPEATED = 2
# A phrase gains up to this for words that the group itself uses, and loses as much for words that
# no mention anywhere uses.
SUPPORT = 0.3
# A phrase gains so much for mentions that say it, and for the part of it that they say.
SAID = 0.3


@dataclass(frozen=True, kw_only=True)
class Name:
    """What a group is called and who speaks for it.

    `source` is library, mentions or words (no phrase fitted); `fit` the measured fit of the
    title; `central`, `typical`, `sharpest` are row indices of three different texts, None where
    the group has too few. `mixed`: nothing was found that its mentions have in common.
    """

    title: str
    source: str
    fit: float
    key_phrases: tuple[str, ...]
    central: int | None
    typical: int | None
    sharpest: int | None
    mixed: bool = False

    def on_rows(self, rows: Ints) -> Name:
        """Return this name with its quotes' row r turned into `rows[r]`."""
        moved = [
            None if row is None else int(rows[row])
            for row in (self.central, self.typical, self.sharpest)
        ]
        return replace(self, central=moved[0], typical=moved[1], sharpest=moved[2])


def name_clusters(
    texts: Sequence[str],
    labels: npt.ArrayLike,
    vectors: Vectors,
    *,
    encode: Encode | None = None,
    background: Sequence[str] | None = None,
    avoid_words: Iterable[str] = (),
    taken: Iterable[str] = (),
    library: Sequence[LibraryPhrase] | None = None,
    questions: bool | None = None,
    lens: Lens | None = None,
) -> list[Name]:
    """Return a name for each group 0..k-1 of `labels` (n,), -1 being in no group.

    A phrase fits a group as well as its similarity (cause lens) tells the group's mentions from
    all others: the area under the ROC curve, plus the difference of mean similarity. Candidates
    are the library's phrases and runs of three to seven words of the mentions, which must beat
    the library by `MARGIN`. A phrase gains by what the group says and loses by what nobody says.
    Titles are unique and differ from `taken` in more than endings; `avoid_words` (brands,
    handles) stand in no title or key phrase. `background` texts are compared with but not named.
    `questions` says that all groups ask (True: titles ask too) or that none does (False). `encode`
    is not needed, titles are the same under every encoder. Row order changes only the indices. Of
    very many texts a choice is heard (`hearing.heard`).
    """
    del encode
    groups = np.asarray(labels, dtype=np.int64)
    count = int(groups.max(initial=-1)) + 1
    if not count:
        return []
    lens = lens or load_lens()
    phrases = tuple(
        phrase
        for phrase in (load_library() if library is None else library)
        if questions is None or questions == (phrase.area == QUESTIONS)
    )
    avoid = words_to_avoid(avoid_words)
    order = np.array(sorted(range(len(texts)), key=lambda i: texts[i]), dtype=np.int64)
    chosen = heard(groups, order) if len(texts) > LARGE else None
    if chosen is not None:
        texts, groups, vectors = [texts[i] for i in chosen], groups[chosen], vectors[chosen]
        order = np.arange(len(texts))
    parts = [clauses(text, avoid) for text in texts]
    held = [terms(part) for part in parts]
    everywhere: Counter[str] = Counter()
    for found in held:
        everywhere.update(found)
    for text in background or ():
        everywhere.update(terms(clauses(text, avoid)))
    measure = Measure(texts, groups, order, lens, background or (), whole=chosen is not None)
    backing = Backing(
        [frozenset().union(*map(senses, parts[i])) for i in measure.rows],
        groups[measure.rows],
    )
    table = backing.table([p.phrase for p in phrases])
    asks = np.array([p.area == QUESTIONS and not questions for p in phrases], dtype=bool)
    broad = np.array([p.phrase.startswith(BROAD) for p in phrases], dtype=bool)
    scored = [backing.score(table, group) for group in range(count)]
    # phrases of other trades are the most, and measuring them would be most of the work
    backed = np.flatnonzero(np.any([score.backed for score in scored], axis=0))
    fits = np.full((count, len(phrases)), -np.inf)
    fits[:, backed] = measure.fits([phrases[i].phrase for i in backed])
    used = {same_words(title) for title in taken}
    names: list[Name] = []
    for group in range(count):
        members = order[groups[order] == group]
        inside: Counter[str] = Counter()
        for i in members:
            inside.update(held[i])
        scores = log_odds(inside, everywhere)
        mine = scored[group]
        holds = mine.backed
        if sum("?" in texts[i] for i in members) < ASKING * len(members):
            holds = holds & ~asks
        fit = fits[group] + SUPPORT * mine.gain + SAID * mine.said - BROADLY * broad
        ranked = [
            Ranked(
                phrase=phrases[i].phrase,
                fit=float(fit[i]),
                source=LIBRARY,
                broad=bool(broad[i]),
                said=float(mine.full[i] * broad[i]),
            )
            for i in np.flatnonzero(holds)
        ]
        ranked += _own_phrases(
            members,
            parts=parts,
            vectors=vectors,
            scores=scores,
            inside=inside,
            measure=measure,
            backing=backing,
            group=group,
        )
        keys = key_phrases(scores, inside)
        shares = backing.shares(group, NOUNS)
        best = choose(ranked, used, shares=shares, keys=keys, asking=bool(questions), group=group)
        used.add(same_words(best.phrase))
        central, typical, sharpest = pick_quotes(texts, vectors, members)
        names.append(
            Name(
                title=best.phrase,
                source=best.source,
                fit=best.fit,
                key_phrases=keys,
                central=central,
                typical=typical,
                sharpest=sharpest,
                mixed=best.mixed,
            )
        )
    return names if chosen is None else [name.on_rows(chosen) for name in names]


def _own_phrases(
    members: Ints,
    *,
    parts: Sequence[list[list[str]]],
    vectors: Vectors,
    scores: dict[str, float],
    inside: Counter[str],
    measure: Measure,
    backing: Backing,
    group: int,
) -> list[Ranked]:
    """Return phrases of the most central mentions that say what is wrong."""
    near = vectors[members] @ vectors[members].mean(axis=0)
    central = members[np.argsort(-np.round(near, 5), kind="stable")][:SPEAKERS]
    need = max(2, int(np.ceil(SHARED * len(members))))
    found: dict[str, float] = {}
    said_by = Counter(span for i in central for span in spans(parts[i]))
    for span in said_by:
        words = span.split()
        # what only one says is rarely a title: broken grammar, two thoughts in one
        if said_by[span] < REPEATED or not tells_trouble(span):
            continue
        if any(w in inside and inside[w] < need for w in words):
            continue
        known = [max(scores.get(w, 0.0), 0.0) for w in words]
        found[span] = sum(known) / np.sqrt(len(words))
    best = sorted(found, key=lambda s: (-found[s], s))[:CANDIDATES]
    if not best:
        return []
    top = max(found[best[0]], 1e-9)
    mine = backing.score(backing.table(best), group)
    fits = measure.fits(best, slice(group, group + 1))[0]
    fits = fits + SUPPORT * mine.gain + SAID * mine.said
    return [
        Ranked(
            phrase=phrase,
            fit=float(fit) + OWN_WORDS * found[phrase] / top - MARGIN,
            source=MENTIONS,
        )
        for fit, phrase in zip(fits, best, strict=True)
    ]
