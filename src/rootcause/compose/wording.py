"""The week in a sentence, the four figures, and the themes that areas belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from rootcause.compose.replies import Answers
from rootcause.findings import Cause, ClassVolume, Figure
from rootcause.register import WeekFacts
from rootcause.trends.change import LEAST_BASELINE

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


@dataclass(frozen=True, kw_only=True)
class Complaints:
    """The week's complaints in mentions: as counted, in causes, and as probabilities add up."""

    counted: int
    explained: int
    expected: float | None = None


def theme_of(area: str) -> str:
    """Return the theme of an area."""
    return _THEME_OF.get(area, "Everything else")


def figures(
    table: pa.Table,
    past: Sequence[WeekFacts],
    volumes: Sequence[ClassVolume],
    complaints: Complaints,
    answers: Answers,
    usual_queue: Sequence[int],
) -> tuple[Figure, ...]:
    """Return mentions, share of complaints, requests waiting, share explained by causes.

    `past` are the earlier reported weeks of the window and `usual_queue` the reply queues at
    their ends: what is usual. Mentions are counted and have no interval of their own; the other
    intervals hold sampling and, for complaints and requests, the classifier's measured mistakes.
    """
    total = table.num_rows
    waiting = len(answers.queue)
    history = {
        name: [w.figures[name] for w in past if name in w.figures]
        for name in ("mentions", "complaint_share", "explained_share")
    }
    share = complaint_interval(complaints, total)
    cover = share_interval(complaints.explained, complaints.counted)
    queue = _queue_interval(waiting, volumes)
    return (
        _compared(
            Figure(name="Mentions", value=float(total), note="counted, not estimated"),
            history["mentions"],
        ),
        _compared(
            Figure(
                name="Complaints",
                value=complaints.counted / total if total else 0.0,
                low=share[0],
                high=share[1],
                unit="share",
                note=f"{complaints.counted:,} of {total:,} mentions",
            ),
            history["complaint_share"],
        ),
        _compared(
            Figure(
                name="Requests waiting",
                value=float(waiting),
                low=queue[0],
                high=queue[1],
                note=_queue_note(answers),
            ),
            [float(count) for count in usual_queue],
        ),
        _compared(
            Figure(
                name="Explained by causes",
                value=complaints.explained / complaints.counted if complaints.counted else 0.0,
                low=cover[0],
                high=cover[1],
                unit="share",
                note=f"{complaints.explained:,} of {complaints.counted:,} complaints",
            ),
            history["explained_share"],
        ),
    )


def complaint_interval(complaints: Complaints, total: int) -> tuple[float, float]:
    """Return the 90 % interval of the share of complaints, sampling and mistakes together.

    It reaches from the lower end of the share as counted, or as the calibrated probabilities of
    all mentions add up where that is less, to the upper end of the higher of the two.
    """
    counted = share_interval(complaints.counted, total)
    if not total or complaints.expected is None:
        return counted
    likely = share_interval(round(complaints.expected), total)
    return min(counted[0], likely[0]), max(counted[1], likely[1])


def _queue_interval(
    waiting: int, volumes: Sequence[ClassVolume]
) -> tuple[float | None, float | None]:
    """Return how many people may truly wait, as many times the queue as requests were corrected."""
    known = next((v for v in volumes if v.label == "service_request"), None)
    if known is None or known.corrected is None or not known.share:
        return None, None
    low, high = known.corrected.low / known.share, known.corrected.high / known.share
    return float(round(waiting * min(low, 1.0))), float(round(waiting * max(high, 1.0)))


def _compared(figure: Figure, values: Sequence[float]) -> Figure:
    """Return the figure beside the mean of earlier weeks and the range of nine in ten such weeks.

    A prediction interval of Student's t, kept to what the unit allows; none from fewer than 3.
    """
    if not values:
        return figure
    mean = float(np.mean(values))
    if len(values) < LEAST_BASELINE:
        return replace(figure, previous=mean)
    from scipy.stats import t

    spread = np.std(values, ddof=1) * (1 + 1 / len(values)) ** 0.5
    half = float(t.ppf(0.95, len(values) - 1) * spread)
    most = 1.0 if figure.unit == "share" else mean + half
    return replace(
        figure,
        previous=mean,
        usual_low=max(0.0, mean - half),
        usual_high=min(most, mean + half),
    )


def _queue_note(answers: Answers) -> str:
    if not answers.known:
        return "the export does not say who was answered"
    hours = max((row.waiting_hours for row in answers.queue), default=None)
    if hours is None:
        return "nobody waits"
    return (
        f"the oldest for {hours:.0f} hours"
        if hours < 48
        else f"the oldest for {hours / 24:.0f} days"
    )


def sentence(heads: Sequence[Figure], causes: Sequence[Cause]) -> str:
    """Return the week in one or two sentences, from strong evidence only."""
    mentions, share = int(heads[0].value), heads[1].value
    strong = [cause for cause in causes if not cause.weak and cause.voices]
    text = f"{share:.0%} of {mentions:,} mentions were complaints"
    if not strong:
        return f"{text}; no recurring problem stands out."
    top = strong[0]
    text += f"; the most widespread problem is “{top.title}” ({people(top.voices)})"
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


def people(count: int) -> str:
    """Return `1 person` or `27 people`."""
    return f"{count:,} {'person' if count == 1 else 'people'}"


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
