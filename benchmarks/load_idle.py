"""The idle load: many sockets connect as fast as the server takes them, get their document and then do nothing.

args: sockets, at_once. One socket of each room comes first, so that rooms are open and code is warm before memory is
read; what is told is the growth with the rest.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks import procfs
from benchmarks.client import Line, connect
from benchmarks.load import Meter, Plan, lines_told
from benchmarks.markers import percentiles

SETTLE_S = 3.0
SYNC_S_MAX = 60.0


class Arrival:
    """One socket from its connect to its document."""

    __slots__ = ("began", "synced", "took_s")

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.took_s = 0.0
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()


async def arrive(plan: Plan, room: dict[str, str], lines: list[Line], keep: int = 0) -> Arrival:
    """Connect, wait for the document, then discard what comes."""
    arrival = Arrival()

    def hear(line: Line, frames: list[tuple[int, bytes, int]], now: float) -> None:
        for _, payload, _ in frames:
            if plan.dialect.is_document(line.room, payload):
                line.hear = None
                arrival.took_s = now - arrival.began
                if not arrival.synced.done():
                    arrival.synced.set_result(None)
                return

    line = await connect(plan.dialect, room, hear, keep, arrival)
    lines.append(line)
    await asyncio.wait_for(asyncio.shield(arrival.synced), SYNC_S_MAX)
    return arrival


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    lines: list[Line] = []
    for room in plan.rooms:
        await arrive(plan, room, lines)
    await asyncio.sleep(SETTLE_S)
    rss = {name: procfs.rss_mb(pids) for name, pids in plan.groups.items()}
    waiting = [plan.rooms[n % len(plan.rooms)] for n in range(plan.args["sockets"])]
    took: list[float] = []
    failed: list[str] = []

    async def queue() -> None:
        while waiting:
            try:
                arrival = await arrive(plan, waiting.pop(), lines)
                took.append(arrival.took_s * 1000)
            except (OSError, RuntimeError, TimeoutError) as error:
                failed.append(f"{type(error).__name__}: {error}")

    meter = Meter(plan.groups)
    began = time.monotonic()
    await asyncio.gather(*(queue() for _ in range(plan.args["at_once"])))
    connecting_s = time.monotonic() - began
    spent = meter.stop()
    await asyncio.sleep(SETTLE_S)
    grown = {name: procfs.rss_mb(pids) - rss[name] for name, pids in plan.groups.items()}
    rest = Meter(plan.groups)
    await asyncio.sleep(SETTLE_S)
    return {
        **lines_told(lines),
        **spent,
        "connects_per_s": round(len(took) / connecting_s, 1),
        "failed": len(failed),
        "why_failed": failed[:1],
        "complete": len(took) == plan.args["sockets"],
        **percentiles(took),
        "rss_kb_per_socket": round(sum(grown.values()) * 1024 / max(1, len(took)), 2),
        "rss_kb_by": {name: round(mb * 1024 / max(1, len(took)), 2) for name, mb in grown.items()},
        "rss_before_mb": round(sum(rss.values()), 1),
        "idle_cpu_share": rest.stop()["server_cpu_share"],
    }, lines
