"""The same mentions get the same rows, whatever runs the batches."""

import gc
import math
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rootcause.errors import DataError, UsageError
from rootcause.records import Week
from rootcause.score import BatchScorer, pool, score
from rootcause.score.batch import FINGERPRINT, weeks_of
from rootcause.score.forking import Forked
from rootcause.score.known import Known, own_id
from rootcause.score.pieces import ChunkPiece
from rootcause.score.progress import Progress
from rootcause.score.resolve import find_copies
from rootcause.scored import open_scored
from score_help import MODEL, TEXTS, mentions, tree, write_dump


@pytest.fixture(scope="module")
def scorer():
    return BatchScorer(MODEL)


def as_table(texts):
    return pa.table({"mention_id": [str(i) for i in range(len(texts))], "text": texts})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(TEXTS) | st.text(max_size=60), min_size=1, max_size=40), st.data())
def test_scores_do_not_depend_on_batch_size_or_company(scorer, texts, data):
    whole = scorer(as_table(texts))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(texts)), max_size=4)) | {0, len(texts)})
    table = as_table(texts)
    pieces = [scorer(table.slice(a, b - a)) for a, b in pairwise(cuts)]
    assert pa.concat_tables(pieces).combine_chunks().equals(whole.combine_chunks())
    order = data.draw(st.permutations(range(len(texts))))
    assert scorer(table.take(order)).equals(whole.take(order).combine_chunks())


def test_any_number_of_processes_writes_the_same_bytes(tmp_path, monkeypatch):
    from rootcause.score import intake, pool

    monkeypatch.setattr(pool, "_PATIENCE", 0)
    monkeypatch.setattr(intake, "CHUNK_ROWS", 300)
    dump = write_dump(tmp_path / "d.jsonl", mentions(1_500))
    for jobs in (1, 3):
        score(dump, tmp_path / f"out{jobs}", model=MODEL, jobs=jobs)
    assert tree(tmp_path / "out1") == tree(tmp_path / "out3")
    assert not list(tmp_path.glob("out*/_scoring-*"))


def test_processes_of_a_large_dump_start_early_and_end_with_the_run(tmp_path, monkeypatch):
    import psutil

    from rootcause.score import intake, pool

    dump = write_dump(tmp_path / "d.jsonl", mentions(1_000))
    score(dump, tmp_path / "out1", model=MODEL, jobs=1)
    monkeypatch.setattr(pool, "_LARGE", 1_000)
    started = []
    made = pool.Pool.__init__

    def noted(self, *given):
        made(self, *given)
        started.extend(self._processes)

    monkeypatch.setattr(pool.Pool, "__init__", noted)
    score(dump, tmp_path / "out2", model=MODEL, jobs=2)
    assert len(started) == 2
    assert tree(tmp_path / "out1") == tree(tmp_path / "out2")
    monkeypatch.setattr(intake, "CHUNK_ROWS", 100)
    with pytest.raises(UsageError, match="time zone"):
        score(dump, tmp_path / "out2", model=MODEL, jobs=2, timezone="Asia/Tokyo")
    assert len(started) == 4
    assert not any(psutil.pid_exists(one.pid) for one in started)


def test_where_no_process_can_be_started_is_one_line_and_fewer_are_enough(monkeypatch, scorer):
    left = [0]

    def started():
        if not left[0]:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        left[0] -= 1
        return subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1, stdout=-1)

    monkeypatch.setattr(pool, "may_fork", lambda: False)
    monkeypatch.setattr(pool, "_started", started)
    with pytest.raises(DataError, match="no scoring process can be started: Resource"):
        pool.Pool({}, 3, scorer)
    left[0] = 1
    some = pool.Pool({}, 3, scorer)
    assert len(some._processes) == 1
    some.kill()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here")
def test_a_copy_that_cannot_be_made_leaves_nothing_behind(monkeypatch, scorer):
    def full():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", full)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(BlockingIOError):
        Forked(scorer, [])
    assert (gc.get_freeze_count(), len(os.listdir("/proc/self/fd"))) == (0, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here")
@pytest.mark.parametrize("listening", [True, False])
def test_a_copy_keeps_to_one_thread_and_says_its_faults_while_somebody_listens(tmp_path, listening):
    program = (
        "import os, sys\n"
        "from rootcause.score.forking import Forked\n"
        "from rootcause.score.worker import pack, send\n"
        "import pyarrow as pa\n"
        "def scorer(mentions):\n"
        "    raise ValueError('a fault with RAYON=' + os.environ['RAYON_NUM_THREADS'])\n"
        "copy = Forked(scorer, [])\n"
        + ("" if listening else "copy.stdout.close()\n")
        + "send(copy.stdin, b'{}')\n"
        + ("copy.stdout.readline()\n" if listening else "")
        + ("send(copy.stdin, pack(pa.table({'a': [1]}), sys.argv[1]))\n" if listening else "")
        + "sys.exit(copy.wait())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x")],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert told.returncode == 1
    assert (b"a fault with RAYON=1" in told.stderr) == listening
    assert bool(told.stderr) == listening


