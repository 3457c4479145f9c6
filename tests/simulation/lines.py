"""Sockets of a world: bytes in order and late, lines that die without a word, and buffers that fill.

Owns both ends of a connection; the server's end is a `collab.transport.Transport`. Invariants: within a socket order
holds in both directions, between sockets it does not (what an abandoned socket still carries arrives after what its
successor brought); a buffer never grows past its bound; `seen => committed` is checked on every frame as it is written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from collab.transport import (
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
    CloseCallback,
    MessageCallback,
    MessageKind,
    frame_payload,
)
from tests.simulation import invariants
from tests.simulation.clock import Process, later

if TYPE_CHECKING:
    from tests.simulation.clients import Page
    from tests.simulation.world import World

BYTE_WEIGHT = 4_000
"""Small documents in a small time: one byte in flight fills the buffer like this many."""

ANSWER_BYTES_MAX = 4_000 * BYTE_WEIGHT
"""A session may owe its bound and what answers one message: a step 2 with the whole document, and presence."""

NEVER_S = 1e6


class Lane:
    """One direction: in order, late, cut at any time. (Timers of one moment fire in any order: hence the queue.)"""

    def __init__(self, latency: Callable[[], float], now: Callable[[], float]) -> None:
        self._latency, self._now = latency, now
        self._last = 0.0
        self._under_way: deque[tuple[int, Callable[[], None]]] = deque()
        self.in_flight = 0
        self.cut = False

    def send(self, size: int, deliver: Callable[[], None]) -> None:
        self._last = max(self._last, self._now() + self._latency())
        self.in_flight += size
        self._under_way.append((size, deliver))
        later(self._last - self._now(), self._arrive)

    def _arrive(self) -> None:
        size, deliver = self._under_way.popleft()
        self.in_flight -= size
        if not self.cut:
            deliver()


class Socket:
    """`through`: the host beside the owner that carries it, if it is tunnelled."""

    def __init__(self, world: World, page: Page, number: int) -> None:
        self._world, self._page, self.number = world, page, number
        self.name = f"{page.name}/{number}"
        self._down, self._up = Lane(page.latency, world.now), Lane(page.latency, world.now)
        self._held: list[bytes] = []
        self._paused = self._was_high = False
        self._message: MessageCallback | None = None
        self._writable: Callable[[], None] = lambda: None
        self._closed: CloseCallback = lambda code, reason: None
        self._ended: list[Callable[[], None]] = []
        self.process: Process | None = None
        self.tunnelled = False
        self.server_open = True

    # the server's end
    def write(self, payload: bytes) -> None:
        if not self.server_open or self.process is None or not self.process.step():
            return
        owed = self.buffered_bytes()
        self._world.check(invariants.check_outbox, owed, ANSWER_BYTES_MAX)
        self._world.check(invariants.check_sent, self._page, payload)
        self._world.trace.note(self.name, "<-", payload)
        self._down.send(len(payload), lambda: self._to_client(payload))
        self._was_high = self._was_high or self.buffered_bytes() > WRITE_HIGH_BYTES

    def write_shared(self, encoded: bytes) -> None:
        self.write(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return self._down.in_flight * BYTE_WEIGHT

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        while self._held and not self._paused:
            self._to_server(self._held.pop(0))

    def close(self, code: int, reason: str = "") -> None:
        assert len(reason.encode()) <= 123
        if self.server_open and self.process is not None and self.process.step():
            self._world.trace.note(self.name, f"closed {code} {reason}")
            self._down.send(0, lambda: self._page.lost(self, code))
            self._over(code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        self.resume_reading()

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        self._closed = callback
        if not self.server_open:
            callback(1006, "")

    def when_over(self, callback: Callable[[], None]) -> None:
        """What serves the socket wants to know when there is nothing more to serve."""
        self._ended.append(callback)
        if not self.server_open:
            callback()

    def _over(self, code: int, reason: str) -> None:
        self.server_open = False
        self._held.clear()
        self._closed(code, reason)
        for callback in self._ended:
            callback()

    # between the ends
    def serve(self, process: Process) -> None:
        """It has reached a process: the handshake goes back."""
        self.process = process
        self._down.send(0, lambda: self._page.accepted(self))

    def _to_server(self, data: bytes) -> None:
        if not self.server_open:
            return
        if self._paused or self._message is None:
            self._held.append(data)
        else:
            self._world.trace.note(self.name, "->", data)
            self._message(MessageKind.BINARY, data)

    def _reach_server(self, data: bytes) -> None:
        if self.process is None:
            self._held.append(data)
        else:
            self.process.enter(self._to_server, data)

    def _to_client(self, data: bytes) -> None:
        self._page.receive(self, data)
        if self._was_high and self.buffered_bytes() <= WRITE_LOW_BYTES:
            self._was_high = False
            if self.server_open and self.process is not None:
                self.process.enter(self._writable)

    # the client's end
    def send(self, data: bytes) -> None:
        self._up.send(len(data), lambda: self._reach_server(data))

    def leave(self) -> None:
        """The client closes: what it sent before still arrives, nothing reaches it any more."""
        self._down.cut = True
        self._up.send(0, self.end)

    def cut(self, server_notices_s: float) -> None:
        """The line is dead at once, without a word; the server hears of it later (half open until then)."""
        self._world.trace.note(self.name, f"cut, noticed after {server_notices_s:.2f} s")
        self._up.cut = self._down.cut = True
        later(server_notices_s, self.end)

    def deafen(self) -> None:
        """Half of the line is dead: what the client sends vanishes; what it is sent still comes."""
        self._world.trace.note(self.name, "deaf")
        self._up.cut = True

    def end(self) -> None:
        """The server's end finds the line dead."""
        if self.server_open:
            if self.process is None:
                self.server_open = False
            else:
                self.process.enter(self._over, 1006, "")

    def orphaned(self, client_notices_s: float) -> None:
        """Its process is gone."""
        self.server_open = False
        self._up.cut = True
        if client_notices_s < NEVER_S:
            later(client_notices_s, self._orphan_noticed)
        else:
            self._down.cut = True

    def gone_for_client(self) -> None:
        self._page.lost(self, 1006)

    def _orphan_noticed(self) -> None:
        self._down.cut = True
        self._page.lost(self, 1006)
