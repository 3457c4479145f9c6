"""A host of a world of homes: one process with the real runtime in it, and the way to call it.

Owns what `serve_app.story_host` does around the runtime, and no more. Invariant: the runtime runs inside the process
and dies and sleeps with it, at any await; whoever was waiting for its answer hears that the line is lost, or loses
patience, and cannot know what became of the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from actors.commands import Answer, CreateProject, Envelope
from actors.kinds import ProjectKinds, make_room
from actors.runtime.actor import Catalogue
from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from actors.runtime.limits import RuntimeLimits
from collab.room import Room
from serve_app.claims import Claims
from serve_app.peers.verdicts import Reach, Verdicts
from storage.ledger.errors import Owned, Unavailable
from storage.ledger.protocol import HostRow
from tests.simulation.clock import Process
from tests.simulation.homes_ledger import SKEW_MAX, HostClock, HostLine

if TYPE_CHECKING:
    from tests.simulation.homes_world import World

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
PATIENCE_S = 3.0
"""How long a caller waits for an answer; what it asked may still be done."""
CONNECT_S = 1.0
"""How long it takes to see that a peer cannot be reached."""


class HomesHost:
    """`dies_at`: the process is killed in place of that step of its own; `stops_at`: it is stopped there."""

    def __init__(
        self, world: World, name: str, incarnation: int, dies_at: int | None = None, stops_at: int | None = None
    ) -> None:
        self.world, self.ledger = world, world.ledger
        self.clock = HostClock(world.rng.randrange(10**9), world.rng.uniform(1 - SKEW_MAX, 1 + SKEW_MAX))
        self.process = Process(
            f"{name}.{incarnation}",
            lambda _process: self._died(),
            dies_at,
            stops_at=stops_at,
            on_stop=lambda _process: world.stopped(self),
        )
        self.row = HostRow(name, f"{name}.{incarnation}", 1, f"peer:{incarnation}")
        self.line = HostLine(world.ledger, self.process, self.row.incarnation)
        self.losers: list[Callable[[], None]] = []  # who hears that this process is gone
        self._waiting: dict[asyncio.Future[Any], None] = {}
        runtime = self.process.enter(self._make)
        assert isinstance(runtime, StoryRuntime)
        self.runtime = runtime
        time = asyncio.get_running_loop().time
        verdicts = Verdicts(self.reach, time)
        line: Any = self.line
        self.claims = Claims(line, verdicts, runtime.open, lambda: runtime.lease.row, time)

    def _make(self) -> StoryRuntime:
        return StoryRuntime(
            self.line,  # type: ignore[arg-type]
            self.row,
            self.clock,
            LIMITS,
            kinds=ProjectKinds(),
            catalogue=CATALOGUE,
            make_room=make_room,
            ids=self.world.new_id,
        )

    def _died(self) -> None:
        self.ledger.watch.dead.add(self.row.incarnation)
        waiting, self._waiting = self._waiting, {}
        for answer in waiting:
            if not answer.done():
                answer.set_exception(Unavailable("the line is lost"))
        for hear in self.losers:
            hear()
        self.world.died(self)

    def go_on(self) -> None:
        self.process.go_on()

    # as peers see it
    async def reach(self, address: str) -> Reach:
        """As `PeerClient.reach`: only a port nobody listens at is proof. A stopped process still listens."""
        if self.world.apart(self, address):
            await asyncio.sleep(CONNECT_S)
            return Reach.SILENT
        await asyncio.sleep(0.001)
        gone = address in {f"peer:{dead.rsplit('.', 1)[1]}" for dead in self.ledger.watch.dead}
        return Reach.GONE if gone else Reach.THERE

    # as clients see it
    async def call(self, ask: Callable[[StoryRuntime], Awaitable[T]], patience_s: float = PATIENCE_S) -> T:
        """What the runtime answers. Raises what it raises, and `Unavailable` when it dies first or takes too long."""
        if not self.process.alive:
            raise Unavailable("connection refused")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = None
        self.process.enter(self._ask, ask, answer)
        try:
            async with asyncio.timeout(patience_s):
                return await answer
        except TimeoutError:
            raise Unavailable("no answer in time") from None
        finally:
            self._waiting.pop(answer, None)

    async def command(self, envelope: Envelope) -> Answer:
        return await self.call(lambda runtime: self._command(runtime, envelope))

    async def open(self, home: str) -> Home:
        return await self.call(lambda runtime: self._open(runtime, home))

    async def room(self, home: str, doc: str) -> Room:
        async def ask(runtime: StoryRuntime) -> Room:
            return await (await self._open(runtime, home)).room(doc)

        return await self.call(ask)

    async def read(self, home: str, doc: str) -> str:
        """The script, as `scene_text` of a peer port gives it. Raises `LookupError` where this host has it not live."""
        before = self.world.told.marks.get((home, doc), [])[:]

        async def ask(runtime: StoryRuntime) -> str:
            found = runtime.owned(home)
            if found is None:
                raise LookupError(home)
            text = (await found.room(doc)).text("script")
            self.ledger.watch.read(self, home, text, before)
            return text

        return await self.call(ask)

    async def _open(self, runtime: StoryRuntime, home: str) -> Home:
        return await self.claims.open(home)

    async def _command(self, runtime: StoryRuntime, envelope: Envelope) -> Answer:
        try:
            return await runtime.command(envelope)
        except Owned:
            makes = isinstance(envelope.command, CreateProject)
            await self.claims.open(envelope.home, create=makes)
            return await runtime.command(envelope)

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
