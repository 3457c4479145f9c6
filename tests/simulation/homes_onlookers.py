"""A person with a socket in a room: sees what the owner shows, and comes back when it is closed or silent.

Owns both ends of the socket. Invariant: every frame is checked as the host writes it, so a host that shows what is no
longer its own fails the world; what a joiner is sent holds all that was acknowledged before it asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.commands import CommandError
from collab import wire
from collab.close_codes import CollabError, RoomClosed
from collab.lib0 import var_bytes, var_string, varuint
from collab.ports import Refused
from collab.presence import User
from collab.session import Access
from collab.transport import CloseCallback, MessageCallback, MessageKind, frame_payload
from storage.ledger.errors import LedgerError
from tests.simulation.clock import later

if TYPE_CHECKING:
    from actors.runtime.host import StoryRuntime
    from tests.simulation.homes_host import HomesHost
    from tests.simulation.homes_people import Person
    from tests.simulation.homes_world import World

STEP_2 = b"\x00\x01"
SILENCE_S = 4.0
"""Without a frame for this long a person comes again, as clients do."""
CARET_S = 0.5


class Wire:
    """One socket; its server end is a `collab.transport.Transport`."""

    def __init__(self, host: HomesHost, home: str, before: list[str]) -> None:
        self.host, self._home, self._before = host, home, before
        self.open = True
        self.heard_at_s = asyncio.get_running_loop().time()
        self._message: MessageCallback | None = None
        self._held: list[bytes] = []
        self._closed: CloseCallback = lambda code, reason: None
        host.losers.append(self.lost)

    # the server's end
    def write(self, payload: bytes) -> None:
        if not self.open or not self.host.process.step():
            return
        self.heard_at_s = asyncio.get_running_loop().time()
        if payload.startswith(STEP_2):
            missing = [mark for mark in self._before if mark.encode() not in payload]
            self.host.ledger.watch.read(self.host, self._home, "" if missing else "".join(self._before), missing)
        self.host.ledger.watch.shows(self.host, self._home, f"a frame {payload[:2].hex()}")

    def write_shared(self, encoded: bytes) -> None:
        self.write(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self, code: int, reason: str = "") -> None:
        self.lost()
        later(0, self.host.process.enter, self._closed, code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        held, self._held = self._held, []
        for data in held:
            callback(MessageKind.BINARY, data)

    def on_writable(self, callback: Callable[[], None]) -> None: ...

    def on_close(self, callback: CloseCallback) -> None:
        self._closed = callback

    # the person's end
    def say(self, data: bytes) -> None:
        if self.open and self.host.process.alive:
            self.host.process.enter(self._arrives, data)

    def _arrives(self, data: bytes) -> None:
        if self._message is None:
            self._held.append(data)
        else:
            self._message(MessageKind.BINARY, data)

    def hang_up(self) -> None:
        if self.open:
            self.lost()
            self.host.process.enter(self._closed, 1006, "")

    def lost(self) -> None:
        self.open = False
        if self.lost in self.host.losers:
            self.host.losers.remove(self.lost)


async def look_on(world: World, person: Person, number: int) -> None:
    """Come, ask for the document, move a caret, and come again."""
    ids = iter(range(number * 1_000_000, (number + 1) * 1_000_000))
    while True:
        await asyncio.sleep(world.rng.uniform(0.05, 0.6))
        if not person.scenes:
            continue
        host, doc = world.rng.choice(world.reachable()), f"scene:{world.rng.choice(person.scenes)}"
        socket = Wire(host, person.home, world.told.marks.get((person.home, doc), [])[:])
        try:
            await host.call(lambda runtime, s=socket, d=doc: _join(runtime, s, person.home, d, person.name))
            socket.say(wire.sync_step1(wire.state_vector({})))
            await _stay(world, socket, next(ids), world.rng.uniform(0.5, 8.0))
        except (LedgerError, CommandError, CollabError, RoomClosed, Refused):
            pass
        finally:
            socket.hang_up()


async def _join(runtime: StoryRuntime, socket: Wire, home: str, doc: str, name: str) -> None:
    opened = await socket.host._open(runtime, home)
    room = await opened.room(doc)
    room.join(socket, name, Access.WRITE, User(name, f"Name {name}", "#123456"))


async def _stay(world: World, socket: Wire, client: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until, clock = loop.time() + seconds, 0
    while socket.open and loop.time() < until and loop.time() - socket.heard_at_s < SILENCE_S:
        clock += 1
        socket.say(_presence(client, clock))
        await asyncio.sleep(world.rng.uniform(0.1, CARET_S))


def _presence(client: int, clock: int) -> bytes:
    state = varuint(1) + varuint(client) + varuint(clock) + var_string(f'{{"cursor":{clock}}}')
    return varuint(wire.MESSAGE_AWARENESS) + var_bytes(state)
