"""The page: what the templates need, the style and script beside their hashes, one string out."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootcause.findings import CANDIDATE, Cause, Report, WeekPoint
from rootcause.report.charts import Trends
from rootcause.report.lineage import lineage_svg
from rootcause.report.numbers import Numbers, capitalised

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
_CHANGES = (
    ("new", "New"),
    ("growing", "Growing"),
    ("returned", "Returned"),
    ("fixed", "Fixed"),
    ("fading", "Fading"),
    ("gone", "Gone"),
)
_TILES = 12
_COLOURED = 8
_QUEUE_ROWS = 10
_ISOLATED_ROWS = 30
_AGES = (("under a day", 24), ("one to three days", 72), ("three to seven days", 168))
FILTERS = ("owner", "area", "status", "breadth", "kind", "segment")


@dataclass(frozen=True, kw_only=True)
class Page:
    """What differs between the report's page and an owner's: whose it is, where the others are."""

    owner: str = ""
    owner_pages: dict[str, str] = field(default_factory=dict)


def page(report: Report, numbers: Numbers, about: Page) -> str:
    """Return a published report as one HTML file that loads nothing and runs without script."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("report.html.j2")
    return str(
        template.render(
            report=report,
            n=numbers,
            about=about,
            policy=policy,
            style=style,
            script=script,
            **_view(report),
        )
    )


def _view(report: Report) -> dict[str, Any]:
    cards = (*report.causes, *report.questions)
    trends = Trends()
    live = [c for c in report.causes if not c.weak and c.status not in {"gone", "fixed"}]
    live = [c for c in live if c.voices]
    queue = sorted(report.reply_queue, key=lambda r: (-r.waiting_hours, r.mention_id))
    return {
        "trends": {c.cause_id: trends.svg(c.series, f"t-{c.cause_id}") for c in cards},
        "lives": {c.cause_id: lineage_svg(c) for c in cards},
        "described": {c.cause_id: describe(c.series) for c in cards},
        "marks": {p.mark for c in cards for p in c.series if p.mark},
        "first": live[:3],
        "tiles": [c for c in report.causes if len(c.series) > 1][:_TILES],
        "met": [c for c in report.causes if c.voices],
        "silent": [c for c in report.causes if not c.voices],
        "peaks": {c.cause_id: _peak(c.series) for c in cards},
        "changes": [(s, name, _changed(report, s)) for s, name in _CHANGES if _changed(report, s)],
        "weak": sum(c.weak for c in report.causes),
        "filters": _filters(cards),
        "segments": {c.cause_id: _segment_names(c) for c in cards},
        "titles": {c.cause_id: c.title for c in cards},
        "queue": queue[:_QUEUE_ROWS],
        "ages": _ages([r.waiting_hours for r in queue]),
        "asking": [i for i in report.isolated if i.needs_reply][:_ISOLATED_ROWS],
        "telling": [i for i in report.isolated if not i.needs_reply][:_ISOLATED_ROWS],
        "map": _map(report),
        "candidate": CANDIDATE,
    }


def describe(series: Sequence[WeekPoint]) -> str:
    """Return a chart in words, for whoever cannot see it."""
    seen = [p for p in series if p.mark != "outside"]
    if not seen:
        return "No data."
    peak = max(seen, key=lambda p: (p.voices, p.week))
    words = (
        f"Voices per week from {seen[0].week} to {seen[-1].week}: first {seen[0].voices}, "
        f"highest {peak.voices} in {peak.week}, now {seen[-1].voices}."
    )
    fixes = ", ".join(p.week for p in seen if p.mark == "fix")
    return words + (f" Fix in {fixes}." if fixes else "")


def _peak(series: Sequence[WeekPoint]) -> WeekPoint | None:
    """Return the week with most people, what the top of its chart stands for; None if nobody."""
    peak = max(series, key=lambda p: (p.rate, p.week), default=None)
    return peak if peak and peak.voices else None


def _changed(report: Report, status: str) -> list[Cause]:
    return [c for c in report.causes if c.status == status and not c.weak]


def _segment_names(cause: Cause) -> list[str]:
    return [f"{s.column}: {s.value}" for s in cause.segments]


def _filters(cards: Sequence[Cause]) -> dict[str, list[str]]:
    """Return the values of each filter that can tell cards apart."""
    values = {
        "owner": {c.owner or "no owner" for c in cards},
        "area": {c.area for c in cards if c.area},
        "status": {c.status for c in cards},
        "breadth": {c.breadth for c in cards},
        "kind": {c.kind for c in cards},
        "segment": {s for c in cards for s in _segment_names(c)},
    }
    return {
        name: sorted(found)
        for name, found in values.items()
        if len(found) > 1 or (name == "segment" and found)
    }


def _ages(hours: Sequence[float]) -> list[tuple[str, int]]:
    found: Counter[str] = Counter(
        next((name for name, limit in _AGES if h < limit), "over a week") for h in hours
    )
    names = [*(name for name, _ in _AGES), "over a week"]
    return [(name, found[name]) for name in names if found[name]]


def _map(report: Report) -> dict[str, Any] | None:
    """Return the dots in percent of the plane; the causes with most dots have colours of their own.

    A dot per complaint at its own place: nothing to compute that a chart library would know.
    """
    if len(report.points) < 2:
        return None
    titles = {c.cause_id: c.title for c in report.causes}
    sizes = Counter(p.cause_id for p in report.points if p.cause_id in titles)
    top = [i for i, _ in sorted(sizes.items(), key=lambda kv: (-kv[1], kv[0]))[:_COLOURED]]
    colour = {identifier: str(place) for place, identifier in enumerate(top, start=1)}
    dots = [
        {
            "x": f"{1000 * min(1.0, max(0.0, p.x)):.0f}",
            "y": f"{560 * (1 - min(1.0, max(0.0, p.y))):.0f}",
            "colour": colour.get(p.cause_id, "o" if p.cause_id in titles else "n"),
            "cause": p.cause_id if p.cause_id in titles else "",
            "text": p.text,
        }
        for p in sorted(report.points, key=lambda p: (p.cause_id in colour, p.cause_id in titles))
    ]
    legend = [(colour[i], i, titles[i], sizes[i]) for i in top]
    rest = sum(sizes[i] for i in sizes if i not in colour)
    alone = len(report.points) - sum(sizes.values())
    return {"dots": dots, "legend": legend, "rest": rest, "alone": alone}


def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cap"] = capitalised
    return made
