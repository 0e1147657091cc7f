"""What is worth a person's look: labels that look wrong, mentions to label next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rootcause.classify.model import MentionClassifier
from rootcause.records import LABELS, Encoder, Vectors

Floats = npt.NDArray[np.float32]

# Two mentions this alike teach the same.
_ALIKE = 0.9
_POOL = 20  # candidates looked at per row wanted


def doubtful_labels(
    table: pa.Table,
    encoder: Encoder,
    groups: Sequence[Any],
    number: int,
    *,
    roles: Mapping[str, str] | None = None,
    seed: int = 0,
) -> pa.Table:
    """Return the rows whose label an out-of-fold model contradicts, the surest first.

    With `roles` the labels looked at are the export's own names.

    The order is the margin by which the suggested label's chance exceeds the given label's,
    each set against how sure the model usually is of that label (confident learning:
    Northcutt et al., 2021, section 3).
    """
    texts, labels = table["text"].to_pylist(), table["own_label" if roles else "label"].to_pylist()
    model = MentionClassifier(encoder, seed=seed).fit(texts, labels, groups=groups, roles=roles)
    chance, names = model.out_of_fold_, model.classes_
    given = np.array([names.index(name) for name in labels])
    usual = np.array([chance[given == i, i].mean() for i in range(len(names))])
    best = chance.argmax(axis=1)
    row = np.arange(len(given))
    margin = chance[row, best] - chance[row, given]
    wrong = np.flatnonzero((best != given) & (chance[row, best] >= usual[best]))
    order = wrong[np.argsort(-margin[wrong], kind="stable")][:number]
    return pa.table(
        {
            "mention_id": table["mention_id"].take(pa.array(order)),
            "label": [labels[i] for i in order],
            "suggested": [names[best[i]] for i in order],
            "p_label": [round(float(chance[i, given[i]]), 4) for i in order],
            "p_suggested": [round(float(chance[i, best[i]]), 4) for i in order],
            "text": [texts[i] for i in order],
        },
        schema=pa.schema(
            [
                ("mention_id", pa.string()),
                ("label", pa.string()),
                ("suggested", pa.string()),
                ("p_label", pa.float64()),
                ("p_suggested", pa.float64()),
                ("text", pa.string()),
            ]
        ),
    )


def next_to_label(scored: pa.Table, number: int, *, seed: int = 0) -> pa.Table:
    """Return the scored mentions whose label would teach the model most.

    The least certain first (smallest distance between the two likeliest labels), each unlike
    those before it; duplicates and mentions in other languages are left out.
    """
    del seed  # the order is decided by the data alone
    columns = [scored[f"p_{name}"].to_numpy(zero_copy_only=False) for name in LABELS]
    chance = np.stack(columns, axis=1).astype(np.float32)
    two = np.sort(chance, axis=1)[:, -2:]
    margin = two[:, 1] - two[:, 0]
    usable = np.array([d is None for d in scored["duplicate_of"].to_pylist()], bool)
    if "language" in scored.column_names:
        usable &= np.array([c in (None, "en", "und") for c in scored["language"].to_pylist()])
    ids = np.array(scored["mention_id"].to_pylist(), object).astype(str)
    order = np.lexsort((ids, margin))
    order = order[usable[order]][: number * _POOL]
    chosen = _unlike(order, _vectors(scored, order), number)
    picked = scored.take(pa.array(chosen, pa.int64()))
    names = ("mention_id", "label", "confidence", *(f"p_{name}" for name in LABELS), "text")
    return picked.select([name for name in names if name in picked.column_names])


def _vectors(scored: pa.Table, order: npt.NDArray[np.int64]) -> Vectors | None:
    """Return unit vectors of the rows in `order`; zeros where a mention has none."""
    if "vector" not in scored.column_names or not len(order):
        return None
    cells = scored["vector"].take(pa.array(order)).combine_chunks()
    width = cells.type.list_size
    # a null row of a fixed-size list still fills its place in the flat values
    flat = cells.values.slice(cells.offset * width, len(cells) * width)
    rows = np.nan_to_num(flat.to_numpy(zero_copy_only=False)).astype(np.float32)
    out = rows.reshape(-1, width)
    out[cells.is_null().to_numpy(zero_copy_only=False)] = 0
    return np.asarray(out, np.float32)


def _unlike(order: npt.NDArray[np.int64], vectors: Vectors | None, number: int) -> list[int]:
    chosen: list[int] = []
    kept: list[npt.NDArray[np.float32]] = []
    for place, row in enumerate(order.tolist()):
        if len(chosen) == number:
            break
        if vectors is not None:
            vector = vectors[place]
            if kept and vector.any() and float((np.stack(kept) @ vector).max()) > _ALIKE:
                continue
            kept.append(vector)
        chosen.append(row)
    return chosen
