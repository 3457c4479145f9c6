"""A lease that ends while nobody looks: what the host was in the middle of does not outlive it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.commands import CreateProject, Envelope
from actors.kinds import ProjectKinds, make_room
from actors.project.actor import project_id
from actors.runtime.actor import Catalogue
from actors.runtime.errors import HomeLost
from actors.runtime.host import StoryRuntime
from actors.runtime.limits import RuntimeLimits
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import HostRow

pytestmark = pytest.mark.unit

TTL_MS = 2_000


class SetClock:
    def __init__(self) -> None:
        self.at_ms = 1_000

    def now_ms(self) -> int:
        return self.at_ms

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Interrupted(MemoryLedger):
    """Something happens while a snapshot is read, once."""

    meanwhile: Any = None

    async def snapshot(self, home: str, doc: str, **how: Any) -> Any:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()
        return await super().snapshot(home, doc, **how)


def runtime_on(ledger: MemoryLedger, name: str, clock: SetClock) -> StoryRuntime:
    return StoryRuntime(
        ledger,
        HostRow(name, f"{name}.1", 1, name),
        clock,
        RuntimeLimits(lease_ttl_ms=TTL_MS, lease_margin_ms=400),
        kinds=ProjectKinds(),
        catalogue=Catalogue({"thriller": "1"}, "thriller"),
        make_room=make_room,
    )


async def test_a_lease_that_ended_and_began_anew_keeps_no_half_opened_home() -> None:
    """A-97: stopped for longer than its lease while it opens a home, a host may find its lease renewed and the home
    claimed by another; it must not show it."""
    clock = SetClock()
    ledger = Interrupted(clock.now_ms)
    here, there = runtime_on(ledger, "here", clock), runtime_on(ledger, "there", clock)
    await here.start()
    await there.start()
    home = project_id("anna", "k")
    await here.command(Envelope(home, home, "anna", "k", CreateProject("Night", "MOVIE")))
    mine = here.owned(home)
    assert mine is not None
    await here.release(mine)

    async def sleeps() -> None:
        clock.at_ms += TTL_MS
        await there.lease.beat()
        await there.open(home)
        await here.lease.beat()

    ledger.meanwhile = sleeps
    with pytest.raises(HomeLost):
        await here.open(home)
    assert here.lease.holds()
    assert here.owned(home) is None
    assert there.owned(home) is not None
    await here.kill()
    await there.kill()
