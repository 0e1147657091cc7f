"""The people to tell that a cause is fixed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rootcause.register.book import Register
from rootcause.register.scored import iter_rows, read_mentions_by_id
from rootcause.register.voices import voice_of

_COLUMNS = ("mention_id", "author", "channel", "created_at", "url", "label", "text")
HEADER = ("author", "channel", "mentions", "first_at", "last_at", "url", "label")


class Person(NamedTuple):
    """One person who wrote about a cause; times are ISO, UTC; `url` leads to the oldest post.

    `label` is service_request where any of the posts asks for something; then channel and link
    are of the oldest such post.
    """

    author: str
    channel: str
    mentions: int
    first_at: str
    last_at: str
    url: str
    label: str


def people_to_tell(register: Register, cause_id: str, scored: Path) -> list[Person]:
    """Return one row per person of a cause: service requests first, then oldest first.

    Reposters count as people too. Posts without an author are one row per distinct text. Raises
    DataError if the folder holds no scored mentions.
    """
    ids = {row.mention_id for row in register.mentions_of(cause_id)}
    posts: dict[int, list[tuple[bool, str, str, str, str, str]]] = {}
    for row in iter_rows(read_mentions_by_id(scored, ids, _COLUMNS)):
        _, author, channel, created, url, label, text = row
        if not author and not text:  # forgotten
            continue
        name, words = str(author or ""), str(text or "")
        moment = created.astimezone(UTC) if isinstance(created, datetime) else None
        posts.setdefault(voice_of(name, words), []).append(
            (
                label != "service_request",
                moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else "",
                name,
                str(channel or ""),
                str(url or ""),
                str(label),
            )
        )
    people = []
    for rows in posts.values():
        passive, _, author, channel, url, label = min(rows)
        times = sorted(row[1] for row in rows)
        person = Person(author, channel, len(rows), times[0], times[-1], url, label)
        people.append((passive, person.first_at, author, person))
    return [row[-1] for row in sorted(people)]
