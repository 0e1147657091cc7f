"""Which members of a cause a person means, and what to recognise them by later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rootcause.errors import UsageError
from rootcause.records import Vectors
from rootcause.register.book import Register
from rootcause.register.rows import Exemplar
from rootcause.register.scored import iter_rows, read_mentions_by_id

# Few enough to stay small, enough to hold several wordings.
MOST_EXEMPLARS = 30
_ROUNDS = 10


def members(
    register: Register, cause_id: str, scored: Path | None, redact: Callable[[str], str]
) -> list[Exemplar]:
    """Return a cause's members that have a vector: from a scored folder, else its exemplars."""
    head = register.resolve(cause_id)
    if scored is None:
        return [
            Exemplar(row[0], row[1], row[2], np.frombuffer(row[3], np.float16).astype(np.float32))
            for row in register.rows(
                "SELECT mention_id, voice, text, vector FROM exemplars WHERE cause_id = ?"
                " ORDER BY mention_id",
                (head,),
            )
        ]
    voices = {row.mention_id: row.voice for row in register.mentions_of(head)}
    table = read_mentions_by_id(scored, voices, ("mention_id", "text", "vector"))
    found = {}
    for mention, text, vector in iter_rows(table):
        if vector is not None:
            found[str(mention)] = Exemplar(
                str(mention),
                voices[str(mention)],
                redact(str(text)),
                np.asarray(vector, np.float32),
            )
    return [found[mention] for mention in sorted(found)]


def alike(vectors: Vectors, wanted: Vectors) -> npt.NDArray[np.bool_]:
    """Return which rows of `vectors` (n, d) belong with `wanted` (d,) rather than with the rest.

    Two-means on unit vectors, started from `wanted` and from the mean of all rows; `wanted` keeps
    its say, so that the group cannot wander off from what was asked for.
    """
    centre = vectors.mean(axis=0)
    near = wanted
    chosen = np.zeros(len(vectors), dtype=bool)
    for _ in range(_ROUNDS):
        new = vectors @ _unit(near) > vectors @ _unit(centre)
        if (new == chosen).all() or new.all() or not new.any():
            return new
        chosen = new
        near = wanted + _unit(vectors[chosen].mean(axis=0))
        centre = vectors[~chosen].mean(axis=0)
    return chosen


def smaller_part(vectors: Vectors) -> Vectors:
    """Return the centre (d,) of the smaller of the two parts that rows (n, d) fall into.

    Two-means on unit vectors, started from the two sides of their first principal direction.
    """
    if len(vectors) < 2:
        raise UsageError("a cause with one exemplar has no parts; name mentions with --mention")
    centred = vectors - vectors.mean(axis=0)
    chosen = centred @ np.linalg.svd(centred, full_matrices=False)[2][0] > 0
    for _ in range(_ROUNDS):
        one, other = (_unit(vectors[side].mean(axis=0)) for side in (chosen, ~chosen))
        new = vectors @ one > vectors @ other
        if (new == chosen).all() or new.all() or not new.any():
            break
        chosen = new
    smaller = chosen if 2 * chosen.sum() <= len(chosen) else ~chosen
    return _unit(vectors[smaller].mean(axis=0))


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


def pick(
    found: Sequence[Exemplar],
    *,
    mention_ids: Collection[str],
    like: Vectors | None,
) -> tuple[list[str], list[Exemplar]]:
    """Return the ids to move, and exemplars for them.

    The named ids, and with `like` (d,) the members that are like it. Raises UsageError if there
    is nothing to move.
    """
    moved = set(mention_ids)
    if like is not None:
        if not found:
            raise UsageError("no member has a vector; give --scored DIR")
        mask = alike(np.stack([one.vector for one in found]), like)
        moved.update(one.mention_id for one, is_like in zip(found, mask, strict=True) if is_like)
    if not moved:
        raise UsageError("nothing to move; give --mention ID or another --like TEXT")
    chosen = [one for one in found if one.mention_id in moved]
    if chosen:
        centre = np.stack([one.vector for one in chosen]).mean(axis=0)
        chosen.sort(key=lambda one: (-float(one.vector @ centre), one.mention_id))
    return sorted(moved), chosen[:MOST_EXEMPLARS]
