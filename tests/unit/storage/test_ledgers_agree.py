"""Memory, SQLite and PostgreSQL give the same answers to the same story (S-09).

Simulations run on the memory ledger; what they prove holds in production only if all are one ledger. Random stories of
hosts, claims, appends (good, stale, repeated), snapshots and workers are told to each under one clock.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.ledger.clock import Clocks
from storage.ledger.errors import LedgerError, Owned
from storage.ledger.memory import MemoryLedger
from storage.ledger.places import places
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import (
    Append,
    AttemptState,
    Claim,
    HostRow,
    Kind,
    Ledger,
    NewAttempt,
    NewEvent,
    Snapshot,
    StoredResponse,
    View,
)
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.verify import faults
from tests import postgres

pytestmark = pytest.mark.unit

HOMES, HOSTS, WORKERS = ("h1", "h2"), ("a", "b"), ("w1", "w2")
small = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("beat_host"), st.sampled_from(HOSTS)),
    st.tuples(st.just("retire"), st.sampled_from(HOSTS)),
    st.tuples(st.just("claim"), st.sampled_from(HOMES), st.sampled_from(HOSTS), st.booleans()),
    st.tuples(st.just("release"), st.sampled_from(HOMES), st.sampled_from(HOSTS)),
    st.tuples(st.just("append"), st.sampled_from(HOMES), small, st.integers(-1, 1), st.integers(-1, 1), small),
    *[st.tuples(st.just("append"), st.sampled_from(HOMES), small, st.just(0), st.just(0), small)] * 4,
    *[st.tuples(st.just("append"), st.sampled_from(HOMES), st.just(1), st.just(0), st.just(0), st.just(2))] * 3,
    st.tuples(st.just("snapshot"), st.sampled_from(HOMES), st.integers(-2, 2), st.integers(-1, 0)),
    *[st.tuples(st.just("work"), st.sampled_from(WORKERS), st.booleans(), st.sampled_from(["", "m1"]))] * 4,
    st.tuples(st.just("queue")),
    st.tuples(st.just("give_back"), st.sampled_from(WORKERS), small),
    st.tuples(st.just("beat"), st.sampled_from(WORKERS), small),
    st.tuples(st.just("finish"), st.sampled_from(WORKERS), small, st.sampled_from(["done", "failed", "cancelled"])),
    st.tuples(st.just("cancel"), st.sampled_from(HOMES), small),
    st.tuples(st.just("wait"), st.sampled_from([1, 999, 2_000, 5_001])),
)


@dataclass
class Story:
    """One telling: what the teller knows is the same for all ledgers, since their answers must be."""

    ledger: Ledger
    now: list[int]
    claims: dict[str, Claim] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    answers: list[Any] = field(default_factory=list)

    async def tell(self, step: tuple[Any, ...]) -> None:
        act: Callable[..., Awaitable[Any]] = getattr(self, f"_{step[0]}")
        try:
            answer = await act(*step[1:])
        except Owned as refused:
            answer = ("OWNED", refused.owner)
        except LedgerError as refused:
            answer = (refused.code, refused.args)
        self.answers.append((step, answer))

    def host(self, name: str) -> HostRow:
        return HostRow(name, f"i-{name}", 1, "p")

    async def _beat_host(self, name: str) -> Any:
        return await self.ledger.heartbeat(self.host(name), 3_000)

    async def _retire(self, name: str) -> Any:
        return await self.ledger.retire(name, f"i-{name}")

    async def _claim(self, home: str, name: str, depose: bool) -> Any:
        other = "i-b" if name == "a" else "i-a"
        claim = await self.ledger.claim(home, self.host(name), depose=other if depose else None)
        self.claims[home], self.heads[home] = claim, claim.seq
        return claim

    async def _release(self, home: str, name: str) -> Any:
        return await self.ledger.release(self.claims.get(home, Claim(home, 1, 1)), self.host(name))

    async def _append(self, home: str, count: int, epoch_off: int, seq_off: int, extra: int) -> Any:
        claim, seq = self.claims.get(home, Claim(home, 1, 1)), self.heads.get(home, 1)
        n = len(self.answers)
        rows = tuple(NewEvent(f"d{i % 2}", Kind.EVENT, "t", b"%d" % n, scene="s" if i else None) for i in range(count))
        view = View("v", f"v{extra}", home, "p", str(n), b"b" if n % 3 else None)
        new = NewAttempt(
            f"{home}-{n // 4}", home, "s", "j", "step", n // 4, b"r", 4_000, n % 2, f"u{n % 3}", "gpu" if n % 5 else "",
            "m1" if n % 7 == 0 else "", self.now[0] + 1_500 * (n % 11 == 0), f"p{n % 2}", 50 + 50 * (n % 3),
        )  # fmt: skip
        answer = StoredResponse("u", str(n // 4), b"h", b"%d" % n)
        append = Append(
            home,
            claim.epoch + epoch_off,
            seq + seq_off,
            rows,
            views=(view,) if extra else (),
            attempts=(new,) if extra == 2 else (),
            response=answer if extra == 3 else None,
        )
        committed = await self.ledger.append(append)
        self.heads[home] = committed.last_seq
        return committed

    async def _snapshot(self, home: str, seq_off: int, epoch_off: int) -> Any:
        epoch = self.claims.get(home, Claim(home, 1, 1)).epoch + epoch_off
        seq = self.heads.get(home, 1) + seq_off
        stored = await self.ledger.put_snapshot(Snapshot(home, "d0", seq, 1, b"s"), epoch=epoch)
        return stored, await self.ledger.snapshot(home, "d0"), await self.ledger.snapshot(home, "d0", before=seq)

    async def _work(self, worker: str, gpu: bool, loaded: str) -> Any:
        return await self.ledger.claim_attempt(worker, ["step"], offers=("gpu",) if gpu else (), loaded=loaded)

    async def _give_back(self, worker: str, which: int) -> Any:
        ids = await self._ids() or ["none"]
        return await self.ledger.release_attempt(ids[which % len(ids)], worker)

    async def _queue(self) -> Any:
        found = await self.ledger.queue()
        return list(found.rows), dict(found.rates), places(found)

    async def _ids(self) -> list[str]:
        return [row.id for home in HOMES for row in await self.ledger.attempts(home)]

    async def _beat(self, worker: str, which: int) -> Any:
        ids = await self._ids() or ["none"]
        return await self.ledger.beat_attempt(ids[which % len(ids)], worker, progress=0.5, message="m")

    async def _finish(self, worker: str, which: int, state: str) -> Any:
        id = (await self._ids() or ["none"])[-1 - which % max(len(await self._ids()), 1)]
        return await self.ledger.finish_attempt(id, worker, AttemptState(state), result=b"r", error=None)

    async def _cancel(self, home: str, which: int) -> Any:
        claim, seq = self.claims.get(home, Claim(home, 1, 1)), self.heads.get(home, 1)
        ids = await self._ids() or ["none"]
        return await self.ledger.append(Append(home, claim.epoch, seq, (), cancel_attempts=(ids[which % len(ids)],)))

    async def _wait(self, ms: int) -> None:
        self.now[0] += ms

    async def everything(self) -> Any:
        ledger = self.ledger
        found: list[Any] = [await ledger.hosts(), await ledger.views("v"), await ledger.count_views("v", parent="p")]
        for home in HOMES:
            found += [await ledger.owner(home), await ledger.head(home), await ledger.read(home)]
            found += [await ledger.read(home, doc="d1", after=2), await ledger.attempts(home)]
            found += [await ledger.read_back(home, before=None, scene="s", limit=5)]
            found += [await ledger.response(home, "u", str(n)) for n in range(5)]
            assert await faults(ledger, home) == []
        return found


async def tell_both(story: list[tuple[Any, ...]], make: Callable[[list[int]], Ledger]) -> None:
    nows = [1_000_000], [1_000_000]
    tellings = [Story(MemoryLedger(lambda: nows[0][0]), nows[0]), Story(make(nows[1]), nows[1])]
    for telling in tellings:
        await telling.ledger.open()
        for step in story:
            await telling.tell(step)
    assert tellings[0].answers == tellings[1].answers
    assert await tellings[0].everything() == await tellings[1].everything()
    for telling in tellings:
        await telling.ledger.close()


def with_prologue(story: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    prologue: list[tuple[Any, ...]] = [("beat_host", "a"), ("beat_host", "b")]
    prologue += [("claim", "h1", "a", False), ("claim", "h2", "b", False)]
    prologue += [("append", home, 1, 0, 0, extra) for home in HOMES for extra in (2, 3)]
    return prologue + story


@given(st.lists(steps, min_size=20, max_size=60))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sqlite_tells_the_same_story(story: list[tuple[Any, ...]]) -> None:
    """S-09: every answer and everything readable afterwards is equal, and every home is sound."""
    with tempfile.TemporaryDirectory() as folder:

        def make(now: list[int]) -> Ledger:
            return SqliteLedger(Path(folder) / "l.db", clocks=Clocks(lambda: now[0], lambda: now[0], "boot"))

        asyncio.run(tell_both(with_prologue(story), make))


@given(story=st.lists(steps, min_size=20, max_size=60))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_postgres_tells_the_same_story(
    postgres_server: postgres.Server, postgres_database: str, story: list[tuple[Any, ...]]
) -> None:
    """S-09: and so is PostgreSQL's."""
    postgres.empty(postgres_server, postgres_database)

    def make(now: list[int]) -> Ledger:
        return PostgresLedger(postgres_server.url(postgres_database), clock=lambda: now[0])

    asyncio.run(tell_both(with_prologue(story), make))
