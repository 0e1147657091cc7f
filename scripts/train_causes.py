"""Train the cause lens (models/causes): word and word-pair tables, and heads of cause groups.

    scripts/train_causes.py ../shared/datasets -o models/causes

Three stages on one core in about fifteen minutes: pairs of texts that speak of the same thing
(in-batch negatives); mentions beside their canonical cause; groups of causes at three levels.
Never trained on: the test sets and what nearly equals them, three sources of cause_notes,
finance_complaints, and sources that may not be used commercially.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from encoder_data import NON_COMMERCIAL, read_corpus
from rootcause.lens import FORMAT, grams, length_cues

DIMENSION = 160
TEMPERATURE = 0.06
SCALE = 10.0
LEVELS = (150, 400)
UNSPECIFIED = "unspecified dissatisfaction"
# A gram enters the vocabulary with this many notes, or other texts (a word, a pair of words).
NOTES, WORDS, PAIRS = 3, 12, 120
# Trainings from one start whose weights are averaged (model soups, Wortsman et al. 2022).
RUNS = 3
# Grams that are shipped: the tables stay under 16 MB.
MOST = 44_000


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything as arrays of vocabulary rows."""

    vocabulary: list[str]
    rarity: np.ndarray
    pairs: list[tuple[np.ndarray, np.ndarray]]
    intents: list[list[np.ndarray]]
    lines: list[np.ndarray]
    texts: list[np.ndarray]
    cause_of: np.ndarray
    causes: list[str]
    phrases: list[np.ndarray]
    area_of: np.ndarray
    areas: list[str]
    vague: np.ndarray
    complaint: np.ndarray
    raw: list[str]


def gather(data: Path) -> Material:
    """Return the training material."""
    corpus = read_corpus(
        data,
        exclude=(*NON_COMMERCIAL, "finance_complaints", "notes:more:finance_complaints"),
        more_notes=True,
    )
    notes = [note for note in corpus.notes if note.cause != "-"]
    inside: Counter[str] = Counter()
    outside: Counter[str] = Counter()
    for note in notes:
        inside.update(set(grams(note.text)) | set(grams(note.cause)))
    others = [t for _, a, b in corpus.pairs for t in (a, b)]
    others += [t for _, _, t in corpus.intents] + corpus.lines
    for text in others:
        outside.update(set(grams(text)))
    vocabulary = sorted(
        gram
        for gram in inside.keys() | outside.keys()
        if inside[gram] >= NOTES or outside[gram] >= (PAIRS if " " in gram else WORDS)
    )
    row = {gram: i for i, gram in enumerate(vocabulary)}

    def rows(text: str) -> np.ndarray:
        return np.array([row[g] for g in grams(text) if g in row] or [0], dtype=np.int64)

    by_intent: dict[tuple[str, str], list[np.ndarray]] = {}
    for source, intent, text in corpus.intents:
        by_intent.setdefault((source, intent), []).append(rows(text))
    causes = sorted({note.cause for note in notes})
    areas = sorted({note.area for note in notes})
    counts = np.array([inside[g] + outside[g] + 1 for g in vocabulary], dtype=float)
    return Material(
        vocabulary=vocabulary,
        rarity=np.log((len(notes) + len(others)) / counts),
        pairs=[(rows(a), rows(b)) for _, a, b in corpus.pairs],
        intents=[group for group in by_intent.values() if len(group) > 3],
        lines=[line for line in map(rows, corpus.lines[::2]) if len(line) > 12],
        texts=[rows(note.text) for note in notes],
        cause_of=np.array([causes.index(note.cause) for note in notes]),
        causes=causes,
        phrases=[rows(cause) for cause in causes],
        area_of=np.array([areas.index(note.area) for note in notes]),
        areas=areas,
        vague=np.array([note.cause == UNSPECIFIED for note in notes]),
        complaint=np.array([note.complaint for note in notes]),
        raw=[note.text for note in notes],
    )


