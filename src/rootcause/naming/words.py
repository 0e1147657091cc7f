"""Words of mentions: which can stand in a title, and which set a group apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from rootcause.text import normalise

_CLAUSE = re.compile(r"[.!?;:,()\[\]{}\"“”…|/\n–—~*]+|\s-+\s")
_WORD = re.compile(r"[a-z][a-z'’-]*[a-z]|[a-z]|\d+[a-z]*")
_MARK = re.compile(r"(?<!\w)[@#]\w+|\burl\b|\bemail\b")


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list written as text."""
    return frozenset(text.split())


# Words that carry grammar and no cause.
FUNCTION = words_of(
    """a an the this that these those and or but so because if as of at by for from in into on onto
    off out over to up with without within about after before again then than there here it its
    it's i'm im i've ive i'll i'd i me my mine we we're our ours us you your yours you're he she his
    her they their them who what when where which why how is are was were be been being am do does
    did doing done dont don't didn't didnt doesnt doesn't isn't isnt wasn't wasnt have has had
    having will would wont won't can could cant can't cannot should shall may might must not no nor
    just
    really very so too also even still ever never only now already get gets got getting go goes
    going gone went been let lets let's make makes made want wanted need needs please thanks thank
    hey hi hello ok okay yes yeah lol omg wtf u ur r n thx pls like much more most many some any all
    both each every other another such own same one two three im well back time day days week weeks
    year years today yesterday tomorrow tonight month months hour hours minute minutes mins hrs
    thing things something anything nothing everything people guys someone anyone everyone says said
    say told tell tried try trying know think see seems said keep keeps kept come comes came put
    lot lots bit way since until till while during through between both few last next first new
    said via amp etc per rt thats that's whats what's theres there's"""
)
# Words of anger: they say how strongly, not what.
ANGER = words_of(
    """worst terrible awful horrible ridiculous disgusting pathetic useless joke shame shameful
    absolute absolutely total totally utter utterly fuming furious angry annoying annoyed fed sick
    rubbish crap shit shite bloody damn hell fuck fucking wtf hate sucks suck appalling shocking
    disgrace disgraceful unacceptable disappointed disappointing nightmare stupid idiots clowns
    company service customer customers complaint brilliant great love nice lovely honestly
    literally seriously actually basically"""
)
# A title does not open with these, nor end with those.
BAD_START = FUNCTION - words_of("no never still cant can't cannot wont won't without")
BAD_END = (FUNCTION | words_of("longer able")) - words_of("again back out up off down through")
# A title speaks of everybody's problem.
PERSONAL = words_of(
    """i i'm im i've ive i'll i'd me my mine we our us you your yours u ur you're he she his her
    him it its it's they them their theirs this these those that
    which who then mum mam dad wife husband gf bf son daughter nan lol omg pls please thanks guys
    mate lads"""
)

JOINING = words_of("and or but so")

# Words that make a phrase one of a problem; without any it only names a matter ("join a meeting").
TROUBLE = words_of(
    """no not never cannot can't cant won't wont don't dont doesn't doesnt didn't didnt isn't isnt
    wasn't wasnt without unable impossible nobody nothing lost lose loses losing missing missed
    misses broken broke breaks wrong slow slower late delayed delay delays cancelled canceled
    refused refuses refuse rejected denied ignored ignores fail fails failed failing crash crashes
    crashed crashing freeze freezes frozen freezing stuck error errors bug bugs glitch glitches
    glitchy lag lags laggy lagging drop drops dropped stop stops stopped remove removed removing
    gone disappeared disappears blocked locked hacked stolen scam fraud charged charging overcharged
    expensive double twice worse ugly confusing complicated difficult hard old outdated damaged
    rude poor dirty cold dead down unsafe hidden forced stranded bring restore revert lacks lack
    limited waste unusable useless incorrect expired unwanted duplicate inaccurate"""
)

# What denies: a title may open with it anywhere, and must not open right after it.
DENYING = words_of(
    """no not never cannot cant can't wont won't dont don't doesnt doesn't didnt didn't isnt isn't
    wasnt wasn't without unable impossible hardly nobody nothing"""
)
# Words after which a title would lack its beginning.
LEADING = words_of(
    "to of for from in on at by with into onto about over up off out through than as"
)
# Words before which a thought is complete.
FOLLOWING = words_of(
    """and but or so because when whenever while if since after before until till unless then which
    who i i'm i've im ive we you u he she they on in at with during for from by every each all now
    again anymore today yesterday constantly completely always please pls even just really"""
)
# Spellings of the reading form that a title shows as people write them.
_SHORT = {
    "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "isnt": "isn't", "cant": "can't",
    "wont": "won't", "wasnt": "wasn't", "arent": "aren't", "couldnt": "couldn't",
}  # fmt: skip
_OPENING = words_of("still also even just please and but so now it i")

# Words of two letters that are a matter.
TWO = words_of("ui ux tv pc ad")

# Words that would meet another one without their ending.
APART = {"plane": "plane", "planes": "plane", "news": "news"}

PRIOR = 500.0


