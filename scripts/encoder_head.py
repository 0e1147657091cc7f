"""Stage 2 of the encoder: a small network over the mean vector that knows causes.

Its first outputs are a cause vector, trained so that mentions of one cause and the phrase of
that cause meet (supervised contrast: Khosla et al., 2020); the rest are logits of the area.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from encoder_table import Material, Ragged

log = logging.getLogger("train_encoder")

BATCH = 512
RATE = 4e-3
HIDDEN = 512
CAUSE_DIMENSION = 128
CLUSTERS = 600
FOREIGN = ("clinc150/", "hwu64/")
TEMPERATURE = 0.1
DROPOUT = 0.3
INPUT_GAIN = 4.0
# Shares of the cause vector and of the area probabilities beside the mean vector.
BLEND = (1.0, 0.7)
# Integers of these sizes keep every sum below 2**24, where float32 arithmetic is exact: a
# vector then has the same bits in every batch and on every machine.
INPUT_STEP = 1 / 1_600


class Network(torch.nn.Module):
    """One hidden layer and a linear path around it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(inputs, HIDDEN)
        self.outer = torch.nn.Linear(HIDDEN, outputs)
        self.skip = torch.nn.Linear(inputs, outputs, bias=False)
        self.dropout = torch.nn.Dropout(DROPOUT)

    def hidden(self, x: torch.Tensor) -> torch.Tensor:
        """Return the hidden layer."""
        return torch.relu(self.inner(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs for unit rows."""
        x = self.dropout(x * INPUT_GAIN)
        return self.outer(self.dropout(self.hidden(x))) + self.skip(x)


def mean_vectors(material: Material, rows: np.ndarray, texts: Ragged) -> np.ndarray:
    """Return the unit vectors of stage 1, one per text."""
    ids, lengths = material.features(texts.take(np.arange(len(texts))))
    starts = torch.from_numpy(np.cumsum(lengths) - lengths)
    table = torch.from_numpy(rows.astype(np.float32))
    summed = F.embedding_bag(torch.from_numpy(ids), table, starts, mode="sum")
    return F.normalize(summed, dim=1, eps=1e-6).numpy()


def cause_clusters(material: Material, mentions: np.ndarray, phrases: np.ndarray) -> np.ndarray:
    """Return a cluster per cause phrase: alike in wording, in their mentions and in area."""
    count = np.bincount(material.cause, minlength=len(phrases))
    mean = np.zeros_like(phrases)
    np.add.at(mean, material.cause, mentions)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True) + 1e-9
    area = np.zeros((len(phrases), len(material.areas)), np.float32)
    np.add.at(area, (material.cause, material.area), 1)
    area /= np.maximum(1, count)[:, None]
    told = ~material.vague
    features = np.hstack([phrases, 0.5 * mean, 0.7 * area])[told]
    means = KMeans(min(CLUSTERS, len(features)), n_init=1, max_iter=25, random_state=0)
    clusters = np.full(len(phrases), -1)
    with threadpool_limits(1):  # the order in which threads add up is not always the same
        clusters[told] = means.fit(features, sample_weight=np.sqrt(count[told])).labels_
    return clusters


def train_head(
    material: Material, rows: np.ndarray, *, steps: int, seed: int
) -> dict[str, np.ndarray]:
    """Return the network's tensors, quantised."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    mentions = mean_vectors(material, rows, material.mentions)
    phrases = mean_vectors(material, rows, material.phrases)
    cluster = cause_clusters(material, mentions, phrases)[material.cause]
    areas = len(material.areas)
    network = Network(rows.shape[1], CAUSE_DIMENSION + areas)
    tower = Network(rows.shape[1], CAUSE_DIMENSION)
    labels = torch.nn.Linear(HIDDEN, 4)
    parameters = [p for part in (network, tower, labels) for p in part.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=1e-5, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    usable = np.flatnonzero(material.mentions.lengths > 0)
    foreign = mean_vectors(material, rows, material.questions)
    foreign = foreign[[name.startswith(FOREIGN) for name in material.intent]]
    nothing = material.areas.index("-")
    told = np.flatnonzero((material.mentions.lengths > 0) & (cluster >= 0))
    for step in range(steps):
        which = random.choice(told, min(BATCH, len(told)), replace=False)
        output = network(torch.from_numpy(mentions[which]))
        x = F.normalize(output[:, :CAUSE_DIMENSION], dim=1)
        y = F.normalize(tower(torch.from_numpy(phrases[material.cause[which]])), dim=1)
        same = torch.from_numpy((cluster[which][:, None] == cluster[which]).astype(np.float32))
        loss = _meet(x, y, same) + _meet(y, x, same) + _meet(x, x, same, alone=True)
        loss = loss + F.cross_entropy(
            output[:, CAUSE_DIMENSION:], torch.from_numpy(material.area[which])
        )
        # The other mentions teach what is no complaint, and the four labels.
        which = random.choice(usable, min(BATCH, len(usable)), replace=False)
        x = torch.from_numpy(mentions[which])
        output = network(x)
        loss = loss + 0.5 * F.cross_entropy(
            output[:, CAUSE_DIMENSION:], torch.from_numpy(material.area[which])
        )
        # What customers of no company say teaches when to stay silent.
        x_foreign = torch.from_numpy(foreign[random.choice(len(foreign), BATCH // 2)])
        loss = loss + 0.3 * F.cross_entropy(
            network(x_foreign)[:, CAUSE_DIMENSION:], torch.full((len(x_foreign),), nothing)
        )
        loss = loss + 0.3 * F.cross_entropy(
            labels(network.hidden(x * INPUT_GAIN)), torch.from_numpy(material.label[which])
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            log.info("head step %d %.3f", step, loss.item())
    keep = [*range(CAUSE_DIMENSION)]
    keep += [CAUSE_DIMENSION + i for i in range(len(material.areas)) if i != nothing]
    keep += [CAUSE_DIMENSION + nothing]  # read last, as "no cause"
    return export(network.eval(), mentions[usable], np.array(keep))


def _meet(
    x: torch.Tensor, y: torch.Tensor, same: torch.Tensor, alone: bool = False
) -> torch.Tensor:
    logits = x @ y.T / TEMPERATURE
    if alone:
        own = torch.eye(len(x))
        logits = logits - 1e4 * own
        same = same - own
    count = same.sum(1)
    likely = (F.log_softmax(logits, dim=1) * same).sum(1)
    return -(likely[count > 0] / count[count > 0]).mean()


def export(network: Network, examples: np.ndarray, keep: np.ndarray) -> dict[str, np.ndarray]:
    """Return int8 weights with a float32 scale per output; `keep` selects the outputs."""

    def columns(weight: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        matrix = weight.detach().numpy().T
        scale = np.abs(matrix).max(axis=0) / 127
        scale[scale == 0] = 1
        return np.round(matrix / scale).astype(np.int8), scale

    with torch.no_grad():
        hidden = network.hidden(torch.from_numpy(examples) * INPUT_GAIN).numpy()
    hidden_step = np.float32(np.quantile(hidden, 0.9999) / 255)
    inner, inner_scale = columns(network.inner.weight)
    outer, outer_scale = columns(network.outer.weight[keep])
    skip, skip_scale = columns(network.skip.weight[keep])
    gain = INPUT_GAIN * INPUT_STEP
    return {
        "head_inner": inner,
        "head_inner_scale": (inner_scale * gain / hidden_step).astype(np.float32),
        "head_inner_bias": (network.inner.bias.detach().numpy() / hidden_step).astype(np.float32),
        "head_outer": outer,
        "head_outer_scale": (outer_scale * hidden_step).astype(np.float32),
        "head_outer_bias": network.outer.bias.detach().numpy()[keep].astype(np.float32),
        "head_skip": skip,
        "head_skip_scale": (skip_scale * gain).astype(np.float32),
        "head_blend": np.array([CAUSE_DIMENSION, *BLEND], np.float32),
    }
