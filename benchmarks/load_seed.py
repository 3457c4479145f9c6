"""Writes a document into each room, and is done when a newcomer gets all of it. Also what other loads begin with.

args: total_bytes, update_bytes (of each room's document).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.client import Line, connect, hear_nothing
from benchmarks.documents import prose
from benchmarks.load import Plan, lines_told

ROOT = "prose"
"""Not `script`: a scene is born with a heading in it, and what a newcomer gets is compared with what was written."""
WRITTEN_S_MAX = 60.0
LOOK_S = 0.5
WHOLE_BYTES = 1 << 30


async def write(plan: Plan, room: dict[str, str], updates: list[bytes]) -> Line:
    """Send them all from one socket, which stays: a server without a disk forgets a room that is empty."""
    author = await connect(plan.dialect, room, hear_nothing)
    for number, update in enumerate(updates):
        author.send(plan.dialect.update(room["name"], update))
        if number % 20 == 0:
            await asyncio.sleep(0)
    total = sum(map(len, updates))
    deadline = time.monotonic() + WRITTEN_S_MAX
    while sum(map(len, await document(plan, room))) < total * 0.95:  # merging saves some headers
        if time.monotonic() > deadline:
            raise RuntimeError(f"the document was not whole within {WRITTEN_S_MAX:g} s")
        await asyncio.sleep(LOOK_S)
    return author


async def document(plan: Plan, room: dict[str, str]) -> list[bytes]:
    """The whole document, as a newcomer gets it: the updates up to its step 2 and the one in that."""
    got: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
    parts: list[bytes] = []

    def hear(line: Line, frames: list[tuple[int, bytes, int]], _now: float) -> None:
        for _, payload, _ in frames:
            last = plan.dialect.is_document(line.room, payload)
            if got.done() or not (last or plan.dialect.is_part(line.room, payload)):
                continue
            parts.append(plan.dialect.update_of(line.room, payload))
            if last:
                got.set_result(parts)

    line = await connect(plan.dialect, room, hear, WHOLE_BYTES)
    try:
        return await asyncio.wait_for(got, WRITTEN_S_MAX)
    finally:
        line.transport.abort()


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    lines = []
    for number, room in enumerate(plan.rooms):
        updates = prose(ROOT, plan.args["total_bytes"], plan.args["update_bytes"], number)
        lines.append(await write(plan, room, updates))
    return {**lines_told(lines), "documents": len(lines)}, lines
