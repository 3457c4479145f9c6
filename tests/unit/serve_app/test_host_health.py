"""W-105: what makes a host ask for its own replacement, and what does not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from serve_app import host_health
from serve_app.host_health import BeyondRepair, LoopWatch, raise_if_beyond_repair
from serve_app.peers.client import PeerClient
from serve_app.peers.port import PeerPort
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import HostRow

pytestmark = pytest.mark.unit
SECRET = b"cluster-secret-for-tests"


@dataclass
class FakeLease:
    row: HostRow
    held: bool = True

    def holds(self) -> bool:
        return self.held


class DeadLedger(MemoryLedger):
    async def now_ms(self) -> int:
        raise Unavailable("it is being restarted")


@dataclass
class Host:
    lease: FakeLease
    port: PeerPort
    ledger: Any = field(default_factory=MemoryLedger)
    watch: LoopWatch = field(default_factory=LoopWatch)
    peers: PeerClient = field(default_factory=lambda: PeerClient(SECRET))

    async def check(self) -> None:
        await raise_if_beyond_repair(self.watch, self.lease, self.ledger, self.peers)


async def host() -> Host:
    async def no_tunnel(_opening: object, _transport: object) -> None:
        return

    port = PeerPort(SECRET, {}, no_tunnel)
    return Host(FakeLease(HostRow("host-1", "one", 1, await port.start("127.0.0.1"))), port)


async def test_w105_a_lost_lease_counts_only_while_the_database_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """W-105: lost a moment ago: healthy. Lost for long, database silent: healthy. Lost for long, database well: not."""
    monkeypatch.setattr(host_health, "LEASE_LOST_S_MAX", 0.0)
    one = await host()
    await one.check()
    one.lease.held = False
    await one.check()  # lost just now
    await asyncio.sleep(0.01)
    with pytest.raises(BeyondRepair, match="LEASE_LOST"):
        await one.check()
    one.ledger = DeadLedger()
    await one.check()
    one.ledger, one.lease.held = MemoryLedger(), True
    await one.check()
    monkeypatch.undo()
    one.lease.held = False
    await one.check()
    await one.port.stop()


async def test_w105_a_peer_port_that_is_gone_is_beyond_repair() -> None:
    """W-105: survivors read it as death, so it had better be one."""
    one = await host()
    await one.check()
    await one.port.stop()
    with pytest.raises(BeyondRepair, match="PEER_PORT_GONE"):
        await one.check()


async def test_w105_a_loop_that_was_stuck_fails_once_it_answers_and_is_forgiven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W-105: one turn over the threshold fails the checks right after it; a healthy loop clears that by itself."""
    monkeypatch.setattr(host_health, "LOOP_TICK_S", 0.01)
    monkeypatch.setattr(host_health, "LOOP_STUCK_S", 0.05)
    monkeypatch.setattr(host_health, "STALL_REMEMBERED_S", 0.2)
    one = await host()
    one.watch.start()
    await asyncio.sleep(0.03)
    await one.check()
    time.sleep(0.1)  # noqa: ASYNC251 - what is under test: somebody who holds the loop
    await asyncio.sleep(0.03)
    with pytest.raises(BeyondRepair, match="LOOP_STUCK"):
        await one.check()
    async with asyncio.timeout(5):
        while one.watch.stalled_s():  # noqa: ASYNC110 - forgiven by time alone
            await asyncio.sleep(0.01)
    await one.check()
    one.watch.stop()
    await one.port.stop()
