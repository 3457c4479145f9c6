"""The file of the embedded vector store: its tables, its rows, and how another process sees what changed.

Owns the SQL; used by one thread at a time per connection. The invariant: every change of an entry has a number of its
own, larger than all before it, given in the transaction that made it. So a reader that has read up to a number asks for
what came after, deletions included: a deleted row stays as a gravestone until it is an hour old. A namespace that was
dropped and made again has another number, so nobody takes the new one for the old.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from storage.codec import CodecError, decode, encode
from storage.vectors.protocol import Floats, Vector, VectorFault, WrongDimension, expires_at_of

log = logging.getLogger(__name__)

APPLICATION_ID = 0x53465631  # "SFV1"
SCHEMA_VERSION = 1
BUSY_S_MAX = 5.0
SWEEP_ROWS = 500
"""Entries that one transaction of a sweep deletes: other writers wait no longer than that takes."""
GRAVE_S = 3600.0
"""How long a deletion can be read as such. A reader that looked longer ago reads its namespace whole again."""

TABLES = (
    "CREATE TABLE counter (change INTEGER NOT NULL)",
    "INSERT INTO counter VALUES (0)",
    """CREATE TABLE namespaces (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, dimension INTEGER NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0, purged INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE entries (
    namespace INTEGER NOT NULL, id TEXT NOT NULL, change INTEGER NOT NULL, body BLOB, metadata BLOB,
    expires_at REAL, dead_at REAL, PRIMARY KEY (namespace, id))""",
    "CREATE UNIQUE INDEX entries_change ON entries (namespace, change)",
    "CREATE INDEX entries_expire ON entries (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX entries_dead ON entries (dead_at) WHERE dead_at IS NOT NULL",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace as the file has it."""

    number: int
    dimension: int
    entries: int
    purged: int
    """Gravestones up to this change are gone."""


def connect(path: Path) -> sqlite3.Connection:
    """In autocommit mode: transactions are spelled out."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S_MAX)
    try:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_size_limit = 16777216")
        db.execute("PRAGMA cache_size = -8192")
    except BaseException:
        db.close()
        raise
    return db


def ensure_schema(db: sqlite3.Connection) -> None:
    """Call under the file's lock. Raises `VectorFault` DAMAGED for a file that is not ours or of newer code."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if version == 0 and not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        with transaction(db):
            for statement in TABLES:
                db.execute(statement)
    elif (application, version) != (APPLICATION_ID, SCHEMA_VERSION):
        raise VectorFault("DAMAGED", f"the vector file has schema {version}, this code {SCHEMA_VERSION}", False)


@contextlib.contextmanager
def transaction(db: sqlite3.Connection, how: str = "IMMEDIATE") -> Iterator[None]:
    db.execute(f"BEGIN {how}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def space_of(db: sqlite3.Connection, name: str) -> Space | None:
    row = db.execute("SELECT number, dimension, entries, purged FROM namespaces WHERE name = ?", (name,)).fetchone()
    return None if row is None else Space(*row)


# writing: each call in a transaction of the caller's
def upsert(db: sqlite3.Connection, name: str, dimension: int, vectors: Sequence[Vector], entries_max: int) -> None:
    space = space_of(db, name)
    if space is None:
        db.execute("INSERT INTO namespaces (name, dimension) VALUES (?,?)", (name, dimension))
        space = space_of(db, name)
        assert space is not None
    if space.dimension != dimension:
        raise WrongDimension(name, space.dimension, dimension)
    known = sum(_alive(db, space.number, vector.id) for vector in vectors)
    entries = space.entries + len(vectors) - known
    if entries > entries_max:
        raise VectorFault("FULL", f"{name} would hold {entries} entries, at most {entries_max} fit", False)
    change = _changes(db, len(vectors))
    rows = [
        (space.number, v.id, change + n, _body(v.values), encode(dict(v.metadata)), _finite(expires_at_of(v.metadata)))
        for n, v in enumerate(vectors)
    ]
    db.executemany(
        "INSERT INTO entries (namespace, id, change, body, metadata, expires_at) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT (namespace, id) DO UPDATE SET change = excluded.change, body = excluded.body,"
        " metadata = excluded.metadata, expires_at = excluded.expires_at, dead_at = NULL",
        rows,
    )
    _count(db, space.number, entries - space.entries)


def bury(db: sqlite3.Connection, number: int, ids: Sequence[str], now_s: float, upto: int | None = None) -> int:
    """Make gravestones of those that live; how many. `upto`: not of those that changed later."""
    living = [id for id in ids if _alive(db, number, id, upto)]
    change = _changes(db, len(living))
    db.executemany(
        "UPDATE entries SET change = ?, body = NULL, metadata = NULL, expires_at = NULL, dead_at = ?"
        " WHERE namespace = ? AND id = ?",
        [(change + n, now_s, number, id) for n, id in enumerate(living)],
    )
    _count(db, number, -len(living))
    return len(living)


def drop(db: sqlite3.Connection, name: str) -> None:
    space = space_of(db, name)
    if space is not None:
        db.execute("DELETE FROM entries WHERE namespace = ?", (space.number,))
        db.execute("DELETE FROM namespaces WHERE number = ?", (space.number,))


def sweep(db: sqlite3.Connection, expired_by_s: float, now_s: float) -> int:
    """One batch: bury what expired by then, forget old gravestones. 0: nothing is left to bury."""
    rows = db.execute(
        "SELECT namespace, id FROM entries WHERE expires_at <= ? LIMIT ?", (expired_by_s, SWEEP_ROWS)
    ).fetchall()
    for number in {row[0] for row in rows}:
        bury(db, number, [id for space, id in rows if space == number], now_s)
    graves = db.execute(
        "SELECT namespace, change, id FROM entries WHERE dead_at <= ? LIMIT ?", (now_s - GRAVE_S, SWEEP_ROWS)
    ).fetchall()
    for number, change, _ in graves:
        db.execute("UPDATE namespaces SET purged = max(purged, ?) WHERE number = ?", (change, number))
    db.executemany("DELETE FROM entries WHERE namespace = ? AND id = ?", [(number, id) for number, _, id in graves])
    return len(rows)


def _alive(db: sqlite3.Connection, number: int, id: str, upto: int | None = None) -> bool:
    row = db.execute(
        "SELECT change FROM entries WHERE namespace = ? AND id = ? AND dead_at IS NULL", (number, id)
    ).fetchone()
    return row is not None and (upto is None or int(row[0]) <= upto)


def _changes(db: sqlite3.Connection, count: int) -> int:
    """The first of `count` fresh numbers."""
    db.execute("UPDATE counter SET change = change + ?", (count,))
    return int(db.execute("SELECT change FROM counter").fetchone()[0]) - count + 1


def _count(db: sqlite3.Connection, number: int, more: int) -> None:
    db.execute("UPDATE namespaces SET entries = entries + ? WHERE number = ?", (more, number))


def _finite(seconds: float) -> float | None:
    return seconds if np.isfinite(seconds) else None


def _body(values: Floats) -> bytes:
    return np.ascontiguousarray(values, dtype="<f4").tobytes()


# reading
def last_change(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT change FROM counter").fetchone()[0])


@dataclass(frozen=True, slots=True)
class Changes:
    upto: int
    put: list[Vector]
    gone: list[str]


def changes(db: sqlite3.Connection, space: Space, after: int, limit: int) -> Changes:
    """The next rows that changed after that number, oldest first."""
    upto, put, gone = after, [], []
    rows = db.execute(
        "SELECT change, id, body, metadata FROM entries WHERE namespace = ? AND change > ? ORDER BY change LIMIT ?",
        (space.number, after, limit),
    )
    for change, id, body, metadata in rows:
        upto = change
        vector = None if body is None else _vector(id, body, metadata, space.dimension)
        if vector is None:
            gone.append(id)
        else:
            put.append(vector)
    return Changes(upto, put, gone)


def fetch(db: sqlite3.Connection, space: Space, ids: Sequence[str]) -> dict[str, Vector]:
    found: dict[str, Vector] = {}
    for id in ids:
        row = db.execute(
            "SELECT body, metadata FROM entries WHERE namespace = ? AND id = ? AND body IS NOT NULL", (space.number, id)
        ).fetchone()
        vector = None if row is None else _vector(id, row[0], row[1], space.dimension)
        if vector is not None:
            found[id] = vector
    return found


def _vector(id: str, body: bytes, metadata: bytes, dimension: int) -> Vector | None:
    """None for a damaged row: one entry less is no reason to answer nothing."""
    try:
        values = np.frombuffer(body, "<f4")
        if len(values) != dimension or not np.isfinite(values).all() or not values.any():
            raise ValueError("not a vector")
        return Vector(id, values.astype(np.float32, copy=False), decode(metadata))
    except (ValueError, CodecError) as error:
        log.warning("vector entry damaged", extra={"error": type(error).__name__})
        return None
