"""The agents' load: many write long texts into the document in which two people work.

args: agents, agent_bytes, agent_updates (in how many edits), agent_rate (edits a second of each; 0: all at once),
human_rate. Told is how long the human's edits, sent while the agents' text was under way, took to the other human.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import numpy as np

from benchmarks.client import BINARY, Line, connect, hear_nothing
from benchmarks.documents import prose, updates_of
from benchmarks.load import Meter, Plan, lines_told, paced
from benchmarks.load_seed import document
from benchmarks.load_typing import SETTLE_S, deliveries, typed
from benchmarks.markers import Book, Page, percentiles

UNDER_WAY_S_MAX = 40.0
HUMAN_LEAD_S = 0.5
MERGED_SHARE = 0.98
"""Of the agents' bytes: merging saves some headers."""


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    room, args = plan.rooms[0], plan.args
    agents, each, rate = args["agents"], args["agent_updates"], args["agent_rate"]
    agents_s = each / rate if rate else 0.0
    edits = int((agents_s + args["human_extra_s"]) * args["human_rate"])
    book, pages = Book(1, edits), [Page(range(1), 0), Page(range(1), None)]

    def hear(line: Line, frames: list[tuple[int, bytes, int]], now: float) -> None:
        for opcode, payload, _ in frames:
            if opcode == BINARY:
                book.note(line.seat, payload, now)

    human, other = [await connect(plan.dialect, room, hear, 1 << 30, page) for page in pages]
    lines = [human, other]
    due = [
        (i / args["human_rate"], typed(human, book, i, plan.dialect.update(room["name"], update)))
        for i, update in enumerate(updates_of(0, edits))
    ]
    total = 0
    for agent in range(agents):
        line = await connect(plan.dialect, room, hear_nothing)
        lines.append(line)
        for i, update in enumerate(prose(f"a{agent}", args["agent_bytes"], args["agent_bytes"] // each, agent)):
            frame = plan.dialect.update(room["name"], update)
            total += len(update)
            at = HUMAN_LEAD_S + ((i + agent / agents) / rate if rate else 0.0)
            due.append((at, lambda line=line, frame=frame: line.send(frame)))
    due.sort(key=lambda entry: entry[0])
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    gc.freeze()
    meter, got = Meter(plan.groups), other.received
    began = time.monotonic()
    arrived = asyncio.create_task(_arrived(other, got + total * MERGED_SHARE))
    late_s = await paced(due, asyncio.get_running_loop().time())
    ended = await arrived
    await _human_done(book, edits)
    spent = meter.stop()
    told = book.outcome(pages)
    under_way = _under_way(book, pages[1], began + HUMAN_LEAD_S, ended or time.monotonic())
    complete = ended is not None and sum(map(len, await document(plan, room))) >= total * MERGED_SHARE
    return {
        **lines_told(lines),
        **deliveries(told),
        **spent,
        **percentiles([under_way]),
        "agent_mb": round(total / 1e6, 2),
        "under_way_s": None if ended is None else round(ended - began - HUMAN_LEAD_S, 2),
        "missing": [i for i in range(edits) if np.isnan(book.arrivals(pages[1])[i])],
        "edits_under_way": len(under_way),
        "complete": complete and told.delivered == told.expected,
        "typist_late_max_ms": round(late_s * 1000, 1),
        "window": [began, ended or time.monotonic()],
    }, lines


async def _arrived(line: Line, bytes_expected: float) -> float | None:
    """When the other human has all that the agents wrote."""
    deadline = time.monotonic() + UNDER_WAY_S_MAX
    while line.received < bytes_expected:
        if time.monotonic() > deadline or line.lost:
            return None
        await asyncio.sleep(0.01)
    return time.monotonic()


async def _human_done(book: Book, edits: int) -> None:
    deadline = time.monotonic() + UNDER_WAY_S_MAX
    while book.seen < 2 * edits and time.monotonic() < deadline:  # noqa: ASYNC110 - an Event would cost each
        await asyncio.sleep(0.02)


def _under_way(book: Book, page: Page, began: float, ended: float) -> Any:
    """Milliseconds of the human's edits that were sent between the two moments; one that never came counts to now."""
    came = book.arrivals(page)
    sent = book.sent
    chosen = (sent >= began) & (sent <= ended)
    return (np.where(np.isnan(came), time.monotonic(), came)[chosen] - sent[chosen]) * 1000
