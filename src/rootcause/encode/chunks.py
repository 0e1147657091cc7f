"""Token ids by memory: what stands between spaces always has the same tokens.

A tokenizer looks at no two chunks together, and no step of normalising does, so each chunk is
normalised and tokenised once and looked up from then on: the same ids, many times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rootcause.chunks import Facts, split
from rootcause.text import normalise, normalise_all

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]

_UNKNOWN = "[UNK]"


class ChunkTokens:
    """The known tokens of texts."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.unknown: int = tokenizer.token_to_id(_UNKNOWN) or 0
        self._facts = Facts(self._tell, np.int32)

    def of(self, texts: Sequence[str]) -> tuple[Ids, Counts]:
        """Return the token ids of all texts, end to end, and how many each has.

        Tokens that the vocabulary does not know are left out.
        """
        texts = split(texts)
        ids, sizes = self._facts.items(texts)
        if not texts.long:
            return ids, sizes
        long = np.array(texts.long)
        told, items = self._tokens([normalise(texts[i]) for i in texts.long])
        before = np.cumsum(sizes)[long]
        ids = np.insert(ids, np.repeat(before, told), items)
        sizes[long] = told
        return ids, sizes

    def _tell(self, chunks: list[str]) -> tuple[list[int], Ids]:
        return self._tokens(normalise_all(chunks))

    def _tokens(self, normal: list[str]) -> tuple[list[int], Ids]:
        found = self._tokenizer.encode_batch_fast(normal, add_special_tokens=False)
        known = [[t for t in one.ids if t != self.unknown] for one in found]
        return list(map(len, known)), np.array(list(chain(*known)), np.int32)
