"""A scoring process: reads chunks from stdin, writes scored chunks as files, answers on stdout.

`pool` starts it. It ends when stdin does, so no process
outlives the run that started it. A message is a length (8 bytes) and an Arrow stream whose
schema metadata names the file to write; the first message is the settings as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from rootcause.errors import RootcauseError
from rootcause.score.batch import BatchScorer
from rootcause.score.staging import write_arrow

TARGET = b"target"
# Where a row stood in its chunk, before the rows were put in order of weeks.
ROW = "_row"


def chunk_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of a chunk file whose scored rows have `schema`."""
    return schema.append(pa.field(ROW, pa.int32()))


def score_chunk(scorer: BatchScorer, mentions: pa.Table, path: Path) -> None:
    """Score a chunk and write it to `path`, one record batch per week, in order of weeks."""
    scored = scorer(mentions)
    rows = pa.array(range(scored.num_rows), pa.int32())
    scored = scored.append_column(pa.field(ROW, pa.int32()), rows)
    weeks = scored["week"].unique().sort()
    batches = []
    for week in weeks:
        part = scored if len(weeks) == 1 else scored.filter(pc.equal(scored["week"], week))
        batches.extend(part.combine_chunks().to_batches())
    write_arrow(path, batches, chunk_schema(scorer.schema))


def send(stream: IO[bytes], data: bytes | pa.Buffer) -> None:
    """Write one message."""
    stream.write(len(data).to_bytes(8, "little"))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes:
    size = int.from_bytes(stream.read(8), "little")
    return stream.read(size)


def pack(mentions: pa.Table, path: Path) -> pa.Buffer:
    """Return a chunk as a message."""
    mentions = mentions.replace_schema_metadata({TARGET: os.fsencode(path)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, mentions.schema) as writer:
        writer.write_table(mentions)
    return sink.getvalue()


def serve(stdin: IO[bytes], stdout: IO[bytes], scorer: BatchScorer | None = None) -> None:
    """Score chunks until `stdin` ends, with the scorer at hand or one made by the settings."""
    pa.set_cpu_count(1)
    settings = json.loads(_receive(stdin))
    try:
        scorer = scorer or BatchScorer(**settings)
    except RootcauseError as error:
        _answer(stdout, problem=str(error))
        return
    _answer(stdout)
    while data := _receive(stdin):
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            mentions = reader.read_all()
        path = Path(os.fsdecode(mentions.schema.metadata[TARGET]))
        try:
            score_chunk(scorer, mentions, path)
        except OSError as error:
            _answer(stdout, problem=str(error), code=error.errno)
            return
        _answer(stdout)


def _answer(stdout: IO[bytes], **facts: object) -> None:
    stdout.write(json.dumps(facts).encode() + b"\n")
    stdout.flush()


def main() -> None:
    """Serve on the standard streams; what a library prints goes to stderr."""
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, stdout)
    except KeyboardInterrupt:  # the parent reports it
        sys.exit(130)


if __name__ == "__main__":
    main()
