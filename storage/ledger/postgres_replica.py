"""Projections from a read replica that never shows somebody less than they were told.

Owns the replica's pool and the floors: the sequence of each home that somebody in this process was told of and the
replica has not shown yet. The invariant: a read answered from the replica includes every floor; else, and whenever the
replica has any trouble, the primary answers. A floor is forgotten once the replica has reached it: it only moves on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from storage.ledger.errors import LedgerError
from storage.ledger.postgres_connect import Connection, Pool, open_pool, run, told

log = logging.getLogger(__name__)

FLOORS_MAX = 256
"""More homes than this behind, and the primary answers everything until they are reached."""

AWAY_S = 5.0
"""After a fault the replica is left alone for so long. Lower: more reads pay for its timeout."""

T = TypeVar("T")


class Replica:
    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: Pool | None = None
        self._floors: dict[str, int] = {}
        self._away_until = 0.0
        self.answered = 0
        self.passed_on = 0

    async def open(self) -> None:
        try:
            self._pool = await open_pool(self._url)
        except LedgerError as error:  # a replica is an optimisation: the primary serves
            log.warning("no read replica", extra={"error": told(error)})

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def saw(self, home: str, seq: int) -> None:
        if seq > self._floors.get(home, 0):
            self._floors[home] = seq

    async def read(self, query: Callable[[Connection], Awaitable[T]]) -> tuple[T] | None:
        """None: ask the primary."""
        now = asyncio.get_running_loop().time()
        if self._pool is None or now < self._away_until or len(self._floors) > FLOORS_MAX:
            self.passed_on += 1
            return None
        try:
            found = await run(self._pool, lambda connection: self._when_fresh(connection, query), repeat=True)
        except LedgerError as error:
            log.warning("the read replica has trouble", extra={"error": told(error)})
            self._away_until, found = now + AWAY_S, None
        if found is None:
            self.passed_on += 1
        else:
            self.answered += 1
        return found

    async def _when_fresh(self, connection: Connection, query: Callable[[Connection], Awaitable[T]]) -> tuple[T] | None:
        if self._floors:
            cursor = await connection.execute(
                "SELECT name, seq FROM storyforge.homes WHERE name = ANY (%s::text[])", (list(self._floors),)
            )
            for home, seq in await cursor.fetchall():
                if seq >= self._floors.get(home, 0):
                    self._floors.pop(home, None)
            if self._floors:
                return None
        return (await query(connection),)
