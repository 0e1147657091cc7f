"""Exports we know by their headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from rootcause.dumps.names import NAMES
from rootcause.dumps.sniff import plain


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
