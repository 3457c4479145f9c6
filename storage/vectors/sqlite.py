"""The embedded vector store: exact indexes in memory over a SQLite file, shared by the processes of one machine.

Owns the file and the indexes of this process. The invariant: the file is the truth. An upsert returns after its synced
commit; every query first takes in what any process committed since its last look, so nobody is answered from a past.
A namespace is read at its first query, and the one longest unused leaves memory when all are over `BYTES_MAX`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from storage.ledger.errors import Unavailable
from storage.ledger.sqlite_lock import FileLock
from storage.vectors import sqlite_tables as tables
from storage.vectors.exact import ExactIndex
from storage.vectors.protocol import (
    Floats,
    Match,
    Vector,
    VectorFault,
    Where,
    WrongDimension,
    check_ids,
    check_name,
    check_top_k,
    check_upsert,
    check_values,
    check_where,
    invalid,
)

log = logging.getLogger(__name__)

READERS = 2
"""Threads that answer queries. A matrix product frees the interpreter; more threads only share the same cores."""
CALLS_WAITING_MAX = 256
"""Calls in flight, reads and writes each; the newest above it is refused as UNAVAILABLE."""
LOAD_ROWS = 5_000
"""Rows taken into an index per read transaction: a write-ahead log cannot shrink under a long one."""
ENTRIES_MAX = 1_000_000
"""Of one namespace. At 384 numbers that is 1.5 GB of memory; more belongs into a database."""
BYTES_MAX = 2 * 1024**3
"""Of all matrices in memory; the namespace in use stays, however large."""
COMPARED_MAX = 100_000
"""Entries of a namespace above which comparing them all, where no filter helps, takes over 10 ms."""
SWEEP_BATCHES_MAX = 200

T = TypeVar("T")


class _Loaded:
    """One namespace in memory."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.index: ExactIndex | None = None
        self.number = 0
        self.upto = 0
        """Changes up to this one are in the index."""
        self.purged = 0
        """Gravestones up to this one were gone when it was read, or are in it."""
        self.used_at = 0.0


