"""The load of the collab benchmark: raw WebSocket clients in a process of their own.

Each typist owns a Yjs document and appends markers ("<0007.000123>"); every socket searches what it receives for markers,
so a merged update counts for each edit in it. Times are CLOCK_MONOTONIC of this one process. Prints one JSON object.
Updates are made by pycrdt before the run; frames are checked against stock clients in tests/interop.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import statistics
import sys
import time
from urllib.parse import urlsplit

from pycrdt import Doc, Text

MARKER = re.compile(rb"<(\d{4})\.(\d{6})>")
MARKER_BYTES = 13


def var_uint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(0x80 | (n & 0x7F))
        n >>= 7
    out.append(n)
    return bytes(out)


def var_bytes(data: bytes) -> bytes:
    return var_uint(len(data)) + data


def client_frame(payload: bytes) -> bytes:
    """One masked binary frame; the mask is zero, which RFC 6455 allows and costs the sender nothing."""
    n = len(payload)
    if n < 126:
        head = bytes((0x82, 0x80 | n))
    elif n < 65536:
        head = bytes((0x82, 0x80 | 126)) + n.to_bytes(2, "big")
    else:
        head = bytes((0x82, 0x80 | 127)) + n.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def updates_of(typist: int, count: int) -> list[bytes]:
    """`count` v1 updates, each appending one marker to the typist's own text."""
    doc: Doc = Doc()
    text = doc.get(f"t{typist}", type=Text)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    for i in range(count):
        text += f"<{typist:04d}.{i:06d}>"
    doc.unobserve(subscription)
    assert len(made) == count
    return made


class Dialect:
    """How a server wants its first frames and its updates."""

    def __init__(self, kind: str, token: str) -> None:
        self.kind, self.token = kind, token

    def opening(self, room: str) -> list[bytes]:
        step1 = bytes((0,)) + var_bytes(b"\0")
        if self.kind == "hocuspocus":
            name = var_bytes(room.encode())
            auth = name + bytes((2,)) + bytes((0,)) + var_bytes(self.token.encode()) + var_bytes(b"4.8.0")
            return [auth, name + bytes((0,)) + step1]
        return [bytes((0,)) + step1]

    def update(self, room: str, update: bytes) -> bytes:
        body = bytes((0, 2)) + var_bytes(update)
        return client_frame(var_bytes(room.encode()) + body if self.kind == "hocuspocus" else body)


class Socket(asyncio.Protocol):
    """A client that only looks for markers."""

    def __init__(self, run: Run, typist: int | None) -> None:
        self.run, self.typist = run, typist
        self.tail = b""
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first = True
        self.received_bytes = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self.first:
            self.tail += data
            end = self.tail.find(b"\r\n\r\n")
            if end < 0:
                return
            status = self.tail.split(b"\r\n", 1)[0]
            if b" 101 " not in status:
                self.upgraded.set_exception(RuntimeError(f"upgrade refused: {status!r}"))
                return
            self.first = False
            data, self.tail = self.tail[end + 4 :], b""
            self.upgraded.set_result(None)
        self.received_bytes += len(data)
        window = self.tail + data
        end = 0
        for found in MARKER.finditer(window):
            self.run.seen(int(found[1]), int(found[2]), self.typist, now)
            end = found.end()
        self.tail = window[max(end, len(window) - MARKER_BYTES + 1) :]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.upgraded.done():
            self.upgraded.set_exception(exc or RuntimeError("closed in the handshake"))


class Run:
    def __init__(self) -> None:
        self.sent: dict[tuple[int, int], float] = {}
        self.latency_ms: list[float] = []
        self.echo_ms: list[float] = []
        self.delivered = 0
        self.measuring = False

    def seen(self, typist: int, number: int, by: int | None, now: float) -> None:
        at = self.sent.get((typist, number))
        if at is None:
            return
        if by == typist:
            self.echo_ms.append((now - at) * 1000)
        else:
            self.delivered += 1
            self.latency_ms.append((now - at) * 1000)