class Bag:
    """A table whose rows are added up, some of them dropped while training."""

    def __init__(self, table: np.ndarray, drop: float, generator: np.random.Generator) -> None:
        self.rows = torch.nn.EmbeddingBag.from_pretrained(
            torch.tensor(table, dtype=torch.float32), freeze=False, mode="sum", sparse=True
        )
        self.drop = drop
        self.generator = generator
        self.optimiser = torch.optim.SparseAdam(self.rows.parameters(), lr=1e-3)

    def __call__(self, texts: list[np.ndarray], *, thin: bool = True) -> torch.Tensor:
        """Return unit vectors of texts."""
        if thin:
            texts = [
                t[self.generator.random(len(t)) > self.drop] if len(t) > 3 else t for t in texts
            ]
        offsets = np.cumsum([0] + [len(t) for t in texts[:-1]])
        sums = self.rows(torch.from_numpy(np.concatenate(texts)), torch.from_numpy(offsets))
        return functional.normalize(sums, dim=1)

    def pace(self, rate: float) -> None:
        """Set the learning rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def table(self) -> np.ndarray:
        """Return the table as it is now."""
        return self.rows.weight.detach().numpy().copy()


def both_ways(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return the in-batch contrastive loss of matching rows."""
    scores = left @ right.T / TEMPERATURE
    own = torch.arange(len(left))
    return (functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)) / 2


def pretrain(m: Material, rng: np.random.Generator, *, epochs: int = 3) -> np.ndarray:
    """Return a table in which texts that belong together are near."""
    start = rng.normal(size=(len(m.vocabulary), DIMENSION)) * 0.05
    bag = Bag(start * (m.rarity / m.rarity.mean())[:, None], 0.3, rng)
    for epoch in range(epochs):
        bag.pace(3e-3 * (1 - epoch / epochs) + 2e-4)
        order = rng.permutation(len(m.pairs))
        for at in range(0, len(order) - 640, 640):
            batch = [m.pairs[i] for i in order[at : at + 640]]
            for i in rng.permutation(len(m.intents))[:96]:
                a, b = rng.choice(len(m.intents[i]), 2, replace=False)
                batch.append((m.intents[i][a], m.intents[i][b]))
            for i in rng.integers(len(m.lines), size=120):
                half = rng.random(len(m.lines[i])) < 0.5
                batch.append((m.lines[i][half], m.lines[i][~half]))
            batch = [(a, b) for a, b in batch if len(a) and len(b)]
            bag.optimiser.zero_grad()
            both_ways(bag([a for a, _ in batch]), bag([b for _, b in batch])).backward()
            bag.optimiser.step()
    return bag.table()


def meet_causes(
    m: Material, table: np.ndarray, rng: np.random.Generator, *, epochs: int = 10
) -> np.ndarray:
    """Return a table in which a mention is near its cause and other mentions of that cause."""
    bag = Bag(table, 0.35, rng)
    same: list[list[int]] = [[] for _ in m.causes]
    for i, cause in enumerate(m.cause_of):
        same[cause].append(i)
    for epoch in range(epochs):
        bag.pace(2e-3 * (1 - epoch / epochs) + 1e-4)
        order = rng.permutation(len(m.texts))
        for at in range(0, len(order) - 512, 512):
            chosen = order[at : at + 512]
            causes = m.cause_of[chosen]
            here = bag([m.texts[i] for i in chosen])
            names = bag([m.phrases[c] for c in causes], thin=False)
            goal = torch.from_numpy(causes[:, None] == causes[None, :]).float()
            goal /= goal.sum(1, keepdim=True)
            mates = [same[c][rng.integers(len(same[c]))] for c in causes]
            alone = torch.from_numpy(chosen != np.array(mates))
            there = bag([m.texts[i] for i in mates])
            scores = here @ names.T / TEMPERATURE
            loss = -(torch.log_softmax(scores, 1) * goal).sum(1).mean()
            loss -= 0.5 * (torch.log_softmax(scores.T, 1) * goal).sum(1).mean()
            mutual = torch.log_softmax(here @ there.T / TEMPERATURE, 1)
            loss -= 0.5 * (mutual * goal).sum(1)[alone].mean()
            old = [m.pairs[i] for i in rng.integers(len(m.pairs), size=256)]
            loss += 0.3 * both_ways(bag([a for a, _ in old]), bag([b for _, b in old]))
            bag.optimiser.zero_grad()
            loss.backward()
            bag.optimiser.step()
    return bag.table()


