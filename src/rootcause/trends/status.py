"""One word for where a cause stands, and the sentence that says by which rule."""

from __future__ import annotations

from dataclasses import dataclass

from rootcause.trends import fixes
from rootcause.trends.change import LEAST_BASELINE, NEW_WEEKS

FALSE_DISCOVERIES = 0.10
GONE_AFTER = 4
FIRST_WEEK = 2  # times the voices of a problem, for a new one in its first week
SEEN_AGAIN = 3  # voices of a week that can be news of a return
QUIET = 0.25  # a week with at most this share of the voices now and at the height before


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rule looks at; weeks are counted back from the reported one (0 = this week)."""

    voices: int  # of the reported week
    first_seen: int  # weeks since the first voice
    silent: int  # weeks since the last voice (0 = this week)
    gap: int | None  # silent weeks before the last comeback, None if there was none
    back_for: int  # weeks since that comeback (0 = this week)
    back_voices: int  # voices since that comeback
    history: int  # weeks with data before the first voice
    ratio: float  # this week's rate against the baseline, NaN without one
    q: float  # adjusted p-value of that change, NaN without a baseline
    expected: float  # voices that the baseline predicts for this week
    above_season: bool | None  # above the seasonal bound; None without a year of weeks
    verdict: str | None  # of the standing fix
    fixed_on: str = ""
    ratio_after: float = float("nan")  # effect of the fix
    by: str = "share of mentions and count"  # what must agree


def status(
    facts: Facts,
    *,
    min_voices: int = 5,
    false_discoveries: float = FALSE_DISCOVERIES,
    gone_after: int = GONE_AFTER,
) -> tuple[str, str]:
    """Return the status and its reason; the first rule that holds decides.

    The rules, in order: fixed, returned after a fix, gone, returned, new, growing, fading, steady
    (docs/trends.md spells each out).
    """
    if facts.verdict == fixes.RETURNED:
        return "returned", f"fixed on {facts.fixed_on}, fell, and is back at its old level"
    if facts.verdict == fixes.WORKED:
        return "fixed", (
            f"fixed on {facts.fixed_on}; since then at {_times(facts.ratio_after)} the rate before"
        )
    if facts.silent >= gone_after:
        return "gone", f"nobody for {facts.silent} weeks ({gone_after} make a cause gone)"
    back = facts.gap is not None and facts.gap >= gone_after and facts.back_for < NEW_WEEKS
    if back and facts.voices:
        # a week in which one or two met it is no news of its return
        if facts.back_voices >= min_voices and facts.voices >= min(SEEN_AGAIN, min_voices):
            since = f" for {facts.back_for + 1} weeks" if facts.back_for else ""
            return "returned", (
                f"back{since} with {_people(facts.back_voices)}, after {facts.gap} weeks with "
                "none or few"
            )
        if facts.back_voices < min_voices:
            return "gone", (
                f"{_people(facts.back_voices)} after {facts.gap} weeks without any; "
                f"{min_voices} make a return"
            )
    return _by_change(facts, false_discoveries, min_voices)


def _by_change(facts: Facts, limit: float, least: int) -> tuple[str, str]:
    usual = f"{facts.expected:.1f}" if facts.expected else "none"
    seen = f"{_people(facts.voices)}, {usual} expected from the weeks before"
    q = f"q = {facts.q:.2g}" if facts.q >= 0.001 else "q < 0.001"
    tested = f"{q} by {facts.by}, limit {limit:g}"
    certain = facts.q == facts.q and facts.q <= limit
    rises = facts.ratio > 1 or (facts.expected == 0 and facts.voices > 0)
    young = facts.first_seen < NEW_WEEKS and facts.history >= LEAST_BASELINE
    if certain and rises and (few := _unclaimed(facts, least, young=young)):
        return "steady", f"{seen}, {tested}, but {few}"
    if certain and rises and young:
        since = f"{facts.first_seen} weeks ago" if facts.first_seen > 1 else (
            "last week" if facts.first_seen else "this week"
        )  # fmt: skip
        return "new", (
            f"first seen {since} after {facts.history} weeks without it: {seen}; "
            f"unlikely to be chance ({tested})"
        )
    if certain and rises:
        return (
            "growing",
            f"{seen}, {_times(facts.ratio)} the usual; unlikely to be chance ({tested})",
        )
    if certain:
        return (
            "fading",
            f"{seen}, {_times(facts.ratio)} the usual; unlikely to be chance ({tested})",
        )
    if facts.q != facts.q:
        return "steady", f"fewer than {LEAST_BASELINE} earlier weeks to compare with"
    return "steady", f"{seen}: no change beyond chance (q = {facts.q:.2g})"


def _unclaimed(facts: Facts, least: int, *, young: bool) -> str:
    """Return why a certain rise is not claimed, "" where it is.

    A group is looked for where mentions of this week lie close, so that its own first week is
    weak evidence that it is new: it takes twice as many voices, or a second week.
    """
    if facts.voices < least:
        return f"fewer than the {least} that make a problem"
    if young and not facts.first_seen and facts.voices < FIRST_WEEK * least:
        return f"first seen this week: {FIRST_WEEK * least} at once make it new, or a second week"
    if not young and facts.above_season is False:
        return "no more than the season brings"
    return ""


def _people(number: int) -> str:
    return f"{number} person" if number == 1 else f"{number} people"


def _times(ratio: float) -> str:
    return f"{ratio:.2f} times" if ratio < 10 else f"{ratio:.0f} times"
