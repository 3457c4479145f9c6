"""Disk full, foreign files, full queues, closed ledgers (S-52 … S-55)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.ledger import sqlite_lock, sqlite_writer
from storage.ledger.clock import Clocks
from storage.ledger.errors import SchemaMismatch, Unavailable
from storage.ledger.protocol import Append, Claim, Committed, HostRow, Kind, NewEvent
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.sqlite_lock import FileLock
from storage.ledger.verify import faults

pytestmark = pytest.mark.unit

HOST = HostRow("h", "i", 1, "")


def events(size: int, count: int = 1) -> tuple[NewEvent, ...]:
    return tuple(NewEvent("d", Kind.UPDATES, "t", os.urandom(size)) for _ in range(count))


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    made = SqliteLedger(tmp_path / "ledger.db")
    await made.open()
    await made.heartbeat(HOST, 60_000)
    yield made
    await made.close()


async def fill(ledger: SqliteLedger, claim: Claim, size: int = 50_000) -> int:
    """Append until refused; the sequence of the last one stored."""
    seq = claim.seq
    while True:
        try:
            seq = (await ledger.append(Append(claim.home, claim.epoch, seq, events(size)))).last_seq
        except Unavailable:
            return seq


async def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    """S-52: nothing of the refused append is stored, reads go on, and appends go on once there is room."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 500_000)
    ledger = SqliteLedger(small_disk / "ledger.db")
    await ledger.open()
    await ledger.heartbeat(HOST, 60_000)
    claim = await ledger.claim("prj", HOST)
    seq = await fill(ledger, claim)
    assert await ledger.head("prj") == seq
    assert len(await ledger.read("prj")) == seq
    ballast.unlink()
    seq = (await ledger.append(Append("prj", claim.epoch, seq, events(300)))).last_seq
    assert await faults(ledger, "prj") == []
    await ledger.close()
    again = SqliteLedger(small_disk / "ledger.db")
    await again.open()
    assert await again.head("prj") == seq
    await again.close()


async def test_a_page_limit_refuses_the_big_and_keeps_the_small(ledger: SqliteLedger) -> None:
    """S-52: in one batch, the append that does not fit is refused alone."""
    claims = [await ledger.claim(f"prj_{i}", HOST) for i in range(5)]
    assert ledger._connection is not None
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    sizes = [300, 300, 500_000, 300, 300]
    results = await asyncio.gather(
        *(ledger.append(Append(c.home, c.epoch, c.seq, events(s))) for c, s in zip(claims, sizes, strict=True)),
        return_exceptions=True,
    )
    assert [isinstance(r, Unavailable) for r in results] == [s > 1000 for s in sizes]
    assert [await ledger.head(c.home) for c in claims] == [2, 2, 1, 2, 2]
    ledger._connection.execute("PRAGMA max_page_count = 1000000")
    assert (await ledger.append(Append("prj_2", 1, 1, events(500_000)))).last_seq == 2


async def test_unwritable_folder(tmp_path: Path) -> None:
    """S-52: a folder that is not there is told at open, and close is safe."""
    ledger = SqliteLedger(tmp_path / "none" / "ledger.db")
    with pytest.raises(Unavailable, match="none"):
        await ledger.open()
    await ledger.close()


@pytest.mark.parametrize("case", ["newer", "foreign", "not a database"])
async def test_files_of_others_are_left_alone(tmp_path: Path, case: str) -> None:
    """S-53: another schema version, program or format is refused with a clear error."""
    path = tmp_path / "ledger.db"
    if case == "not a database":
        path.write_bytes(b"hello" * 1000)
    elif case == "foreign":
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (x)")
        other.close()
    else:
        made = SqliteLedger(path)
        await made.open()
        await made.close()
        with sqlite3.connect(path) as newer:
            newer.execute("PRAGMA user_version = 99")
        newer.close()
    before = path.read_bytes() if case != "newer" else b""
    with pytest.raises(Unavailable if case == "not a database" else SchemaMismatch) as caught:
        await SqliteLedger(path).open()
    assert str(path) in str(caught.value)
    if case == "newer":
        assert "99" in str(caught.value)
        assert not caught.value.retryable
    else:
        with sqlite3.connect(path) as found, pytest.raises(sqlite3.DatabaseError):
            found.execute("SELECT * FROM events")
        found.close()
        assert case == "foreign" or path.read_bytes() == before


@asynccontextmanager
async def stalled(ledger: SqliteLedger) -> AsyncIterator[None]:
    """Another process holds the file's lock."""
    blocker = FileLock(ledger.path)
    blocker.acquire()
    try:
        yield
    finally:
        blocker.release()
        blocker.close()


async def taken(ledger: SqliteLedger, append: Append) -> asyncio.Future[Committed]:
    """Submitted, and out of the queue: the writer is now busy with it."""
    task = asyncio.ensure_future(ledger.append(append))
    await asyncio.sleep(0)
    assert ledger._writer is not None
    while ledger._writer._queue:  # noqa: ASYNC110 - a thread empties it
        await asyncio.sleep(0.001)
    return task


