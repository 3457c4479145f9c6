"""A socket before anybody knows whose it is: the Hocuspocus protocol brings its token in a message.

Owns the time between accept and the first token that holds. Invariants: until then nothing is looked up, and what is
kept is bounded in bytes and seconds; after it this is the socket itself, with what was kept delivered first. Messages
come from the transport, go to whoever asks for them: the documents of this host, or a tunnel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collab import hocuspocus
from collab.close_codes import CloseCode, CollabError, Malformed, reason_for
from collab.hocuspocus import Type
from collab.limits import Limits
from collab.transport import CloseCallback, MessageCallback, MessageKind
from serve_app.asgi_transport import ServedTransport
from serve_app.auth import Principal


class Threshold:
    """A `ServedTransport` over another. `recognise` gives a token's principal; it is asked in constant time."""

    label = "threshold"

    def __init__(self, inner: ServedTransport, recognise: Callable[[str], Principal | None], limits: Limits) -> None:
        self._inner, self._recognise, self._limits = inner, recognise, limits
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._known: asyncio.Future[Principal | None] = asyncio.get_running_loop().create_future()
        inner.on_close(lambda _code, _reason: self._settle(None))
        inner.on_message(self._receive)
        self._serving = asyncio.ensure_future(inner.serve())

    async def passed(self) -> Principal | None:
        """Who it is; None when the socket ended or was closed (4401, 4400, 4413) without anybody being known."""
        try:
            async with asyncio.timeout(self._limits.unauthenticated_s_max):
                return await asyncio.shield(self._known)
        except TimeoutError:
            self._refuse(CollabError(CloseCode.UNAUTHENTICATED, "unauthenticated_s_max"))
            return None

    def abandon(self) -> None:
        """Stop serving: the request this socket belongs to is over."""
        self._serving.cancel()

    def _settle(self, principal: Principal | None) -> None:
        if not self._known.done():
            self._known.set_result(principal)

    def _refuse(self, error: CollabError) -> None:
        self._kept.clear()
        self._inner.close(error.close_code, reason_for(error.close_code, error.detail))
        self._settle(None)

    def _receive(self, kind: MessageKind, data: bytes) -> None:
        if self._known.done():
            if self._known.result() is not None:
                self._kept.append(data)  # already read when reading was paused
            return
        try:
            self._read(kind, data)
        except CollabError as error:
            self._refuse(error)

    def _read(self, kind: MessageKind, data: bytes) -> None:
        if kind is not MessageKind.BINARY:
            raise Malformed("text message")
        self._kept_bytes += len(data)
        if self._kept_bytes > self._limits.unauthenticated_bytes_max:
            raise CollabError(CloseCode.UNAUTHENTICATED, "unauthenticated_bytes_max")
        envelope = hocuspocus.read_envelope(data, self._limits)
        if envelope is None or envelope.type is not Type.AUTH:
            self._kept.append(data)
            return
        token = hocuspocus.read_token(envelope.body, self._limits)
        principal = self._recognise(token) if token else None
        if principal is None:
            denied = hocuspocus.permission_denied(reason_for(CloseCode.UNAUTHENTICATED))
            self._inner.write(hocuspocus.framing(envelope.key).prefix + denied)
            return
        self._kept.append(data)
        self._inner.pause_reading()
        self._settle(principal)

    # as a transport
    def write(self, payload: bytes) -> None:
        self._inner.write(payload)

    def write_shared(self, encoded: bytes) -> None:
        self._inner.write_shared(encoded)

    def buffered_bytes(self) -> int:
        return self._inner.buffered_bytes()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def close(self, code: int, reason: str = "") -> None:
        self._inner.close(code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._inner.resume_reading()  # first: what is delivered now may pause it again
        kept, self._kept = self._kept, []
        for data in kept:
            callback(MessageKind.BINARY, data)
        self._inner.on_message(callback)

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._inner.on_writable(callback)

    def on_close(self, callback: CloseCallback) -> None:
        self._inner.on_close(callback)

    async def serve(self) -> tuple[int, str]:
        return await asyncio.shield(self._serving)
