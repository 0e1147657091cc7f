"""What `discover` returns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rootcause.cluster import DialPoint
from rootcause.naming import Name

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

THEMES = {
    "reach": "Reaching a person",
    "followup": "Follow-up and replies",
    "staff": "Staff conduct",
    "information": "Information",
    "delay": "Delays and missed appointments",
    "cancellation": "Cancellations and refusals",
    "recovery": "Handling of failures",
    "refund": "Refunds and returns",
    "fees": "Prices and fees",
    "billing": "Bills and payments",
    "terms": "Contracts and offers",
    "loyalty": "Loyalty programme",
    "account": "Accounts and login",
    "security": "Security and privacy",
    "app": "App and website faults",
    "design": "Design and features",
    "outage": "Network and outages",
    "product": "Product quality",
    "availability": "Availability",
    "order": "Orders and bookings",
    "lost": "Lost or damaged items",
    "queue": "Queues",
    "access": "Accessibility",
    "ads": "Advertising",
    "general": "General dissatisfaction",
    "other": "Other",
}


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """The causes behind n texts; k causes, most voices first.

    labels_       (n,) int     cause of each text, -1 = in no cluster; a copy has its original's
    strengths_    (n,) float32 membership strength in [0, 1], 0 where the label is -1
    titles_       list of k    titles of three to seven words, unique; a given cause's own name
    names_        list of k    `naming.Name`: key phrases and the rows of three quotes
    given_        list of k    the name of a cause that was given, None of one discovered
    stability_    (k,) float64 bootstrap Jaccard, under 0.6 is weak evidence; NaN of a given cause
    voices_       (k,) int     distinct authors after copies collapse (texts if authors unknown)
    mentions_     (k,) int     all texts, copies too
    areas_        list of k    one of the 26 areas
    themes_       list of k    the area in words: the coarse level above the causes
    members_      (m, 2) int   (text, cause) pairs; a long text may hold several causes
    unspecified_  (n,) bool    complaints that name no cause
    unread_       (n,) bool    texts in a language that the encoder does not read
    duplicates_   (n,) int     row of each text's original, its own row if it is no copy
    dial_         tuple        what other settings of `min_voices` give
    too_small_    bool         too few voices for causes to mean much
    """

    labels_: Ints
    strengths_: npt.NDArray[np.float32]
    titles_: list[str]
    given_: list[str | None]
    names_: list[Name]
    stability_: npt.NDArray[np.float64]
    voices_: Ints
    mentions_: Ints
    areas_: list[str]
    themes_: list[str]
    members_: Ints
    unspecified_: Flags
    unread_: Flags
    duplicates_: Ints
    dial_: tuple[DialPoint, ...]
    too_small_: bool


def reorder(found: Clustering, order: Ints) -> Clustering:
    """Return a clustering of sorted texts for the texts as they came: row i was `order[i]`."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    members = found.members_.copy()
    members[:, 0] = order[members[:, 0]]
    return replace(
        found,
        labels_=found.labels_[place],
        strengths_=found.strengths_[place],
        names_=[name.on_rows(order) for name in found.names_],
        members_=members[np.lexsort((members[:, 1], members[:, 0]))],
        unspecified_=found.unspecified_[place],
        unread_=found.unread_[place],
        duplicates_=order[found.duplicates_][place],
    )
