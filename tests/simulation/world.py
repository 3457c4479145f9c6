"""A seeded world around rooms: virtual time, a log that fails, sockets that break, clients that behave as stock ones.

Nothing here reads a clock or a random source of its own: one seed is one run. The world checks two rules at every
frame (seen => committed, acknowledged => committed for ever); the others are checked at the end by the test.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pycrdt

from collab import wire
from collab.close_codes import CloseCode
from collab.coverage import Coverage
from collab.lib0 import Reader, var_string, varuint
from collab.limits import Limits
from collab.ports import Entry, Lineage, Loaded, Refused
from collab.presence import User
from collab.room import Room
from collab.session import Access
from collab.transport import (
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
    CloseCallback,
    MessageCallback,
    MessageKind,
    frame_payload,
)
from collab.updates import read_header

T = TypeVar("T")
LIMITS = Limits()
BYTE_WEIGHT = 4_000  # small documents in a small time: one byte in flight fills the buffer like this many


class _VirtualSelector(selectors.SelectSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("the world stands still: nothing is scheduled")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a fresh virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class MemoryLog:
    """A document's log in memory. `delay` gives seconds per append; `refuse` the next failures, first in first out."""

    def __init__(self, delay: Callable[[], float] = lambda: 0.0) -> None:
        self.delay = delay
        self.refuse: list[Refused] = []
        self.rows: list[tuple[int, list[Entry]]] = []
        self.snapshot: tuple[bytes, int] | None = None
        self.coverage = Coverage()
        self.loads = 0
        self.owner = 0  # grows with every new owner; older ones are fenced
        self._tail: asyncio.Future[None] | None = None

    async def load(self) -> Loaded:
        self.loads += 1
        await asyncio.sleep(self.delay())
        body, seq = self.snapshot if self.snapshot else (None, 0)
        tail = [entry.update for row, entries in self.rows if row > seq for entry in entries]
        return Loaded(body, seq, tail, self.rows[-1][0] if self.rows else 0)

    def append(self, entries: Sequence[Entry], owner: int | None = None) -> asyncio.Future[int]:
        return asyncio.ensure_future(self._append(list(entries), self._tail_after(), owner))

    def _tail_after(self) -> tuple[asyncio.Future[None] | None, asyncio.Future[None]]:
        before, self._tail = self._tail, asyncio.get_running_loop().create_future()
        return before, self._tail

    async def _append(
        self,
        entries: list[Entry],
        order: tuple[asyncio.Future[None] | None, asyncio.Future[None]],
        owner: int | None,
    ) -> int:
        before, mine = order
        try:
            await asyncio.sleep(self.delay())
            if before is not None:
                await before
            if owner is not None and owner != self.owner:
                raise Refused("FENCED", "another owner", fenced=True)
            if self.refuse:
                raise self.refuse.pop(0)
            seq = self.rows[-1][0] + 1 if self.rows else 1
            self.rows.append((seq, entries))
            for entry in entries:
                self.coverage.add(read_header(entry.update, LIMITS))
            return seq
        finally:
            mine.set_result(None)

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
        await asyncio.sleep(self.delay())
        if self.snapshot is None or seq > self.snapshot[1]:
            self.snapshot = (snapshot, seq)

    def updates(self) -> list[bytes]:
        return [entry.update for _, entries in self.rows for entry in entries]


class OwnedLog:
    """The log as one owner sees it: fenced once there is a later one."""

    def __init__(self, shared: MemoryLog) -> None:
        shared.owner += 1
        self._shared, self._owner = shared, shared.owner

    async def load(self) -> Loaded:
        return await self._shared.load()

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        return self._shared.append(entries, self._owner)

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
        if self._owner == self._shared.owner:
            await self._shared.put_snapshot(snapshot, seq, lineage)


class Lane:
    """One direction of a socket: in order, late, and cut at any time."""

    def __init__(self, latency: Callable[[], float], deliver: Callable[[bytes], None]) -> None:
        self._latency, self._deliver = latency, deliver
        self._last = 0.0
        self.in_flight = 0
        self.cut = False

    def send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._last = max(self._last, loop.time() + self._latency())
        self.in_flight += len(data)
        loop.call_at(self._last, self._arrive, data)

    def _arrive(self, data: bytes) -> None:
        self.in_flight -= len(data)
        if not self.cut:
            self._deliver(data)


