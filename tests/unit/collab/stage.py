"""What room tests stand on: a transport that records, a log one can hold, and a way to make edits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pycrdt

from collab import wire
from collab.limits import Limits
from collab.ports import Entry, Lineage, Loaded, Refused
from collab.presence import User
from collab.room import Room
from collab.session import Access, Session
from collab.transport import CloseCallback, MessageCallback, frame_payload

LIMITS = Limits()
ANA = User("u1", "Ana", "#aa0000")
BEN = User("u2", "Ben", "#00bb00")


class Wire:
    """A transport in memory. `owed` is what `buffered_bytes` says; `drain()` empties it and tells."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.shared: list[bytes] = []
        self.owed = 0
        self.reading = True
        self.code: int | None = None
        self.reason = ""
        self._writable: Callable[[], None] = lambda: None

    def write(self, payload: bytes) -> None:
        self.sent.append(payload)

    def write_shared(self, encoded: bytes) -> None:
        self.shared.append(encoded)
        self.sent.append(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return self.owed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self, code: int, reason: str = "") -> None:
        self.code, self.reason = code, reason

    def on_message(self, callback: MessageCallback) -> None: ...

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None: ...

    def drain(self) -> None:
        self.owed = 0
        self._writable()

    def messages(self) -> list[wire.Message]:
        return [wire.read_message(each, LIMITS) for each in self.sent]

    def updates(self) -> list[bytes]:
        return [each.update for each in self.messages() if isinstance(each, wire.SyncUpdate | wire.SyncStep2)]

    def text(self) -> str:
        return text_of(self.updates())


class HeldLog:
    """A log that commits when told to (`release`), or at once while `held` is false."""

    def __init__(self, updates: Sequence[bytes] = (), *, held: bool = False) -> None:
        self.rows: list[list[Entry]] = [[Entry("old", 0, each)] for each in updates]
        self.held = held
        self.waiting: list[tuple[list[Entry], asyncio.Future[int]]] = []
        self.snapshot: tuple[bytes, int] | None = None
        self.fail_load: Refused | None = None
        self.fail_next: Exception | None = None
        self.loads = 0

    async def load(self) -> Loaded:
        self.loads += 1
        await asyncio.sleep(0)
        if self.fail_load:
            raise self.fail_load
        body, seq = self.snapshot or (None, 0)
        return Loaded(body, seq, [entry.update for row in self.rows[seq:] for entry in row], len(self.rows))

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting.append((list(entries), future))
        if not self.held:
            self.release()
        return future

    def release(self, error: Exception | None = None) -> None:
        entries, future = self.waiting.pop(0)
        error, self.fail_next = error or self.fail_next, None
        if error is not None:
            future.set_exception(error)
            return
        self.rows.append(entries)
        future.set_result(len(self.rows))

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None:
        await asyncio.sleep(0)
        self.snapshot = (snapshot, seq)


class Author:
    """A client's document; `updates` are the live updates of its own edits."""

    def __init__(self, client_id: int, seen: bytes | None = None) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        if seen:
            self.doc.apply_update(seen)
        self.updates: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self.updates.append(event.update))
        self.script = self.doc.get("script", type=pycrdt.Text)

    def type(self, text: str) -> bytes:
        self.script += text
        return self.updates[-1]


def text_of(updates: Sequence[bytes]) -> str:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    if updates:
        doc.apply_update(pycrdt.merge_updates(*updates))
    return str(doc.get("script", type=pycrdt.Text))


async def opened(log: HeldLog, limits: Limits | None = None, **options: Any) -> Room:
    room = Room("scene:scn_1", log, limits, **options)
    await room.open()
    return room


def enter(
    room: Room, principal: str = "ana", access: Access = Access.WRITE, user: User = ANA, *, synced: bool = True
) -> tuple[Session, Wire]:
    """Join and, if `synced`, say step 1 of an empty document; what was sent so far is forgotten."""
    socket = Wire()
    session = room.join(socket, principal, access, user)
    if synced:
        session.receive(wire.sync_step1(b"\x00"))
        socket.sent.clear()
    return session, socket


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Turn the loop until a fact holds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - a fact of the room, told by nobody
            await asyncio.sleep(0)
