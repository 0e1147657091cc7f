"""Metrics: intervals cover, slices count, drift speaks up only when something moved."""

import json

import numpy as np

from rootcause.classify import drift
from rootcause.classify.scores import confusion, label_scores, macro_f1
from rootcause.evaluate import evaluate, f1_intervals
from rootcause.records import LABELS


class Parrot:
    """A model that says of each text the label and the confidence written in it."""

    model_id, target_precision = "parrot", 0.95

    def __init__(self):
        self.card_ = {
            "baselines": {"words only": 0.5, "embedding only": 0.4, "majority": 0.2},
            "training_words": {
                "confidence": 0.8,
                "labels": {"venting": 0.5, "service_request": 0.2, "praise": 0.2, "other": 0.1},
            },
        }
        self.parts_ = type("Parts", (), {"auto_threshold": 0.9})()

    def predict(self, texts):
        proba = np.full((len(texts), 4), 0.05, np.float32)
        for i, text in enumerate(texts):
            proba[i, LABELS.index(text.split()[0])] = 0.85
        found = type("Prediction", (), {})()
        found.proba, found.confidence = proba, proba.max(axis=1)
        found.auto = np.array([i % 2 == 0 for i in range(len(texts))])
        found.p_complaint = proba[:, 0] + proba[:, 1]
        found.is_complaint = found.p_complaint > 0.5
        found.area = np.array(["billing"] * len(texts), object)
        found.language = np.array(["en"] * len(texts), object)
        return found


def test_scores_by_hand():
    truth, best = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    assert confusion(truth, best, 3).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    assert macro_f1(truth, best, 3) == np.mean([0.5, 0.8, 0.0])
    rows = label_scores(truth, best, ("a", "b", "c"))["classes"]
    assert rows["b"] == {"precision": 0.6667, "recall": 1.0, "f1": 0.8, "mentions": 2}


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    cells = np.array([[0.4, 0.1], [0.1, 0.4]])
    inside = 0
    for seed in range(200):
        drawn = rng.multinomial(150, cells.ravel()).reshape(2, 2)
        low, high = f1_intervals(drawn, seed=seed)
        inside += low[-1] <= 0.8 <= high[-1]
    assert 180 <= inside <= 200


def test_an_evaluation_counts_every_mention_once():
    said = ["venting", "praise", "other", "service_request"] * 30
    labels = ["venting", "praise", "other", "venting"] * 30
    found = evaluate(
        Parrot(),
        [f"{name} {'x' * (5 * i)}" for i, name in enumerate(said)],
        labels,
        complaint=[True, False, None, True] * 30,
        areas=["billing", None, None, "outage"] * 30,
        slices={"channel": ["x", "forum"] * 60},
    )
    facts = found.as_dict()
    assert facts["labels"]["accuracy"] == 0.75
    assert sum(map(sum, facts["confusion"]["counts"])) == 120
    assert facts["automatic"] == {"threshold": 0.9, "share": 0.5, "precision": 1.0, "target": 0.95}
    assert facts["complaint"]["mentions"] == 90
    assert facts["complaint"]["macro_f1"] == 1.0
    assert facts["area"] == {"mentions": 60, "accuracy": 0.5}
    assert sum(row["mentions"] for row in facts["slices"]["channel"]) == 120
    assert sum(b["mentions"] for b in facts["reliability"]["bins"]) == 120
    low, high = facts["labels"]["macro_f1_interval"]
    assert low < facts["labels"]["macro_f1"] < high
    json.dumps(facts)
    text = found.as_text()
    for words in ("macro-F1", "automatic", "calibration error", "channel", "words only 0.500"):
        assert words in text


def test_drift_is_said_only_where_something_moved():
    base = Parrot().card_["training_words"]
    same = {"venting": 500, "service_request": 200, "praise": 200, "other": 100}
    assert drift(base, same, 0.79) == ()
    moved = {"venting": 200, "service_request": 200, "praise": 200, "other": 400}
    sentences = drift(base, moved, 0.6)
    assert len(sentences) == 3
    assert any(s.startswith("other is 40%") for s in sentences)
    assert drift(base, {"other": 50}, 0.1) == ()
    strange = {**base, "unseen_words": 0.04}
    assert drift(strange, same, 0.79, 0.06) == ()
    assert drift(strange, same, 0.79, 0.09) == (
        "9% of the words are unknown to the model; in training 4% were",
    )
    assert drift(base, same, 0.79, 0.09) == ()  # a model that does not know its words
