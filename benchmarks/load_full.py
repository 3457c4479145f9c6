"""The load that asks for more: every typist has `window` edits on the way and sends the next when one comes back.

args: sockets, typists (of each room), window, seconds. Told: edits a second that came back (durable) and deliveries a
second to the others, between the warm-up and the end.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.client import BINARY, Line, connect
from benchmarks.documents import updates_of
from benchmarks.load import Meter, Plan, lines_told
from benchmarks.markers import MARKER

WARM_S = 2.0
EDITS_PER_S_MAX = 450
"""Prepared for each typist and second; a host reads at most 400 of a socket. Who runs out of them says so."""


class Typist:
    def __init__(self, frames: list[bytes], window: int) -> None:
        self.frames, self.window = frames, window
        self.sent = self.came = 0
        self.line: Line | None = None

    def go_on(self) -> None:
        while self.line is not None and self.sent - self.came < self.window and self.sent < len(self.frames):
            self.line.send(self.frames[self.sent])
            self.sent += 1


class Counter:
    """Counts while it is on; equal payloads are taken apart once."""

    def __init__(self) -> None:
        self.on = False
        self.echoed = self.delivered = 0
        self._known: dict[bytes, list[int]] = {}

    def typists_in(self, payload: bytes) -> list[int]:
        found = self._known.get(payload)
        if found is None:
            if len(self._known) > 10_000:
                self._known.clear()
            found = self._known[payload] = [int(typist) for typist, _ in MARKER.findall(payload)]
        return found


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    sockets, per_room, seconds = plan.args["sockets"], plan.args["typists"], plan.args["seconds"]
    edits = int((WARM_S + seconds) * EDITS_PER_S_MAX)
    typists = [
        Typist([plan.dialect.update(room["name"], each) for each in updates_of(r * per_room + t, edits)],
               plan.args["window"])
        for r, room in enumerate(plan.rooms) for t in range(per_room)
    ]  # fmt: skip
    counter = Counter()

    def hear(line: Line, frames: list[tuple[int, bytes, int]], _now: float) -> None:
        own: int | None = line.seat
        for opcode, payload, _ in frames:
            if opcode != BINARY:
                continue
            found = counter.typists_in(payload)
            mine = found.count(own) if own is not None else 0
            if mine and own is not None:
                typists[own].came += mine
                typists[own].go_on()
            if counter.on:
                counter.echoed += mine
                counter.delivered += len(found) - mine

    lines = []
    for r, room in enumerate(plan.rooms):
        for s in range(sockets):
            seat = r * per_room + s if s < per_room else None
            line = await connect(plan.dialect, room, hear, seat=seat)
            lines.append(line)
            if seat is not None:
                typists[seat].line = line
    await asyncio.sleep(1)
    for typist in typists:
        typist.go_on()
    await asyncio.sleep(WARM_S)
    meter, began, counter.on = Meter(plan.groups), time.monotonic(), True
    await asyncio.sleep(seconds)
    counter.on, wall = False, time.monotonic() - began
    spent = meter.stop()
    return {
        **lines_told(lines),
        **spent,
        "durable_per_s": round(counter.echoed / wall),
        "delivered_per_s": round(counter.delivered / wall),
        "server_cpu_us_per_edit": round(spent["server_cpu_s"] * 1e6 / max(1, counter.echoed), 1),
        "ran_dry": any(typist.sent == len(typist.frames) for typist in typists),
    }, lines
