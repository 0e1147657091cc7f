"""Collections with known causes, and measures of how well groups meet them."""

from __future__ import annotations

import csv
import gzip
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

csv.field_size_limit(sys.maxsize)

NOTES = ("brands3", "ecommerce_in2", "finance2")  # what encoder_data holds out for a design
RECURRING = 10
# finance_complaints: the collectors' domains that mean the same.
DOMAINS = {
    "Transaction Fail": "transaction",
    "Transaction Failure": "transaction",
    "Transaction": "transaction",
    "Debit card": "debit card",
    "Debit Card": "debit card",
    "Credit Card": "credit card",
    "Credit card": "credit card",
    "Stocks and investment": "stocks",
    "Stock": "stocks",
    "Retail Banking": "retail banking",
    "Retail banking": "retail banking",
    "ATM": "atm",
    "Interest Rate": "loan",
    "Mortgage": "loan",
    "Loan": "loan",
}
DEMO_REST = {"INQ", "PRA", "OTH", "NAME", "SPAM", "LANG", "ESIM"}


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Complaints with gold causes; `gold` has one or more per text, `vague` ones are no causes."""

    name: str
    texts: list[str]
    gold: list[frozenset[str]]
    vague: frozenset[str]

    @property
    def one(self) -> np.ndarray:
        """The first gold cause of each text."""
        return np.array([min(causes) for causes in self.gold])


def load(data: Path, main: Path) -> list[Collection]:
    """Return every collection."""
    out = [_united(data), *(_notes(data, source) for source in NOTES), _finance(data)]
    out += [_support(data), _cfpb(data)]
    weeks = sorted(path.name for path in (main / "data" / "dumps").iterdir())
    out += [demo(main, "demo, 8 weeks", weeks[:8]), demo(main, "demo, 1 week", weeks[8:9])]
    return out


def _rows(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _make(name: str, pairs: list[tuple[str, set[str]]], vague: set[str]) -> Collection:
    return Collection(
        name=name,
        texts=[text for text, _ in pairs],
        gold=[frozenset(causes) for _, causes in pairs],
        vague=frozenset(vague),
    )


def _united(data: Path) -> Collection:
    rows = _rows(data / "labeled" / "united_dev.csv")
    pairs = [(r["text"], {r["cause"]}) for r in rows if r["complaint"] == "1" and r["cause"] != "-"]
    return _make("united_dev", pairs, {"GENERAL", "OTHER"})


def _notes(data: Path, source: str) -> Collection:
    rows = _rows(data / "labeled" / "cause_notes.csv")
    pairs = [
        (r["text"], {r["area"]})
        for r in rows
        if r["source"] == source and r["complaint"] == "1" and r["area"] != "-"
    ]
    return _make(f"notes: {source}", pairs, {"general", "other"})


def _finance(data: Path) -> Collection:
    rows = [r for r in _rows(data / "labeled" / "finance_complaints.csv") if r["complaint"] == "1"]
    pairs = [(r["text"], {DOMAINS.get(r["domain"], r["domain"].lower())}) for r in rows]
    return _make("finance", pairs, {"customer service", "consumer transaction complaints"})


def _support(data: Path) -> Collection:
    pairs = []
    for row in _rows(data / "labeled" / "support_issues.csv"):
        issues = {part.strip() for part in row["issues"].split("|")} - {""}
        if issues:
            pairs.append((row["text"], issues))
    return _make("support_issues", pairs, set())


def _cfpb(data: Path) -> Collection:
    rows = _rows(data / "streams" / "cfpb.csv.gz")
    text = next(
        k for k in rows[0] if k.lower() in ("text", "narrative") or "narrative" in k.lower()
    )
    issue = next(k for k in rows[0] if k.lower() == "issue")
    pairs = [(r[text], {r[issue]}) for r in rows if r[text] and r[issue]]
    return _make("cfpb", pairs, set())


def demo(main: Path, name: str, weeks: list[str]) -> Collection:
    """Return the demo's complaints; an isolated one is a cause of its own."""
    from rootcause.dumps import read_mentions

    planted = {r["mention_id"]: r["planted"] for r in _rows(main / "data" / "planted.csv")}
    pairs = []
    for week in weeks:
        files = sorted((main / "data" / "dumps" / week).iterdir())
        for batch in read_mentions([str(path) for path in files]):
            for row in batch.to_pylist():
                code = planted.get(row["mention_id"])
                if code and code not in DEMO_REST and row["inbound"] is not False:
                    pairs.append((row["text"], {code if code != "ISO" else f"ISO{len(pairs)}"}))
    return _make(name, pairs, {"VENT"})


def b_cubed(gold: list[frozenset[str]], held: list[frozenset[int]]) -> tuple[float, float, float]:
    """Return precision, recall, F1; multi-label as Amigo et al. 2009, section 5.

    An item without a cluster is one of its own.
    """
    names = sorted({c for causes in gold for c in causes})
    place = {name: i for i, name in enumerate(names)}
    g = np.zeros((len(gold), len(names)), dtype=np.float32)
    for i, causes in enumerate(gold):
        g[i, [place[c] for c in causes]] = 1
    groups = max((max(h, default=-1) for h in held), default=-1) + 1
    alone = [i for i, h in enumerate(held) if not h]
    c = np.zeros((len(held), groups), dtype=np.float32)
    for i, h in enumerate(held):
        c[i, list(h)] = 1
    shared_gold, shared_held = g @ g.T, c @ c.T
    shared_held[alone, alone] = 1
    common = np.minimum(shared_gold, shared_held)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(shared_held > 0, common / shared_held, 0).sum(1)
        recall = np.where(shared_gold > 0, common / shared_gold, 0).sum(1)
    p = float((precision / (shared_held > 0).sum(1)).mean())
    r = float((recall / (shared_gold > 0).sum(1)).mean())
    return p, r, 2 * p * r / max(p + r, 1e-9)


def found(
    gold: list[frozenset[str]], held: list[frozenset[int]], vague: frozenset[str]
) -> tuple[float, int, float]:
    """Return the share of recurring causes found, how many there are, clusters per found cause.

    Found: a cluster of which at least half is the cause, holding at least 30 % of it.
    """
    sizes: dict[int, int] = {}
    for h in held:
        for cluster in h:
            sizes[cluster] = sizes.get(cluster, 0) + 1
    hits, parts = [], []
    for cause in sorted({c for causes in gold for c in causes} - vague):
        rows = [i for i, causes in enumerate(gold) if cause in causes]
        if len(rows) < RECURRING:
            continue
        inside: dict[int, int] = {}
        for i in rows:
            for cluster in held[i]:
                inside[cluster] = inside.get(cluster, 0) + 1
        pure = [k for k, n in inside.items() if 2 * n >= sizes[k]]
        hit = any(inside[k] >= 0.3 * len(rows) for k in pure)
        hits.append(hit)
        if hit:
            parts.append(len(pure))
    return float(np.mean(hits or [0])), len(hits), float(np.mean(parts or [0]))
