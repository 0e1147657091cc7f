"""What the fuzzer left behind is read again: its corpus, cut down, and every input that crashed."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[1]
CORPUS = sorted((ROOT / "tests" / "fixtures" / "fuzz").iterdir())

spec = importlib.util.spec_from_file_location("fuzz_readers", ROOT / "scripts" / "fuzz_readers.py")
fuzz_readers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz_readers)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_the_corpus_is_read_or_refused_in_one_line(path) -> None:
    mentions = fuzz_readers.check(path)
    # the size of a batch changes nothing
    assert fuzz_readers.check(path, batch_size=1) == mentions


def test_the_corpus_is_small() -> None:
    assert 50 <= len(CORPUS) <= 200
    assert sum(path.stat().st_size for path in CORPUS) < 200_000


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CORPUS), st.data())
def test_what_lies_near_the_corpus_is_read_too(path, data) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "dump"
        changed.write_bytes(content)
        fuzz_readers.check(changed)
