from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootcause.bundled import bundled
from rootcause.encode import StaticEncoder, load_encoder
from rootcause.encode.vectorcache import cached
from rootcause.errors import DataError, ModelError, UsageError
from rootcause.text import normalise

TEXTS = [
    "still waiting on hold after two hours, nobody answers",
    "@brand my parcel arrived broken and support won't reply!!!",
    "",
    "thanks for the quick help 😊",
    "charged twice for the same month, refund please",
    "\U00013000\U00013001",
    "app crashes " * 300,
    "ok",
]


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    found = load_encoder()
    assert isinstance(found, StaticEncoder)
    return found


def test_rows_are_finite_unit_float32(encoder):
    rows = encoder.encode(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), encoder.dimension)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_texts_without_known_tokens_share_one_vector(encoder):
    rows = encoder.encode(["", "   ", "\U00013000\U00013001"])
    assert (rows == rows[0]).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=60), st.sampled_from(TEXTS)), max_size=40), st.data())
def test_bits_do_not_depend_on_neighbours(encoder, texts, data):
    together = encoder.encode(texts)
    order = data.draw(st.permutations(range(len(texts))))
    np.testing.assert_array_equal(encoder.encode([texts[i] for i in order]), together[order])
    for i, text in enumerate(texts):
        np.testing.assert_array_equal(encoder.encode([text])[0], together[i])


def test_bits_do_not_depend_on_batch_size(encoder):
    texts = [f"{text} {i}" for i in range(700) for text in TEXTS[:5]]
    together = encoder.encode(texts)
    for size in (1, 7, 64, 1_025):
        some = texts[: 5 * size]
        parts = [encoder.encode(some[i : i + size]) for i in range(0, len(some), size)]
        np.testing.assert_array_equal(np.concatenate(parts), together[: len(some)])


def test_tokens_encode_to_the_same_vectors(encoder):
    tokens = encoder.tokenise(TEXTS)
    assert tokens.ids.dtype == tokens.offsets.dtype == np.int32
    assert len(tokens) == len(TEXTS)
    np.testing.assert_array_equal(encoder.encode_tokens(tokens), encoder.encode(TEXTS))
    first = [encoder.tokens[i] for i in tokens.ids[: tokens.offsets[1]]]
    assert "".join(first) == normalise(TEXTS[0]).replace(" ", "") or "##" in "".join(first)


def test_token_vectors_add_up_to_the_text(encoder):
    tokens = encoder.tokenise(TEXTS)
    parts = encoder.token_vectors(tokens)
    whole = encoder.encode(TEXTS)[:, : encoder.token_dimension]
    np.testing.assert_allclose(np.add.reduceat(parts, tokens.offsets[:-1]), whole, atol=1e-5)


def test_same_problem_is_nearer_than_another(encoder):
    rows = encoder.encode(
        [
            "been on hold for an hour and nobody picks up the phone",
            "cannot reach anyone, the line just plays music forever",
            "my suitcase came back with a broken wheel",
        ]
    )
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_spellings_that_mean_the_same_meet(encoder):
    rows = encoder.encode(["I don’t know!!!! sooooo slow", "i dont know!! soo slow"])
    np.testing.assert_array_equal(rows[0], rows[1])


def test_missing_folder_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        StaticEncoder.load(tmp_path / "none")


@pytest.mark.parametrize("part", ["config.json", "tokenizer.json", "model.safetensors"])
def test_damaged_folder_is_a_model_error(tmp_path, part):
    folder = tmp_path / "encoder"
    shutil.copytree(bundled("models/encoder"), folder)
    content = (folder / part).read_bytes()
    (folder / part).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="damaged"):
        StaticEncoder.load(folder)


def test_hash_follows_the_files(tmp_path, encoder):
    folder = tmp_path / "encoder"
    shutil.copytree(bundled("models/encoder"), folder)
    assert load_encoder(str(folder)).content_hash == encoder.content_hash
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"seed": -1}))
    assert load_encoder(str(folder)).content_hash != encoder.content_hash


def test_shipped_folder_is_small():
    folder = bundled("models/encoder")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 16 * 2**20


def test_encoding_imports_no_torch():
    code = (
        "import sys; from rootcause.encode import load_encoder; load_encoder().encode(['a']);"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_cache_asks_only_for_new_texts(tmp_path):
    asked: list[str] = []

    def encode(texts):
        asked.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], np.float32)

    first = cached(tmp_path, "h", ["a", "bb", "a"], 2, encode)
    second = cached(tmp_path, "h", ["bb", "ccc", "a"], 2, encode)
    assert asked == ["a", "bb", "ccc"]
    np.testing.assert_array_equal(first[:, 0], [1, 2, 1])
    np.testing.assert_array_equal(second[:, 0], [2, 3, 1])
    cached(tmp_path, "other", ["a"], 2, encode)
    assert asked[-1] == "a"


