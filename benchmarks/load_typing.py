"""The typing load: rooms of sockets, some of which type at a rate; every edit is looked for on every socket.

args: sockets, typists (of each room), rate (edits a second of each typist), seconds.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

from benchmarks.client import BINARY, Line, connect
from benchmarks.documents import updates_of
from benchmarks.load import Meter, Plan, lines_told, paced
from benchmarks.markers import Book, Outcome, Page, percentiles

SETTLE_S = 1.0
DRAIN_S_MAX = 20.0
"""After the typing; a server that falls behind is slow, which shows in its times, and not wrong."""
STILL_S = 0.5
"""Nothing new for this long: see whether everything has come."""


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    sockets, typists, rate = plan.args["sockets"], plan.args["typists"], plan.args["rate"]
    edits = max(1, int(plan.args["seconds"] * rate))
    book = Book(typists * len(plan.rooms), edits)
    pages: list[Page] = []

    def hear(line: Line, frames: list[tuple[int, bytes, int]], now: float) -> None:
        for opcode, payload, _ in frames:
            if opcode == BINARY:
                book.note(line.seat, payload, now)

    lines: list[Line] = []
    due = []
    for r, room in enumerate(plan.rooms):
        own = range(r * typists, (r + 1) * typists)
        for s in range(sockets):
            page = Page(own, own[s] if s < typists else None)
            line = await connect(plan.dialect, room, hear, seat=page)
            lines.append(line)
            pages.append(page)
            if page.own is not None:
                due += [
                    ((i + page.own % 7 / 7) / rate, typed(line, book, book.place(page.own, i), frame))
                    for i, frame in enumerate(
                        plan.dialect.update(room["name"], update) for update in updates_of(page.own, edits)
                    )
                ]
    due.sort(key=lambda each: each[0])
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    gc.freeze()
    meter = Meter(plan.groups)
    began = time.monotonic()
    late_s = await paced(due, asyncio.get_running_loop().time() + 0.1)
    typed_s = time.monotonic() - began
    await drained(book, pages, len(due) * sockets)
    spent = meter.stop()
    await asyncio.sleep(0.3)  # what comes twice comes late
    told = book.outcome(pages)
    return {
        **lines_told(lines),
        "edits": len(due),
        **deliveries(told),
        **spent,
        "server_cpu_us_per_delivery": round(spent["server_cpu_s"] * 1e6 / max(1, told.delivered), 2),
        "typist_late_max_ms": round(late_s * 1000, 1),
        "typed_s": round(typed_s, 2),
    }, lines


def typed(line: Line, book: Book, place: int, frame: bytes) -> Any:
    def act() -> None:
        book.sent[place] = time.monotonic()
        line.send(frame)

    return act


async def drained(book: Book, pages: list[Page], with_echoes: int) -> None:
    """Wait for what has been sent; a server that echoes nothing is seen to be done when nothing more comes."""
    deadline = time.monotonic() + DRAIN_S_MAX
    seen, since = book.seen, time.monotonic()
    while book.seen < with_echoes and (now := time.monotonic()) < deadline:
        await asyncio.sleep(0.02)
        if book.seen != seen:
            seen, since = book.seen, now
        elif now - since > STILL_S:
            told = book.outcome(pages)
            if told.delivered >= told.expected:
                return
            since = now


def deliveries(told: Outcome) -> dict[str, Any]:
    return {
        "expected": told.expected,
        "delivered": told.delivered,
        "complete": told.delivered == told.expected and told.strayed == 0,
        "repeated": told.repeated,
        "strayed": told.strayed,
        "echoed": sum(len(each) for each in told.echo_ms),
        **percentiles(told.delivery_ms),
        **percentiles(told.echo_ms, "echo_"),
    }
