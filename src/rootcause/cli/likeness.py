"""Texts and scored mentions brought into the space in which a register keeps its exemplars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from rootcause import encode
from rootcause.errors import ModelError
from rootcause.lens import load_lens, represent
from rootcause.pools import represented_dimension
from rootcause.records import Vectors
from rootcause.redaction import redact
from rootcause.register import Exemplar, Register
from rootcause.scored import open_scored


def encode_like(book: Register, text: str, name: str) -> Vectors:
    """Return the vector (d,) of `text`; raises ModelError if `name` is not the book's encoder."""
    encoder = encode.load_encoder(name)
    if encoder.content_hash != book.fact("encoder_hash"):
        raise ModelError(
            f"register {book.path} was made with encoder {book.fact('encoder_name')}, not "
            f"{encoder.name}; give that one with --encoder"
        )
    vector: Vectors = represent([text], encoder.encode([text]))[0]
    return vector


def space_of(name: str) -> tuple[Callable[[Sequence[str]], Vectors], dict[str, str]]:
    """Return how texts come into the space of an encoder and lens, and the facts that name it."""
    encoder = encode.load_encoder(name)

    def encoded(texts: Sequence[str]) -> Vectors:
        return represent(texts, encoder.encode(list(texts)))

    return encoded, {
        "encoder_name": encoder.name,
        "encoder_hash": encoder.content_hash,
        "lens_hash": load_lens().content_hash,
        "dimension": str(represented_dimension(encoder.dimension)),
    }


def model_of(scored: Path, space: Mapping[str, str]) -> str:
    """Return the model that scored a folder; raises ModelError if with another encoder."""
    facts = open_scored(scored).manifest
    if facts.encoder_hash != space["encoder_hash"]:
        raise ModelError(
            f"{scored} was scored with encoder {facts.encoder} ({facts.encoder_hash[:12]}), not "
            f"{space['encoder_name']}; give that one with --encoder"
        )
    return facts.model_id


def as_kept(found: Sequence[Exemplar]) -> list[Exemplar]:
    """Return scored mentions, which hold encoder vectors, as exemplars: names masked."""
    if not found:
        return []
    vectors = represent([one.text for one in found], np.stack([one.vector for one in found]))
    return [
        one._replace(text=redact(one.text), vector=vector)
        for one, vector in zip(found, vectors, strict=True)
    ]
