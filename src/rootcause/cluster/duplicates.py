"""Near-duplicates: reposts and copy-paste count as one text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from rootcause.text import clean, fingerprint, only_words

Ints = npt.NDArray[np.int64]

# Two texts are copies when this share of their character 4-grams is common.
THRESHOLD = 0.7
SHINGLE = 4
# Shorter texts differ in meaning by one word; among them only exact copies collapse.
SHORTEST = 24
PERMUTATIONS = 128
BANDS = 32
CHUNK = 4_096
# Candidate pairs compared at a time, the likeliest first: what those join is not compared again.
PAIRS = 32_768
# Characters of texts that are looked at together, for each holds some hundred bytes meanwhile.
CHARACTERS = 12_000_000
# Pairs whose digests agree by so much less than the threshold are not compared: that is five
# standard errors, so that one pair of copies in a million is missed by it.
DOUBT = 0.2

_SEED = 20_151
_MASK = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+|[^\w\s]|_")
_EMPTY = fingerprint("")
# An odd number whose powers tell the places of a gram's characters apart.
_PLACES = np.uint64(0x9E3779B97F4A7C15)

Digests = npt.NDArray[np.uint32]


def collapse(texts: Sequence[str], *, threshold: float = THRESHOLD) -> Ints:
    """Return (n,) the index of each text's representative; a text without copies has its own.

    Exact copies are found by `text.fingerprint`, near ones by MinHash over character 4-grams
    (Broder 1997) with banding, each candidate verified by its exact Jaccard similarity. Copies
    of copies are one group. Texts without words (a link, an emoji) are copies of nothing. The
    groups and the representative's text (the longest, then the first in the alphabet) do not
    depend on row order.

    A text is compared with its neighbours in each band only, so that however many copies there
    are of one text, there are at most `BANDS` comparisons a text.
    """
    prints = [fingerprint(text) for text in texts]
    roots = np.arange(len(texts), dtype=np.int64)
    first: dict[str, int] = {}
    for row, mark in enumerate(prints):
        if mark != _EMPTY:
            roots[row] = first.setdefault(mark, row)
    distinct = sorted(first.values(), key=lambda row: prints[row])
    plain = [_plain(texts[row]) for row in distinct]
    long = [i for i, text in enumerate(plain) if len(text) >= SHORTEST]
    rows = np.array([distinct[i] for i in long], dtype=np.int64)
    group = _near([plain[i] for i in long], threshold)
    place = np.arange(len(texts), dtype=np.int64)
    place[rows] = rows[group]
    return _representatives(texts, place[roots])


def _near(texts: Sequence[str], threshold: float) -> Ints:
    """Return (n,) for each of several distinct texts the first that it is a near-copy of."""
    roots = np.arange(len(texts), dtype=np.int64)
    if len(texts) < 2:
        return roots
    pairs = _candidates(_digests(texts), threshold - DOUBT)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    for part in _batches(lengths[pairs].sum(axis=1), PAIRS):
        asked = pairs[part]
        # most copies meet in several bands, and are one group after the first
        asked = asked[roots[asked[:, 0]] != roots[asked[:, 1]]]
        alike = asked[_jaccard(texts, asked) >= threshold]
        if len(alike):
            roots = _joined(roots, alike)
    return roots


def _batches(sizes: Ints, most: int) -> Iterator[slice]:
    """Yield slices of at most `most` items and, but for single ones, of CHARACTERS in all."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    start = 0
    while start < len(sizes):
        full = int(np.searchsorted(ends, ends[start] + CHARACTERS, side="right")) - 1
        stop = min(max(full, start + 1), start + most, len(sizes))
        yield slice(start, stop)
        start = stop


