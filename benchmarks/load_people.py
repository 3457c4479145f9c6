"""The load of people who come back: one socket a room, typing, reconnecting as stock y-websocket does.

args: rate (edits a second of each), seconds, kill_pid (0: nobody), kill_after_s, first (number of the first typist: a
room that was written in before needs new ones). What was sent and has not come back is
sent again after each return; at the end a newcomer looks into every room for every edit. The kill is ours so that its
moment and the returns are on one clock.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

from benchmarks.client import BINARY, Line, connect
from benchmarks.documents import updates_of
from benchmarks.load import Plan, lines_told, paced
from benchmarks.load_seed import document
from benchmarks.markers import MARKER

BACKOFF_S, BACKOFF_S_MAX = 0.1, 2.5
"""Of stock y-websocket: doubles with each connection that failed, no jitter; an open one resets it."""
SETTLE_S_MAX = 30.0
LOOK_S = 0.05


class Person:
    def __init__(self, plan: Plan, number: int, edits: int) -> None:
        self._plan, self.room = plan, plan.rooms[number]
        self.number = number = plan.args["first"] + number
        self._frames = [plan.dialect.update(self.room["name"], each) for each in updates_of(number, edits)]
        self.line: Line | None = None
        self.sent = 0
        self.unseen: set[int] = set()
        self.returns: list[tuple[float, float]] = []  # (left, back)
        self._left: float | None = None
        self._lost = asyncio.Event()
        self.here = asyncio.Event()

    async def live(self) -> None:
        failed = 0
        while True:
            self._lost.clear()
            try:
                self.line = await connect(self._plan.dialect, self.room, self._hear, on_lost=self._gone)
                failed = 0
                await self._lost.wait()
            except (OSError, RuntimeError, TimeoutError):
                failed += 1
            await asyncio.sleep(min(BACKOFF_S * 2**failed, BACKOFF_S_MAX))

    def _gone(self) -> None:
        if self.here.is_set():
            self._left = time.monotonic()
            self.here.clear()
        self._lost.set()

    def _hear(self, line: Line, frames: list[tuple[int, bytes, int]], now: float) -> None:
        for opcode, payload, _ in frames:
            if opcode != BINARY:
                continue
            for typist, number in MARKER.findall(payload):
                if int(typist) == self.number:
                    self.unseen.discard(int(number))
            if not self.here.is_set() and self._plan.dialect.is_document(line.room, payload):
                self.here.set()
                if self._left is not None:
                    self.returns.append((self._left, now))
                    self._left = None
                for number in sorted(self.unseen):
                    line.send(self._frames[number])

    def type(self) -> None:
        number, self.sent = self.sent, self.sent + 1
        self.unseen.add(number)
        if self.line is not None and self.here.is_set():
            self.line.send(self._frames[number])


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    rate, seconds = plan.args["rate"], plan.args["seconds"]
    edits = int(rate * seconds)
    people = [Person(plan, number, edits) for number in range(len(plan.rooms))]
    lives = [asyncio.create_task(person.live()) for person in people]
    try:
        async with asyncio.timeout(SETTLE_S_MAX):
            await asyncio.gather(*(person.here.wait() for person in people))
        due = [((i + p % 10 / 10) / rate, person.type) for i in range(edits) for p, person in enumerate(people)]
        killed: list[float] = []

        def kill() -> None:
            os.kill(plan.args["kill_pid"], signal.SIGKILL)
            killed.append(time.monotonic())

        if plan.args["kill_pid"]:
            due.append((plan.args["kill_after_s"], kill))
        due.sort(key=lambda each: each[0])
        await paced(due, asyncio.get_running_loop().time() + 0.1)
        await _settled(people)
        lost = [await _lost(plan, person) for person in people]
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    lines = [person.line for person in people if person.line is not None]
    return {**lines_told(lines), "lost": sum(lost), **_returns(people, killed)}, lines


async def _settled(people: list[Person]) -> None:
    """Until everything that was typed has come back, or time is up: then it counts as lost where it is missing."""
    deadline = time.monotonic() + SETTLE_S_MAX
    while any(person.unseen for person in people) and time.monotonic() < deadline:  # noqa: ASYNC110 - many people
        await asyncio.sleep(LOOK_S)


async def _lost(plan: Plan, person: Person) -> int:
    """Edits that a newcomer does not find."""
    found = {
        int(number)
        for part in await document(plan, person.room)
        for typist, number in MARKER.findall(part)
        if int(typist) == person.number
    }
    return person.sent - len(found)


def _returns(people: list[Person], killed: list[float]) -> dict[str, Any]:
    away = sorted(back - left for person in people for left, back in person.returns)
    told: dict[str, Any] = {
        "edits": sum(person.sent for person in people),
        "unacknowledged": sum(len(person.unseen) for person in people),
        "people": len(people),
        "returns": len(away),
        "away_p50_s": round(away[len(away) // 2], 3) if away else None,
        "away_max_s": round(away[-1], 3) if away else None,
    }
    if killed:
        after = sorted(back - killed[0] for person in people for left, back in person.returns if back > killed[0])
        told |= {
            "first_back_s": round(after[0], 3) if after else None,
            "last_back_s": round(after[-1], 3) if after else None,
        }
    return told
