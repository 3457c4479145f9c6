"""A WebSocket carried over a peer connection: the owner's end as a `Transport`, the accepting end as a pump.

Invariant: back-pressure crosses the tunnel both ways. A slow browser stops the pump, which fills TCP, which shows as
`buffered_bytes` at the owner; a paused room stops reading the tunnel, which pauses the browser's socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable

from collab.close_codes import CloseCode, reason_for
from collab.transport import (
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
    CloseCallback,
    MessageCallback,
    MessageKind,
    Transport,
    close_reason,
    frame_payload,
)
from serve_app.peers.wire import PeerError, TunnelFrame, read_tunnel_frame, tunnel_frame

logger = logging.getLogger("storyforge.tunnel")


class PeerTransport:
    """The owner's end: a socket whose browser is on another replica."""

    label = "tunnel"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        writer.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)
        self._message: MessageCallback | None = None
        self._early: deque[tuple[MessageKind, bytes]] = deque()
        self._close: CloseCallback | None = None
        self._writable: Callable[[], None] | None = None
        self._readable = asyncio.Event()
        self._readable.set()
        self._drain: asyncio.Task[None] | None = None
        self._ended: tuple[int, str] | None = None

    def write(self, payload: bytes) -> None:
        if self._ended is not None or self._writer.is_closing():
            return
        self._writer.write(tunnel_frame(TunnelFrame.BINARY, payload))
        if self.buffered_bytes() > WRITE_HIGH_BYTES and self._drain is None:
            self._drain = asyncio.get_running_loop().create_task(self._await_drain())

    def write_shared(self, encoded: bytes) -> None:
        self.write(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return 0 if self._ended is not None else self._writer.transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str = "") -> None:
        if self._ended is None and not self._writer.is_closing():
            body = code.to_bytes(2, "big") + close_reason(reason).encode()
            self._writer.write(tunnel_frame(TunnelFrame.CLOSE, body))
        self._finish(code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        while self._early:
            callback(*self._early.popleft())

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        if self._ended is not None:
            asyncio.get_running_loop().call_soon(callback, *self._ended)
        else:
            self._close = callback

    async def serve(self) -> tuple[int, str]:
        """Read the tunnel until either side ends it."""
        try:
            while self._ended is None:
                await self._readable.wait()
                kind, payload = await read_tunnel_frame(self._reader)
                if kind is TunnelFrame.CLOSE:
                    self._finish(int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="replace"))
                else:
                    self._deliver(MessageKind.BINARY if kind is TunnelFrame.BINARY else MessageKind.TEXT, payload)
        except (asyncio.IncompleteReadError, ConnectionError, PeerError):
            self._finish(1006, "")
        finally:
            self._finish(1006, "")
            if self._drain is not None:
                self._drain.cancel()
        assert self._ended is not None
        return self._ended

    def _deliver(self, kind: MessageKind, payload: bytes) -> None:
        if self._message is None:
            self._early.append((kind, payload))
            self.pause_reading()
        else:
            self._message(kind, payload)

    def _finish(self, code: int, reason: str) -> None:
        if self._ended is None:
            self._ended = (code, reason)
            self._readable.set()
            if self._close is not None:
                self._close(code, reason)

    async def _await_drain(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        self._drain = None
        if self._writable is not None and self._ended is None:
            self._writable()


async def pump(browser: Transport, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The accepting end: carry `browser` to the owner until either side closes. The tunnel is already open."""
    room_for_more = asyncio.Event()
    browser_gone = asyncio.Event()
    writer.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)
    drains: set[asyncio.Task[None]] = set()

    async def await_drain() -> None:
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        browser.resume_reading()

    def to_owner(kind: MessageKind, payload: bytes) -> None:
        if writer.is_closing():
            return
        frame = TunnelFrame.BINARY if kind is MessageKind.BINARY else TunnelFrame.TEXT
        writer.write(tunnel_frame(frame, payload))
        if writer.transport.get_write_buffer_size() > WRITE_HIGH_BYTES and not drains:
            browser.pause_reading()
            task = asyncio.get_running_loop().create_task(await_drain())
            drains.add(task)
            task.add_done_callback(drains.discard)

    def gone(code: int, reason: str) -> None:
        browser_gone.set()
        room_for_more.set()
        if not writer.is_closing():
            body = (code if code >= 1000 else 1005).to_bytes(2, "big") + close_reason(reason).encode()
            writer.write(tunnel_frame(TunnelFrame.CLOSE, body))
            writer.close()

    browser.on_close(gone)
    browser.on_writable(room_for_more.set)
    browser.on_message(to_owner)
    try:
        while not browser_gone.is_set():
            kind, payload = await read_tunnel_frame(reader)
            if kind is TunnelFrame.CLOSE:
                browser.close(int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="replace"))
                return
            browser.write(payload)
            while browser.buffered_bytes() > WRITE_HIGH_BYTES and not browser_gone.is_set():
                room_for_more.clear()
                await room_for_more.wait()
    except (asyncio.IncompleteReadError, ConnectionError, PeerError):
        browser.close(CloseCode.MOVED, reason_for(CloseCode.MOVED, "its owner went away"))
    finally:
        for task in list(drains):
            task.cancel()
        writer.close()
