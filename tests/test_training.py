"""The jobs around a model, on files: train, evaluate, review."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rootcause import training
from rootcause.artifact import load_model, model_facts
from rootcause.classify.reviewing import next_to_label
from rootcause.errors import DataError, ModelError
from rootcause.score import score
from rootcause.scored import open_scored

EXPORT = Path(__file__).parents[1] / "data" / "labeled.csv"


def write(path, rows, header=("text", "label")):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return str(path)


@pytest.fixture(scope="module")
def rows():
    with EXPORT.open(encoding="utf-8", newline="") as file:
        return [(r["text"], r["label"]) for r in csv.DictReader(file)]


@pytest.fixture(scope="module")
def trained(rows, tmp_path_factory):
    home = tmp_path_factory.mktemp("training")
    said = []
    export = write(home / "export.csv", rows[:300])
    training.train([export], home / "model", say=said.append)
    return home / "model", said, export


def test_training_writes_a_model_and_tells_what_it_found(trained):
    folder, said, _ = trained
    facts = model_facts(folder)
    assert facts["card"]["mentions"] == 300
    assert any("macro-F1" in line for line in said)
    assert any("another 500 labels" in line for line in said)
    assert any(line.startswith("learning curve") for line in said)
    assert set(facts["card"]["baselines"]) >= {"majority", "words only", "embedding only"}


def test_evaluation_of_the_training_rows_is_called_flattering(trained, rows, tmp_path):
    folder, _, export = trained
    said = []
    flattering = training.evaluate_exports([export], folder, say=said.append)
    assert any("flatter" in line for line in said)
    honest = training.evaluate_exports(
        [write(tmp_path / "new.csv", rows[300:700])], folder, say=said.append
    )
    assert honest.facts["labels"]["macro_f1"] < flattering.facts["labels"]["macro_f1"]
    assert honest.facts["labels"]["macro_f1"] > 0.4


def test_other_label_names_are_mapped(rows, tmp_path):
    names = {"venting": "Complaint", "service_request": "Question "}
    export = write(
        tmp_path / "named.csv",
        [(text, names[label]) for text, label in rows if label in names][:120],
        header=("Message", "Kind"),
    )
    said = []
    model = training.train(
        [export],
        tmp_path / "model",
        label_map={"complaint": "venting", "question": "service_request"},
        columns={"text": "Message", "label": "Kind"},
        say=said.append,
    )
    assert model.classes_ == ["venting", "service_request"]
    assert any("no examples of 'praise'" in line for line in said)
    assert load_model(tmp_path / "model").model_id == model.model_id


def test_too_few_examples_are_refused_with_the_count_needed(rows, tmp_path):
    export = write(tmp_path / "few.csv", [("fine", "praise"), *rows[:40]])
    kept = [r for r in rows if r[1] == "venting"][:30] + [("fine one", "praise")] * 3
    export = write(tmp_path / "few.csv", kept)
    with pytest.raises(DataError, match="7 more are needed"):
        training.train([export], tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_review_finds_labels_that_were_swapped(trained, rows, tmp_path):
    some = [list(row) for row in rows[:300]]
    swapped = [i for i, row in enumerate(some) if row[1] == "praise"][:12]
    for i in swapped:
        some[i][1] = "service_request"
    export = write(tmp_path / "swapped.csv", some)
    found = training.review(export, number=40, model=trained[0])
    texts = found["text"].to_pylist()
    hit = sum(some[i][0] in texts for i in swapped)
    assert hit >= 4
    assert found.num_rows <= 40
    for given, suggested in zip(
        found["label"].to_pylist(), found["suggested"].to_pylist(), strict=True
    ):
        assert given != suggested


def test_next_to_label_is_uncertain_diverse_and_free_of_copies():
    n = 6
    chance = [0.26, 0.27, 0.28, 0.9, 0.26, 0.3]
    vectors = [[1, 0], [1, 0.01], [0, 1], [0, 1], [0.7, 0.7], [-1, 0]]
    table = pa.table(
        {
            "mention_id": [f"m{i}" for i in range(n)],
            "text": [f"text {i}" for i in range(n)],
            "label": ["venting"] * n,
            "confidence": chance,
            "p_venting": chance,
            "p_service_request": [0.25] * n,
            "p_praise": [0.2] * n,
            "p_other": [0.1] * n,
            "duplicate_of": [None, None, None, None, "m0", None],
            "language": ["en"] * 5 + ["es"],
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array([x for row in vectors for x in row], pa.float32()).cast(pa.float16()), 2
            ),
        }
    )
    found = next_to_label(table, 3)
    assert found["mention_id"].to_pylist() == ["m0", "m2"]


def test_a_missing_model_is_one_line(tmp_path, rows):
    export = write(tmp_path / "new.csv", rows[:40])
    with pytest.raises(ModelError, match="no model folder"):
        training.evaluate_exports([export], tmp_path / "nothing")


@pytest.fixture(scope="module")
def own(rows, tmp_path_factory):
    """Return a model of own label names, its folder, its export and what training said."""
    folder = tmp_path_factory.mktemp("own")
    names = {"venting": "Complaint", "praise": "Kudos", "other": "Noise"}
    asked = 0
    named = []
    for text, label in rows:
        if label == "service_request":
            asked += 1
            # two names of one role, told apart by a word
            name = "Bug report" if asked % 2 else "How to"
            marked = f"{text} {'bugzilla' if asked % 2 else 'tutorial'}"
        else:
            name, marked = names[label], text
        named.append((marked, name if len(named) % 5 else f" {name.upper()} "))
    export = write(folder / "own.csv", named)
    said = []
    meanings = {
        "complaint": "venting", "Kudos": "praise", "Noise": "other",
        "bug report": "service_request", "How to": "service_request",
    }  # fmt: skip
    model = training.train(
        [export], folder / "model", label_map=meanings, own_labels=True, say=said.append
    )
    return model, folder / "model", export, said


def test_own_label_names_are_learnt_told_and_kept(own):
    model, folder, _, said = own
    assert model.classes_ == ["Complaint", "Bug report", "How to", "Kudos", "Noise"]
    assert model.parts_.roles[1] == model.parts_.roles[2] == "service_request"
    assert any("Bug report (service_request): precision" in line for line in said)
    texts = ["can you help me with the bugzilla?", "can you help me with the tutorial?"]
    found = load_model(folder).predict(texts)
    assert found.own_label.tolist() == ["Bug report", "How to"]
    assert found.label.tolist() == ["service_request"] * 2
    own_chance = load_model(folder).predict_proba(texts)
    np.testing.assert_allclose(found.proba[:, 1], own_chance[:, 1] + own_chance[:, 2], rtol=1e-6)
    assert "Bug report (service request)" in (folder / "README.md").read_text()
    assert model.explain(texts)[0]


def test_a_model_of_own_names_needs_no_map_afterwards(own):
    _, folder, export, _ = own
    result = training.evaluate_exports([export], folder)
    facts = result.as_dict()
    assert set(facts["own_labels"]["classes"]) == {
        "Complaint", "Bug report", "How to", "Kudos", "Noise",
    }  # fmt: skip
    assert facts["own_labels"]["macro_f1"] > 0.9
    assert "own label" in result.as_text()
    shouted = Path(export).with_name("shouted.csv")
    with open(export, encoding="utf-8", newline="") as file:
        text, *rest = csv.reader(file)
    write(shouted, [(t, label.upper()) for t, label in rest], header=text)
    again = training.evaluate_exports([str(shouted)], folder).as_dict()
    assert again["own_labels"] == facts["own_labels"]
    doubtful = training.review(export, model=folder, number=20)
    assert set(doubtful["suggested"].to_pylist()) <= set(facts["own_labels"]["classes"])


def test_own_names_go_into_the_scored_mentions(own, tmp_path):
    _, folder, _, _ = own
    dump = tmp_path / "dump.csv"
    dump.write_text("text,date\ncan you help me with the tutorial?,2026-11-02\n")
    score([str(dump)], tmp_path / "scored", model=folder)
    table = open_scored(tmp_path / "scored").read("2026-W45")
    assert table["own_label"].to_pylist() == ["How to"]


def test_texts_under_different_labels_are_listed(rows, tmp_path):
    twice = [
        (f"is number {i} late again", label) for i in range(25) for label in ("venting", "other")
    ]
    said = []
    export = write(tmp_path / "twice.csv", [*twice, *rows[:60]])
    training.read_exports([export], columns=None, label_map=None, say=said.append)
    assert sum("is number" in line and "other, venting" in line for line in said) == 20
    assert any(line.startswith("  and 5 more") for line in said)
