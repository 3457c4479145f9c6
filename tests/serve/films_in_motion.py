"""A film under way on a running stack, and somebody who watches it; what must be true when it is over.

Owns the story and the watcher's subscription. Invariant: renders are counted by what the ledger says of each attempt
and by what lies in the object store, never by what the watcher saw.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from gpu.steps import Step
from storage.ledger.protocol import FINAL_STATES, Attempt, AttemptState
from tests.conftest import Stack
from tests.serve import replicas
from tests.serve.stories import owner, project_with_scene

T = TypeVar("T")
JOB = "subscription($j: ID!) { jobProgress(jobId: $j) { state stage progress message } }"
TAKES = (
    "query($id: ID!) { scene(id: $id) { takes { id backend videoUrl durationS } jobs { id state error { code } } } }"
)
STEPS = ("enhance", "cache", "storyboard", "video", "observe")
SHOT = "The lamp turns over the water, over the nets, over MARA's hands. She does not look up.\n\n"
LONG_S = 90.0
"""A film on a busy machine, with the move of its project."""


@dataclass
class Film:
    """One job of one scene, watched by its subscription."""

    stack: Stack
    project: str
    scene: str
    job: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)
    ended: str = ""  # how the subscription ended

    @classmethod
    async def asked(cls, stack: Stack, title: str, shots: int) -> Film:
        script = f"INT. LAMP WORKSHOP - NIGHT\n\nRoom {secrets.token_hex(4)}.\n\n" + SHOT * shots  # no film of before
        film = cls(stack, *await asyncio.to_thread(project_with_scene, stack, title, script))
        ask = partial(stack.mutate, "generateScene", "job { id }", sceneId=film.scene, autoPick=True, seed="7")
        film.job = (await asyncio.to_thread(ask))["job"]["id"]
        return film

    async def watch(self) -> None:
        """Until the server says that there is no more."""
        headers = {"authorization": f"Bearer {self.stack.token}", "accept": "text/event-stream"}
        body = {"query": JOB, "variables": {"j": self.job}}
        async with (
            httpx.AsyncClient(timeout=LONG_S) as client,
            client.stream("POST", f"{self.stack.url}/graphql", json=body, headers=headers) as answer,
        ):
            event = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("data:") and event == "next":
                    told = json.loads(line[5:])
                    assert "errors" not in told, told
                    self.seen.append(told["data"]["jobProgress"])
        self.ended = event

    async def rows(self) -> list[Attempt]:
        return await replicas.in_ledger(self.stack, lambda ledger: ledger.attempts(self.project, job=self.job))

    async def drawing(self, beyond: float = 0.0) -> Attempt:
        """The film's attempt, once a worker has told that it is further than that."""

        async def found() -> Attempt | None:
            rows = await self.rows()
            over = {row.step for row in rows if row.state in FINAL_STATES}
            assert not over & {Step.VIDEO, Step.OBSERVE}, "the film was too short"
            drawn = (row for row in rows if row.step == Step.VIDEO and row.state is AttemptState.CLAIMED)
            return next((row for row in drawn if row.progress > beyond), None)

        row = await fact(found)
        assert row is not None
        return row

    async def owner(self) -> dict[str, Any] | None:
        return await asyncio.to_thread(owner, self.stack, self.project)

    async def over(self, watching: asyncio.Task[None]) -> dict[str, Any]:
        """The job's end, as the watcher saw it, and its one take."""
        async with asyncio.timeout(LONG_S):
            await watching
        assert (self.seen[-1]["state"], self.ended) == ("FINAL_READY", "complete"), self.seen[-3:]
        found = await asyncio.to_thread(partial(self.stack.graphql, TAKES, id=self.scene))
        assert [job["state"] for job in found["scene"]["jobs"]] == ["FINAL_READY"]
        (take,) = found["scene"]["takes"]
        return dict(take)

    async def check(self, drawn: Attempt) -> None:
        """Nothing was rendered twice: each step was tried and claimed once, the film by who had begun it, and the only
        take in the store is that attempt's; each event came once, and no two owners wrote at a time."""
        rows = await self.rows()
        assert sorted((row.step, row.number, row.claims, row.state) for row in rows) == sorted(
            (step, 1, 1, AttemptState.DONE) for step in STEPS
        )
        (film,) = [row for row in rows if row.step == Step.VIDEO]
        assert (film.id, film.worker) == (drawn.id, drawn.worker)
        assert films(self.stack.data_dir, self.project) == [f"{self.job}/{film.id}"]
        events = await replicas.rows(self.stack, self.project)
        replicas.check_one_writer(events)
        told = Counter(row.type for row in events if row.type.startswith("job."))
        assert {told[name] for name in ("job.created", "job.rendered", "job.observed", "job.final_ready")} == {1}

    def went_on(self, at: int) -> list[float]:
        """The film's progress that the watcher was told after the `at`th message."""
        return [told["progress"] for told in self.seen[at:] if told["stage"] == "VIDEO_GENERATION"]


async def fact(ask: Callable[[], Awaitable[T]]) -> T:
    """The first true answer: facts of other processes, so it is asked again and again."""
    async with asyncio.timeout(LONG_S):
        while True:
            if found := await ask():
                return found
            await asyncio.sleep(0.05)


def films(data_dir: Path, project: str) -> list[str]:
    """Job and attempt of every film of a project in the folder of objects."""
    found = [path.parent for path in data_dir.rglob("video.mp4") if project in path.parts]
    return sorted(f"{folder.parent.name}/{folder.name}" for folder in found)
