"""Empty talk: complaints that tell no cause."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rootcause.lens import Lens, load_lens
from rootcause.records import Vectors
from rootcause.text import fingerprint

_EMPTY = fingerprint("")


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
    empty = np.array([fingerprint(text) == _EMPTY for text in texts])
    return empty | (lens.vagueness(texts) >= 0.5)
