"""How long a project takes to become live with 10,000 events behind it: from its log, and from verified snapshots.

`python -m benchmarks.activation [--events N] [--folder DIR]` prints one JSON object. Half of the events are the
project's, half its scene's, on a SQLite ledger on disk with an archive behind it. `cold_ms`: the first opening, which
folds them all; then a suspension keeps checkpoint and snapshots, and the project is opened and given back ROUNDS times:
claim, load of all its actors and of the scene, each by a fresh host with nothing in memory. Target: 50 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from actors.commands import CreateProject, CreateScene, Envelope
from actors.kinds import ProjectKinds, make_room
from actors.project.actor import project_id
from actors.runtime.actor import Catalogue
from actors.runtime.clock import MachineClock
from actors.runtime.host import StoryRuntime
from actors.runtime.limits import RuntimeLimits
from benchmarks.ledger import quantiles
from storage.codec import encode
from storage.ledger.archived import with_archive
from storage.ledger.protocol import Append, HostRow, Kind, Ledger, NewEvent
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects

ROUNDS = 25
BATCH = 500


async def host(ledger: Ledger, number: int) -> StoryRuntime:
    row = HostRow(f"h{number}", f"h{number}-1", 1, "127.0.0.1:1")
    catalogue = Catalogue({"thriller": "1", "pixar": "1"}, "thriller")
    runtime = StoryRuntime(
        ledger, row, MachineClock(), RuntimeLimits(), kinds=ProjectKinds(), catalogue=catalogue, make_room=make_room
    )
    await runtime.start()
    return runtime


async def born(ledger: Ledger) -> tuple[str, str]:
    runtime, home = await host(ledger, 0), project_id("bench", "k")
    await runtime.command(Envelope(home, home, "bench", "k", CreateProject("Heat", "MOVIE")))
    made = await runtime.command(Envelope(home, home, "bench", "s", CreateScene("INT. A - DAY", "Mara waits.")))
    await runtime.stop()
    return home, made.ids["scene"]


async def lived(ledger: Ledger, home: str, scene: str, events: int) -> None:
    """The events of a long life, as their actors would have written them."""
    row = await ledger.heartbeat(HostRow("w", "w-1", 1, ""), 60_000)
    claim = await ledger.claim(home, row)
    seq = claim.seq
    for at in range(0, events, BATCH):
        rows = tuple(_event(n, scene) for n in range(at, min(at + BATCH, events)))
        seq = (await ledger.append(Append(home, claim.epoch, seq, rows))).last_seq
    await ledger.release(claim, row)


def _event(number: int, scene: str) -> NewEvent:
    if number % 2:
        body = encode({"brain": "pixar" if number % 4 == 1 else "thriller"})
        return NewEvent("@project", Kind.EVENT, "project.brain_set", body, source="bench")
    body = encode({"sha256": f"{number:064x}"})
    return NewEvent(f"@scene:{scene}", Kind.EVENT, "scene.script_read", body, scene=scene, source="bench")


async def opened(ledger: Ledger, home: str, scene: str, number: int, *, suspend: bool = False) -> tuple[float, Any]:
    runtime = await host(ledger, number)
    begin = time.perf_counter()
    found = await runtime.open(home)
    await found.activation(scene).loaded()
    took = time.perf_counter() - begin
    state = found.find(home).dump()["facts"], found.find(scene).dump()  # type: ignore[union-attr]
    if suspend:
        await found.session.suspend()
    await runtime.stop()
    return took, state


async def measure(folder: Path, events: int) -> dict[str, Any]:
    ledger = with_archive(SqliteLedger(folder / "ledger.db"), LocalObjects(folder / "objects"))
    await ledger.open()
    home, scene = await born(ledger)
    await lived(ledger, home, scene, events)
    cold, state = await opened(ledger, home, scene, 1, suspend=True)
    times = []
    for number in range(2, 2 + ROUNDS):
        took, again = await opened(ledger, home, scene, number)
        assert again == state, "a snapshot says something else than the log"
        times.append(took)
    await ledger.close()
    return {"events": events, "cold_ms": round(cold * 1000, 1), "from_snapshots": quantiles(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        json.dump(asyncio.run(measure(Path(folder), options.events)), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
