"""Continuity while people type: what an edit costs, how long the longest turn is, what a project holds in memory.

    python -m benchmarks.continuity_live

Writes benchmarks/continuity_live.json. Times are processor time of the thread (a busy machine does not count) and, of
turns, wall time as well. A 120-page screenplay; every rule pack; ten people type in ten scenes at once through rooms,
log and actor as a host runs them, on the ledger in memory.
"""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pycrdt

from actors.continuity.actor import ContinuityActor
from actors.continuity.check import Continuity, SceneInput
from actors.continuity.rules import Known
from actors.project.actor import CONTINUITY
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.lists import lists_of
from benchmarks.machine import facts, quiet_check
from collab.text import insert
from tests.screenplays import feature_length
from tests.unit.actors.story import Story, story

EDITS = 1_000
PEOPLE, LETTERS = 10, 60
LETTER_EVERY_S = 0.08
OUT = Path(__file__).with_suffix(".json")


def main() -> None:
    text = feature_length()
    found = {"machine": facts(), "quiet": quiet_check(), "pages": 120, "chars": len(text)}
    found |= {"edit": _edits(text), "ten_people": asyncio.run(_ten_people(text))}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: found[name] for name in ("edit", "ten_people")}, indent=1))


def _edits(text: str) -> dict[str, float]:
    """The engine alone: every step of an edit, and all of them together."""
    scenes = parse(text).scenes
    cast = [Known(each.name, each.aliases) for each in lists_of([breakdown(scene.raw) for scene in scenes]).cast]
    tracemalloc.start()
    engine = Continuity(cast)
    engine.set_scenes([SceneInput(f"s{i}", scene.raw, i) for i, scene in enumerate(scenes)])
    memory_mb = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    steps: list[float] = []
    whole: list[float] = []
    for turn in range(EDITS):
        at = (turn * 17) % len(scenes)
        words = f"{scenes[at].raw}Ada waits {turn} minutes.\n"
        took = [_timed(lambda at=at, words=words: engine.update_scene(f"s{at}", words, judge=False))]  # type: ignore[misc]
        while not engine.judged:
            took.append(_timed(engine.judge_next))
        steps += took
        whole.append(sum(took))
    return {
        "edits": EDITS,
        "edit_p50_ms": _at(whole, 0.5),
        "edit_p99_ms": _at(whole, 0.99),
        "step_p99_ms": _at(steps, 0.99),
        "step_max_ms": _at(steps, 1.0),
        "memory_mb": round(memory_mb, 2),
    }


async def _ten_people(text: str) -> dict[str, float]:
    """Turns of the actor while ten people type."""
    cpu: list[float] = []
    wall: list[float] = []
    decide = ContinuityActor.decide

    def timed(self: ContinuityActor, *args: Any) -> Any:
        began, began_wall = time.thread_time(), time.perf_counter()
        try:
            return decide(self, *args)
        finally:
            cpu.append((time.thread_time() - began) * 1e3)
            wall.append((time.perf_counter() - began_wall) * 1e3)

    ContinuityActor.decide = timed  # type: ignore[method-assign]
    try:
        async with story() as it:
            home = await it.bring(text)
            await it.until(lambda: _actor(it, home).caught_up, 120)
            opened = {"opening_turns": len(cpu), "opening_max_cpu_ms": _at(cpu, 1.0)}
            cpu.clear()
            wall.clear()
            scenes = [view.id for view in await it.ledger.views("scene", parent=home)][:PEOPLE]
            await asyncio.gather(*(_type(it, home, scene, n) for n, scene in enumerate(scenes)))
            await it.until(lambda: _actor(it, home).caught_up, 60)
    finally:
        ContinuityActor.decide = decide  # type: ignore[method-assign]
    turns = {"turns": len(cpu), "turn_p99_cpu_ms": _at(cpu, 0.99), "turn_max_cpu_ms": _at(cpu, 1.0)}
    return {**opened, **turns, "turn_p99_wall_ms": _at(wall, 0.99), "turn_max_wall_ms": _at(wall, 1.0)}


async def _type(it: Story, home: str, scene: str, person: int) -> None:
    owned = it.runtime.owned(home)
    assert owned is not None, "opened before"
    room = await owned.room(f"scene:{scene}")
    for _ in range(LETTERS):
        await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 40, "x"), f"person {person}")
        await asyncio.sleep(LETTER_EVERY_S)


def _actor(it: Story, home: str) -> ContinuityActor:
    owned = it.runtime.owned(home)
    found = owned.find(CONTINUITY) if owned is not None else None
    assert isinstance(found, ContinuityActor), "a project has one"
    return found


def _timed(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return (time.thread_time() - began) * 1e3


def _at(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 3) if ordered else 0.0


if __name__ == "__main__":
    main()
