"""Stage 1 of the encoder: a table of token and token-pair vectors, learnt by contrast."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from encoder_data import Corpus

log = logging.getLogger("train_encoder")

VOCABULARY = 30_000
TEMPERATURE = 0.05
BATCH = 1_024
RATE = 6e-3
LONGEST = 64
SAME_CAUSE = 0.7  # phrases closer than this count as one cause, not as negatives
TASKS = {"halves": 0.3, "pairs": 0.3, "phrases": 0.2, "causes": 0.1, "intents": 0.1}
VAGUE_CAUSES = ("-", "unspecified dissatisfaction")

Bag = tuple[np.ndarray, np.ndarray]  # feature ids end to end, lengths


class Ragged:
    """Token ids of many texts, cut to the first `LONGEST`."""

    def __init__(self, tokenizer: Tokenizer, texts: list[str]) -> None:
        encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        rows = [encoding.ids[:LONGEST] for encoding in encodings]
        self.lengths = np.array([len(row) for row in rows], np.int64)
        self.ends = np.cumsum(self.lengths)
        self.ids = np.array([token for row in rows for token in row], np.int64)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, which: np.ndarray) -> Bag:
        """Return the token ids of some texts."""
        lengths = self.lengths[which]
        before = np.cumsum(lengths) - lengths
        place = np.arange(lengths.sum()) - np.repeat(before, lengths)
        return self.ids[place + np.repeat((self.ends - self.lengths)[which], lengths)], lengths


@dataclass(kw_only=True)
class Material:
    """The corpus as token ids, and the selected token pairs."""

    lines: Ragged
    left: Ragged
    right: Ragged
    questions: Ragged
    intent: np.ndarray
    mentions: Ragged
    cause: np.ndarray
    area: np.ndarray
    areas: list[str]
    label: np.ndarray
    phrases: Ragged
    vague: np.ndarray
    pair_ids: np.ndarray
    frequency: np.ndarray

    def features(self, bag: Bag) -> Bag:
        """Return the tokens followed by the selected pairs of neighbours among them."""
        ids, lengths = bag
        text = np.repeat(np.arange(len(lengths)), lengths)
        if not len(self.pair_ids):
            return bag
        known = self.pair_ids[:, 0] * VOCABULARY + self.pair_ids[:, 1]
        keys = ids[:-1] * VOCABULARY + ids[1:]
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        hit = np.flatnonzero((known[place] == keys) & (text[:-1] == text[1:]))
        all_ids = np.concatenate([ids, VOCABULARY + place[hit]])
        owner = np.concatenate([text, text[hit]])
        order = np.argsort(owner, kind="stable")
        return all_ids[order], np.bincount(owner, minlength=len(lengths))


def prepare(corpus: Corpus, tokenizer: Tokenizer, *, pairs: int) -> Material:
    """Tokenise the corpus once and select the token pairs that say more than their tokens."""
    notes = corpus.notes
    causes, cause = np.unique([note.cause for note in notes], return_inverse=True)
    areas, area = np.unique([note.area for note in notes], return_inverse=True)
    lines = Ragged(tokenizer, corpus.lines)
    left = Ragged(tokenizer, [a for _, a, _ in corpus.pairs])
    mentions = Ragged(tokenizer, [note.text for note in notes])
    selected, frequency = select_pairs([lines, mentions, left], pairs)
    return Material(
        lines=lines,
        left=left,
        right=Ragged(tokenizer, [b for _, _, b in corpus.pairs]),
        questions=Ragged(tokenizer, [text for _, _, text in corpus.intents]),
        intent=np.array([f"{source}/{intent}" for source, intent, _ in corpus.intents]),
        mentions=mentions,
        cause=cause,
        area=area,
        areas=[str(name) for name in areas],
        label=np.unique([note.label for note in notes], return_inverse=True)[1],
        phrases=Ragged(tokenizer, [str(phrase) for phrase in causes]),
        vague=np.isin(causes, VAGUE_CAUSES),
        pair_ids=selected,
        frequency=frequency,
    )


def select_pairs(texts: list[Ragged], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` neighbour pairs of highest count x PMI (sorted), and token counts."""
    single = np.zeros(VOCABULARY)
    keys = []
    for ragged in texts:
        owner = np.repeat(np.arange(len(ragged)), ragged.lengths)
        key = ragged.ids[:-1] * VOCABULARY + ragged.ids[1:]
        keys.append(key[owner[:-1] == owner[1:]])
        single += np.bincount(ragged.ids, minlength=VOCABULARY)
    key, seen = np.unique(np.concatenate(keys), return_counts=True)
    key, seen = key[seen >= 30], seen[seen >= 30]
    first, second = key // VOCABULARY, key % VOCABULARY
    pmi = np.log(seen * single.sum() / (single[first] * single[second]))
    score = np.where((first > 1) & (second > 1) & (pmi > 1), seen * pmi, 0)
    best = np.sort(np.argsort(-score, kind="stable")[: min(count, int((score > 0).sum()))])
    return np.stack([first[best], second[best]], axis=1), single + 1