async def test_the_queue_is_bounded(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-54: above its bound the newest is refused at once; those queued commit."""
    claim = await ledger.claim("prj", HOST)
    monkeypatch.setattr(sqlite_writer, "QUEUE_OPERATIONS_MAX", 10)
    async with stalled(ledger):
        first = await taken(ledger, Append("prj", claim.epoch, claim.seq, events(10)))
        rest = asyncio.gather(
            *(ledger.append(Append("prj", claim.epoch, claim.seq + 1 + k, events(10))) for k in range(40)),
            return_exceptions=True,
        )
        await asyncio.sleep(0)
    refused = [isinstance(r, Unavailable) for r in await rest]
    assert refused == [False] * 10 + [True] * 30
    assert (await first).last_seq == claim.seq + 1
    assert await ledger.head("prj") == claim.seq + 11


async def test_a_stuck_neighbour_is_told(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-54: a lock held too long refuses the batch with Unavailable, and nothing is stored."""
    claim = await ledger.claim("prj", HOST)
    monkeypatch.setattr(sqlite_lock, "LOCK_WAIT_S_MAX", 0.05)
    blocker = FileLock(ledger.path)
    blocker.acquire()
    with pytest.raises(Unavailable, match="lock"):
        await ledger.append(Append("prj", claim.epoch, claim.seq, events(10)))
    blocker.release()
    blocker.close()
    assert await ledger.head("prj") == claim.seq
    assert (await ledger.append(Append("prj", claim.epoch, claim.seq, events(10)))).last_seq == 2


async def test_close_commits_what_is_queued_and_refuses_the_rest(ledger: SqliteLedger) -> None:
    """S-54: an append submitted before close is committed; after it, Unavailable."""
    claim = await ledger.claim("prj", HOST)
    queued = [
        asyncio.ensure_future(ledger.append(Append("prj", claim.epoch, claim.seq + k, events(10)))) for k in range(20)
    ]
    await asyncio.sleep(0)
    await ledger.close()
    assert [(await q).last_seq for q in queued] == list(range(2, 22))
    with pytest.raises(Unavailable):
        await ledger.append(Append("prj", claim.epoch, 21, events(10)))
    with pytest.raises(Unavailable):
        await ledger.head("prj")
    await ledger.close()


async def test_values_the_database_cannot_hold_harm_nobody(ledger: SqliteLedger) -> None:
    """S-54: an integer over 64 bits is its caller's ValueError; the batch's others commit."""
    one, two = await ledger.claim("one", HOST), await ledger.claim("two", HOST)
    bad = NewEvent("d", Kind.EVENT, "t", b"", turn=2**70)
    refused, stored = await asyncio.gather(
        ledger.append(Append("one", one.epoch, one.seq, (bad,))),
        ledger.append(Append("two", two.epoch, two.seq, events(10))),
        return_exceptions=True,
    )
    assert isinstance(refused, ValueError)
    assert not isinstance(stored, BaseException)
    assert (await ledger.head("one"), await ledger.head("two")) == (1, 2)


async def test_appends_share_transactions(ledger: SqliteLedger) -> None:
    """S-54: many appends in flight cost few commits; a lone one costs one."""
    claims = await asyncio.gather(*(ledger.claim(f"prj_{i}", HOST) for i in range(100)))
    assert ledger._writer is not None
    before = ledger._writer.committed_batches
    async with stalled(ledger):
        await taken(ledger, Append(claims[0].home, claims[0].epoch, claims[0].seq, events(10)))
        others = asyncio.gather(*(ledger.append(Append(c.home, c.epoch, c.seq, events(10))) for c in claims[1:]))
        await asyncio.sleep(0)
    assert len(await others) == 99
    assert ledger._writer.committed_batches - before == 2


async def test_a_cancelled_caller_does_not_take_its_append_back(ledger: SqliteLedger) -> None:
    """S-03: what was queued commits, so the appends queued behind it are not fenced."""
    claim = await ledger.claim("prj", HOST)
    first = asyncio.ensure_future(ledger.append(Append("prj", claim.epoch, claim.seq, events(10))))
    second = asyncio.ensure_future(ledger.append(Append("prj", claim.epoch, claim.seq + 1, events(10))))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).last_seq == 3
    assert first.cancelled()


async def test_leases_follow_boot_time_not_the_wall(tmp_path: Path) -> None:
    """S-55: setting the wall clock neither ends nor lengthens a lease; a reboot ends all."""
    wall, boot = [1_000_000], [5_000]

    def clocks(boot_id: str) -> Clocks:
        return Clocks(lambda: wall[0], lambda: boot[0], boot_id)

    ledger = SqliteLedger(tmp_path / "l.db", clocks=clocks("boot-1"))
    await ledger.open()
    await ledger.heartbeat(HOST, 1_000)
    await ledger.claim("prj", HOST)
    wall[0] += 10**9
    owner = await ledger.owner("prj")
    assert owner is not None
    assert owner.live
    assert owner.host is not None
    assert owner.host.expires_at_ms == wall[0] + 1_000
    wall[0] -= 2 * 10**9
    boot[0] += 1_000
    assert await ledger.hosts() == []
    await ledger.heartbeat(HOST, 1_000)
    await ledger.close()
    boot[0] = 10
    rebooted = SqliteLedger(tmp_path / "l.db", clocks=clocks("boot-2"))
    await rebooted.open()
    assert await rebooted.hosts() == []
    other = await rebooted.heartbeat(HostRow("h2", "i2", 1, ""), 1_000)
    assert (await rebooted.claim("prj", other)).epoch == 2
    await rebooted.close()
