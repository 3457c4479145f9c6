"""The table read on a story of 120 scenes: entering a scene step by step, and from a line said to its answer.

Entering: every scene of the story, as its actor enters it (what is asked of the graph on the loop included), wall time.
Answering: `sayLine` to `table.answered` committed, by film grammar, through the real actors on the ledger in memory;
with the longest hold of the loop meanwhile. `python -m benchmarks.tableread` writes tableread.json and RESULTS.md.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from actors.commands import EnterTable, SayLine
from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY
from actors.scene.actor import SceneActor
from benchmarks import machine, report
from benchmarks.graphs import quantiles
from tests.screenplays import feature_length
from tests.unit.actors.story import Story, story

HERE = Path(__file__).resolve().parent
NAME = "tableread.json"
LINES = (
    "Who is here?",
    "Who has the letter?",
    "Ada, where is Bell?",
    "What did Ada say about the train?",
    "The rain begins.",
)
SAID, EVERY_S = 60, 0.002
"""Lines said, how often the loop is looked at meanwhile, and ties that people set."""


async def measured() -> dict[str, Any]:
    async with story(settle_ms=20, settle_lag_ms=100) as it:
        home = await it.bring(feature_length())
        await it.until(lambda: _actor(it, home).caught_up, 120)
        scenes = [row.id for row in await it.ledger.views("scene", parent=home, limit=200)]
        return {
            "scenes": len(scenes),
            "entry": await _entered(it, home, scenes),
            "answer": await _answered(it, home, scenes),
        }


async def _entered(it: Story, home: str, scenes: list[str]) -> dict[str, Any]:
    took: dict[str, list[float]] = {}
    for scene in scenes:
        told = json.loads((await it.ask(home, EnterTable(scene))).ids["entry"])
        for name, ms in told["steps"]:
            took.setdefault(name, []).append(ms / 1000)
        took.setdefault("all", []).append(told["total"] / 1000)
    return {name: quantiles(each) for name, each in took.items()}


async def _answered(it: Story, home: str, scenes: list[str]) -> dict[str, Any]:
    took: list[float] = []
    held: list[float] = []
    watch = asyncio.create_task(_watch(held))
    for number in range(SAID):
        scene = scenes[(number * 7) % len(scenes)]
        began = time.perf_counter()
        line = (await it.ask(home, SayLine(scene, LINES[number % len(LINES)]))).ids["line"]
        state = _scene(it, home, scene)
        await it.until(lambda line=line, state=state: not state.table.lines[line].open)  # type: ignore[misc]
        took.append(time.perf_counter() - began)
    watch.cancel()
    return {"whole": quantiles(took), "loop_held": quantiles(held)}


async def _watch(held: list[float]) -> None:
    """How much later than asked for it is woken."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(EVERY_S)
        held.append(max(0.0, time.perf_counter() - began - EVERY_S))


def _scene(it: Story, home: str, scene: str) -> SceneActor:
    owned = it.runtime.owned(home)
    found = owned.find(scene) if owned is not None else None
    assert isinstance(found, SceneActor), "it was spoken to"
    return found


def _actor(it: Story, home: str) -> ContinuityActor:
    owned = it.runtime.owned(home)
    found = owned.find(CONTINUITY) if owned is not None else None
    assert isinstance(found, ContinuityActor), "a project has one"
    return found


def main() -> None:
    told = {"machine": machine.facts(), "before": machine.quiet_check(), **asyncio.run(measured())}
    (HERE / NAME).write_text(json.dumps(told, indent=1) + "\n")
    report.write(HERE)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
