"""Texts to causes in one call."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from rootcause.bundled import bundled
from rootcause.cluster import cluster_vectors, represent
from rootcause.discover import discover, run
from rootcause.encode import load_encoder
from rootcause.errors import UsageError
from rootcause.naming import name_clusters
from test_naming import CODE, FEE, WAIT

TEXTS = FEE + CODE + WAIT
GOLD = np.repeat([0, 1, 2], 6)


@pytest.fixture(scope="module")
def real() -> list[str]:
    """Complaints as people wrote them: the demo's Brandwatch file of a week."""
    path = bundled("data/dumps/2026-W46/brandwatch.csv")
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.lower().count(",") > 5)
    rows = csv.DictReader(io.StringIO("".join(lines[start:])))
    column = next(n for n in rows.fieldnames or [] if n.lower() in ("full text", "snippet", "text"))
    return [row[column] for row in rows if row[column]][:160]


def test_three_problems_are_three_causes():
    found = discover(TEXTS, avoid_words=["Acme"])
    assert len(found.titles_) == 3
    for g in range(3):
        inside = found.labels_[g == GOLD]
        assert np.bincount(inside[inside >= 0]).max() >= 5
    assert len(set(found.titles_)) == 3
    assert len(found.themes_) == len(found.areas_) == 3
    assert found.voices_.sum() <= len(TEXTS)


def test_row_order_changes_nothing(real):
    straight = discover(real, min_voices=3)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(real))
        mixed = discover([real[i] for i in order], min_voices=3)
        assert mixed.titles_ == straight.titles_
        assert np.array_equal(mixed.labels_, straight.labels_[order])
        assert np.array_equal(mixed.strengths_, straight.strengths_[order])
        assert np.array_equal(mixed.stability_, straight.stability_)
        texts = [real[i] for i in straight.duplicates_]
        assert [real[order[i]] for i in mixed.duplicates_] == [texts[i] for i in order]


