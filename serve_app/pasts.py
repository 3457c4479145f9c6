"""The past of documents, rebuilt from the ledger beside the loop that asks.

Owns the histories this process keeps and the bounds of the work. The invariant: no room and no owner is asked; a
history is extended to the head by the rows after it and then questioned, both in a thread, one at a time for each
document. Rows come from the ledger's reading half, answers go to GraphQL and `/history`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar, cast

from actors.runtime.lineage import RENEWED_TYPE, updates_of
from collab.history import Author, History, HistoryLimits, Row
from collab.notes import Comment, Notes
from storage.ledger.protocol import Event, Kind

T = TypeVar("T")

READ_ROWS = 1_000
ROOT = "script"


class Rows(Protocol):
    async def read(
        self,
        home: str,
        *,
        doc: str | None = None,
        after: int = 0,
        upto: int | None = None,
        kinds: tuple[Kind, ...] | None = None,
        limit: int = 1000,
    ) -> list[Event]: ...


@dataclass(frozen=True, slots=True)
class PastLimits:
    """`kept`: histories in memory, the one longest unused is let go. `at_once`: questions worked on at the same time;
    threads share the interpreter, so more only makes every answer later. `waiting_max`: questions under way or waiting.
    Over: `Busy`, retryable.
    """

    kept: int = 16
    at_once: int = 2
    waiting_max: int = 512
    history: HistoryLimits = field(default_factory=HistoryLimits)


class Busy(Exception):
    """More people look back than this process can serve now."""

    code = "BUSY"
    retryable = True

    def __init__(self, waiting_max: int) -> None:
        super().__init__(waiting_max)
        self.waiting_max = waiting_max

    def __str__(self) -> str:
        return f"{self.waiting_max} questions about the past are waiting already. Try again in a moment."


Kept = History | Notes
K = TypeVar("K", History, Notes)


class Pasts:
    def __init__(self, rows: Rows, limits: PastLimits | None = None) -> None:
        self._rows, self._limits = rows, limits or PastLimits()
        self._kept: OrderedDict[tuple[str, str], tuple[Kept, asyncio.Lock]] = OrderedDict()
        self._gate = asyncio.Semaphore(self._limits.at_once)
        self._waiting = 0

    async def ask(self, home: str, doc: str, question: Callable[[History], T]) -> T:
        """The question's answer on the document's text with all that is committed now.

        Raises `Busy`, `collab.close_codes.TooLarge` and the ledger's `Unavailable`.
        """
        return await self._ask(home, doc, partial(History, ROOT, self._limits.history), question)

    async def notes(self, home: str, scene: str) -> list[Comment]:
        """The comments of a scene as they are committed now, oldest first. Raises as `ask` does."""
        return await self._ask(home, f"notes:{scene}", Notes, Notes.comments)

    async def _ask(self, home: str, doc: str, make: Callable[[], K], question: Callable[[K], T]) -> T:
        if self._waiting >= self._limits.waiting_max:
            raise Busy(self._limits.waiting_max)
        self._waiting += 1
        try:
            kept, lock = self._of(home, doc, make)
            async with lock, self._gate:
                try:
                    await self._extend(kept, home, doc)
                except BaseException:
                    self._kept.pop((home, doc), None)  # it may have stopped in the middle of a row
                    raise
                return await asyncio.to_thread(question, kept)
        finally:
            self._waiting -= 1

    def _of(self, home: str, doc: str, make: Callable[[], K]) -> tuple[K, asyncio.Lock]:
        kept = self._kept.get((home, doc))
        if kept is None:
            kept = self._kept[home, doc] = (make(), asyncio.Lock())
        self._kept.move_to_end((home, doc))
        while len(self._kept) > self._limits.kept:
            self._kept.popitem(last=False)
        return cast(tuple[K, asyncio.Lock], kept)  # a document's name decides what is kept of it

    async def _extend(self, kept: Kept, home: str, doc: str) -> None:
        while True:
            rows = await self._rows.read(home, doc=doc, after=kept.seq, kinds=(Kind.UPDATES,), limit=READ_ROWS)
            if rows:
                await asyncio.to_thread(_take, kept, rows)
            if len(rows) < READ_ROWS:
                return


def _take(kept: Kept, rows: list[Event]) -> None:
    kept.extend(_row(row) for row in rows)


def _row(row: Event) -> Row:
    entries = [(Author(entry.principal, entry.name), entry.update) for entry in updates_of(row.body)]
    return Row(row.seq, row.at_ms, entries, renewed=row.type == RENEWED_TYPE)
