"""The exact cache on a SQLite file of its own, shared by the processes of one machine.

Owns that file, and throws it away when it is damaged. The invariant of `storage.cache.exact`: nothing here raises to
the job. A row carries a digest, so damage inside a value is a miss too. Rows go out by age of last use, told to the
hour, so that a hit costs a write at most once an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from storage.cache.exact import TTL_S, CacheCounts, check_key, digest_of

log = logging.getLogger(__name__)

BYTES_MAX = 512 * 1024 * 1024
EVICT_TO = 0.9
"""Share of the bound kept after an eviction: room for some writes before the next."""

USED_STEP_S = 3600.0
BUSY_S_MAX = 0.25
"""How long a call waits for other processes before it is a miss."""

CALLS_WAITING_MAX = 256
"""Calls in flight; the newest above it is a miss at once."""

SCHEMA_VERSION = 1
TABLES = (
    """CREATE TABLE entries (
    num INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, digest BLOB NOT NULL,
    size INTEGER NOT NULL, expires_at REAL NOT NULL, used_at REAL NOT NULL)""",
    "CREATE INDEX entries_used ON entries (used_at, num, size)",
    "CREATE INDEX entries_expires ON entries (expires_at)",
    "CREATE TABLE total (bytes INTEGER NOT NULL)",
    "INSERT INTO total VALUES (0)",
    "CREATE TRIGGER entries_in AFTER INSERT ON entries BEGIN UPDATE total SET bytes = bytes + new.size; END",
    "CREATE TRIGGER entries_out AFTER DELETE ON entries BEGIN UPDATE total SET bytes = bytes - old.size; END",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

T = TypeVar("T")


class SqliteExactCache:
    """See `storage.cache.exact.ExactCache`."""

    def __init__(self, path: Path, *, bytes_max: int = BYTES_MAX, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.counts = CacheCounts()
        self._bytes_max = bytes_max
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def get(self, key: bytes) -> bytes | None:
        check_key(key)
        value = await self._run(lambda db: self._get(db, key), None)
        if value is None:
            self.counts.misses += 1
        else:
            self.counts.hits += 1
        return value

    def _get(self, db: sqlite3.Connection, key: bytes) -> bytes | None:
        now = self._clock()
        row = db.execute("SELECT num, value, digest, expires_at, used_at FROM entries WHERE key = ?", (key,)).fetchone()
        if row is None or row[3] <= now:
            return None
        if digest_of(key, row[1]) != row[2]:
            self.counts.faults += 1
            log.warning("cache entry damaged", extra={"bytes": len(row[1])})
            db.execute("DELETE FROM entries WHERE num = ?", (row[0],))
            return None
        if now - row[4] > USED_STEP_S:
            with contextlib.suppress(sqlite3.OperationalError):  # a full or busy disk costs the mark, not the hit
                db.execute("UPDATE entries SET used_at = ? WHERE num = ?", (now, row[0]))
        return bytes(row[1])

    async def put(self, key: bytes, value: bytes, *, ttl_s: float = TTL_S) -> None:
        check_key(key)
        if len(value) <= self._bytes_max // 8:
            await self._run(lambda db: self._put(db, key, value, ttl_s), None)

    def _put(self, db: sqlite3.Connection, key: bytes, value: bytes, ttl_s: float) -> None:
        now = self._clock()
        size = len(key) + len(value) + 128
        with _transaction(db):
            db.execute("DELETE FROM entries WHERE key = ?", (key,))
            db.execute(
                "INSERT INTO entries (key, value, digest, size, expires_at, used_at) VALUES (?,?,?,?,?,?)",
                (key, value, digest_of(key, value), size, now + ttl_s, now),
            )
            self._make_room(db, now)
        self.counts.writes += 1

    def _make_room(self, db: sqlite3.Connection, now: float) -> None:
        if _total(db) <= self._bytes_max:
            return
        self.counts.evictions += db.execute("DELETE FROM entries WHERE expires_at <= ?", (now,)).rowcount
        excess = _total(db) - int(self._bytes_max * EVICT_TO)
        gone: list[tuple[int]] = []
        for num, size in db.execute("SELECT num, size FROM entries ORDER BY used_at, num"):
            if excess <= 0:
                break
            gone.append((num,))
            excess -= size
        db.executemany("DELETE FROM entries WHERE num = ?", gone)
        self.counts.evictions += len(gone)

    async def evict(self, key: bytes) -> None:
        check_key(key)
        await self._run(lambda db: db.execute("DELETE FROM entries WHERE key = ?", (key,)).rowcount, 0)

    async def sweep(self) -> int:
        now = self._clock()
        return await self._run(lambda db: db.execute("DELETE FROM entries WHERE expires_at <= ?", (now,)).rowcount, 0)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _run(self, call: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._waiting >= CALLS_WAITING_MAX:
            self.counts.faults += 1
            return otherwise
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="exact-cache")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, call, otherwise)
        finally:
            self._waiting -= 1

    def _guarded(self, call: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        try:
            if self._connection is None:
                self._connection = self._connect()
            return call(self._connection)
        except sqlite3.OperationalError as error:  # full, busy, unwritable: the file is sound
            self._fault(error)
        except sqlite3.DatabaseError as error:  # malformed, or no database at all
            self._fault(error)
            self._discard()
        except OSError as error:
            self._fault(error)
        return otherwise

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_S_MAX)
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA journal_size_limit = 16777216")
            with _transaction(db):
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for statement in TABLES:
                        db.execute(statement)
                elif version != SCHEMA_VERSION:
                    raise sqlite3.DatabaseError(f"cache schema {version}")
        except BaseException:
            db.close()
            raise
        return db

    def _discard(self) -> None:
        """Begin anew: what a cache holds can be computed again."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _fault(self, error: Exception) -> None:
        self.counts.faults += 1
        log.warning("exact cache fault", extra={"error": type(error).__name__, "detail": str(error)})


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _total(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT bytes FROM total").fetchone()[0])
