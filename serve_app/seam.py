"""The seam in uvicorn: where a WebSocket's buffers become visible and bounded.

Owns the protocol class that uvicorn uses for every upgraded connection of this process, and the `Transport` it puts
into the ASGI scope under `SCOPE_KEY`. Invariant: no byte waits in a queue that nobody can see. Outbound bytes wait in
the kernel and in asyncio's buffer, which `buffered_bytes` reports and `buffer_bytes_max` ends; inbound messages go
straight to the room's callback, and `pause_reading` reaches the peer through TCP.

Why it exists (Ray Serve 2.60, uvicorn 0.54): Serve copies every inbound frame into an unbounded queue unless the
request carries `x-request-disconnect-disabled: ?1`, and ASGI hides the outbound buffer altogether.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import uvicorn.config
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from collab.transport import (
    WRITE_HIGH_BYTES,
    WRITE_LOW_BYTES,
    CloseCallback,
    MessageCallback,
    MessageKind,
    close_reason,
    encode_binary_frame,
)
from serve_app.frame_walk import FrameWalk

SCOPE_KEY = "storyforge.transport"
CLOSE_TIMEOUT_S = 5.0
"""How long a peer may take to answer our close frame (or to read what is buffered before it) before we cut the line."""

QUIET_S = 0.25
"""After a message that broke the protocol: silence for this long ends the connection."""

DROP_BYTES_MAX = 64 * 1024 * 1024
"""What such a peer may still send into the void within CLOSE_TIMEOUT_S. Lower: its close code is lost to a reset."""

NO_DISCONNECT_WATCH = (b"x-request-disconnect-disabled", b"?1")
DOCUMENT_BYTES_DEFAULT = 20 * 1024 * 1024
ENVELOPE_BYTES = 1024 * 1024
BUFFER_SLACK_BYTES = 8 * 1024 * 1024
"""A buffer may hold one largest message and this much more; beyond that the socket is cut (close code 1006)."""

logger = logging.getLogger("storyforge.seam")


class SeamTransport:
    """`collab.transport.Transport` over one uvicorn connection. Made by the seam, found in the scope."""

    label = "seam"

    def __init__(self, protocol: "SeamProtocol") -> None:
        self._protocol = protocol
        self._loop = protocol.loop
        self._message: MessageCallback | None = None
        self._early: list[tuple[MessageKind, bytes]] = []  # a few at most; an empty deque is 0.7 kB a socket
        self._writable: Callable[[], None] | None = None
        self._close: CloseCallback | None = None
        self._reading_paused = False
        self.ended: asyncio.Future[tuple[int, str]] = self._loop.create_future()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop all methods belong to; another loop or thread must use the ASGI fallback."""
        return self._loop

    @property
    def reading_paused(self) -> bool:
        return self._reading_paused

    def write(self, payload: bytes) -> None:
        self.write_shared(encode_binary_frame(payload))

    def write_shared(self, encoded: bytes) -> None:
        protocol = self._protocol
        if self.ended.done() or protocol.close_sent or protocol.transport.is_closing():
            return
        protocol.transport.write(encoded)
        if protocol.transport.get_write_buffer_size() > protocol.buffer_bytes_max:
            logger.warning("socket cut: outbound buffer over its bound", extra={"bound": protocol.buffer_bytes_max})
            protocol.transport.abort()

    def buffered_bytes(self) -> int:
        return 0 if self.ended.done() else self._protocol.transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._protocol.apply_reading()

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self._protocol.apply_reading()

    def close(self, code: int, reason: str = "") -> None:
        self._protocol.close_from_room(code, close_reason(reason))

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback
        self._early.extend(self._protocol.take_queued_messages())
        self._loop.call_soon(self._deliver_early)

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        if self.ended.done():
            self._loop.call_soon(callback, *self.ended.result())
        else:
            self._close = callback

    async def serve(self) -> tuple[int, str]:
        """Wait until the socket has ended; returns close code and reason."""
        return await asyncio.shield(self.ended)

    # Called by the protocol.

    @property
    def takes_messages(self) -> bool:
        return self._message is not None

    def receive(self, kind: MessageKind, payload: bytes) -> None:
        if self.ended.done():
            return
        if self._early or self._message is None:
            self._early.append((kind, payload))
        else:
            self._message(kind, payload)

    def drained(self) -> None:
        if self._writable is not None and not self.ended.done():
            self._writable()

    def finish(self, code: int, reason: str) -> None:
        if self.ended.done():
            return
        self.ended.set_result((code, reason))
        self._early.clear()
        if self._close is not None:
            self._loop.call_soon(self._close, code, reason)

    def _deliver_early(self) -> None:
        try:
            while self._early and self._message is not None:
                kind, payload = self._early.pop(0)
                self._message(kind, payload)
        except BaseException:
            self._protocol.transport.abort()
            raise
        self._protocol.apply_reading()

    @property
    def has_early(self) -> bool:
        return bool(self._early)


