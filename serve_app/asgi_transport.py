"""The labelled fallback: `Transport` over plain ASGI, where the web server hides its buffers.

Owns an outbound queue bounded in bytes and the two loops that pump it. Invariant: whatever it holds is counted in
`buffered_bytes`; what the web server holds beyond it is not, which is why this is the fallback and says so in `label`.
Used behind Serve's Python proxy, in-process test clients, and wherever the seam is not installed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

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
from serve_app.seam import SCOPE_KEY, SeamTransport

BUFFER_BYTES_MAX = 32 * 1024 * 1024
"""Overflow rule: the socket is closed with 1013 and what was queued is dropped."""

logger = logging.getLogger("storyforge.asgi_transport")


class ServedTransport(Transport, Protocol):
    """A transport that somebody keeps alive: `serve` returns when the socket has ended."""

    @property
    def label(self) -> str: ...

    async def serve(self) -> tuple[int, str]: ...


class AsgiTransport:
    """`Transport` over an accepted Starlette WebSocket; `serve` must run for anything to move."""

    label = "asgi"

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._out: deque[bytes] = deque()
        self._out_bytes = 0
        self._was_high = False
        self._wake = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._message: MessageCallback | None = None
        self._attended = asyncio.Event()
        self._writable: Callable[[], None] | None = None
        self._close: CloseCallback | None = None
        self._closing: tuple[int, str] | None = None
        self._ended: tuple[int, str] | None = None

    def write(self, payload: bytes) -> None:
        if self._closing is not None or self._ended is not None:
            return
        self._out.append(payload)
        self._out_bytes += len(payload)
        self._was_high = self._was_high or self._out_bytes > WRITE_HIGH_BYTES
        self._wake.set()
        if self._out_bytes > BUFFER_BYTES_MAX:
            self._out.clear()
            self._out_bytes = 0
            self.close(1013, "outbound buffer over its bound")

    def write_shared(self, encoded: bytes) -> None:
        self.write(frame_payload(encoded))

    def buffered_bytes(self) -> int:
        return self._out_bytes

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    def close(self, code: int, reason: str = "") -> None:
        if self._closing is None and self._ended is None:
            self._closing = (code, close_reason(reason))
            self._wake.set()

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        self._attended.set()

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        if self._ended is not None:
            asyncio.get_running_loop().call_soon(callback, *self._ended)
        else:
            self._close = callback

    async def serve(self) -> tuple[int, str]:
        """Pump both ways until either side ends it; returns close code and reason."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            ended = self._finish(*(self._closing or (1006, "")))
        for task in (reader, writer):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        return ended

    def _finish(self, code: int, reason: str) -> tuple[int, str]:
        if self._ended is None:
            self._ended = (code, reason)
            self._out.clear()
            self._out_bytes = 0
            if self._close is not None:
                self._close(code, reason)
        return self._ended

    async def _read(self) -> None:
        await self._attended.wait()
        while True:
            await self._readable.wait()
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                self._finish(int(event.get("code") or 1005), str(event.get("reason") or ""))
                return
            payload = event.get("bytes")
            if payload is not None:
                self._receive(MessageKind.BINARY, payload)
            else:
                self._receive(MessageKind.TEXT, str(event.get("text", "")).encode())

    def _receive(self, kind: MessageKind, payload: bytes) -> None:
        if self._message is not None:
            self._message(kind, payload)

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._out:
                    payload = self._out.popleft()
                    await self._websocket.send_bytes(payload)
                    self._out_bytes -= len(payload)
                    self._tell_writable()
                if self._closing is not None:
                    await self._websocket.close(*self._closing)
                    return
        except WebSocketDisconnect as gone:
            self._finish(gone.code, gone.reason or "")

    def _tell_writable(self) -> None:
        if self._was_high and self._out_bytes <= WRITE_LOW_BYTES:
            self._was_high = False
            if self._writable is not None:
                self._writable()


def open_transport(websocket: WebSocket) -> ServedTransport:
    """The seam's transport when this loop owns it, else the ASGI fallback. Call after `websocket.accept()`."""
    seam = websocket.scope.get(SCOPE_KEY)
    if isinstance(seam, SeamTransport) and seam.loop is asyncio.get_running_loop():
        return seam
    logger.info("socket served without the seam")
    return AsgiTransport(websocket)
