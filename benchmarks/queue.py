"""`python -m benchmarks.queue`: what the queue adds to a job, how fair it is, how soon a cancel stops the work.

Owns queue.json and renders RESULTS.md anew. Owner and worker are two processes on one SQLite ledger and bus
(synchronous=FULL), both real; the steps draw nothing. Parts:

- overhead: `JOBS` jobs one after the other, five steps each that take no time: from the command to the committed take.
- fairness: 100 films of ten people, ten each, asked for one person after the other; one worker. Of each person the mean
  wait from the commit of the request to the claim; the figure is the longest over the shortest. Beside it what the
  order of arrival would give. And: one who asks for 82 before nine others ask for two each: their mean wait, over his.
- cancel: a film of parts of `PART_MS`; `CANCELS` commands at random moments, from the command's commit until the row
  says cancelled, and until the worker has claimed the next film. A part under way cannot be stopped: the floor is one.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

from actors.commands import CancelJob, GenerateScene
from benchmarks import machine, report
from benchmarks.ledger import quantiles
from gpu.steps import Step
from storage.codec import encode
from storage.ledger.protocol import Append, AttemptState, HostRow, NewAttempt
from tests.jobs_owner import Owner, WorkerProcess, owner

HERE = Path(__file__).resolve().parent
NAME = "queue.json"
JOBS, WARM_JOBS = 60, 5
PEOPLE, FILMS_EACH, FILM_MS = 10, 10, 20
FLOOD, FEW = 82, 2
CANCELS, PART_MS, PARTS = 120, 40, 10_000
LIVE = (AttemptState.OPEN, AttemptState.CLAIMED)
ENDED = (AttemptState.CANCELLED, AttemptState.DONE, AttemptState.FAILED)


async def overhead(folder: Path) -> dict[str, Any]:
    async with owner(folder) as it, WorkerProcess(folder):
        home, scene = await it.scene()
        times = []
        for number in range(WARM_JOBS + JOBS):
            begin = time.perf_counter()
            asked = await it.ask(home, scene, GenerateScene(scene, auto_pick=True, seed=str(number)))
            seen = await it.until(asked.ids["job"], lambda job: job.state in ("FINAL_READY", "FAILED"))
            assert seen.state == "FINAL_READY", seen.error
            if number >= WARM_JOBS:
                times.append(time.perf_counter() - begin)
    return quantiles(times)


async def fairness(folder: Path, asks: list[tuple[str, int]]) -> dict[str, float]:
    """Person → mean wait in milliseconds. `asks`: (person, films), in the order in which they ask."""
    async with owner(folder) as it:
        claim = await it.ledger.claim("prj_queue", HostRow("h1", "h1-1", 1, "127.0.0.1:1"))
        request = encode({"prefix": "p"})
        films = [(who, f"{who}-{n}") for who, count in asks for n in range(count)]
        for who, id in films:
            new = NewAttempt(id, "prj_queue", "scn", id, "video", 1, request, 60_000, user=who, pool="video")
            await it.ledger.append(Append("prj_queue", claim.epoch, claim.seq, (), attempts=(new,)))
        async with WorkerProcess(folder, parts=1, part_ms=FILM_MS):
            async with asyncio.timeout(120):
                while any(a.state in LIVE for a in await _all(it)):  # noqa: ASYNC110 - other processes tell no event
                    await asyncio.sleep(0.1)
        waits: dict[str, list[float]] = defaultdict(list)
        rows = await _all(it)
        begun = min(_claimed_ms(row) for row in rows)  # the worker came after the last had asked
        for row in rows:
            waits[row.user].append(_claimed_ms(row) - begun)
    return {who: mean(of) for who, of in waits.items()}


async def _all(it: Owner) -> list[Any]:
    return await it.ledger.attempts("prj_queue")


def _claimed_ms(row: Any) -> int:
    return int(row.deadline_at_ms - row.timeout_ms)


async def cancels(folder: Path) -> dict[str, Any]:
    """How long after a cancel the row ends, and the next film is begun."""
    draw = random.Random(5)
    ended, next_begun = [], []
    async with owner(folder) as it, WorkerProcess(folder, parts=PARTS, part_ms=PART_MS):
        home, scene = await it.scene()
        running = await _film(it, home, scene, 0)
        await _becomes(it, running[1], AttemptState.CLAIMED)
        for number in range(1, CANCELS + 1):
            coming = await _film(it, home, scene, number)
            await asyncio.sleep(draw.uniform(0.1, 0.3))
            await it.ask(home, scene, CancelJob(scene, running[0]))
            asked = time.perf_counter()
            assert await _becomes(it, running[1], *ENDED) is AttemptState.CANCELLED
            ended.append(time.perf_counter() - asked)
            await _becomes(it, coming[1], AttemptState.CLAIMED)
            next_begun.append(time.perf_counter() - asked)
            running = coming
        await it.ask(home, scene, CancelJob(scene, running[0]))
    return {"part_ms": PART_MS, "ended": quantiles(ended), "next_begun": quantiles(next_begun)}


async def _film(it: Owner, home: str, scene: str, number: int) -> tuple[str, str]:
    """(job, its attempt) once it waits for the renderer."""
    asked = await it.ask(home, scene, GenerateScene(scene, auto_pick=True, seed=str(number)))
    job = asked.ids["job"]

    def waits(view: Any) -> bool:
        return view.attempt is not None and view.stage == "VIDEO_GENERATION"

    seen = await it.until(job, waits)
    assert seen.attempt is not None
    return job, seen.attempt


async def _becomes(it: Owner, attempt: str, *states: AttemptState) -> AttemptState:
    async with asyncio.timeout(30):
        while True:
            row = await it.ledger.attempt(attempt)
            if row is not None and row.state in states:
                return row.state
            await asyncio.sleep(0.0005)


def arrival_ratio(people: int, each: int) -> float:
    """Longest over shortest mean wait if films went by arrival, in films."""
    waits = [mean(range(person * each, (person + 1) * each)) for person in range(people)]
    return round(max(waits) / min(waits), 1)


async def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sf-queue-") as folder:
        parts = [Path(folder) / name for name in ("overhead", "equal", "flood", "cancel")]
        for part in parts:
            part.mkdir()
        told: dict[str, Any] = {"overhead": {**await overhead(parts[0]), "steps": len(Step)}}
        equal = await fairness(parts[1], [(f"p{n}", FILMS_EACH) for n in range(PEOPLE)])
        flood = await fairness(parts[2], [("flood", FLOOD), *((f"p{n}", FEW) for n in range(1, PEOPLE))])
        few = mean(wait for who, wait in flood.items() if who != "flood")
        told["fairness"] = {
            "equal_ms": {who: round(wait, 1) for who, wait in equal.items()},
            "ratio": round(max(equal.values()) / min(equal.values()), 3),
            "by_arrival_ratio": arrival_ratio(PEOPLE, FILMS_EACH),
            "few_over_flood": round(few / flood["flood"], 3),
            "few_ms": round(few, 1),
            "flood_ms": round(flood["flood"], 1),
            "film_ms": FILM_MS,
        }
        told["cancel"] = await cancels(parts[3])
    return told


def main() -> None:
    before = machine.quiet_check()
    told = {"machine": machine.facts(), "before": before, **asyncio.run(measure())}
    (HERE / NAME).write_text(json.dumps(told, indent=2) + "\n")
    report.write(HERE)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