class Conversation(ServerProtocol):
    """websockets 17 takes a close frame between the fragments of a message for a fault and answers 1002; RFC 6455 5.4
    allows it there. Nothing follows a close frame, so the message it interrupts is dropped."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class SeamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's sans-I/O WebSocket protocol: bounded buffers, no compression, a `SeamTransport` in the scope."""

    message_bytes_max = DOCUMENT_BYTES_DEFAULT + ENVELOPE_BYTES
    buffer_bytes_max = message_bytes_max + BUFFER_SLACK_BYTES

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = Conversation(
            extensions=[], max_size=self.message_bytes_max, logger=logging.getLogger("uvicorn.error")
        )
        self.close_timeout = CLOSE_TIMEOUT_S
        self.seam = SeamTransport(self)
        self._walk = FrameWalk()
        self._parts = bytearray()
        self._kernel_paused = False
        self._dropped_bytes: int | None = None  # counts once the parser has given up
        self._quiet: asyncio.TimerHandle | None = None

    # The connection's life.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES, low=WRITE_LOW_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        super().connection_lost(exc)
        self.seam.finish(1006, "")

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code != 101:
            return
        scope = cast(dict[str, Any], self.scope)
        scope["headers"].append(NO_DISCONNECT_WATCH)
        scope[SCOPE_KEY] = self.seam

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        received = self.conn.close_rcvd
        self.seam.finish(received.code if received else 1005, received.reason if received else "")
        self._abort_later()

    def handle_parser_exception(self) -> None:
        """Say why, then read and drop what is still coming: closing with bytes unread resets the connection, the close
        frame is lost with it, and a stock client that never hears 1009 sends the same message for ever."""
        sent = self.conn.close_sent
        code, reason = (sent.code, sent.reason) if sent else (1002, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.seam.finish(code, reason)
        self._dropped_bytes = 0
        self.apply_reading()
        self._quiet = self.loop.call_later(QUIET_S, self.transport.close)
        self._abort_later()

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            super().data_received(data)
            return
        if self._dropped_bytes is not None:
            self._drop(data)
            return
        for plain, part in self._walk.feed(data):
            if not plain:
                super().data_received(part)
                if self.conn.parser_exc is not None:
                    return
            elif self.conn.close_rcvd is None:
                self._take_plain(part)

    def _take_plain(self, payload: bytes) -> None:
        if self.seam.takes_messages and not self.close_sent:
            self.seam.receive(MessageKind.BINARY, payload)
            return
        self.curr_msg_data_type, self.frames = "bytes", [payload]
        self.send_receive_event_to_app()

    def _drop(self, data: bytes) -> None:
        self._dropped_bytes = (self._dropped_bytes or 0) + len(data)
        if self._dropped_bytes > DROP_BYTES_MAX:
            self.transport.abort()
        elif self._quiet is not None:
            self._quiet.cancel()
            self._quiet = self.loop.call_later(QUIET_S, self.transport.close)

    def shutdown(self) -> None:
        super().shutdown()
        self.seam.finish(1012, "")
        self._abort_later()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.seam.drained()

    # Messages in.

    def handle_text(self, event: Frame) -> None:
        self._first_fragment("text", event)

    def handle_bytes(self, event: Frame) -> None:
        self._first_fragment("bytes", event)

    def handle_cont(self, event: Frame) -> None:
        # One growing buffer: a list of fragments would cost 40 bytes of objects for each two bytes received.
        self._parts += event.data
        if event.fin:
            self.frames = [bytes(self._parts)]
            self._parts = bytearray()
            self.send_receive_event_to_app()

    def _first_fragment(self, kind: str, event: Frame) -> None:
        self.curr_msg_data_type = "text" if kind == "text" else "bytes"
        if event.fin:
            self.frames = [bytes(event.data)]
            self.send_receive_event_to_app()
        else:
            self._parts = bytearray(event.data)

    def send_receive_event_to_app(self) -> None:
        payload, self.frames = self.frames[0], []
        if self.close_sent:
            return
        kind = MessageKind.BINARY if self.curr_msg_data_type == "bytes" else MessageKind.TEXT
        if kind is MessageKind.TEXT and not _is_utf8(payload):
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        if self.seam.takes_messages:
            self.seam.receive(kind, payload)
            return
        if kind is MessageKind.BINARY:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": payload})
        else:
            self.queue.put_nowait({"type": "websocket.receive", "text": payload.decode()})
        self.read_paused = True
        self.apply_reading()

    def take_queued_messages(self) -> list[tuple[MessageKind, bytes]]:
        """What came in before the room set its callback, out of the ASGI queue, in order."""
        taken: list[tuple[MessageKind, bytes]] = []
        others: list[Any] = []
        while not self.queue.empty():
            event = cast(dict[str, Any], self.queue.get_nowait())
            if event["type"] != "websocket.receive":
                others.append(event)
            elif event.get("bytes") is not None:
                taken.append((MessageKind.BINARY, event["bytes"]))
            else:
                taken.append((MessageKind.TEXT, str(event["text"]).encode()))
        for event in others:
            self.queue.put_nowait(event)
        self.read_paused = False
        return taken

    def apply_reading(self) -> None:
        """Make the socket's reading state what the room and the queue together ask for."""
        if self.disconnected or self.transport.is_closing():
            return
        wanted = self.seam.reading_paused or self.seam.has_early or self.read_paused
        if self.close_sent:
            wanted = False
        if wanted and not self._kernel_paused:
            self.transport.pause_reading()
        elif not wanted and self._kernel_paused:
            self.transport.resume_reading()
        self._kernel_paused = wanted

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.apply_reading()
        return message

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            # The parser's frame keeps the handshake for as long as the socket lives: 3 kB of headers each.
            self.request.headers.clear()
            self.response.headers.clear()
        if message["type"] == "websocket.close" and self.close_sent:
            self._kernel_paused = False
            self.seam.finish(message.get("code", 1000), message.get("reason") or "")
            self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if self.close_timer is None:
            self._abort_later()

    # Control frames.

    def handle_ping(self) -> None:
        pongs = b"".join(self.conn.data_to_send())
        # A peer that pings and never reads would grow the buffer by a pong each; it can do without them.
        if self.transport.get_write_buffer_size() <= WRITE_HIGH_BYTES:
            self.transport.write(pongs)

    def keepalive_timeout(self) -> None:
        if self.seam.reading_paused and not self.close_sent and not self.transport.is_closing():
            # We are the ones not listening: the pong may be waiting in the kernel. Ask again later.
            self.pong_timer = None
            self.pending_ping_payload = None
            self.schedule_ping()
            return
        super().keepalive_timeout()
        self.seam.finish(1011, "keepalive ping timeout")
        self._abort_later()

    # Closing.

    def close_from_room(self, code: int, reason: str) -> None:
        """Send a close frame, keep reading for the peer's answer, cut the connection after `CLOSE_TIMEOUT_S`."""
        if self.close_sent or self.disconnected or self.transport.is_closing() or not self.handshake_complete:
            return
        try:
            self.conn.send_close(code, reason)
        except InvalidState:
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.apply_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
        self.seam.finish(code, reason)

    def _abort_later(self) -> None:
        """A graceful close waits for the buffer to drain, which a peer that never reads never lets happen."""
        if self.disconnected:
            return
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def install(*, document_bytes_max: int = DOCUMENT_BYTES_DEFAULT) -> None:
    """Make uvicorn use the seam for WebSockets in this process. Call before the server starts; idempotent.

    The largest message is a full second sync step of the largest document plus 1 MiB of envelope, so that a client that
    may hold a document can always send it: stock providers retry a 1009 for ever.
    """
    SeamProtocol.message_bytes_max = document_bytes_max + ENVELOPE_BYTES
    SeamProtocol.buffer_bytes_max = SeamProtocol.message_bytes_max + BUFFER_SLACK_BYTES
    uvicorn.config.WS_PROTOCOLS["auto"] = "serve_app.seam:SeamProtocol"