def test_unusable_cache_is_a_data_error(tmp_path):
    (tmp_path / "vectors-h.db").write_bytes(b"no database" * 200)
    with pytest.raises(DataError, match="cannot be used"):
        cached(tmp_path, "h", ["a"], 2, lambda texts: np.zeros((1, 2), np.float32))


def test_transformer_gives_unit_rows_in_order(transformer, no_network):
    found = load_encoder(str(transformer))
    texts = ["still waiting on hold", "hold", "", "waiting " * 100]
    rows = found.encode(texts)
    assert rows.shape == (4, found.dimension) == (4, 16)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found.encode(texts[::-1]), rows[::-1], atol=1e-5)


def test_second_run_encodes_nothing(transformer, tmp_path, no_network):
    found = load_encoder(str(transformer), cache=tmp_path)
    rows = found.encode(["still waiting", "hold"])
    again = load_encoder(str(transformer), cache=tmp_path)
    again._model = None
    np.testing.assert_array_equal(again.encode(["hold", "still waiting"]), rows[::-1])


def test_max_length_is_another_encoder(transformer, no_network):
    short = load_encoder(str(transformer), max_length=3)
    assert short.content_hash != load_encoder(str(transformer)).content_hash
    rows = short.encode(["still waiting on hold", "still waiting on waiting"])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)


def test_hub_name_not_on_disk_says_how_to_get_it(no_network):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(ModelError, match="hf download nobody/no-such-model"):
        load_encoder("nobody/no-such-model")


def test_folder_without_a_model_is_a_model_error(tmp_path):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(ModelError, match="no sentence-transformers folder"):
        load_encoder(str(tmp_path))


def test_missing_extra_is_a_usage_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UsageError, match=r"rootcause\[transformers\]"):
        load_encoder("some/model")


def test_export_equals_the_token_part(tmp_path, encoder):
    pytest.importorskip("model2vec")
    from model2vec import StaticModel

    script = Path(__file__).parents[1] / "scripts" / "export_encoder.py"
    subprocess.run([sys.executable, str(script), "-o", str(tmp_path / "out")], check=True)
    other = StaticModel.from_pretrained(str(tmp_path / "out"), force_download=False)
    texts = [TEXTS[0], TEXTS[1], TEXTS[4]]
    tokens = encoder.tokenise(texts)
    sums = np.add.reduceat(encoder._table[tokens.ids], tokens.offsets[:-1])
    expected = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    np.testing.assert_allclose(other.encode(texts), expected, atol=1e-4)
    sentence_transformers = pytest.importorskip("sentence_transformers")
    third = sentence_transformers.SentenceTransformer(str(tmp_path / "out"), local_files_only=True)
    np.testing.assert_allclose(third.encode(texts), expected, atol=1e-4)


def test_two_trainings_give_the_same_bytes(tmp_path):
    pytest.importorskip("torch")
    random = np.random.default_rng(0)
    words = np.array(
        [
            "app",
            "late",
            "hold",
            "refund",
            "bag",
            "lost",
            "broken",
            "crash",
            "agent",
            "rude",
            "slow",
            "bill",
        ]
    )

    def text():
        return " ".join(random.choice(words, 9))

    data = tmp_path / "data"
    (data / "labeled").mkdir(parents=True)
    (data / "encoder").mkdir()
    note = "source,text,label,complaint,area,cause\n"
    causes = ["late bag", "lost bill", "rude agent", "slow app", "-"]
    note += "".join(f"a,{text()},venting,1,app,{causes[i % 5]}\n" for i in range(60))
    note += "".join(f"a,{text()},other,0,-,-\n" for _ in range(60))
    (data / "labeled" / "cause_notes.csv").write_text(note)
    (data / "labeled" / "brands_dev.csv").write_text("text\nnothing of the kind\n")
    (data / "labeled" / "united_dev.csv").write_text("text\nnothing at all\n")
    (data / "labeled" / "finance_complaints.csv").write_text("text,complaint_cause\n")
    (data / "labeled" / "airlines_sentiment.csv").write_text("text\n")
    lines = {
        "texts.txt.gz": [text() for _ in range(300)],
        "pairs.tsv.gz": [f"s\t{text()}\t{text()}" for _ in range(200)],
        "intents.tsv.gz": [f"clinc150\t{i % 4}\t{text()}" for i in range(80)],
    }
    for name, content in lines.items():
        with gzip.open(data / "encoder" / name, "wt") as file:
            file.write("\n".join(content) + "\n")
    script = Path(__file__).parents[1] / "scripts" / "train_encoder.py"
    for run in ("one", "two"):
        command = [sys.executable, str(script), "--data", str(data), "-o", str(tmp_path / run)]
        subprocess.run([*command, "--steps", "4", "--head-steps", "4"], check=True)
    for part in ("config.json", "tokenizer.json", "model.safetensors"):
        assert (tmp_path / "one" / part).read_bytes() == (tmp_path / "two" / part).read_bytes()
    assert StaticEncoder.load(tmp_path / "one").encode(["late bag"]).shape[0] == 1
