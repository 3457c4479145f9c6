"""The SQLite file's tables, and how a connection to it is opened.

Owns the schema and its version. The invariant: a file of another version, or of another program, is never touched.
Homes have a number so that rows and index entries stay short; rows are clustered by (home, seq), which is how they are
read. Indexes leave out what most rows lack (scene, narrative time) and what CRDT rows share (their type).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from storage.ledger.protocol import SchemaMismatch

SCHEMA_VERSION = 1
APPLICATION_ID = 0x53464C31  # "SFL1"

WAL_PAGES = 4096
"""Pages (4 KiB) of log before a commit also checkpoints. Lower: more commits pay for it; higher: longer recovery."""

DDL = """
CREATE TABLE hosts (
  id TEXT NOT NULL, incarnation TEXT NOT NULL, pid INTEGER NOT NULL, peer TEXT NOT NULL,
  boot_id TEXT NOT NULL, expires_boot_ms INTEGER NOT NULL,
  PRIMARY KEY (id, incarnation)
) WITHOUT ROWID;
CREATE TABLE homes (
  num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  owner_id TEXT, owner_incarnation TEXT
);
CREATE TABLE events (
  home INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, doc TEXT NOT NULL,
  kind INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, scene TEXT, turn INTEGER NOT NULL,
  version INTEGER NOT NULL, source TEXT NOT NULL, confidence REAL, narrative_ts INTEGER NOT NULL,
  PRIMARY KEY (home, seq)
) WITHOUT ROWID;
CREATE INDEX events_doc ON events (home, doc, seq);
CREATE INDEX events_scene ON events (home, scene, seq) WHERE scene IS NOT NULL;
CREATE INDEX events_type ON events (home, type, seq) WHERE kind = 1;
CREATE INDEX events_narrative ON events (home, narrative_ts, seq) WHERE narrative_ts <> 0;
CREATE TABLE snapshots (
  home TEXT NOT NULL, doc TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (home, doc, seq)
);
CREATE TABLE responses (
  home TEXT NOT NULL, principal TEXT NOT NULL, key TEXT NOT NULL, request_hash BLOB NOT NULL, body BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (home, principal, key)
);
CREATE TABLE views (
  kind TEXT NOT NULL, id TEXT NOT NULL, home TEXT NOT NULL, parent TEXT NOT NULL, order_key TEXT NOT NULL,
  body BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX views_parent ON views (kind, parent, order_key, id);
CREATE INDEX views_home ON views (kind, home, order_key, id);
CREATE INDEX views_order ON views (kind, order_key, id);
CREATE TABLE attempts (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, home TEXT NOT NULL, scene TEXT NOT NULL, job TEXT NOT NULL, step TEXT NOT NULL,
  number INTEGER NOT NULL, state TEXT NOT NULL, request BLOB NOT NULL, timeout_ms INTEGER NOT NULL,
  priority INTEGER NOT NULL, created_at_ms INTEGER NOT NULL, deadline_at_ms INTEGER, worker TEXT,
  heartbeat_at_ms INTEGER, progress REAL NOT NULL, message TEXT NOT NULL, cancel_requested INTEGER NOT NULL,
  result BLOB, error BLOB, version INTEGER NOT NULL,
  UNIQUE (home, job, step, number)
);
CREATE INDEX attempts_live ON attempts (priority DESC, num) WHERE state IN ('open', 'claimed');
"""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode (transactions are spelled out) that any one thread may use at a time."""
    mode = "ro" if read_only else "rwc"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=5.0
    )
    try:
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_PAGES * 4096 * 4}")
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def ensure_schema(connection: sqlite3.Connection, where: Path) -> None:
    """Create the tables in an empty file; raise `SchemaMismatch` for any other file. Call under the file's lock."""
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if empty and found == 0:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in DDL.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    elif found != SCHEMA_VERSION or application != APPLICATION_ID:
        raise SchemaMismatch(str(where), found if application == APPLICATION_ID else 0, SCHEMA_VERSION)
