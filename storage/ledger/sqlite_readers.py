"""A few read connections, each in its own thread.

Owns the connections and the bound on waiting reads. The invariant: a read never waits for a writer (WAL), and sees
every commit acknowledged before it began.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from storage.ledger.errors import Unavailable
from storage.ledger.sqlite_schema import connect

READ_THREADS = 3
READS_WAITING_MAX = 2048
"""Reads in flight. Above it the newest is refused with `Unavailable`."""

T = TypeVar("T")


class Readers:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="ledger-read")
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._waiting = 0

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Raises `Unavailable` for a database fault, a closed ledger or too many reads."""
        if self._waiting >= READS_WAITING_MAX:
            raise Unavailable("too many reads wait")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._query, query)
        except RuntimeError as error:
            raise Unavailable("the ledger is closed") from error
        finally:
            self._waiting -= 1

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = connect(self._path, read_only=True)
                self._open.append(connection)
            return query(connection)
        except sqlite3.Error as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        for connection in self._open:
            connection.close()
        self._open.clear()
