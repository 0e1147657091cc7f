"""Isolated, recurring or systemic: how far a cause reaches."""

from __future__ import annotations

# Voices that make a cause recurring when they did not all speak on one day.
RECURRING_VOICES = 3
# What makes a recurring cause systemic.
SYSTEMIC_VOICES = 10
SYSTEMIC_WEEKS = 3
CROWD_VOICES = 25


def breadth(voices: int, days: int, weeks: int, channels: int) -> str:
    """Return isolated, recurring or systemic for counts over a cause's whole known life.

    `voices` are distinct authors after copies collapse, `days` and `weeks` those with at least
    one of them, `channels` distinct channels (1 if unknown). The terms are those of ISO 10002,
    8.4 (systematic, recurring, single incident); the numbers are ours:

    isolated: fewer than three voices, however often they post and on however many channels.
    systemic: ten or more voices in three or more weeks (a policy that keeps meeting people), or
        twenty-five or more voices in two or more weeks, or in one week on two or more channels
        over three or more days (too many to wait for the third week).
    recurring: the rest, a one-day outage with many voices among them.
    """
    if voices < RECURRING_VOICES:
        return "isolated"
    if voices >= SYSTEMIC_VOICES and weeks >= SYSTEMIC_WEEKS:
        return "systemic"
    if voices >= CROWD_VOICES and (weeks >= 2 or (channels >= 2 and days >= 3)):
        return "systemic"
    return "recurring"
