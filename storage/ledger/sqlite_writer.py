"""The one writer thread of a SQLite ledger: queue, group commit, delivery.

Owns the write connection, the file lock and the queue. The invariant: a caller hears of success only after the
transaction that holds its operation was synced; operations are tried in the order they were submitted. Operations come
from event loops, results go back with one `call_soon_threadsafe` a batch and loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from storage.ledger.errors import Conflict, Fenced, LedgerError, Unavailable
from storage.ledger.protocol import Append, Committed
from storage.ledger.sqlite_lock import FileLock
from storage.ledger.sqlite_transaction import Transaction, append, append_many, can_fail_alone

log = logging.getLogger(__name__)

BATCH_BYTES_MAX = 1024 * 1024
BATCH_OPERATIONS_MAX = 1024
LINGER_S = 0.001
"""How long a batch stays open for others, when there were others. A lone operation never waits."""

COMMIT_SPACING_S = 0.0015
"""While several streams write, one commit starts at most this often: each costs a sync and a dozen pages however little
it holds. Lower: more CPU; higher: everybody's edits are seen later. Who writes alone never waits."""

CROWD_STREAMS_MIN = 3
CROWD_COMMITS = 8
"""Several streams write when the last CROWD_COMMITS commits held so many different ones."""

QUEUE_OPERATIONS_MAX = 8192
QUEUE_BYTES_MAX = 128 * 1024 * 1024
"""What may wait. Above it the newest operation is refused with `Unavailable`."""

DISK_FAILURES_MAX = 3
"""After this many refusals by the disk in a row, the rest of a batch is refused without trying."""


@dataclass(slots=True)
class Operation:
    """`run` works inside an open transaction and may fail alone: it gets a savepoint. A plain `append` cannot fail
    after its head was checked, and is done together with its neighbours instead."""

    run: Callable[[Transaction], Any]
    append: Append | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    size_bytes: int
    home: str
    stream: str = ""


Outcome = tuple[Operation, Any, BaseException | None]


