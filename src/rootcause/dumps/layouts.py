"""Exports we know by their headers, and the names that columns go by elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from rootcause.dumps.sniff import plain

# What a column may be named, best first, in the spelling of `sniff.plain`.
NAMES: dict[str, tuple[str, ...]] = {
    name: tuple(aliases.split(" | "))
    for name, aliases in {
        "mention_id": "mention id | tweet id | id str | id | review id | ticket id | ticket"
        " | ticket number | complaint id | comment id | post id | message id | status id"
        " | resource id | external id | case number | case id | uuid",
        "text": "full text | text | tweet text | tweet | conversation stream | hit sentence"
        " | mention content | mention snippet | body | message | message text | content"
        " | review text | review body | review content | review | review s | comment text"
        " | comment | post text | post content | post | selftext | caption"
        " | ticket description | description | email body | consumer complaint narrative"
        " | complaint text | complaint description | customer complaint | narrative"
        " | feedback | verbatim | transcript | utterance | snippet | opening text | mention"
        " | conteúdo | conteudo | contenido | texto | contenu | texte | inhalt | nachricht"
        " | testo | tekst | treść",
        "title": "title | review title | subject | headline | ticket subject | titel | titulo"
        " | título | titre | oggetto | betreff",
        "created_at": "created at | created time | created date | date created | createdtime"
        " | created utc | created | tweet created | created datetime | creation date | published"
        " | published at | date published | publish date | posted at | post date | date posted"
        " | posted | review date | date received | received at | received date | date submitted"
        " | submitted at | submission date | opened at | date | datetime | date time | timestamp"
        " | at | date month year | data | datum | fecha | date utc | indexed at | time",
        "time": "time | hora | uhrzeit | heure | ora",
        "author": "author username | author screen name | sender screen name"
        " | twitter screen name | screen name | username | author | author handle | handle"
        " | user name | author name | influencer | author id | user id | user | requester id"
        " | requester email | requester | requester name | customer email | customer id"
        " | customer name | customer | reviewer name | reviewer | contact id | email | full name"
        " | autor | auteur | autore | sender | name",
        "channel": "channel | page type | source type | platform | network | sn type"
        " | sn type column | via channel | via | received via | submitted via | source"
        " | content source name | content source | media type | fonte | quelle",
        "brand": "brand | brand name | airline | query name | matched profile | app | app name"
        " | company | company name | input name | product",
        "url": "url | link | permalink | original url | tweet url | post url | review url"
        " | ticket url | uri",
        "language": "language | lang | language code | idioma | sprache | langue",
        "thread_id": "thread id | conversation id | thread | discussion id",
        "parent_id": "in response to tweet id | in reply to status id str"
        " | in reply to status id | in reply to id | replied to id | parent id | parent post id"
        " | reply to id | x reply to | twitter reply to",
        "inbound": "inbound | is inbound | direction",
        "answered_at": "answered at | initial response time | first response at"
        " | first replied at | first reply at | replied at | reply date | response date",
        "answer_minutes": "first reply time in minutes",
        "reply": "reply content",
        "status": "status | ticket status | case status",
        "resolved_at": "resolved time | resolved at | solved at | closed at | closed time",
    }.items()
}

# Columns that hold many things besides a brand: taken for one only where few values repeat.
DOUBTFUL_BRANDS = frozenset(("app", "app name", "company", "company name", "product", "input name"))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An export known by its headers.

    `columns` overrides NAMES: all those present are tried row by row until one is filled; an
    empty tuple means that the export has no such column. `joined`: title and text make the text.
    """

    name: str
    needs: tuple[str, ...]
    any_of: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joined: bool = False
    html: bool = False
    channel: str | None = None
    note: str = ""

    def fits(self, headers: frozenset[str]) -> bool:
        """Tell whether an export with these (plain) headers is of this layout."""
        return headers.issuperset(self.needs) and (
            not self.any_of or not headers.isdisjoint(self.any_of)
        )


_TITLELESS: dict[str, tuple[str, ...]] = {"title": ()}

