"""Shared by the tests: single-threaded BLAS, and one demo run that many tests look at."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

# small matrices: threads only wait for each other, and several test processes share the cores
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@dataclass(frozen=True)
class Demo:
    """A finished demo: its folder and what it printed."""

    folder: Path
    printed: str

    @property
    def scored(self):
        return self.folder / "scored"

    @property
    def reports(self):
        return self.folder / "reports"

    @property
    def register(self):
        return self.scored / "rootcause.db"


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo, run once for the whole session; look at it, do not change it."""
    from rootcause.demo import run_demo

    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder, run_demo(folder, say=lambda _: None))


@pytest.fixture
def demo_copy(demo, tmp_path):
    """A copy of the demo's scored folder and register, to be changed."""
    shutil.copytree(demo.scored, tmp_path / "scored")
    return tmp_path / "scored"


@pytest.fixture(scope="session")
def transformer(tmp_path_factory) -> Path:
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("transformer")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "still", "waiting", "on", "hold"]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    special |= {"sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=32, **special).save_pretrained(
        folder / "bert"
    )
    config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1)
    config.num_attention_heads, config.intermediate_size = 2, 32
    BertModel(config).save_pretrained(folder / "bert")
    body = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[body, Pooling(16)]).save(str(folder / "st"))
    return folder / "st"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("network used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