class Writer:
    """Start it, `submit` from any event loop, `stop` it (what is queued is committed first)."""

    def __init__(self, connection: sqlite3.Connection, lock: FileLock, wall_ms: Callable[[], int]) -> None:
        self._connection = connection
        self._lock = lock
        self._wall_ms = wall_ms
        self._numbers: dict[str, int] = {}
        self._queue: deque[Operation] = deque()
        self._queued_bytes = 0
        self._last_batch = 0
        self._wake_at = 1  # queue length at which the thread wants to be woken
        self._kicks: set[asyncio.AbstractEventLoop] = set()
        self._commit_at = 0.0  # when the last commit started
        self._recent: deque[frozenset[str]] = deque(maxlen=CROWD_COMMITS)  # streams of the last commits
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="ledger-writer", daemon=True)
        self.committed_batches = 0
        self.committed_operations = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the queue is empty and the thread has ended."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def queued(self) -> tuple[int, int]:
        """(operations, bytes) that wait for a transaction; read without the lock, so of about now."""
        return len(self._queue), self._queued_bytes

    def submit_append(self, new: Append) -> asyncio.Future[Committed]:
        """As `submit`."""
        plain = None if can_fail_alone(new) else new
        stream = f"{new.home} {new.events[0].doc}" if new.events else new.home
        return self.submit(partial(_append, new), new.size_bytes(), new.home, plain, stream)

    def submit(
        self,
        run: Callable[[Transaction], Any],
        size_bytes: int = 64,
        home: str = "",
        append: Append | None = None,
        stream: str = "",
    ) -> asyncio.Future[Any]:
        """Queue an operation of the running loop. Raises `Unavailable` when closed or full."""
        loop = asyncio.get_running_loop()
        operation = Operation(run, append, loop.create_future(), loop, size_bytes, home, stream)
        with self._changed:
            if self._stopping:
                raise Unavailable("the ledger is closed")
            full = len(self._queue) >= QUEUE_OPERATIONS_MAX or self._queued_bytes + size_bytes > QUEUE_BYTES_MAX
            if full and self._queue:
                raise Unavailable("the ledger's queue is full")
            self._queue.append(operation)
            self._queued_bytes += size_bytes
            first = loop not in self._kicks
            self._kicks.add(loop)
        if first:  # one waking for all that this turn of the loop submits: waking a thread costs more than queueing
            loop.call_soon(self._kick, loop)
        return operation.future

    def _kick(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._changed:
            self._kicks.discard(loop)
            if len(self._queue) >= self._wake_at or self._queued_bytes >= BATCH_BYTES_MAX:
                self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._stopping:
                    self._changed.wait()
                if not self._queue:
                    return
                batch = self._take_batch()
            self._deliver(self._commit(batch))

    def _take_batch(self) -> list[Operation]:
        """Called with the condition held, at least one operation queued."""
        now = time.monotonic()
        crowd = max(self._last_batch // 2, len(self._queue))  # half of who was here last time is coming back
        if len(frozenset().union(*self._recent)) >= CROWD_STREAMS_MIN and now - self._commit_at < COMMIT_SPACING_S:
            self._linger(self._commit_at + COMMIT_SPACING_S, BATCH_OPERATIONS_MAX)
        elif crowd > 1:
            self._linger(now + LINGER_S, crowd)
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
        self._commit_at = time.monotonic()
        self._recent.append(frozenset(operation.stream for operation in batch))
        return batch

    def _linger(self, deadline: float, crowd: int) -> None:
        """Wait for others, with the condition held, until so many are here."""
        self._wake_at = crowd
        while len(self._queue) < crowd and self._queued_bytes < BATCH_BYTES_MAX and not self._stopping:
            left = deadline - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                break
        self._wake_at = 1

    def _commit(self, batch: list[Operation]) -> list[Outcome]:
        try:
            return self._transact(batch)
        except Exception as error:  # noqa: BLE001 - the thread outlives whatever an operation does
            if len(batch) == 1 or isinstance(error, Unavailable):
                return [(operation, None, as_ledger_error(error, operation.home)) for operation in batch]
        outcomes: list[Outcome] = []
        refused = 0
        for operation in batch:  # one by one: whoever cannot be stored does not harm its neighbours
            if refused >= DISK_FAILURES_MAX:
                outcomes.append((operation, None, Unavailable("the disk refuses writes")))
                continue
            outcome = self._commit([operation])[0]
            refused = refused + 1 if isinstance(outcome[2], Unavailable) else 0
            outcomes.append(outcome)
        return outcomes

    def _transact(self, batch: list[Operation]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self._lock.acquire()
        try:
            transaction = Transaction(self._connection, self._wall_ms(), self._numbers)
            self._connection.execute("BEGIN IMMEDIATE")
            for plain, operations in itertools.groupby(batch, lambda operation: operation.append is not None):
                if plain:
                    outcomes.extend(_append_all(list(operations), transaction))
                else:
                    outcomes.extend(self._run(operation, transaction) for operation in operations)
            transaction.flush()
            self._connection.execute("COMMIT")
        except BaseException:
            self._numbers.clear()
            with contextlib.suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise
        finally:
            self._lock.release()
        self.committed_batches += 1
        self.committed_operations += len(batch)
        return outcomes

    def _run(self, operation: Operation, transaction: Transaction) -> Outcome:
        """Refusals (fenced, owned, conflict) are outcomes; anything else ends the transaction."""
        self._connection.execute("SAVEPOINT one")
        try:
            value = operation.run(transaction)
        except (LedgerError, sqlite3.IntegrityError) as refusal:
            self._numbers.clear()
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return operation, None, as_ledger_error(refusal, operation.home)
        self._connection.execute("RELEASE one")
        return operation, value, None

    def _deliver(self, outcomes: list[Outcome]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome[0].loop, []).append(outcome)
        for loop, mine in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_settle, mine)


def _append(new: Append, transaction: Transaction) -> Committed:
    return append(transaction, new)


def _append_all(operations: list[Operation], transaction: Transaction) -> list[Outcome]:
    results = append_many(transaction, [operation.append for operation in operations if operation.append])
    return [
        (operation, None, result) if isinstance(result, Fenced) else (operation, result, None)
        for operation, result in zip(operations, results, strict=True)
    ]


def _settle(outcomes: list[Outcome]) -> None:
    for operation, value, error in outcomes:
        if operation.future.done():
            continue
        if error is None:
            operation.future.set_result(value)
        else:
            operation.future.set_exception(error)


def as_ledger_error(error: BaseException, home: str) -> BaseException:
    """What a caller sees of a database fault: `Conflict` for a repeated key, else `Unavailable`; our own stay."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError | sqlite3.DataError | OverflowError):
        return ValueError(str(error))
    if not isinstance(error, sqlite3.Error | OSError):
        return error
    if isinstance(error, sqlite3.IntegrityError):
        what = "response" if "responses." in str(error) else "attempt"
        return Conflict(home, what)
    log.error("ledger write failed", extra={"error": type(error).__name__, "detail": str(error)})
    return Unavailable(f"{type(error).__name__}: {error}")
