"""Train the teacher: a transformer, from scratch, whose opinions the shipped models learn from.

    python scripts/teacher_data.py -o FOLDER                     # anywhere
    python scripts/train_teacher.py FOLDER -o OUT --minutes 6    # on a GPU; hours on a CPU

First it learns to fill in masked words (Devlin et al., 2019) over all texts; then, several times
with other seeds, what is known of some: label, complaint, area, stars, and which mentions, phrases
and pairs belong together (InfoNCE). Written are its opinions of every text (`opinions*.npz`): four
labels, complaint, area, and a vector that tells causes apart; and `exam.json`, what it scores on
the test sets, which it never reads. The teacher itself is not kept: it is too slow to ship.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

Task = tuple[list[np.ndarray], Callable[[list[torch.Tensor]], torch.Tensor]]

log = logging.getLogger("train_teacher")

MASK_SHARE = 0.2
TEMPERATURE = 0.05
VECTOR = 256
LONGEST, LONGEST_LESSON = 128, 80
KEPT = 54  # columns of the vectors that are written
START, MASK, FIRST_WORD = 2, 3, 5


class Block(nn.Module):
    """Attention with rotary positions (Su et al., 2021) and a gated unit (Shazeer, 2020)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        inner = int(width * 8 / 3) // 64 * 64
        self.before, self.between = nn.RMSNorm(width), nn.RMSNorm(width)
        self.mix = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(
        self, x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor], mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Return (texts, places, width)."""
        n, places, width = x.shape
        q, k, v = self.mix(self.before(x)).view(n, places, 3, self.heads, -1).unbind(2)
        q, k = rotate(q, turn).transpose(1, 2), rotate(k, turn).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v.transpose(1, 2), attn_mask=mask)
        y = self.out(y.transpose(1, 2).reshape(n, places, width))
        x = x + F.dropout(y, self.dropout, self.training)
        up, gate = self.gate(self.between(x)).chunk(2, dim=-1)
        return x + F.dropout(self.down(up * F.gelu(gate)), self.dropout, self.training)


def rotate(x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return (texts, places, heads, size) turned by place."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = turn
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Body(nn.Module):
    """Token ids to one vector per place."""

    def __init__(self, vocabulary: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.entry = nn.RMSNorm(width)
        heads = width // 64
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.exit = nn.RMSNorm(width)
        self.dropout = dropout
        rate = 10_000 ** (-torch.arange(0, 32) / 32)
        angle = torch.arange(256)[:, None] * rate
        self.register_buffer("cos", angle.cos()[:, None], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None], persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.trunc_normal_(module.weight, std=0.02)
        for block in self.blocks:
            nn.init.trunc_normal_(block.out.weight, std=0.02 / math.sqrt(2 * layers))
            nn.init.trunc_normal_(block.down.weight, std=0.02 / math.sqrt(2 * layers))

    def drop(self, share: float) -> None:
        """Drop so much everywhere while training."""
        self.dropout = share
        for block in self.blocks:
            block.dropout = share

    def forward(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Return (texts, places, width)."""
        x = F.dropout(self.entry(self.words(ids)), self.dropout, self.training)
        turn = (self.cos[: ids.shape[1]].to(x.dtype), self.sin[: ids.shape[1]].to(x.dtype))
        for block in self.blocks:
            x = block(x, turn, mask)
        return self.exit(x)


