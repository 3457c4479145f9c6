"""A-51: another process at the ledger's lock delays a store, and never skips it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage.ledger.errors import Unavailable
from storage.ledger.protocol import HostRow, Snapshot
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.sqlite_lock import FileLock
from tests.unit.storage.test_sqlite_spacing import Line

pytestmark = pytest.mark.unit
HOST = HostRow("h", "h-1", 1, "peer")


async def test_lock_contention_never_skips_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-51: appends and snapshots wait for the lock and are there afterwards; one that could not wait longer is
    refused with a retryable word, not dropped in silence."""
    path = tmp_path / "ledger.db"
    ledger, other = SqliteLedger(path), FileLock(path)
    await ledger.open()
    await ledger.heartbeat(HOST, 60_000)
    claim = await ledger.claim("prj_1", HOST)
    line = Line(ledger, claim, "scene:1")
    other.acquire()
    stores = [line.write() for _ in range(5)]
    done, _ = await asyncio.wait(stores, timeout=0.2)
    assert not done
    other.release()
    await asyncio.gather(*stores)
    assert len(await ledger.read("prj_1", doc="scene:1")) == 5

    head = await ledger.head("prj_1")
    other.acquire()
    keeping = asyncio.ensure_future(ledger.put_snapshot(Snapshot("prj_1", "scene:1", head, 1, b"x"), epoch=claim.epoch))
    done, _ = await asyncio.wait([keeping], timeout=0.2)
    assert not done
    other.release()
    assert await keeping
    assert (await ledger.snapshot("prj_1", "scene:1")) is not None

    monkeypatch.setattr("storage.ledger.sqlite_lock.LOCK_WAIT_S_MAX", 0.05)
    other.acquire()
    with pytest.raises(Unavailable) as refused:
        await ledger.put_snapshot(Snapshot("prj_1", "scene:1", head, 1, b"y"), epoch=claim.epoch)
    assert refused.value.retryable
    other.release()
    other.close()
    await ledger.close()
