"""Backends that die, deadlocks, full queues, several processes on one PostgreSQL (S-50, S-54, S-86 … S-88)."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from storage.ledger import postgres_writer
from storage.ledger.errors import Unavailable
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append, Claim, Committed, HostRow, Kind, NewEvent
from storage.ledger.verify import faults, rows
from tests.postgres import Server

pytestmark = pytest.mark.unit

HOST = HostRow("h", "i", 1, "")
SCRIPT = Path(__file__).parent / "ledger_process.py"
CLASHES_MAX = 8


def events(size: int = 10, count: int = 1) -> tuple[NewEvent, ...]:
    return tuple(NewEvent("d", Kind.UPDATES, "t", os.urandom(size)) for _ in range(count))


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[PostgresLedger]:
    made = PostgresLedger(postgres_url)
    await made.open()
    await made.heartbeat(HOST, 60_000)
    yield made
    await made.close()


def terminate(server: Server) -> int:
    """Cut every connection of the ledgers, and return when they are gone; how many."""
    found = server.run(
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = 'storyforge'"
    )
    return int(str(found[0][0]))


async def test_terminated_backends_lose_nothing(ledger: PostgresLedger, postgres_server: Server) -> None:
    """S-86: under load, again and again: what was acknowledged is there, in order, and work goes on."""
    acknowledged: dict[str, dict[int, bytes]] = {}
    stopping = False

    async def work(claim: Claim) -> None:
        seq, mine = claim.seq, acknowledged.setdefault(claim.home, {})
        while not stopping:
            batch = [Append(claim.home, claim.epoch, seq + k, events()) for k in range(4)]
            done = await asyncio.gather(*(ledger.append(each) for each in batch), return_exceptions=True)
            for append, result in zip(batch, done, strict=True):
                if isinstance(result, Committed):
                    mine[result.last_seq] = append.events[0].body
            if any(isinstance(result, BaseException) for result in done):
                seq = await head(claim.home)
            else:
                seq += len(batch)

    async def head(home: str) -> int:
        while True:
            try:
                return await ledger.head(home)
            except Unavailable:
                await asyncio.sleep(0.01)

    claims = [await ledger.claim(f"prj_{n}", HOST) for n in range(6)]
    tasks = [asyncio.create_task(work(claim)) for claim in claims]
    cut = 0
    for _ in range(6):
        before = sum(len(mine) for mine in acknowledged.values())
        async with asyncio.timeout(20):
            while sum(len(mine) for mine in acknowledged.values()) < before + 60:  # noqa: ASYNC110 - work goes on
                await asyncio.sleep(0.005)
        cut += await asyncio.to_thread(terminate, postgres_server)
    stopping = True
    await asyncio.gather(*tasks)
    assert cut >= 6
    assert ledger._writer is not None
    assert ledger._writer.reconnects > 3
    for home, mine in acknowledged.items():
        assert mine.items() <= {event.seq: event.body async for event in rows(ledger, home)}.items()
        assert await faults(ledger, home) == []


async def test_an_idle_connection_that_was_cut_costs_no_refusal(
    ledger: PostgresLedger, postgres_server: Server
) -> None:
    """S-86: neither an append nor a read hears of it."""
    claim = await ledger.claim("prj", HOST)
    seq = (await ledger.append(Append("prj", claim.epoch, claim.seq, events()))).last_seq
    assert await asyncio.to_thread(terminate, postgres_server) >= 2
    assert (await ledger.append(Append("prj", claim.epoch, seq, events()))).last_seq == seq + 1
    assert await ledger.head("prj") == seq + 1
    assert len(await ledger.hosts()) == 1


@asynccontextmanager
async def held(url: str, *homes: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """Somebody else's transaction holds the heads of these homes."""
    async with await psycopg.AsyncConnection.connect(url, application_name="other") as connection:
        await connection.execute("SELECT 1 FROM storyforge.homes WHERE name = ANY (%s) FOR UPDATE", (list(homes),))
        yield connection
        await connection.rollback()


