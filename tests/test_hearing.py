"""Names of groups in very large pools, and key phrases alone."""

from __future__ import annotations

import numpy as np

from rootcause.cluster import represent
from rootcause.encode import load_encoder
from rootcause.naming import name_clusters, names, phrases_of
from rootcause.naming.hearing import LEAST, MOST, NOBODYS, TOGETHER, heard
from test_naming import CODE, FEE, WAIT


def test_of_very_many_mentions_a_choice_is_heard_and_rows_are_the_pools(monkeypatch):
    texts = [f"{text} number {i}" for i in range(40) for text in FEE + CODE + WAIT]
    labels = np.tile(np.repeat([0, 1, 2], 6), 40)
    vectors = represent(texts, load_encoder().encode(texts))
    whole = name_clusters(texts, labels, vectors)
    monkeypatch.setattr(names, "LARGE", 500)
    some = name_clusters(texts, labels, vectors)
    assert [name.title for name in some] == [name.title for name in whole]
    order = np.random.default_rng(1).permutation(len(texts))
    mixed = name_clusters([texts[i] for i in order], labels[order], vectors[order])
    assert [n.title for n in mixed] == [n.title for n in some]
    for group, name in enumerate(some):
        assert labels[name.central] == labels[name.typical] == labels[name.sharpest] == group


def test_key_phrases_alone_are_those_of_the_names():
    texts = FEE + CODE + WAIT
    labels = np.repeat([0, 1, 2], 6)
    vectors = represent(texts, load_encoder().encode(texts))
    found = name_clusters(texts, labels, vectors, avoid_words=["@code"])
    assert phrases_of(texts, labels, ["@code"]) == [name.key_phrases for name in found]


def test_every_group_is_heard_and_no_more_than_is_said():
    groups = np.repeat(np.arange(-1, 400), 100)
    order = np.random.default_rng(0).permutation(len(groups))
    counts = np.bincount(groups[heard(groups, order)] + 1)
    assert counts[0] == min(100, NOBODYS)
    assert (counts[1:] == LEAST).all()
    few = np.repeat([-1, 0, 1], 20_000)
    assert np.bincount(few[heard(few, np.arange(len(few)))] + 1).tolist() == [NOBODYS, MOST, MOST]
    assert TOGETHER // 2 > MOST


def test_what_one_person_repeats_is_no_phrase_of_a_group():
    texts = [f"sarah jones was the driver, cold food {word}" for word in ("one", "two", "three")]
    texts += [f"cold food and late driver {word}" for word in ("four", "five", "six", "seven")]
    labels = [0] * len(texts) + [-1] * 20
    texts += [f"parcel still missing from depot {word}" for word in range(20)]
    voices = [0, 0, 0, *range(1, 25)]
    (phrases,) = phrases_of(texts, labels, voices=voices)
    assert "cold food" in phrases
    assert not any("sarah" in phrase for phrase in phrases)
    assert any("sarah" in phrase for phrase in phrases_of(texts, labels)[0])