class Texts:
    """Token ids of many texts on the device."""

    def __init__(self, ids: np.ndarray, offsets: np.ndarray, device: str) -> None:
        self.ids = torch.from_numpy(ids.astype(np.int32)).to(device)
        self.lengths = np.diff(offsets)
        self.starts = offsets[:-1].astype(np.int64)
        self.device = device

    def exact(self, rows: np.ndarray, length: int) -> torch.Tensor:
        """Return the first `length` ids of rows that are at least as long."""
        places = torch.from_numpy(self.starts[rows]).to(self.device)[:, None]
        return self.ids[places + torch.arange(length, device=self.device)].long()

    def padded(self, rows: np.ndarray, longest: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ids (n, longest) padded with 0, and which places are real."""
        kept = np.minimum(self.lengths[rows], longest).astype(np.int64)
        lengths = torch.from_numpy(kept).to(self.device)
        # few widths, so that the device's memory is cut into few sizes
        places = torch.arange(-(-int(kept.max()) // 16) * 16, device=self.device)
        real = places < lengths[:, None]
        at = torch.from_numpy(self.starts[rows]).to(self.device)[:, None] + places
        return torch.where(real, self.ids[at.clamp(max=len(self.ids) - 1)].long(), 0), real


def batches(
    lengths: np.ndarray, tokens: int, random: np.random.Generator
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield rows of one length each, longer texts cut to a rarer length, in random order."""
    kept = np.where(lengths > 48, lengths // 8 * 8, lengths)
    out: list[tuple[np.ndarray, int]] = []
    for length in np.unique(kept[kept > 4]):
        rows = random.permutation(np.flatnonzero(kept == length))
        size = max(1, tokens // int(length))
        out += [(rows[i : i + size], int(length)) for i in range(0, len(rows), size)]
    for i in random.permutation(len(out)):
        yield out[i]


def optimiser(module: nn.Module, rate: float, decay: float) -> torch.optim.AdamW:
    """Return AdamW with decay on matrices only."""
    matrices = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def pace(optimise: torch.optim.Optimizer, rate: float, done: float, warm: float = 0.03) -> None:
    """Set the rate: up in a straight line, then down along a cosine to a fiftieth."""
    share = done / warm if done < warm else 0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2
    for group in optimise.param_groups:
        group["lr"] = rate * min(1.0, share)


def fill_in(body: Body, texts: Texts, *, seconds: float, rate: float, tokens: int) -> None:
    """Teach the body to fill in masked words, for so many seconds."""
    device = texts.device
    bias = torch.zeros(body.words.num_embeddings, device=device, requires_grad=True)
    optimise = optimiser(body, rate, 0.05)
    optimise.add_param_group({"params": [bias], "weight_decay": 0.0})
    random = np.random.default_rng(0)
    began, step, seen, total = time.monotonic(), 0, 0, torch.zeros((), device=device)
    body.train()
    while True:
        for rows, length in batches(texts.lengths, tokens, random):
            done = (time.monotonic() - began) / seconds
            if done >= 1:
                log.info("masked words: %d steps, %.1f M tokens", step, seen / 1e6)
                return
            ids = texts.exact(rows, length)
            share = MASK_SHARE * (1.3 - 0.6 * done)
            hidden = (torch.rand(ids.shape, device=device) < share) & (ids >= FIRST_WORD)
            luck = torch.rand(ids.shape, device=device)
            given = torch.where(hidden & (luck < 0.85), MASK, ids)
            other = torch.randint_like(ids, FIRST_WORD, body.words.num_embeddings)
            given = torch.where(hidden & (luck > 0.93), other, given)
            with torch.autocast(device, torch.bfloat16):
                states = body(given)[hidden]
                scores = F.linear(states, body.words.weight, bias)
                loss = F.cross_entropy(scores.float(), ids[hidden])
            pace(optimise, rate, done)
            optimise.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(body.parameters(), 1.0)
            optimise.step()
            total += loss.detach()
            step, seen = step + 1, seen + ids.numel()
            if step % 500 == 0:
                log.info("step %d %.3f, %.0f %% of the time", step, total.item() / 500, 100 * done)
                total.zero_()


class Teacher(nn.Module):
    """The body and its heads."""

    def __init__(self, body: Body, areas: int) -> None:
        super().__init__()
        self.body = body
        width = body.words.embedding_dim
        sizes = {"label": 4, "complaint": 1, "area": areas, "stars": 5}
        self.heads = nn.ModuleDict({n: nn.Linear(2 * width, k) for n, k in sizes.items()})
        self.vector = nn.Linear(width, VECTOR)

    def read(self, texts: Texts, rows: np.ndarray) -> torch.Tensor:
        """Return (n, 2 width): the first place and the mean of all."""
        ids, real = texts.padded(rows, LONGEST_LESSON if self.training else LONGEST)
        states = self.body(ids, real[:, None, None, :])
        mean = (states * real[..., None]).sum(1) / real.sum(1, keepdim=True)
        return torch.cat([states[:, 0], mean.to(states.dtype)], dim=1)

    def point(self, states: torch.Tensor) -> torch.Tensor:
        """Return unit vectors (n, VECTOR)."""
        return F.normalize(self.vector(states[:, states.shape[1] // 2 :]).float(), dim=1)


def meet(a: torch.Tensor, b: torch.Tensor, never: torch.Tensor | None = None) -> torch.Tensor:
    """Return the symmetric InfoNCE loss; `never` marks places that are no negatives."""
    scores = a @ b.T / TEMPERATURE
    if never is not None:
        scores = scores.masked_fill(never, -1e4)
    own = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


class Lessons:
    """What is known of some texts, as tasks: each names texts to read and what to learn of them.

    The notes of held-out sources stay unread. Texts of all tasks of a step are read together:
    many small readings would keep the device waiting.
    """

    def __init__(self, teacher: Teacher, m: dict[str, np.ndarray], device: str, seed: int) -> None:
        self.teacher, self.m, self.device = teacher, m, device
        self.random = np.random.default_rng(seed)
        held = set(m["notes"][m["notes"][:, 5] == 1, 0].tolist())
        self.notes = m["notes"][[row not in held for row in m["notes"][:, 0]]]
        caused = self.notes[self.notes[:, 4] >= 0]
        vague = int(np.bincount(caused[:, 4]).argmax())  # "unspecified dissatisfaction"
        self.caused = caused[caused[:, 4] != vague]
        self.order = self.caused[np.argsort(self.caused[:, 4], kind="stable")]
        _, self.first, self.count = np.unique(
            self.order[:, 4], return_index=True, return_counts=True
        )
        self.several = np.flatnonzero(self.count > 1)
        found = m["intents"]
        groups = [found[found[:, 1] == i, 0] for i in range(int(found[:, 1].max()) + 1)]
        self.intents = [rows for rows in groups if len(rows) > 1]

    def at(self, values: np.ndarray) -> torch.Tensor:
        """Return whole numbers on the device."""
        return torch.from_numpy(values.astype(np.int64)).to(self.device)

    def never(self, codes: np.ndarray, phrases: torch.Tensor) -> torch.Tensor:
        """Return which places are no negatives: the same cause, or one told in like words."""
        code = self.at(codes)
        like = phrases.detach() @ phrases.detach().T > 0.8
        return ((code[:, None] == code) | like).fill_diagonal_(False)

    def known(self) -> Task:
        """Label, complaint and area of notes."""
        chosen = self.notes[self.random.integers(len(self.notes), size=128)]

        def loss(states: list[torch.Tensor]) -> torch.Tensor:
            heads = self.teacher.heads
            label, area = heads["label"](states[0]).float(), heads["area"](states[0]).float()
            complaint = heads["complaint"](states[0])[:, 0].float()
            return (
                1.5 * F.cross_entropy(label, self.at(chosen[:, 1]), label_smoothing=0.05)
                + F.binary_cross_entropy_with_logits(complaint, self.at(chosen[:, 2]).float())
                + F.cross_entropy(area, self.at(chosen[:, 3]), label_smoothing=0.05)
            )

        return [chosen[:, 0]], loss

    def phrase(self) -> Task:
        """A mention and the phrase of its cause meet."""
        chosen = self.caused[self.random.choice(len(self.caused), 128, replace=False)]

        def loss(states: list[torch.Tensor]) -> torch.Tensor:
            mentions, phrases = map(self.teacher.point, states)
            return meet(mentions, phrases, self.never(chosen[:, 4], phrases))

        return [chosen[:, 0], self.m["phrases"][chosen[:, 4]]], loss

    def mention(self) -> Task:
        """Two mentions of one cause meet."""
        group = self.random.choice(self.several, min(96, len(self.several)), replace=False)
        two = np.array([
            self.first[g] + self.random.choice(self.count[g], 2, replace=False) for g in group
        ])  # fmt: skip
        codes = self.order[two[:, 0], 4]

        def loss(states: list[torch.Tensor]) -> torch.Tensor:
            left, right, phrases = map(self.teacher.point, states)
            return meet(left, right, self.never(codes, phrases))

        rows = [self.order[two[:, 0], 0], self.order[two[:, 1], 0], self.m["phrases"][codes]]
        return rows, loss

    def others(self) -> Task:
        """Complaint or not, and stars, of texts of which nothing else is known."""
        told = self.m["complaints"][self.random.integers(len(self.m["complaints"]), size=64)]
        rated = self.m["stars"][self.random.integers(len(self.m["stars"]), size=64)]

        def loss(states: list[torch.Tensor]) -> torch.Tensor:
            complaint = self.teacher.heads["complaint"](states[0])[:, 0].float()
            stars = self.teacher.heads["stars"](states[1]).float()
            return 0.5 * F.binary_cross_entropy_with_logits(
                complaint, self.at(told[:, 1]).float()
            ) + 0.3 * F.cross_entropy(stars, self.at(rated[:, 1]))

        return [told[:, 0], rated[:, 0]], loss

    def pair(self) -> Task:
        """Paired texts meet, and questions of one intent."""
        chosen = self.m["pairs"][self.random.integers(len(self.m["pairs"]), size=128)]
        which = self.random.permutation(len(self.intents))[:96]
        two = np.array([self.random.choice(self.intents[i], 2) for i in which])

        def loss(states: list[torch.Tensor]) -> torch.Tensor:
            a, b, left, right = map(self.teacher.point, states)
            return meet(a, b) + 0.5 * meet(left, right)

        return [chosen[:, 0], chosen[:, 1], two[:, 0], two[:, 1]], loss


def instruct(lessons: Lessons, texts: Texts, *, seconds: float, rate: float) -> None:
    """Teach what is known of some texts, for so many seconds."""
    teacher = lessons.teacher
    optimise = optimiser(teacher, rate, 0.05)
    teacher.train()
    began, step = time.monotonic(), 0
    while (done := (time.monotonic() - began) / seconds) < 1:
        pace(optimise, rate, done, 0.06)
        tasks = [lessons.known(), lessons.phrase()]
        tasks.append((lessons.mention, lessons.others, lessons.pair)[step % 3]())
        rows = [part for task, _ in tasks for part in task]
        with torch.autocast(texts.device, torch.bfloat16):
            states = list(teacher.read(texts, np.concatenate(rows)).split([len(r) for r in rows]))
            parts = []
            for task, loss in tasks:
                parts.append(loss(states[: len(task)]))
                states = states[len(task) :]
            total = sum(parts[1:], parts[0])
        optimise.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
        optimise.step()
        if step % 200 == 0:
            log.info("lesson %d: %s", step, [round(p.item(), 3) for p in parts])
        step += 1
    log.info("%d lessons", step)


@torch.no_grad()
def opinions(
    teacher: Teacher, texts: Texts, most: int | None = None, tokens: int = 65_536
) -> dict[str, np.ndarray]:
    """Return labels (n, 4), complaint (n,), area (n, areas), vector (n, VECTOR) of every text."""
    teacher.eval()
    order = np.argsort(texts.lengths[:most], kind="stable")
    found: dict[str, list[torch.Tensor]] = {"label": [], "complaint": [], "area": [], "vector": []}
    start = 0
    while start < len(order):
        size = max(16, tokens // int(texts.lengths[order[min(start + 256, len(order) - 1)]]))
        rows = order[start : start + size]
        with torch.autocast(texts.device, torch.bfloat16):
            states = teacher.read(texts, rows)
            scores = {
                name: teacher.heads[name](states).float() for name in found if name != "vector"
            }
            found["vector"].append(teacher.point(states).half().cpu())
        found["label"].append(scores["label"].softmax(1).cpu())
        found["complaint"].append(scores["complaint"][:, 0].sigmoid().cpu())
        found["area"].append(scores["area"].softmax(1).half().cpu())
        start += len(rows)
    back = np.argsort(order, kind="stable")
    return {name: torch.cat(parts).numpy()[back] for name, parts in found.items()}


def macro_f1(truth: np.ndarray, guess: np.ndarray) -> float:
    """Return the mean F1 over the classes of `truth`."""
    scores = []
    for kind in np.unique(truth):
        hit = ((truth == kind) & (guess == kind)).sum()
        scores.append(2 * hit / max(1, (truth == kind).sum() + (guess == kind).sum()))
    return float(np.mean(scores))


def near(vectors: np.ndarray, names: np.ndarray) -> float:
    """Return the precision of the five nearest."""
    v = vectors.astype(np.float32)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    like = v @ v.T
    np.fill_diagonal(like, -9)
    return float((names[np.argsort(-like, axis=1)[:, :5]] == names[:, None]).mean())


def examine(
    name: str, opinion: dict[str, np.ndarray], facts: dict[str, np.ndarray]
) -> dict[str, float]:
    """Return what one set of opinions scores on one test set."""
    if "label" not in facts:
        return {"p@5": near(opinion["vector"], facts["cause"])}
    agreed = facts["agreed"] == 1
    guess = opinion["label"].argmax(1)
    out = {
        "macro-F1": macro_f1(facts["label"], guess),
        "macro-F1 agreed": macro_f1(facts["label"][agreed], guess[agreed]),
        "complaint F1": macro_f1(facts["complaint"], opinion["complaint"] > 0.5),
    }
    if name == "united_dev":
        told = (facts["complaint"] == 1) & (facts["both"] == 1)
        told &= ~np.isin(facts["cause"], ["GENERAL", "OTHER", "-", ""])
        out["p@5"] = near(opinion["vector"][told], facts["cause"][told])
        mixed = np.hstack([opinion["vector"], np.sqrt(opinion["area"].astype(np.float32))])
        out["p@5 with area"] = near(mixed[told], facts["cause"][told])
    return out


def average(many: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the mean opinion; vectors stand side by side."""
    out: dict[str, np.ndarray] = {
        name: np.mean([one[name] for one in many], axis=0, dtype=np.float32)
        for name in ("label", "complaint", "area")
    }
    out["vector"] = np.hstack([one["vector"] for one in many]) / np.float16(math.sqrt(len(many)))
    return out


def write(folder: Path, opinion: dict[str, np.ndarray], marks: np.ndarray, areas: Any) -> None:
    """Write opinions in bytes, in files of at most about 15 MB."""
    vectors = torch.from_numpy(opinion["vector"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    sample = vectors[:: max(1, len(vectors) // 60_000)].float().to(device)
    _, _, basis = torch.linalg.svd(sample, full_matrices=False)
    basis = basis[:KEPT].T
    small = torch.cat([part.float().to(device) @ basis for part in vectors.split(50_000)]).cpu()
    top = (
        float(small.abs().quantile(0.9999))
        if small.numel() < 1e7
        else float(small[:: len(small) // 50_000].abs().quantile(0.9999))
    )
    small = (small / top * 127).round().clamp(-127, 127).to(torch.int8).numpy()
    logit = np.log(opinion["label"].clip(1e-5)).astype(np.float16)
    chance = opinion["complaint"].clip(1e-5, 1 - 1e-5)
    complaint = np.log(chance / (1 - chance)).astype(np.float16)
    area = np.round(np.sqrt(opinion["area"].astype(np.float32)) * 255).astype(np.uint8)
    np.savez_compressed(folder / "opinions.npz", key=marks, label=logit, complaint=complaint,
                        areas=areas, scale=np.float32(top / 127))  # fmt: skip
    for i, part in enumerate(np.array_split(area, 1)):
        np.savez_compressed(folder / f"opinions_area{i}.npz", area=part)
    for i, columns in enumerate(np.array_split(np.arange(KEPT), 3)):
        np.savez_compressed(folder / f"opinions_vector{i}.npz", vector=small[:, columns])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6.0, help="time to fill in masked words")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--layers", type=int, default=10)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--tokens", type=int, default=32_768, help="per step")
    parser.add_argument("--lesson-minutes", type=float, default=1.6, help="per pupil")
    parser.add_argument("--lesson-rate", type=float, default=1.5e-4)
    parser.add_argument("--pupils", type=int, default=2, help="teachers to average")
    parser.add_argument("--texts", type=int, help="opinions at most, for a quick try")
    return parser.parse_args()


def main() -> None:
    """Train, examine, write."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    torch.manual_seed(0)
    m = dict(np.load(options.folder / "material.npz"))
    texts = Texts(m["ids"], m["offsets"], device)
    body = Body(int(m["vocabulary"]), options.width, options.layers, 0.1).to(device)
    log.info("%.1f M weights, %d texts on %s", sum(p.numel() for p in body.parameters()) / 1e6,
             len(texts.lengths), device)  # fmt: skip
    body.drop(0.0)
    fill_in(body, texts, seconds=60 * options.minutes, rate=options.rate, tokens=options.tokens)
    start = {name: value.clone() for name, value in body.state_dict().items()}
    names = sorted({name.split("/")[0] for name in m if "/" in name})
    exam = {n: Texts(m[f"{n}/ids"], m[f"{n}/offsets"], device) for n in names}
    facts = {
        n: {k.split("/")[1]: m[k] for k in m if k.startswith(f"{n}/") and "/ids" not in k}
        for n in names
    }
    body.drop(0.1)
    report: dict[str, Any] = {}
    told, grades = [], []
    for seed in range(options.pupils):
        body.load_state_dict(start)
        torch.manual_seed(100 + seed)
        teacher = Teacher(body, len(m["areas"])).to(device)
        lessons = Lessons(teacher, m, device, seed)
        instruct(lessons, texts, seconds=60 * options.lesson_minutes, rate=options.lesson_rate)
        grades.append({n: opinions(teacher, exam[n]) for n in names})
        report[f"seed {seed}"] = {n: examine(n, grades[-1][n], facts[n]) for n in names}
        told.append(opinions(teacher, texts, options.texts))
        log.info("seed %d: %s", seed, json.dumps(report[f"seed {seed}"]))
    mean = {n: average([grade[n] for grade in grades]) for n in names}
    report["mean"] = {n: examine(n, mean[n], facts[n]) for n in names}
    everything = average(told)
    held = m["notes"][(m["notes"][:, 5] == 1) & (m["notes"][:, 0] < len(everything["area"]))]
    held = held[held[:, 3] != list(m["areas"]).index("-")]
    report["held-out areas p@5"] = near(everything["vector"][held[:, 0]], held[:, 3])
    log.info("mean: %s", json.dumps(report))
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "exam.json").write_text(json.dumps(report, indent=1) + "\n")
    write(options.output, everything, m["key"][: options.texts], m["areas"])
    log.info("written")


if __name__ == "__main__":
    main()
