"""Empty talk: complaints that tell no cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rootcause.lens import Lens, load_lens
from rootcause.records import Vectors
from rootcause.text import fingerprint

_EMPTY = fingerprint("")
# What people post beside a complaint told elsewhere.
_ALONE = frozenset(
    fingerprint(text)
    for text in (
        "still waiting", "still waiting for a reply", "waiting", "any update", "any news", "hello",
        "anyone there", "is anyone there", "why", "seriously", "really", "again", "unbelievable",
        "bad", "help", "fix it", "fix this", "please fix", "do better", "sort it out",
    )
)  # fmt: skip


def is_unspecified(
    texts: Sequence[str], vectors: Vectors | None = None, *, lens: Lens | None = None
) -> npt.NDArray[np.bool_]:
    """Return (n,) which complaints name no cause ("worst company ever", a bare link).

    A logistic regression on words and length, learnt from mentions annotated `unspecified
    dissatisfaction` (`Lens.vagueness`); texts without any word are unspecified too. A complaint
    wrongly set apart costs a cause one voice; a missed one glues causes together. `vectors` are
    not read: the answer is the same under every encoder.
    """
    del vectors
    lens = lens or load_lens()
    if not len(texts):
        return np.zeros(0, dtype=bool)
    marks = [fingerprint(text) for text in texts]
    empty = np.array([mark == _EMPTY or mark in _ALONE for mark in marks])
    return empty | (lens.vagueness(texts) >= 0.5)
