"""Ports for servers that a test starts some seconds later.

Invariant: below Linux's ephemeral range (32768) and below our replicas' blocks (30,000), so that no outgoing connection
takes the port between the choosing and the binding: HAProxy once found its own front door taken that way.
"""

from __future__ import annotations

import random
import socket

FIRST, END = 20_000, 30_000


def free_port() -> int:
    """One that nobody listens on now."""
    draw = random.SystemRandom()
    while True:
        port = draw.randrange(FIRST, END)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
