"""A host of a world of homes: one process with the real runtime in it, and the way to call it.

Invariant: the runtime runs inside the process and dies with it, at any await, without a last word; whoever was waiting
for its answer hears that the line is lost and cannot know what became of the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from actors.kinds import ProjectKinds, make_room
from actors.runtime.actor import Catalogue
from actors.runtime.host import StoryRuntime
from actors.runtime.ids import Prefix
from actors.runtime.limits import RuntimeLimits
from storage.ledger.protocol import HostRow, Unavailable
from tests.simulation.clock import Process
from tests.simulation.homes_ledger import HomesLedger, HostClock
from tests.simulation.ledger import Line

T = TypeVar("T")
CATALOGUE = Catalogue({"thriller": "1", "pixar": "1"}, "thriller")
LIMITS = RuntimeLimits(
    lease_ttl_ms=2_000,
    lease_margin_ms=400,
    snapshot_every_events=7,
    actor_idle_ms=1_500,
    home_idle_ms=3_000,
    sweep_ms=700,
    mailbox_max=8,
)


class HomesHost:
    """`dies_at`: the process is killed in place of that step of its own."""

    def __init__(
        self,
        ledger: HomesLedger,
        name: str,
        incarnation: int,
        ids: Callable[[Prefix], str],
        on_death: Callable[[HomesHost], None],
        dies_at: int | None = None,
    ) -> None:
        self.clock = HostClock()
        self.process = Process(f"{name}.{incarnation}", lambda _process: self._died(on_death), dies_at)
        self.row = HostRow(name, f"{name}.{incarnation}", 1, f"peer:{incarnation}")
        self._waiting: dict[asyncio.Future[Any], None] = {}
        runtime = self.process.enter(self._make, ledger, ids)
        assert isinstance(runtime, StoryRuntime)
        self.runtime = runtime

    def _make(self, ledger: HomesLedger, ids: Callable[[Prefix], str]) -> StoryRuntime:
        return StoryRuntime(
            Line(ledger, self.process),  # type: ignore[arg-type]
            self.row,
            self.clock,
            LIMITS,
            kinds=ProjectKinds(),
            catalogue=CATALOGUE,
            make_room=make_room,
            ids=ids,
        )

    def _died(self, on_death: Callable[[HomesHost], None]) -> None:
        waiting, self._waiting = self._waiting, {}
        for answer in waiting:
            if not answer.done():
                answer.set_exception(Unavailable("the line is lost"))
        on_death(self)

    async def call(self, ask: Callable[[StoryRuntime], Awaitable[T]]) -> T:
        """What the runtime answers. Raises what it raises, and `Unavailable` when it dies first."""
        if not self.process.alive:
            raise Unavailable("connection refused")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = None
        self.process.enter(self._ask, ask, answer)
        try:
            return await answer
        finally:
            self._waiting.pop(answer, None)

    def _ask(self, ask: Callable[[StoryRuntime], Awaitable[T]], answer: asyncio.Future[T]) -> None:
        async def work() -> None:
            try:
                result = await ask(self.runtime)
            except Exception as error:  # noqa: BLE001 (it belongs to whoever asked)
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)

        asyncio.get_running_loop().create_task(work())
