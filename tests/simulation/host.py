"""A host of a world: one process with the home it owns, its rooms, and whatever sockets reach it.

Owns what `actors.runtime.home` and `serve_app.collab_sockets` do around the parts under test, and no more: pipeline,
log, rooms and multiplexed sockets are the real ones. Invariant: everything here runs inside the host's process and dies
with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.runtime.errors import HomeLost
from actors.runtime.limits import RuntimeLimits
from actors.runtime.pipeline import Pipeline
from actors.runtime.rooms import HomeLog, Rooms
from actors.runtime.shelf import HomeShelf
from collab.close_codes import CloseCode, CollabError, RoomClosed, reason_for
from collab.folding import LocalFolder
from collab.framing import Y_WEBSOCKET, Framing
from collab.join_gate import JoinGate
from collab.multiplex import Channel, Entered, Multiplex
from collab.presence import User
from collab.room import Room
from collab.transport import Transport
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow
from tests.simulation import invariants
from tests.simulation.clock import Process
from tests.simulation.ledger import HOME, Line
from tests.simulation.lines import Socket

if TYPE_CHECKING:
    from tests.simulation.clients import Page
    from tests.simulation.world import World

RUNTIME_LIMITS = RuntimeLimits(appends_in_flight_max=64, retry_ms=50)
SWEEP_S = 0.7
IDLE_S = 2.0
"""A room nobody is in for this long is evicted: soon, so that evictions meet those who return."""


class WorldClock:
    def now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.001))


class FarFolder(LocalFolder):
    """The heavy work done elsewhere: it takes a while, and now and then nobody does it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def _away(self) -> None:
        await asyncio.sleep(self._world.latency())
        if self._world.random.random() < self._world.ledger.failing:
            raise ConnectionError("the folding worker is gone")

    async def fold(self, updates: Sequence[bytes]) -> bytes:
        await self._away()
        return await super().fold(updates)

    async def diff(self, update: bytes, state_vector: bytes) -> bytes:
        await self._away()
        return await super().diff(update, state_vector)


class Home:
    """What one claim gives: a pipeline and rooms over it."""

    def __init__(self, host: Host, claim: object) -> None:
        line, world = host.line, host.world
        self.opened: list[Room] = []
        self.pipeline = Pipeline(
            line,  # type: ignore[arg-type]
            claim,  # type: ignore[arg-type]
            clock=WorldClock(),
            limits=RUNTIME_LIMITS,
            announce=lambda _event: None,
            on_lost=lambda reason: host.lost(self, reason),
        )

        def make(doc: str) -> Room:
            world.trace.note(host.process.name, f"opens {doc}")
            log = HomeLog(line, claim, self.pipeline, doc)  # type: ignore[arg-type]
            shelf = HomeShelf(line, claim, self.pipeline, doc)  # type: ignore[arg-type]
            return Room(doc, log, world.limits, folder=host.folder, gate=host.gate, shelf=shelf)

        self.rooms = Rooms(make, lambda doc, seq: world.committed(host, doc, seq))


