"""Rooms that come and go in a process of their own: prints resident memory before, with all open, and after.

`python memory_story.py COUNT` opens COUNT rooms, 50 at once, each with 100 kB typed, a reader and two sockets.
(No `Author` of the room tests: pycrdt keeps a document that is observed.)
`python memory_story.py presence` sends presence only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import pycrdt

from actors.runtime.rooms import Rooms
from collab import wire
from collab.lib0 import var_string, varuint
from collab.room import Room
from collab.session import Access
from serve_app.memory import rss_bytes, trim
from tests.unit.collab.stage import ANA, HeldLog, Wire, turns

MB = 1e6
TYPED = 100
AT_ONCE = 50


def settled_mb() -> float:
    trim()
    return rss_bytes() / MB


async def visited(rooms: Rooms, doc: str, client: int) -> None:
    room = await rooms.open(doc)
    doc_of_ana: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client)
    script = doc_of_ana.get("script", type=pycrdt.Text)
    sessions = [room.join(Wire(), name, Access.WRITE, ANA) for name in ("ana", "ben")]
    for session in sessions:
        session.receive(wire.sync_step1(b"\x00"))
    for at in range(TYPED):
        seen = doc_of_ana.get_state()
        script += f"{at:04}" * 250
        sessions[0].receive(wire.sync_update(doc_of_ana.get_update(seen)))
    await room._commits.drain()
    assert len(room.text("script")) == TYPED * 1_000
    sessions[1].receive(wire.sync_step1(wire.state_vector({client: 500})))
    for session in sessions:
        session.closed()


async def come_and_go(count: int) -> dict[str, float]:
    rooms = Rooms(lambda doc: Room(doc, HeldLog()), lambda doc, seq: None)

    async def all_of(names: range) -> float:
        for at in names:
            await visited(rooms, f"scene:{at}", at + 10)
        full = rss_bytes() / MB
        for at in names:
            assert await rooms.evict(f"scene:{at}")
        await turns()
        trim()  # as the runtime does after a sweep that closed rooms
        return full

    await all_of(range(AT_ONCE))  # what is loaded once and for all, and the heap that any crowd leaves behind
    before, full = settled_mb(), 0.0
    for first in range(0, count, AT_ONCE):
        full = max(full, await all_of(range(first, first + AT_ONCE)))
    return {"before_mb": before, "full_mb": full, "after_mb": settled_mb()}


async def presence() -> dict[str, float]:
    log = HeldLog()
    room = Room("scene:1", log)
    await room.open()
    session = room.join(socket := Wire(), "ana", Access.WRITE, ANA)
    session.receive(wire.sync_step1(b"\x00"))

    def say(clock: int) -> None:
        session._allowance = 10.0
        session.receive(wire.awareness(varuint(1) + varuint(77) + varuint(clock) + var_string(f'{{"at":{clock}}}')))
        socket.sent.clear()
        socket.shared.clear()

    for clock in range(1, 1_000):
        say(clock)
    before = settled_mb()
    for clock in range(1_000, 50_000):
        say(clock)
    await turns()
    assert len(room.presence) == 1
    rows, tail = len(log.rows), room.document.tail_updates
    return {"before_mb": before, "after_mb": settled_mb(), "rows": rows, "tail": tail}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(asyncio.run(presence() if sys.argv[1] == "presence" else come_and_go(int(sys.argv[1])))))