async def waiting(server: Server) -> None:
    """Until a statement of a ledger waits for a lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'storyforge' AND wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(server.run, query):  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.01)


async def test_what_was_under_way_is_unknown_and_what_is_behind_it_waits_no_more(
    ledger: PostgresLedger, postgres_url: str, postgres_server: Server
) -> None:
    """S-87: the lost commit's home is refused, the one queued behind it too; the other home's append commits."""
    one, two = await ledger.claim("one", HOST), await ledger.claim("two", HOST)
    async with held(postgres_url, "one"):
        lost = ledger.append(Append("one", one.epoch, one.seq, events()))
        await waiting(postgres_server)
        behind = ledger.append(Append("one", one.epoch, one.seq + 1, events()))
        other = ledger.append(Append("two", two.epoch, two.seq, events()))
        await asyncio.to_thread(terminate, postgres_server)
        results = await asyncio.gather(lost, behind, other, return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable, Unavailable, Committed]
    assert await ledger.head("one") == one.seq
    assert (await ledger.append(Append("one", one.epoch, one.seq, events()))).last_seq == one.seq + 1


async def test_a_deadlock_is_tried_again(ledger: PostgresLedger, postgres_url: str, postgres_server: Server) -> None:
    """S-88: with somebody who locks homes in another order; nobody hears of it. PostgreSQL cuts whoever looks first
    when the knot is there, a second after it began to wait: if that was the other, nothing of ours was proven.
    """
    claims = [await ledger.claim(home, HOST) for home in ("a", "b")]

    async def clash(times: int) -> bool:
        """Whether it was ours that was cut."""
        try:
            async with held(postgres_url, "b") as other:
                appends = [ledger.append(Append(c.home, c.epoch, c.seq + times, events())) for c in claims]
                await waiting(postgres_server)
                await other.execute("SELECT 1 FROM storyforge.homes WHERE name = 'a' FOR UPDATE")
                await other.commit()
        except psycopg.errors.DeadlockDetected:
            return False
        finally:
            assert [(await append).last_seq for append in appends] == [times + 2, times + 2]
        return True

    for times in range(CLASHES_MAX):
        if await clash(times):
            return
    pytest.fail(f"in {CLASHES_MAX} deadlocks ours was never the one that was cut")


async def test_the_queue_is_bounded_and_close_commits_what_is_queued(
    ledger: PostgresLedger, postgres_url: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-54: above its bound the newest is refused at once; those queued commit, also when it is closed."""
    claim = await ledger.claim("prj", HOST)
    monkeypatch.setattr(postgres_writer, "QUEUE_OPERATIONS_MAX", 10)
    async with held(postgres_url, "prj"):
        first = ledger.append(Append("prj", claim.epoch, claim.seq, events()))
        await waiting(postgres_server)
        queued = [ledger.append(Append("prj", claim.epoch, claim.seq + 1 + k, events())) for k in range(40)]
        closing = asyncio.create_task(ledger.close())
        await asyncio.sleep(0)
    results = await asyncio.gather(first, *queued, return_exceptions=True)
    assert [isinstance(result, Unavailable) for result in results] == [False] * 11 + [True] * 30
    await closing
    with pytest.raises(Unavailable):
        await ledger.append(Append("prj", claim.epoch, claim.seq + 11, events()))
    with pytest.raises(Unavailable):
        await ledger.head("prj")


@pytest.mark.parametrize(
    "bad",
    [
        NewEvent("d", Kind.EVENT, "t", b"", turn=2**70),
        NewEvent("d", Kind.EVENT, "t\0", b""),
        NewEvent("d", Kind.EVENT, "\ud800", b""),
        NewEvent("d", Kind.EVENT, "t", b"", scene="s" * 20_000),
    ],
    ids=["integer", "nul", "surrogate", "index"],
)
async def test_values_the_database_cannot_hold_harm_nobody(ledger: PostgresLedger, bad: NewEvent) -> None:
    """S-54: they are their caller's ValueError; the batch's others commit."""
    one, two = await ledger.claim("one", HOST), await ledger.claim("two", HOST)
    if bad.scene is not None:
        bad = NewEvent("d", Kind.EVENT, "t", b"", scene=os.urandom(8_000).hex())  # too long for an index, compressed
    refused, stored = await asyncio.gather(
        ledger.append(Append("one", one.epoch, one.seq, (bad,))),
        ledger.append(Append("two", two.epoch, two.seq, events())),
        return_exceptions=True,
    )
    assert isinstance(refused, ValueError)
    assert isinstance(stored, Committed)
    assert (await ledger.head("one"), await ledger.head("two")) == (1, 2)


async def test_appends_share_commits(ledger: PostgresLedger, postgres_url: str, postgres_server: Server) -> None:
    """S-54: many appends in flight are one statement."""
    claims = await asyncio.gather(*(ledger.claim(f"prj_{i}", HOST) for i in range(50)))
    assert ledger._writer is not None
    before = ledger._writer.committed_batches
    async with held(postgres_url, claims[0].home):
        first = ledger.append(Append(claims[0].home, 1, 1, events()))
        await waiting(postgres_server)
        others = [ledger.append(Append(c.home, c.epoch, c.seq, events())) for c in claims[1:]]
    await asyncio.gather(first, *others)
    assert ledger._writer.committed_batches - before == 2


async def test_two_processes_write_one_database(postgres_url: str) -> None:
    """S-50: own homes and one fought for: nothing acknowledged is missing, every home is gapless, nobody who was
    deposed writes: of a sequence there is one acknowledgement."""
    names = ["a", "b"]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), postgres_url, name, "240", stdout=asyncio.subprocess.PIPE
        )
        for name in names
    ]
    outputs = [(await asyncio.wait_for(process.communicate(), 60))[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    ledger = PostgresLedger(postgres_url)
    await ledger.open()
    acks = [line.split() for output in outputs for line in output.splitlines()]
    assert len({(home, seq) for home, seq, _ in acks}) == len(acks) == 2 * (240 + 24)
    for home in ("home_a", "home_b", "shared"):
        there = {event.seq: event.body async for event in rows(ledger, home)}
        assert {int(seq): body for h, seq, body in acks if h.decode() == home}.items() <= there.items()
        assert await faults(ledger, home) == []
    await ledger.close()


async def test_several_loops_share_a_ledger(ledger: PostgresLedger) -> None:
    """S-50: a caller on another event loop is carried over."""
    claim = await ledger.claim("prj", HOST)

    async def elsewhere() -> tuple[int, int]:
        committed = await ledger.append(Append("prj", claim.epoch, claim.seq, events()))
        return committed.last_seq, await ledger.head("prj")

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == (2, 2)
