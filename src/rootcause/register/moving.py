"""A register moved to another encoder, lens or model: the same causes in a new space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rootcause.errors import DataError, UsageError
from rootcause.records import Vectors
from rootcause.register.book import Register

MOVED = "migrate"
# The facts of a register that say in which space its vectors lie.
SPACE = ("encoder_name", "encoder_hash", "lens_hash", "dimension")

Encode = Callable[[Sequence[str]], Vectors]


def move(
    register: Register,
    encode: Encode,
    space: Mapping[str, str],
    *,
    who: str,
    model_id: str | None = None,
) -> int:
    """Encode all exemplars again from their stored texts; return how many were.

    `encode` gives (n, d) unit rows, `space` the facts named in `SPACE`, `model_id` the model that
    labels from now on. One transaction: vectors, facts and the log's entry change together or not
    at all. Ids, members, weeks and counts stay. Raises UsageError if the register is there already
    or in no space yet, DataError if `encode` gives rows of another dimension.
    """
    with register.transaction():
        before = {key: register.fact(key) or "" for key in SPACE}
        if not before["encoder_hash"]:
            raise UsageError(
                f"register {register.path} is bound to no encoder yet; the first "
                "`rootcause report` binds it"
            )
        here = all(before[key] == space[key] for key in SPACE if key != "encoder_name")
        model = register.model_id() or ""
        if here and model_id in (None, model):
            raise UsageError(
                f"register {register.path} is with encoder {before['encoder_name']} "
                f"({before['encoder_hash'][:12]}) already; name another with --encoder, or a "
                "folder that another model scored with --scored"
            )
        count = 0 if here else _encode_again(register, encode, space)
        for key in SPACE:
            register.set_fact(key, space[key])
        if model_id is not None:
            register.set_fact("model_id", model_id)
        latest = register.rows("SELECT max(week) FROM weeks")[0][0]
        details = {
            "from": {**before, "model_id": model},
            "to": {**space, "model_id": model if model_id is None else model_id},
            "after": latest,
            "exemplars": count,
        }
        register.log(who, MOVED, None, details)
    return count


def _encode_again(register: Register, encode: Encode, space: Mapping[str, str]) -> int:
    rows = register.rows("SELECT text, cause_id, mention_id FROM exemplars ORDER BY 2, 3")
    if rows:
        vectors = np.asarray(encode([row[0] for row in rows]), np.float16)
        if vectors.shape != (len(rows), int(space["dimension"])):
            raise DataError(
                f"encoder {space['encoder_name']} gave vectors of shape {vectors.shape}, not "
                f"({len(rows)}, {space['dimension']}); check it with another text"
            )
        register.change_many(
            "UPDATE exemplars SET vector = ? WHERE cause_id = ? AND mention_id = ?",
            [(vector.tobytes(), *row[1:]) for vector, row in zip(vectors, rows, strict=True)],
        )
    return len(rows)


def breaks(register: Register) -> list[tuple[str, str, str]]:
    """Return (last week before it, encoder before, encoder after) of each move, oldest first.

    A move to another model alone is none of these: each week says which model labeled it.
    """
    found = []
    for row in register.history():
        if row.action == MOVED and row.details["after"]:
            before, after = row.details["from"], row.details["to"]
            assert isinstance(before, dict) and isinstance(after, dict)  # noqa: S101 - for mypy
            if all(before[key] == after[key] for key in SPACE):
                continue
            names = (
                f"{space['encoder_name']} ({str(space['encoder_hash'])[:12]})"
                for space in (before, after)
            )
            found.append((str(row.details["after"]), *names))
    return [(week, old, new) for week, old, new in found]