def group_causes(m: Material, table: np.ndarray) -> list[np.ndarray]:
    """Return each note's group at the three levels: area, and k-means over the causes."""
    from sklearn.cluster import KMeans

    names = np.stack([unit(table[phrase].sum(0)) for phrase in m.phrases])
    centres = np.zeros_like(names)
    np.add.at(centres, m.cause_of, np.stack([unit(table[t].sum(0)) for t in m.texts]))
    both = np.hstack([names, 0.7 * np.apply_along_axis(unit, 1, centres)])
    weight = np.sqrt(np.bincount(m.cause_of, minlength=len(m.causes)))
    levels = [m.area_of]
    for groups in LEVELS:
        fitted = KMeans(groups, n_init=2, random_state=0).fit(both, sample_weight=weight)
        levels.append(fitted.labels_[m.cause_of].astype(np.int64))
    return levels


def fit_heads(
    m: Material,
    table: np.ndarray,
    goals: list[np.ndarray],
    rng: np.random.Generator,
    *,
    epochs: int = 6,
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return a table of its own for the heads, and their weights and biases."""
    bag = Bag(table, 0.5, rng)
    torch.manual_seed(0)  # every run starts from the same heads, or they could not be averaged
    heads = torch.nn.ModuleList([torch.nn.Linear(DIMENSION, int(g.max()) + 1) for g in goals])
    optimiser = torch.optim.AdamW(heads.parameters(), lr=4e-3, weight_decay=0.01)
    for epoch in range(epochs):
        bag.pace(2e-3 * (1 - epoch / epochs) + 1e-4)
        order = rng.permutation(len(m.texts))
        for at in range(0, len(order), 256):
            chosen = order[at : at + 256]
            here = bag([m.texts[i] for i in chosen])
            loss = torch.zeros(())
            for head, goal in zip(heads, goals, strict=True):
                loss = loss + functional.cross_entropy(
                    head(here) * SCALE, torch.from_numpy(goal[chosen]), label_smoothing=0.1
                )
            bag.optimiser.zero_grad()
            optimiser.zero_grad()
            loss.backward()
            bag.optimiser.step()
            optimiser.step()
    return bag.table(), [
        (h.weight.detach().numpy() * SCALE, h.bias.detach().numpy() * SCALE) for h in heads
    ]


def average(
    runs: list[tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]],
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the mean table and the mean heads of several runs."""
    tables, heads = zip(*runs, strict=True)
    levels = zip(*heads, strict=True)
    return np.mean(tables, axis=0), [
        (np.mean([w for w, _ in level], axis=0), np.mean([b for _, b in level], axis=0))
        for level in levels
    ]


def fit_vague(m: Material) -> dict[str, np.ndarray]:
    """Return the weights that recognise complaints without a cause, by grams and length."""
    from scipy.sparse import csr_array, hstack
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(m.complaint)
    sizes = [len(m.texts[i]) for i in rows]
    flat = np.concatenate([m.texts[i] for i in rows])
    values = np.concatenate([np.full(n, n**-0.5, dtype=np.float32) for n in sizes])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    counts = csr_array((values, flat, offsets), shape=(len(rows), len(m.vocabulary)))
    inputs = hstack([counts, csr_array(length_cues([m.raw[i] for i in rows]))]).tocsr()
    fitted = LogisticRegression(C=3.0, max_iter=500).fit(inputs, m.vague[rows])
    weight = fitted.coef_[0]
    return {
        "vague_grams": weight[: len(m.vocabulary)].astype(np.float16),
        "vague_length": weight[len(m.vocabulary) :].astype(np.float32),
        "vague_bias": fitted.intercept_.astype(np.float32),
    }


def unit(row: np.ndarray) -> np.ndarray:
    """Return a row of unit length."""
    return row / max(float(np.linalg.norm(row)), 1e-9)


def strongest(tensors: dict[str, np.ndarray], m: Material, most: int) -> np.ndarray:
    """Return the rows of `most` grams to ship, in order.

    A seventh are those that say most about whether a cause is named (weight times the root of
    how often they occur); the rest move a text furthest.
    """
    seen = np.bincount(np.concatenate(m.texts), minlength=len(m.vocabulary))
    telling = np.abs(tensors["vague_grams"].astype(np.float32)) * np.sqrt(seen)
    weight = sum(
        np.linalg.norm(tensors[f"{name}_table"].astype(np.float32), axis=1)
        * tensors[f"{name}_scale"]
        for name in ("cause", "group")
    )
    weight[np.argsort(-telling, kind="stable")[: most // 7]] = np.inf
    return np.sort(np.argsort(-weight, kind="stable")[:most])


def keep_grams(m: Material, kept: np.ndarray) -> Material:
    """Return the material with a smaller vocabulary."""
    place = np.full(len(m.vocabulary), -1)
    place[kept] = np.arange(len(kept))
    texts = [place[text][place[text] >= 0] for text in m.texts]
    return replace(
        m,
        vocabulary=[m.vocabulary[row] for row in kept],
        texts=[text if len(text) else np.zeros(1, dtype=np.int64) for text in texts],
    )


def save(
    folder: Path,
    m: Material,
    *,
    cause: np.ndarray,
    group: np.ndarray,
    heads: list[tuple[np.ndarray, np.ndarray]],
    facts: dict[str, object],
) -> None:
    """Write the lens as `rootcause.lens` reads it: int8 rows with a scale each."""
    from safetensors.numpy import save_file

    tensors = fit_vague(m)
    for name, table in (("cause", cause), ("group", group)):
        scale = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
        tensors[f"{name}_table"] = np.round(table / scale[:, None]).astype(np.int8)
        tensors[f"{name}_scale"] = scale.astype(np.float32)
    kept = strongest(tensors, m, MOST)
    m, cause, group = keep_grams(m, kept), cause[kept], group[kept]
    tensors = {key: value[kept] for key, value in tensors.items() if len(value) > len(kept)}
    tensors |= fit_vague(m)
    vectors = np.stack([unit(cause[t].sum(0)) for t in m.texts])
    tensors["mean"] = vectors.mean(0).astype(np.float32)
    vectors = np.stack([unit(group[t].sum(0)) for t in m.texts])
    for i, (weight, bias) in enumerate(heads):
        tensors[f"weight{i}"] = weight.astype(np.float32)
        tensors[f"bias{i}"] = bias.astype(np.float32)
        scores = vectors @ weight.T + bias
        powers = np.exp(scores - scores.max(1, keepdims=True))
        shares = powers / powers.sum(1, keepdims=True)
        tensors[f"mean{i}"] = np.sqrt(shares).mean(0).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "lens.safetensors")
    (folder / "grams.txt").write_text("\n".join(m.vocabulary), encoding="utf-8")
    card = {"format": FORMAT, "areas": m.areas, **facts}
    (folder / "lens.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(given.seed)
    began = time.monotonic()
    m = gather(given.data)
    print(f"{len(m.vocabulary)} grams, {len(m.texts)} notes", flush=True)
    first = pretrain(m, rng)
    print(f"pairs {time.monotonic() - began:.0f} s", flush=True)
    cause = np.mean([meet_causes(m, first, rng) for _ in range(RUNS)], axis=0)
    print(f"causes {time.monotonic() - began:.0f} s", flush=True)
    goals = group_causes(m, cause)
    group, heads = average([fit_heads(m, first, goals, rng) for _ in range(RUNS)])
    facts = {"notes": len(m.texts), "causes": len(m.causes)}
    save(given.out, m, cause=cause, group=group, heads=heads, facts=facts)
    print(f"done {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
