"""S-59: commits of a crowd are spaced so that they share one sync; who writes alone never waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.ledger import sqlite_writer
from storage.ledger.protocol import Append, Claim, HostRow, Kind, NewEvent
from storage.ledger.sqlite import SqliteLedger

pytestmark = pytest.mark.unit

HOST = HostRow("h", "h-1", 1, "peer")
FOR_EVER_S = 3600.0


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    made = SqliteLedger(tmp_path / "ledger.db")
    await made.open()
    await made.heartbeat(HOST, 60_000)
    yield made
    await made.close()


class Line:
    """One stream of a home, one append after the other."""

    def __init__(self, ledger: SqliteLedger, claim: Claim, doc: str) -> None:
        self.ledger, self.claim, self.doc, self.seq = ledger, claim, doc, claim.seq

    def write(self) -> asyncio.Future[object]:
        new = Append(self.claim.home, self.claim.epoch, self.seq, (NewEvent(self.doc, Kind.EVENT, "t", b""),))
        self.seq += 1
        return asyncio.ensure_future(self.ledger.append(new))


async def test_s59_who_writes_alone_never_waits(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "COMMIT_SPACING_S", FOR_EVER_S)
    line = Line(ledger, await ledger.claim("prj_a", HOST), "scene:scn_1")
    async with asyncio.timeout(20):
        for _ in range(2 * sqlite_writer.CROWD_COMMITS):
            await line.write()


async def test_s59_a_crowd_shares_a_commit(ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [Line(ledger, await ledger.claim(f"prj_{n}", HOST), "scene:scn_1") for n in range(4)]
    await asyncio.gather(*(line.write() for line in lines))
    assert ledger._writer is not None
    monkeypatch.setattr(sqlite_writer, "COMMIT_SPACING_S", FOR_EVER_S)
    before = ledger._writer.committed_batches
    waiting = []
    for line in lines:  # each in a turn of its own, as sockets bring them
        waiting.append(line.write())
        for _ in range(20):
            await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    ledger._writer.stop()  # what is queued is committed first
    await asyncio.gather(*waiting)
    assert ledger._writer.committed_batches == before + 1
