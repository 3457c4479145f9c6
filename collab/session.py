"""One socket in one room: a closed set of states, and the way from bytes to the room's verbs.

Owns state, pauses and message rate of a socket. Invariants: a session in `Closed` neither sends nor accepts; whatever
a peer sends, the worst that happens is that its own session closes with a code of the table; nothing is taken in or
sent for a document that is not `held` any more. Bytes come from the transport, go to the room through `Host`.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from collab import wire
from collab.clock import Clock
from collab.close_codes import CloseCode, CollabError, reason_for
from collab.framing import Y_WEBSOCKET, Framing
from collab.hocuspocus import NOT_SAVED, SAVED, authenticated, stateless
from collab.limits import Limits
from collab.presence import User
from collab.receipts import NOTHING_DUE, Receipts
from collab.transport import MessageKind, Transport, encode_binary_frame
from collab.updates import Header

log = logging.getLogger(__name__)


class Access(enum.IntEnum):
    """What a session may do with its document. Ordered: more includes less."""

    READ = 1
    COMMENT = 2
    WRITE = 3


class Pause(enum.Enum):
    """Why a socket is not read right now. It is read again when no reason is left."""

    RATE = "rate"
    BACKLOG = "backlog"
    SLOW_COMMIT = "slow_commit"
    OUTBOX = "outbox"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Joining:
    """Before its first sync message: gets nothing yet, its step 2 will hold everything.

    `mark`: document position when it came. What is committed from there to its step 1 it may have made itself, on an
    earlier socket: then its step 1 claims it, step 2 leaves it out, and no echo would ever confirm it. `since`: when
    it came, by the room's clock.
    """

    mark: int | None = None
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Live:
    """Gets every committed flush."""


@dataclass(frozen=True, slots=True)
class Lagging:
    """A slow reader: gets nothing until it has drained, then one diff.

    `mark`: document position up to which it was served. `wanted`: a step 1 that came meanwhile.
    """

    mark: int
    wanted: dict[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Its step 1 is answered when its turn comes; until then it gets nothing but its position.

    `mark`: as that of `Joining`; what it sends while it waits is echoed with the answer.
    """

    wanted: dict[int, int]
    mark: int


@dataclass(frozen=True, slots=True)
class Closed:
    code: int


State = Joining | Live | Lagging | Waiting | Closed


class Host(Protocol):
    """The room, as its sessions see it."""

    @property
    def limits(self) -> Limits: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def write_access(self) -> Access: ...
    @property
    def held(self) -> Callable[[], bool]: ...
    def answer(self, session: Session, clocks: dict[int, int]) -> None: ...
    def accept(self, session: Session, update: bytes, *, live: bool) -> None: ...
    def present(self, session: Session, payload: bytes) -> None: ...
    def show_everyone(self, session: Session) -> None: ...
    def catch_up(self, session: Session) -> None: ...
    def leave(self, session: Session) -> None: ...


