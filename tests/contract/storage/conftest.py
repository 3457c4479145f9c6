"""Every implementation of the ledger, with a clock the test turns. A new one is one more entry in `MAKERS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from storage.ledger.clock import Clocks
from storage.ledger.memory import MemoryLedger
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append, Claim, HostRow, Kind, Ledger, NewEvent
from storage.ledger.sqlite import SqliteLedger


@dataclass
class Clock:
    now: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


MAKERS: dict[str, Callable[[Any, Clock], Ledger]] = {
    "memory": lambda given, clock: MemoryLedger(clock),
    "sqlite": lambda given, clock: SqliteLedger(given("tmp_path") / "ledger.db", clocks=Clocks(clock, clock, "boot")),
    "postgres": lambda given, clock: PostgresLedger(given("postgres_url"), clock=clock),
    "pgbouncer": lambda given, clock: PostgresLedger(given("pgbouncer_url"), clock=clock),  # S-85
}


@dataclass
class World:
    ledger: Ledger
    clock: Clock

    def host(self, name: str = "host_a", incarnation: str = "i1") -> HostRow:
        return HostRow(name, incarnation, 4242, "127.0.0.1:7000")

    async def own(self, home: str = "prj_1", host: HostRow | None = None, ttl_ms: int = 5_000) -> Claim:
        host = await self.ledger.heartbeat(host or self.host(), ttl_ms)
        return await self.ledger.claim(home, host)

    async def write(self, claim: Claim, seq: int, *events: NewEvent) -> int:
        rows = events or (event(),)
        return (await self.ledger.append(Append(claim.home, claim.epoch, seq, rows))).last_seq


def event(doc: str = "scene:s1", body: bytes = b"x", kind: Kind = Kind.EVENT, scene: str | None = None) -> NewEvent:
    return NewEvent(doc, kind, "thing.happened", body, scene=scene)


@pytest.fixture(params=sorted(MAKERS))
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = Clock()
    ledger = MAKERS[request.param](request.getfixturevalue, clock)
    await ledger.open()
    yield World(ledger, clock)
    await ledger.close()


@pytest.fixture
def make() -> Callable[..., NewEvent]:
    return event
