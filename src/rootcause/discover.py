"""Texts to named causes in one call: the library's counterpart of the weekly report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rootcause.classify.language import ENGLISH, detect
from rootcause.cluster import (
    DialPoint,
    cluster_vectors,
    collapse,
    is_unspecified,
    represent,
    split_clauses,
)
from rootcause.encode import load_encoder
from rootcause.errors import UsageError
from rootcause.lens import load_lens
from rootcause.naming import Name, name_clusters
from rootcause.records import NO_CLUSTER, Encoder, Vectors

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

THEMES = {
    "reach": "Reaching a person",
    "followup": "Follow-up and replies",
    "staff": "Staff conduct",
    "information": "Information",
    "delay": "Delays and missed appointments",
    "cancellation": "Cancellations and refusals",
    "recovery": "Handling of failures",
    "refund": "Refunds and returns",
    "fees": "Prices and fees",
    "billing": "Bills and payments",
    "terms": "Contracts and offers",
    "loyalty": "Loyalty programme",
    "account": "Accounts and login",
    "security": "Security and privacy",
    "app": "App and website faults",
    "design": "Design and features",
    "outage": "Network and outages",
    "product": "Product quality",
    "availability": "Availability",
    "order": "Orders and bookings",
    "lost": "Lost or damaged items",
    "queue": "Queues",
    "access": "Accessibility",
    "ads": "Advertising",
    "general": "General dissatisfaction",
    "other": "Other",
}


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """The causes behind n texts; k causes, most voices first.

    labels_       (n,) int     cause of each text, -1 = in no cluster; a copy has its original's
    strengths_    (n,) float32 membership strength in [0, 1], 0 where the label is -1
    titles_       list of k    titles of three to seven words, unique
    names_        list of k    `naming.Name`: key phrases and the rows of three quotes
    stability_    (k,) float64 bootstrap Jaccard; under 0.6 is weak evidence
    voices_       (k,) int     distinct authors after copies collapse (texts if authors unknown)
    mentions_     (k,) int     all texts, copies too
    areas_        list of k    one of the 26 areas
    themes_       list of k    the area in words: the coarse level above the causes
    members_      (m, 2) int   (text, cause) pairs; a long text may hold several causes
    unspecified_  (n,) bool    complaints that name no cause
    unread_       (n,) bool    texts in a language that the encoder does not read
    duplicates_   (n,) int     row of each text's original, its own row if it is no copy
    dial_         tuple        what other settings of `min_voices` give
    too_small_    bool         too few voices for causes to mean much
    """

    labels_: Ints
    strengths_: npt.NDArray[np.float32]
    titles_: list[str]
    names_: list[Name]
    stability_: npt.NDArray[np.float64]
    voices_: Ints
    mentions_: Ints
    areas_: list[str]
    themes_: list[str]
    members_: Ints
    unspecified_: Flags
    unread_: Flags
    duplicates_: Ints
    dial_: tuple[DialPoint, ...]
    too_small_: bool


def discover(
    texts: Sequence[str],
    *,
    encoder: str | Encoder = "builtin",
    vectors: Vectors | None = None,
    authors: Sequence[str | None] | None = None,
    min_voices: int = 5,
    strength: float = 0.0,
    avoid_words: Sequence[str] = (),
    seed: int = 0,
) -> Clustering:
    """Return the causes behind complaints; the same texts in any order give the same causes.

    `vectors` (n, d) are the encoder's, made here if absent; where they are given, long mentions
    are not split into clauses. Raises UsageError where lengths differ, values are not finite or
    `min_voices` is under 2, ModelError where the encoder or the lens is missing.
    """
    _check(len(texts), vectors, authors, min_voices)
    loaded = load_encoder(encoder) if isinstance(encoder, str) else encoder
    people = list(authors) if authors is not None else [None] * len(texts)
    # From here on rows are in an order of their content: sums come out the same to the last bit.
    order = sorted(range(len(texts)), key=lambda i: (texts[i], people[i] or ""))
    if vectors is not None:
        vectors = np.asarray(vectors, dtype=np.float32)[order]
    found = _discover(
        [texts[i] for i in order],
        loaded,
        vectors,
        None if authors is None else [people[i] for i in order],
        min_voices=min_voices,
        strength=strength,
        avoid_words=avoid_words,
        seed=seed,
    )
    return _reorder(found, np.array(order, dtype=np.int64))


def _discover(
    texts: list[str],
    encoder: Encoder,
    vectors: Vectors | None,
    authors: list[str | None] | None,
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
        unread = np.array([code != ENGLISH for code in detect(texts)], dtype=bool)
    vague[distinct] = is_unspecified([texts[i] for i in distinct.tolist()])
    vague = vague[originals] & ~unread
    rows = distinct[~(vague | unread)[distinct]]
    owner, pieces = _pieces(texts, rows, whole=vectors is not None)
    encoded = vectors[owner] if vectors is not None else encoder.encode(pieces)
    space = represent(pieces, encoded)
    groups = cluster_vectors(
        space,
        voices=_voices(authors, originals)[owner],
        min_voices=min_voices,
        strength=strength,
        seed=seed,
    )
    names = name_clusters(pieces, groups.labels, space, avoid_words=avoid_words, questions=False)
    areas = _areas(pieces, groups.labels, len(groups))
    labels, strengths = _strongest(count, owner, groups.labels, groups.strengths)
    members = _members(owner, groups.labels, originals)
    return Clustering(
        labels_=labels[originals],
        strengths_=strengths[originals],
        titles_=[name.title for name in names],
        names_=[name.on_rows(owner) for name in names],
        stability_=groups.stability,
        voices_=groups.voices,
        mentions_=np.bincount(members[:, 1], minlength=len(groups)).astype(np.int64),
        areas_=areas,
        themes_=[THEMES.get(area, area) for area in areas],
        members_=members,
        unspecified_=vague,
        unread_=unread,
        duplicates_=originals,
        dial_=groups.dial,
        too_small_=groups.too_small,
    )


def _reorder(found: Clustering, order: Ints) -> Clustering:
    """Return a clustering of sorted texts for the texts as they came: row i was `order[i]`."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    members = found.members_.copy()
    members[:, 0] = order[members[:, 0]]
    return replace(
        found,
        labels_=found.labels_[place],
        strengths_=found.strengths_[place],
        names_=[name.on_rows(order) for name in found.names_],
        members_=members[np.lexsort((members[:, 1], members[:, 0]))],
        unspecified_=found.unspecified_[place],
        unread_=found.unread_[place],
        duplicates_=order[found.duplicates_][place],
    )


