"""Model folders: whole or refused in one line, the same predictions to the bit, old ones load."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rootcause.artifact import FORMAT, card, load_model, model_facts, save_model, verify
from rootcause.classify import MentionClassifier
from rootcause.errors import ModelError, UsageError

ROOT = Path(__file__).parents[1]
FROZEN = Path(__file__).parent / "fixtures" / "model_format_1"


class TinyEncoder:
    """Eight numbers per text from its letters; the frozen folder was made with it."""

    name, dimension, content_hash = "tiny", 8, "tiny-encoder-of-the-tests"

    def encode(self, texts):
        rows = np.ones((len(texts), 8), np.float32)
        for i, text in enumerate(texts):
            for letter in text.lower():
                rows[i, ord(letter) % 8] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def texts():
    with (ROOT / "data" / "labeled.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)][:240]


@pytest.fixture(scope="module")
def model(texts):
    areas = ["outage" if i % 2 else "billing" for i in range(len(texts))]
    return MentionClassifier(TinyEncoder()).fit(*zip(*texts, strict=True), areas=areas)


@pytest.fixture
def folder(model, tmp_path):
    return save_model(model, tmp_path / "model")


def test_predictions_are_the_same_to_the_bit_after_save_and_load(model, folder, texts):
    loaded = load_model(folder, encoder=TinyEncoder())
    assert loaded.model_id == model.model_id
    assert loaded.card_ == model.card_
    before, after = (m.predict([t for t, _ in texts]) for m in (model, loaded))
    for name in ("proba", "confidence", "auto", "p_complaint", "is_complaint", "p_area"):
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    assert list(before.area) == list(after.area)
    assert loaded.explain(["please help"]) == model.explain(["please help"])
    np.testing.assert_array_equal(loaded.confusion_, model.confusion_)


def test_saving_twice_writes_the_same_bytes(model, folder, tmp_path):
    again = save_model(model, tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "README.md"])
def test_a_changed_byte_is_found(folder, name):
    content = bytearray((folder / name).read_bytes())
    for place in (len(content) // 3, len(content) - 40):
        changed = bytearray(content)
        changed[place] ^= 1
        (folder / name).write_bytes(changed)
        with pytest.raises(ModelError) as error:
            load_model(folder, encoder=TinyEncoder())
        assert "\n" not in str(error.value)
        with pytest.raises(ModelError):
            verify(folder)
    (folder / name).write_bytes(content)
    load_model(folder, encoder=TinyEncoder())


@pytest.mark.parametrize("name", ["model.json", "model.safetensors", "README.md"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_model(folder, encoder=TinyEncoder())


def test_no_folder_at_all(tmp_path):
    with pytest.raises(ModelError, match="no model folder"):
        load_model(tmp_path / "nothing")


def test_a_newer_format_is_refused(folder):
    facts = json.loads((folder / "model.json").read_text())
    facts["format"] = FORMAT + 1
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ModelError, match="update rootcause"):
        load_model(folder, encoder=TinyEncoder())


def test_another_encoder_is_refused(folder):
    other = TinyEncoder()
    other.content_hash = "other"
    with pytest.raises(ModelError, match="was trained with encoder"):
        load_model(folder, encoder=other)


def test_the_frozen_folder_of_format_1_loads_and_predicts_as_it_did():
    model = load_model(FROZEN, encoder=TinyEncoder())
    expected = json.loads((FROZEN.parent / "model_format_1.expected.json").read_text())
    found = model.predict([row["text"] for row in expected])
    assert list(found.label) == [row["label"] for row in expected]
    np.testing.assert_allclose(found.proba, [row["proba"] for row in expected], atol=1e-5)


def test_the_frozen_folder_of_format_2_loads_and_predicts_as_it_did():
    frozen = FROZEN.with_name("model_format_2")
    model = load_model(frozen, encoder=TinyEncoder())
    expected = json.loads(frozen.with_suffix(".expected.json").read_text())
    found = model.predict([row["text"] for row in expected])
    assert list(found.label) == [row["label"] for row in expected]
    assert list(found.own_label) == [row["own_label"] for row in expected]
    np.testing.assert_allclose(found.proba, [row["proba"] for row in expected], atol=1e-5)
    np.testing.assert_allclose(
        found.unseen_words, [row["unseen_words"] for row in expected], atol=1e-5
    )


def test_a_model_replaces_a_model_and_nothing_else(model, folder, tmp_path):
    save_model(model, folder)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="no model folder"):
        save_model(model, precious)
    assert (precious / "thesis.txt").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "precious"]


def test_an_unfitted_classifier_is_not_saved(tmp_path):
    with pytest.raises(UsageError, match="not fitted"):
        save_model(MentionClassifier(TinyEncoder()), tmp_path / "model")


def test_the_card_is_readable_and_the_facts_complete(folder):
    text = card(folder)
    for words in ("How good it is", "Where it is weak", "When to train it again", "Trained on"):
        assert words in text
    facts = model_facts(folder)
    assert {"labels", "areas", "known_causes", "confusion", "numbers", "versions"} <= set(facts)
    assert facts["areas"] == ["billing", "outage"]
    assert verify(folder).startswith(str(folder))
