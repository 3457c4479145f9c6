"""How a room's messages are put on one socket: the bytes in front of them, and how a save is confirmed.

Owns the difference between the protocols as plain values. Invariant: the message itself is the same bytes in every
framing, so a room makes it once and frames it once per framing, never per socket. `session` and `fanout` read it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framing:
    """`prefix` stands before every message. `receipts`: the client counts its messages and takes a SyncStatus for each
    (see `collab.receipts`); it answers every step 1 it is sent, so it gets ours after each of its own."""

    prefix: bytes = b""
    receipts: bool = False


Y_WEBSOCKET = Framing()
"""One document a socket: nothing in front, and the echo is the confirmation."""
