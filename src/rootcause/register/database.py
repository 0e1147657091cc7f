"""The register's file: opened safely, written in transactions, every failure one line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rootcause.errors import DataError, ModelError, UsageError
from rootcause.register.migrations import PAGE_BYTES, migrate, needs_migration

BUSY_SECONDS = 10.0
_CACHE_KIB = 65_536

# Facts that a register is bound to besides the encoder, and the option that sets each.
_OPTIONS = {"timezone": "--timezone", "where": "--where"}


class Database:
    """An open register file: statements, transactions, facts it is bound to, the log.

    A context manager. Writes happen inside `transaction`; a failure of SQLite is a DataError.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._depth = 0

    @classmethod
    def open(cls, path: Path, *, create: bool = False, busy: float = BUSY_SECONDS) -> Self:
        """Return the register at `path`, migrated to the newest layout.

        A second writer waits `busy` seconds. Raises DataError if the file is missing (unless
        `create`), locked, no register, or newer than this rootcause.
        """
        path = Path(path)
        if not create and not path.exists():
            raise DataError(f"register {path} does not exist; `rootcause report` makes it")
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        with one_line(path):
            connection = sqlite3.connect(path, timeout=busy, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                # what `forget` deletes is overwritten, not only unlinked
                connection.execute("PRAGMA secure_delete = ON")
                if needs_migration(connection, str(path)):
                    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                    connection.execute("PRAGMA journal_mode = WAL")
                    migrate(connection, str(path))
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the file; an open transaction is rolled back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """Commit everything inside together, or nothing of it; nested use joins the outer one.

        Without `write` nobody is locked out, and everything read is of one moment.
        """
        if self._depth:
            yield
            return
        self.change("BEGIN IMMEDIATE" if write else "BEGIN")
        self._depth = 1
        try:
            yield
            self.change("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._depth = 0

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with one_line(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it changed."""
        with one_line(self.path):
            return self._connection.execute(sql, parameters).rowcount

    def change_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once per row."""
        with one_line(self.path):
            self._connection.executemany(sql, rows)

    def fact(self, key: str) -> str | None:
        """Return a stored fact (see `bind`), or None."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(found[0][0]) if found else None

    def set_fact(self, key: str, value: str) -> None:
        """Store a fact."""
        self.change(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def bind(
        self,
        *,
        encoder_name: str,
        encoder_hash: str,
        dimension: int,
        timezone: str,
        where: str,
        min_voices: int,
        model_id: str | None = None,
    ) -> None:
        """Tie the register to what its ids and counts depend on; the first call stores it.

        Raises ModelError if encoder or model are others (vectors never mix, and counts of two
        models are no series; `causes migrate` moves a register) and UsageError if the time zone or
        the filter is. A changed `min_voices` is taken over and logged.
        """
        facts = {
            "encoder_name": encoder_name,
            "encoder_hash": encoder_hash,
            "dimension": str(dimension),
            "timezone": timezone,
            "where": where,
            "min_voices": str(min_voices),
        }
        with self.transaction():
            known = dict(self.rows("SELECT key, value FROM meta"))
            if known.get("encoder_hash", encoder_hash) != encoder_hash:
                raise ModelError(
                    f"register {self.path} was made with encoder {known['encoder_name']} "
                    f"({known['encoder_hash'][:12]}), not {encoder_name} ({encoder_hash[:12]}); "
                    "move it with `rootcause causes migrate`, or name a new file with --register"
                )
            labeled = self.model_id()
            if model_id is not None:
                if labeled not in (None, model_id):
                    raise ModelError(
                        f"register {self.path} counts what model {labeled} labeled, not "
                        f"{model_id}; move it with `rootcause causes migrate --scored DIR`, or "
                        "name a new file with --register"
                    )
                facts["model_id"] = model_id
            for key, option in _OPTIONS.items():
                if key in known and known[key] != facts[key]:
                    raise UsageError(
                        f"register {self.path} was made with {option} {known[key] or 'not given'}, "
                        f"not {facts[key] or 'without it'}; use the same, or name a new file with "
                        "--register"
                    )
            changed = {key: value for key, value in facts.items() if known.get(key) != value}
            for key, value in changed.items():
                self.set_fact(key, value)
            if "min_voices" in changed and "min_voices" in known:
                details = {"from": int(known["min_voices"]), "to": min_voices}
                self.log("rootcause", "min_voices", None, details)

    def model_id(self) -> str | None:
        """Return the model that labeled what the register counts, None before the first week."""
        stored = self.fact("model_id")
        if stored is not None:
            return stored
        # a register from before this fact was kept
        last = self.rows("SELECT model_id FROM weeks ORDER BY week DESC LIMIT 1")
        return str(last[0][0]) if last else None

    def next_id(self) -> str:
        """Return a new cause id, never given before nor again."""
        with self.transaction():
            number = int(self.fact("next_cause") or 1)
            self.set_fact("next_cause", str(number + 1))
        return f"RC-{number:04d}"

    def log(self, who: str, action: str, cause_id: str | None, details: dict[str, Any]) -> None:
        """Append a change to the log."""
        self.change(
            "INSERT INTO log (at, who, action, cause_id, details) VALUES (?, ?, ?, ?, ?)",
            (
                datetime.now(UTC).isoformat(timespec="seconds"),
                who,
                action,
                cause_id,
                json.dumps(details, ensure_ascii=False, sort_keys=True),
            ),
        )


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn a failure of SQLite into a DataError of one line."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            message = "is locked by another rootcause command; wait until that one has ended"
        elif primary == sqlite3.SQLITE_NOTADB:
            message = "is not a register; name another file with --register"
        elif primary == sqlite3.SQLITE_FULL:
            message = "cannot grow, the disk is full; free some space and run it again"
        elif primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            message = f"cannot be opened for writing ({error}); check the path and its permissions"
        elif primary == sqlite3.SQLITE_CORRUPT:
            message = "is damaged; import your last `rootcause causes export`"
        else:
            message = f"refused a change ({error}); check it with `rootcause causes verify`"
        raise DataError(f"register {path} {message}") from error
