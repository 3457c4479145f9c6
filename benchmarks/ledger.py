"""How fast the SQLite ledger commits: alone, grouped, beside other processes, beside a busy event loop.

`python benchmarks/ledger.py [--folder DIR]` prints one JSON object. Events have 300-byte bodies. `cpu_s` is the
process's CPU time, which other work on the machine does not blur; each scenario runs three times and the best is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from storage.ledger.protocol import Append, Claim, HostRow, Kind, NewEvent, View
from storage.ledger.sqlite import SqliteLedger

BODY = os.urandom(300)
RUNS = 3


def rows(count: int) -> tuple[NewEvent, ...]:
    return tuple(NewEvent("scene:scn_0001", Kind.UPDATES, "updates", BODY, "scn_0001") for _ in range(count))


def quantiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 3),
        "max_ms": round(ordered[-1] * 1000, 3),
    }


async def timed(ledger: SqliteLedger, append: Append, times: list[float]) -> int:
    begin = time.perf_counter()
    committed = await ledger.append(append)
    times.append(time.perf_counter() - begin)
    return committed.last_seq


async def lone(ledger: SqliteLedger, claims: list[Claim]) -> dict[str, Any]:
    times: list[float] = []
    claim, seq = claims[0], claims[0].seq
    for _ in range(1000):
        seq = await timed(ledger, Append(claim.home, claim.epoch, seq, rows(1)), times)
    return quantiles(times)


async def paced(ledger: SqliteLedger, claims: list[Claim]) -> dict[str, Any]:
    """One append every 10 ms: the thread sleeps between them."""
    times: list[float] = []
    claim, seq = claims[0], claims[0].seq
    for _ in range(150):
        seq = await timed(ledger, Append(claim.home, claim.epoch, seq, rows(1)), times)
        await asyncio.sleep(0.01)
    return quantiles(times)


async def busy_loop(ledger: SqliteLedger, claims: list[Claim]) -> dict[str, Any]:
    """40 homes append while the event loop computes in slices of 2 ms: the writer needs the interpreter too."""
    done = False

    async def compute() -> None:
        while not done:
            until = time.perf_counter() + 0.002
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0.001)

    spinner = asyncio.create_task(compute())
    result = await grouped(1, homes=40, appends=50)(ledger, claims)
    done = True
    await spinner
    return result


def grouped(
    size: int, *, homes: int = 200, appends: int = 40, views: bool = False
) -> Callable[[SqliteLedger, list[Claim]], Awaitable[dict[str, Any]]]:
    async def run(ledger: SqliteLedger, claims: list[Claim]) -> dict[str, Any]:
        times: list[float] = []

        async def work(claim: Claim) -> None:
            seq = claim.seq
            shown = (View("scene", claim.home, claim.home, "", "a", BODY),) if views else ()
            for _ in range(appends):
                seq = await timed(ledger, Append(claim.home, claim.epoch, seq, rows(size), shown), times)

        begin, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work(claim) for claim in claims[:homes]))
        took, spent = time.perf_counter() - begin, time.process_time() - cpu
        events = homes * appends * size
        return {
            "events_per_s": round(events / took),
            "appends_per_s": round(homes * appends / took),
            "events_per_cpu_s": round(events / spent),
            **quantiles(times),
        }

    return run


def _neighbour(path: str, stop: Any) -> None:
    async def run() -> None:
        ledger = SqliteLedger(Path(path))
        await ledger.open()
        host = await ledger.heartbeat(HostRow(f"h{os.getpid()}", "i", os.getpid(), ""), 600_000)
        claim = await ledger.claim(f"prj_{os.getpid()}", host)
        seq = claim.seq
        while not stop.is_set():
            seq = (await ledger.append(Append(claim.home, claim.epoch, seq, rows(1)))).last_seq
            await asyncio.sleep(0.005)
        await ledger.close()

    asyncio.run(run())


async def beside_two_processes(ledger: SqliteLedger, claims: list[Claim]) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    others = [spawn.Process(target=_neighbour, args=(str(ledger.path), stop)) for _ in range(2)]
    for other in others:
        other.start()
    while len(await ledger.hosts()) < 3:  # noqa: ASYNC110 - other processes tell by writing
        await asyncio.sleep(0.02)
    times: list[float] = []
    claim, seq = claims[0], claims[0].seq
    for _ in range(300):
        seq = await timed(ledger, Append(claim.home, claim.epoch, seq, rows(1)), times)
        await asyncio.sleep(0.005)
    stop.set()
    for other in others:
        await asyncio.to_thread(other.join)
    return quantiles(times)


SCENARIOS: dict[str, Callable[[SqliteLedger, list[Claim]], Awaitable[dict[str, Any]]]] = {
    "lone_append": lone,
    "lone_append_every_10ms": paced,
    "beside_two_writing_processes": beside_two_processes,
    "grouped_200_homes_1_event": grouped(1),
    "grouped_200_homes_1_event_and_view": grouped(1, appends=20, views=True),
    "grouped_200_homes_16_events": grouped(16, appends=10),
    "grouped_20_homes_64_events": grouped(64, homes=20, appends=25),
    "grouped_40_homes_busy_event_loop": busy_loop,
}


async def measure(folder: Path, name: str) -> dict[str, Any]:
    ledger = SqliteLedger(folder / f"{name}.db")
    await ledger.open()
    host = await ledger.heartbeat(HostRow("bench", "i", os.getpid(), ""), 600_000)
    claims = list(await asyncio.gather(*(ledger.claim(f"prj_{i:04d}", host) for i in range(200))))
    result = await SCENARIOS[name](ledger, claims)
    await ledger.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in options.scenarios or list(SCENARIOS):
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                found = asyncio.run(measure(Path(folder), name))
            best = results.get(name)
            if best is None or found["p50_ms"] < best["p50_ms"]:
                results[name] = found
    json.dump({"body_bytes": len(BODY), "python": sys.version.split()[0], "scenarios": results}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
