"""What the planner knows of the graph's tables, looked over again where much was written at once.

Owns when. The invariant: nobody waits for it, and leaving it out only makes answers slow: without statistics the
planner takes every project for one with a single edge, and walks all edges for each (a call of 2 ms took 190). The
server's own autovacuum comes to the same a minute later; who brings a long story in asks before that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE
from storage.ledger.errors import LedgerError
from storage.ledger.postgres_connect import Connection
from storage.ledger.protocol import View

log = logging.getLogger("storyforge.ledger")

ROWS_MIN = 500
"""Rows of graphs this process wrote before it looks. Fewer: a scene more or less changes no plan."""

ROWS_PER_LOOK = 10
"""Of so many rows in the tables, one must be new: as autovacuum has it."""

_KINDS = frozenset((GRAPH_NODE, GRAPH_EDGE))
_TABLES = "storyforge.graph_nodes, storyforge.graph_edges"
_HELD = """SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
WHERE oid IN ('storyforge.graph_nodes'::regclass, 'storyforge.graph_edges'::regclass)"""

OnPool = Callable[[Callable[[Connection], Awaitable[None]]], Awaitable[None]]


def rows_of_graphs(views: Iterable[View]) -> int:
    return sum(view.kind in _KINDS for view in views)


class Statistics:
    """`wrote` so many rows that are committed; `settled`: no look is under way."""

    def __init__(self, on_pool: OnPool) -> None:
        self._on_pool = on_pool
        self._rows, self._due = 0, ROWS_MIN
        self._task: asyncio.Task[None] | None = None

    def wrote(self, rows: int) -> None:
        """On the ledger's loop."""
        self._rows += rows
        if self._rows >= self._due and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._look(), name="ledger-statistics")

    async def _look(self) -> None:
        rows = self._rows
        try:
            await self._on_pool(self._analyze)
        except LedgerError as error:
            log.info("statistics wait for the database", extra={"code": error.code})
        self._rows -= rows

    async def _analyze(self, connection: Connection) -> None:
        await connection.execute(f"ANALYZE (SKIP_LOCKED) {_TABLES}")  # another host may be at it
        row = await (await connection.execute(_HELD)).fetchone()
        self._due = max(ROWS_MIN, int(row[0]) // ROWS_PER_LOOK if row else 0)

    async def settled(self) -> None:
        if self._task is not None:
            await self._task

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
