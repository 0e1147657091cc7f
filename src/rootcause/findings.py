"""The finished report as a record: `weekly` builds it, `report/` renders it.

Everything shown in any format is in here; texts meant for reading are redacted already, except
the rows of the reply queue, which exist to answer people.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 1

KINDS = ("complaint", "question")
BREADTHS = ("isolated", "recurring", "systemic")
STATUSES = ("new", "growing", "steady", "fading", "gone", "returned", "fixed")
# The headline intervals are 90 %: one chance in twenty on either side.
INTERVAL = 0.90
CANDIDATE = "A cause is a candidate: a group of complaints that read as the same problem."


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A headline number of the week beside the trailing baseline (None without history).

    `previous` is what was usual in the weeks before; `usual_low` and `usual_high` are the range
    that nine of ten such weeks fall in, None with fewer than three weeks to tell it from.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    previous: float | None = None
    usual_low: float | None = None
    usual_high: float | None = None
    unit: str = "count"  # count, share (0 to 1) or hours
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class WeekPoint:
    """One cause in one week; `rate` is per 1,000 units of exposure, with a 90 % interval."""

    week: str
    voices: int
    mentions: int
    rate: float
    low: float
    high: float
    mark: str = ""  # "", "partial", "fix", "model change", "outside" (no data that week)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A redacted quote; `role` is central, typical or sharpest."""

    mention_id: str
    text: str
    role: str
    date: str | None = None
    channel: str | None = None
    url: str | None = None
    because: tuple[str, ...] = ()  # words of it that carried its label; where it was explained


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment value over-represented in a cause: its share here against everywhere."""

    column: str
    value: str
    share: float
    base_share: float
    voices: int


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A step in a cause's life.

    `kind` is emerged, survived, split, merged, disappeared or returned; `suggested` edges wait
    for a person.
    """

    kind: str
    week: str
    cause_id: str
    other_id: str | None = None
    similarity: float | None = None
    suggested: bool = False


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A fix a person recorded, and its effect as a rate ratio after / before.

    `verdict` is worked, no effect seen, worse, returned or too early to say.
    """

    date: str
    note: str
    verdict: str
    effect: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One recurring problem (or question) in the reported week."""

    cause_id: str
    title: str
    theme: str
    area: str
    kind: str
    breadth: str
    status: str
    status_reason: str
    voices: int
    mentions: int
    share: float  # of the week's complaint voices (of the week's question voices for a question)
    rate: Estimate  # voices per 1,000 units of exposure
    change: float | None  # rate against the trailing baseline, 1.0 = unchanged
    q_value: float | None
    first_week: str
    last_week: str
    weeks_active: int
    stability: float | None  # bootstrap Jaccard, None for causes matched and not re-clustered
    weak: bool  # weak evidence, never a headline
    owner: str | None = None
    owner_email: str | None = None
    action: str | None = None
    due: str | None = None
    series: tuple[WeekPoint, ...] = ()
    key_phrases: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    segments: tuple[Segment, ...] = ()
    lineage: tuple[Edge, ...] = ()
    contacts_per_year: Estimate | None = None
    cost_per_year: Estimate | None = None
    fix: Fix | None = None
    waiting: int = 0  # service requests of this cause still without an answer
    response_hours_median: float | None = None
    response_hours_p90: float | None = None


@dataclass(frozen=True, kw_only=True)
class MentionRow:
    """One row of mentions.csv; kind is cause, question, isolated, unspecified or duplicate."""

    mention_id: str
    cause_id: str
    strength: float
    kind: str


@dataclass(frozen=True, kw_only=True)
class ReplyRow:
    """One person who still waits for an answer; text and author are unredacted."""

    mention_id: str
    created_at: str
    waiting_hours: float
    label: str
    cause_id: str
    cause_title: str
    author: str
    channel: str
    url: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Isolated:
    """A complaint that shares its cause with nobody; text redacted."""

    mention_id: str
    text: str
    area: str
    needs_reply: bool
    date: str | None = None
    channel: str | None = None
    url: str | None = None
    posts: int = 1  # how often its author posted about it


@dataclass(frozen=True, kw_only=True)
class Outreach:
    """People to tell that a cause is fixed."""

    cause_id: str
    title: str
    fix_date: str
    people: int


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A theme of praise with a few redacted quotes (none below the minimum of voices)."""

    title: str
    voices: int
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClosestGroup:
    """In a week too small to cluster: the nearest thing to a cause."""

    title: str
    voices: int


@dataclass(frozen=True, kw_only=True)
class MapPoint:
    """A complaint on the map: plane coordinates in [0, 1], its cause, a quote if allowed."""

    x: float
    y: float
    cause_id: str  # "" for isolated
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Dial:
    """What another setting of --min-voices would give."""

    min_voices: int
    causes: int  # met this week
    isolated_share: float
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class ClassVolume:
    """A label's share of the week: as classified, and corrected for measured errors."""

    label: str
    count: int
    share: float
    corrected: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What a sceptic needs: counts that reconcile, errors, parameters, versions.

    `counts` is an ordered list of (name, number): rows read = scored + rejected + already scored
    + company posts; mentions of the week = complaints + questions + rest; complaints = in causes
    + isolated + unspecified + duplicates.
    """

    counts: tuple[tuple[str, int], ...]
    volumes: tuple[ClassVolume, ...] = ()
    review_share: float = 0.0
    isolated_share: float = 0.0
    dial: tuple[Dial, ...] = ()
    drift: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # sentences: no author column, small week, model change, ...
    parameters: tuple[tuple[str, str], ...] = ()
    model_card: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()  # (file name, sha256)
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """A week's report, complete; equal inputs make equal records and equal bytes."""

    schema_version: int
    run_id: str  # hash of inputs, model and parameters
    week: str
    starts: str  # first day, ISO date
    ends: str  # last day, ISO date
    timezone: str
    partial: bool
    scope: str  # the --where filter in words, or ""
    brand: str  # most frequent brand of the week's mentions, or ""
    sentence: str
    figures: tuple[Figure, ...]
    causes: tuple[Cause, ...]  # complaints, most voices first; this week's and the recently gone
    questions: tuple[Cause, ...]
    isolated: tuple[Isolated, ...]
    reply_queue: tuple[ReplyRow, ...]
    mention_rows: tuple[MentionRow, ...]
    trust: Trust
    reply_note: str = ""  # what the dump could not say about answers
    response_hours_median: float | None = None
    response_hours_p90: float | None = None
    removable_share: float | None = None  # of complaint voices, if the top causes were fixed
    per: str = "mentions read"  # what rates are per 1,000 of
    outreach: tuple[Outreach, ...] = ()
    praise: tuple[Theme, ...] = ()
    closest: tuple[ClosestGroup, ...] = ()
    points: tuple[MapPoint, ...] = ()
