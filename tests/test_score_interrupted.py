"""A run that is killed, starved of disk or refused leaves nothing half-written behind."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyarrow import parquet

from rootcause.errors import DataError
from rootcause.score import BatchScorer, score
from rootcause.scored import open_scored
from score_help import MODEL, mentions, tree, write_dump

# Small chunks and parts, so that a small dump has many of each.
SMALL = """
from rootcause.score import finish, intake
intake.CHUNK_ROWS = 120
finish.PART_ROWS = finish.GROUP_ROWS = 100
"""

# Loads the model once, then runs `score` in forked children, so that a kill costs no start.
KILLER = (
    SMALL
    + """
import json, os, random, shutil, signal, sys, time
from rootcause.score import BatchScorer, score
from score_help import tree

os.fsync = lambda handle: None  # guards against a lost machine, not a killed process
dumps, home, kills, model, steps = json.loads(sys.argv[1])
scorer = BatchScorer(model)

def child(out, die_at=None):
    pid = os.fork()
    if pid:
        return pid
    replace, count = os.replace, [0]
    def counting(*args):
        count[0] += 1
        if count[0] == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(*args)
    os.replace = counting
    try:
        for dump in dumps:
            score(dump, out, model=scorer.model, jobs=1)
    except BaseException as error:
        sys.stderr.write(repr(error))
        os._exit(1)
    os._exit(0)

