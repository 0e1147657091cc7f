"""The fast ways to read many texts say what the plain ways to read one say."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from rootcause import chunks
from rootcause.bundled import bundled
from rootcause.classify import cues, identify, language
from rootcause.classify.identify import identifier
from rootcause.encode import load_encoder
from rootcause.encode.chunks import ChunkTokens
from rootcause.errors import ModelError
from rootcause.score.batch import fingerprints
from rootcause.text import MAX_CHARACTERS, clean, fingerprint, normalise, normalise_all

_PARTS = st.sampled_from(
    ["http://a.b/c", "www.x.y", "HTTPS://", "@user", "@Ask_Us", "a@b.co", "#NeverAgain", "RT @x:",
     "&amp;", "sooooo", "12345", "0000", "\u0661\u0662\u0663\u0664", "...", "!!!", "don't", "don’t",
     "“quoted”", "‘so’", "–", "£5", "İ", "ſ", "K", "🙏🏽🙏🏽🙏🏽", "日本語日本語",
     "\ud83d", "\x1d", "\u2003",
     "\u200b", "_a_", "the", "is", "not", "mañana", "übel", "I'll", "\u00ad", "\x00", "ﬁ"]
)  # fmt: skip
_TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(_PARTS, max_size=9).map(" ".join),
    st.lists(_PARTS, max_size=9).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXT, max_size=6))
def test_many_texts_are_normalised_as_each_alone(texts) -> None:
    assert normalise_all(texts) == [normalise(text) for text in texts]


@settings(max_examples=300, deadline=None)
@given(_TEXT, st.sampled_from([1, 30, 4_000]))
def test_a_text_is_normalised_step_by_step(text, times) -> None:
    text = " ".join([text] * times)[:17_000]
    plain = html.unescape(text[:16_000])
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain.encode("utf-8", "replace").decode("utf-8"))
        plain = re.sub("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]", "", plain)
    plain = " ".join(plain.split())
    assert clean(text) == plain
    plain = plain[:4_000]
    if "://" in plain or "ww." in plain.lower():
        plain = re.sub(r"(?:https?://|www\.)\S+", " url ", plain, flags=re.IGNORECASE)
    plain = re.sub(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b", " email ", plain)
    plain = re.sub(r"(?<!\w)@\w+", " @user ", plain)
    plain = re.sub(r"#\w+", lambda m: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", m[0]), plain)
    plain = re.sub("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]", "", plain.replace("\u2019", "'"))
    plain = re.sub(r"([^\d\s])\1{2,}", r"\1\1", re.sub(r"\d{4,}", "0000", plain.lower()))
    assert normalise(text) == " ".join(re.sub(r"(?<=n)'t\b", "t", plain).split())


@settings(max_examples=300, deadline=None)
@given(_TEXT)
def test_a_fingerprint_is_of_the_words_alone(text) -> None:
    words = re.sub(r"^\s*(?:RT|MT|via)\s+@\w+\s*:?\s*", "", clean(text), flags=re.IGNORECASE)
    words = re.sub(r"(?:https?://|www\.)\S+", " ", words.lower(), flags=re.IGNORECASE)
    words = re.sub(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b", " ", words)
    words = re.sub(r"[^\w\s]|_", " ", re.sub(r"(?<!\w)@\w+", " ", words))
    plain = " ".join(words.split()).encode()
    assert fingerprint(text) == hashlib.blake2b(plain, digest_size=16).hexdigest()


@settings(max_examples=300, deadline=None)
@given(_TEXT)
def test_words_are_told_from_marks_alike_in_ascii_and_beyond(text) -> None:
    plain = re.sub(r"(?:https?://|www\.)\S+|[@#]\w+|['’]", "", text).lower()
    assert language._words(text) == re.findall(r"[^\W\d_]+", plain)


@pytest.fixture(scope="module")
def library():
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(_TEXT | st.text(min_size=130, max_size=300), max_size=6))
def test_texts_asked_together_have_the_languages_of_each_alone(library, texts) -> None:
    asked = [*texts, "wo bleibt mein paket", "SALUT LE MONDE", "donde estas " * 60, "\x00"]
    found = identifier().classify_all(asked)
    told = [library.classify(text) for text in asked]
    assert [code for code, _ in found] == [code for code, _ in told]
    # the library adds up in another order
    assert np.allclose([chance for _, chance in found], [chance for _, chance in told], atol=1e-4)
    assert found == [identifier().classify_all([text])[0] for text in asked]


def test_the_table_of_languages_is_forgotten_and_read_again(monkeypatch) -> None:
    asked = ["wo bleibt mein paket", "ou est mon colis", "donde estas", "gdzie jest paczka"]
    expected = identifier().classify_all(asked)
    monkeypatch.setattr(identify, "_KEPT", 20)
    monkeypatch.setattr(identify, "_TOGETHER", 40)
    tight = identify.Identifier(bundled("models/languages") / "languages.safetensors")
    for _ in range(3):
        assert tight.classify_all(asked) == expected
    assert len(tight._table) < 100


def test_a_damaged_table_of_languages_is_one_line(tmp_path) -> None:
    (tmp_path / "languages.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="install rootcause again"):
        identify.Identifier(tmp_path / "languages.safetensors")


_BEGINNINGS = ["", "RT @x: ", "via @y ", "\u200b mt @z ", "&#82;T @x ", " Rt @x"]
_LONG = _TEXT.map(lambda text: f"{text} RT {text} 日本 don't 12345 " * 150)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(_TEXT | _LONG, max_size=5), max_size=4))
@example(
    [["\u00b8 RT \u00b8 don't " * 240], ["\ufdfa " * 300], ["&#xfdfa; " * 400]]
)  # grow beyond the cut
def test_chunks_have_the_tokens_that_their_texts_have(batches) -> None:
    tokenizer = load_encoder()._tokenizer
    found = ChunkTokens(tokenizer)
    for texts in batches:
        ids, sizes = found.of(texts)
        whole = tokenizer.encode_batch([normalise(t) for t in texts], add_special_tokens=False)
        plain = [[t for t in one.ids if t != found.unknown] for one in whole]
        assert sizes.tolist() == [len(row) for row in plain]
        assert ids.tolist() == [token for row in plain for token in row]


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXT | _LONG, max_size=6))
def test_chunks_have_the_words_that_their_texts_have(texts) -> None:
    parts = chunks.split(texts)
    sums = language._COUNTS.sums(parts)
    short = [i for i in range(len(texts)) if i not in parts.long]
    assert sums[short].tolist() == [language._count(texts[i]) for i in short]
    assert language.detect(texts) == [language.detect([text])[0] for text in texts]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_BEGINNINGS), _TEXT | _LONG).map("".join), max_size=6))
def test_fingerprints_of_many_texts_are_those_of_each(texts) -> None:
    expected = [fingerprint(text) for text in texts]
    nothing = fingerprint("")
    assert fingerprints(texts).to_pylist() == [
        None if one == nothing else int(one[:16], 16) for one in expected
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(_TEXT | _LONG, min_size=1, max_size=6))
def test_chunks_have_the_marks_that_their_texts_have(texts) -> None:
    found = cues.cues(texts)
    assert found.tobytes() == b"".join(cues.cues([text]).tobytes() for text in texts)
    for text, row in zip(texts, found, strict=True):
        raw = text[:4_000].encode("utf-8", "ignore")
        letters = max(1, len(re.findall(rb"[A-Za-z]", raw)))
        size = max(1, len(raw))
        assert np.allclose(row[0], np.log1p(size) / 6)
        assert np.allclose(row[1], len(re.findall(rb"[A-Z]", raw)) / letters)
        assert np.allclose(row[3], len(re.findall(rb"[0-9]", raw)) / size)
        assert np.allclose(row[5], min(4, raw.count(b"?")) / 4)
        assert np.allclose(row[8], min(4, raw.count(b"@")) / 4)
        assert np.allclose(row[11], sum(byte >= 192 for byte in raw) / size)
        assert row[10] == (b"\n" in raw)
        assert (row[12], row[13]) == (raw[:1] == b"@", raw[-1:] == b"?")


def test_texts_are_cut_where_normalising_cuts_them() -> None:
    assert chunks.LONGEST == MAX_CHARACTERS


def test_a_part_of_split_texts_is_what_its_texts_are() -> None:
    texts = ["one two", "", "three " * 1_000, "RT @x one", "four  five"]
    whole = chunks.split(texts)
    for start, stop in ((0, 5), (1, 3), (2, 5), (4, 9), (5, 5)):
        part, alone = whole.part(start, stop), chunks.split(texts[start:stop])
        assert part == alone
        assert part.rows.tolist() == alone.rows.tolist()
        assert part.offsets.tolist() == alone.offsets.tolist()
        assert part.long == alone.long


def test_what_is_remembered_of_chunks_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(chunks, "_REMEMBERED", 1_000)
    monkeypatch.setattr(chunks, "_numbers", chunks._Numbers())
    found = ChunkTokens(load_encoder()._tokenizer)
    first = found.of(["the first text"])
    before = chunks.split(["the first text"])
    for number in range(200):
        found.of([f"word{number} other{number} the first text {'long' * 20}{number}"])
        assert chunks._numbers.characters < 1_200
        assert len(chunks._numbers) == len(chunks._numbers.chunks) < 200
    # what was split before all was forgotten is still known by its own numbers
    assert before.numbers is not chunks._numbers
    for again in (found.of(["the first text"]), found.of(before)):
        assert np.array_equal(first[0], again[0])
