"""Coverage-guided fuzzing of the readers: any bytes are mentions and rejects, or one clear line.

    python scripts/fuzz_readers.py --minutes 60              what is found is kept in fuzz-out/
    python scripts/fuzz_readers.py --smallest fuzz-out/corpus tests/fixtures/fuzz --most 150

Needs atheris (extra `fuzz`). The corpus in `tests/fixtures/fuzz` is what an hour of it left, cut
down to the fewest files that reach the same lines; `tests/test_dumps_fuzz.py` reads it again. An
input that crashes goes there too, once the reader is mended.
"""

import argparse
import gzip
import io
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "fixtures" / "fuzz"
LAYOUTS = ROOT / "tests" / "fixtures" / "layouts"
# What the readers look for, so that the fuzzer need not guess whole words.
WORDS = (
    "text", "id", "date", "time", "created_at", "author", "title", "subject", "inbound", "includes",
    "referenced_tweets", "users", "data", "post", "record", "full_text", "Hit Sentence",
    "Query Name", "sep=;", "5.70306E+17", "2026-01-02", "31/10/2026 10:11", "1700000000", "null",
    "10:11 PM", "\\\"", "\"\"", "\r\n", "\t", "|", "\\ud83d", "NaN", "1e999", "<p>", "&amp;",
    "\ufeff", "PAR1", "PK\x03\x04", "replied_to", "true", "{\"", "\":", "[{", "}]", "},{", "+00:00",
)  # fmt: skip


def check(path, **options):
    """Read a dump and hold it to what every dump must do; returns the mentions, None for none.

    Anything but a clean reading or a DataError of one line is an error of ours and is raised.
    """
    from rootcause.dumps import read_mentions
    from rootcause.errors import DataError

    reader = read_mentions(path, **options)
    mentions = []
    try:
        for batch in reader:
            batch.validate(full=True)
            mentions += batch.to_pylist()
    except DataError as error:
        line = str(error)
        if "\n" in line or len(line) > 5_000:
            raise AssertionError(f"not one line: {line!r}") from error
        return None
    if reader.read != len(mentions) + len(reader.rejects):
        raise AssertionError(f"{reader.read} read, {len(mentions)} + {len(reader.rejects)} found")
    if sum(file.read for file in reader.files) != reader.read:
        raise AssertionError("the facts of the files do not add up")
    if any(not row["mention_id"] or not row["text"].strip() for row in mentions):
        raise AssertionError("a mention without id or text")
    if any("\n" in reject.reason or reject.row < 1 for reject in reader.rejects):
        raise AssertionError("a reject without a row or with a reason of several lines")
    return mentions


def seeds(folder):
    """Write the files to begin with: every layout, packed and binary forms, encodings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for path in [*LAYOUTS.iterdir(), *CORPUS.glob("*")]:
        (folder / path.name).write_bytes(path.read_bytes())
    plain = (LAYOUTS / "twcs.csv").read_bytes()
    (folder / "gz").write_bytes(gzip.compress(plain, mtime=0))
    (folder / "zst").write_bytes(pa.compress(plain, "zstd", asbytes=True))
    (folder / "utf16").write_bytes(plain.decode().encode("utf-16"))
    rows = {"id": [1, 2], "text": ["one", "two"], "user": [{"name": "a"}, None]}
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    (folder / "parquet").write_bytes(sink.getvalue())
    sys.path.insert(0, str(ROOT / "tests"))
    from dumps_helpers import write_xlsx

    write_xlsx(folder / "xlsx", [["id", "date", "text"], ["1", 45_000.5, "one"], ["2", "", "two"]])


def fuzz(arguments):
    """Run in this process until libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["rootcause", "csv", "json", "gzip", "zipfile"]):
        import rootcause.dumps
        import rootcause.dumps.delimited
        import rootcause.dumps.jsons
        import rootcause.dumps.sheets  # noqa: F401
    folder = tempfile.mkdtemp(prefix="rootcause-fuzz-")

    def one(data):
        path = Path(folder) / "dump"
        path.write_bytes(data)
        check(path)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def run(minutes, out):
    """Fuzz for some minutes, again after each crash; returns how many inputs crashed."""
    corpus, crashes = out / "corpus", out / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)
    seeds(corpus)
    words = out / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), encoding="ascii")
    end = time.monotonic() + 60 * minutes
    while (left := round(end - time.monotonic())) > 1:
        options = [f"-max_total_time={left}", f"-dict={words}", f"-artifact_prefix={crashes}/"]
        options += ["-timeout=30", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"]
        command = [sys.executable, __file__, "--libfuzzer", *options, str(corpus)]
        with (out / "log.txt").open("ab") as log:
            subprocess.run(command, stdout=log, stderr=log, check=False)
    return len(list(crashes.iterdir()))


def _escaped(word):
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\x{b:02X}" for b in word.encode())


def smallest(source, target, most):
    """Keep in `target` the fewest small files of `source` that reach all lines that it reaches."""
    with tempfile.TemporaryDirectory() as folder:
        # a fuzzer that still runs takes files away
        copy = Path(shutil.copytree(source, f"{folder}/corpus", ignore_dangling_symlinks=True))
        reached = {path: _lines(path) for path in copy.iterdir() if path.stat().st_size <= 2_048}
        content = {path: path.read_bytes() for path in reached}
    missing = set().union(*reached.values())
    target.mkdir(parents=True, exist_ok=True)
    for number in range(most):
        path = max(sorted(reached), key=lambda p: (len(reached[p] & missing), -len(content[p])))
        if not reached[path] & missing:
            break
        missing -= reached.pop(path)
        (target / f"{number:03d}").write_bytes(content[path])
    print(f"{len(list(target.iterdir()))} files, {len(missing)} steps between lines not kept")


def _lines(path):
    """Return the steps from line to line that reading a file takes within our readers."""
    found = set()

    def watch(frame, event, argument):
        if "/rootcause/dumps/" not in frame.f_code.co_filename:
            return None
        last = 0

        def line(frame, event, argument):
            nonlocal last
            found.add((frame.f_code.co_filename, last, frame.f_lineno))
            last = frame.f_lineno
            return line

        return line

    sys.settrace(watch)
    try:
        check(path)
    finally:
        sys.settrace(None)
    return found


def main():
    """Fuzz, or cut a corpus down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=ROOT / "fuzz-out")
    parser.add_argument("--smallest", nargs=2, type=Path, metavar=("FROM", "TO"))
    parser.add_argument("--most", type=int, default=150)
    parser.add_argument("--libfuzzer", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.libfuzzer:
        fuzz(given.libfuzzer)
    elif given.smallest:
        smallest(*given.smallest, given.most)
    else:
        crashed = run(given.minutes, given.out)
        print(f"{crashed} inputs crashed; see {given.out}")
        sys.exit(1 if crashed else 0)


if __name__ == "__main__":
    main()