def test_copies_hold_on_to_no_more_than_fingerprints(tmp_path):
    paths = [tmp_path / f"chunk-{number}.arrow" for number in range(6)]
    for number, path in enumerate(paths):
        prints = pa.array(range(5_000 * number, 5_000 * (number + 1)), pa.uint64())
        batch = pa.table({FINGERPRINT: prints, "text": ["long " * 200] * 5_000})
        with pa.ipc.new_file(str(path), batch.schema) as writer:
            writer.write_table(batch)
    del batch, prints
    held = []

    class Noted(ChunkPiece):
        def read(self, columns=None):
            held.append(pa.total_allocated_bytes())
            return super().read(columns)

    find_copies([Noted(path=path, batch=0, rows=5_000) for path in paths])
    # six pieces of five megabytes, of which the fingerprints are forty kilobytes
    assert max(held) - held[0] < 6_000_000


def test_a_week_is_cut_into_the_same_parts_by_any_number_of_threads(tmp_path, monkeypatch):
    from rootcause.score import finish, intake

    monkeypatch.setattr(intake, "CHUNK_ROWS", 70)
    monkeypatch.setattr(finish, "PART_ROWS", 200)
    monkeypatch.setattr(finish, "GROUP_ROWS", 50)
    dump = write_dump(tmp_path / "d.jsonl", mentions(900, days=7))
    for jobs in (1, 2):
        monkeypatch.setattr("rootcause.score.job.LocalRunner", lambda scorer, *_: alone(scorer))
        score(dump, tmp_path / f"out{jobs}", model=MODEL, jobs=jobs)
    assert tree(tmp_path / "out1") == tree(tmp_path / "out2")
    parts = open_scored(tmp_path / "out1").manifest.parts
    assert [part.rows for part in next(iter(parts.values()))] == [200, 200, 200, 200, 100]


def alone(scorer):
    from rootcause.score.pool import LocalRunner

    return LocalRunner(scorer, None, 1)


def test_scoring_imports_neither_scikit_learn_nor_torch_and_opens_no_socket(tmp_path):
    dump = write_dump(tmp_path / "d.jsonl", mentions(100))
    program = (
        "import socket, sys, time\n"
        "def refuse(*args, **kwargs): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "start = time.process_time()\n"
        "from rootcause.score import score\n"
        f"score({dump!r}, {str(tmp_path / 'out')!r}, model={MODEL!r})\n"
        "bad = {'sklearn', 'torch', 'hdbscan', 'ray', 'polars', 'py3langid'} & set(sys.modules)\n"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def cpu_seconds(command):
    # processor time, for the machine may be busy with other things
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )


def test_a_hundred_rows_are_scored_from_a_cold_start_in_two_seconds(tmp_path):
    dump = write_dump(tmp_path / "d.jsonl", mentions(100))
    command = [sys.executable, "-c", "from rootcause.cli import run; run()", "score", dump]
    times = [
        cpu_seconds([*command, "-o", str(tmp_path / f"out{i}"), "-m", MODEL]) for i in range(2)
    ]
    assert min(times) < 2


RAY = pytest.importorskip("ray", reason="the extra ray is not installed")


