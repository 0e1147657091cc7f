"""Vectors kept on disk, so that a slow encoder reads each text once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rootcause.errors import DataError
from rootcause.records import Vectors

_LOOK_UP = 500


def cached(
    folder: Path,
    content_hash: str,
    texts: Sequence[str],
    dimension: int,
    encode: Callable[[Sequence[str]], Vectors],
) -> Vectors:
    """Return one row per text, calling `encode` only on distinct texts never met before.

    One SQLite file per encoder, named after its content hash, so that a changed encoder never
    meets the vectors of the old one. Raises DataError if the file cannot be used.
    """
    path = folder / f"vectors-{content_hash[:32]}.db"
    keys = [
        hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest() for text in texts
    ]
    distinct = dict(zip(keys, texts, strict=True))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path, timeout=60) as store:
            store.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB)")
            known = _look_up(store, list(distinct), dimension)
            missing = [key for key in distinct if key not in known]
            if missing:
                fresh = encode([distinct[key] for key in missing])
                known.update(zip(missing, fresh, strict=True))
                store.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    ((key, row.tobytes()) for key, row in zip(missing, fresh, strict=True)),
                )
        store.close()
    except (OSError, sqlite3.Error) as error:
        raise DataError(f"vector cache {path} cannot be used ({error}); delete it") from error
    if not keys:
        return np.zeros((0, dimension), np.float32)
    return np.stack([known[key] for key in keys])


def _look_up(store: sqlite3.Connection, keys: list[bytes], dimension: int) -> dict[bytes, Vectors]:
    found: dict[bytes, Vectors] = {}
    for start in range(0, len(keys), _LOOK_UP):
        some = keys[start : start + _LOOK_UP]
        marks = ",".join("?" * len(some))
        query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 - only marks
        for key, blob in store.execute(query, some):
            row = np.frombuffer(blob, np.float32)
            if len(row) == dimension:
                found[key] = row
    return found
