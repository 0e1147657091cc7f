"""Any sentence-transformers model that is already on this machine."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootcause.encode.units import lengths_of
from rootcause.encode.vectorcache import cached
from rootcause.errors import ModelError, UsageError
from rootcause.records import Vectors
from rootcause.text import clean

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class TransformerEncoder:
    """Unit vectors from a sentence-transformers model that is already on this machine."""

    def __init__(
        self,
        *,
        name: str,
        content_hash: str,
        model: SentenceTransformer,
        cache: Path | None = None,
        max_length: int | None = None,
    ) -> None:
        self.name = name
        self.content_hash = content_hash
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.cache = cache
        self.max_length = max_length
        self._model = model

    @classmethod
    def load(
        cls, name: str, *, cache: Path | None = None, max_length: int | None = None
    ) -> TransformerEncoder:
        """Return the model called `name`, a folder or a hub name; see `load_encoder`."""
        model, folder = _load_transformer(name)
        digest = hashlib.sha256(str(max_length).encode())
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder)
            if path.suffix in _WEIGHTS and not any(p.startswith(".") for p in parts.parts):
                digest.update(f"{parts.as_posix()}\0".encode())
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        if max_length is not None:
            model.max_seq_length = min(max_length, model.max_seq_length or max_length)
        return cls(
            name=name,
            content_hash=digest.hexdigest(),
            model=model,
            cache=cache,
            max_length=max_length,
        )

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array (n, dimension) of float32 rows of unit length."""
        cleaned = [clean(text) for text in texts]
        if self.cache is None:
            return self._compute(cleaned)
        return cached(self.cache, self.content_hash, cleaned, self.dimension, self._compute)

    def _compute(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        # sentence-transformers sorts by length itself, so that a batch pads little.
        rows: Vectors = self._model.encode(
            list(texts),
            batch_size=_BATCH,
            convert_to_numpy=True,
            show_progress_bar=len(texts) >= _LONG and sys.stderr.isatty(),
        ).astype(np.float32)
        # A model that reads nothing in a text gives zeros: such texts share one fixed vector.
        rows[~rows.any(axis=1) | ~np.isfinite(rows).all(axis=1)] = np.eye(1, self.dimension)
        return rows / lengths_of(rows)


_BATCH = 64
_LONG = 2_000  # a terminal sees how far so many texts are
_WEIGHTS = frozenset({".safetensors", ".bin", ".json", ".txt", ".model"})


def _load_transformer(name: str) -> tuple[SentenceTransformer, Path]:
    """Return a sentence-transformers model and its folder; the only place that imports torch."""
    try:
        import torch
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise UsageError(
            f'encoder {name!r} needs an extra: pip install "rootcause[transformers]"'
        ) from error
    disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = Path(name)
    if not folder.is_dir():
        repository = name if "/" in name else f"sentence-transformers/{name}"
        try:
            folder = Path(snapshot_download(repository, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, FileNotFoundError) as error:
            raise ModelError(
                f"encoder {name!r} is not on this machine; put it there with "
                f"`hf download {repository}`, or give a folder"
            ) from error
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ModelError(f"encoder {folder} is no sentence-transformers folder (no modules.json)")
    try:
        model = SentenceTransformer(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        line = str(error).strip().partition("\n")[0]
        raise ModelError(f"encoder {folder} cannot be loaded ({line})") from error
    return (model.half() if torch.cuda.is_available() else model), folder
