"""Numbered migrations of the register; one that was released is never edited, only followed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from rootcause.errors import DataError

# "RCau": how a register tells itself from another program's SQLite file.
APPLICATION_ID = 0x52436175

# For new registers: an exemplar takes 2.5 kB, and smaller pages would leave half of each empty.
PAGE_BYTES = 16_384

MIGRATIONS = (
    # 1: the first layout
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- titled_by and area_by say whose word the title and the area are: machine, export or person.
    -- A person's word is never overwritten by a run; owner, action and due are always a person's.
    CREATE TABLE causes (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        titled_by TEXT NOT NULL DEFAULT 'machine',
        kind TEXT NOT NULL,
        area TEXT NOT NULL DEFAULT 'general',
        area_by TEXT NOT NULL DEFAULT 'machine',
        theme TEXT NOT NULL DEFAULT '',
        owner TEXT,
        action TEXT,
        due TEXT,
        state TEXT NOT NULL DEFAULT 'open',          -- open, retired, merged
        merged_into TEXT REFERENCES causes (id),
        born_in TEXT NOT NULL,                       -- the week whose report found it
        radius REAL NOT NULL,                        -- least similarity of a member
        stability REAL,
        key_phrases TEXT NOT NULL DEFAULT '[]'
    ) WITHOUT ROWID;

    -- Prototypes are means of exemplars. added_in is the reported week that added the exemplar:
    -- a week is always matched with what was known before it, so that a re-run repeats itself.
    -- by_person: a person moved it here; no run deletes it.
    CREATE TABLE exemplars (
        cause_id TEXT NOT NULL REFERENCES causes (id),
        mention_id TEXT NOT NULL,
        added_in TEXT NOT NULL,
        voice INTEGER NOT NULL,
        text TEXT NOT NULL,                          -- redacted
        vector BLOB NOT NULL,                        -- float16
        by_person INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (cause_id, mention_id)
    ) WITHOUT ROWID;

    CREATE TABLE weeks (
        week TEXT PRIMARY KEY,
        run_id TEXT NOT NULL,
        mentions INTEGER NOT NULL,
        complaints INTEGER NOT NULL,
        complaint_voices INTEGER NOT NULL,
        question_voices INTEGER NOT NULL,
        isolated INTEGER NOT NULL,
        unspecified INTEGER NOT NULL,
        duplicates INTEGER NOT NULL,
        model_id TEXT NOT NULL,
        partial INTEGER NOT NULL DEFAULT 0,
        stale INTEGER NOT NULL DEFAULT 0,
        figures TEXT NOT NULL DEFAULT '{}'           -- headline numbers, for later baselines
    ) WITHOUT ROWID;

    -- run is the reported week that made the row: a cause born in a week is back-dated by it.
    -- Rows without a cause (isolated, unspecified) have run = week. A duplicate carries the cause
    -- of what it copies: it counts as a mention and as nobody's voice.
    CREATE TABLE assignments (
        week TEXT NOT NULL,
        mention_id TEXT NOT NULL,
        cause_id TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL,
        strength REAL NOT NULL,
        kind TEXT NOT NULL,                          -- cause, question, isolated, unspecified, ...
        voice INTEGER NOT NULL,
        day INTEGER NOT NULL,                        -- 0 = Monday
        channel TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (week, mention_id, cause_id)
    ) WITHOUT ROWID;
    CREATE INDEX assignments_cause ON assignments (cause_id, week) WHERE cause_id <> '';

    -- Counted from assignments, never written by hand: the state of a cause's week as known after
    -- the report of week `run`.
    CREATE TABLE cause_weeks (
        cause_id TEXT NOT NULL REFERENCES causes (id),
        week TEXT NOT NULL,
        run TEXT NOT NULL,
        voices INTEGER NOT NULL,
        mentions INTEGER NOT NULL,
        days INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        PRIMARY KEY (cause_id, week, run)
    ) WITHOUT ROWID;
    CREATE INDEX cause_weeks_run ON cause_weeks (run);

    CREATE TABLE edges (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,                          -- emerged, survived, split, merged, ...
        week TEXT NOT NULL,
        cause_id TEXT NOT NULL REFERENCES causes (id),
        other_id TEXT REFERENCES causes (id),
        similarity REAL,
        suggested INTEGER NOT NULL DEFAULT 0,
        by_person INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX edges_week ON edges (week);

    CREATE TABLE fixes (
        id INTEGER PRIMARY KEY,
        cause_id TEXT NOT NULL REFERENCES causes (id),
        on_date TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        reopened_on TEXT
    );

    -- A mention that a person moved: wherever a run puts it again, it goes here.
    CREATE TABLE pins (
        mention_id TEXT NOT NULL,
        from_id TEXT NOT NULL REFERENCES causes (id),
        cause_id TEXT NOT NULL REFERENCES causes (id),
        PRIMARY KEY (mention_id, from_id)
    ) WITHOUT ROWID;

    CREATE TABLE log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        cause_id TEXT,
        details TEXT NOT NULL DEFAULT '{}'
    );
    CREATE TRIGGER log_no_update BEFORE UPDATE ON log
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_no_delete BEFORE DELETE ON log
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    """,
)


def migrate(connection: sqlite3.Connection, path: str, *, upto: int = len(MIGRATIONS)) -> None:
    """Bring a register to the newest layout (or layout `upto`), each step in one transaction.

    Raises DataError if a newer rootcause or another program wrote the file.
    """
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # read inside the transaction: another process may have migrated meanwhile
            have = _layout(connection, path)
            if have < upto:
                for statement in _statements(MIGRATIONS[have]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {have + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if have + 1 >= upto:
            return


def needs_migration(connection: sqlite3.Connection, path: str) -> bool:
    """Return whether the file has an older layout (or none); raises like `migrate`."""
    # one snapshot for all that is read: another process may be making the register right now
    connection.execute("BEGIN")
    try:
        return _layout(connection, path) < len(MIGRATIONS)
    finally:
        connection.execute("COMMIT")


def _layout(connection: sqlite3.Connection, path: str) -> int:
    have = int(connection.execute("PRAGMA user_version").fetchone()[0])
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if mark != APPLICATION_ID and not (empty and mark == 0 and have == 0):
        raise DataError(
            f"{path} is an SQLite file but not a register; name another with --register"
        )
    if have > len(MIGRATIONS):
        raise DataError(
            f"register {path} has layout {have}, this rootcause knows {len(MIGRATIONS)}; "
            "upgrade rootcause"
        )
    return have


def _statements(script: str) -> Iterator[str]:
    # executescript would commit the open transaction first
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