def _joined(roots: Ints, pairs: Ints) -> Ints:
    """Return the first row of each row's group after the groups of some pairs are one."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count = len(roots)
    ends = np.concatenate([np.stack([np.arange(count), roots], axis=1), pairs])
    ones = np.ones(len(ends), dtype=bool)
    graph = csr_array((ones, (ends[:, 0], ends[:, 1])), shape=(count, count))
    groups, labels = connected_components(graph, directed=False)
    first = np.full(groups, count, dtype=np.int64)
    np.minimum.at(first, labels, np.arange(count))
    joined: Ints = first[labels]
    return joined


def _candidates(digests: Digests, least: float) -> Ints:
    """Return (m, 2) neighbours in a band whose digests agree by `least`, the most alike first."""
    width = PERMUTATIONS // BANDS
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        mixed = np.zeros(len(digests), dtype=np.uint64)
        for column in digests[:, band * width : (band + 1) * width].T:
            mixed = mixed * _PLACES + column
        order = np.argsort(mixed, kind="stable")
        equal = mixed[order[1:]] == mixed[order[:-1]]
        pairs.append(np.stack([order[:-1][equal], order[1:][equal]], axis=1))
    keys = np.unique(np.concatenate([pair[:, 0] * len(digests) + pair[:, 1] for pair in pairs]))
    near = np.stack(np.divmod(keys, len(digests)), axis=1)
    alike = np.concatenate(
        [np.zeros(0)]
        + [
            (digests[part[:, 0]] == digests[part[:, 1]]).mean(axis=1)
            for part in (near[i : i + PAIRS] for i in range(0, len(near), PAIRS))
        ]
    )
    found: Ints = near[np.argsort(-alike, kind="stable")]
    return found[: int((alike >= least).sum())]


def _digests(texts: Sequence[str]) -> Digests:
    """Return (n, PERMUTATIONS) the MinHash digests of the texts' grams, each gram hashed once."""
    from rensa import RMinHash

    parts = [np.zeros((0, PERMUTATIONS), dtype=np.uint32)]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    for part in _batches(lengths, CHUNK):
        chunk = texts[part]
        places, offsets, example = _grams(chunk)
        joined = "".join(chunk)
        grams = [joined[i : i + SHINGLE] for i in example.tolist()]
        hashes = np.array(RMinHash.hash_token_sets([grams])[0], dtype=np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            hashes[places], offsets.astype(np.uint64), num_perm=PERMUTATIONS, seed=_SEED
        )
        parts.append(np.array(matrix.to_rows(), dtype=np.uint32))
    return np.concatenate(parts)


def _grams(texts: Sequence[str]) -> tuple[Ints, Ints, Ints]:
    """Return the texts' grams as numbers, end to end, offsets by text, and where each stands.

    Place i of the last is that of one gram i in the joined texts. No text is shorter than a gram.
    """
    import pyarrow as pa

    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    keys = np.zeros(max(len(codes) - SHINGLE + 1, 0), dtype=np.uint64)
    for place in range(SHINGLE):
        keys = keys * _PLACES + codes[place : place + len(keys)]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    counts = lengths - SHINGLE + 1
    offsets = np.array([0, *accumulate(counts.tolist())], dtype=np.int64)
    where = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)
    table = pa.array(keys[where]).dictionary_encode()
    places = table.indices.to_numpy().astype(np.int64)
    example = np.zeros(len(table.dictionary), dtype=np.int64)
    example[places] = where
    return places, offsets, example


def _jaccard(texts: Sequence[str], pairs: Ints) -> npt.NDArray[np.float64]:
    """Return (m,) the exact Jaccard similarity of the grams of pairs of texts."""
    from scipy.sparse import csr_array

    rows, places = np.unique(pairs, return_inverse=True)
    if not len(rows):
        return np.zeros(0)
    columns, offsets, example = _grams([texts[row] for row in rows.tolist()])
    ones = np.ones(len(columns), dtype=np.int32)
    said = csr_array((ones, columns, offsets), shape=(len(rows), len(example)))
    said.sum_duplicates()
    said.data[:] = 1
    sizes = np.diff(said.indptr)
    left, right = places.reshape(pairs.shape).T
    common = np.asarray(said[left].multiply(said[right]).sum(axis=1)).ravel()
    similar: npt.NDArray[np.float64] = common / (sizes[left] + sizes[right] - common)
    return similar


def _plain(text: str) -> str:
    text = clean(text).lower()
    if text.isascii() and not ("@" in text or "://" in text or "www." in text):
        return only_words(text)
    return " ".join(_MASK.sub(" ", text).split())


def _representatives(texts: Sequence[str], roots: Ints) -> Ints:
    best: dict[int, int] = {}
    for row, root in enumerate(roots.tolist()):
        held = best.get(root)
        if held is None or (-len(texts[row]), texts[row]) < (-len(texts[held]), texts[held]):
            best[root] = row
    return np.array([best[root] for root in roots.tolist()], dtype=np.int64)
