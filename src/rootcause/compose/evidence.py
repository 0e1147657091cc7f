"""What makes a cause believable: quotes, segments that stand out, a map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.findings import MapPoint, Quote, Segment
from rootcause.pools import Pool
from rootcause.redaction import redact

MAP_POINTS = 1_500
# A segment stands out when this many voices of a cause share it, this surely (q < 0.05).
SEGMENT_VOICES = 5
SEGMENT_RATIO = 1.5
MOST_REASONS = 3


ROLES = ("central", "typical", "sharpest")


def quotes(
    rows: Sequence[int | None], pool: Pool, facts: Mapping[str, Mapping[str, Any]]
) -> tuple[Quote, ...]:
    """Return up to three different quotes of a cause: rows of `pool` in the order of `ROLES`.

    `facts` has, by mention id, the created_at, author, channel and url of a mention.
    """
    found: dict[str, Quote] = {}
    for role, row in zip(ROLES, rows, strict=True):
        if row is not None and pool.ids[row] not in found:
            found[pool.ids[row]] = quote(pool.ids[row], pool.texts[row], role, facts)
    return tuple(found.values())


def quote(mention_id: str, text: str, role: str, facts: Mapping[str, Mapping[str, Any]]) -> Quote:
    """Return a redacted quote with what `facts` know of its mention."""
    fact = facts.get(mention_id, {})
    created = fact.get("created_at")
    masked = redact(text, [fact.get("author") or ""])
    said = " ".join(masked.casefold().split())
    reasons = (fact.get("because") or "").split("; ")
    return Quote(
        mention_id=mention_id,
        text=masked,
        role=role,
        date=created.date().isoformat() if created else None,
        channel=fact.get("channel"),
        url=fact.get("url"),
        # what masking took away must not come back as a reason
        because=tuple(phrase for phrase in reasons if phrase and phrase in said)[:MOST_REASONS],
    )


def counted(
    everyone: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> dict[str, Counter[str]]:
    """Return how many of the voices have each value of some columns."""
    voices = list(everyone)
    return {column: Counter(row[column] for row in voices if row.get(column)) for column in columns}


def segments(
    inside: Sequence[Mapping[str, Any]], everyone: Mapping[str, Counter[str]]
) -> tuple[Segment, ...]:
    """Return the segment values over-represented among a cause's voices, strongest first.

    Each mapping of `inside` is one voice; `everyone` is what `counted` returns for all of them,
    by column. Hypergeometric test per value, Benjamini-Hochberg over values.
    """
    from scipy.stats import false_discovery_control, hypergeom

    found: list[Segment] = []
    chances: list[float] = []
    for column, base in everyone.items():
        here = Counter(row[column] for row in inside if row.get(column))
        total, drawn = sum(base.values()), sum(here.values())
        if len(base) < 2 or not drawn:
            continue
        for value, count in sorted(here.items()):
            share, usual = count / drawn, base[value] / total
            chances.append(float(hypergeom.sf(count - 1, total, base[value], drawn)))
            found.append(
                Segment(
                    column=column.removeprefix("segment_"),
                    value=str(value),
                    share=round(share, 4),
                    base_share=round(usual, 4),
                    voices=count,
                )
            )
    if not found:
        return ()
    adjusted = false_discovery_control(np.minimum(chances, 1.0))
    kept = [
        segment
        for segment, q in zip(found, adjusted, strict=True)
        if q < 0.05
        and segment.voices >= SEGMENT_VOICES
        and segment.share >= SEGMENT_RATIO * segment.base_share
    ]
    return tuple(sorted(kept, key=lambda s: (-s.share / max(s.base_share, 1e-9), s.value))[:3])


def map_points(
    pool: Pool, homes: Mapping[str, str], quotable: frozenset[str]
) -> tuple[MapPoint, ...]:
    """Return the week's complaints in the plane: near dots say similar things.

    t-SNE (van der Maaten and Hinton, 2008) of the encoder's vectors from a PCA start; the causes
    play no part in where a dot falls. A sample of at most 1,500, by mention id.
    """
    order = sorted(range(len(pool)), key=lambda i: (pool.ids[i], pool.texts[i]))
    if len(order) < 20:
        return ()
    step = -(-len(order) // MAP_POINTS)
    rows = order[::step]
    places = _plane(pool.vectors[rows])
    points = []
    for row, (x, y) in zip(rows, places, strict=True):
        home = homes.get(pool.ids[row], "")
        text = redact(pool.texts[row]) if home in quotable else ""
        points.append(
            MapPoint(x=round(float(x), 3), y=round(float(y), 3), cause_id=home, text=text)
        )
    return tuple(points)


def _plane(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    width = min(30, *vectors.shape)
    # its gradient asks OpenMP for every core, whatever n_jobs says, and spins while it waits
    with threadpool_limits(limits=1):
        reduced = PCA(width, svd_solver="full").fit_transform(vectors.astype(np.float64))
        plane = TSNE(
            2,
            init="pca",
            perplexity=min(30.0, (len(vectors) - 1) / 3),
            max_iter=500,
            random_state=0,
            n_jobs=1,
        ).fit_transform(reduced)
    low, high = plane.min(axis=0), plane.max(axis=0)
    scaled: npt.NDArray[np.float64] = (plane - low) / np.maximum(high - low, 1e-9)
    return scaled
