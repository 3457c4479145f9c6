"""The one writer of a PostgreSQL ledger in a process: queue, group commit, delivery.

Owns one connection and the queue. The invariants: a caller hears of success only after the transaction that holds its
operation was committed; operations of one home are tried in the order they were submitted; when a connection dies with
a commit under way, nobody knows what became of it, so its appends, and those of the same homes queued behind them, are
answered `Unavailable`, and their owners read the head.

Runs on the loop that opened the ledger; other loops may submit.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from storage.ledger.errors import LedgerError, Unavailable
from storage.ledger.postgres_append import Batch, commit
from storage.ledger.postgres_connect import (
    AGAIN,
    ANSWER_S_MAX,
    RETRIES_MAX,
    Connection,
    as_ledger_error,
    connect,
    is_loss,
    is_pooled,
    told,
)
from storage.ledger.postgres_time import TestClock, now_of
from storage.ledger.protocol import Append, Committed

log = logging.getLogger(__name__)

BATCH_BYTES_MAX = 1024 * 1024
BATCH_OPERATIONS_MAX = 1024
LINGER_S = 0.001
"""How long a batch stays open for others, when there were others. A lone operation never waits."""

QUEUE_OPERATIONS_MAX = 8192
QUEUE_BYTES_MAX = 128 * 1024 * 1024
"""What may wait. Above it the newest operation is refused with `Unavailable`."""

REFUSALS_MAX = 3
"""After this many refusals by the database in a row, the rest of a batch is refused without trying."""

Run = Callable[[Connection], Awaitable[Any]]


@dataclass(slots=True, eq=False)
class Operation:
    """An append, or something else that keeps its place among the appends of its home."""

    home: str
    append: Append | None
    run: Run | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    size_bytes: int


class Lost(Exception):
    """The connection died, or did not answer; what was under way is unknown."""


class Writer:
    """Start it, `submit` from any event loop, `stop` it (what is queued is committed first)."""

    def __init__(self, url: str, clock: TestClock = None) -> None:
        self._url, self._clock = url, clock
        self._queue: deque[Operation] = deque()
        self._queued_bytes = 0
        self._last_batch = 0
        self._connection: Connection | None = None
        self._prepare = False
        self._stopping = False
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self.committed_batches = 0
        self.committed_operations = 0
        self.reconnects = 0

    def start(self) -> None:
        self._task = self._loop.create_task(self._work(), name="ledger-writer")

    async def stop(self) -> None:
        """Returns when the queue is empty and the connection closed."""
        self._stopping = True
        self._changed.set()
        if self._task is not None:
            await self._task
        await self._drop()

    def queued(self) -> tuple[int, int]:
        """(operations, bytes) that wait for a transaction."""
        return len(self._queue), self._queued_bytes

    def submit_append(self, new: Append) -> asyncio.Future[Committed]:
        return self._submit(new.home, new, None, new.size_bytes())

    def submit(self, home: str, run: Run) -> asyncio.Future[Any]:
        return self._submit(home, None, run, 64)

    def _submit(self, home: str, append: Append | None, run: Run | None, size_bytes: int) -> asyncio.Future[Any]:
        """Queue an operation of the running loop. Raises `Unavailable` when closed or full."""
        loop = asyncio.get_running_loop()
        if self._stopping:
            raise Unavailable("the ledger is closed")
        full = len(self._queue) >= QUEUE_OPERATIONS_MAX or self._queued_bytes + size_bytes > QUEUE_BYTES_MAX
        if full and self._queue:
            raise Unavailable("the ledger's queue is full")
        operation = Operation(home, append, run, loop.create_future(), loop, size_bytes)
        if loop is self._loop:
            self._put(operation)
        else:
            self._loop.call_soon_threadsafe(self._put, operation)
        return operation.future

    def _put(self, operation: Operation) -> None:
        if self._stopping and (self._task is None or self._task.done()):
            _settle(operation, None, Unavailable("the ledger is closed"))
            return
        self._queue.append(operation)
        self._queued_bytes += operation.size_bytes
        self._changed.set()

    async def _work(self) -> None:
        while self._queue or not self._stopping:
            if not self._queue:
                self._changed.clear()
                await self._changed.wait()
                continue
            await self._linger()
            batch = self._take_batch()
            try:
                await self._commit(batch)
            except Exception as error:  # the writer outlives whatever an operation does
                log.exception("the ledger's writer failed")
                for operation in batch:
                    _settle(operation, None, Unavailable(f"{type(error).__name__}"))

    async def _linger(self) -> None:
        """Half of who was here last time is coming back: wait for them, a moment at most."""
        crowd = self._last_batch // 2
        if crowd <= 1 or self._stopping:
            return
        until = self._loop.time() + LINGER_S
        while len(self._queue) < crowd and self._queued_bytes < BATCH_BYTES_MAX and not self._stopping:
            left = until - self._loop.time()
            if left <= 0:
                return
            self._changed.clear()
            timer = self._loop.call_later(left, self._changed.set)
            await self._changed.wait()
            timer.cancel()

    def _take_batch(self) -> list[Operation]:
        batch: list[Operation] = []
        size = 0
        while self._queue and len(batch) < BATCH_OPERATIONS_MAX:
            if batch and size + self._queue[0].size_bytes > BATCH_BYTES_MAX:
                break
            operation = self._queue.popleft()
            size += operation.size_bytes
            batch.append(operation)
        self._queued_bytes -= size
        self._last_batch = len(batch)
        return batch

    async def _commit(self, batch: Sequence[Operation]) -> None:
        """One statement for as many as go together, in order; the rest after it."""
        left = deque(batch)
        while left:
            together, first = Batch(), left[0]
            taken: list[Operation] = []
            while left and left[0].append is not None and together.add(left[0].append):
                taken.append(left.popleft())
            try:
                if taken:
                    await self._append(together, taken)
                else:
                    await self._run(left.popleft())
            except Lost as lost:
                self._refuse_behind({operation.home for operation in taken or [first]}, left, str(lost))

    async def _append(self, together: Batch, taken: list[Operation]) -> None:
        """Settle each. Raises `Lost` after settling, when what was under way is unknown."""
        try:
            rows = await self._try(lambda connection: self._send(connection, together))
        except Lost as lost:
            for operation in taken:
                _settle(operation, None, Unavailable(str(lost)))
            raise
        except (psycopg.Error, ValueError, LedgerError) as error:
            if len(taken) > 1 and not isinstance(error, LedgerError):
                await self._one_by_one(taken)
            else:
                for operation in taken:
                    _settle(operation, None, as_ledger_error(error, operation.home))
            return
        self.committed_batches += 1
        by_append = {id(operation.append): operation for operation in taken}
        alone: list[Operation] = []
        for append, outcome in together.outcomes(rows):
            operation = by_append[id(append)]
            if outcome is None:
                alone.append(operation)
            elif isinstance(outcome, Committed):
                self.committed_operations += 1
                _settle(operation, outcome, None)
            else:
                _settle(operation, None, outcome)
        await self._one_by_one(alone)

    async def _send(self, connection: Connection, together: Batch) -> list[tuple[Any, ...]]:
        return await commit(connection, together, now_of(self._clock), prepare=self._prepare)

    async def _one_by_one(self, operations: list[Operation]) -> None:
        """Whoever cannot be stored does not harm its neighbours."""
        refused, lost_homes = 0, set[str]()
        for operation in operations:
            if refused >= REFUSALS_MAX or operation.home in lost_homes or operation.append is None:
                _settle(operation, None, Unavailable("the database refuses writes"))
                continue
            single = Batch()
            single.add(operation.append)
            try:
                await self._append(single, [operation])
            except Lost:
                lost_homes.add(operation.home)
            error = operation.future.exception() if _failed(operation) else None
            refused = refused + 1 if isinstance(error, Unavailable) else 0

    async def _run(self, operation: Operation) -> None:
        assert operation.run is not None
        try:
            value = await self._try(operation.run)
        except Lost as lost:
            _settle(operation, None, Unavailable(str(lost)))
            raise
        except (psycopg.Error, ValueError, LedgerError) as error:
            _settle(operation, None, as_ledger_error(error, operation.home))
        else:
            _settle(operation, value, None)

    async def _try(self, run: Run) -> Any:
        """Run it; what the database itself undid is tried again. Raises `Lost`, `psycopg.Error`, `Unavailable`."""
        for attempt in range(RETRIES_MAX):
            connection = await self._connected()
            try:
                async with asyncio.timeout(ANSWER_S_MAX):
                    return await run(connection)
            except AGAIN as undone:
                last = undone
                await asyncio.sleep(random.uniform(0, 0.002 * 2**attempt))
            except TimeoutError:
                await self._drop()
                raise Lost("the database did not answer in time") from None
            except psycopg.Error as error:
                if connection.closed or is_loss(error):
                    await self._drop()
                    raise Lost(f"the connection was lost: {told(error)}") from error
                raise
        raise Unavailable(f"the database kept undoing the append: {told(last)}")

    async def _connected(self) -> Connection:
        """A connection that was alive a moment ago; a new one if the server closed it while it was idle."""
        if self._connection is not None and _is_dead(self._connection):
            await self._drop()
        if self._connection is None:
            self._connection = await connect(self._url)
            self._prepare = not await is_pooled(self._connection)
            self.reconnects += 1
        return self._connection

    async def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
        self._connection = None

    def _refuse_behind(self, homes: set[str], left: deque[Operation], why: str) -> None:
        for waiting in (left, self._queue):
            for operation in [each for each in waiting if each.home in homes]:
                waiting.remove(operation)
                if waiting is self._queue:
                    self._queued_bytes -= operation.size_bytes
                _settle(operation, None, Unavailable(why))


def _is_dead(connection: Connection) -> bool:
    """Reads what came while nobody asked: the server's farewell, or the end of the stream."""
    if connection.closed:
        return True
    try:
        for _ in range(2):  # the farewell, then the end
            connection.pgconn.consume_input()
    except psycopg.Error:
        return True
    return connection.pgconn.status != psycopg.pq.ConnStatus.OK


def _failed(operation: Operation) -> bool:
    return operation.future.done() and not operation.future.cancelled()


def _settle(operation: Operation, value: Any, error: BaseException | None) -> None:
    if operation.loop is asyncio.get_running_loop():
        _set(operation.future, value, error)
    else:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            operation.loop.call_soon_threadsafe(_set, operation.future, value, error)


def _set(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