def clauses(text: str, avoid: frozenset[str]) -> list[list[str]]:
    """Return the words of each clause of a mention, handles, links and `avoid` words gone."""
    parts = []
    for part in _CLAUSE.split(_MARK.sub(" . ", normalise(text))):
        words = [w.replace("’", "'") for w in _WORD.findall(part)]
        words = [w for w in words if w not in avoid and not w.isdigit()]
        if words:
            parts.append(words)
    return parts


def terms(parts: Sequence[Sequence[str]]) -> set[str]:
    """Return the words and word pairs that may be key phrases, each once."""
    found: set[str] = set()
    for words in parts:
        found.update(w for w in words if telling(w))
        found.update(f"{a} {b}" for a, b in pairwise(words) if telling(a) and telling(b))
    return found


def telling(word: str) -> bool:
    """Return whether a word can say what is wrong: neither grammar nor anger."""
    return (len(word) > 2 or word in TWO) and word not in FUNCTION and word not in ANGER


def log_odds(inside: Counter[str], everywhere: Counter[str]) -> dict[str, float]:
    """Return z-scores of terms in a group against the rest.

    Log-odds ratio with an informative Dirichlet prior (Monroe et al. 2008, eq. 22); the prior is
    the share of a term everywhere. Counts are of mentions, so one long post weighs as one.
    """
    total = sum(everywhere.values())
    here = sum(inside.values())
    scores: dict[str, float] = {}
    for term, count in inside.items():
        prior = PRIOR * everywhere[term] / total
        other = everywhere[term] - count
        a = (count + prior) / max(here + PRIOR - count - prior, 1e-9)
        b = (other + prior) / max(total - here + PRIOR - other - prior, 1e-9)
        spread = 1 / (count + prior) + 1 / (other + prior)
        scores[term] = float((np.log(a) - np.log(b)) / np.sqrt(spread))
    return scores


def key_phrases(
    scores: dict[str, float], counts: Counter[str], *, most: int = 6, least: int = 2
) -> tuple[str, ...]:
    """Return the best-scored terms that at least `least` mentions hold, none inside another."""
    ranked = sorted(
        (t for t, c in counts.items() if c >= least and scores[t] > 0),
        key=lambda t: (-scores[t] * (1.25 if " " in t else 1.0), t),
    )
    chosen: list[str] = []
    for term in ranked:
        stems = {stem(w) for w in term.split()}
        if any(stems & {stem(w) for w in other.split()} for other in chosen):
            continue
        chosen.append(term)
        if len(chosen) == most:
            break
    return tuple(chosen)


def spans(parts: Iterable[Sequence[str]], *, shortest: int = 3, longest: int = 7) -> list[str]:
    """Return the runs of words of clauses that could be a title, in order, each once.

    A run is a thought of its own: it begins and ends where its clause does or at a word that
    joins, and is not cut out between a verb and its object.
    """
    found: dict[str, None] = {}
    for words in parts:
        for start in range(len(words)):
            if words[start] in BAD_START or not _opens(words, start):
                continue
            for size in range(shortest, longest + 1):
                run = words[start : start + size]
                if len(run) < size:
                    break
                if _closes(words, start + size) and _readable(run):
                    found[" ".join(run)] = None
    return list(found)


def _opens(words: Sequence[str], start: int) -> bool:
    if start == 0 or words[start] in DENYING:
        return True
    return words[start - 1] in FUNCTION - DENYING - LEADING


def _closes(words: Sequence[str], end: int) -> bool:
    return end == len(words) or words[end] in FOLLOWING


def _readable(run: Sequence[str]) -> bool:
    if run[-1] in BAD_END or any(w in PERSONAL or w in ANGER for w in run):
        return False
    # what an "and" joins must be telling on both sides, else the run is cut out of two thoughts
    if any(w in JOINING and not (telling(a) and telling(b)) for a, w, b in _threes(run)):
        return False
    if run[0] in DENYING and run[1] in LEADING:  # the rest of a sentence: "not to delete all"
        return False
    count = sum(telling(w) for w in run)
    return count >= 2 and len(set(run)) == len(run)


def tells_trouble(phrase: str) -> bool:
    """Return whether a phrase says that something is wrong, and not only what it is about."""
    return any(word in TROUBLE for word in _WORD.findall(phrase.replace("’", "'")))


def words_in(phrase: str) -> list[str]:
    """Return the words of a phrase without its commas."""
    return _WORD.findall(phrase.lower())


def tidy(phrase: str) -> str:
    """Return a phrase as a title shows it: no opening filler, short forms with their mark."""
    words = phrase.split()
    while len(words) > 3 and words[0] in _OPENING:
        words = words[1:]
    return " ".join(_SHORT.get(word, word) for word in words)


def _threes(run: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    return zip(run, run[1:], run[2:], strict=False)


@lru_cache(maxsize=16_384)
def same_words(title: str) -> frozenset[str]:
    """Return what must differ between two titles: their telling words, endings cut."""
    words = words_in(title)
    # signing out is another matter than signing in
    found = frozenset(stem(w) for w in words if telling(w) or w == "out")
    return found or frozenset(title.lower().split())


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word without its commonest endings, so that `fee` and `fees` meet."""
    if word in APART:
        return APART[word]
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bgmnprt":  # logged, stopped
        return word[:-1]
    return word[:-1] if len(word) > 3 and word.endswith("e") else word  # remove, removed
