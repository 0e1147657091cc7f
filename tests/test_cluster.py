"""Duplicates, clauses, breadth, the lens, and groups of vectors."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootcause.bundled import bundled
from rootcause.cluster import (
    breadth,
    cluster_vectors,
    collapse,
    duplicates,
    is_unspecified,
    represent,
    sampling,
    split_clauses,
)
from rootcause.cluster.tree import largest
from rootcause.errors import ModelError
from rootcause.lens import Lens, load_lens

LONG = (
    "The engineer was booked for Tuesday between eight and one and nobody came. I took a day off"
    " for it and nobody rang either. On top of that the bill has gone up by six pounds although my"
    " contract says the price is fixed until next summer. And when I try to sign in to the app to"
    " complain the code by text never arrives so I cannot even see the bill that I am paying for."
)


def blobs(
    groups: int = 4, size: int = 12, dimension: int = 24, noise: int = 20, spread: float = 0.35
):
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(groups, dimension))
    rows = [c + spread * rng.normal(size=(size, dimension)) for c in centres]
    rows.append(rng.normal(size=(noise, dimension)))
    x = np.concatenate(rows)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    gold = np.repeat(np.arange(groups + 1), [size] * groups + [noise])
    return x.astype(np.float32), gold


def partition(labels) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == g).tolist()) for g in set(labels.tolist()) - {-1}}


# duplicates


def test_copies_and_near_copies_collapse_to_the_longest():
    texts = [
        "The engineer did not turn up on Tuesday and nobody called me about it",
        "RT @sam: the engineer did not turn up on tuesday and nobody called me about it!!",
        "the engineer did not turn up on Tuesday, and nobody called me about it at all",
        "My bill went up by six pounds without any letter or warning before it",
    ]
    assert collapse(texts).tolist() == [1, 1, 1, 3]


def test_short_texts_collapse_only_when_equal():
    assert collapse(["no signal", "no signal!", "no signal x"]).tolist() == [0, 0, 2] or collapse(
        ["no signal", "no signal!", "no signal x"]
    ).tolist() == [1, 1, 2]


def test_texts_without_words_are_copies_of_nothing():
    assert collapse(["https://a.example/1", "https://a.example/2", "", "🙃"]).tolist() == [
        0,
        1,
        2,
        3,
    ]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(7)))
def test_collapse_ignores_row_order(order):
    texts = [
        "Charged twice for the same month again and the chat just closes",
        "charged twice for the same month again & the chat just closes",
        "Charged twice for the same month again and the chat closes",
        "TV box restarts every evening since the update came",
        "tv box restarts every evening since the update came :(",
        "hold music for an hour",
        "https://x.example",
    ]
    straight = [texts[i] for i in collapse(texts)]
    mixed = [texts[i] for i in order]
    there = [mixed[i] for i in collapse(mixed)]
    assert [straight[i] for i in order] == there


# clauses


def test_short_mention_is_one_clause():
    assert split_clauses("No signal. Again. Why?") == ["No signal. Again. Why?"]
    assert split_clauses("   ") == []


def test_clauses_hold_every_word_once():
    clauses = split_clauses(LONG)
    assert len(clauses) >= 3
    assert " ".join(clauses).split() == LONG.split()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["bill", "engineer", "but", "also.", "code,", "late!", "so?", "and", "however"]
        ),
        max_size=200,
    )
)
def test_no_clause_is_a_bare_interjection(words):
    text = " ".join(words)
    clauses = split_clauses(text)
    assert " ".join(clauses).split() == text.split()
    if len(clauses) > 1:
        assert min(len(c.split()) for c in clauses[:-1]) >= 8


def test_endless_text_without_punctuation_is_cut():
    assert max(len(c.split()) for c in split_clauses("word " * 500)) <= 90


# breadth


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1, 5, 4, 3), "isolated"),  # one loud author stays one voice
        ((2, 2, 2, 2), "isolated"),
        ((3, 1, 1, 1), "recurring"),
        ((60, 1, 1, 2), "recurring"),  # an outage of one day
        ((30, 4, 1, 2), "systemic"),
        ((25, 9, 2, 1), "systemic"),
        ((9, 9, 6, 2), "recurring"),
        ((10, 9, 3, 1), "systemic"),
    ],
)
def test_breadth(counts, expected):
    assert breadth(*counts) == expected


# the lens


def test_represented_rows_do_not_depend_on_their_neighbours():
    texts = [
        f"{t} {i}" for i in range(40) for t in ("bill is wrong", "engineer never came", "no signal")
    ]
    vectors = np.eye(len(texts), 16, dtype=np.float32) + 0.1
    whole = represent(texts, vectors)
    for i in (0, 7, 119):
        assert np.array_equal(represent([texts[i]], vectors[i : i + 1])[0], whole[i])
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-5)
    assert represent([], np.zeros((0, 16), np.float32)).shape == (0, whole.shape[1])


def test_lens_puts_a_mention_near_its_cause():
    lens = load_lens()
    mentions = lens.encode(
        [
            "waited in all day and the engineer never showed",
            "been on hold for 50 minutes, nobody picks up",
        ]
    )
    causes = lens.encode(["engineer missed appointment", "long phone hold time"])
    near = mentions @ causes.T
    assert near[0, 0] > near[0, 1] + 0.02
    assert near[1, 1] > near[1, 0] + 0.1


def test_empty_talk_is_unspecified_and_a_told_cause_is_not():
    vague = is_unspecified(
        [
            "worst company ever",
            "absolute joke of a service",
            "still waiting",
            "@acme Still waiting!!",
            "https://x.example",
            "",
        ]
    )
    told = is_unspecified(
        [
            "charged twice for October and the refund has not come after three weeks",
            "the login code by text message never arrives so I am locked out of my account",
            "engineer did not turn up for the second time, day off wasted",
        ]
    )
    assert vague.all()
    assert told.tolist() == [False, False, False]


def test_damaged_or_missing_lens_is_one_line(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        Lens.load(tmp_path / "none")
    folder = tmp_path / "lens"
    shutil.copytree(bundled("models/causes"), folder)
    (folder / "lens.safetensors").write_bytes(b"\x08" * 40)
    with pytest.raises(ModelError, match="damaged") as caught:
        Lens.load(folder)
    assert "\n" not in str(caught.value)


# groups


def test_blobs_are_found_and_stable():
    x, gold = blobs()
    groups = cluster_vectors(x)
    for g in range(4):
        inside = groups.labels[gold == g]
        assert len(set(inside.tolist())) == 1
        assert inside[0] >= 0
    assert groups.stability[: len(groups)].shape == (len(groups),)
    assert np.median(groups.stability) > 0.75
    assert (np.diff(groups.voices) <= 0).all()
    assert ((groups.strengths > 0) == (groups.labels >= 0)).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_row_order_changes_nothing(seed):
    x, _ = blobs(spread=0.6)
    order = np.random.default_rng(seed).permutation(len(x))
    straight, mixed = cluster_vectors(x, resamples=2), cluster_vectors(x[order], resamples=2)
    assert np.array_equal(straight.labels[order], mixed.labels)
    assert np.array_equal(straight.stability, mixed.stability)
    assert np.array_equal(straight.strengths[order], mixed.strengths)
    assert straight.dial == mixed.dial


def test_one_author_makes_no_group():
    x, gold = blobs()
    voices = np.arange(len(x))
    voices[gold == 1] = 10_000
    groups = cluster_vectors(x, voices=voices)
    assert (groups.labels[gold == 1] == -1).all()
    assert (groups.labels[gold == 0] >= 0).all()


def test_no_group_has_fewer_voices_than_asked():
    x, _ = blobs(spread=0.7)
    voices = np.arange(len(x)) // 2
    for least in (2, 4, 9):
        groups = cluster_vectors(x, voices=voices, min_voices=least)
        for g in range(len(groups)):
            heard = len(set(voices[groups.labels == g].tolist()))
            assert heard == groups.voices[g] >= least


def test_strength_asks_for_closer_groups():
    x, _ = blobs(spread=0.7)
    loose, close = cluster_vectors(x, strength=-0.8), cluster_vectors(x, strength=0.8)
    assert (close.labels < 0).sum() > (loose.labels < 0).sum()


def test_the_dial_shows_what_other_settings_give():
    x, _ = blobs()
    groups = cluster_vectors(x)
    shares = [point.isolated_share for point in groups.dial]
    assert shares == sorted(shares)
    mine = next(p for p in groups.dial if p.min_voices == 5)
    assert mine.groups == len(groups)
    assert mine.isolated_share == pytest.approx(np.mean(groups.labels < 0))


def test_too_few_voices_say_so():
    x, _ = blobs()
    groups = cluster_vectors(x[:12])
    assert groups.too_small
    assert len(cluster_vectors(x[:3])) == 0
    assert len(cluster_vectors(x[:0])) == 0


def test_identical_rows_are_one_group():
    groups = cluster_vectors(np.tile(np.eye(1, 8, dtype=np.float32), (30, 1)))
    assert len(partition(groups.labels)) <= 1


def test_rows_beyond_the_sample_join_their_group(monkeypatch):
    x, gold = blobs(groups=5, size=200, noise=0)
    whole = cluster_vectors(x, resamples=0)
    monkeypatch.setattr(sampling, "SAMPLE", 300)
    part = cluster_vectors(x, resamples=2)
    assert partition(part.labels) == partition(whole.labels) == partition(gold)
    order = np.random.default_rng(0).permutation(len(x))
    assert np.array_equal(cluster_vectors(x[order], resamples=2).labels, part.labels[order])


def test_the_largest_of_many_columns_are_found_with_and_without_equals():
    values = np.random.default_rng(0).random((40, 2_500)).astype(np.float32)
    for rows in (values, np.round(values, 2)):
        found = np.take_along_axis(rows, largest(rows, 8), axis=1)
        assert (np.sort(found, axis=1) == np.sort(rows, axis=1)[:, -8:]).all()
        assert all(len(set(columns)) == 8 for columns in largest(rows, 8).tolist())


def test_thousands_of_near_copies_are_one_group_and_compared_with_few(monkeypatch):
    compared = 0
    exact = duplicates._jaccard

    def counting(texts, pairs):
        nonlocal compared
        compared += len(pairs)
        return exact(texts, pairs)

    monkeypatch.setattr(duplicates, "_jaccard", counting)
    said = "the engineer was booked for tuesday between eight and one and nobody came or rang"
    texts = [f"{said} {i}" for i in range(3_000)]
    assert len(set(collapse(texts).tolist())) == 1
    assert compared <= duplicates.BANDS * len(texts)
    assert compared < 4_500_000 / 40  # of all pairs


def test_copies_are_those_that_share_enough_of_their_grams():
    def shared(one, other):
        a, b = ({t[i : i + 4] for i in range(len(t) - 3)} for t in (one, other))
        return len(a & b) / len(a | b)

    said = "my bill went up by six pounds without any letter or warning 😀 ärgerlich"
    words = said.split()
    texts = [" ".join(words[:i] + words[i + k :]) for k in (1, 2, 4) for i in range(len(words) - k)]
    plain = [duplicates._plain(text) for text in texts]
    pairs = np.array([(i, j) for i in range(len(plain)) for j in range(i)])
    found = duplicates._jaccard(plain, pairs)
    assert found.tolist() == pytest.approx([shared(plain[i], plain[j]) for i, j in pairs.tolist()])


def test_groups_are_the_same_on_one_core_and_on_several(monkeypatch):
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(40, 32))
    rows = (centres[rng.integers(40, size=7_000)] + rng.normal(size=(7_000, 32))).astype(np.float32)
    voices = rng.integers(5_000, size=7_000)
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        groups = cluster_vectors(rows, voices=voices)
        found.append((groups.labels.tobytes(), np.asarray(groups.stability).tobytes()))
    assert found[0] == found[1]


def test_copies_are_the_same_however_few_characters_are_looked_at_together(monkeypatch):
    rng = np.random.default_rng(5)
    words = [f"word{i}" for i in range(300)]
    texts = [" ".join(rng.choice(words, size=rng.integers(8, 60))) for _ in range(300)]
    texts += [f"{text} again" for text in texts[::3]]
    whole = collapse(texts)
    monkeypatch.setattr(duplicates, "CHARACTERS", 300)
    assert collapse(texts).tolist() == whole.tolist()
    assert len(set(whole.tolist())) < len(texts)
