"""The report as anyone may read it: texts masked, authors dropped, links harmless.

Every format but `reply_queue.csv` is written from what `publish` returns, so that no template can
forget to mask.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from rootcause.findings import Cause, MapPoint, Quote, ReplyRow, Report, Trust
from rootcause.redaction import redact
from rootcause.text import clean

QUOTE_CHARACTERS = 420
MAP_POINTS = 3_000
MAP_CHARACTERS = 160
_MIN_VOICES = 5
_LONGEST_WORD = 60
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_LINK = re.compile(r"https?://[A-Za-z0-9][^\s\"'<>\\`{}|^]{3,1999}", re.ASCII)
_X_POST = re.compile(r"^(?:www\.|mobile\.)?(?:twitter|x)\.com$")
_X_PATH = re.compile(r"^/[^/]+/status(?:es)?/(\d+)")


def plain(text: str, limit: int = 4_000) -> str:
    """Return `text` on one line, without controls or invisible marks, at most `limit` long."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return " ".join(text.split()) if "  " in text else text.strip()
    text = "".join(
        c for c in clean(text[: 4 * limit]) if c == "\u200d" or unicodedata.category(c)[0] != "C"
    )
    return text if len(text) <= limit else text[: limit - 1].rsplit(" ", 1)[0] + "…"


def shown(text: str, limit: int = QUOTE_CHARACTERS, names: Sequence[str] = ()) -> str:
    """Return `text` as a reader may see it: plain, masked, no endless word, at most `limit`.

    It is masked before it is cut, so that no half of an address is left at the end.
    """
    text = redact(plain(text), names)
    text = _LONG_WORD.sub(lambda m: m[0][:_LONGEST_WORD] + "…", text)
    return plain(text, limit)


def link(url: str | None) -> str | None:
    """Return `url` if it is a plain web address that names no author, else None.

    The author in the address of a post on X is dropped; the link still leads to the post.
    """
    if not url or not _LINK.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.username or not host:
        return None
    if _X_POST.match(host):
        post = _X_PATH.match(parts.path)
        return f"https://x.com/i/status/{post[1]}" if post else None
    return None if "/@" in parts.path else url


def publish(report: Report) -> Report:
    """Return `report` for every reader: masked texts, no authors, at most 3,000 dots.

    Quotes of a cause that fewer people than the minimum ever raised are left out, in the cards
    and on the map.
    """
    least = _least_voices(report.trust)
    causes = tuple(_cause(c, least) for c in report.causes)
    questions = tuple(_cause(c, least) for c in report.questions)
    quotable = {c.cause_id for c in (*causes, *questions) if c.quotes}
    return replace(
        report,
        sentence=plain(report.sentence),
        scope=plain(report.scope, 200),
        brand=plain(report.brand, 60),
        reply_note=plain(report.reply_note),
        causes=causes,
        questions=questions,
        isolated=tuple(
            replace(
                i,
                mention_id=plain(i.mention_id, 200),
                text=shown(i.text),
                area=plain(i.area, 60),
                url=link(i.url),
                channel=_short(i.channel),
                date=_short(i.date),
            )
            for i in report.isolated
        ),
        reply_queue=tuple(_reply(row) for row in report.reply_queue),
        mention_rows=tuple(
            replace(m, mention_id=plain(m.mention_id, 200)) for m in report.mention_rows
        ),
        outreach=tuple(replace(o, title=shown(o.title, 120)) for o in report.outreach),
        praise=tuple(
            replace(
                t,
                title=shown(t.title, 120),
                quotes=_quotes(t.quotes) if t.voices >= least else (),
            )
            for t in report.praise
        ),
        closest=tuple(replace(c, title=shown(c.title, 120)) for c in report.closest),
        points=tuple(
            replace(p, text=shown(p.text, MAP_CHARACTERS) if p.cause_id in quotable else "")
            for p in _sampled(report.points)
        ),
        trust=_trust(report.trust),
    )


def _least_voices(trust: Trust) -> int:
    return next((d.min_voices for d in trust.dial if d.chosen), _MIN_VOICES)


def _cause(cause: Cause, least: int) -> Cause:
    # voices summed over weeks are at least the distinct ones: too few there is too few anywhere
    ever = max(cause.voices, sum(point.voices for point in cause.series))
    return replace(
        cause,
        title=shown(cause.title, 140),
        theme=plain(cause.theme, 140),
        area=plain(cause.area, 60),
        status_reason=plain(cause.status_reason, 300),
        owner=_short(cause.owner),
        owner_email=_short(cause.owner_email),
        action=cause.action and plain(cause.action, 300),
        key_phrases=tuple(shown(k, 60) for k in cause.key_phrases),
        quotes=_quotes(cause.quotes) if ever >= least else (),
        segments=tuple(
            replace(s, column=plain(s.column, 60), value=plain(s.value, 60)) for s in cause.segments
        ),
        fix=cause.fix and replace(cause.fix, note=plain(cause.fix.note, 300)),
    )


def _quotes(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    return tuple(
        replace(
            q,
            mention_id=plain(q.mention_id, 200),
            text=shown(q.text),
            url=link(q.url),
            channel=_short(q.channel),
            date=_short(q.date),
            because=tuple(plain(phrase, 80) for phrase in q.because),
        )
        for q in quotes
    )


def _reply(row: ReplyRow) -> ReplyRow:
    text = shown(row.text, names=[row.author] if row.author else ())
    title = _title(row.cause_title)
    channel = _short(row.channel) or ""
    return replace(
        row,
        mention_id=plain(row.mention_id, 200),
        text=text,
        author="",
        url=link(row.url) or "",
        cause_title=title,
        channel=channel,
    )


@lru_cache(maxsize=1_024)
def _title(text: str) -> str:
    return shown(text, 140)  # the same few on thousands of replies


def _short(text: str | None) -> str | None:
    return text and plain(text, 80)


def _trust(trust: Trust) -> Trust:
    def pairs(rows: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((plain(name, 120), plain(value, 300)) for name, value in rows)

    return replace(
        trust,
        drift=tuple(plain(line) for line in trust.drift),
        notes=tuple(plain(line) for line in trust.notes),
        parameters=pairs(trust.parameters),
        model_card=pairs(trust.model_card),
        inputs=pairs(trust.inputs),
        versions=pairs(trust.versions),
    )


def _sampled(points: Sequence[MapPoint]) -> list[MapPoint]:
    """Return at most 3,000 points, chosen by hash: the same ones in any row order."""
    if len(points) <= MAP_POINTS:
        return list(points)

    def key(point: MapPoint) -> bytes:
        return hashlib.blake2b(repr(point).encode("utf-8", "replace"), digest_size=8).digest()

    kept = sorted(range(len(points)), key=lambda i: key(points[i]))[:MAP_POINTS]
    return [points[i] for i in sorted(kept)]
