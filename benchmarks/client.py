"""A raw WebSocket client cheap enough to stand two thousand times in one process beside the server it loads.

Owns the client's frames, both dialects' first messages, and `Line`, one connection. Invariant: a line never decodes
more than its listener asked for: frames are cut, large ones only counted, and a line that discards only adds up bytes.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

CONNECT_S_MAX = 30.0
RECEIVE_BYTES = 256 * 1024
KEEP_BYTES_MAX = 64 * 1024
"""Payloads above this are not kept unless the listener says so: of them only the first bytes are told."""
HEAD_BYTES = 64
SMALL_BYTES = 125
"""Always kept: a head cut short by the end of a read would say nothing."""

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


def var_uint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(0x80 | (n & 0x7F))
        n >>= 7
    out.append(n)
    return bytes(out)


def var_bytes(data: bytes) -> bytes:
    return var_uint(len(data)) + data


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One masked frame; the mask is zero, which RFC 6455 allows and costs the sender nothing."""
    n = len(payload)
    if n < 126:
        head = bytes((0x80 | opcode, 0x80 | n))
    elif n < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + n.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + n.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


class Dialect:
    """How a server wants its first frames, its updates and its presence."""

    def __init__(self, kind: str, token: str) -> None:
        self.kind, self.token = kind, token

    def _prefix(self, room: str) -> bytes:
        return var_bytes(room.encode()) if self.kind == "hocuspocus" else b""

    def opening(self, room: str) -> list[bytes]:
        """Frames that ask for the document."""
        step1 = bytes((0, 0)) + var_bytes(b"\0")
        prefix = self._prefix(room)
        if self.kind == "hocuspocus":
            auth = prefix + bytes((2, 0)) + var_bytes(self.token.encode()) + var_bytes(b"4.8.0")
            return [client_frame(auth), client_frame(prefix + step1)]
        return [client_frame(step1)]

    def update(self, room: str, update: bytes) -> bytes:
        return client_frame(self._prefix(room) + bytes((0, 2)) + var_bytes(update))

    def presence(self, room: str, client: int, clock: int, state: bytes) -> bytes:
        """One client's awareness state as a frame."""
        entry = var_uint(1) + var_uint(client) + var_uint(clock) + var_bytes(state)
        return client_frame(self._prefix(room) + bytes((1,)) + var_bytes(entry))

    def is_document(self, room: str, payload: bytes) -> bool:
        """Whether this payload, or the first bytes of it, is the answer that holds the document (step 2)."""
        prefix = self._prefix(room)
        kinds = (b"\0\1", b"\4\1") if prefix else (b"\0\1",)
        return payload.startswith(prefix) and payload[len(prefix) : len(prefix) + 2] in kinds

    def is_part(self, room: str, payload: bytes) -> bool:
        """Whether this payload is an update: a large document may come as updates that end with a step 2."""
        prefix = self._prefix(room)
        return payload.startswith(prefix) and payload[len(prefix) : len(prefix) + 2] in (b"\0\2", b"\4\2")

    def update_of(self, room: str, payload: bytes) -> bytes:
        """The update inside such a payload, whole."""
        at = len(self._prefix(room)) + 2
        while payload[at] & 0x80:
            at += 1
        return payload[at + 1 :]


class FrameCutter:
    """Cuts a server's stream into (opcode, payload, size); of a payload over `keep` bytes only the head is told."""

    __slots__ = ("_large", "_need", "_rest", "_skip", "keep")

    def __init__(self, keep: int = KEEP_BYTES_MAX) -> None:
        self.keep = max(keep, SMALL_BYTES)
        self._rest = bytearray()
        self._need = 2
        self._skip = 0
        self._large: tuple[int, bytes, int] = (0, b"", 0)

    def feed(self, data: bytes) -> list[tuple[int, bytes, int]]:
        found: list[tuple[int, bytes, int]] = []
        if self._skip:
            if len(data) < self._skip:
                self._skip -= len(data)
                return found
            found.append(self._large)
            data, self._skip = data[self._skip :], 0
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return found
            data = bytes(self._rest)
            self._rest = bytearray()
        at, end = 0, len(data)
        while end - at >= 2:
            size, head = data[at + 1], 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if end - at < head + HEAD_BYTES:  # a little more, so that a large frame's head is whole
                    self._need = head + HEAD_BYTES
                    break
                size = int.from_bytes(data[at + 2 : at + head], "big")
            stop = at + head + size
            if size > self.keep:
                self._large = (data[at] & 0x0F, data[at + head : at + head + HEAD_BYTES], size)
                if stop > end:
                    self._skip = stop - end
                    return found
                found.append(self._large)
            elif stop > end:
                self._need = stop - at
                break
            else:
                found.append((data[at] & 0x0F, data[at + head : stop], size))
            at = stop
        else:
            self._need = 2
        self._rest += data[at:]
        return found


