"""Train the built-in encoder: `python scripts/train_encoder.py -o models/encoder`.

Stage 1 learns a table of token and token-pair vectors by contrast (InfoNCE, van den Oord et al.,
2018, with in-batch negatives): halves of one text, paired texts, mentions and the phrases of
their causes, mentions of one cause, questions of one intent. Stage 2 learns a small network over
the mean vector that draws mentions of one cause together and names their area.

One thread and one seed give the same bytes on one machine. Needs `rootcause[transformers]`.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from encoder_data import NON_COMMERCIAL, Corpus, read_corpus
from encoder_head import train_head
from encoder_table import VOCABULARY, prepare, train_table

log = logging.getLogger("train_encoder")

ALPHABET = 600


def train_tokenizer(corpus: Corpus) -> Tokenizer:
    """Return a WordPiece tokenizer (Devlin et al., 2019) over words and runs of punctuation.

    The trainer numbers single characters in the order of a randomly seeded hash, and breaks
    ties by number. They are given to it in a fixed order, as special tokens, and made plain
    ones afterwards; rarer characters are taken out of the texts before.
    """
    texts = [*corpus.lines, *(text for note in corpus.notes for text in (note.text, note.cause))]
    texts += [text for _, a, b in corpus.pairs for text in (a, b)]
    texts += [text for _, _, text in corpus.intents]
    seen = Counter[str]()
    for text in texts:
        seen.update(text)
    ranked = sorted((c for c in seen if not c.isspace()), key=lambda c: (-seen[c], c))
    alphabet = ranked[:ALPHABET]
    rare = str.maketrans(dict.fromkeys(ranked[ALPHABET:], " "))

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY,
        min_frequency=3,
        special_tokens=["[PAD]", "[UNK]", *alphabet, *(f"##{c}" for c in alphabet)],
        show_progress=False,
    )
    tokenizer.train_from_iterator((text.translate(rare) for text in texts), trainer)
    return Tokenizer.from_str(canonical(tokenizer).decode())


def canonical(tokenizer: Tokenizer) -> bytes:
    """Return the tokenizer's file with its vocabulary in id order and no special tokens."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    vocabulary = content["model"]["vocab"]
    content["model"]["vocab"] = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def quantise(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 rows and one float32 scale per row, whose product is near `rows`."""
    scale = np.abs(rows).max(axis=1) / 127
    scale[scale == 0] = 1
    return np.round(rows / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def main() -> None:
    """Read the data, train both stages, write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("models/encoder"))
    parser.add_argument("--data", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("--sources", choices=["all", "commercial"], default="all")
    parser.add_argument("--exclude", nargs="*", default=[], help="further sources to leave out")
    parser.add_argument(
        "--all-notes", action="store_true", help="also train on the notes that area is measured on"
    )
    parser.add_argument(
        "--without", nargs="*", default=[], help="labeled files whose texts to leave out"
    )
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--head-steps", type=int, default=1_000)
    parser.add_argument("--pairs", type=int, default=8_000, help="token pairs in the table")
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--no-head", action="store_true", help="stop after stage 1")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    started = time.monotonic()

    exclude = (*options.exclude, *(NON_COMMERCIAL if options.sources == "commercial" else ()))
    corpus = read_corpus(
        options.data,
        exclude=exclude,
        all_notes=options.all_notes,
        without=tuple(options.without),
    )
    log.info("%d lines, %d pairs, %d intents, %d notes; %d texts too close to a test set",
             len(corpus.lines), len(corpus.pairs), len(corpus.intents), len(corpus.notes),
             corpus.dropped)  # fmt: skip
    tokenizer = train_tokenizer(corpus)
    material = prepare(corpus, tokenizer, pairs=options.pairs)
    log.info("tokenised after %.0f s", time.monotonic() - started)
    table, scale = quantise(
        train_table(material, dimension=options.dimension, steps=options.steps, seed=options.seed)
    )
    log.info("stage 1 done after %.0f s", time.monotonic() - started)
    # A small corpus fills only the first part of the vocabulary.
    rows = np.r_[: tokenizer.get_vocab_size(), VOCABULARY : len(table)]
    tensors = {
        "table": table[rows],
        "scale": scale[rows],
        "pairs": material.pair_ids.astype(np.int32),
    }
    if not options.no_head:
        tensors |= train_head(
            material, table * scale[:, None], steps=options.head_steps, seed=options.seed
        )
    log.info("stage 2 done after %.0f s", time.monotonic() - started)

    options.output.mkdir(parents=True, exist_ok=True)
    config = {
        "kind": "rootcause-static",
        "format": 1,
        "normaliser": 1,
        "seed": options.seed,
        "steps": options.steps,
        "sources": options.sources,
        "excluded": sorted([*exclude, *(f"texts of {name}" for name in options.without)]),
        "all_notes": options.all_notes,
        "counts": {
            "lines": len(corpus.lines),
            "pairs": len(corpus.pairs),
            "intents": len(corpus.intents),
            "notes": len(corpus.notes),
            "dropped": corpus.dropped,
        },
    }
    (options.output / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (options.output / "tokenizer.json").write_bytes(canonical(tokenizer))
    (options.output / "model.safetensors").write_bytes(
        save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)})
    )


if __name__ == "__main__":
    main()