class SqliteVectors:
    """See `storage.vectors.protocol.VectorStore`."""

    lag_s = 0.0

    def __init__(
        self,
        path: Path,
        *,
        entries_max: int = ENTRIES_MAX,
        bytes_max: int = BYTES_MAX,
        make_index: Callable[[int], ExactIndex] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._entries_max, self._bytes_max, self._clock = entries_max, bytes_max, clock
        self._make_index = make_index or index_kind()
        self._told_slow = False
        self._spaces: dict[str, _Loaded] = {}
        self._spaces_lock = threading.Lock()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock: FileLock | None = None
        self._writer: ThreadPoolExecutor | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._waiting = {"read": 0, "write": 0}

    async def open(self) -> None:
        if self._writer is not None:
            return
        writer = ThreadPoolExecutor(1, thread_name_prefix="vectors-write")
        try:
            await asyncio.wrap_future(writer.submit(_told, self._open))
        except BaseException:
            # behind what the thread is at: a connection closed under its commit takes the process down
            writer.submit(self._close)
            await asyncio.shield(asyncio.to_thread(writer.shutdown))
            raise
        self._writer = writer
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="vectors-read")

    def _open(self) -> None:
        self._lock = FileLock(self.path)
        with self._locked():
            tables.ensure_schema(self._db())

    async def close(self) -> None:
        writer, readers = self._writer, self._readers
        self._writer = self._readers = None
        for pool in (writer, readers):
            if pool is not None:
                await asyncio.to_thread(pool.shutdown)
        self._close()

    def _close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._spaces.clear()
        self._local = threading.local()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def check(self) -> None:
        await self._read(tables.last_change)

    # writing
    async def upsert(self, namespace: str, vectors: Sequence[Vector]) -> None:
        dimension = check_upsert(namespace, vectors)
        if dimension:
            await self._write(lambda db: tables.upsert(db, namespace, dimension, vectors, self._entries_max))

    async def delete(self, namespace: str, ids: Sequence[str]) -> None:
        check_name(namespace)
        asked = check_ids(ids)
        await self._write(partial(self._bury, namespace, asked, None))

    def _bury(self, namespace: str, ids: Sequence[str], upto: int | None, db: sqlite3.Connection) -> int:
        space = tables.space_of(db, namespace)
        return 0 if space is None else tables.bury(db, space.number, ids, self._clock(), upto)

    async def delete_where(self, namespace: str, where: Where) -> int:
        check_name(namespace)
        asked = check_where(where)
        if not asked:
            raise invalid("an empty filter deletes nothing: use drop")
        seen = await self._read(tables.last_change)
        ids = await self._read(lambda db: self._on_index(db, namespace, lambda index: index.ids_where(asked)) or [])
        batches = [ids[start : start + tables.SWEEP_ROWS] for start in range(0, len(ids), tables.SWEEP_ROWS)]
        return sum([await self._write(partial(self._bury, namespace, batch, seen)) for batch in batches])

    async def drop(self, namespace: str) -> None:
        check_name(namespace)
        await self._write(lambda db: tables.drop(db, namespace))

    async def sweep(self, now_s: float) -> int:
        gone = 0
        for _ in range(SWEEP_BATCHES_MAX):
            batch = await self._write(lambda db: tables.sweep(db, now_s, self._clock()))
            gone += batch
            if batch < tables.SWEEP_ROWS:
                break
        await self._pooled("write", self._shrink)
        return gone

    def _shrink(self) -> None:
        self._db().execute("PRAGMA incremental_vacuum(2000)").fetchall()

    # reading
    async def query(
        self,
        namespace: str,
        values: Floats,
        *,
        top_k: int = 1,
        where: Where | None = None,
        alive_at_s: float | None = None,
        at_least: float = -1.0,
    ) -> list[Match]:
        check_name(namespace)
        check_top_k(top_k)
        values, asked = check_values(values), check_where(where)

        def search(index: ExactIndex) -> list[Match]:
            if index.dimension != len(values):
                raise WrongDimension(namespace, index.dimension, len(values))
            return index.search(values, top_k=top_k, where=asked, alive_at_s=alive_at_s, at_least=at_least)

        return await self._read(lambda db: self._on_index(db, namespace, search) or [])

    async def fetch(self, namespace: str, ids: Sequence[str]) -> dict[str, Vector]:
        check_name(namespace)
        asked = check_ids(ids)

        def look(db: sqlite3.Connection) -> dict[str, Vector]:
            with tables.transaction(db, "DEFERRED"):
                space = tables.space_of(db, namespace)
                return {} if space is None else tables.fetch(db, space, asked)

        return await self._read(look)

    async def count(self, namespace: str) -> int:
        check_name(namespace)
        space = await self._read(lambda db: tables.space_of(db, namespace))
        return 0 if space is None else space.entries

    def _on_index(self, db: sqlite3.Connection, namespace: str, work: Callable[[ExactIndex], T]) -> T | None:
        """None where the namespace does not exist."""
        with self._spaces_lock:
            loaded = self._spaces.setdefault(namespace, _Loaded())
        with loaded.lock:
            before = 0 if loaded.index is None else loaded.index.bytes
            self._catch_up(db, namespace, loaded)
            loaded.used_at = time.monotonic()
            if loaded.index is None:
                self._forget(namespace)
                return None
            answer, grown = work(loaded.index), loaded.index.bytes > before
            self._tell_slow(len(loaded.index))
        if grown:
            self._make_room(namespace)
        return answer

    def _catch_up(self, db: sqlite3.Connection, namespace: str, loaded: _Loaded) -> None:
        """Take in what was committed since; in a read transaction a bite, so that numbers and rows belong together."""
        while True:
            with tables.transaction(db, "DEFERRED"):
                space = tables.space_of(db, namespace)
                if space is None:
                    loaded.index = None
                    return
                missed = loaded.purged < space.purged and loaded.upto < space.purged
                if loaded.index is None or loaded.number != space.number or missed:
                    loaded.index, loaded.number = self._make_index(space.dimension), space.number
                    loaded.upto, loaded.purged = 0, space.purged
                found = tables.changes(db, space, loaded.upto, LOAD_ROWS)
            loaded.index.put(found.put)
            loaded.index.remove(found.gone)
            loaded.upto = max(found.upto, loaded.upto)
            if len(found.put) + len(found.gone) < LOAD_ROWS:
                return

    def _tell_slow(self, entries: int) -> None:
        if entries > COMPARED_MAX and self._make_index is ExactIndex and not self._told_slow:
            self._told_slow = True
            log.warning("entries are compared one by one: install storyforge[vectors]", extra={"entries": entries})

    def _forget(self, namespace: str) -> None:
        with self._spaces_lock:
            self._spaces.pop(namespace, None)

    def _make_room(self, keep: str) -> None:
        with self._spaces_lock:
            sizes = {name: 0 if one.index is None else one.index.bytes for name, one in self._spaces.items()}
            for name in sorted(self._spaces, key=lambda name: self._spaces[name].used_at):
                if sum(sizes.values()) <= self._bytes_max:
                    return
                if name != keep:
                    sizes.pop(name)
                    del self._spaces[name]

    # threads
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = tables.connect(self.path)
            self._connections.append(db)
        return db

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._pooled("read", lambda: work(self._db()))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def write() -> T:
            with self._locked(), tables.transaction(self._db()):
                return work(self._db())

        return await self._pooled("write", write)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        assert self._lock is not None
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    async def _pooled(self, kind: str, work: Callable[[], T]) -> T:
        pool = self._readers if kind == "read" else self._writer
        if pool is None:
            raise VectorFault("UNAVAILABLE", "the vector store is closed", True)
        if self._waiting[kind] >= CALLS_WAITING_MAX:
            raise VectorFault("UNAVAILABLE", f"{CALLS_WAITING_MAX} calls wait for the vector store already", True)
        self._waiting[kind] += 1
        try:
            return await asyncio.wrap_future(pool.submit(_told, work))
        finally:
            self._waiting[kind] -= 1


def index_kind() -> Callable[[int], ExactIndex]:
    """With a graph for large namespaces where the package is installed, else without."""
    try:
        from storage.vectors.usearch_index import UsearchIndex
    except ModuleNotFoundError:
        return ExactIndex
    return UsearchIndex


def _told(work: Callable[[], T]) -> T:
    """What SQLite raises, in the words of the contract."""
    try:
        return work()
    except (sqlite3.OperationalError, OSError, Unavailable) as error:  # full, busy, unwritable: the file is sound
        raise VectorFault("UNAVAILABLE", f"the vector file: {error}", True) from error
    except sqlite3.DatabaseError as error:
        words = f"the vector file is damaged ({error}): stop, delete it with its -wal and -shm, start"
        log.error("vector file damaged", extra={"error": str(error)})
        raise VectorFault("DAMAGED", words, False) from error
