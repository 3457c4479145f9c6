"""`python -m benchmarks.load KIND`: one load in a process of its own; the servers it loads are other processes.

Reads one JSON line (the plan), prints one JSON line (what happened), then stays connected until stdin ends: a stock
client looks into the rooms meanwhile, and some servers forget a room that is empty. Owns the plan and the meter of
what a load costs itself and its server; the kinds are modules `load_*`. Invariant: CPU and memory of a server are read
from /proc for the pids in the plan and nothing else.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client import Dialect, Line
from benchmarks.procfs import cpu_s, pss_mb, rss_mb

KINDS = ("typing", "presence", "idle", "joiners", "agents", "seed", "cold", "people", "full")
LOAD_BOUND_SHARE = 0.85
"""Above this share of one core the load process itself may be what is measured."""
YIELD_LATE_S = 0.002


@dataclass(frozen=True)
class Plan:
    """What the runner asked for. `rooms`: {"url", "path", "name"} each; `groups`: pids by what they are."""

    rooms: list[dict[str, str]]
    dialect: Dialect
    groups: dict[str, list[int]]
    args: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Plan:
        return cls(told["rooms"], Dialect(told["dialect"], told["token"]), told["groups"], told["args"])

    @property
    def pids(self) -> list[int]:
        return [pid for group in self.groups.values() for pid in group]


class Meter:
    """CPU of server and load between `start` and `stop`."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self._groups = groups
        self._before: dict[str, float] = {}
        self.start()

    def start(self) -> None:
        self._before = {name: cpu_s(pids) for name, pids in self._groups.items()}
        self._own, self._began = time.process_time(), time.monotonic()

    def stop(self) -> dict[str, Any]:
        wall = time.monotonic() - self._began
        own = time.process_time() - self._own
        by = {name: cpu_s(pids) - self._before[name] for name, pids in self._groups.items()}
        cpu, share = sum(by.values()), own / wall
        pids = [pid for group in self._groups.values() for pid in group]
        return {
            "server_cpu_s": round(cpu, 3),
            "server_cpu_share": round(cpu / wall, 4),
            "server_cpu_by": {name: round(spent, 3) for name, spent in by.items()},
            "server_pss_mb": round(pss_mb(pids), 1),
            "server_rss_mb": round(rss_mb(pids), 1),
            "load_cpu_s": round(own, 3),
            "load_cpu_share": round(share, 3),
            "load_bound": share > LOAD_BOUND_SHARE,
            "wall_s": round(wall, 2),
        }


def lines_told(lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "sockets": len(lines),
        "sockets_lost": sum(line.lost for line in lines),
        "close_codes": sorted({line.close_code for line in lines if line.close_code is not None}),
        "received_mb": round(sum(line.received for line in lines) / 1e6, 2),
    }


async def paced(due: Sequence[tuple[float, Callable[[], None]]], start: float) -> float:
    """Do each at its second after `start` (of the loop's clock); returns the worst lateness in seconds."""
    loop = asyncio.get_running_loop()
    late = 0.0
    for second, act in due:
        if (delay := start + second - loop.time()) > 0:
            await asyncio.sleep(delay)
        elif delay < -YIELD_LATE_S:  # behind: let what was written leave and what has come be read
            await asyncio.sleep(0)
        late = max(late, loop.time() - start - second)
        act()
    return late


Measure = Callable[[Plan], Awaitable[tuple[dict[str, Any], list[Line]]]]


async def _run(measure: Measure, plan: Plan) -> None:
    told, lines = await measure(plan)
    print(json.dumps(told), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for line in lines:
        line.transport.abort()


def main() -> None:
    kind = sys.argv[1]
    if kind not in KINDS:
        raise SystemExit(f"no such load: {kind}")
    measure: Measure = importlib.import_module(f"benchmarks.load_{kind}").measure
    plan = Plan.of(json.loads(sys.stdin.readline()))
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:  # dearer, and the load's share says so
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_run(measure, plan))


if __name__ == "__main__":
    main()
