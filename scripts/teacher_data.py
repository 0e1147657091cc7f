"""What the teacher reads: every usable text as token ids, and what is known of each.

    python scripts/teacher_data.py -o FOLDER
    python scripts/teacher_data.py -o FOLDER --keep OPINIONS    # after train_teacher.py

writes `tokenizer.json` and `material.npz`, small enough to carry to a machine with a GPU. No text
of the test sets, nor one like it, is among the training texts; theirs travel apart, to measure on.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from encoder_data import HELD_OUT_INTENTS, HELD_OUT_NOTES, Blocked, all_notes, rows, tab_rows
from rootcause.text import clean, normalise

log = logging.getLogger("teacher_data")

VOCABULARY = 16_000
LONGEST = 128
LABELS = ("venting", "service_request", "praise", "other")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[MASK]", "^")

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
_DESK = re.compile(r"(?<!\w)@\w*(?:help|support|care|ask|assist|service|answers)\w*", re.IGNORECASE)
_HANDLE = re.compile(r"(?<!\w)@\w+")
_CAPITALS = re.compile(r"\b[A-Z]{3,}\b")
_LONG_NUMBER = re.compile(r"\d{4,}")
_ELONGATED = re.compile(r"([^\d\s])\1{2,}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def spell(text: str) -> str:
    """Return a text as the teacher reads it: lower case, words in capitals marked by `^`."""
    text = clean(text)[:2_000]
    text = _EMAIL.sub(" email ", _URL.sub(" url ", text))
    text = _HANDLE.sub(" @ user ", _DESK.sub(" @ desk ", text))
    text = _CAMEL.sub(" ", text)
    text = _CAPITALS.sub(lambda found: f"^ {found[0]}", text).lower()
    return " ".join(_ELONGATED.sub(r"\1\1", _LONG_NUMBER.sub("0000", text)).split())


def key(text: str) -> int:
    """Return the number by which a text's predictions are found again."""
    digest = hashlib.blake2b(normalise(text).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Gathered:
    """Texts, each once, with what is known of them; see `gather`."""

    def __init__(self, blocked: Blocked) -> None:
        self.blocked = blocked
        self.place: dict[int, int] = {}
        self.texts: list[str] = []
        self.dropped = 0

    def add(self, text: str) -> int:
        """Return the row of a text, or -1 if it must not be trained on or is empty."""
        mark = key(text)
        if mark not in self.place:
            if not text.strip() or text in self.blocked:
                self.dropped += 1
                self.place[mark] = -1
            else:
                self.place[mark] = len(self.texts)
                self.texts.append(text)
        return self.place[mark]


def gather(data: Path) -> tuple[Gathered, dict[str, np.ndarray], list[str]]:
    """Return the texts, arrays of what is known of them, and the names of the areas."""
    seen = Gathered(Blocked(data))
    notes = all_notes(data)
    areas = sorted({note.area for note in notes})
    causes = sorted({note.cause for note in notes if note.cause not in ("-", "")})
    cause_row = {cause: i for i, cause in enumerate(causes)}
    told: list[tuple[int, ...]] = []
    for note in notes:
        row = seen.add(note.text)
        if row >= 0:
            told.append((
                row, LABELS.index(note.label), int(note.complaint), areas.index(note.area),
                cause_row.get(note.cause, -1), int(note.source in HELD_OUT_NOTES),
            ))  # fmt: skip
    known = {row[0] for row in told}
    complaints = [(r, c) for r, c in _complaints(data, seen) if r >= 0 and r not in known]
    stars = [(r, s) for r, s in _stars(data, seen) if r >= 0]
    pairs = [(seen.add(a), seen.add(b)) for _, a, b in tab_rows(data / "encoder" / "pairs.tsv.gz")]
    intents: dict[str, int] = {}
    asked = []
    for source, intent, text in tab_rows(data / "encoder" / "intents.tsv.gz"):
        if source not in HELD_OUT_INTENTS:
            number = intents.setdefault(f"{source}/{intent}", len(intents))
            asked.append((seen.add(text), number))
    for line in tab_rows(data / "encoder" / "texts.txt.gz"):
        seen.add(line[0])
    for text in _streams(data):
        seen.add(text)
    phrases = [seen.add(cause) for cause in causes]
    arrays = {
        "notes": np.array(told, np.int32),
        "complaints": np.array(complaints, np.int32),
        "stars": np.array(stars, np.int32),
        "pairs": np.array([p for p in pairs if min(p) >= 0 and p[0] != p[1]], np.int32),
        "intents": np.array([p for p in asked if p[0] >= 0], np.int32),
        "phrases": np.array(phrases, np.int32),
    }
    return seen, arrays, areas


def _complaints(data: Path, seen: Gathered) -> Iterator[tuple[int, int]]:
    for name in ("complaints_2015.csv", "finance_complaints.csv"):
        for row in rows(data / "labeled" / name):
            yield seen.add(row["text"]), int(row["complaint"])
    for row in rows(data / "labeled" / "airlines_sentiment.csv"):
        if row["airline_sentiment"] != "neutral":
            yield seen.add(row["text"]), int(row["airline_sentiment"] == "negative")
    for row in rows(data / "labeled" / "product_reviews.csv"):
        yield seen.add(f"{row['Title']}. {row['Review_S']}"), int(row["Complaint"])


def stream(data: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a gzipped stream."""
    with gzip.open(data / "streams" / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _stars(data: Path, seen: Gathered) -> Iterator[tuple[int, int]]:
    for row in stream(data, "app_reviews.csv.gz"):
        yield seen.add(f"{row['title']}. {row['content']}"), int(float(row["rating"])) - 1
    for row in stream(data, "uber_reviews.csv.gz"):
        yield seen.add(row["content"]), int(float(row["score"])) - 1


def _streams(data: Path) -> Iterator[str]:
    for row in stream(data, "brand_tweets.csv.gz"):
        yield row["text"]
    for row in stream(data, "cfpb.csv.gz"):
        yield row["Consumer complaint narrative"][:1_500]
    for row in stream(data, "comcast_fcc.csv.gz"):
        yield row["Customer Complaint"]


def tokenised(tokenizer: Tokenizer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return token ids end to end, a `[CLS]` before each text, and offsets."""
    start = tokenizer.token_to_id("[CLS]")
    found = tokenizer.encode_batch_fast([spell(text) for text in texts], add_special_tokens=False)
    lines = [[start, *encoding.ids[: LONGEST - 1]] for encoding in found]
    offsets = np.cumsum([0, *map(len, lines)]).astype(np.int32)
    return np.array([i for line in lines for i in line], np.uint16), offsets


def exams(data: Path, tokenizer: Tokenizer) -> dict[str, np.ndarray]:
    """Return the test sets and the held-out intents, each under its name."""
    out: dict[str, np.ndarray] = {}

    def add(name: str, texts: list[str], **columns: list[object]) -> None:
        ids, offsets = tokenised(tokenizer, texts)
        out[f"{name}/ids"], out[f"{name}/offsets"] = ids, offsets
        for column, values in columns.items():
            out[f"{name}/{column}"] = np.array(values)

    for name in ("brands_dev", "united_dev"):
        found = list(rows(data / "labeled" / f"{name}.csv"))
        add(name, [r["text"] for r in found], label=[LABELS.index(r["label"]) for r in found],
            complaint=[int(r["complaint"]) for r in found],
            agreed=[int(r.get("label_agreed") or r["agreed"]) for r in found],
            both=[int(r["agreed"]) for r in found],
            cause=[r.get("cause", "-") for r in found])  # fmt: skip
    asked = [r for r in tab_rows(data / "encoder" / "intents.tsv.gz") if r[0] in HELD_OUT_INTENTS]
    for source in HELD_OUT_INTENTS[:3]:
        items = [r for r in asked if r[0] == source]
        add(source, [r[2] for r in items], cause=[r[1] for r in items])
    return out


def posts(data: Path) -> Iterator[str]:
    """Yield texts of which a teacher's opinion is worth having: posts, tickets, reviews."""
    for row in tab_rows(data / "encoder" / "texts.txt.gz"):
        yield row[0]
    for row in stream(data, "brand_tweets.csv.gz"):
        yield row["text"]
    for row in rows(data / "labeled" / "airlines_sentiment.csv"):
        yield row["text"]
    for source, text, _ in tab_rows(data / "encoder" / "pairs.tsv.gz"):
        if source in ("airline_reply", "airline_followup", "support_reply"):
            yield text
    for i, row in enumerate(stream(data, "app_reviews.csv.gz")):
        if i % 3 == 0:  # else reviews of four apps would outnumber everything
            yield f"{row['title']}. {row['content']}"


def keep_opinions(data: Path, folder: Path, most: int) -> None:
    """Write `opinions.npz` beside this script: labels and complaint of some posts, in bytes.

    Texts are not in it: each opinion is found by `key` of its text.
    """
    held = {key(note.text) for note in all_notes(data) if note.source in HELD_OUT_NOTES}
    wanted = np.array(sorted({key(text) for text in posts(data)} - held), np.uint64)
    found = np.load(folder / "opinions.npz")
    order = np.argsort(found["key"])
    _, rows_, _ = np.intersect1d(found["key"][order], wanted, return_indices=True)
    rows_ = np.sort(np.random.default_rng(0).permutation(rows_)[:most])
    chosen = order[rows_]
    label = np.exp(found["label"][chosen].astype(np.float32))
    label /= label.sum(axis=1, keepdims=True)
    complaint = 1 / (1 + np.exp(-found["complaint"][chosen].astype(np.float32)))
    np.savez_compressed(
        Path(__file__).with_name("opinions.npz"), key=found["key"][chosen],
        label=np.round(255 * label).astype(np.uint8),
        complaint=np.round(255 * complaint).astype(np.uint8),
    )  # fmt: skip


def main() -> None:
    """Gather, tokenise, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--keep", type=Path, help="keep opinions of this folder, gather nothing")
    parser.add_argument("--most", type=int, default=120_000, help="opinions to keep")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.keep:
        keep_opinions(options.data, options.keep, options.most)
        return
    seen, arrays, areas = gather(options.data)
    log.info("%d texts, %d dropped; %s", len(seen.texts), seen.dropped,
             {name: len(rows) for name, rows in arrays.items()})  # fmt: skip
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, min_frequency=4, special_tokens=list(SPECIAL), limit_alphabet=400,
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator((spell(text) for text in seen.texts), trainer)
    options.output.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(options.output / "tokenizer.json"))
    ids, offsets = tokenised(tokenizer, seen.texts)
    log.info("%d tokens", len(ids))
    marks = np.array([key(text) for text in seen.texts], np.uint64)
    np.savez_compressed(
        options.output / "material.npz", ids=ids, offsets=offsets, key=marks,
        areas=np.array(areas), vocabulary=np.array(tokenizer.get_vocab_size()), **arrays,
        **exams(options.data, tokenizer),
    )  # fmt: skip


if __name__ == "__main__":
    main()
