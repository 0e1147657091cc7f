"""Memory does not grow with the dump, and what is stored is what came."""

import json
import subprocess
import sys
import unicodedata
from itertools import pairwise

import pyarrow as pa
from pyarrow import parquet

from rootcause.score import BatchScorer, score
from rootcause.scored import open_scored
from score_help import MODEL, mentions, rows_of, write_dump

# A model that costs nothing, so that what the run itself holds is seen.
PROGRAM = """
import json, re, sys
import numpy as np
from rootcause.classify.parts import Prediction
from rootcause.score import finish, intake, score

# so that a small dump has many of each, as a large one has
intake.CHUNK_ROWS, finish.GROUP_ROWS, finish.PART_ROWS = 2_000, 1_000, 8_000

class Encoder:
    name, content_hash, dimension = "none", "0" * 64, 64

class Free:
    model_id, encoder = "free", Encoder()

    def predict(self, texts):
        n = len(texts)
        proba = np.tile(np.float32([0.7, 0.1, 0.1, 0.1]), (n, 1))
        nothing = np.full(n, None, object)
        return Prediction(
            proba=proba, label=np.full(n, "venting", object), confidence=proba[:, 0],
            auto=np.ones(n, bool), p_complaint=proba[:, 0], is_complaint=np.ones(n, bool),
            area=nothing, p_area=np.full(n, np.nan, np.float32), known_cause=nothing,
            vectors=np.zeros((n, 64), np.float32), language=np.full(n, "en", object),
            own_label=nothing, unseen_words=np.zeros(n, np.float32),
        )

score(sys.argv[1], sys.argv[2], model=Free(), jobs=1)
# ru_maxrss would begin with the peak of the process that started this one
with open("/proc/self/status") as status:
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) // 1024)
"""


def test_memory_is_flat_from_small_dumps_to_large_ones(tmp_path):
    # from 100,000 to 5,000,000 with the shipped model: scripts/bench.py --memory
    peaks = []
    for rows in (50_000, 200_000):
        dump = tmp_path / f"{rows}.jsonl"
        with dump.open("w") as stream:
            for i in range(rows):
                row = {"id": str(i), "text": f"the bill of number {i} is wrong " * 4}
                row["created_at"] = f"2026-0{1 + i * 8 // rows}-10T10:00:00Z"
                stream.write(json.dumps(row) + "\n")
        command = [sys.executable, "-c", PROGRAM, str(dump), str(tmp_path / f"out{rows}")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] <= 1.15 * peaks[0], peaks
    assert peaks[1] < 1_000


def test_what_is_stored_is_what_came_whatever_the_encoder_reads(tmp_path):
    texts = [
        "RT @Ask_Us: it&#39;s   broken &amp; nobody answers https://a.example/b #NeverAgain",
        "soooo   late\n\n\tagain ﬁne “quotes” don’t\u200b",
        unicodedata.normalize("NFD", "café müde"),
        "call 0800 123 4567 or mail a.b@c.example, order 1234567890",
        " leading and trailing ",
    ]
    rows = [row | {"text": text} for row, text in zip(mentions(5), texts, strict=True)]
    dump = write_dump(tmp_path / "d.jsonl", rows)
    score(dump, tmp_path / "out", model=MODEL, jobs=1)
    stored = dict(rows_of(open_scored(tmp_path / "out"), ["mention_id", "text"]))
    assert stored == {row["id"]: row["text"] for row in rows}


def test_the_run_tells_how_far_it_is_to_the_last_byte(tmp_path, monkeypatch):
    from rootcause.score import intake, progress

    monkeypatch.setattr(intake, "CHUNK_ROWS", 500)
    told = []
    monkeypatch.setattr(
        progress.Progress, "update", lambda self, rows, done: told.append((rows, done, self._total))
    )
    dump = write_dump(tmp_path / "d.jsonl", mentions(3_000))
    parquet.write_table(pa.Table.from_pylist(mentions(3_000, first=3_000)), tmp_path / "d.parquet")
    model = BatchScorer(MODEL).model
    score([dump, str(tmp_path / "d.parquet")], tmp_path / "out", model=model)
    assert [rows for rows, _, _ in told] == sorted(rows for rows, _, _ in told)
    assert all(a[1] <= b[1] for a, b in pairwise(told))
    assert told[0][1] < told[-1][1] <= told[-1][2]
    assert told[-1][0] == 6_000
    assert told[-1][1] > 0.9 * told[-1][2]