class Socket:
    """Both ends of one connection; the server's end is a `collab.transport.Transport`."""

    def __init__(self, world: World, client: Client) -> None:
        self._world, self._client = world, client
        self._down = Lane(client.latency, self._to_client)
        self._up = Lane(client.latency, self._to_server)
        self._held: list[bytes] = []
        self._paused = False
        self._was_high = False
        self._message: MessageCallback | None = None
        self._writable: Callable[[], None] = lambda: None
        self._closed: CloseCallback = lambda code, reason: None
        self.server_open = True

    # the server's end
    def write(self, payload: bytes) -> None:
        if self.server_open:
            self._world.check_sent(payload)
            self._down.send(payload)
            self._was_high = self._was_high or self.buffered_bytes() > WRITE_HIGH_BYTES

    def write_shared(self, encoded: bytes) -> None:
        self.write(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return self._down.in_flight * BYTE_WEIGHT

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        held, self._held = self._held, []
        for data in held:
            self._to_server(data)

    def close(self, code: int, reason: str = "") -> None:
        assert len(reason.encode()) <= 123
        if self.server_open:
            self.server_open = False
            self._world.later(self._client.latency(), lambda: self._client.lost(self, code))
            self._closed(code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        self.resume_reading()

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        self._closed = callback
        if not self.server_open:
            callback(1006, "")

    # the client's end
    def send(self, data: bytes) -> None:
        self._up.send(data)

    def _to_server(self, data: bytes) -> None:
        if not self.server_open:
            return
        if self._paused or self._message is None:
            self._held.append(data)
        else:
            self._message(MessageKind.BINARY, data)

    def _to_client(self, data: bytes) -> None:
        self._client.receive(self, data)
        if self._was_high and self.buffered_bytes() <= WRITE_LOW_BYTES:
            self._was_high = False
            if self.server_open:
                self._writable()

    def cut(self, server_notices_s: float) -> None:
        """The line is dead at once; the server hears of it later (half open until then)."""
        self._up.cut = self._down.cut = True
        self._world.later(server_notices_s, self.end)

    def end(self) -> None:
        if self.server_open:
            self.server_open = False
            self._closed(1006, "")


@dataclass
class Client:
    """A stock y-websocket client: same messages, same echoes of presence, same reconnects."""

    world: World
    number: int
    doc: pycrdt.Doc[Any] = field(init=False)
    socket: Socket | None = None
    wants: bool = True
    acked: int = 0  # own clock known to be committed
    stopped: int | None = None  # close code that ended reconnecting
    presence: dict[int, tuple[int, str]] = field(default_factory=dict)
    clocks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = 1_000 + self.number
        self.doc = pycrdt.Doc(client_id=self.id)
        self.text = self.doc.get("script", type=pycrdt.Text)
        self._remote = False
        self._observer = self.doc.observe(self._changed)
        self.state: str | None = json.dumps({"caret": 0})
        self.clocks[self.id] = 1

    def latency(self) -> float:
        return self.world.latency()

    def connect(self) -> None:
        if self.socket is not None or not self.wants or self.stopped is not None:
            return
        socket = self.socket = Socket(self.world, self)
        self.world.later(self.latency(), lambda: self.world.arrive(self, socket))
        self._send(wire.sync_step1(self.doc.get_state()))
        self._say([self.id])

    def disconnect(self) -> None:
        """As a closing tab does: presence taken down, then the socket."""
        self.wants = False
        if self.socket is not None:
            socket, self.socket = self.socket, None
            socket.send(wire.awareness(self._encode([self.id], null=True)))
            self.world.later(0.2, socket.end)
            self._alone()

    def lost(self, socket: Socket, code: int) -> None:
        if self.socket is not socket:
            return
        self.socket = None
        self._alone()
        if 4400 <= code < 4500:
            self.stopped = code
        self.world.later(0.1 + self.world.random.random(), self.connect)

    def _alone(self) -> None:
        for client in [each for each in self.presence if each != self.id]:
            del self.presence[client]

    def edit(self) -> None:
        content, rnd = str(self.text), self.world.random
        if content and rnd.random() < 0.3:
            start = rnd.randrange(len(content))
            head = len(content[:start].encode())
            del self.text[head : head + len(content[start].encode())]
        else:
            at = len(content[: rnd.randint(0, len(content))].encode())
            self.text.insert(at, rnd.choice(["a", "é", "🎬", "م", "xyz"]))

    def move_caret(self) -> None:
        self.clocks[self.id] += 1
        self.state = json.dumps({"caret": self.clocks[self.id]})
        self._say([self.id])

    def _changed(self, event: pycrdt.TransactionEvent) -> None:
        if not self._remote:
            self._send(wire.sync_update(event.update))

    def _send(self, data: bytes) -> None:
        if self.socket is not None:
            self.socket.send(data)
            if self.world.random.random() < self.world.duplicates:
                self.socket.send(data)

    def _say(self, clients: list[int]) -> None:
        self._send(wire.awareness(self._encode(clients)))

    def _encode(self, clients: list[int], *, null: bool = False) -> bytes:
        parts = [varuint(len(clients))]
        for client in clients:
            text = self.state if client == self.id else self.presence.get(client, (0, None))[1]
            parts += [varuint(client), varuint(self.clocks[client]), var_string("null" if null or not text else text)]
        return b"".join(parts)

    def receive(self, socket: Socket, data: bytes) -> None:
        if self.socket is not socket:
            return
        message = wire.read_message(data, LIMITS)
        match message:
            case wire.SyncStep1(clocks):
                self._acknowledged(clocks.get(self.id, 0))
                self._send(wire.sync_step2(self.doc.get_update(wire.state_vector(clocks))))
            case wire.SyncStep2(update) | wire.SyncUpdate(update):
                for client, start, end in read_header(update, LIMITS).structs:
                    if client == self.id and start <= self.acked:
                        self._acknowledged(end)
                self._remote = True
                self.doc.apply_update(update)
                self._remote = False
            case wire.AwarenessMessage(payload):
                self._hear(payload)

    def _acknowledged(self, clock: int) -> None:
        self.acked = max(self.acked, clock)
        self.world.check_acked(self)

    def _hear(self, payload: bytes) -> None:
        reader, changed = Reader(payload), []
        for _ in range(reader.varuint()):
            client, clock, text = reader.varuint(), reader.varuint(), reader.var_string()
            known = self.clocks.get(client, -1)
            if not (known < clock or (known == clock and text == "null" and client in self.presence)):
                continue
            changed.append(client)
            self.clocks[client] = clock
            if text != "null":
                self.presence[client] = (clock, text)
            elif client == self.id:
                self.clocks[client] = clock + 1
            else:
                self.presence.pop(client, None)
        if changed:
            self._say(changed)  # stock clients repeat what they hear


class World:
    """The server, its log, its clients, and the faults between them."""

    def __init__(self, seed: int, clients: int, limits: Limits) -> None:
        self.random = random.Random(seed)
        self.limits = limits
        self.log = MemoryLog(self._commit_delay)
        self.room: Room | None = None
        self.clients = [Client(self, number) for number in range(clients)]
        self.slow = 0.0
        self.far = 0.0
        self.duplicates = 0.05
        self.sockets: list[Socket] = []
        self.finished: list[asyncio.Task[Any]] = []

    def _commit_delay(self) -> float:
        return self.random.random() * 0.01 + self.random.random() * self.slow

    def latency(self) -> float:
        return self.random.random() * 0.02 + self.random.random() * self.far

    def later(self, delay_s: float, callback: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(delay_s, callback)

    def check_sent(self, payload: bytes) -> None:
        message = wire.read_message(payload, LIMITS)
        if isinstance(message, wire.SyncStep2 | wire.SyncUpdate):
            assert self.log.coverage.has(read_header(message.update, LIMITS)), "seen before it was committed"
        elif isinstance(message, wire.SyncStep1):
            for client, clock in message.state_vector.items():
                assert self.log.coverage.structs.covers(client, 0, clock), "claimed before it was committed"

    def check_acked(self, client: Client) -> None:
        if client.acked:
            assert self.log.coverage.structs.covers(client.id, 0, client.acked), "acknowledged and not in the log"

    async def open_room(self) -> None:
        room = Room("scene:scn_1", OwnedLog(self.log), self.limits)
        await room.open()
        self.room = room
        for client in self.clients:
            if client.acked:
                assert room.document.coverage.structs.covers(client.id, 0, client.acked), "lost after a restart"

    def arrive(self, client: Client, socket: Socket) -> None:
        """A connection reaches the server: taken in, or refused while no room is up."""
        if self.room is None or self.room.closed:
            socket.server_open = False
            client.lost(socket, CloseCode.GOING_AWAY)
        elif client.socket is socket:
            self.sockets.append(socket)
            user = User(f"u{client.number}", f"Name {client.number}", "#123456")
            self.room.join(socket, f"principal-{client.number}", Access.WRITE, user)

    def _break(self, client: Client, socket: Socket) -> None:
        """Both ends of a broken line end, also one that reached the next process in the meantime."""
        socket.cut(0.0)
        client.lost(socket, 1006)

    async def crash(self) -> None:
        """The process is gone: every socket breaks, what was in flight may or may not have committed."""
        self.room = None
        for socket in self.sockets:
            socket.server_open = False
        for client in self.clients:
            if client.socket is not None:
                broken = client.socket
                self.later(self.random.random() * 3, lambda c=client, s=broken: self._break(c, s))
        self.sockets.clear()
        await asyncio.sleep(self.random.random())
        await self.open_room()

    async def move(self) -> None:
        """Another owner takes over while the old one still thinks it owns the home."""
        await self.open_room()

    def texts(self) -> list[str]:
        return [str(client.text) for client in self.clients]

    def log_text(self) -> str:
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        updates = self.log.updates()
        if updates:
            doc.apply_update(pycrdt.merge_updates(*updates))
        return str(doc.get("script", type=pycrdt.Text))
