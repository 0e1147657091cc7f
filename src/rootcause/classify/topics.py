"""The heads on what a mention is about: its area, and the causes that an export names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rootcause.classify.calibrate import fit_temperature, precision_threshold
from rootcause.classify.export import FEWEST, Export
from rootcause.classify.features import Read
from rootcause.classify.linear import Head, Rows, fit_head, one_hot, softmax
from rootcause.classify.parts import NONE_OF_THESE
from rootcause.classify.scores import macro_f1
from rootcause.classify.space import Space, fit_space
from rootcause.records import AREAS

Ints = npt.NDArray[np.int64]

# Topics hang on words, not on who asks whom: no questions, no triples, few buckets.
_SCALES = (3.0, 2.0, 0.0, 0.0, 0.0, 0.0)
_VECTOR_SCALE = 2.0
_FEWEST_MENTIONS = 4
_CAUSE_PRECISION = 0.85
_ITERATIONS = 40
_SMALL = 4_000


@dataclass(frozen=True, kw_only=True)
class Topics:
    """The fitted heads; all None where the export names neither areas nor causes."""

    space: Space | None = None
    area: Head | None = None
    causes: Head | None = None
    cause_threshold: float = 0.5
    facts: dict[str, Any] = field(default_factory=dict)


def fit_topics(got: Read, export: Export, folds: Ints, *, width: int | None) -> Topics:
    """Return the heads for areas and known causes that the export can teach.

    An area needs ten examples, a known cause too. All other mentions teach `none of these`.
    """
    areas = {a for a, n in Counter(export.areas).items() if a in AREAS and n >= FEWEST}
    causes = {c for c, n in Counter(export.causes).items() if c is not None and n >= FEWEST}
    if len(areas) < 2 and not causes:
        return Topics()
    told = np.flatnonzero([a is not None for a in export.areas])
    topical = np.union1d(export.rows_of("venting", "service_request"), told)
    space = fit_space(
        got.grams.take(topical), fewest=min(_FEWEST_MENTIONS, 2 + len(topical) // 2000),
        scales=_SCALES,
        vector_scale=_VECTOR_SCALE, cue_scale=0.0, width=width,
    )  # fmt: skip
    made = Topics(space=space)
    if len(areas) >= 2:
        names = tuple(name for name in AREAS if name in areas)
        rows = np.array([i for i, a in enumerate(export.areas) if a in areas], np.int64)
        truth = np.array([names.index(str(export.areas[i])) for i in rows], np.int64)
        head, facts, _ = _fit(got, space, rows, truth, names=names, folds=folds)
        made = replace(made, area=head, facts={**made.facts, "area": facts})
    if causes:
        names = (*sorted(map(str, causes)), NONE_OF_THESE)
        truth = np.array(
            [names.index(str(c)) if c in causes else len(names) - 1 for c in export.causes],
            np.int64,
        )
        # praise and small talk too: a few of them will be taken for complaints, and a head that
        # has met complaints only would find each of them a cause
        every = np.arange(len(truth))
        head, facts, threshold = _fit(got, space, every, truth, names=names, folds=folds)
        made = replace(
            made,
            causes=head,
            cause_threshold=max(threshold, 0.3),
            facts={**made.facts, "causes": {**facts, "threshold": round(max(threshold, 0.3), 4)}},
        )
    return made


def _fit(
    got: Read, space: Space, rows: Ints, truth: Ints, *, names: tuple[str, ...], folds: Ints
) -> tuple[Head, dict[str, Any], float]:
    """Return the head, out-of-fold facts, and the threshold of right causes."""

    def made(keep: npt.NDArray[np.bool_]) -> Rows:
        which = rows[keep]
        return space.rows(got.grams.take(which), got.vectors[which], got.cues[which])

    # a small export is asked fold by fold, a large one tells enough with one fold held out
    few = (folds[rows] >= 0).sum() < _SMALL
    asked = range(int(folds.max()) + 1) if few else (0,)
    logits = np.zeros((len(rows), len(names)), np.float32)
    for k in asked:
        test = folds[rows] == k
        if test.any() and not test.all():
            logits[test] = fit_head(
                made(~test), one_hot(truth[~test], len(names)), names, iterations=_ITERATIONS
            ).logits(made(test))
    told = np.isin(folds[rows], list(asked))
    logits, known = logits[told], truth[told]
    temperature = fit_temperature(logits, known) if len(known) else 1.0
    head = fit_head(
        made(np.ones(len(rows), bool)), one_hot(truth, len(names)), names, iterations=_ITERATIONS
    )
    best = logits.argmax(axis=1)
    confidence = softmax((logits / np.float32(temperature)).astype(np.float32)).max(axis=1)
    named = np.array([name != NONE_OF_THESE for name in names])[best] if len(best) else best
    threshold, _ = precision_threshold(confidence[named], (best == known)[named], _CAUSE_PRECISION)
    facts = {
        "classes": len(names),
        "mentions": len(rows),
        "accuracy": round(float((best == known).mean()), 4) if len(known) else None,
        "macro_f1": round(macro_f1(known, best, len(names)), 4),
        "counts": {name: int((truth == i).sum()) for i, name in enumerate(names)},
    }
    return replace(head, temperature=temperature), facts, min(threshold, 0.95)