class Host:
    """`takes over` from whoever owned the home before."""

    def __init__(self, world: World, name: str, dies_at: int | None = None) -> None:
        self.world = world
        self.process = Process(name, lambda _process: world.host_died(self), dies_at)
        self.row = HostRow(name, name, 1, name)
        self.line = Line(world.ledger, self.process)
        self.folder, self.gate = FarFolder(world), JoinGate(world.limits)
        self.home: Home | None = None
        self._claiming: asyncio.Task[Home] | None = None
        self._chores: list[asyncio.Task[None]] = []
        self.stopping = False
        self.process.enter(self._start)

    def _start(self) -> None:
        self._chores.append(asyncio.get_running_loop().create_task(self._sweep()))

    # the home
    async def owned(self) -> Home:
        """The home, taken from whoever has it; single-flight."""
        if self.home is not None and not self.stopping:
            return self.home
        self._must_be_current()
        if self._claiming is None or self._claiming.done():
            self._claiming = asyncio.get_running_loop().create_task(self._claim())
        return await asyncio.shield(self._claiming)

    async def _claim(self) -> Home:
        owner = await self.line.owner(HOME)
        depose = owner.host.incarnation if owner is not None and owner.host is not None else None
        claim = await self.line.claim(HOME, self.row, depose=depose)
        self.world.trace.note(self.process.name, f"owns epoch {claim.epoch}")
        self._must_be_current()
        self.home = Home(self, claim)
        return self.home

    def _must_be_current(self) -> None:
        """Only who holds the lease claims. Raises `HomeLost`."""
        if self.stopping or self.world.current is not self:
            raise HomeLost(HOME, "not the host of today")

    def lost(self, home: Home, reason: str) -> None:
        if self.home is home:
            self.home = None
        if self.stopping:
            return
        self.world.trace.note(self.process.name, f"lost its home: {reason}")
        self._chores.append(asyncio.get_running_loop().create_task(home.rooms.close(CloseCode.MOVED, reason)))

    async def _sweep(self) -> None:
        """As `Home.sweep`: close the rooms nobody is in."""
        while True:
            await asyncio.sleep(SWEEP_S)
            home = self.home
            for doc in home.rooms.open_docs if home is not None else ():
                room = home.rooms.get(doc) if home is not None else None
                if room is None or room.idle_since is None:
                    continue
                if asyncio.get_running_loop().time() - room.idle_since >= IDLE_S and await home.rooms.evict(doc):
                    self.world.trace.note(self.process.name, f"evicted {doc}")

    async def deposed(self) -> None:
        """Its lease has ended: it gives up what it still shows."""
        if self.home is not None:
            self.home.pipeline.lose("the lease ended")

    async def stop(self) -> None:
        """As `Home.close`: rooms first, their last commits awaited, then appends."""
        self.stopping = True
        home = self.home
        if home is not None:
            await home.rooms.close(CloseCode.GOING_AWAY, "the host is leaving")
            await home.pipeline.drain()
            home.pipeline.lose("released")
        for chore in self._chores[:1]:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    # sockets
    def accept(self, page: Page, socket: Socket) -> None:
        asyncio.get_running_loop().create_task(self._serve(page, socket))

    async def _serve(self, page: Page, socket: Socket) -> None:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        multiplex: Multiplex | None = None
        entered: Entered | None = None
        if page.multiplexed:
            multiplex = Multiplex(socket, Doors(self, page), self.world.limits)
        else:
            try:
                entered = await self.enter(page, page.providers[0].doc, socket, Y_WEBSOCKET)
            except CollabError as error:
                socket.close(error.close_code, reason_for(error.close_code, error.detail))
        socket.when_over(lambda: None if over.done() else over.set_result(None))
        await over
        if entered is not None:
            entered.leave()
        if multiplex is not None:
            multiplex.end()

    async def enter(self, page: Page, doc: str, transport: Transport, framing: Framing) -> Entered:
        """As `serve_app` joins a socket to a room. Raises `CollabError`."""
        try:
            home = await self.owned()
            room = await home.rooms.open(doc)
            if room not in home.opened and self.home is home and self.world.current is self:
                home.opened.append(room)
                self.world.check(invariants.check_opened, room)
            user = User(page.principal, f"Name {page.principal}", "#123456")
            session = room.join(transport, page.principal, page.access, user, framing)
        except RoomClosed:
            raise CollabError(CloseCode.GOING_AWAY) from None
        except HomeLost:
            raise CollabError(CloseCode.MOVED) from None
        except LedgerError:
            raise CollabError(CloseCode.LEDGER_UNAVAILABLE) from None
        return Entered(lambda: None, session.can_write)


class Doors:
    """`collab.multiplex.Doors` of one page's socket."""

    def __init__(self, host: Host, page: Page) -> None:
        self._host, self._page = host, page

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        return await self._host.enter(self._page, name, channel, channel.framing)