def wait(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

start = time.monotonic()
assert wait(child(home + "/whole")) == 0
took = time.monotonic() - start
expected = tree(home + "/whole")
rng = random.Random(5)
died = 0
for number in range(3 * kills):
    if died == kills:
        break
    out = f"{home}/cut{number}"
    if steps:
        if wait(child(out, die_at=1 + number)) != -9:
            break  # no rename is left to die before
        died += 1
    else:
        pid = child(out)
        time.sleep(rng.uniform(0, took))
        os.kill(pid, signal.SIGKILL)
        hit = wait(pid) == -9
        died += hit
        took *= 1 if hit else 0.9  # the run that was timed shared the machine with another
    halves = [n for n in tree(out) if n in expected and not n.startswith("_")
              and tree(out)[n] != expected[n]] if os.path.isdir(out) and len(dumps) == 1 else []
    assert not halves, halves
    assert wait(child(out)) == 0
    assert tree(out) == expected, (number, set(tree(out).items()) ^ set(expected.items()))
    shutil.rmtree(out)
print(died)
"""
)


def kill_runs(tmp_path, dumps, kills, *, steps):
    program = tmp_path / "killer.py"
    program.write_text(KILLER)
    settings = json.dumps([dumps, str(tmp_path), kills, MODEL, steps])
    done = subprocess.run(
        [sys.executable, str(program), settings],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return int(done.stdout)


def two_dumps(tmp_path):
    rows = mentions(400)
    for i, row in enumerate(rows[20:400:30]):
        row |= {"inbound": False, "parent_id": rows[i]["id"]}
    return [
        write_dump(tmp_path / "a.jsonl", rows[:280]),
        write_dump(tmp_path / "b.jsonl", rows[250:]),
    ]


def test_killed_at_twenty_random_moments_a_run_ends_with_the_same_bytes(tmp_path):
    died = kill_runs(tmp_path, two_dumps(tmp_path)[:1], 20, steps=False)
    assert died == 20


def test_killed_before_any_rename_two_runs_end_with_the_same_bytes(tmp_path):
    # chunks, a plan and the moves of the first run; the second rewrites parts of the first
    assert 12 <= kill_runs(tmp_path, two_dumps(tmp_path), 40, steps=True) < 40


# Processes that start once there is enough to do, and copies of the run's own process.
STARTED = SMALL + "import sys; from rootcause.score import pool, score; pool._PATIENCE = 0\n"
COPIES = (
    "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'\n"
    + SMALL
    + "import sys; from rootcause.score import pool, score; pool._LARGE = 0\n"
    "pool._started = None  # no process is started then\n"
)
BOTH = pytest.mark.parametrize("begin", [STARTED, COPIES], ids=["started", "copies"])


@BOTH
def test_a_killed_run_keeps_its_finished_chunks_and_its_processes_end(tmp_path, begin):
    dump = write_dump(tmp_path / "d.jsonl", mentions(2_000))
    program = begin + f"score({dump!r}, sys.argv[1], model={MODEL!r}, jobs=2)"
    out = tmp_path / "out"
    run = [sys.executable, "-c", program]
    killed = subprocess.Popen([*run, str(out)])
    wait_for_chunks(killed, out, 3)
    workers = children(killed.pid)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    kept = {p.name: p.stat().st_mtime_ns for p in out.glob("_scoring-*/chunk-*")}
    assert len(kept) >= 3
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    subprocess.run([*run, str(out)], check=True)
    subprocess.run([*run, str(tmp_path / "whole")], check=True)
    assert tree(out) == tree(tmp_path / "whole")
    assert sum(open_scored(out).weeks().values()) == 2_000


def wait_for_chunks(process, out, number):
    while len(list(out.glob("_scoring-*/chunk-*"))) < number:
        assert process.poll() is None
        time.sleep(0.01)


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in listed]


@BOTH
def test_a_scoring_process_that_is_killed_ends_the_run_in_one_line(tmp_path, begin):
    dump = write_dump(tmp_path / "d.jsonl", mentions(3_000))
    program = begin + (
        "from rootcause.errors import DataError\n"
        f"try: score({dump!r}, sys.argv[1], model={MODEL!r}, jobs=2)\n"
        "except DataError as error: sys.exit(f'one line: {error}')"
    )
    out = tmp_path / "out"
    run = subprocess.Popen([sys.executable, "-c", program, str(out)], stderr=subprocess.PIPE)
    wait_for_chunks(run, out, 1)
    os.kill(children(run.pid)[0], signal.SIGKILL)
    _, said = run.communicate(timeout=60)
    assert b"one line: a scoring process ended (code -9)" in said
    assert said.count(b"\n") == 1
    assert not list(out.glob("week=*"))


@pytest.fixture(scope="module")
def model():
    return BatchScorer(MODEL).model


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)] if mount else ["false"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_the_run_goes_on_later(tmp_path, small_disk, model):
    dump = write_dump(tmp_path / "d.jsonl", mentions(3_000))
    out = small_disk / "out"
    with pytest.raises(DataError, match="the disk is full while writing"):
        score(dump, out, model=model)
    assert not list(out.glob("week=*"))
    assert not (out / "_manifest.json").exists()


def test_a_full_disk_in_a_scoring_process_is_the_same_line(tmp_path, small_disk, monkeypatch):
    from rootcause.score import intake, pool

    monkeypatch.setattr(pool, "_PATIENCE", 0)
    monkeypatch.setattr(intake, "CHUNK_ROWS", 500)
    dump = write_dump(tmp_path / "d.jsonl", mentions(3_000))
    with pytest.raises(DataError, match=r"the disk is full while writing .*out"):
        score(dump, small_disk / "out", model=MODEL, jobs=2)


def test_a_file_that_cannot_grow_leaves_the_old_state(tmp_path, model):
    old = write_dump(tmp_path / "a.jsonl", mentions(50))
    score(old, tmp_path / "out", model=model)
    before = tree(tmp_path / "out")
    new = write_dump(tmp_path / "b.jsonl", mentions(3_000, first=50))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(DataError, match="cannot be written"):
            score(new, tmp_path / "out", model=model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert {k: v for k, v in tree(tmp_path / "out").items() if "_scoring" not in k} == before
    score(new, tmp_path / "out", model=model)
    assert sum(open_scored(tmp_path / "out").weeks().values()) == 3_050


def test_a_place_that_takes_no_folder_is_one_line(tmp_path, model):
    dump = write_dump(tmp_path / "d.jsonl", mentions(5))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file is in the way"):
        score(dump, tmp_path / "file" / "out", model=model)
    with pytest.raises(DataError, match="file is in the way"):
        score(dump, tmp_path / "file", model=model)
    with pytest.raises(DataError, match=r"/sys/.* cannot be written"):
        score(dump, "/sys/rootcause-out", model=model)


def test_a_dump_that_changes_while_it_is_read_is_refused(tmp_path, model):
    dump = Path(write_dump(tmp_path / "d.jsonl", mentions(300)))

    class Meddler:
        model_id, encoder = model.model_id, model.encoder

        def predict(self, texts):
            with dump.open("a") as stream:
                stream.write('{"id": "9", "text": "late"}\n')
            return model.predict(texts)

    with pytest.raises(DataError, match="changed while it was read"):
        score(str(dump), tmp_path / "out", model=Meddler())
    assert tree(tmp_path / "out") == {}
    assert score(str(dump), tmp_path / "out", model=model).counts.scored == 301


def test_two_runs_into_one_folder_at_once_are_refused(tmp_path, model):
    dump = write_dump(tmp_path / "d.jsonl", mentions(10))

    class Second:
        model_id, encoder = model.model_id, model.encoder

        def predict(self, texts):
            with pytest.raises(DataError, match="another run is scoring"):
                score(dump, tmp_path / "out", model=model)
            return model.predict(texts)

    assert score(dump, tmp_path / "out", model=Second()).counts.scored == 10


def test_runs_into_different_files_of_one_folder_do_not_disturb_each_other(tmp_path, model):
    dump = write_dump(tmp_path / "d.jsonl", mentions(10))

    class Second:
        model_id, encoder = model.model_id, model.encoder

        def predict(self, texts):
            score(dump, tmp_path / "b.csv", model=model)
            with pytest.raises(DataError, match=r"another run is scoring into .*a\.csv"):
                score(dump, tmp_path / "a.csv", model=model)
            return model.predict(texts)

    assert score(dump, tmp_path / "a.csv", model=Second()).counts.scored == 10
    assert sorted(tree(tmp_path)) == ["a.csv", "b.csv", "d.jsonl"]
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_damaged_manifest_or_a_missing_part_is_one_line(tmp_path, model):
    score(write_dump(tmp_path / "d.jsonl", mentions(40)), tmp_path / "out", model=model)
    manifest = tmp_path / "out" / "_manifest.json"
    whole = manifest.read_text()
    for text in ("{", "[]", "{}", whole.replace('"parts"', '"party"')):
        manifest.write_text(text)
        with pytest.raises(DataError, match=r"_manifest\.json is damaged"):
            open_scored(tmp_path / "out")
    manifest.write_text(whole.replace('"format": 1', '"format": 99'))
    with pytest.raises(DataError, match="newer format"):
        open_scored(tmp_path / "out")
    manifest.write_text(whole)
    (part,) = (tmp_path / "out").glob("week=2026-W38/*")
    part.write_bytes(part.read_bytes()[:1000])
    with pytest.raises(DataError, match="damaged"):
        open_scored(tmp_path / "out").read("2026-W38")
    part.unlink()
    with pytest.raises(DataError, match="missing"):
        open_scored(tmp_path / "out").read("2026-W38")


def test_parts_are_parquet_that_other_tools_read(tmp_path, model):
    score(write_dump(tmp_path / "d.jsonl", mentions(60)), tmp_path / "out", model=model)
    parts = sorted((tmp_path / "out").glob("week=*/part-*.parquet"))
    assert sum(parquet.ParquetFile(part).metadata.num_rows for part in parts) == 60
    import polars

    frame = polars.read_parquet(tmp_path / "out" / "week=*" / "*.parquet")
    assert frame.height == 60
