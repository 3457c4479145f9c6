"""Hostile TCP: mutated upgrades and frames in odd pieces against a real web server with the seam. More: FUZZ=n."""

from __future__ import annotations

import asyncio
import logging
import random
import socket

import pytest
import websockets

from tests.unit.collab.mutations import FUZZ, FUZZ_START, mutated
from tests.unit.serve_app.test_seam import DEADLINE_S, echo, masked_frame, served, until

pytestmark = pytest.mark.unit
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CONNECTIONS = max(100, FUZZ // 200)


def frame(source: random.Random, body: bytes, opcode: int, *, final: bool) -> bytes:
    """As clients encode it: the shortest length there is, and sometimes the longest."""
    if len(body) > 125 or source.random() < 0.1:
        return masked_frame(body, opcode=opcode, final=final)
    return bytes(((0x80 if final else 0) | opcode, 0x80 | len(body))) + bytes(4) + body


def conversation(source: random.Random) -> bytes:
    """A plausible client: messages whole and in fragments, pings, pongs, a close, in any order."""
    parts = []
    for _ in range(source.randint(1, 8)):
        body = source.randbytes(source.choice((0, 1, 5, 125, 126, 300)))
        opcode = source.choice((0, 1, 1, 2, 2, 2, 8, 9, 10))
        parts.append(frame(source, body.hex().encode() if opcode == 1 else body, opcode, final=source.random() < 0.7))
    return b"".join(parts)


async def assault(source: random.Random, port: int) -> None:
    loop = asyncio.get_running_loop()
    upgrade = mutated(source, UPGRADE) if source.random() < 0.2 else UPGRADE
    stream = upgrade + mutated(source, conversation(source))
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        try:
            while stream:
                cut = source.choice((1, 7, 60, len(stream)))
                await loop.sock_sendall(client, stream[:cut])
                stream = stream[cut:]
                await asyncio.sleep(0)
        except (ConnectionError, BrokenPipeError):
            return  # it was cut off, as it should be


async def test_hostile_connections_harm_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """R-101: whatever bytes come on a connection, no exception escapes, nothing is left of it, and a client that was
    there all the time is served as before."""
    source = random.Random(FUZZ_START)
    faults: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: faults.append(str(context)))
    async with served(echo) as port:
        before = len(asyncio.all_tasks())
        async with websockets.connect(f"ws://127.0.0.1:{port}/") as person:
            for number in range(0, CONNECTIONS, 20):
                async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as tasks:
                    for _ in range(20):
                        tasks.create_task(assault(source, port))
                await person.send(str(number).encode())
                async with asyncio.timeout(DEADLINE_S):
                    assert await person.recv() == str(number).encode()
        await until(lambda: len(asyncio.all_tasks()) <= before)
    assert faults == []
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []
