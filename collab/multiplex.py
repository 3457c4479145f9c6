"""Many documents on one socket: a virtual `Transport` per document over the one real transport.

Owns the documents of one authenticated Hocuspocus socket: which are open, which wait. Invariants: what ends one
document (it does not exist, it is too large) leaves the others alone; what the client can only mend by connecting again
(45xx) or should never have sent (4400) ends the socket; what is kept of a document that is not open yet is bounded,
then the socket is not read. Frames come from the real transport, go unwrapped to the sessions of rooms; sessions write
their own framing.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from collab import hocuspocus
from collab.clock import Clock, LoopClock
from collab.close_codes import CloseCode, CollabError, Malformed, reason_for
from collab.hocuspocus import Envelope, Type
from collab.limits import Limits
from collab.transport import CloseCallback, MessageCallback, MessageKind, Transport, encode_binary_frame

log = logging.getLogger(__name__)

_FOR_ROOMS = frozenset({Type.SYNC, Type.AWARENESS, Type.QUERY_AWARENESS})


@dataclass(frozen=True, slots=True)
class Entered:
    """A socket's place in a room. `leave`: call when it ended. `writes`: whether it may change the document now."""

    leave: Callable[[], None]
    writes: bool


class Doors(Protocol):
    """What stands between a socket and the rooms of its project."""

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        """Join the room of `name` with `channel` and its framing. Raises `CollabError`.

        `token` is empty where the client sent none; a token that is given must hold, however the socket came in.
        """
        ...


class Stage(enum.Enum):
    """WAITING: for its auth message. ENTERING: its room is being opened. ENDED: denied or closed; may come again."""

    WAITING = "waiting"
    ENTERING = "entering"
    OPEN = "open"
    ENDED = "ended"


class Channel:
    """One document of a multiplexed socket, as its room sees it: a `Transport`."""

    def __init__(self, socket: Multiplex, key: str, name: str) -> None:
        self._socket, self.name = socket, name
        self.framing = hocuspocus.framing(key)
        self.stage = Stage.WAITING
        self.writes = False
        self._early: deque[bytes] = deque()
        self.early_bytes = 0
        self._message: MessageCallback | None = None
        self._closed: CloseCallback | None = None
        self._writable: Callable[[], None] | None = None
        self._leave: Callable[[], None] | None = None

    # as a transport
    def write(self, payload: bytes) -> None:
        self.write_shared(encode_binary_frame(payload))

    def write_shared(self, encoded: bytes) -> None:
        if self.stage is not Stage.ENDED:
            self._socket.transport.write_shared(encoded)

    def buffered_bytes(self) -> int:
        return self._socket.transport.buffered_bytes()

    def pause_reading(self) -> None:
        self._socket.pause(self)

    def resume_reading(self) -> None:
        self._socket.resume(self)

    def close(self, code: int, reason: str = "") -> None:
        """End this document; the whole socket where only a new connection helps, or the client is at fault.

        A room that is full denies its document alone: the other documents of this socket are not to suffer for it.
        """
        denied = self.stage is Stage.ENTERING
        if code == CloseCode.MALFORMED or (code >= 4500 and not (denied and code == CloseCode.OVERLOADED)):
            self._socket.close(code, reason)
        elif self.stage is not Stage.ENDED:
            self.say(hocuspocus.permission_denied(reason) if denied else hocuspocus.closed(reason))
            self.end(code, reason)

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback

    def on_writable(self, callback: Callable[[], None]) -> None:
        self._writable = callback

    def on_close(self, callback: CloseCallback) -> None:
        if self.stage is Stage.ENDED:
            asyncio.get_running_loop().call_soon(callback, 1006, "")
        else:
            self._closed = callback

    # as its socket sees it
    def say(self, message: bytes) -> None:
        self.write(self.framing.prefix + message)

    def take(self, message: bytes) -> None:
        """A message for the room, kept until there is one."""
        if self.stage is Stage.OPEN and self._message is not None:
            self._message(MessageKind.BINARY, message)
        elif self.stage in (Stage.WAITING, Stage.ENTERING):
            self._early.append(message)
            self.early_bytes += len(message)

    def opened(self, entered: Entered) -> None:
        """The room has taken it in: say so, then hand over what came meanwhile."""
        if self.stage is Stage.ENDED:
            entered.leave()
            return
        self.stage, self._leave, self.writes = Stage.OPEN, entered.leave, entered.writes
        self.say(hocuspocus.authenticated(writes=entered.writes))
        while self._early and self.stage is Stage.OPEN:
            self.take(self._early.popleft())
        self.early_bytes = 0

    def drained(self) -> None:
        if self._writable is not None and self.stage is Stage.OPEN:
            self._writable()

    def end(self, code: int, reason: str) -> None:
        """It is over, whoever ended it. Idempotent."""
        if self.stage is Stage.ENDED:
            return
        self.stage = Stage.ENDED
        self._early.clear()
        self.early_bytes = 0
        self._socket.resume(self)
        if self._closed is not None:
            self._closed(code, reason)
        if self._leave is not None:
            self._leave()


