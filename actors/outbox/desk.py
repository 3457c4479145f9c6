"""Dispatches the outbox of one owned home: one lane a target, retries with backoff, marks by fenced appends.

Owns the entries that wait, in memory, as a view of their rows: a new owner reads them again. Invariants: an entry
leaves memory only after the append that took its row away; a mark that is fenced ends here and the next owner asks the
receiver again, under the same id; a home without entries has no task. Entries come from commits (`added`) and the scan
on activation; outcomes go to rows.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from actors.commands import CommandError
from actors.outbox.protocol import (
    DEAD,
    DELIVERED,
    WAITING,
    Confirmed,
    Entry,
    Failed,
    Hopeless,
    OutboxLimits,
    OutboxReceiver,
    Outcome,
)
from actors.runtime.clock import Clock
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Committed, Ledger, StoredResponse, View

logger = logging.getLogger("storyforge.outbox")

SCAN_ROWS = 500
RETRY_MARK_MS = 1_000
"""After an outcome that could not be written down, the receiver is asked again, since nobody else knows it."""

SOON_MS = 60_000
"""A home whose next entry is due within this stays with its owner instead of being given back meanwhile."""

Write = Callable[[Sequence[View], StoredResponse | None], Awaitable[Committed]]
Stands = Callable[[Entry], str | None]
Gone = Callable[[Entry, str], Awaitable[None]]


class Outbox:
    """`stands`: what is wrong with an entry's target ("": nothing, None: there is no such target and the entry is
    forgotten); `gone`: a receiver said that a target is gone."""

    def __init__(
        self,
        home: str,
        ledger: Ledger,
        write: Write,
        receivers: Mapping[str, OutboxReceiver],
        clock: Clock,
        now_ms: Callable[[], int],
        *,
        stands: Stands = lambda entry: "",
        gone: Gone | None = None,
        limits: OutboxLimits | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.home, self.limits = home, limits or OutboxLimits()
        self._ledger, self._write, self._receivers = ledger, write, receivers
        self._clock, self._now_ms, self._chance = clock, now_ms, chance
        self._stands, self._gone = stands, gone
        self._waiting: dict[str, Entry] = {}
        self._flying: dict[str, asyncio.Task[None]] = {}  # by target
        self._more = False  # rows that did not fit into memory
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    # what the home uses
    async def scan(self) -> None:
        """Take over whatever waits: on activation. Raises `LedgerError`."""
        after: tuple[str, str] | None = None
        self._more = False
        while True:
            rows = await self._ledger.views(WAITING, home=self.home, after=after, limit=SCAN_ROWS)
            self.added(Entry.of(row) for row in rows if row.body is not None)
            if len(rows) < SCAN_ROWS:
                return
            if len(self._waiting) >= self.limits.loaded_max:
                self._more = True
                return
            after = rows[-1].order_key, rows[-1].id

    def rows(self, entries: Iterable[Entry]) -> list[View]:
        """The rows of entries about to be committed: waiting, or dead at once where too many wait."""
        count = Counter(entry.target for entry in self._waiting.values())
        found: list[View] = []
        for entry in entries:
            count[entry.target] += 1
            over = count[entry.target] > self.limits.waiting_max
            kept = replace(entry, problem="OVERFLOW", done_ms=entry.at_ms) if over else entry
            found.append(kept.row(DEAD if over else WAITING))
        return found

    def added(self, entries: Iterable[Entry]) -> None:
        """They are committed."""
        for entry in entries:
            self._waiting.setdefault(entry.id, entry)
        if self._waiting and not self._closed:
            self._rung.set()
            if self._task is None or self._task.done():
                self._task = asyncio.get_running_loop().create_task(self._run(), name=f"outbox-{self.home}")

    def committed(self, rows: Iterable[View]) -> None:
        """As `added`, of the rows that `rows` made."""
        self.added(Entry.of(row) for row in rows if row.kind == WAITING and row.body is not None)

    async def put_back(self, id: str, response: StoredResponse | None = None) -> Committed:
        """Deliver a dead or confirmed entry once more, under its id. Raises `CommandError`, `LedgerError`."""
        for kind in (DEAD, DELIVERED):
            row = await self._ledger.view(kind, id)
            if row is not None and row.body is not None and row.home == self.home:
                entry = Entry.of(row).again()
                rows = [entry.no_row(kind), entry.row(WAITING)]
                committed = await self._write(rows, response)
                self._waiting[id] = entry  # also over the one whose confirmation was written a moment ago
                self.added(())
                return committed
        if id in self._waiting:
            raise CommandError("ALREADY_WAITING", "it is on its way already", ("input", "deliveryId"))
        raise CommandError("NOT_FOUND", "there is no such delivery", ("input", "deliveryId"))

    @property
    def busy(self) -> bool:
        """Something is under way, or will be soon."""
        soon = self._now_ms() + SOON_MS
        return bool(self._flying) or any(entry.due_ms <= soon for entry in self._waiting.values() if self._knows(entry))

    def report(self) -> dict[str, Any]:
        """{waiting, flying, unknown: {kind: entries nobody here can deliver}}."""
        unknown = Counter(entry.kind for entry in self._waiting.values() if not self._knows(entry))
        return {"waiting": len(self._waiting), "flying": len(self._flying), "unknown": dict(unknown)}

    def close(self) -> None:
        """Nothing more goes out. What is under way may have arrived: the next owner asks again, under the same id."""
        self._closed = True
        for task in (self._task, *self._flying.values()):
            if task is not None:
                task.cancel()
        self._waiting.clear()

    # the loop
    async def _run(self) -> None:
        while not self._closed:
            self._rung.clear()
            for entry in self._due():
                work = asyncio.get_running_loop().create_task(self._one(entry), name=f"outbox-{entry.id}")
                self._flying[entry.target] = work
                work.add_done_callback(partial(self._landed, entry.target))
            if not self._waiting and not self._flying:
                if not self._more:
                    return
                await self._refill()
                continue
            wait_ms = self._next_ms()
            ringing = asyncio.ensure_future(self._rung.wait())
            try:
                if wait_ms is None:
                    await ringing
                else:
                    sleeping = asyncio.ensure_future(self._clock.sleep(wait_ms / 1000))
                    try:
                        await asyncio.wait({ringing, sleeping}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        sleeping.cancel()
            finally:
                ringing.cancel()

    async def _refill(self) -> None:
        try:
            await self.scan()
        except LedgerError as error:
            logger.info("an outbox waits", extra={"home": self.home, "code": error.code})
            await self._clock.sleep(RETRY_MARK_MS / 1000)

    def _due(self) -> list[Entry]:
        """Of each lane that rests the entry to try now."""
        now, room = self._now_ms(), self.limits.in_flight_max - len(self._flying)
        return [entry for entry in self._heads() if entry.due_ms <= now][: max(0, room)]

    def _heads(self) -> list[Entry]:
        """What each resting lane would try next. Ordered lanes: their first; others: what is due first."""
        lanes: dict[str, Entry] = {}
        for entry in self._waiting.values():
            if entry.target in self._flying or not self._knows(entry):
                continue
            best = lanes.get(entry.target)
            if best is None or self._rank(entry) < self._rank(best):
                lanes[entry.target] = entry
        return sorted(lanes.values(), key=lambda entry: (entry.due_ms, entry.seq))

    def _rank(self, entry: Entry) -> tuple[int, int, str]:
        due_ms = 0 if self._receivers[entry.kind].ordered else entry.due_ms
        return due_ms, entry.seq, entry.id

    def _next_ms(self) -> int | None:
        if len(self._flying) >= self.limits.in_flight_max:
            return None
        heads = self._heads()
        return max(1, heads[0].due_ms - self._now_ms()) if heads else None

    def _knows(self, entry: Entry) -> bool:
        return entry.kind in self._receivers

    def _landed(self, target: str, _done: asyncio.Task[None]) -> None:
        self._flying.pop(target, None)
        self._rung.set()

    # one try
    async def _one(self, entry: Entry) -> None:
        wrong = self._stands(entry)
        outcome = await self._ask(entry) if wrong == "" else Hopeless(wrong or "")
        rows = [entry.no_row(WAITING)] if wrong is None else await self._marks(entry, outcome)
        try:
            await self._write(rows, None)
        except (LedgerError, CommandError) as error:  # fenced: the next owner asks; else we do
            logger.info("an outcome could not be written", extra={"home": self.home, "code": error.code})
            if self._waiting.get(entry.id) is entry:
                self._waiting[entry.id] = replace(entry, due_ms=self._now_ms() + RETRY_MARK_MS)
            return
        left = next((row for row in rows if row.kind == WAITING and row.body is not None), None)
        if self._waiting.get(entry.id) is entry:
            del self._waiting[entry.id]
            self.added([Entry.of(left)] if left is not None else ())
        if isinstance(outcome, Hopeless) and outcome.gone and self._gone is not None:
            await self._gone(entry, outcome.problem)

    async def _ask(self, entry: Entry) -> Outcome:
        try:
            return await self._receivers[entry.kind].deliver(entry)
        except Exception as error:
            logger.warning("a receiver failed", exc_info=error, extra={"home": self.home, "entry": entry.id})
            return Failed(type(error).__name__)

    async def _marks(self, entry: Entry, outcome: Outcome) -> list[View]:
        now, tries = self._now_ms(), entry.tries + 1
        tried = replace(entry, tries=tries, status=outcome.status, done_ms=now)
        if isinstance(outcome, Confirmed):
            gone = await self._oldest(DELIVERED, entry.target, self.limits.delivered_max)
            kept = replace(tried, problem="").row(DELIVERED)
            return [entry.no_row(WAITING), kept, *gone]
        tried = replace(tried, problem=outcome.problem)
        if isinstance(outcome, Failed) and tries < self.limits.tries_max:
            wait_ms = max(outcome.after_ms, self._backoff_ms(tries))
            due_ms = now + min(wait_ms, self.limits.retry_ms_max)
            return [replace(tried, done_ms=0, due_ms=due_ms).row(WAITING)]
        gone = await self._oldest(DEAD, entry.target, self.limits.dead_max)
        if gone:
            logger.warning("dead entries are forgotten", extra={"home": self.home, "entries": len(gone)})
        logger.warning("an entry is dead", extra={"home": self.home, "entry": entry.id, "problem": outcome.problem})
        return [entry.no_row(WAITING), tried.row(DEAD), *gone]

    def _backoff_ms(self, tries: int) -> int:
        whole = min(self.limits.retry_ms_max, self.limits.retry_ms_min * 4 ** min(tries - 1, 30))
        return int(whole * (0.5 + self._chance() / 2))

    async def _oldest(self, kind: str, target: str, most: int) -> list[View]:
        """Rows to take away so that one more fits."""
        try:
            over = await self._ledger.count_views(kind, parent=target) + 1 - most
            rows = await self._ledger.views(kind, parent=target, limit=over) if over > 0 else []
        except LedgerError:
            return []  # the next one makes the room
        return [View(kind, row.id, self.home, target, "", None) for row in rows if row.home == self.home]
