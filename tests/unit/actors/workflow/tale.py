"""Three short scenes in which something follows from the first two for the third, and the words tests speak of them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from actors.commands import Answer, CreateScene, Envelope, GenerateScene, LockScene, RetryWorkflow
from actors.runtime.home import Home
from actors.workflow.messages import WORKFLOW
from actors.workflow.steps import RESULTS, Step
from actors.workflow.views import WorkflowView
from actors.workflow.work import Outcome, take_step
from storage.codec import decode
from storage.ledger.protocol import Event
from tests.unit.actors.story import ANNA, Story

PIER = """EXT. PIER - NIGHT

Rain falls on black water. ANNA grabs the lantern from a hook. BEN stands by.

ANNA
Where is Carl? Ben, answer me.

BEN
Late, as ever.
"""
ROOM = """INT. ROOM - NIGHT

BEN and CARL sit by the stove. CARL carries a rope.

BEN
She is waiting, Carl.

CARL
Let her wait.
"""
BACK = """EXT. PIER - CONTINUOUS

ANNA waits. CARL comes down the steps.

CARL
You kept the light on.
"""
TEXT = f"{PIER}\n{ROOM}\n{BACK}"


class Tale:
    """One project of one host, its scenes in story order."""

    def __init__(self, it: Story, home: str, scenes: list[str]) -> None:
        self.it, self.home, self.scenes = it, home, scenes

    @property
    def owned(self) -> Home:
        found = self.it.runtime.owned(self.home)
        assert found is not None
        return found

    async def lock(self, at: int) -> None:
        await self.it.ask(self.home, LockScene(self.scenes[at]))

    async def worked_out(self, at: int) -> None:
        await self.state(at, "COMPLETE")

    async def state(self, at: int, wanted: str) -> WorkflowView:
        """Wait until the newest workflow of a scene is so."""
        async with asyncio.timeout(10):
            while (found := await self.workflow(at)) is None or found.state != wanted:
                await self.it.turned()
        return found

    async def workflow(self, at: int) -> WorkflowView | None:
        rows = await self.it.ledger.views("workflow", home=self.home, parent=self.scenes[at], newest_first=True)
        return WorkflowView.from_blob(rows[0].body or b"") if rows else None

    async def asked(self, at: int) -> dict[str, Any]:
        """What the prompt writer is asked for a scene."""
        job = (await self.it.ask(self.home, GenerateScene(self.scenes[at]))).ids["job"]
        (attempt,) = await self.it.ledger.attempts(self.home, job=job)
        request: dict[str, Any] = decode(attempt.request)["enhance"]
        return request

    async def results(self) -> list[tuple[str, Step]]:
        """(scene, step) of every result in the log, in order."""
        rows = await self.it.ledger.read(self.home, doc=f"{WORKFLOW}", limit=100_000)
        return [(row.scene or "", RESULTS[row.type]) for row in rows if row.type in RESULTS]

    async def log(self) -> list[Event]:
        return await self.it.ledger.read(self.home, limit=100_000)

    async def retry(self, at: int) -> Answer:
        envelope = Envelope(self.home, WORKFLOW, ANNA, self.it.key(), RetryWorkflow(self.scenes[at]))
        return await self.it.runtime.command(envelope)

    async def add(self, heading: str, script: str) -> int:
        answer = await self.it.ask(self.home, CreateScene(heading, script))
        self.scenes.append(answer.ids["scene"])
        return len(self.scenes) - 1


async def tale(it: Story) -> Tale:
    home = await it.bring(TEXT)
    rows = await it.ledger.views("scene", home=home)
    return Tale(it, home, [row.id for row in rows])


async def both(it_tale: Tale) -> dict[str, Any]:
    """Lock the first two scenes, wait for what follows, and ask what the third is given."""
    for at in (0, 1):
        await it_tale.lock(at)
        await it_tale.worked_out(at)
    return await it_tale.asked(2)


async def again(it: Story, known: Tale, depose: str | None = None) -> Tale:
    """The same project on another host."""
    await it.runtime.open(known.home, depose=depose)
    return Tale(it, known.home, known.scenes)


class Gate:
    """`take_step` that waits before one step until it is opened; everything else passes."""

    def __init__(self, step: Step | None = None) -> None:
        self.step, self._open, self.reached = step, threading.Event(), threading.Event()

    def open(self) -> None:
        self._open.set()

    def take_step(self, workflow: str, scene: str, step: Step, found: Any) -> Outcome:
        if step is self.step:
            self.reached.set()
            assert self._open.wait(10), "nobody opened the gate"
        return take_step(workflow, scene, step, found)
