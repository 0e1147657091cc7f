"""A register taken over by another model, encoder or cause lens, said aloud and on record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootcause.errors import ModelError, UsageError
from rootcause.lens import load_lens, represent
from rootcause.match import learn_all, match
from rootcause.records import Encoder
from rootcause.register import Register
from rootcause.scored import Scored

# A cause that recognises fewer of its own exemplars than this is not well told from the others.
RECOGNISED = 0.5


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """How many exemplars of how many causes were encoded anew, and which causes blur."""

    exemplars: int
    causes: int
    blurred: tuple[str, ...]


def migrate(register: Register, scored: Scored, encoder: Encoder, *, who: str) -> Migrated:
    """Bring a register to the model and encoder of a scored folder, in one transaction.

    Every exemplar is encoded anew from its stored text; ids, people's words, counts and lineage
    stay. Weeks reported so far keep what the old model said; the log tells the reports after which
    week the series breaks. Raises ModelError if `encoder` is not the folder's, UsageError if there
    is nothing to migrate or the time zones differ.
    """
    facts = scored.manifest
    if encoder.content_hash != facts.encoder_hash:
        raise ModelError(
            f"{scored.folder} was scored with encoder {facts.encoder} ({facts.encoder_hash[:12]}), "
            f"not {encoder.name}; give that one with --encoder"
        )
    if register.fact("timezone") not in (None, facts.timezone):
        raise UsageError(
            f"register {register.path} counts weeks in {register.fact('timezone')}, {scored.folder}"
            f" in {facts.timezone}; score again with --timezone {register.fact('timezone')}"
        )
    with register.transaction():
        new = {
            "encoder_name": facts.encoder,
            "encoder_hash": facts.encoder_hash,
            "lens_hash": load_lens().content_hash,
            "model_id": facts.model_id,
        }
        old = {key: register.fact(key) for key in new}
        old["model_id"] = register.model_id()
        if old == new:
            raise UsageError(
                f"register {register.path} is of this model and encoder already; nothing to migrate"
            )
        rows = register.rows(
            "SELECT cause_id, mention_id, text FROM exemplars ORDER BY cause_id, mention_id"
        )
        vectors = np.zeros((0, facts.dimension), dtype=np.float32)
        if rows:
            texts = [row[2] for row in rows]
            vectors = represent(texts, encoder.encode(texts))
            new["dimension"] = str(vectors.shape[1])
        register.change_many(
            "UPDATE exemplars SET vector = ? WHERE cause_id = ? AND mention_id = ?",
            [(vector.astype(np.float16).tobytes(), row[0], row[1])
             for vector, row in zip(vectors, rows, strict=True)],
        )  # fmt: skip
        for key, value in new.items():
            register.set_fact(key, value)
        weeks = register.weeks()
        details = {
            "after": str(weeks[-1].week) if weeks else "",
            "exemplars": len(rows),
            "from": old,
            "to": {key: new[key] for key in old},
        }
        register.log(who, "migrate", None, details)
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row[0], []).append(place)
    return Migrated(
        exemplars=len(rows), causes=len(places), blurred=_blurred(register, places, vectors)
    )


def _blurred(
    register: Register, places: dict[str, list[int]], vectors: np.ndarray
) -> tuple[str, ...]:
    """Return the open causes whose exemplars mostly do not find home any more."""
    named = {cause.cause_id for cause in register.causes() if cause.state == "open"}
    ids = [cause_id for cause_id in places if cause_id in named]
    prototypes = learn_all([vectors[places[cause_id]] for cause_id in ids])
    return tuple(
        cause_id
        for number, cause_id in enumerate(ids)
        if (match(vectors[places[cause_id]], prototypes)[0] == number).mean() < RECOGNISED
    )
