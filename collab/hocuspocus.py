"""The Hocuspocus protocol: many documents on one socket, each message behind its document's name.

Owns the envelope and the messages y-websocket does not have. Sync, awareness and query bodies are those of
`collab.wire`, bit for bit. Invariant: a frame is one whole envelope or `Malformed`; names and tokens are bounded.
Source: @hocuspocus/provider 3.4 and 4.8 (`src/types.ts`, `src/OutgoingMessages`), @hocuspocus/common (`src/auth.ts`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from collab.close_codes import Malformed, TooLarge
from collab.framing import Framing
from collab.lib0 import Reader, var_string
from collab.limits import Limits

SEPARATOR = "\0"
"""Between document name and session id, when two providers of one page share a document and a socket (4.x)."""

READ_WRITE, READ_ONLY = "read-write", "readonly"


class Type(enum.IntEnum):
    """Message types after the name. Ping and pong stand alone: one byte, no name."""

    SYNC = 0
    AWARENESS = 1
    AUTH = 2
    QUERY_AWARENESS = 3
    SYNC_REPLY = 4
    STATELESS = 5
    BROADCAST_STATELESS = 6
    CLOSE = 7
    SYNC_STATUS = 8
    PING = 9
    PONG = 10


_AUTH_TOKEN, _AUTH_DENIED, _AUTH_GRANTED = 0, 1, 2

PING, PONG = bytes((Type.PING,)), bytes((Type.PONG,))
SAVED, NOT_SAVED = bytes((Type.SYNC_STATUS, 1)), bytes((Type.SYNC_STATUS, 0))


@dataclass(frozen=True, slots=True)
class Envelope:
    """`key` is what came in front and goes back in front of answers; `name` the document it means. `body` starts with
    the type, a SyncReply's as Sync."""

    key: str
    type: Type
    body: bytes

    @property
    def name(self) -> str:
        return self.key.partition(SEPARATOR)[0]


def read_envelope(frame: bytes, limits: Limits) -> Envelope | None:
    """One frame; None for a ping or pong. Raises `Malformed`, `TooLarge`."""
    if len(frame) > limits.frame_bytes_max:
        raise TooLarge("frame_bytes_max")
    if frame in (PING, PONG):
        return None
    reader = Reader(frame)
    key = _bounded_string(reader, limits.document_name_bytes_max, "document_name_bytes_max")
    start = reader.at
    try:
        kind = Type(reader.varuint())
    except ValueError:
        raise Malformed("unknown message type") from None
    body = frame[start:]
    if kind is Type.SYNC_REPLY:
        return Envelope(key, Type.SYNC, b"\x00" + body[1:])
    return Envelope(key, kind, body)


def read_token(body: bytes, limits: Limits) -> str:
    """The token of an auth message (a provider's version may follow it). Raises `Malformed`, `TooLarge`."""
    reader = Reader(body)
    if (reader.varuint(), reader.varuint()) != (Type.AUTH, _AUTH_TOKEN):
        raise Malformed("not a token")
    token = _bounded_string(reader, limits.token_bytes_max, "token_bytes_max")
    if not reader.done():
        _bounded_string(reader, limits.token_bytes_max, "token_bytes_max")
    reader.expect_end()
    return token


def _bounded_string(reader: Reader, bytes_max: int, limit: str) -> str:
    length = Reader(reader.data)
    length.at = reader.at
    if length.varuint() > bytes_max:
        raise TooLarge(limit)
    return reader.var_string()


def framing(key: str) -> Framing:
    return Framing(var_string(key), receipts=True)


def permission_denied(reason: str) -> bytes:
    return bytes((Type.AUTH, _AUTH_DENIED)) + var_string(reason)


def authenticated(*, writes: bool) -> bytes:
    return bytes((Type.AUTH, _AUTH_GRANTED)) + var_string(READ_WRITE if writes else READ_ONLY)


def closed(reason: str) -> bytes:
    return bytes((Type.CLOSE,)) + var_string(reason)


def stateless(payload: str) -> bytes:
    """A message for the page, not for the document; stock providers raise it as an event."""
    return bytes((Type.STATELESS,)) + var_string(payload)
