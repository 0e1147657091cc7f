"""The week in a sentence, the four figures, and the themes that areas belong to."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from rootcause.compose.replies import Answers
from rootcause.findings import Cause, Figure
from rootcause.register import WeekFacts

# A reader sees eight themes above thirty causes.
THEMES = {
    "Reaching a person": ("reach", "followup", "staff", "information", "queue"),
    "Money": ("refund", "fees", "billing", "loyalty"),
    "Terms and leaving": ("terms", "cancellation", "recovery"),
    "Delivery and time": ("delay", "order", "lost", "availability"),
    "Account and safety": ("account", "security"),
    "App and design": ("app", "design", "access"),
    "Service and product": ("outage", "product"),
    "Everything else": ("ads", "general", "other"),
}
_THEME_OF = {area: theme for theme, areas in THEMES.items() for area in areas}


def theme_of(area: str) -> str:
    """Return the theme of an area."""
    return _THEME_OF.get(area, "Everything else")


def figures(
    table: pa.Table,
    past: Sequence[WeekFacts],
    complaints: int,
    explained: int,
    answers: Answers,
) -> tuple[Figure, ...]:
    """Return mentions, share of complaints, requests waiting, share explained by causes.

    `complaints` and `explained` count mentions; `past` are the earlier reported weeks of the
    window, whose means are the baseline.
    """
    total = table.num_rows
    waiting = len(answers.queue)
    values = {
        "mentions": float(total),
        "complaint_share": complaints / total if total else 0.0,
        "waiting": float(waiting),
        "explained_share": explained / complaints if complaints else 0.0,
    }
    before = {name: _mean([w.figures.get(name) for w in past]) for name in values}
    share = share_interval(complaints, total)
    cover = share_interval(explained, complaints)
    oldest = max((row.waiting_hours for row in answers.queue), default=None)
    return (
        Figure(name="Mentions", value=values["mentions"], previous=before["mentions"]),
        Figure(
            name="Complaints",
            value=values["complaint_share"],
            low=share[0],
            high=share[1],
            previous=before["complaint_share"],
            unit="share",
            note=f"{complaints:,} of {total:,} mentions",
        ),
        Figure(
            name="Requests waiting",
            value=values["waiting"],
            previous=before["waiting"],
            note=f"the oldest for {oldest / 24:.0f} days" if oldest else answers.note,
        ),
        Figure(
            name="Explained by causes",
            value=values["explained_share"],
            low=cover[0],
            high=cover[1],
            previous=before["explained_share"],
            unit="share",
            note=f"{explained:,} of {complaints:,} complaints",
        ),
    )


def sentence(heads: Sequence[Figure], causes: Sequence[Cause]) -> str:
    """Return the week in one or two sentences, from strong evidence only."""
    mentions, share = int(heads[0].value), heads[1].value
    strong = [cause for cause in causes if not cause.weak and cause.voices]
    text = f"{share:.0%} of {mentions:,} mentions were complaints"
    if not strong:
        return f"{text}; no recurring problem stands out."
    top = strong[0]
    text += f"; the most widespread problem is “{top.title}” ({top.voices} voices)"
    parts = []
    for status, word in (("new", "new"), ("growing", "growing"), ("returned", "back")):
        titles = [f"“{c.title}”" for c in strong if c.status == status]
        if titles:
            more = f" and {len(titles) - 2} more" if len(titles) > 2 else ""
            parts.append(f"{word}: {', '.join(titles[:2])}{more}")
    fixed = [f"“{c.title}”" for c in causes if c.status == "fixed"]
    if fixed:
        parts.append(f"fixed: {', '.join(fixed[:2])}")
    return f"{text}. {_upper('; '.join(parts))}." if parts else f"{text}."


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def share_interval(part: int, whole: int) -> tuple[float, float]:
    """Return Jeffreys' 90 % interval of a share (Brown, Cai and DasGupta 2001)."""
    from scipy.stats import beta

    if not whole:
        return 0.0, 1.0
    low = float(beta.ppf(0.05, part + 0.5, whole - part + 0.5)) if part else 0.0
    high = float(beta.ppf(0.95, part + 0.5, whole - part + 0.5)) if part < whole else 1.0
    return low, high
