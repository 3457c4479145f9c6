"""Bytes between replicas: length, HMAC, versioned msgpack; and the unsigned frames of an open tunnel.

The invariant: nothing of a peer is decoded before its HMAC (SHA-256 under the cluster secret) matches and its expiry
lies ahead. Requests go from any replica to a host's peer port, answers come back on the same connection.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import hmac
import time
from typing import Any

from storage.codec import CodecError, decode, encode

MESSAGE_BYTES_MAX = 24 * 1024 * 1024
"""A whole screenplay import fits; a stranger's length prefix cannot make us allocate more."""

READ_AHEAD_BYTES = 64 * 1024
"""What a connection reads before anybody asks. Higher: a slow browser behind a tunnel is felt that much later."""

EXPIRY_MS = 30_000
"""How long a signed message is good for. Shorter than clock skew between nodes: every command is refused."""

_MAC_BYTES = 32


class PeerError(Exception):
    """A peer could not be reached or answered nonsense. `code` PEER_UNREACHABLE | PEER_REFUSED | BAD_PEER_MESSAGE."""

    def __init__(self, code: str, message: str, retryable: bool = True) -> None:
        super().__init__(code, message, retryable)
        self.code, self.message, self.retryable = code, message, retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def seal(body: dict[str, Any], secret: bytes) -> bytes:
    """Length-prefixed, signed, expiring form of `body`."""
    payload = encode({**body, "exp": int(time.time() * 1000) + EXPIRY_MS})
    mac = hmac.new(secret, payload, hashlib.sha256).digest()
    return (len(mac) + len(payload)).to_bytes(4, "big") + mac + payload


def unseal(sealed: bytes, secret: bytes) -> dict[str, Any]:
    """Raises `PeerError` BAD_PEER_MESSAGE when the signature, the expiry or the form is wrong."""
    mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, hmac.new(secret, payload, hashlib.sha256).digest()):
        raise PeerError("BAD_PEER_MESSAGE", "the signature does not match the cluster secret", retryable=False)
    try:
        body = decode(payload)
    except CodecError as error:
        raise PeerError("BAD_PEER_MESSAGE", str(error), retryable=False) from error
    if not isinstance(body, dict) or not isinstance(body.get("exp"), int):
        raise PeerError("BAD_PEER_MESSAGE", "not a message", retryable=False)
    if body["exp"] < time.time() * 1000:
        raise PeerError("BAD_PEER_MESSAGE", "the message has expired", retryable=True)
    return body


async def read_sealed(reader: asyncio.StreamReader, secret: bytes) -> dict[str, Any]:
    """Raises `asyncio.IncompleteReadError` when the peer has gone."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if not _MAC_BYTES < length <= MESSAGE_BYTES_MAX:
        raise PeerError("BAD_PEER_MESSAGE", f"length {length} is outside the limits", retryable=False)
    return unseal(await reader.readexactly(length), secret)


class TunnelFrame(enum.IntEnum):
    """What travels in an open tunnel. The connection was signed when it opened."""

    BINARY = 0
    TEXT = 1
    CLOSE = 2  # two bytes of code, then the reason


def tunnel_frame(kind: TunnelFrame, payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + bytes((kind,)) + payload


async def read_tunnel_frame(reader: asyncio.StreamReader) -> tuple[TunnelFrame, bytes]:
    header = await reader.readexactly(5)
    length = int.from_bytes(header[:4], "big")
    if length > MESSAGE_BYTES_MAX or header[4] > TunnelFrame.CLOSE:
        raise PeerError("BAD_PEER_MESSAGE", "not a tunnel frame", retryable=False)
    return TunnelFrame(header[4]), await reader.readexactly(length)
