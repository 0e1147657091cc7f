"""Texts to unit vectors: the built-in static encoder and any sentence-transformers model."""

from __future__ import annotations

import json
from pathlib import Path

from rootcause.bundled import bundled
from rootcause.encode.static import StaticEncoder, Tokens
from rootcause.encode.transformer import TransformerEncoder
from rootcause.records import Encoder

__all__ = ["StaticEncoder", "Tokens", "TransformerEncoder", "load_encoder"]


def load_encoder(
    name: str = "builtin", *, cache: Path | None = None, max_length: int | None = None
) -> Encoder:
    """Return the encoder called `name`.

    `builtin` is the shipped one; a folder with our `config.json` is a StaticEncoder; anything
    else is the name or path of a sentence-transformers model, whose vectors are kept in the
    folder `cache` if given and which reads at most `max_length` tokens of a text. Nothing is
    ever downloaded. Raises ModelError if the model is missing or damaged, UsageError if the
    extra `transformers` is not installed.
    """
    if name == "builtin":
        return StaticEncoder.load(bundled("models/encoder"), name=name)
    folder = Path(name)
    if (folder / "config.json").is_file() and (folder / "tokenizer.json").is_file():
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if isinstance(config, dict) and config.get("kind") == "rootcause-static":
            return StaticEncoder.load(folder, name=name)
    return TransformerEncoder.load(name, cache=cache, max_length=max_length)