@pytest.fixture(scope="module")
def ray_cluster():
    """A real local cluster of two worker processes, stopped afterwards."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        RAY.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=100 << 20,
            log_to_driver=False,
            logging_level="ERROR",
        )
    yield RAY
    RAY.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_ray_gives_the_rows_of_the_local_engine_though_a_worker_is_killed(
    tmp_path, monkeypatch, ray_cluster
):
    from rootcause.score import intake

    monkeypatch.setattr(intake, "CHUNK_ROWS", 200)
    dump = write_dump(tmp_path / "d.jsonl", mentions(2_400))
    score(dump, tmp_path / "local", model=MODEL, jobs=1)
    killer = kill_one_worker_after_first_chunk(tmp_path / "ray")
    score(dump, tmp_path / "ray", model=MODEL, jobs=2, engine="ray")
    killed = killer.communicate(timeout=60)[0].strip()
    assert killed == b"killed", "no worker was met while it ran"
    assert tree(tmp_path / "local") == tree(tmp_path / "ray")
    assert sum(open_scored(tmp_path / "ray").weeks().values()) == 2_400


def kill_one_worker_after_first_chunk(out):
    program = (
        "import pathlib, psutil, sys, time\n"
        "out, deadline = pathlib.Path(sys.argv[1]), time.monotonic() + 60\n"
        "while not list(out.glob('_scoring-*/chunk-*')) and time.monotonic() < deadline:\n"
        "    time.sleep(0.005)\n"
        "for process in psutil.process_iter(['cmdline']):\n"
        "    if 'ray::' in ' '.join(process.info['cmdline'] or []) and "
        "'ChunkScorer' in ' '.join(process.info['cmdline']):\n"
        "        process.kill(); print('killed'); break\n"
    )
    return subprocess.Popen([sys.executable, "-c", program, str(out)], stdout=subprocess.PIPE)


def test_ray_without_its_extra_is_a_usage_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    dump = write_dump(tmp_path / "d.jsonl", mentions(5))
    with pytest.raises(UsageError, match=r"rootcause\[ray\]"):
        score(dump, tmp_path / "out", model=MODEL, engine="ray")
    with pytest.raises(UsageError, match="engine 'spark' is unknown"):
        score(dump, tmp_path / "out", model=MODEL, engine="spark")


@example(datetime(2052, 5, 12, 23), "Europe/Dublin")
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),
    st.sampled_from(["UTC", "Europe/Dublin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_weeks_are_those_of_the_calendar_in_any_zone(moment, name):
    moment = moment.replace(tzinfo=UTC)
    made = weeks_of(pa.array([moment, None], pa.timestamp("us", tz="UTC")), name)
    assert made.to_pylist() == [str(Week.of(moment, ZoneInfo(name))), "undated"]


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz")), max_size=60),
    st.integers(1, 7),
)
def test_known_mentions_are_those_of_a_dictionary(rows, size):
    known, seen = Known(), {}
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        admitted = known.admit([i for i, _ in batch], [t for _, t in batch])
        for number, (name, text) in enumerate(batch):
            wanted = name if seen.get(name, text) == text else own_id(name, text)
            assert bool(admitted.new[number]) == (wanted not in seen)
            if admitted.new[number] and wanted != name:
                assert admitted.renamed[number] == wanted
            seen[wanted] = text
    assert len(known) == len(seen)


def test_known_mentions_take_twelve_bytes_each():
    known = Known()
    for start in range(0, 400_000, 8_000):
        ids = [f"1966000633{i:09d}" for i in range(start, start + 8_000)]
        assert known.admit(ids, ids).new.all()
    assert sum(run.nbytes + checks.nbytes for run, checks in known._runs) == 12 * 400_000
    assert len(known._runs) < math.log2(400_000)


def test_an_erased_mention_stays_erased_when_its_dump_comes_again():
    known = Known()
    known.add(["1", "2"], ["", "text"])
    assert known.admit(["1", "2", "3"], ["what it said", "text", "new"]).new.tolist() == [
        False,
        False,
        True,
    ]


def test_progress_is_a_line_a_minute_without_a_terminal(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    said = []
    with Progress(said.append, total=1_000, terminal=False) as progress:
        for step in range(13):
            now[0] = 1000.0 + 10 * step
            progress.update(step * 100_000, step * 50)
    assert said == [
        "scoring: 600,000 mentions, 10,000 a second, 30%, about 2 min left",
        "scoring: 1,200,000 mentions, 10,000 a second, 60%, about 80 s left",
    ]


def test_vectors_are_the_encoders_at_half_precision(scorer):
    made = scorer(as_table(list(TEXTS)))
    vectors = scorer.model.encoder.encode(list(TEXTS))
    for label, mine, theirs in zip(
        made["label"].to_pylist(), made["vector"].to_pylist(), vectors, strict=True
    ):
        if label == "other":
            assert mine is None
        else:
            assert np.array_equal(np.array(mine, np.float16), theirs.astype(np.float16))


def test_progress_on_a_terminal_is_a_bar_that_leaves_nothing_behind(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    said = []
    with Progress(said.append, total=1_000, terminal=True) as progress:
        for step in range(4):
            now[0] += 1
            progress.update(step * 10_000, step * 300)
    assert said == []
    assert capsys.readouterr().out == ""
