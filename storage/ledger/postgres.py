"""The production ledger: PostgreSQL, shared by the hosts of many machines.

Owns the wiring of writer, pools and upkeep behind the `Ledger` protocol. The invariant: what `append` returned for was
committed by the database and carries the epoch of the home's only owner. Times are the database's. Nothing depends on a
session, so a pooler in transaction mode may stand between; migrations go to the direct address when there is one.

Runs on the loop that opened it; callers on other loops are carried over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from storage.graphs.calls import Call
from storage.ledger import (
    postgres_archive,
    postgres_attempts,
    postgres_ownership,
    postgres_purge,
    postgres_read,
    postgres_shares,
)
from storage.ledger.archive import ARCHIVE, TRIM_ROWS, Chunk
from storage.ledger.errors import LedgerError, Unavailable
from storage.ledger.places import Queue
from storage.ledger.postgres_connect import Connection, Pool, check_address, connect, open_pool, run, where
from storage.ledger.postgres_partitions import UPKEEP_S, ensure_partitions
from storage.ledger.postgres_replica import Replica
from storage.ledger.postgres_schema import ensure_schema
from storage.ledger.postgres_statistics import Statistics, rows_of_graphs
from storage.ledger.postgres_time import NOW, TestClock, now_of
from storage.ledger.postgres_writer import Writer
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

log = logging.getLogger(__name__)

T = TypeVar("T")


class PostgresLedger:
    """See `storage.ledger.protocol.Ledger`. `direct_url` bypasses a pooler; `read_url` is a replica for projections."""

    def __init__(self, url: str, *, direct_url: str = "", read_url: str = "", clock: TestClock = None) -> None:
        """Raises `ValueError` for an address that cannot be read."""
        for address in (url, direct_url, read_url):
            check_address(address)
        self._url, self._direct_url, self._clock = url, direct_url or url, clock
        self._writer: Writer | None = None
        self._pool: Pool | None = None
        self._replica = Replica(read_url) if read_url else None
        self._upkeep: asyncio.Task[None] | None = None
        self.statistics = Statistics(self._on_pool)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"PostgresLedger({where(self._url)})"

    async def open(self) -> None:
        """Raises `SchemaMismatch`, `Unavailable` (no answer, wrong password, no right to create the schema)."""
        self._loop = asyncio.get_running_loop()
        try:
            connection = await connect(self._direct_url)
            try:
                await ensure_schema(connection, where(self._direct_url))
                await self._make_months(connection)
            finally:
                await connection.close()
            self._pool = await open_pool(self._url)
            if self._replica is not None:
                await self._replica.open()
        except BaseException:
            await self.close()
            raise
        self._writer = Writer(self._url, self._clock)
        self._writer.start()
        self._upkeep = self._loop.create_task(self._keep_up(), name="ledger-upkeep")

    async def close(self) -> None:
        """Commits what is queued, then closes the connections. Safe to call twice."""
        await self._here(self._close)

    async def _close(self) -> None:
        writer, pool, upkeep = self._writer, self._pool, self._upkeep
        self._writer = self._pool = self._upkeep = None
        if upkeep is not None:
            upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upkeep
        await self.statistics.stop()
        if writer is not None:
            await writer.stop()
        if self._replica is not None:
            await self._replica.close()
        if pool is not None:
            await pool.close()

    async def _make_months(self, connection: Connection) -> None:
        await ensure_partitions(connection, await self._time(connection))

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(UPKEEP_S)
            try:
                connection = await connect(self._direct_url)
                try:
                    await self._make_months(connection)
                    await postgres_shares.prune(connection)
                finally:
                    await connection.close()
            except Exception:
                log.exception("upkeep failed: months, or old shares")

    async def _here(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run on the loop that owns the connections."""
        if self._loop is None or self._loop is asyncio.get_running_loop() or self._loop.is_closed():
            return await work()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self._loop))

    async def _read(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        return await self._on_pool(query, repeat=True)

    async def _on_pool(self, work: Callable[[Connection], Awaitable[T]], *, repeat: bool = False) -> T:
        async def do() -> T:
            if self._pool is None:
                raise Unavailable("the ledger is closed")
            return await run(self._pool, work, repeat=repeat)

        return await self._here(do)

    async def _project(self, query: Callable[[Connection], Awaitable[T]]) -> T:
        """A projection: from the replica, unless it lags behind what somebody was told."""
        replica = self._replica
        if replica is not None:
            found = await self._here(lambda: replica.read(query))
            if found is not None:
                return found[0]
        return await self._read(query)

    async def _in_order(self, home: str, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Behind the appends already queued."""
        if self._writer is None:
            raise Unavailable("the ledger is closed")
        result: T = await self._writer.submit(home, work)
        return result

    def _now(self) -> int | None:
        return now_of(self._clock)

    async def _time(self, connection: Connection) -> int:
        row = await (await connection.execute(f"SELECT {NOW}", {"now": self._now()})).fetchone()
        assert row is not None
        return int(row[0])

    async def now_ms(self) -> int:
        return await self._read(self._time)

    # hosts and ownership
    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        return await self._on_pool(lambda db: postgres_ownership.heartbeat(db, host, ttl_ms, self._now()), repeat=True)

    async def retire(self, host_id: str, incarnation: str) -> None:
        await self._on_pool(lambda db: postgres_ownership.retire(db, host_id, incarnation, self._now()), repeat=True)

    async def hosts(self) -> list[HostRow]:
        return await self._read(lambda db: postgres_ownership.hosts(db, self._now()))

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Claim:
        """A claim whose answer was lost is made again: that is a new epoch, as any claim of an owner is."""
        return await self._on_pool(
            lambda db: postgres_ownership.claim(db, home, host, depose, self._now()), repeat=True
        )

    async def release(self, claim: Claim, host: HostRow, *, to: HostRow | None = None) -> None:
        await self._in_order(claim.home, lambda db: postgres_ownership.release(db, claim, host, to, self._now()))

    async def want(self, home: str, host: HostRow, *, epoch: int) -> bool:
        return await self._in_order(home, lambda db: postgres_ownership.want(db, home, host, epoch, self._now()))

    async def owner(self, home: str) -> Owner | None:
        return await self._read(lambda db: postgres_ownership.owner(db, home, self._now()))

    # the log
    def append(self, append: Append) -> asyncio.Future[Committed]:
        try:
            check_append(append)
            if self._writer is None:
                raise Unavailable("the ledger is closed")
            committed = self._writer.submit_append(append)
            if rows := rows_of_graphs(append.views):
                committed.add_done_callback(lambda done: self._wrote(done, rows))
            return committed
        except (ValueError, LedgerError) as refusal:
            refused: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
            refused.set_exception(refusal)
            return refused

    def _wrote(self, done: asyncio.Future[Committed], rows: int) -> None:
        loop = self._loop
        if loop is None or done.cancelled() or done.exception() is not None:
            return
        if loop is asyncio.get_running_loop():
            self.statistics.wrote(rows)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self.statistics.wrote, rows)

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
            lambda db: postgres_read.events(db, home, doc=doc, after=after, upto=upto, kinds=kinds, limit=limit)
        )

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]:
        return await self._read(lambda db: postgres_read.events_back(db, home, before, scene, limit))

    async def archive_list(self, home: str, *, after: tuple[str, str] | None, limit: int) -> list[View]:
        """See `storage.ledger.archive.Trims`: never from a replica."""
        return await self._read(
            lambda db: postgres_read.views(
                db, ARCHIVE, home=home, parent=None, after=after, limit=limit, newest_first=False
            )
        )

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = TRIM_ROWS) -> int:
        """See `storage.ledger.archive.Trims`."""
        return await self._on_pool(lambda db: postgres_archive.trim(db, chunk, epoch, limit))

    async def purge(self, home: str, *, epoch: int, before: int, limit: int = PURGE_ROWS) -> int:
        return await self._on_pool(lambda db: postgres_purge.purge(db, home, epoch, before, limit))

    async def head(self, home: str) -> int:
        return await self._read(lambda db: postgres_read.head(db, home))

    async def put_snapshot(self, snapshot: Snapshot, *, epoch: int) -> bool:
        return await self._on_pool(lambda db: postgres_ownership.put_snapshot(db, snapshot, epoch))

    async def snapshot(self, home: str, doc: str, *, before: int | None = None) -> Snapshot | None:
        return await self._read(lambda db: postgres_read.snapshot(db, home, doc, before))

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None:
        return await self._read(lambda db: postgres_read.response(db, home, principal, key))

    # projections
    def saw(self, home: str, seq: int) -> None:
        """The replica answers again once it has reached it."""
        if self._replica is not None:
            self._replica.saw(home, seq)

    async def view(self, kind: str, id: str) -> View | None:
        return await self._project(lambda db: postgres_read.view(db, kind, id))

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
        return await self._project(
            lambda db: postgres_read.views(
                db, kind, home=home, parent=parent, after=after, limit=limit, newest_first=newest_first
            )
        )

    async def graph(self, home: str, call: Call) -> list[Any]:
        return await self._project(lambda db: postgres_read.graph(db, home, call))

    async def count_views(self, kind: str, *, home: str | None = None, parent: str | None = None) -> int:
        return await self._project(lambda db: postgres_read.count_views(db, kind, home, parent))

    def queued(self) -> tuple[int, int]:
        """(operations, bytes) in front of the writer."""
        return (0, 0) if self._writer is None else self._writer.queued()

    async def live_attempts(self) -> dict[str, int]:
        """How many attempts are open, and how many claimed, of all homes."""
        return await self._read(postgres_attempts.live)

    async def change_token(self) -> int:
        return await self._read(postgres_read.change_token)

    # attempts
    async def claim_attempt(
        self, worker: str, steps: Sequence[str], *, offers: Sequence[str] = (), loaded: str = ""
    ) -> Attempt | None:
        return await self._on_pool(lambda db: postgres_attempts.claim(db, worker, steps, offers, loaded, self._now()))

    async def release_attempt(self, id: str, worker: str) -> bool:
        return await self._on_pool(lambda db: postgres_attempts.release(db, id, worker, self._now()))

    async def beat_attempt(
        self, id: str, worker: str, *, progress: float, message: str, result: bytes | None = None
    ) -> bool:
        return await self._on_pool(
            lambda db: postgres_attempts.beat(
                db, self._now(), id, worker, progress=progress, message=message, result=result
            ),
            repeat=True,
        )

    async def finish_attempt(
        self, id: str, worker: str, state: AttemptState, *, result: bytes | None, error: bytes | None
    ) -> bool:
        check_final(state)
        return await self._on_pool(
            lambda db: postgres_attempts.finish(db, self._now(), id, worker, state, result=result, error=error)
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
        end = postgres_attempts.Ending(id, worker, state, result, error)
        return await self._on_pool(
            lambda db: postgres_attempts.finish_and_claim(db, self._now(), end, steps, offers, loaded)
        )

    async def handed(self, worker: str) -> Attempt | None:
        return await self._read(lambda db: postgres_attempts.held_by(db, worker))

    async def queue(self) -> Queue:
        return await self._read(lambda db: postgres_attempts.queue(db, self._now()))

    async def prune_shares(self) -> int:
        return await self._on_pool(postgres_shares.prune, repeat=True)

    async def attempt(self, id: str) -> Attempt | None:
        return await self._read(lambda db: postgres_attempts.by_id(db, id))

    async def attempts(self, home: str, *, job: str | None = None, open_only: bool = False) -> list[Attempt]:
        return await self._read(lambda db: postgres_attempts.of_home(db, home, job, open_only))
