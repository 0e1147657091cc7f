"""What `rootcause score` is compared with in `bench.py`: rivals as one would write them, floors."""

import csv
import json
import os
import resource
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The transformer is slow enough that so many mentions tell its rate.
TRANSFORMER_ROWS = int(os.environ.get("ROOTCAUSE_BENCH_TRANSFORMER_ROWS", "1500"))


spent_before = 0.0


def ready():
    """Say that preparing (imports, training) is over: what was spent so far does not count."""
    global spent_before  # noqa: PLW0603 - read by the one process that runs one contender
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent_before = used.ru_utime + used.ru_stime
    print("ready", flush=True)


def _plain_rows(dump):
    with open(dump, encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _plain_write(rows, proba, out):
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    columns |= {f"p{i}": proba[:, i] for i in range(proba.shape[1])}
    out.mkdir()
    parquet.write_table(pa.table(columns), out / "x.parquet", compression="zstd")


def run_tfidf(dump, out, model):
    """TF-IDF of words and characters with logistic regression, as one would write it."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    with (ROOT / "data/labeled.csv").open(encoding="utf-8-sig", newline="") as stream:
        labeled = list(csv.DictReader(stream))
    pipe = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LogisticRegression(max_iter=1_000),
    )
    pipe.fit([row["text"] for row in labeled], [row["label"] for row in labeled])
    ready()
    rows = _plain_rows(dump)
    _plain_write(rows, pipe.predict_proba([row["text"] for row in rows]), out)
    return len(rows)


def run_transformer(dump, out, model):
    """A transformer of the shape of MiniLM-L6 with random weights: speed is what counts."""
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.set_num_threads(os.cpu_count() or 1)
    folder = out.parent / "minilm"
    words = PreTrainedTokenizerFast(
        tokenizer_file=str(ROOT / "models/encoder/tokenizer.json"),
        unk_token="[UNK]",
        pad_token="[UNK]",
    )
    shape = BertConfig(
        vocab_size=30_522,
        hidden_size=384,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1_536,
    )
    BertModel(shape).save_pretrained(folder)
    words.save_pretrained(folder)
    part = Transformer(str(folder), max_seq_length=128)
    encoder = SentenceTransformer(modules=[part, Pooling(384)], device="cpu")
    ready()
    rows = _plain_rows(dump)[:TRANSFORMER_ROWS]
    vectors = encoder.encode([row["text"] for row in rows], batch_size=64)
    heads = np.random.default_rng(0).normal(size=(384, 4)).astype(np.float32)
    _plain_write(rows, vectors @ heads, out)
    return len(rows)


def run_read(dump, out, model):
    from rootcause.dumps import read_mentions

    return sum(batch.num_rows for batch in read_mentions(dump))


def run_tokenise(dump, out, model):
    """Tokenise alone, from memory."""
    from rootcause.dumps import read_mentions

    texts = [batch.column("text").to_pylist() for batch in read_mentions(dump)]
    _tokenise(["warm"])
    ready()
    for some in texts:
        _tokenise(some)
    return sum(map(len, texts))


def run_floor(dump, out, jobs, model):
    """Read, tokenise, write, with nothing decided; `jobs` processes tokenise, or this one alone."""
    from concurrent.futures import Future, ProcessPoolExecutor
    from contextlib import nullcontext
    from multiprocessing import get_context

    import pyarrow as pa
    from pyarrow import parquet

    from rootcause.dumps import read_mentions

    out.mkdir()
    reader = read_mentions(dump)
    done, writer = 0, None
    pool = ProcessPoolExecutor(jobs, get_context("spawn")) if jobs > 1 else None
    with pool or nullcontext():
        waiting = []

        def submit(texts):
            if pool:
                return pool.submit(_tokenise, texts)
            done = Future()
            done.set_result(_tokenise(texts))
            return done

        def write_oldest():
            nonlocal done, writer
            batch, future = waiting.pop(0)
            future.result()
            writer = writer or parquet.ParquetWriter(out / "x.parquet", batch.schema)
            writer.write_table(pa.Table.from_batches([batch]))
            done += batch.num_rows

        for batch in reader:
            waiting.append((batch, submit(batch.column("text").to_pylist())))
            if len(waiting) > 2 * jobs:
                write_oldest()
        while waiting:
            write_oldest()
    writer.close()
    return done


def _tokenise(texts):
    global _encoder  # noqa: PLW0603 - one per process
    if "_encoder" not in globals():
        from rootcause.encode import load_encoder

        _encoder = load_encoder()
    return len(_encoder.tokenise(texts).ids)


RIVALS = {
    "read": run_read,
    "tokenise": run_tokenise,
    "floor": run_floor,
    "tfidf": run_tfidf,
    "transformer": run_transformer,
}
