"""The ledger of a world: the real one in memory, behind weather, and each process's own line to it.

Owns what is committed, as ranges of clocks: the truth that everybody's claims are held against. Invariant checked
here: a snapshot holds every row it stands for. A query runs outside of the process that asked, so a process may die
before it is sent, before it commits, or before it hears the answer.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actors.runtime.lineage import RENEWED_TYPE, unpack, updates_of
from collab.coverage import Coverage
from collab.ports import Entry
from collab.renewal import without_burial
from collab.updates import Header
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Committed, Kind, Snapshot
from storage.ledger.seal import unseal
from tests.simulation.clock import Process, outside
from tests.simulation.documents import content_of, header
from tests.simulation.trace import Trace

HOME = "prj_simulated"


class StormyLedger(MemoryLedger):
    """`slow`: seconds a query may take; `failing`: chance that an append fails, `silent`: that its answer is lost;
    `unreadable`: that a read fails."""

    def __init__(self, rnd: random.Random, trace: Trace) -> None:
        super().__init__(lambda: 1_000 + int(asyncio.get_running_loop().time() * 1000))
        self._rnd, self._trace = rnd, trace
        self.delay = self._takes_its_time
        self.slow = self.failing = self.silent = self.unreadable = 0.0
        self.coverage: dict[str, Coverage] = defaultdict(Coverage)  # of the epoch a document is in
        self.ever: dict[str, Coverage] = defaultdict(Coverage)  # of all its epochs
        self.rows: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self.renewals: Counter[str] = Counter()
        self._owners: dict[tuple[str, int], str] = {}

    def works_again(self) -> None:
        self.failing = 0.0

    def calm(self) -> None:
        self.slow = self.failing = self.silent = self.unreadable = 0.0

    async def _weather(self, failing: float) -> None:
        await asyncio.sleep(self._rnd.random() * 0.004 + self._rnd.random() * self.slow)
        if self._rnd.random() < failing:
            self._trace.note("ledger", "query fails")
            raise Unavailable("storm")

    async def _takes_its_time(self, _append: Append) -> None:
        await self._weather(0.0)

    async def append(self, append: Append) -> Committed:
        if self._rnd.random() < self.failing:
            self.fail_next("storm")
        committed = await super().append(append)
        if self._rnd.random() < self.silent:
            self._trace.note("ledger", "the answer is lost")
            raise Unavailable("the answer was lost")
        return committed

    def _commit(self, append: Append) -> Committed:
        committed = super()._commit(append)
        for at, row in enumerate(append.events):
            if row.kind is Kind.UPDATES:
                self._trace.note("ledger", f"row {committed.first_seq + at} of {row.doc}", row.body)
                entries = updates_of(row.body)
                if row.type == RENEWED_TYPE:
                    entries = [self._renewed(row.doc, entries[0])]
                for entry in entries:
                    self.rows[row.doc].append((committed.first_seq + at, entry.update))
                    self._add(row.doc, entry.principal, header(entry.update))
        return committed

    def _renewed(self, doc: str, entry: Entry) -> Entry:
        """A new epoch: it says what the old one said, under ids of its own."""
        base = without_burial(entry.update)
        before, after = content_of(self.updates(doc)), content_of([base])
        assert before == after, f"{doc} was renewed as {after}, it said {before}"
        self.renewals[doc] += 1
        self.rows[doc].clear()
        self.coverage[doc] = Coverage()
        return replace(entry, update=base)

    def _add(self, doc: str, principal: str, said: Header) -> None:
        for client, start, end in said.structs:
            owner = self._owners.setdefault((doc, client), principal)
            assert owner == principal, f"{principal} writes under an id of {owner}"
            assert not self.coverage[doc].structs.covers(client, start, end), "one struct is logged twice"
        self.coverage[doc].add(said)
        self.ever[doc].add(said)

    async def read(self, home: str, **how: Any) -> Any:
        await self._weather(self.unreadable)
        return await super().read(home, **how)

    async def snapshot(self, home: str, doc: str, **how: Any) -> Any:
        await self._weather(self.unreadable)
        return await super().snapshot(home, doc, **how)

    async def owner(self, home: str) -> Any:
        await self._weather(self.unreadable)
        return await super().owner(home)

    async def put_snapshot(self, snapshot: Snapshot, *, epoch: int) -> bool:
        await self._weather(self.failing)
        kept = await super().put_snapshot(snapshot, epoch=epoch)
        self._trace.note("ledger", f"snapshot of {snapshot.doc} at {snapshot.seq}: {kept}", snapshot.body)
        if kept:
            held = Coverage()
            held.add(header(unpack(unseal(snapshot))[0]))
            for seq, update in self.rows[snapshot.doc]:
                assert seq > snapshot.seq or held.has(header(update)), f"row {seq} is missing from its snapshot"
        return kept

    def updates(self, doc: str) -> list[bytes]:
        return [update for _, update in self.rows[doc]]


class Line:
    """One process's connection to the ledger."""

    def __init__(self, ledger: StormyLedger, process: Process) -> None:
        self._ledger, self._process = ledger, process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._ledger, name)

        async def ask(*args: Any, **how: Any) -> Any:
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            if self._process.step():
                outside(_answer(method(*args, **how), answer))
            return await answer

        return ask


async def _answer(work: Any, answer: asyncio.Future[Any]) -> None:
    try:
        result = await work
    except Exception as error:  # noqa: BLE001 (whatever the ledger says goes to whoever asked)
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(result)