LAYOUTS = (
    Layout(
        name="Brandwatch",
        needs=("query name", "page type"),
        any_of=("full text", "snippet", "query id"),
        columns={
            "mention_id": ("mention id", "resource id"),
            "text": ("full text", "snippet", "title"),
            "created_at": ("date", "added"),
            "author": ("author", "full name"),
            "parent_id": ("x reply to", "twitter reply to", "parent post id"),
            "brand": ("query name",),
            "status": (),
            **_TITLELESS,
        },
    ),
    Layout(
        name="Meltwater",
        needs=("hit sentence", "opening text"),
        columns={
            "mention_id": ("tweet id",),
            "text": ("hit sentence", "opening text", "headline"),
            "author": ("twitter screen name", "influencer"),
            "channel": ("source",),
            "brand": ("input name",),
            "created_at": ("date",),
            **_TITLELESS,
        },
    ),
    Layout(
        name="Sprinklr",
        needs=("sender screen name",),
        any_of=("conversation stream", "message", "sn type", "sn type column"),
        columns={
            "text": ("conversation stream", "message"),
            "author": ("sender screen name", "author screen name", "user name"),
            "channel": ("sn type", "sn type column", "media type"),
            "mention_id": (),
            **_TITLELESS,
        },
    ),
    Layout(
        name="Talkwalker",
        needs=("published", "content", "source type"),
        columns={
            "mention_id": ("external id",),
            "text": ("content", "title"),
            "created_at": ("published",),
            "author": (
                "extra author attributes short name",
                "extra author attributes name",
                "extra author attributes id",
            ),
            "brand": ("matched profile",),
            **_TITLELESS,
        },
    ),
    Layout(
        name="Determ",
        needs=("mention snippet",),
        columns={"text": ("mention snippet", "title"), "channel": ("from",), **_TITLELESS},
    ),
    Layout(
        name="Brand24",
        needs=("author", "source"),
        any_of=("influencer score", "mention content", "conteúdo"),
        columns={"text": ("text", "mention content", "content", "title"), **_TITLELESS},
    ),
    Layout(
        name="Brand24",
        needs=("conteúdo", "autor", "fonte"),
        columns=_TITLELESS,
    ),
    Layout(
        name="Zendesk JSON",
        needs=("description", "requester id"),
        columns={"channel": ("via channel",), "author": ("requester id",), "answered_at": ()},
        joined=True,
    ),
    Layout(
        name="Zendesk",
        needs=("requester", "assignee", "subject"),
        columns={
            "text": ("description", "description txt", "subject"),
            "author": ("requester id", "requester email", "requester"),
            "brand": ("brand",),
            **_TITLELESS,
        },
        note="Zendesk's CSV has no ticket body, so the subject is read; its JSON export has it",
    ),
    Layout(
        name="Freshservice",
        needs=("requester name", "created time", "subject"),
        columns={
            "text": ("description",),
            "author": ("requester email", "requester name"),
            "brand": (),
        },
        joined=True,
    ),
    Layout(
        name="Freshdesk",
        needs=("ticket id", "subject", "created time"),
        columns={
            "text": ("description",),
            "author": ("contact id", "email", "full name"),
            "brand": ("product",),
        },
        joined=True,
    ),
    Layout(
        name="Gorgias",
        needs=("ticket url",),
        columns={
            "mention_id": ("ticket id", "id", "ticket url"),
            "text": ("email body", "body", "message"),
            "author": ("customer email",),
            "brand": ("ticket field product",),
        },
        joined=True,
    ),
    Layout(
        name="Customer Support on Twitter",
        needs=("tweet id", "author id", "inbound", "in response to tweet id"),
        columns={"author": ("author id",)},
        channel="twitter",
    ),
    Layout(
        name="Twitter US Airline Sentiment",
        needs=("tweet id", "airline sentiment", "airline"),
        columns={"author": ("name",), "created_at": ("tweet created",)},
        channel="twitter",
    ),
    Layout(
        name="CFPB",
        needs=("date received", "issue"),
        any_of=("consumer complaint narrative", "complaint id"),
        columns={
            "text": ("consumer complaint narrative",),
            "brand": ("company",),
            "status": ("company response to consumer",),
            "author": (),
        },
        note="complaints published without a narrative have no text and are rejects",
    ),
    Layout(
        name="Google Play",
        needs=("content", "score", "at"),
        columns={
            "author": ("user name",),
            "created_at": ("at",),
            "answered_at": ("replied at",),
            **_TITLELESS,
        },
        channel="google play",
    ),
    Layout(
        name="X API v1.1",
        needs=("id str", "user screen name", "created at"),
        columns={
            "text": (
                "retweeted status extended tweet full text",
                "retweeted status full text",
                "extended tweet full text",
                "full text",
                "text",
            ),
            "author": ("user screen name",),
            "created_at": ("created at",),
            "channel": (),
            **_TITLELESS,
        },
        channel="x",
    ),
    Layout(
        name="X API v2",
        needs=("id", "text", "author id", "created at"),
        any_of=(
            "author username",
            "edit history tweet ids",
            "conversation id",
            "public metrics like count",
            "replied to id",
        ),
        columns={
            "author": ("author username", "author id"),
            "channel": (),
            "created_at": ("created at",),
            **_TITLELESS,
        },
        channel="x",
    ),
    Layout(
        name="Bluesky",
        needs=("uri", "record text"),
        columns={
            "mention_id": ("uri",),
            "text": ("record text",),
            "created_at": ("record created at", "indexed at"),
            "author": ("author handle", "author did"),
            "language": ("record langs 0",),
            "thread_id": ("record reply root uri",),
            "parent_id": ("record reply parent uri",),
            **_TITLELESS,
        },
        channel="bluesky",
    ),
    Layout(
        name="Mastodon",
        needs=("content", "account acct", "created at"),
        columns={
            "text": ("content",),
            "author": ("account acct",),
            "url": ("url", "uri"),
            "title": ("spoiler text",),
            "mention_id": ("id",),
            "channel": (),
        },
        joined=True,
        html=True,
        channel="mastodon",
    ),
)

FIELDS = tuple(NAMES)


@cache
def known_names() -> frozenset[str]:
    """Return every header that means something to us, as `plain` spells it."""
    names = {name for aliases in NAMES.values() for name in aliases}
    for layout in LAYOUTS:
        names.update(layout.needs, layout.any_of, *layout.columns.values())
    return frozenset(names)


def recognise(headers: Iterable[str]) -> Layout | None:
    """Return the layout of an export with these headers, None if it is none we know."""
    names = frozenset(map(plain, headers))
    return next((layout for layout in LAYOUTS if layout.fits(names)), None)
