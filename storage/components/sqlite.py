"""The catalogue of components on a SQLite file of its own, shared by the processes of one machine.

Owns that file. A damaged one is put aside (`.damaged`) and begun anew: what it named can be made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from storage.components.base import INDEX, TABLE, CatalogueBase
from storage.components.protocol import HOME_COMPONENTS_MAX

BUSY_S_MAX = 1.0
"""How long a call waits for other processes before it is a miss."""

RETRY_S = 0.01

CALLS_WAITING_MAX = 256
SCHEMA_VERSION = 1

T = TypeVar("T")


class SqliteCatalogue(CatalogueBase):
    """See `storage.components.protocol.Catalogue`."""

    faults = (sqlite3.Error, OSError, asyncio.QueueFull)

    def __init__(
        self, path: Path, *, home_max: int = HOME_COMPONENTS_MAX, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(home_max=home_max, clock=clock)
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._waiting = 0

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await self._run(lambda db: db.execute(_marked(statement), tuple(values)).fetchall())

    async def _change(self, statement: str, values: Sequence[Any]) -> int:
        return await self._run(lambda db: db.execute(_marked(statement), tuple(values)).rowcount)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._waiting >= CALLS_WAITING_MAX:
            raise asyncio.QueueFull("too many calls wait for the catalogue")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="components")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, work)
        finally:
            self._waiting -= 1

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = self._patiently()
            return work(self._connection)
        except sqlite3.OperationalError:  # full, busy, unwritable: the file is sound
            raise
        except sqlite3.DatabaseError:  # malformed, or no database at all
            self._put_aside()
            raise

    def _patiently(self) -> sqlite3.Connection:
        """Two processes that make the file in one moment: SQLite waits for nobody where a journal becomes a WAL."""
        until = time.monotonic() + BUSY_S_MAX
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError:
                if time.monotonic() >= until:
                    raise
                time.sleep(RETRY_S)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=BUSY_S_MAX)
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchone()
            db.execute("PRAGMA synchronous = FULL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise sqlite3.DatabaseError(f"components schema {version}")
            db.execute(TABLE.format(blob="BLOB"))
            db.execute(INDEX)
            if version == 0:
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            db.close()
            raise
        return db

    def _put_aside(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        with contextlib.suppress(OSError):
            self.path.replace(f"{self.path}.damaged")
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)


def _marked(statement: str) -> str:
    return statement.replace("{}", "?")