def test_fifty_orders_and_batches_of_real_mentions_give_one_partition(real):
    encoder = load_encoder("builtin")
    space = represent(real, encoder.encode(real))
    straight = cluster_vectors(space, min_voices=3, resamples=2)
    titles = [name.title for name in name_clusters(real, straight.labels, space)]
    assert len(titles) >= 3
    for seed in range(50):
        order = np.random.default_rng(seed).permutation(len(real))
        mixed = space[order]
        if seed % 10 == 0:
            texts = [real[i] for i in order]
            parts = np.array_split(np.arange(len(real)), 2 + seed // 10)
            batches = [[texts[i] for i in part] for part in parts]
            mixed = np.concatenate([represent(batch, encoder.encode(batch)) for batch in batches])
        found = cluster_vectors(mixed, min_voices=3, resamples=0 if seed % 10 else 2)
        assert np.array_equal(found.labels, straight.labels[order])
        if seed % 10 == 0:
            assert np.array_equal(found.stability, straight.stability)
            names = name_clusters(texts, found.labels, mixed)
            assert [name.title for name in names] == titles


def test_copies_count_once_as_voices_and_each_as_mentions():
    texts = TEXTS + [WAIT[0]] * 6
    found = discover(texts)
    cause = found.labels_[12]
    assert cause >= 0
    assert (found.labels_[18:] == cause).all()
    assert (found.duplicates_[18:] == found.duplicates_[12]).all()
    assert found.mentions_[cause] == found.voices_[cause] + 6


def test_one_author_is_one_voice():
    authors = ["same"] * 6 + [f"a{i}" for i in range(12)]
    found = discover(TEXTS, authors=authors)
    assert (found.labels_[:6] >= 0).sum() <= 1
    assert len(found.titles_) == 2


def test_a_long_mention_counts_once_in_each_of_its_causes():
    long = (
        f"{WAIT[0]}, and the office only offered another date three weeks later without a word of"
        f" apology. {FEE[3]} and they insist on it although the contract is four years old by now."
        f" {CODE[0]}, so I could not even look at what they charge me for all of this."
    )
    found = discover([*TEXTS, long])
    mine = found.members_[found.members_[:, 0] == 18, 1]
    assert len(mine) == len(set(mine.tolist())) >= 2


def test_given_causes_take_their_own_and_only_the_rest_is_grouped(real):
    # three of six are told, the others are to be recognised
    causes = [None] * len(TEXTS)
    causes[:3] = ["exit fee"] * 3
    causes[6:9] = ["code by text"] * 3
    found = discover(TEXTS, causes=causes)
    assert set(found.given_) >= {"exit fee", "code by text"}
    for g, name in ((0, "exit fee"), (1, "code by text")):
        k = found.given_.index(name)
        assert found.titles_[k] == name
        assert (found.labels_[g * 6 : g * 6 + 3] == k).all()
        assert np.isnan(found.stability_[k])
        others = found.labels_[g != GOLD]
        assert (others == k).mean() < 0.1
    # what two causes are named after does not swallow a week of other problems
    told = discover([*TEXTS, *real], causes=causes + [None] * len(real))
    known = [k for k, name in enumerate(told.given_) if name]
    assert len(told.titles_) > len(known) == 2
    assert np.isin(told.labels_[18:], known).mean() < 0.5


def test_given_causes_do_not_depend_on_row_order(real):
    texts = [*TEXTS, *real]
    causes = ["fee", "fee", "fee", None, None, None, "code", "code"] + [None] * (len(texts) - 8)
    straight = discover(texts, causes=causes)
    order = np.random.default_rng(4).permutation(len(texts))
    mixed = discover([texts[i] for i in order], causes=[causes[i] for i in order])
    assert mixed.titles_ == straight.titles_
    assert np.array_equal(mixed.labels_, straight.labels_[order])


def test_a_given_cause_that_nobody_can_read_is_no_cause():
    texts = ["der Techniker ist schon wieder nicht gekommen und niemand ruft zurück", *TEXTS]
    found = discover(texts, causes=["Techniker"] + [None] * 18)
    assert "Techniker" not in found.titles_
    assert found.labels_[0] == -1


def test_copies_that_are_told_different_causes_go_with_most():
    texts = [WAIT[0]] * 3 + FEE
    found = discover(texts, causes=["no show", "fee", "no show"] + ["fee"] * 6)
    assert {found.titles_[k] for k in found.labels_[:3]} == {"no show"}


def test_empty_talk_and_links_are_set_apart():
    found = discover([*TEXTS, "worst company ever", "https://x.example/a", ""])
    assert found.unspecified_[18:].all()
    assert (found.labels_[18:] == -1).all()
    assert not found.unspecified_[:18].any()


def test_another_language_is_not_clustered():
    foreign = [
        "der Techniker ist schon wieder nicht gekommen und niemand ruft zurück",
        "keiner geht ans Telefon seit Stunden in der Warteschleife gewesen",
        "la factura ha subido otra vez sin ningún aviso previo",
        "nadie contesta el teléfono desde hace una semana entera",
        "le technicien n'est jamais venu et personne ne répond",
        "toujours pas de remboursement depuis trois semaines",
    ]
    found = discover(TEXTS + foreign)
    assert found.unread_[18:].all()
    assert not found.unread_[:18].any()


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["x"], ["same words again and again here"] * 40, ["https://a.example"] * 30],
    ids=["none", "empty", "one", "identical", "links"],
)
def test_odd_input_has_no_causes(texts):
    found = discover(texts)
    assert found.titles_ == []
    assert (found.labels_ == -1).all()
    assert len(found.labels_) == len(texts)
    assert found.too_small_


def test_complaints_that_all_differ_are_isolated_or_few():
    rng = np.random.default_rng(0)
    words = sorted({word for text in TEXTS for word in text.split()})
    texts = [" ".join(rng.choice(words, 12)) for _ in range(120)]
    found = discover(texts)
    assert len(found.labels_) == 120
    assert (found.voices_ >= 5).all()


def test_one_author_has_no_cause_however_many_posts(real):
    found = discover(real, authors=["one"] * len(real))
    assert found.titles_ == []
    assert found.too_small_


def test_half_in_another_language_leaves_the_other_half(real):
    foreign = [
        f"der Techniker ist am {day} schon wieder nicht gekommen und niemand ruft zurück"
        for day in range(len(TEXTS))
    ]
    found = discover([*TEXTS, *foreign])
    assert found.unread_[18:].mean() > 0.9
    assert len(found.titles_) == 3


def test_wrong_arguments_are_named():
    with pytest.raises(UsageError, match="2 authors for 3 texts"):
        discover(["a", "b", "c"], authors=["x", "y"])
    with pytest.raises(UsageError, match="1 causes for 3 texts"):
        discover(["a", "b", "c"], causes=["x"])
    with pytest.raises(UsageError, match="min_voices is 1"):
        discover(["a"], min_voices=1)
    with pytest.raises(UsageError, match="vectors of shape"):
        discover(["a", "b"], vectors=np.ones((3, 2), np.float32))
    with pytest.raises(UsageError, match="vector 1 has values"):
        discover(["a", "b"], vectors=np.array([[1, 0], [np.nan, 0]], np.float32))


def test_more_than_can_be_held_is_one_line(monkeypatch):
    monkeypatch.setattr(run, "MOST_PIECES", 10)
    with pytest.raises(UsageError, match=r"18 different complaints.* at most 10 ") as caught:
        discover(TEXTS)
    assert "\n" not in str(caught.value)
