"""The classifier on the demo's labeled export: honest folds, calibration, reasons, bad input."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest

from rootcause.classify import (
    Extra,
    MentionClassifier,
    conflicting,
    correct_volumes,
    detect,
    fold_rows,
    group_rows,
    reliability,
)
from rootcause.classify.calibrate import fit_temperature, precision_threshold
from rootcause.classify.linear import softmax
from rootcause.encode import load_encoder
from rootcause.errors import DataError, ModelError, UsageError
from rootcause.records import LABELS

EXPORT = Path(__file__).parents[1] / "data" / "labeled.csv"
HARD_TEXTS = [
    "",
    " ",
    "\U0001f621",
    "?",
    "a" * 100_000,
    "why " * 30_000,
    "\u05e9\u05dc\u05d5\u05dd \u05d0\u05d9\u05df \u05dc\u05d9",
    "my \u200binternet\u200d is \ufeffdown",
    "broken \ud83d surrogate",
    "abc \u05d0\u05d1\u05d2 \u4e2d\u6587 \u0440\u0443\u0441",
    "\x00\x01\x02",
]


@pytest.fixture(scope="module")
def rows():
    with EXPORT.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    random.Random(3).shuffle(found)
    return found


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def model(rows, encoder):
    some = rows[:700]
    return MentionClassifier(encoder).fit(
        [r["text"] for r in some],
        [r["label"] for r in some],
        complaint=[float(r["complaint"]) for r in some],
        causes=[r["cause"] for r in some],
        groups=[r["author"] or None for r in some],
        dates=[r["created_at"] for r in some],
    )


def test_it_labels_mentions_it_has_not_seen(model, rows):
    unseen = rows[700:1100]
    found = model.predict([r["text"] for r in unseen])
    truth = np.array([r["label"] for r in unseen])
    majority = max(np.mean(truth == name) for name in LABELS)
    assert np.mean(found.label == truth) > majority + 0.25
    complaint = np.array([r["complaint"] == "1" for r in unseen])
    assert np.mean(found.is_complaint == complaint) > 0.75


def test_probabilities_sum_to_one_and_agree_between_the_two_calls(model, rows):
    texts = [r["text"] for r in rows[600:650]]
    found = model.predict(texts)
    assert found.proba.shape == (50, 4)
    np.testing.assert_allclose(found.proba.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(found.proba, model.predict_proba(texts))
    np.testing.assert_array_equal(found.confidence, found.proba.max(axis=1))
    assert model.classes_ == list(LABELS)


def test_a_mention_is_told_the_same_in_any_company(model, rows):
    texts = [r["text"] for r in rows[600:700]] + HARD_TEXTS[2:6]
    together = model.predict(texts)
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = model.predict([texts[i] for i in order])
    for i, text in enumerate(texts[:20]):
        alone = model.predict([text])
        assert alone.proba[0].tobytes() == together.proba[i].tobytes()
        assert alone.p_complaint[0] == together.p_complaint[i]
        assert alone.vectors[0].tobytes() == together.vectors[i].tobytes()
    assert together.proba[order].tobytes() == shuffled.proba.tobytes()


def test_hard_texts_are_labeled_and_never_crash(model):
    found = model.predict(HARD_TEXTS)
    assert np.isfinite(found.proba).all()
    assert set(found.label) <= set(LABELS)
    assert len(model.explain(HARD_TEXTS)) == len(HARD_TEXTS)
    assert len(model.predict([]).label) == 0
    assert model.explain([]) == []


def test_known_causes_are_named_and_strangers_are_not(model, rows):
    unseen = [r for r in rows[700:] if r["cause"] in model.parts_.causes.classes]
    found = model.predict([r["text"] for r in unseen])
    named = [i for i, cause in enumerate(found.known_cause) if cause is not None]
    right = np.mean([found.known_cause[i] == unseen[i]["cause"] for i in named])
    assert len(named) > 0.3 * len(unseen)
    assert right > 0.75
    strange = model.predict(["i love the parade on main street", "lovely weather for a picnic"])
    assert list(strange.known_cause) == [None, None]


def test_reasons_are_words_of_the_text_and_explain_a_request(model):
    text = "can you please tell me when the engineer is coming"
    (reasons,) = model.explain([text])
    assert reasons
    assert all(weight > 0 for _, weight in reasons)
    assert all(phrase in text for phrase, _ in reasons)
    assert [w for _, w in reasons] == sorted((w for _, w in reasons), reverse=True)


def test_fitting_twice_gives_the_same_model(rows, encoder):
    some = rows[:160]
    texts, labels = [r["text"] for r in some], [r["label"] for r in some]
    one = MentionClassifier(encoder).fit(texts, labels)
    two = MentionClassifier(encoder).fit(texts, labels)
    assert one.model_id == two.model_id
    assert one.confusion_.sum() == len(some)


def test_guessed_labels_are_learnt_from_but_not_measured_on(rows, encoder):
    some, more = rows[:160], rows[160:260]
    extra = Extra(
        texts=[r["text"] for r in more],
        # of every other one only the complaint is known
        proba=np.array(
            [
                np.full(4, np.nan) if i % 2 else np.eye(4)[LABELS.index(r["label"])]
                for i, r in enumerate(more)
            ],
            np.float32,
        ),
        complaint=np.array([float(r["complaint"]) for r in more], np.float32),
        weight=np.full(100, 0.5, np.float32),
    )
    texts, labels = [r["text"] for r in some], [r["label"] for r in some]
    with_them = MentionClassifier(encoder).fit(texts, labels, extra=extra)
    without = MentionClassifier(encoder).fit(texts, labels)
    assert with_them.confusion_.sum() == 160
    assert with_them.card_["guessed_mentions"] == 100
    assert with_them.model_id != without.model_id


def test_a_few_labels_adapt_a_model_instead_of_starting_from_nothing(model, rows, encoder):
    few, unseen = rows[700:780], rows[780:1200]
    texts, labels = [r["text"] for r in few], [r["label"] for r in few]
    truth = np.array([r["label"] for r in unseen])
    asked = [r["text"] for r in unseen]
    from_zero = MentionClassifier(encoder).fit(texts, labels)
    adapted = MentionClassifier(encoder).fit(texts, labels, start=model)
    assert adapted.card_["design"].startswith("adapted")
    gain = np.mean(adapted.predict(asked).label == truth)
    gain -= np.mean(from_zero.predict(asked).label == truth)
    assert gain > 0.05


def test_a_start_with_another_encoder_is_refused(model, rows):
    with pytest.raises(ModelError, match="was trained with encoder"):
        MentionClassifier(PlainEncoder()).fit(
            [r["text"] for r in rows[:100]], [r["label"] for r in rows[:100]], start=model
        )


def test_a_missing_label_is_said_and_never_predicted(rows, encoder):
    some = [r for r in rows if r["label"] != "other"][:160]
    model = MentionClassifier(encoder).fit([r["text"] for r in some], [r["label"] for r in some])
    assert any("other" in note for note in model.card_["notes"])
    found = model.predict([r["text"] for r in rows[:50]])
    assert "other" not in set(found.label)
    assert (found.proba[:, 3] == 0).all()
    assert model.predict_proba(["hello"]).shape == (1, 3)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["venting"] * 20 + ["praise"] * 7, "7 examples; 3 more"),
        (["venting"] * 27, "at least two"),
        (["venting"] * 20 + ["rage"] * 7, "'rage' \\(7\\)"),
        (["venting"] * 20, "one label per text"),
    ],
)
def test_labels_that_cannot_be_learnt_from_are_refused(labels, message, encoder):
    with pytest.raises(DataError, match=message):
        MentionClassifier(encoder).fit([f"text {i}" for i in range(27)], labels)


def test_labels_are_trimmed_and_case_folded(encoder):
    texts = [f"{word} number {i}" for i in range(12) for word in ("awful mess", "great help")]
    model = MentionClassifier(encoder).fit(texts, [" Venting ", "PRAISE"] * 12)
    assert model.card_["counts"] == {"venting": 12, "praise": 12}


def test_an_unfitted_classifier_says_so():
    with pytest.raises(UsageError, match="not fitted"):
        MentionClassifier("builtin").predict(["hello"])


def test_folds_keep_copies_and_authors_together():
    texts = ["same text", "Same TEXT!", "other one", "third", "fourth", "fifth"]
    groups = group_rows(texts, [None, None, "ann", "ann", None, None])
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups.tolist())) == 4
    many = np.arange(100) // 4
    folds = fold_rows(many, np.arange(100) % 2, 5)
    assert all(len(set(folds[many == g])) == 1 for g in range(25))
    assert set(np.bincount(folds)) == {20}


def test_texts_without_words_are_copies_of_nothing():
    assert len(set(group_rows(["https://a.b/c", "https://d.e/f", "?"]).tolist())) == 3


def test_conflicting_labels_are_listed():
    found = conflicting(["a b", "A b!", "c", ""], ["venting", "praise", "other", "other"])
    assert found == [("a b", ("venting", "praise"))]


def test_temperature_recovers_overconfidence_and_keeps_the_winner():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 4)).astype(np.float32)
    truth = np.array([rng.choice(4, p=p / p.sum()) for p in softmax(logits).astype(float)])
    assert fit_temperature(3 * logits, truth) == pytest.approx(3, rel=0.1)


def test_threshold_reaches_its_precision_or_gives_up():
    confidence = np.linspace(1, 0, 1000).astype(np.float32)
    right = np.random.default_rng(1).random(1000) < confidence
    threshold, coverage = precision_threshold(confidence, right, 0.95)
    kept = confidence >= threshold
    assert right[kept].mean() >= 0.95
    assert coverage == pytest.approx(kept.mean())
    assert precision_threshold(confidence, np.zeros(1000, bool), 0.95) == (1.01, 0.0)


def test_a_calibrated_model_stays_in_the_band_and_a_boastful_one_does_not():
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.4, 1, 2000).astype(np.float32)
    honest = reliability(confidence, rng.random(2000) < confidence)
    assert honest.error < 1.5 * honest.band
    boastful = reliability(confidence, rng.random(2000) < confidence - 0.2)
    assert boastful.error > 2 * boastful.band


def test_corrected_volumes_find_the_true_shares():
    rng = np.random.default_rng(4)
    rates = np.array(
        [[0.8, 0.15, 0.0, 0.05], [0.2, 0.75, 0, 0.05], [0, 0, 0.9, 0.1], [0.1, 0, 0.1, 0.8]]
    )
    confusion = np.stack([rng.multinomial(400, row) for row in rates])
    truth = np.array([500, 100, 300, 100])
    seen = sum(rng.multinomial(n, row) for n, row in zip(truth, rates, strict=True))
    found = correct_volumes(seen, confusion)
    assert sum(e.value for e in found) == pytest.approx(1000)
    for estimate, true in zip(found, truth, strict=True):
        assert estimate.low - 15 <= true <= estimate.high + 15
        assert estimate.low <= estimate.value <= estimate.high
    assert [e.value for e in correct_volumes([0, 0, 0, 0], confusion)] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("my broadband is down again and nobody answers the phone", "en"),
        ("ok", "en"),
        ("Hola, no puedo entrar en mi cuenta desde ayer", "es"),
        ("Wo bleibt mein Paket? Ich warte seit drei Wochen darauf!", "de"),
        ("Bonjour, je n'arrive pas \u00e0 me connecter \u00e0 mon compte depuis hier", "fr"),
        ("\u0645\u0631\u062d\u0628\u0627 \u0644\u0627 \u0627\u0644\u062f\u062e\u0648\u0644", "ar"),
        ("\U0001f621\U0001f621", "und"),
        ("WTF #fail @bramble", "en"),
        ("\u00c7a fait un mois que je demande la r\u00e9siliation, on me balade de service", "fr"),
    ],
)  # fmt: skip
def test_languages(text, language):
    assert detect([text]) == [language]


def test_other_languages_are_left_for_review(model):
    found = model.predict(["Hola, no puedo entrar en mi cuenta desde ayer, ayuda por favor"])
    assert found.language[0] == "es"
    assert not found.auto[0]


class PlainEncoder:
    """An encoder without a tokenizer to share, as a sentence-transformers model is."""

    name, dimension, content_hash = "plain", 8, "0" * 64

    def encode(self, texts):
        rows = np.ones((len(texts), 8), np.float32)
        for i, text in enumerate(texts):
            rows[i, len(text) % 8] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_an_encoder_without_tokens_works_too(rows):
    some = rows[:200]
    model = MentionClassifier(PlainEncoder()).fit(
        [r["text"] for r in some], [r["label"] for r in some]
    )
    found = model.predict([r["text"] for r in rows[200:300]])
    assert np.mean(found.label == np.array([r["label"] for r in rows[200:300]])) > 0.45
    assert not model.parts_.english_only
    assert model.explain(["please help me today"])[0]


def test_unseen_words_are_those_of_no_training_mention(model, rows):
    known = " ".join(rows[0]["text"].split()[:3])
    found = model.predict([rows[0]["text"], known, "qwrtzpl vxkjh", f"{known} qwrtzpl"])
    assert found.unseen_words[:2].tolist() == [0, 0]
    assert found.unseen_words[2] == 1
    assert 0 < found.unseen_words[3] < 1
    usual = model.card_["training_words"]["unseen_words"]
    assert 0 < usual < 0.5


def test_a_role_that_does_not_exist_is_refused(encoder):
    with pytest.raises(DataError, match="'complaining' is no role; roles are venting"):
        MentionClassifier(encoder).fit(
            ["a b", "c d"], ["Moan", "Ask"], roles={"Moan": "complaining", "Ask": "other"}
        )
