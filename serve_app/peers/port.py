"""The peer port: where a host takes commands, wake-ups and tunnelled sockets from the other replicas.

Owns one listening socket on the node's address (port 0: the system chooses; the address goes into the host row).
Invariant: an answer leaves only after the operation has committed. Requests on one connection run concurrently up to
`requests_per_peer_max`; beyond it the connection is not read, which the caller feels.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from serve_app.peers.faults import describe
from serve_app.peers.tunnel import PeerTransport
from serve_app.peers.wire import READ_AHEAD_BYTES, PeerError, read_sealed, seal

logger = logging.getLogger("storyforge.peers")

REQUESTS_PER_PEER_MAX = 256
HANDSHAKE_S = 10.0
"""A connection that sends no valid first message within this is closed."""

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
TunnelHandler = Callable[[dict[str, Any], PeerTransport], Awaitable[None]]


class PeerPort:
    """Serves `operations` by name and hands tunnels to `on_tunnel`."""

    def __init__(self, secret: bytes, operations: Mapping[str, Operation], on_tunnel: TunnelHandler) -> None:
        self._secret = secret
        self._operations = operations
        self._on_tunnel = on_tunnel
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str) -> str:
        """Listen on `host`; returns "ip:port"."""
        self._server = await asyncio.start_server(self._accept, host, 0, limit=READ_AHEAD_BYTES)
        address, port = self._server.sockets[0].getsockname()[:2]
        return f"{address}:{port}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                first = await read_sealed(reader, self._secret)
            if first.get("op") == "tunnel":
                transport = PeerTransport(reader, writer)
                await self._on_tunnel(first, transport)
            else:
                await self._requests(first, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        except PeerError as error:
            logger.warning("peer connection refused", extra={"code": error.code, "reason": error.message})
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await writer.wait_closed()

    async def _requests(
        self, first: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        gate = asyncio.Semaphore(REQUESTS_PER_PEER_MAX)
        async with asyncio.TaskGroup() as tasks:
            message = first
            while True:
                await gate.acquire()
                tasks.create_task(self._answer(message, writer, gate))
                try:
                    message = await read_sealed(reader, self._secret)
                except (asyncio.IncompleteReadError, ConnectionError):
                    return

    async def _answer(self, message: dict[str, Any], writer: asyncio.StreamWriter, gate: asyncio.Semaphore) -> None:
        try:
            operation = self._operations.get(str(message.get("op")))
            if operation is None:
                raise PeerError("BAD_PEER_MESSAGE", f"no operation {message.get('op')!r}", retryable=False)
            answer: dict[str, Any] = {"id": message.get("id"), "ok": await operation(message)}
        except asyncio.CancelledError:
            raise
        except Exception as error:
            fault = describe(error)
            if fault.code == "INTERNAL":
                logger.exception("peer operation failed", extra={"op": message.get("op")})
            answer = {"id": message.get("id"), "error": fault.to_dict()}
        finally:
            gate.release()
        if not writer.is_closing():
            writer.write(seal(answer, self._secret))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