Hear = Callable[["Line", list[tuple[int, bytes, int]], float], None]
_buffer = memoryview(bytearray(RECEIVE_BYTES))  # one for all lines: what is in it is used before the next read


class Line(asyncio.BufferedProtocol):
    """One connection. `hear` gets frames as they come; `None` discards everything after the handshake."""

    __slots__ = (
        "_cutter",
        "_head",
        "close_code",
        "hear",
        "lost",
        "on_lost",
        "opening",
        "received",
        "room",
        "seat",
        "transport",
        "upgraded",
    )
    transport: asyncio.Transport

    def __init__(self, room: str, opening: list[bytes], hear: Hear | None, keep: int) -> None:
        self.room, self.opening, self.hear = room, opening, hear
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = 0
        self.lost = False
        self.on_lost: Callable[[], None] | None = None
        self.close_code: int | None = None
        self.seat: Any = None
        self._head: bytes | None = b""
        self._cutter = FrameCutter(keep)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def get_buffer(self, _hint: int) -> memoryview:
        return _buffer

    def buffer_updated(self, count: int) -> None:
        self.received += count
        if self._head is None:
            if self.hear is not None:
                self._frames(bytes(_buffer[:count]))
            return
        self._head, end, data = (self._head + bytes(_buffer[:count])).partition(b"\r\n\r\n")
        if not end:
            return
        status, self._head = self._head.split(b"\r\n", 1)[0], None
        if b" 101 " not in status:
            self._fail(RuntimeError(f"upgrade refused: {status!r}"))
            return
        for frame in self.opening:
            self.transport.write(frame)
        if not self.upgraded.done():
            self.upgraded.set_result(None)
        if data and self.hear is not None:
            self._frames(data)

    def _frames(self, data: bytes) -> None:
        frames = self._cutter.feed(data)
        if frames and self.hear is not None:
            for frame in frames:
                if frame[0] == PING:
                    self.send(client_frame(frame[1], PONG))
                elif frame[0] == CLOSE:
                    self.close_code = int.from_bytes(frame[1][:2], "big")
            self.hear(self, frames, time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.on_lost is not None:
            self.on_lost()
        self._fail(exc or RuntimeError("closed in the handshake"))

    def _fail(self, error: Exception) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(error)

    def send(self, frame: bytes) -> None:
        """Nothing once the line is lost: that it is, is told, and the load goes on."""
        if not self.lost:
            self.transport.write(frame)


def hear_nothing(_line: Line, _frames: list[tuple[int, bytes, int]], _now: float) -> None:
    """For lines that only want to know why they were closed."""


async def connect(
    dialect: Dialect,
    room: dict[str, str],
    hear: Hear | None = None,
    keep: int = KEEP_BYTES_MAX,
    seat: Any = None,
    on_lost: Callable[[], None] | None = None,
) -> Line:
    """A line whose first messages are on their way. `room`: url, path, name."""
    parts = urlsplit(room["url"])
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    line = Line(room["name"], dialect.opening(room["name"]), hear, keep)
    line.seat, line.on_lost = seat, on_lost
    await asyncio.get_running_loop().create_connection(lambda: line, host, port)
    key = base64.b64encode(os.urandom(16)).decode()
    auth = f"Authorization: Bearer {dialect.token}\r\n" if dialect.token else ""
    line.transport.write(
        (
            f"GET {room['path']} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{auth}\r\n"
        ).encode()
    )
    await asyncio.wait_for(line.upgraded, CONNECT_S_MAX)
    return line
