"""Calls to other hosts' peer ports: one kept connection a peer, requests answered out of order by id.

Invariant: a call that fails before its bytes left is safe to repeat elsewhere (`PEER_UNREACHABLE`); one failing after
is `PEER_LOST`, and repeating it is safe only because every command carries an idempotency key.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from serve_app.peers.faults import Fault
from serve_app.peers.verdicts import Reach
from serve_app.peers.wire import READ_AHEAD_BYTES, PeerError, read_sealed, seal

CONNECT_S = 1.0
CALL_S = 30.0
CALLS_WAITING_MAX = 4096
WATCH_S = 2.0
"""An answer that takes longer has its peer looked up in between. Lower: slow commands cost reads of the ledger; higher:
a stopped owner holds its callers up for longer."""


class _Line:
    """One open connection to a peer and the calls that wait on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes) -> None:
        self.reader, self.writer, self.secret = reader, writer, secret
        self.waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.task = asyncio.get_running_loop().create_task(self._read())

    @property
    def open(self) -> bool:
        return not self.task.done() and not self.writer.is_closing()

    async def _read(self) -> None:
        try:
            while True:
                answer = await read_sealed(self.reader, self.secret)
                future = self.waiting.pop(int(answer.get("id") or 0), None)
                if future is not None and not future.done():
                    future.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError, PeerError):
            pass
        finally:
            self.writer.close()
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(PeerError("PEER_LOST", "the owner went away before it answered"))
            self.waiting.clear()


class PeerClient:
    """`call(address, op, body)`. Raises `PeerError`, or the error the peer reported (`CommandError`, `FaultError`)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._lines: dict[str, _Line] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._ids = itertools.count(1)

    async def call(
        self,
        address: str,
        op: str,
        body: dict[str, Any],
        *,
        timeout_s: float = CALL_S,
        lives: Callable[[], Awaitable[bool]] | None = None,
    ) -> dict[str, Any]:
        """`lives`: asked now and then while the answer is due; once it says no, the peer is taken for lost (a process
        that was stopped keeps its connections open and answers nothing)."""
        line = await self._line(address)
        if len(line.waiting) >= CALLS_WAITING_MAX:
            raise PeerError("PEER_BUSY", f"{CALLS_WAITING_MAX} calls already wait for {address}")
        number = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        line.waiting[number] = future
        try:
            line.writer.write(seal({**body, "op": op, "id": number}, self._secret))
            async with asyncio.timeout(timeout_s):
                await line.writer.drain()
                while lives is not None and not (await asyncio.wait({future}, timeout=WATCH_S))[0]:
                    if not await lives():
                        raise PeerError("PEER_LOST", f"{address} died before it answered")
                answer = await future
        except TimeoutError as error:
            raise PeerError("PEER_TIMEOUT", f"{address} did not answer within {timeout_s:g} s") from error
        except ConnectionError as error:
            raise PeerError("PEER_LOST", str(error)) from error
        finally:
            line.waiting.pop(number, None)
        if "error" in answer:
            raise Fault.from_dict(answer["error"]).error()
        result: dict[str, Any] = answer["ok"]
        return result

    async def open_tunnel(
        self, address: str, body: dict[str, Any]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection of its own, its first signed message sent. Raises `PeerError`."""
        reader, writer = await self._connect(address)
        writer.write(seal({**body, "op": "tunnel"}, self._secret))
        return reader, writer

    async def reach(self, address: str) -> Reach:
        """Whether somebody listens there now. GONE (connection refused) is the proof that lets a survivor claim."""
        try:
            _, writer = await self._connect(address)
        except PeerError as error:
            return Reach.GONE if error.code == "PEER_REFUSED" else Reach.SILENT
        writer.close()
        return Reach.THERE

    async def refuses(self, address: str) -> bool:
        """Whether the peer port is certainly gone."""
        return await self.reach(address) is Reach.GONE

    async def close(self) -> None:
        lines = list(self._lines.values())
        self._lines.clear()
        for line in lines:
            line.task.cancel()
        await asyncio.gather(*(line.task for line in lines), return_exceptions=True)

    async def _line(self, address: str) -> _Line:
        async with self._opening.setdefault(address, asyncio.Lock()):
            line = self._lines.get(address)
            if line is None or not line.open:
                line = self._lines[address] = _Line(*await self._connect(address), self._secret)
            return line

    async def _connect(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncio.open_connection(host, int(port), limit=READ_AHEAD_BYTES)
        except ConnectionRefusedError as error:
            raise PeerError("PEER_REFUSED", f"nothing listens at {address}") from error
        except (OSError, TimeoutError, ValueError) as error:
            raise PeerError("PEER_UNREACHABLE", f"{address}: {error}") from error