class Table(torch.nn.Module):
    """Vectors and weights of tokens and pairs; a text is the unit weighted sum of its own."""

    def __init__(self, frequency: np.ndarray, pairs: int, dimension: int) -> None:
        super().__init__()
        share = frequency / frequency.sum()
        weight = np.concatenate([1e-3 / (1e-3 + share), np.full(pairs, 0.5)])
        rows = torch.randn(len(weight), dimension) / dimension**0.5
        rows[len(frequency) :] *= 0.05  # a pair starts as the sum of its tokens
        self.rows = torch.nn.Parameter(rows)
        self.log_weight = torch.nn.Parameter(torch.tensor(np.log(weight), dtype=torch.float32))

    def forward(self, bag: Bag) -> torch.Tensor:
        """Return unit rows, one per text."""
        ids = torch.from_numpy(bag[0])
        starts = torch.from_numpy(np.cumsum(bag[1]) - bag[1])
        weights = self.log_weight[ids].exp()
        summed = F.embedding_bag(ids, self.rows, starts, mode="sum", per_sample_weights=weights)
        return F.normalize(summed, dim=1, eps=1e-6)


def contrast(a: torch.Tensor, b: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Return the symmetric InfoNCE loss; masked places are no negatives."""
    similarity = a @ b.T / TEMPERATURE
    if mask is not None:
        similarity = similarity.masked_fill(mask, -1e4)
    own = torch.arange(len(a))
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2


def train_table(material: Material, *, dimension: int, steps: int, seed: int) -> np.ndarray:
    """Return the learnt rows (tokens, then pairs), each times its weight."""
    table = Table(material.frequency, len(material.pair_ids), dimension)
    optimiser = torch.optim.Adam(table.parameters(), lr=RATE, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    random = np.random.default_rng(seed)
    tasks = _tasks(material, table, random)
    names = list(tasks)
    share = np.array([TASKS[name] for name in names])
    for step in range(steps):
        name = names[random.choice(len(names), p=share / share.sum())]
        loss = tasks[name]()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            log.info("step %d %s %.3f", step, name, loss.item())
    with torch.no_grad():
        return (table.rows * table.log_weight.exp()[:, None]).numpy()


def _tasks(
    m: Material, table: Table, random: np.random.Generator
) -> dict[str, Callable[[], torch.Tensor]]:
    def vectors(texts: Ragged, which: np.ndarray) -> torch.Tensor:
        return table(m.features(texts.take(which)))

    def part(bag: Bag, keep: np.ndarray) -> torch.Tensor:
        owner = np.repeat(np.arange(len(bag[1])), bag[1])[keep]
        return table(m.features((bag[0][keep], np.bincount(owner, minlength=len(bag[1])))))

    long = np.flatnonzero(m.lines.lengths >= 8)

    def halves() -> torch.Tensor:
        ids, lengths = bag = m.lines.take(random.choice(long, min(BATCH, len(long)), replace=False))
        # Runs of words, not single ones, so that token pairs survive on both sides.
        side = np.cumsum(random.random(len(ids)) < 0.3) % 2 == 0
        ends = np.cumsum(lengths)
        side[ends - lengths], side[ends - 1] = True, False
        return contrast(part(bag, side), part(bag, ~side))

    full = np.flatnonzero((m.left.lengths > 0) & (m.right.lengths > 0))

    def pairs() -> torch.Tensor:
        which = random.choice(full, min(BATCH, len(full)), replace=False)
        return contrast(vectors(m.left, which), vectors(m.right, which))

    told = np.flatnonzero(~m.vague[m.cause] & (m.mentions.lengths > 0))
    members = {int(c): told[m.cause[told] == c] for c in np.unique(m.cause[told])}
    shared = np.array([i for i in told if len(members[int(m.cause[i])]) > 1])

    def causes_of(which: np.ndarray, other: torch.Tensor | None) -> torch.Tensor:
        causes = m.cause[which]
        phrases = vectors(m.phrases, causes)
        with torch.no_grad():
            codes = torch.from_numpy(causes)
            mask = (phrases @ phrases.T > SAME_CAUSE) | (codes[:, None] == codes)
            mask.fill_diagonal_(False)
        return contrast(vectors(m.mentions, which), phrases if other is None else other, mask)

    def phrases() -> torch.Tensor:
        return causes_of(random.choice(told, min(BATCH, len(told)), replace=False), None)

    def causes() -> torch.Tensor:
        which = random.choice(shared, min(BATCH, len(shared)), replace=False)
        mates = np.array([random.choice(members[int(c)]) for c in m.cause[which]])
        return causes_of(which, vectors(m.mentions, mates))

    by_intent = [np.flatnonzero(m.intent == name) for name in np.unique(m.intent)]

    def intents() -> torch.Tensor:
        one = np.array([random.choice(rows) for rows in by_intent])
        two = np.array([random.choice(rows) for rows in by_intent])
        return contrast(vectors(m.questions, one), vectors(m.questions, two))

    found = {"halves": halves, "pairs": pairs, "phrases": phrases, "causes": causes}
    return found | ({"intents": intents} if by_intent else {})
