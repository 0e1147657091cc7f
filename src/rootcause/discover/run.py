"""The steps from texts to named causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rootcause.classify.language import ENGLISH, detect
from rootcause.cluster import (
    cluster_vectors,
    collapse,
    is_unspecified,
    represent,
    split_clauses,
)
from rootcause.discover.result import THEMES, Clustering, reorder
from rootcause.encode import load_encoder
from rootcause.errors import UsageError
from rootcause.lens import load_lens
from rootcause.match import match_pool
from rootcause.naming import name_clusters
from rootcause.records import NO_CLUSTER, Encoder, Vectors

Ints = npt.NDArray[np.int64]

# Rows of the space in which complaints are compared, some 5 KB each.
MOST_PIECES = 500_000


def discover(
    texts: Sequence[str],
    *,
    encoder: str | Encoder = "builtin",
    vectors: Vectors | None = None,
    authors: Sequence[str | None] | None = None,
    causes: Sequence[str | None] | None = None,
    min_voices: int = 5,
    strength: float = 0.0,
    avoid_words: Sequence[str] = (),
    seed: int = 0,
) -> Clustering:
    """Return the causes behind complaints; the same texts in any order give the same causes.

    `vectors` (n, d) are the encoder's, made here if absent; where they are given, long mentions
    are not split into clauses. `causes` (n) are the names of causes that are known already (an
    export's cause column), None where a text has none: other texts are matched to these first,
    and only what matches none is grouped. Raises UsageError where lengths differ, values are not
    finite or `min_voices` is under 2, ModelError where the encoder or the lens is missing.
    """
    _check(len(texts), vectors, {"authors": authors, "causes": causes}, min_voices)
    loaded = load_encoder(encoder) if isinstance(encoder, str) else encoder
    people = list(authors) if authors is not None else [None] * len(texts)
    told = [cause or None for cause in causes] if causes is not None else [None] * len(texts)
    # From here on rows are in an order of their content: sums come out the same to the last bit.
    order = sorted(range(len(texts)), key=lambda i: (texts[i], people[i] or "", told[i] or ""))
    if vectors is not None:
        vectors = np.asarray(vectors, dtype=np.float32)[order]
    found = _discover(
        [texts[i] for i in order],
        loaded,
        vectors,
        None if authors is None else [people[i] for i in order],
        [told[i] for i in order],
        min_voices=min_voices,
        strength=strength,
        avoid_words=avoid_words,
        seed=seed,
    )
    return reorder(found, np.array(order, dtype=np.int64))


def _discover(
    texts: list[str],
    encoder: Encoder,
    vectors: Vectors | None,
    authors: list[str | None] | None,
    causes: list[str | None],
    *,
    min_voices: int,
    strength: float,
    avoid_words: Sequence[str],
    seed: int,
) -> Clustering:
    count = len(texts)
    originals = collapse(texts)
    distinct = np.flatnonzero(originals == np.arange(count))
    unread = np.zeros(count, dtype=bool)
    vague = np.zeros(count, dtype=bool)
    if encoder.name == "builtin":
        once = list(dict.fromkeys(texts))
        spoken = dict(zip(once, detect(once), strict=True))
        unread = np.array([spoken[text] != ENGLISH for text in texts], dtype=bool)
    given, told = _told(causes, originals, unread)
    vague[distinct] = is_unspecified([texts[i] for i in distinct.tolist()])
    vague = (vague & (told < 0))[originals] & ~unread
    rows = distinct[~(vague | unread)[distinct]]
    owner, pieces = _pieces(texts, rows, whole=told >= 0 if vectors is None else None)
    if len(pieces) > MOST_PIECES:
        raise UsageError(
            f"{len(pieces):,} different complaints (clauses of long ones counted); at most "
            f"{MOST_PIECES:,} are read in one call, so give fewer days or a sample"
        )
    encoded = vectors[owner] if vectors is not None else encoder.encode(pieces)
    space = represent(pieces, encoded)
    del encoded
    voices = _voices(authors, originals)[owner]
    labels, strengths = _match(space, told[owner], len(given))
    rest = np.flatnonzero(labels < 0)
    groups = cluster_vectors(
        space if len(rest) == len(space) else space[rest],
        voices=voices[rest],
        min_voices=min_voices,
        strength=strength,
        seed=seed,
    )
    fresh = groups.labels >= 0
    labels[rest[fresh]] = groups.labels[fresh] + len(given)
    strengths[rest] = groups.strengths
    labels, sizes, ranks = _by_voices(labels, voices, len(given) + len(groups))
    titles: list[str | None] = [*given, *[None] * len(groups)]
    titles = [titles[rank] for rank in ranks]
    stability = np.append(np.full(len(given), np.nan), groups.stability)[ranks]
    named = name_clusters(
        pieces, labels, space, avoid_words=avoid_words, questions=False, taken=given
    )
    names = [
        replace(name, title=title, source="given") if title else name
        for name, title in zip(named, titles, strict=True)
    ]
    areas = _areas(pieces, labels, len(names))
    members = _members(owner, labels, originals)
    homes, sure = _strongest(count, owner, labels, strengths)
    return Clustering(
        labels_=homes[originals],
        strengths_=sure[originals],
        titles_=[name.title for name in names],
        given_=titles,
        names_=[name.on_rows(owner) for name in names],
        stability_=stability,
        voices_=sizes,
        mentions_=np.bincount(members[:, 1], minlength=len(names)).astype(np.int64),
        areas_=areas,
        themes_=[THEMES.get(area, area) for area in areas],
        members_=members,
        unspecified_=vague,
        unread_=unread,
        duplicates_=originals,
        dial_=groups.dial,
        too_small_=groups.too_small,
    )


def _told(
    causes: Sequence[str | None], originals: Ints, unread: npt.NDArray[np.bool_]
) -> tuple[list[str], Ints]:
    """Return the given causes, and (n,) the one that a text's copies have most often, else -1."""
    votes: dict[int, Counter[str]] = {}
    for original, cause in zip(originals.tolist(), causes, strict=True):
        if cause and not unread[original]:
            votes.setdefault(original, Counter())[cause] += 1
    homes = {o: min(found, key=lambda c: (-found[c], c)) for o, found in votes.items()}
    given = sorted(set(homes.values()))
    told = np.full(len(originals), NO_CLUSTER, dtype=np.int64)
    for original, cause in homes.items():
        told[original] = given.index(cause)
    return given, told


def _match(space: Vectors, told: Ints, given: int) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return each piece's given cause, its own or the one it matches, and how surely."""
    labels, strengths = told.copy(), (told >= 0).astype(np.float32)
    free = np.flatnonzero(told < 0)
    known = [space[told == cause] for cause in range(given)]
    if known:
        labels[free], strengths[free] = match_pool(space[free], known)
    return labels, strengths


def _by_voices(labels: Ints, voices: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Return labels renumbered by voices, the voices, and the old number of each new one."""
    pairs = np.unique(np.stack([labels, voices])[:, labels >= 0], axis=1)
    sizes = np.bincount(pairs[0].astype(np.int64), minlength=count).astype(np.int64)
    ranks = np.argsort(-sizes, kind="stable")
    place = np.append(np.argsort(ranks), NO_CLUSTER)
    return place[labels], sizes[ranks], ranks


def _check(
    count: int,
    vectors: Vectors | None,
    columns: Mapping[str, Sequence[str | None] | None],
    min_voices: int,
) -> None:
    if min_voices < 2:
        raise UsageError(f"min_voices is {min_voices}; a recurring problem needs 2 or more")
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise UsageError(f"{len(column)} {name} for {count} texts; give one per text or none")
    if vectors is None:
        return
    if vectors.ndim != 2 or len(vectors) != count:
        raise UsageError(f"vectors of shape {vectors.shape} for {count} texts; give one row each")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise UsageError(f"vector {row} has values that are not finite; encode the text again")


def _pieces(
    texts: Sequence[str], rows: Ints, *, whole: npt.NDArray[np.bool_] | None
) -> tuple[Ints, list[str]]:
    """Return the text each clause belongs to, and the clauses; vague clauses are dropped.

    Texts marked `whole` (n,) are one clause; all are, if there is no mark.
    """
    split = [
        [texts[i]] if whole is None or whole[i] else split_clauses(texts[i]) or [texts[i]]
        for i in rows.tolist()
    ]
    several = [clause for clauses in split if len(clauses) > 1 for clause in clauses]
    vague = iter(is_unspecified(several).tolist())
    owner: list[int] = []
    pieces: list[str] = []
    for row, clauses in zip(rows.tolist(), split, strict=True):
        kept = clauses
        if len(clauses) > 1:
            kept = [clause for clause in clauses if not next(vague)] or [texts[row]]
        owner.extend([row] * len(kept))
        pieces.extend(kept)
    return np.array(owner, dtype=np.int64), pieces


def _voices(authors: Sequence[str | None] | None, originals: Ints) -> Ints:
    """Return (n,) a number per voice that does not depend on row order between equal authors."""
    if authors is None:
        return originals
    known = sorted({author for author in authors if author})
    number = {author: i for i, author in enumerate(known)}
    return np.array(
        [number[a] if a else len(known) + int(originals[i]) for i, a in enumerate(authors)],
        dtype=np.int64,
    )


def _strongest(
    count: int, owner: Ints, labels: Ints, strengths: npt.NDArray[np.float32]
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return each text's cause: that of its surest clause, the first of equals."""
    best = np.full(count, NO_CLUSTER, dtype=np.int64)
    sure = np.zeros(count, dtype=np.float32)
    for piece, row in enumerate(owner.tolist()):
        if labels[piece] != NO_CLUSTER and strengths[piece] > sure[row]:
            best[row], sure[row] = labels[piece], strengths[piece]
    return best, sure


def _members(owner: Ints, labels: Ints, originals: Ints) -> Ints:
    """Return (m, 2) the distinct (text, cause) pairs, copies with the causes of originals."""
    inside = labels != NO_CLUSTER
    pairs = np.unique(np.stack([owner[inside], labels[inside]], axis=1), axis=0)
    held: dict[int, list[int]] = {}
    for row, label in pairs.tolist():
        held.setdefault(row, []).append(label)
    rows = [(i, c) for i, original in enumerate(originals.tolist()) for c in held.get(original, ())]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _areas(pieces: Sequence[str], labels: Ints, count: int) -> list[str]:
    """Return each group's likeliest area, `general` and `other` only where nothing else is."""
    if not count:
        return []
    lens = load_lens()
    inside = sorted(np.flatnonzero(labels >= 0).tolist(), key=lambda i: pieces[i])
    shares = lens.levels([pieces[i] for i in inside], 1)[0].astype(np.float64)
    total = np.zeros((count, shares.shape[1]))
    np.add.at(total, labels[inside], shares)
    for vague in ("general", "other"):
        if vague in lens.areas:
            total[:, lens.areas.index(vague)] *= 0.5
    return [lens.areas[i] for i in total.argmax(axis=1)]
