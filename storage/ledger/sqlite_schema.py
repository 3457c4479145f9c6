"""How a connection to the SQLite file is opened, and how the file gets its schema.

Owns the file's marks: `application_id` says whose it is, `user_version` its schema, the table `schema_steps` what was
run. The invariant: a file of another program, or one that newer code made unfit for ours, is never touched. The steps
themselves are in `storage.ledger.migrations`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from storage.ledger.errors import SchemaMismatch
from storage.ledger.migrations import STEPS, Found, Step, missing

APPLICATION_ID = 0x53464C31  # "SFL1"

WAL_PAGES = 4096
"""Pages (4 KiB) of log before a commit also checkpoints. Lower: more commits pay for it; higher: longer recovery."""

STEPS_TABLE = """CREATE TABLE IF NOT EXISTS schema_steps (
  number INTEGER PRIMARY KEY, what TEXT NOT NULL, beside INTEGER NOT NULL, at_ms INTEGER NOT NULL
)"""


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


def ensure_schema(connection: sqlite3.Connection, where: Path, steps: Sequence[Step] = STEPS) -> None:
    """Run the steps that the file lacks; raise `SchemaMismatch` for a file that is not ours or not for our version.

    Call under the file's lock: of two processes that start at once, the second finds the work done.
    """
    for step in missing(_found(connection, where, steps), steps, str(where)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in (STEPS_TABLE, *step.sqlite):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_steps (number, what, beside, at_ms) VALUES (?,?,?,?)",
                (step.number, step.what, step.beside, time.time_ns() // 1_000_000),
            )
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {step.number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _found(connection: sqlite3.Connection, where: Path, steps: Sequence[Step]) -> Found:
    schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not tables and schema == 0:
        return Found(0, 0)
    if application != APPLICATION_ID or schema == 0:
        raise SchemaMismatch(str(where), schema if application == APPLICATION_ID else 0, steps[-1].number)
    listed = beside = 0
    if "schema_steps" in tables:  # the first release kept no list
        listed, beside = connection.execute("SELECT max(number), max(beside) FROM schema_steps").fetchone()
    return Found(schema, beside if listed == schema else schema)  # of a file that lists less we know nothing
