"""The catalogue of components in PostgreSQL, beside the ledger's tables: shared by the processes of all machines.

Owns the table `components`, made at first use. One statement a call, so a pooler in transaction mode may stand between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout, TooManyRequests

from storage.components.base import INDEX, TABLE, CatalogueBase
from storage.components.protocol import HOME_COMPONENTS_MAX
from storage.ledger.errors import LedgerError
from storage.ledger.postgres_connect import Connection, Pool, check_address, open_pool, run

_RACED = (errors.UniqueViolation, errors.DuplicateTable)
"""Two processes make the table at once: the second finds it made."""


class PostgresCatalogue(CatalogueBase):
    """See `storage.components.protocol.Catalogue`. Raises `ValueError` for an unreadable address."""

    faults = (LedgerError, psycopg.Error, PoolTimeout, TooManyRequests, OSError, TimeoutError)

    def __init__(
        self, url: str, *, home_max: int = HOME_COMPONENTS_MAX, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(home_max=home_max, clock=clock)
        check_address(url)
        self._url = url
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        async with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        async def work(connection: Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_marked(statement), tuple(values))).fetchall()

        return await run(await self._opened(), work, repeat=True)

    async def _change(self, statement: str, values: Sequence[Any]) -> int:
        async def work(connection: Connection) -> int:
            return (await connection.execute(_marked(statement), tuple(values))).rowcount

        return await run(await self._opened(), work, repeat=True)

    async def _opened(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                pool = await open_pool(self._url)
                try:
                    await run(pool, _make)
                except BaseException:
                    await pool.close()
                    raise
                self._pool = pool
            return self._pool


async def _make(connection: Connection) -> None:
    for statement in (TABLE.format(blob="BYTEA"), INDEX):
        with contextlib.suppress(*_RACED):
            await connection.execute(statement)


def _marked(statement: str) -> Any:
    return statement.replace("{}", "%s")
