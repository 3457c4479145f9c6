"""The y-websocket protocol: one message a frame, both ways.

Owns the message types and their encoders. Bytes come from sockets by way of `session`, and go to sockets by way of
`fanout`. Invariant: a frame is one whole message or `Malformed`; what is encoded here decodes in y-protocols bit for
bit (golden frames in the tests). A second framing (document name in front) reuses the same bodies: it strips its
envelope and calls `read_body`.
"""

from __future__ import annotations

from dataclasses import dataclass

from collab.close_codes import Malformed, TooLarge
from collab.lib0 import Reader, var_bytes, var_string, varuint
from collab.limits import Limits

MESSAGE_SYNC = 0
MESSAGE_AWARENESS = 1
MESSAGE_AUTH = 2
MESSAGE_QUERY_AWARENESS = 3
MESSAGE_EPOCH = 120
"""Ours: which epoch the document is in. Sent only to clients that gave an epoch when they came."""

SYNC_STEP1 = 0
SYNC_STEP2 = 1
SYNC_UPDATE = 2

AUTH_PERMISSION_DENIED = 0


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """What the peer has: a state vector, client id -> clock."""

    state_vector: dict[int, int]


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """What the peer has and we lack, as one v1 update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class SyncUpdate:
    """A live v1 update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessMessage:
    """An awareness update, still encoded (see `collab.presence`)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """The peer asks for everybody's presence."""


Message = SyncStep1 | SyncStep2 | SyncUpdate | AwarenessMessage | QueryAwareness


def read_message(frame: bytes, limits: Limits) -> Message:
    """One frame as a message. Raises `Malformed`, `TooLarge`."""
    if len(frame) > limits.frame_bytes_max:
        raise TooLarge("frame_bytes_max")
    reader = Reader(frame)
    message = read_body(reader.varuint(), reader, limits)
    reader.expect_end()
    return message


def read_body(message_type: int, reader: Reader, limits: Limits) -> Message:
    """The message after its type. Raises `Malformed`, `TooLarge`."""
    if message_type == MESSAGE_SYNC:
        return _read_sync(reader, limits)
    if message_type == MESSAGE_AWARENESS:
        payload = reader.var_bytes()
        if len(payload) > limits.awareness_bytes_max:
            raise TooLarge("awareness_bytes_max")
        return AwarenessMessage(payload)
    if message_type == MESSAGE_QUERY_AWARENESS:
        return QueryAwareness()
    raise Malformed("unknown message type")


def _read_sync(reader: Reader, limits: Limits) -> Message:
    step, body = reader.varuint(), reader.var_bytes()
    if step == SYNC_STEP1:
        return SyncStep1(read_state_vector(body, limits))
    if len(body) > limits.update_bytes_max:
        raise TooLarge("update_bytes_max")
    if step == SYNC_UPDATE:
        return SyncUpdate(body)
    if step == SYNC_STEP2:
        return SyncStep2(body)
    raise Malformed("unknown sync message")


def read_state_vector(body: bytes, limits: Limits) -> dict[int, int]:
    """Client id -> clock. Raises `Malformed`, `TooLarge`."""
    reader = Reader(body)
    count = reader.varuint()
    if count > limits.state_vector_entries_max:
        raise TooLarge("state_vector_entries_max")
    vector = {reader.varuint(): reader.varuint() for _ in range(count)}
    reader.expect_end()
    return vector


def state_vector(clocks: dict[int, int]) -> bytes:
    """Encoded as Yjs does: highest client id first."""
    parts = [varuint(len(clocks))]
    for client in sorted(clocks, reverse=True):
        parts += (varuint(client), varuint(clocks[client]))
    return b"".join(parts)


def sync_step1(encoded_state_vector: bytes) -> bytes:
    return b"\x00\x00" + var_bytes(encoded_state_vector)


def sync_step2(update: bytes) -> bytes:
    return b"\x00\x01" + var_bytes(update)


def sync_update(update: bytes) -> bytes:
    return b"\x00\x02" + var_bytes(update)


def awareness(payload: bytes) -> bytes:
    return b"\x01" + var_bytes(payload)


def query_awareness() -> bytes:
    return b"\x03"


def epoch(number: int) -> bytes:
    return varuint(MESSAGE_EPOCH) + varuint(number)


def permission_denied(reason: str) -> bytes:
    return b"\x02\x00" + var_string(reason)
