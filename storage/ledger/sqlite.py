"""The embedded ledger: one SQLite file in WAL mode, shared by the processes of one machine.

Owns the wiring of writer, readers and clocks behind the `Ledger` protocol. The invariant: what `append` returned for is
synced to disk (`synchronous=FULL`) and carries the epoch of the home's only owner. Writes go through one thread with
group commit, reads through a few; the event loop touches no disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from storage.graphs.calls import Call
from storage.ledger import sqlite_archive, sqlite_attempts, sqlite_purge, sqlite_read, sqlite_shares
from storage.ledger import sqlite_ownership as ownership
from storage.ledger import sqlite_transaction as write
from storage.ledger.archive import ARCHIVE, TRIM_ROWS, Chunk
from storage.ledger.clock import Clocks, machine_clocks
from storage.ledger.errors import LedgerError, Unavailable
from storage.ledger.places import Queue
from storage.ledger.protocol import (
    Append,
    Attempt,
    AttemptState,
    Claim,
    Committed,
    Ended,
    Event,
    HostRow,
    Kind,
    Owner,
    Snapshot,
    StoredResponse,
    View,
)
from storage.ledger.purging import PURGE_ROWS
from storage.ledger.rules import check_append, check_final
from storage.ledger.sqlite_lock import FileLock
from storage.ledger.sqlite_readers import Readers
from storage.ledger.sqlite_schema import connect, ensure_schema
from storage.ledger.sqlite_writer import Writer

T = TypeVar("T")


class SqliteLedger:
    """See `storage.ledger.protocol.Ledger`. One instance per process and file; usable from several event loops."""

    def __init__(self, path: Path, *, clocks: Clocks | None = None) -> None:
        self.path = path
        self._clocks = clocks or machine_clocks()
        self._writer: Writer | None = None
        self._readers: Readers | None = None
        self._connection: sqlite3.Connection | None = None
        self._watch: sqlite3.Connection | None = None
        self._lock: FileLock | None = None

    async def open(self) -> None:
        """Raises `SchemaMismatch`, `Unavailable` (folder missing or unwritable, disk full)."""
        try:
            await asyncio.to_thread(self._open)
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise Unavailable(f"{self.path}: {error}") from error
        except BaseException:
            await self.close()
            raise

    def _open(self) -> None:
        self._lock = FileLock(self.path)
        self._lock.acquire()
        try:
            self._connection = connect(self.path)
            ensure_schema(self._connection, self.path)
        finally:
            self._lock.release()
        self._watch = connect(self.path, read_only=True)
        self._readers = Readers(self.path)
        self._writer = Writer(self._connection, self._lock, self._clocks.wall_ms)
        self._writer.start()

    async def close(self) -> None:
        """Commits what is queued, then closes the file. Safe to call twice."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.stop()
        if self._readers is not None:
            self._readers.close()
        for connection in (self._watch, self._connection):
            if connection is not None:
                connection.close()
        if self._lock is not None:
            self._lock.close()
        self._writer = self._readers = self._connection = self._watch = self._lock = None

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        if self._readers is None:
            raise Unavailable("the ledger is closed")
        return await self._readers.run(query)

    async def _write(self, run: Callable[[write.Transaction], T]) -> T:
        if self._writer is None:
            raise Unavailable("the ledger is closed")
        result: T = await self._writer.submit(run)
        return result

    async def now_ms(self) -> int:
        return self._clocks.wall_ms()

    # hosts and ownership
    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        asked = await self._write(lambda tx: ownership.heartbeat(tx, host, ttl_ms, self._clocks))
        return replace(host, expires_at_ms=self._clocks.wall_ms() + ttl_ms, asked=asked)

    async def retire(self, host_id: str, incarnation: str) -> None:
        await self._write(lambda tx: ownership.retire(tx, host_id, incarnation, self._clocks))

    async def hosts(self) -> list[HostRow]:
        return await self._read(lambda db: sqlite_read.hosts(db, self._clocks))

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Claim:
        return await self._write(lambda tx: ownership.claim(tx, home, host, depose, self._clocks))

    async def release(self, claim: Claim, host: HostRow, *, to: HostRow | None = None) -> None:
        await self._write(lambda tx: ownership.release(tx, claim, host, to, self._clocks))

    async def want(self, home: str, host: HostRow, *, epoch: int) -> bool:
        return await self._write(lambda tx: ownership.want(tx, home, host, epoch, self._clocks))

    async def owner(self, home: str) -> Owner | None:
        return await self._read(lambda db: sqlite_read.owner_of(db, home, self._clocks))

    # the log
    def append(self, append: Append) -> asyncio.Future[Committed]:
        try:
            check_append(append)
            if self._writer is None:
                raise Unavailable("the ledger is closed")
            return self._writer.submit_append(append)
        except (ValueError, LedgerError) as refusal:
            refused: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
            refused.set_exception(refusal)
            return refused

    async def read(
        self,
        home: str,
        *,
        doc: str | None = None,
        after: int = 0,
        upto: int | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        return await self._read(
            lambda db: sqlite_read.events(db, home, doc=doc, after=after, upto=upto, kinds=kinds, limit=limit)
        )

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]:
        return await self._read(lambda db: sqlite_read.events_back(db, home, before, scene, limit))

    async def archive_list(self, home: str, *, after: tuple[str, str] | None, limit: int) -> list[View]:
        """See `storage.ledger.archive.Trims`."""
        return await self.views(ARCHIVE, home=home, after=after, limit=limit)

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = TRIM_ROWS) -> int:
        """See `storage.ledger.archive.Trims`."""
        return await self._write(lambda tx: sqlite_archive.trim(tx, chunk, epoch, limit))

    async def purge(self, home: str, *, epoch: int, before: int, limit: int = PURGE_ROWS) -> int:
        return await self._write(lambda tx: sqlite_purge.purge(tx, home, epoch, before, limit))

    async def head(self, home: str) -> int:
        return await self._read(lambda db: sqlite_read.head(db, home))

    async def put_snapshot(self, snapshot: Snapshot, *, epoch: int) -> bool:
        return await self._write(lambda tx: write.put_snapshot(tx, snapshot, epoch))

    async def snapshot(self, home: str, doc: str, *, before: int | None = None) -> Snapshot | None:
        return await self._read(lambda db: sqlite_read.snapshot(db, home, doc, before))

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None:
        return await self._read(lambda db: sqlite_read.response(db, home, principal, key))

    # projections
    def saw(self, home: str, seq: int) -> None:
        """Every read sees every commit already."""

    async def view(self, kind: str, id: str) -> View | None:
        return await self._read(lambda db: sqlite_read.view(db, kind, id))

    async def views(
        self,
        kind: str,
        *,
        home: str | None = None,
        parent: str | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[View]:
        return await self._read(
            lambda db: sqlite_read.views(
                db, kind, home=home, parent=parent, after=after, limit=limit, newest_first=newest_first
            )
        )

    async def graph(self, home: str, call: Call) -> list[Any]:
        return await self._read(lambda db: sqlite_read.graph(db, home, call))

    async def count_views(self, kind: str, *, home: str | None = None, parent: str | None = None) -> int:
        return await self._read(lambda db: sqlite_read.count_views(db, kind, home, parent))

    async def change_token(self) -> int:
        """The watching connection never writes, so its `data_version` moves with every commit, our own too."""
        if self._watch is None:
            raise Unavailable("the ledger is closed")
        try:
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])  # shared memory, no disk
        except sqlite3.Error as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def queued(self) -> tuple[int, int]:
        """(operations, bytes) in front of the writer."""
        return (0, 0) if self._writer is None else self._writer.queued()

    async def live_attempts(self) -> dict[str, int]:
        """How many attempts are open, and how many claimed, of all homes."""
        return await self._read(sqlite_attempts.live)

    # attempts
    async def claim_attempt(
        self, worker: str, steps: Sequence[str], *, offers: Sequence[str] = (), loaded: str = ""
    ) -> Attempt | None:
        now, claimer = self._clocks.wall_ms(), sqlite_attempts.Claimer(worker, steps, offers, loaded)
        if not await self._read(lambda db: sqlite_attempts.claimable(db, claimer, now)):
            return None
        return await self._write(lambda tx: sqlite_attempts.claim(tx.connection, claimer, tx.now_ms))

    async def release_attempt(self, id: str, worker: str) -> bool:
        return await self._write(lambda tx: sqlite_attempts.release(tx.connection, tx.now_ms, id, worker))

    async def beat_attempt(
        self, id: str, worker: str, *, progress: float, message: str, result: bytes | None = None
    ) -> bool:
        return await self._write(
            lambda tx: sqlite_attempts.beat(
                tx.connection, tx.now_ms, id, worker, progress=progress, message=message, result=result
            )
        )

    async def finish_attempt(
        self, id: str, worker: str, state: AttemptState, *, result: bytes | None, error: bytes | None
    ) -> bool:
        check_final(state)
        return await self._write(
            lambda tx: (
                sqlite_attempts.finish(tx.connection, tx.now_ms, id, worker, state, result=result, error=error)
                is not None
            )
        )

    async def finish_and_claim(
        self,
        id: str,
        worker: str,
        state: AttemptState,
        *,
        result: bytes | None,
        error: bytes | None,
        steps: Sequence[str],
        offers: Sequence[str] = (),
        loaded: str = "",
    ) -> Ended:
        check_final(state)
        claimer = sqlite_attempts.Claimer(worker, steps, offers, loaded)
        return await self._write(
            lambda tx: sqlite_attempts.finish_and_claim(
                tx.connection, tx.now_ms, id, claimer, state, result=result, error=error
            )
        )

    async def handed(self, worker: str) -> Attempt | None:
        return await self._read(lambda db: sqlite_attempts.held_by(db, worker))

    async def queue(self) -> Queue:
        now = self._clocks.wall_ms()
        return await self._read(lambda db: sqlite_shares.queue(db, now))

    async def prune_shares(self) -> int:
        return await self._write(lambda tx: sqlite_shares.prune(tx.connection))

    async def attempt(self, id: str) -> Attempt | None:
        return await self._read(lambda db: sqlite_attempts.by_id(db, id))

    async def attempts(self, home: str, *, job: str | None = None, open_only: bool = False) -> list[Attempt]:
        return await self._read(lambda db: sqlite_attempts.of_home(db, home, job, open_only))
