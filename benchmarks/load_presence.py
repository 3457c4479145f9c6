"""The presence load: many in one room, each renewing its awareness state at a rate; nobody types.

args: sockets, rate, seconds, watchers. All frames are made beforehand. Only the watchers look at what arrives; the
other sockets count bytes, so that the load stays cheaper than a server that sends every state to everybody.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import Any

from benchmarks.client import BINARY, Line, connect
from benchmarks.load import Meter, Plan, lines_told, paced
from benchmarks.load_typing import SETTLE_S, deliveries, typed
from benchmarks.markers import Book, Page, marker

CLIENT_BASE = 1_000_000
STILL_S = 1.0


def state(number: int, step: int) -> bytes:
    """What an editor's caret looks like; the marker stands where the relative position would."""
    cursor = {"type": None, "tname": "script", "item": {"client": CLIENT_BASE + number, "clock": step}, "assoc": 0}
    user = {"name": f"Writer {number}", "color": f"#{number * 7919 % 0xFFFFFF:06x}"}
    return json.dumps({"user": user, "cursor": {"anchor": cursor, "head": cursor}, "at": marker(number, step)}).encode()


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    sockets, rate = plan.args["sockets"], plan.args["rate"]
    steps = max(1, int(plan.args["seconds"] * rate))
    room, book = plan.rooms[0], Book(sockets, steps)
    pages: list[Page] = []

    def hear(line: Line, frames: list[tuple[int, bytes, int]], now: float) -> None:
        for opcode, payload, _ in frames:
            if opcode == BINARY:
                book.note(line.seat, payload, now)

    lines = []
    due = []
    for n in range(sockets):
        watches = n < plan.args["watchers"]
        page = Page(range(sockets), n)
        line = await connect(plan.dialect, room, hear if watches else None, keep=1 << 24, seat=page)
        lines.append(line)
        if watches:
            pages.append(page)
        for step in range(steps):
            frame = plan.dialect.presence(room["name"], CLIENT_BASE + n, step + 1, state(n, step))
            due.append(((step + n / sockets) / rate, typed(line, book, book.place(n, step), frame)))
    due.sort(key=lambda each: each[0])
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    gc.freeze()
    received = sum(line.received for line in lines)
    meter = Meter(plan.groups)
    began = time.monotonic()
    late_s = await paced(due, asyncio.get_running_loop().time() + 0.1)
    sent_s = time.monotonic() - began
    await settled(book, len(due) * len(pages), lines)
    spent = meter.stop()
    told = book.outcome(pages)
    return {
        **lines_told(lines),
        "steps": len(due),
        "received_mb_per_s": round((sum(line.received for line in lines) - received) / 1e6 / spent["wall_s"], 2),
        **deliveries(told),
        **spent,
        # A server that falls behind still owes the rest: what the sending cost in all, over the time of the sending.
        "server_cpu_share": round(spent["server_cpu_s"] / sent_s, 4),
        "typist_late_max_ms": round(late_s * 1000, 1),
    }, lines


async def settled(book: Book, with_echoes: int, lines: list[Line]) -> None:
    """Until the watchers have seen everything or nothing more comes; who has fallen behind gets ten seconds."""
    deadline = time.monotonic() + 10
    before, since = -1, time.monotonic()
    while book.seen < with_echoes and time.monotonic() < deadline and time.monotonic() - since < STILL_S:
        await asyncio.sleep(0.05)
        if (now := sum(line.received for line in lines)) != before:
            before, since = now, time.monotonic()
