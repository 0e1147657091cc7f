"""A register moved to another encoder or lens: the same causes in a new space."""

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


def move(register: Register, encode: Encode, space: Mapping[str, str], *, who: str) -> int:
    """Encode all exemplars again from their stored texts; return how many there are.

    `encode` gives (n, d) unit rows, `space` the facts named in `SPACE`. One transaction: vectors,
    facts and the log's entry change together or not at all. Ids, members, weeks and counts stay.
    Raises UsageError if the register is in that space already or in none yet, DataError if
    `encode` gives rows of another dimension.
    """
    with register.transaction():
        before = {key: register.fact(key) or "" for key in SPACE}
        if not before["encoder_hash"]:
            raise UsageError(
                f"register {register.path} is bound to no encoder yet; the first "
                "`rootcause report` binds it"
            )
        if all(before[key] == space[key] for key in SPACE if key != "encoder_name"):
            raise UsageError(
                f"register {register.path} is with encoder {before['encoder_name']} "
                f"({before['encoder_hash'][:12]}) already; name another with --encoder"
            )
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
        for key in SPACE:
            register.set_fact(key, space[key])
        latest = register.rows("SELECT max(week) FROM weeks")[0][0]
        details = {"from": before, "to": dict(space), "after": latest, "exemplars": len(rows)}
        register.log(who, MOVED, None, details)
    return len(rows)


def breaks(register: Register) -> list[tuple[str, str, str]]:
    """Return (last week before it, encoder before, encoder after) of each move, oldest first."""
    found = []
    for row in register.history():
        if row.action == MOVED and row.details["after"]:
            before, after = row.details["from"], row.details["to"]
            assert isinstance(before, dict) and isinstance(after, dict)  # noqa: S101 - for mypy
            names = (
                f"{space['encoder_name']} ({str(space['encoder_hash'])[:12]})"
                for space in (before, after)
            )
            found.append((str(row.details["after"]), *names))
    return [(week, old, new) for week, old, new in found]