def _check(
    count: int,
    vectors: Vectors | None,
    authors: Sequence[str | None] | None,
    min_voices: int,
) -> None:
    if min_voices < 2:
        raise UsageError(f"min_voices is {min_voices}; a recurring problem needs 2 or more")
    if authors is not None and len(authors) != count:
        raise UsageError(f"{len(authors)} authors for {count} texts; give one per text or none")
    if vectors is None:
        return
    if vectors.ndim != 2 or len(vectors) != count:
        raise UsageError(f"vectors of shape {vectors.shape} for {count} texts; give one row each")
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise UsageError(f"vector {row} has values that are not finite; encode the text again")


def _pieces(texts: Sequence[str], rows: Ints, *, whole: bool) -> tuple[Ints, list[str]]:
    """Return the text each clause belongs to, and the clauses; vague clauses are dropped."""
    split = [[texts[i]] if whole else split_clauses(texts[i]) or [texts[i]] for i in rows.tolist()]
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
    shares = lens.levels([pieces[i] for i in inside])[0].astype(np.float64)
    total = np.zeros((count, shares.shape[1]))
    np.add.at(total, labels[inside], shares)
    for vague in ("general", "other"):
        if vague in lens.areas:
            total[:, lens.areas.index(vague)] *= 0.5
    return [lens.areas[i] for i in total.argmax(axis=1)]