async def connect(run: Run, url: str, path: str, token: str, typist: int | None) -> Socket:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: Socket(run, typist), parts.hostname, parts.port)
    key = base64.b64encode(os.urandom(16)).decode()
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    socket.transport.write(
        (
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{auth}\r\n"
        ).encode()
    )
    await asyncio.wait_for(socket.upgraded, 15)
    return socket


async def type_away(socket: Socket, run: Run, typist: int, frames: list[bytes], rate: float, start: float) -> None:
    loop = asyncio.get_running_loop()
    for i, frame in enumerate(frames):
        delay = start + (i + typist % 7 / 7) / rate - loop.time()
        if delay > 0:
            await asyncio.sleep(delay)
        run.sent[typist, i] = time.monotonic()
        socket.transport.write(frame)


def cpu_s(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_mb(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024


async def measure(args: argparse.Namespace) -> dict[str, object]:
    run, dialect = Run(), Dialect(args.dialect, args.token)
    sockets: list[tuple[Socket, str, int | None]] = []
    typist_number = 0
    for r in range(args.rooms):
        room = args.rooms_named[r] if args.rooms_named else f"bench-{os.getpid()}-{r}"
        for s in range(args.sockets):
            typist = None
            if s < args.typists:
                typist, typist_number = typist_number, typist_number + 1
            path = args.path.replace("{room}", room)
            socket = await connect(run, args.url, path, args.token, typist)
            for payload in dialect.opening(room):
                socket.transport.write(client_frame(payload))
            sockets.append((socket, room, typist))
    count = int(args.seconds * args.rate)
    frames = {t: [dialect.update(room, u) for u in updates_of(t, count)] for _, room, t in sockets if t is not None}
    await asyncio.sleep(1.0)
    cpu_before, wall = cpu_s(args.pids), time.monotonic()
    start = asyncio.get_running_loop().time() + 0.1
    await asyncio.gather(*(type_away(s, run, t, frames[t], args.rate, start) for s, _, t in sockets if t is not None))
    expected = typist_number * count * (args.sockets - 1)
    deadline = time.monotonic() + 10
    while run.delivered < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    cpu = cpu_s(args.pids) - cpu_before
    return {
        "sockets": len(sockets),
        "edits": typist_number * count,
        "expected": expected,
        "delivered": run.delivered,
        "delivered_share": round(run.delivered / expected, 6) if expected else None,
        "p50_ms": round(statistics.median(run.latency_ms), 3) if run.latency_ms else None,
        "p99_ms": round(statistics.quantiles(run.latency_ms, n=100)[98], 3) if len(run.latency_ms) > 1 else None,
        "echo_p50_ms": round(statistics.median(run.echo_ms), 3) if run.echo_ms else None,
        "echo_p99_ms": round(statistics.quantiles(run.echo_ms, n=100)[98], 3) if len(run.echo_ms) > 1 else None,
        "server_cpu_s": round(cpu, 3),
        "server_cpu_us_per_delivery": round(cpu * 1e6 / max(1, run.delivered), 2),
        "server_pss_mb": round(rss_mb(args.pids), 1),
        "load_cpu_s": round(time.process_time(), 2),
        "wall_s": round(time.monotonic() - wall, 2),
        "received_mb": round(sum(s.received_bytes for s, _, _ in sockets) / 1e6, 2),
        "sockets_lost": sum(s.lost for s, _, _ in sockets),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--path", default="/{room}")
    parser.add_argument("--dialect", choices=("y-websocket", "hocuspocus"), default="y-websocket")
    parser.add_argument("--token", default="")
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--rooms-named", nargs="*", default=[])
    parser.add_argument("--sockets", type=int, default=10)
    parser.add_argument("--typists", type=int, default=10)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--pids", type=int, nargs="*", default=[])
    json.dump(asyncio.run(measure(parser.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
