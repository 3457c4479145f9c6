"""What a room knows of a socket: bytes out, messages in, and how full the way out is.

Owns the `Transport` protocol, the words around it, and the one encoding that lets many sockets share a frame.
Invariant: nothing here waits. A fan-out hands bytes over and goes on; a slow reader shows as `buffered_bytes`,
never as a stalled room. The implementations live where the I/O is (the web server seam, and a plain-ASGI fallback).
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

WRITE_HIGH_BYTES = 256 * 1024
"""Above this the writer should hold back: `on_writable` is promised once the buffer has drained."""

WRITE_LOW_BYTES = 64 * 1024
"""`on_writable` fires when a buffer that was above `WRITE_HIGH_BYTES` falls to this."""

CLOSE_REASON_BYTES_MAX = 123
"""A close frame carries at most 125 bytes, two of which are the code (RFC 6455 section 5.5)."""

_BINARY_FINAL = 0x82
_LENGTH_7BIT_MAX = 125
_LENGTH_16BIT_MAX = 0xFFFF


class MessageKind(Enum):
    """Which of WebSocket's two data opcodes a message came in."""

    BINARY = "binary"
    TEXT = "text"


MessageCallback = Callable[[MessageKind, bytes], None]
"""Takes one whole message. For TEXT the bytes are valid UTF-8."""

CloseCallback = Callable[[int, str], None]
"""Takes close code and reason; 1006 when the connection was lost without a close frame."""


class Transport(Protocol):
    """One accepted WebSocket. All methods return at once and belong to the socket's event loop."""

    def write(self, payload: bytes) -> None:
        """Send one binary message. Dropped without a word once the socket is closed or closing."""
        ...

    def write_shared(self, encoded: bytes) -> None:
        """Send a frame built once by `encode_binary_frame`: the same bytes object for every socket of a room."""
        ...

    def buffered_bytes(self) -> int:
        """Bytes accepted for sending that the kernel has not taken yet."""
        ...

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer.

        What one read already brought in (at most 256 KiB of frames) may still arrive at the message callback.
        """
        ...

    def resume_reading(self) -> None:
        """Undo `pause_reading`. Both are idempotent."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame after what is buffered, and cut the socket if the peer does not answer in time."""
        ...

    def on_message(self, callback: MessageCallback) -> None:
        """Deliver messages to this callback from now on, first those that arrived before it was set."""
        ...

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call back each time the buffer has drained from above WRITE_HIGH_BYTES to WRITE_LOW_BYTES."""
        ...

    def on_close(self, callback: CloseCallback) -> None:
        """Call back exactly once when the socket ends, whoever ends it; at once if it already has."""
        ...


def encode_binary_frame(payload: bytes) -> bytes:
    """One final, unmasked, uncompressed binary frame as a server sends it (RFC 6455 section 5.2)."""
    length = len(payload)
    if length <= _LENGTH_7BIT_MAX:
        return bytes((_BINARY_FINAL, length)) + payload
    if length <= _LENGTH_16BIT_MAX:
        return bytes((_BINARY_FINAL, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_BINARY_FINAL, 127)) + length.to_bytes(8, "big") + payload


def frame_payload(encoded: bytes) -> bytes:
    """The payload of a frame made by `encode_binary_frame`, for transports that frame messages themselves."""
    marker = encoded[1]
    if marker <= _LENGTH_7BIT_MAX:
        return encoded[2:]
    return encoded[4:] if marker == 126 else encoded[10:]


def close_reason(text: str) -> str:
    """The longest prefix of `text` that fits a close frame without cutting a character in two."""
    return text.encode()[:CLOSE_REASON_BYTES_MAX].decode(errors="ignore")
