"""The ways to set up the heads among which training chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rootcause.classify.features import Grams, Read
from rootcause.classify.linear import Head
from rootcause.classify.space import KIND_SCALES, Space, fit_space


@dataclass(frozen=True, kw_only=True)
class Start:
    """A fitted model to start from: its columns, its label head and its complaint head."""

    space: Space
    labels: Head
    complaint: Head

    def grown(self, grams: Grams, classes: tuple[str, ...], roles: tuple[str, ...]) -> Start:
        """Return the start with columns for the n-grams of new mentions, and `classes` only.

        A class starts from the head of its role; several that play one role share its chance.
        """
        own = fit_space(grams, scales=self.space.scales, bits=self.space.bits)
        fresh = ~np.isin(own.buckets, self.space.buckets, assume_unique=True)
        buckets = np.concatenate([self.space.buckets, own.buckets[fresh]])
        order = np.argsort(buckets, kind="stable")
        idf = np.concatenate([self.space.idf, own.idf[fresh]])[order]
        place = np.searchsorted(buckets[order], self.space.buckets)

        def widened(head: Head) -> Head:
            words = np.zeros((len(buckets), head.words.shape[1]), np.float32)
            words[place] = head.words
            return replace(head, words=words, temperature=1.0)

        chosen = [self.labels.classes.index(role) for role in roles]
        sharing = np.log([roles.count(role) for role in roles]).astype(np.float32)
        kept = replace(
            self.labels,
            classes=classes,
            words=self.labels.words[:, chosen],
            dense=self.labels.dense[:, chosen],
            bias=self.labels.bias[chosen] - sharing,
        )
        return Start(
            space=replace(self.space, buckets=buckets[order], idf=idf),
            labels=widened(kept),
            complaint=widened(self.complaint),
        )


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """The columns to use, and the heads to start from (None: from zero)."""

    space: Space
    labels: Head | None = None
    complaint: Head | None = None


@dataclass(frozen=True, kw_only=True)
class Design:
    """One way to set up the heads; `words` or `vectors` off is a baseline.

    `started` pulls the weights towards those of the shipped model instead of towards zero
    (adaptation by a Gaussian prior: Chelba and Acero, 2004).
    """

    name: str
    l2: float = 1.0
    words: bool = True
    vectors: bool = True
    started: bool = False

    def set_up(
        self,
        got: Read,
        width: int | None,
        *,
        classes: tuple[str, ...] = (),
        roles: tuple[str, ...] = (),
        start: Start | None = None,
    ) -> SetUp:
        """Return the columns for these mentions and where to start."""
        if self.started and start is not None:
            grown = start.grown(got.grams, classes, roles)
            return SetUp(space=grown.space, labels=grown.labels, complaint=grown.complaint)
        scales = KIND_SCALES if self.words else (0.0,) * len(KIND_SCALES)
        space = fit_space(got.grams, scales=scales, width=width)
        return SetUp(space=space if self.vectors else replace(space, vector_scale=0.0))


FROM_ZERO = (
    Design(name="words and embedding, firm", l2=15.0),
    Design(name="words and embedding", l2=5.0),
    Design(name="words and embedding, loose", l2=2.0),
)
FROM_START = (
    Design(name="adapted from the shipped model, firm", l2=12.0, started=True),
    Design(name="adapted from the shipped model", l2=4.0, started=True),
    Design(name="adapted from the shipped model, loose", l2=1.2, started=True),
)
# a baseline is as good as its best penalty
BASELINES = (
    Design(name="words only", l2=2.0, vectors=False),
    Design(name="words only", l2=6.0, vectors=False),
    Design(name="embedding only", l2=0.1, words=False),
    Design(name="embedding only", l2=1.0, words=False),
)


def candidates(start: Start | None) -> tuple[Design, ...]:
    """Return the designs to choose among."""
    return FROM_ZERO if start is None else (*FROM_ZERO[1:], *FROM_START)
