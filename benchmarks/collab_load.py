"""The load of the collab benchmark: raw WebSocket clients in a process of their own.

Rooms come as JSON on the command line (`--rooms`: url, path, name, dialect's room name); each has the same number of
sockets and typists. Updates are made by pycrdt before the run. Prints one JSON line, then, with `--hold`, stays
connected until stdin ends (a stock client looks into the rooms meanwhile: some servers forget a room that is empty).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pycrdt import Doc, Text, TransactionEvent

from benchmarks.markers import Book, Reader, marker, percentiles
from benchmarks.procfs import cpu_s, pss_mb

CONNECT_S_MAX = 20.0
SETTLE_S = 1.0
DRAIN_S_MAX = 45.0
"""After the typing; a server that falls behind is slow, which shows in its times, and not wrong."""
LOAD_BOUND_SHARE = 0.85
"""Above this share of one core the load process itself may be what is measured."""


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
    doc: Doc[Any] = Doc()
    text = doc.get(f"t{typist}", type=Text)
    made: list[bytes] = []

    def note(event: TransactionEvent) -> None:
        made.append(event.update)

    subscription = doc.observe(note)
    for number in range(count):
        text += marker(typist, number)
    doc.unobserve(subscription)
    if len(made) != count:
        raise RuntimeError(f"{len(made)} updates of {count} edits")
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
    """A client that shakes hands and then only looks for markers."""

    transport: asyncio.Transport

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.head = b""
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received_bytes = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.upgraded.done():
            self.head += data
            head, end, data = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            status = head.split(b"\r\n", 1)[0]
            if b" 101 " not in status:
                self.upgraded.set_exception(RuntimeError(f"upgrade refused: {status!r}"))
                return
            self.upgraded.set_result(None)
        self.received_bytes += len(data)
        self.reader.feed(data, now)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.upgraded.done():
            self.upgraded.set_exception(exc or RuntimeError("closed in the handshake"))


@dataclass(frozen=True)
class Plan:
    """What the command line asked for. `rooms`: {"url", "path", "name"} each."""

    rooms: list[dict[str, str]]
    dialect: Dialect
    sockets: int
    typists: int
    rate: float
    seconds: float
    pids: list[int]

    @property
    def edits(self) -> int:
        return max(1, int(self.seconds * self.rate))

    def typists_of(self, room: int) -> range:
        return range(room * self.typists, (room + 1) * self.typists)


@dataclass(frozen=True)
class Seat:
    """A connected socket in its room; `typist` is its number, None for one that only reads."""

    socket: Socket
    room: str
    typist: int | None


async def connect(reader: Reader, url: str, path: str, token: str) -> Socket:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    _, socket = await loop.create_connection(lambda: Socket(reader), host, port)
    key = base64.b64encode(os.urandom(16)).decode()
    auth = f"Authorization: Bearer {token}\r\n" if token else ""
    socket.transport.write(
        (
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{auth}\r\n"
        ).encode()
    )
    await asyncio.wait_for(socket.upgraded, CONNECT_S_MAX)
    return socket


async def take_seats(plan: Plan, book: Book) -> list[Seat]:
    seats = []
    for r, room in enumerate(plan.rooms):
        typists = plan.typists_of(r)
        for s in range(plan.sockets):
            own = typists[s] if s < plan.typists else None
            socket = await connect(Reader(book, typists, own), room["url"], room["path"], plan.dialect.token)
            for payload in plan.dialect.opening(room["name"]):
                socket.transport.write(client_frame(payload))
            seats.append(Seat(socket, room["name"], own))
    return seats


async def type_away(seat: Seat, book: Book, frames: list[bytes], rate: float, start: float) -> float:
    """Send at the rate; returns the worst delay behind the plan, in seconds."""
    assert seat.typist is not None
    loop = asyncio.get_running_loop()
    late_max = 0.0
    for i, frame in enumerate(frames):
        due = start + (i + seat.typist % 7 / 7) / rate
        if (delay := due - loop.time()) > 0:
            await asyncio.sleep(delay)
        late_max = max(late_max, loop.time() - due)
        book.sent[seat.typist, i] = time.monotonic()
        seat.socket.transport.write(frame)
    return late_max


async def drained(book: Book, expected: int) -> None:
    deadline = time.monotonic() + DRAIN_S_MAX
    while book.delivered < expected and time.monotonic() < deadline:  # noqa: ASYNC110 - an Event would cost each delivery
        await asyncio.sleep(0.02)


async def measure(plan: Plan, hold: bool) -> None:
    book = Book(plan.edits)
    seats = await take_seats(plan, book)
    dialect = plan.dialect
    frames = {
        seat.typist: [dialect.update(seat.room, update) for update in updates_of(seat.typist, plan.edits)]
        for seat in seats
        if seat.typist is not None
    }
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    gc.freeze()
    cpu_before, own_before, began = cpu_s(plan.pids), time.process_time(), time.monotonic()
    start = asyncio.get_running_loop().time() + 0.1
    typing = [type_away(seat, book, frames[seat.typist], plan.rate, start) for seat in seats if seat.typist is not None]
    late_s = max(await asyncio.gather(*typing))
    typed_s = time.monotonic() - began
    expected = len(frames) * plan.edits * (plan.sockets - 1)
    await drained(book, expected)
    wall = time.monotonic() - began
    cpu, own = cpu_s(plan.pids) - cpu_before, time.process_time() - own_before
    await asyncio.sleep(0.3)  # what comes twice comes late
    print(
        json.dumps(
            told(plan, book, seats, expected, {"cpu": cpu, "own": own, "wall": wall, "typed": typed_s, "late": late_s})
        ),
        flush=True,
    )
    if hold:
        await asyncio.to_thread(sys.stdin.read)
    for seat in seats:
        seat.socket.transport.abort()


def told(plan: Plan, book: Book, seats: list[Seat], expected: int, spent: dict[str, float]) -> dict[str, Any]:
    """The one JSON object. `spent`: seconds of the servers' CPU, own CPU, wall, typing, worst lateness."""
    share = spent["own"] / spent["wall"]
    return {
        "sockets": len(seats),
        "edits": plan.edits * plan.typists * len(plan.rooms),
        "expected": expected,
        "delivered": book.delivered,
        "complete": book.delivered == expected and book.strayed == 0,
        "repeated": book.repeated,
        "strayed": book.strayed,
        "echoed": len(book.echo_ms),
        **percentiles(book.delivery_ms),
        **percentiles(book.echo_ms, "echo_"),
        "server_cpu_s": round(spent["cpu"], 3),
        "server_cpu_share": round(spent["cpu"] / spent["wall"], 3),
        "server_cpu_us_per_delivery": round(spent["cpu"] * 1e6 / max(1, book.delivered), 2),
        "server_pss_mb": round(pss_mb(plan.pids), 1),
        "load_cpu_s": round(spent["own"], 3),
        "load_cpu_share": round(share, 3),
        "load_bound": share > LOAD_BOUND_SHARE,
        "typist_late_max_ms": round(spent["late"] * 1000, 1),
        "typed_s": round(spent["typed"], 2),
        "wall_s": round(spent["wall"], 2),
        "received_mb": round(sum(seat.socket.received_bytes for seat in seats) / 1e6, 2),
        "sockets_lost": sum(seat.socket.lost for seat in seats),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", required=True, help='JSON list of {"url", "path", "name"}')
    parser.add_argument("--dialect", choices=("y-websocket", "hocuspocus"), default="y-websocket")
    parser.add_argument("--sockets", type=int, default=10, help="of each room")
    parser.add_argument("--typists", type=int, default=10, help="of each room")
    parser.add_argument("--rate", type=float, default=5, help="edits a second of each typist")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--pids", type=int, nargs="*", default=[], help="the server's processes")
    parser.add_argument("--hold", action="store_true")
    given = parser.parse_args()
    dialect = Dialect(given.dialect, os.environ.get("BENCH_TOKEN", ""))
    plan = Plan(json.loads(given.rooms), dialect, given.sockets, given.typists, given.rate, given.seconds, given.pids)
    asyncio.run(measure(plan, given.hold))


if __name__ == "__main__":
    main()
