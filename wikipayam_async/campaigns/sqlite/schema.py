"""The tables of a journal in SQLite. `docs/en/campaigns.md` describes them; anybody may read them with `sqlite3`."""

from __future__ import annotations

from wikipayam_async.campaigns.errors import JournalError
from wikipayam_async.sqlite.connection import FileFormat

__all__ = ["APPLICATION_ID", "JOURNAL", "SCHEMA", "SCHEMA_VERSION"]

APPLICATION_ID = 0x57504A31
"""`WPJ1` in the header of the file, by which a journal is recognized."""

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE block (
    no     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL
);

CREATE TABLE chunk (
    no       INTEGER PRIMARY KEY,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    state    TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'done')),
    attempt  INTEGER NOT NULL DEFAULT 0,
    claim    TEXT,
    accepted INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    unknown  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunk_open ON chunk (state, no) WHERE state <> 'done';

CREATE TABLE message (
    "index"  INTEGER PRIMARY KEY,
    chunk    INTEGER,
    receiver TEXT NOT NULL,
    text     TEXT NOT NULL,
    sender   TEXT,
    track_id TEXT,
    row      INTEGER,
    columns  TEXT
);

CREATE TABLE outcome (
    "index"  INTEGER PRIMARY KEY,
    status   TEXT NOT NULL CHECK (status IN ('accepted', 'rejected', 'unknown')),
    id       TEXT,
    reason   TEXT,
    error    TEXT
);

CREATE TABLE delivery (
    "index"  INTEGER PRIMARY KEY,
    status   TEXT NOT NULL,
    final    INTEGER NOT NULL,
    at       TEXT NOT NULL
);

CREATE TABLE resolution (
    no           INTEGER PRIMARY KEY,
    "index"      INTEGER NOT NULL,
    decision     TEXT NOT NULL,
    note         TEXT NOT NULL,
    track_id     TEXT,
    new_track_id TEXT,
    before       TEXT,
    at           TEXT NOT NULL
);
CREATE TRIGGER resolution_is_not_changed BEFORE UPDATE ON resolution
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER resolution_is_not_deleted BEFORE DELETE ON resolution
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;

CREATE TABLE opt_out (
    number TEXT PRIMARY KEY
) WITHOUT ROWID;
"""

JOURNAL = FileFormat("campaign journal", JournalError, APPLICATION_ID, SCHEMA_VERSION, SCHEMA)
"""The format of the file."""
