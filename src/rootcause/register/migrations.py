"""Numbered migrations of the register; one that was released is never edited, only followed."""

from __future__ import annotations

import sqlite3

from rootcause.errors import DataError

MIGRATIONS = (
    # 1: the first layout
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    -- titled_by and placed_by say whose word the title and the area or owner are:
    -- machine, export or person. A person's word is never overwritten by a run.
    CREATE TABLE causes (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        titled_by TEXT NOT NULL DEFAULT 'machine',
        kind TEXT NOT NULL,
        area TEXT NOT NULL DEFAULT 'general',
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
    CREATE TABLE exemplars (
        cause_id TEXT NOT NULL REFERENCES causes (id),
        mention_id TEXT NOT NULL,
        added_in TEXT NOT NULL,
        voice INTEGER NOT NULL,
        text TEXT NOT NULL,                          -- redacted
        vector BLOB NOT NULL,                        -- float16
        PRIMARY KEY (cause_id, mention_id)
    ) WITHOUT ROWID;
    CREATE INDEX exemplars_voice ON exemplars (voice);

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
        stale INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;

    -- run is the reported week that made the row: a cause born in a week is back-dated by it.
    CREATE TABLE assignments (
        week TEXT NOT NULL,
        mention_id TEXT NOT NULL,
        cause_id TEXT NOT NULL DEFAULT '',           -- '' for isolated, unspecified, duplicate
        run TEXT NOT NULL,
        strength REAL NOT NULL,
        kind TEXT NOT NULL,
        voice INTEGER NOT NULL,
        PRIMARY KEY (week, mention_id, cause_id)
    ) WITHOUT ROWID;
    CREATE INDEX assignments_cause ON assignments (cause_id, week);
    CREATE INDEX assignments_run ON assignments (run);
    CREATE INDEX assignments_voice ON assignments (voice);

    CREATE TABLE cause_weeks (
        cause_id TEXT NOT NULL REFERENCES causes (id),
        week TEXT NOT NULL,
        run TEXT NOT NULL,
        voices INTEGER NOT NULL,
        mentions INTEGER NOT NULL,
        days INTEGER NOT NULL,
        channels INTEGER NOT NULL,
        PRIMARY KEY (cause_id, week)
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


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a register to the newest layout, each step in a transaction of its own.

    Raises DataError if a newer rootcause wrote the file.
    """
    have = connection.execute("PRAGMA user_version").fetchone()[0]
    if have > len(MIGRATIONS):
        raise DataError(
            f"register {path} has layout {have}, this rootcause knows {len(MIGRATIONS)}; "
            "upgrade rootcause"
        )
    for number, script in enumerate(MIGRATIONS[have:], start=have + 1):
        connection.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {number};COMMIT;")
