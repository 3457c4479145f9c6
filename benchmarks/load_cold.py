"""The cold load: documents that no process holds, opened one after the other.

args: pause_s. Each is one new socket, from its connect to its whole step 2; then it leaves.
"""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.client import Line
from benchmarks.load import Meter, Plan, lines_told
from benchmarks.load_idle import arrive
from benchmarks.markers import percentiles


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    lines: list[Line] = []
    took: list[float] = []
    meter = Meter(plan.groups)
    for room in plan.rooms:
        arrival = await arrive(plan, room, lines)
        took.append(arrival.took_s * 1000)
        lines[-1].transport.abort()
        await asyncio.sleep(plan.args["pause_s"])
    told = lines_told(lines)
    return {
        **told,
        "sockets_lost": 0,
        **meter.stop(),
        **percentiles(took),
        "each_ms": [round(ms, 1) for ms in took],
        "document_mb": round(told["received_mb"] / len(lines), 2),
        "complete": all(line.received >= plan.args["total_bytes"] for line in lines),
    }, []
