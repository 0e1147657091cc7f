"""Train, score and report with a sentence-transformers model, the network forbidden."""

import csv
import json
from datetime import datetime, timedelta

import pytest

from rootcause.errors import ModelError
from rootcause.score import score
from rootcause.scored import open_scored
from rootcause.training import train
from rootcause.weekly import write_report

WORDS = {
    "venting": "still waiting",
    "service_request": "on hold waiting",
    "other": "hold on",
}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "labeled.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for i in range(90):
            label = list(WORDS)[i % 3]
            writer.writerow([f"{WORDS[label]} number {i}", label])
    return path


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    path = tmp_path_factory.mktemp("dump") / "week.csv"
    day = datetime(2026, 11, 16)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "created_at", "author"])
        for i in range(40):
            text = f"{WORDS[list(WORDS)[i % 3]]} case {i}"
            writer.writerow([i, text, (day + timedelta(hours=4 * i)).isoformat(), f"a{i}"])
    return path


@pytest.fixture
def counted(monkeypatch):
    """The texts that a sentence-transformers model was asked for."""
    import sentence_transformers

    asked = []
    plain = sentence_transformers.SentenceTransformer.encode

    def encode(self, texts, **options):
        asked.extend(texts)
        return plain(self, texts, **options)

    monkeypatch.setattr(sentence_transformers.SentenceTransformer, "encode", encode)
    return asked


def test_three_jobs_with_a_transformer(transformer, export, dump, tmp_path, no_network, counted):
    vectors = tmp_path / "vectors"
    model = tmp_path / "model"
    train([str(export)], model, encoder=str(transformer), max_length=16, vectors=vectors)
    facts = json.loads((model / "model.json").read_text())
    assert facts["encoder"]["max_length"] == 16
    met = len(counted)
    assert met == 90  # every text once, however many folds ask for it

    train([str(export)], tmp_path / "again", encoder=str(transformer), max_length=16,
          vectors=vectors)  # fmt: skip
    assert len(counted) == met
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("model", "again")]
    assert weights[0] == weights[1]

    score([dump], tmp_path / "scored", model=model, jobs=1, vectors=vectors)
    assert len(counted) == met + 40
    score([dump], tmp_path / "second", model=model, jobs=1, vectors=vectors)
    assert len(counted) == met + 40
    scored = open_scored(tmp_path / "scored")
    assert scored.manifest.encoder_hash == facts["encoder"]["content_hash"]

    report, folder = write_report(
        tmp_path / "scored",
        tmp_path / "reports",
        encoder=str(transformer),
        max_length=16,
        vectors=vectors,
    )
    assert report.week == "2026-W47"
    assert (folder / "report.html").exists()


def test_another_length_is_refused_with_both_names(transformer, export, dump, tmp_path):
    model = tmp_path / "model"
    train([str(export)], model, encoder=str(transformer), max_length=16)
    score([dump], tmp_path / "scored", model=model, jobs=1)
    with pytest.raises(ModelError, match=r"encoder .*encoder"):
        write_report(tmp_path / "scored", tmp_path / "reports", encoder=str(transformer))


def test_an_encoder_that_moved_is_named_at_scoring(transformer, export, dump, tmp_path):
    import shutil

    moved = tmp_path / "elsewhere"
    shutil.copytree(transformer, moved)
    train([str(export)], tmp_path / "model", encoder=str(moved))
    shutil.rmtree(moved)
    with pytest.raises(ModelError):
        score([dump], tmp_path / "scored", model=tmp_path / "model", jobs=1)
    score([dump], tmp_path / "scored", model=tmp_path / "model", jobs=1, encoder=str(transformer))
    assert open_scored(tmp_path / "scored").manifest.counts.scored == 40