class Session:
    """`access` may be changed while the session lives (`change_access`); it is read at every update.

    `why`: what keeps its writer out beside its role, in words; "": nothing.
    """

    __slots__ = (
        "_allowance",
        "_counted_at",
        "_pauses",
        "access",
        "framing",
        "host",
        "ordinal",
        "presence_ids",
        "principal",
        "receipts",
        "state",
        "transport",
        "user",
        "why",
    )

    def __init__(
        self,
        host: Host,
        transport: Transport,
        principal: str,
        access: Access,
        *,
        user: User,
        ordinal: int,
        framing: Framing = Y_WEBSOCKET,
    ) -> None:
        self.host, self.transport, self.framing = host, transport, framing
        self.receipts = Receipts() if framing.receipts else None
        self.principal, self.access, self.user, self.ordinal = principal, access, user, ordinal
        self.why = ""
        self.presence_ids: list[int] = []
        self.state: State = Joining()
        self._pauses: set[Pause] = set()
        self._allowance = host.limits.messages_burst
        self._counted_at = host.clock.now()

    @property
    def can_write(self) -> bool:
        return self.access >= self.host.write_access

    def attach(self) -> None:
        """Start listening to the transport."""
        self.transport.on_close(lambda code, _reason: self.closed(code))
        self.transport.on_writable(self.writable)
        self.transport.on_message(self.on_message)

    def on_message(self, kind: MessageKind, data: bytes) -> None:
        if kind is MessageKind.BINARY:
            self.receive(data)
        elif not isinstance(self.state, Closed):
            self.close(CloseCode.MALFORMED, "text message")

    def receive(self, data: bytes) -> None:
        """One whole binary message. Never raises on what it says."""
        if isinstance(self.state, Closed) or not self.host.held():
            return
        try:
            self._count()
            self._dispatch(wire.read_message(data, self.host.limits))
            if self.full():
                self.pause(Pause.OUTBOX)  # who does not read its answers is not asked for more
        except CollabError as error:
            self.close(error.close_code, error.detail)

    def _dispatch(self, message: wire.Message) -> None:
        match message:
            case wire.SyncUpdate(update):
                self.host.accept(self, update, live=True)
            case wire.AwarenessMessage(payload):
                self.host.present(self, payload)
            case wire.SyncStep1(clocks):
                if self.receipts is not None:
                    self.receipts.began(clocks)
                self.host.answer(self, clocks)
            case wire.SyncStep2(update):
                self.host.accept(self, update, live=False)
            case wire.QueryAwareness():
                self.host.show_everyone(self)

    def _count(self) -> None:
        limits, now = self.host.limits, self.host.clock.now()
        earned = (now - self._counted_at) * limits.messages_per_s
        self._counted_at = now
        self._allowance = min(limits.messages_burst, self._allowance + earned) - 1
        if self._allowance < 0 and Pause.RATE not in self._pauses:
            self.pause(Pause.RATE)
            self.host.clock.call_later((1 - self._allowance) / limits.messages_per_s, lambda: self.resume(Pause.RATE))

    def pause(self, why: Pause) -> None:
        if not self._pauses and not isinstance(self.state, Closed):
            self.transport.pause_reading()
        self._pauses.add(why)

    def resume(self, why: Pause) -> None:
        if why not in self._pauses:
            return
        self._pauses.remove(why)
        if not self._pauses and not isinstance(self.state, Closed):
            self.transport.resume_reading()

    @property
    def paused(self) -> bool:
        return bool(self._pauses)

    def write(self, message: bytes) -> None:
        if not isinstance(self.state, Closed) and self.host.held():
            self.transport.write_shared(encode_binary_frame(self.framing.prefix + message))

    def hand(self, encoded: bytes) -> None:
        """Send a message of this session that was framed already."""
        if not isinstance(self.state, Closed) and self.host.held():
            self.transport.write_shared(encoded)

    def receipt(self, header: Header, *, live: bool) -> int:
        """What to `acknowledge` this message with."""
        return NOTHING_DUE if self.receipts is None else self.receipts.due(header, live=live)

    def acknowledge(self, receipt: int) -> None:
        """The message is in the log: tell a client that counts receipts."""
        if self.receipts is not None and self.receipts.counts(receipt):
            self.write(SAVED)

    def deny_write(self) -> None:
        """It may not change the document: say so, by message where the protocol has one. Raises `CollabError`."""
        if self.receipts is None:
            raise CollabError(CloseCode.FORBIDDEN, self.why)
        self.write(NOT_SAVED)
        if self.why:
            self.write(stateless(reason_for(CloseCode.FORBIDDEN, self.why)))

    def change_access(self, access: Access) -> None:
        """From now on it may do this, and is told if that changes whether it may write.

        Hocuspocus says it by a fresh `authenticated`; y-websocket has a word only for what is no longer allowed.
        """
        could, self.access = self.can_write, access
        if could == self.can_write:
            return
        if self.receipts is not None:
            self.write(authenticated(writes=self.can_write))
        elif could:
            self.write(wire.permission_denied(reason_for(CloseCode.FORBIDDEN, self.why)))

    def refuse(self, why: str) -> None:
        """Something it sent is not in the document: say so, in the protocol's own words; the socket stays.

        y-websocket has no message for one update, so it is told by "permission denied", which stock clients log.
        """
        if self.receipts is None:
            self.write(wire.permission_denied(why))
        else:
            self.write(NOT_SAVED)
            self.write(stateless(why))

    def full(self) -> bool:
        """Whether the socket owes more than a slow reader may."""
        return self.transport.buffered_bytes() > self.host.limits.outbox_bytes_max

    def writable(self) -> None:
        self.resume(Pause.OUTBOX)
        if not isinstance(self.state, Closed):
            self.host.catch_up(self)

    def close(self, code: CloseCode, detail: str = "") -> None:
        """Close the socket with a code of the table."""
        if isinstance(self.state, Closed):
            return
        reason = reason_for(code, detail)
        log.info("session closed", extra={"close_code": int(code), "close_name": code.name, "detail": detail})
        self.state = Closed(int(code))
        self.host.leave(self)
        self.transport.close(int(code), reason)

    def closed(self, code: int = 1006) -> None:
        """The socket ended, whoever ended it."""
        if not isinstance(self.state, Closed):
            self.state = Closed(code)
            self.host.leave(self)
