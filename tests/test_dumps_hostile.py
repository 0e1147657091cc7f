"""Dumps made to hurt: gigabytes in one row, bombs, endless rejects; memory stays bounded.

Each runs in a process of its own, whose peak of memory is its own too; what is large comes through
a pipe and never lies on the disk.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MB = 1 << 20
PROGRAM = """
import json, os, resource, sys, threading
from rootcause.dumps import read_mentions
from rootcause.errors import DataError

MB = 1 << 20
head, unit, times, tail, packing = eval(sys.argv[1])
filling = unit * (MB // len(unit))
ours, theirs = os.pipe()
os.dup2(ours, 0)

def feed():
    import gzip
    import pyarrow as pa
    with open(theirs, "wb", buffering=0) as plain:
        sink = {
            "": lambda: plain,
            "gzip": lambda: gzip.GzipFile(fileobj=plain, mode="wb", compresslevel=9),
            "zstd": lambda: pa.CompressedOutputStream(pa.PythonFile(plain, "w"), "zstd"),
        }[packing]()
        try:
            sink.write(head)
            for _ in range(times):
                sink.write(filling)
            sink.write(tail)
            sink.close()
        except (BrokenPipeError, OSError):
            pass

list(read_mentions("/dev/null"))  # what reading anything loads
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
threading.Thread(target=feed, daemon=True).start()
heard = [0]
def hear(rejects):
    heard[0] += len(rejects)
reader = read_mentions("-", hear=hear)
said, texts = "", []
try:
    for batch in reader:
        texts += batch["text"].slice(0, 3).to_pylist()
except DataError as error:
    said = str(error)
more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
facts = [reader.read, heard[0], reader.reasons.most_common(1), more, said]
print(json.dumps([texts[:3], *facts]), flush=True)
os._exit(0)
"""


def _read(head: bytes, unit: bytes, megabytes: int, tail: bytes, packing: str = ""):
    """Return what reading a dump with `megabytes` of `unit` between head and tail gives."""
    case = repr((head, unit, megabytes, tail, packing))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, case], capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    names = ("texts", "read", "rejects", "reasons", "more", "said")
    return dict(zip(names, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(
    ("unit", "megabytes"), [(b"x", 1_024), (b",", 256), (b"\0", 256), (b"\r", 256)]
)
def test_a_csv_row_of_a_gigabyte_is_one_reject(unit, megabytes) -> None:
    found = _read(b"id,text\n1,fine\n2,", unit, megabytes, b"\n3,fine too\n")
    assert found["texts"] == ["fine", "fine too"]
    assert found["reasons"] == [["too long", 1]]
    assert found["more"] < 200


def test_a_json_line_of_a_gigabyte_is_one_reject() -> None:
    found = _read(b'{"text":"fine"}\n{"text":"', b"x", 1_024, b'"}\n{"text":"fine too"}\n')
    assert found["texts"] == ["fine", "fine too"]
    assert found["reasons"] == [["too long", 1]]
    assert found["more"] < 400


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_ends_with_one_line(packing) -> None:
    row = b"1," + b"a" * 4_000 + b"\n"
    found = _read(b"id,text\n", row, 512, b"", packing)
    assert "grows over 250-fold when unpacked" in found["said"]
    assert "\n" not in found["said"]
    assert found["more"] < 400


def test_a_dump_of_nothing_but_rejects_fills_no_memory() -> None:
    found = _read(b"id,text\n1,fine\n", b"7,\n", 1, b"")
    assert found["rejects"] == MB // 3
    assert found["read"] == found["rejects"] + 1
    assert found["more"] < 200
