"""Erasing a person or a mention, from the register and from a scored folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rootcause.errors import UsageError
from rootcause.register.book import Register
from rootcause.register.causes import touch
from rootcause.register.scored import erase
from rootcause.register.voices import voice_of

_TABLES = ("exemplars", "assignments", "pins")


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """How many rows were erased where."""

    assignments: int
    exemplars: int
    scored: int


def forget(
    register: Register,
    *,
    who: str,
    author: str | None = None,
    mention_id: str | None = None,
    scored: Path | None = None,
) -> Forgotten:
    """Erase what one author wrote, or one mention; return how much was erased.

    Exemplars, assignments and a person's decisions about them go, counts follow, and freed pages
    are overwritten. In a scored folder the text, author and links of the rows go (see `erase`).
    The log says that something was forgotten, not whom or which. Raises UsageError unless exactly
    one of `author` and `mention_id` is given.
    """
    if bool(author) == bool(mention_id):
        raise UsageError("nothing or too much to forget; give either --author or --mention")
    in_folder, ids = (0, []) if scored is None else erase(
        scored, author=author, mention_id=mention_id
    )  # fmt: skip
    wanted = set(ids) | ({mention_id} if mention_id else set())
    with register.transaction():
        if author:
            voice = (voice_of(author, ""),)
            for table in ("assignments", "exemplars"):
                query = f"SELECT DISTINCT mention_id FROM {table} WHERE voice = ?"  # noqa: S608
                wanted.update(row[0] for row in register.rows(query, voice))
        pairs = set()
        for mention in wanted:
            pairs.update(
                register.rows(
                    "SELECT cause_id, week FROM assignments WHERE mention_id = ?"
                    " AND cause_id <> ''",
                    (mention,),
                )
            )
        gone = {
            table: sum(
                register.change(f"DELETE FROM {table} WHERE mention_id = ?", (one,))  # noqa: S608
                for one in wanted
            )
            for table in _TABLES
        }
        touch(register, pairs)
        counts = {
            "assignments": gone["assignments"],
            "exemplars": gone["exemplars"],
            "scored": in_folder,
        }
        register.log(who, "forget", None, counts)
    # the write-ahead log still holds the old pages
    register.change("PRAGMA wal_checkpoint(TRUNCATE)")
    return Forgotten(**counts)
