"""A runtime over the in-memory ledger, and the few words tests speak to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from actors.commands import Answer, Command, CreateProject, Envelope, ImportScreenplay
from actors.kinds import ProjectKinds, make_room
from actors.outbox.protocol import OutboxReceiver
from actors.project.actor import CONTINUITY, project_id
from actors.runtime.actor import Catalogue
from actors.runtime.clock import MachineClock
from actors.runtime.host import StoryRuntime
from actors.runtime.lifecycle import Lifecycle
from actors.runtime.limits import RuntimeLimits
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import HostRow

CATALOGUE = Catalogue({"thriller": "2", "pixar": "1"}, "thriller")
ANNA = "usr_anna"


class Story:
    """One host and its ledger; `facts` is every lifecycle event so far."""

    def __init__(
        self,
        ledger: MemoryLedger | None = None,
        host: str = "h1",
        *,
        receivers: Mapping[str, OutboxReceiver] | None = None,
        catalogue: Catalogue = CATALOGUE,
        **limits: int,
    ) -> None:
        self.ledger = ledger or MemoryLedger()
        self.facts: list[Lifecycle] = []
        self.host, self.woken = host, 0
        self._changed = asyncio.Event()
        self.runtime = StoryRuntime(
            self.ledger,
            HostRow(host, f"{host}-1", 1, f"127.0.0.1:{9000 + len(host)}"),
            MachineClock(),
            RuntimeLimits(**limits),
            kinds=ProjectKinds(),
            catalogue=catalogue,
            make_room=make_room,
            wake=self._wake,
            listeners=[self._hear],
            receivers=receivers,
        )
        self._keys = 0

    def _wake(self, _home: str, _cancelled: object) -> None:
        self.woken += 1
        self._changed.set()

    def _hear(self, fact: Lifecycle) -> None:
        self.facts.append(fact)
        self._changed.set()

    async def until(self, true: Callable[[], Any], seconds: float = 20.0) -> None:
        """Wait for a fact: looked at after every lifecycle event."""
        async with asyncio.timeout(seconds):
            while not true():
                await self.turned()

    async def turned(self) -> None:
        """Wait for the next lifecycle event, or a moment."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await self._changed.wait()

    def key(self) -> str:
        self._keys += 1
        return f"{self.host}-{self._keys}"

    async def ask(self, home: str, command: Command, key: str | None = None, principal: str = ANNA) -> Answer:
        target = getattr(command, "scene", home) if command.actor == "scene" else home
        target = CONTINUITY if command.actor == "continuity" else target
        return await self.runtime.command(Envelope(home, target, principal, key or self.key(), command))

    async def create(self, title: str = "Heat", key: str | None = None) -> str:
        key = key or self.key()
        home = project_id(ANNA, key)
        await self.ask(home, CreateProject(title, "MOVIE"), key)
        return home

    async def bring(self, text: str, title: str = "Big Fish", key: str | None = None) -> str:
        key = key or self.key()
        home = project_id(ANNA, key)
        await self.ask(home, ImportScreenplay(title, text, "FOUNTAIN"), key)
        return home


@contextlib.asynccontextmanager
async def story(
    ledger: MemoryLedger | None = None,
    host: str = "h1",
    *,
    receivers: Mapping[str, OutboxReceiver] | None = None,
    catalogue: Catalogue = CATALOGUE,
    **limits: int,
) -> AsyncIterator[Story]:
    it = Story(ledger, host, receivers=receivers, catalogue=catalogue, **limits)
    await it.runtime.start()
    try:
        yield it
    finally:
        await it.runtime.stop()