class Multiplex:
    """Serves one socket from the moment it is made. The caller keeps the transport alive and calls `end` after it."""

    def __init__(self, transport: Transport, doors: Doors, limits: Limits, clock: Clock | None = None) -> None:
        self.transport = transport
        self._doors, self._limits, self._clock = doors, limits, clock or LoopClock()
        self._channels: dict[str, Channel] = {}
        self._entering: set[asyncio.Task[None]] = set()
        self._paused: set[object] = set()
        self._ended = False
        self._allowance, self._counted_at = limits.messages_burst, self._clock.now()
        transport.on_close(self._gone)
        transport.on_writable(self._drained)
        transport.on_message(self._receive)

    @property
    def documents(self) -> int:
        return sum(each.stage is not Stage.ENDED for each in self._channels.values())

    def pause(self, why: object) -> None:
        if not self._paused and not self._ended:
            self.transport.pause_reading()
        self._paused.add(why)

    def resume(self, why: object) -> None:
        if why in self._paused:
            self._paused.remove(why)
            if not self._paused and not self._ended:
                self.transport.resume_reading()

    def close(self, code: int, reason: str = "") -> None:
        """Close the socket and with it all its documents."""
        if not self._ended:
            self.transport.close(code, reason)
            self._gone(code, reason)

    def end(self) -> None:
        """The socket is over: stop what it set in motion."""
        self._gone(1006, "")
        for task in self._entering:
            task.cancel()

    def _gone(self, code: int, reason: str) -> None:
        self._ended = True
        for channel in list(self._channels.values()):
            channel.end(code, reason)
        self._channels.clear()

    def _drained(self) -> None:
        for channel in list(self._channels.values()):
            channel.drained()

    def _receive(self, kind: MessageKind, data: bytes) -> None:
        """One whole message. Never raises on what it says."""
        if self._ended:
            return
        try:
            if kind is not MessageKind.BINARY:
                raise Malformed("text message")
            self._dispatch(data)
        except CollabError as error:
            log.info("multiplexed socket closed", extra={"close_name": error.code, "detail": error.detail})
            self.close(error.close_code, reason_for(error.close_code, error.detail))

    def _dispatch(self, frame: bytes) -> None:
        envelope = hocuspocus.read_envelope(frame, self._limits)
        channel = None if envelope is None else self._channels.get(envelope.key)
        if envelope is not None and channel is not None and channel.stage is Stage.OPEN and envelope.type in _FOR_ROOMS:
            channel.take(envelope.body)  # its session counts it
            return
        self._count()
        if envelope is None:
            if frame == hocuspocus.PING:
                self.transport.write(hocuspocus.PONG)
        elif envelope.type is Type.AUTH:
            self._authenticate(envelope, hocuspocus.read_token(envelope.body, self._limits))
        elif envelope.type is Type.CLOSE:
            if channel is not None:
                del self._channels[envelope.key]
                channel.end(1000, "")
        elif envelope.type in _FOR_ROOMS:
            self._keep(envelope, channel)
        elif envelope.type not in (Type.STATELESS, Type.BROADCAST_STATELESS):
            raise Malformed("message type is the server's own")

    def _keep(self, envelope: Envelope, channel: Channel | None) -> None:
        """A message to a document that is not open: before its auth message, while its room opens, after its end."""
        channel = channel or self._admit(envelope)
        if channel is None:
            return
        channel.take(envelope.body)
        if channel.stage is Stage.WAITING:
            waiting = (each.early_bytes for each in self._channels.values() if each.stage is Stage.WAITING)
            if sum(waiting) > self._limits.unauthenticated_bytes_max:
                raise CollabError(CloseCode.UNAUTHENTICATED, "unauthenticated_bytes_max")
        elif channel.early_bytes > self._limits.entering_bytes_pause:
            self.pause(channel)

    def _admit(self, envelope: Envelope) -> Channel | None:
        """A place for one more document; None, and a denial, when all are taken."""
        channels = self._channels
        if len(channels) >= self._limits.documents_per_socket_max:
            for key in [key for key, each in channels.items() if each.stage is Stage.ENDED]:
                del channels[key]
        channel = Channel(self, envelope.key, envelope.name)
        if len(channels) >= self._limits.documents_per_socket_max:
            channel.say(hocuspocus.permission_denied(reason_for(CloseCode.OVERLOADED, "documents_per_socket_max")))
            return None
        channels[envelope.key] = channel
        return channel

    def _authenticate(self, envelope: Envelope, token: str) -> None:
        channel = self._channels.get(envelope.key)
        if channel is not None and channel.stage is Stage.OPEN:
            channel.say(hocuspocus.authenticated(writes=channel.writes))  # a provider made anew in the same page
            return
        if channel is not None and channel.stage is Stage.ENDED:
            del self._channels[envelope.key]
            channel = None
        channel = channel or self._admit(envelope)
        if channel is not None and channel.stage is Stage.WAITING:
            channel.stage = Stage.ENTERING
            task = asyncio.get_running_loop().create_task(self._enter(channel, token))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, channel: Channel, token: str) -> None:
        try:
            channel.opened(await self._doors.enter(channel.name, token, channel))
            self.resume(channel)
        except CollabError as error:
            if error.retryable:
                self.close(error.close_code, reason_for(error.close_code, error.detail))
            else:
                channel.close(error.close_code, reason_for(error.close_code, error.detail))
        except asyncio.CancelledError:
            # Either this socket is over (then closing it says nothing), or what we waited for was given up: a project
            # on its way to another host drops what it is still loading.
            self.close(CloseCode.GOING_AWAY, reason_for(CloseCode.GOING_AWAY))
            raise
        except Exception:
            log.exception("a document could not be entered")
            self.close(CloseCode.OVERLOADED, reason_for(CloseCode.OVERLOADED))

    def _count(self) -> None:
        """The rate of messages no session counts."""
        limits, now = self._limits, self._clock.now()
        earned = (now - self._counted_at) * limits.messages_per_s
        self._counted_at = now
        self._allowance = min(limits.messages_burst, self._allowance + earned) - 1
        if self._allowance < 0 and self not in self._paused:
            self.pause(self)
            self._clock.call_later((1 - self._allowance) / limits.messages_per_s, lambda: self.resume(self))
