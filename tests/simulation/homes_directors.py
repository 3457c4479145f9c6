"""People who make films of a story with contradictions planted in it, and decide about what the gate holds.

Owns their story and their ways. Invariant: TOM and RUTH die in the third scene and act in the fourth, and nobody ever
mends that, so every film of the fourth is held until somebody lets it go on; two directors share a home, so they decide
about the same job, at once and again much later, while hosts die. Films of the second scene mostly stay held: the hour
of the first, which they contradict, turns there and back, and they have to hear of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pycrdt

from actors.commands import (
    CancelJob,
    CommandError,
    ContinueScene,
    GenerateScene,
    ImportScreenplay,
    LockScene,
    ProceedAnyway,
    UnlockScene,
    UseCorrection,
    WaiveIssue,
)
from actors.project.actor import project_id
from actors.views import JobContinuityView, JobView
from collab.close_codes import RoomClosed
from collab.ports import Refused
from collab.text import set_text
from storage.ledger.errors import LedgerError
from tests.simulation.homes_people import Person
from tests.simulation.homes_world import World

PLAY = """INT. KITCHEN - NIGHT

MARA waits with TOM (40) and RUTH (50).

RUTH
Who waits?

MARA
Still here.

INT. CORRIDOR - DAY - CONTINUOUS

MARA walks on.

MARA
And here.

INT. CELLAR - LATER

TOM dies.

RUTH dies.

MARA
No.

INT. ATTIC - LATER

TOM runs.

TOM
Here I am.

RUTH
So am I.
"""
KITCHEN, CORRIDOR, CELLAR, ATTIC = 0, 1, 2, 3
WANTED = (1, 3, 1, 3)
"""How often, of eight times, a scene is taken up."""

LEFT_ALONE = 0.6
"""Of decisions about the second scene, those that are put off."""
MORE = "TOM\nI hear you.\n\nMARAH\nWho spoke?"
STORM_S, TROUBLE_EVERY_S = 45.0, (1.0, 6.0)
ENDED = ("FINAL_READY", "FAILED", "CANCELLED")


class Director(Person):
    """The first makes the home, the others come to it."""

    async def live(self) -> None:
        keys = (f"{self.name}-{n}" for n in range(10_000))
        await self._come(next(keys))
        while not self.scenes:
            rows = await self.world.ledger.views("scene", home=self.home, limit=100)
            self.scenes = [row.id for row in sorted(rows, key=lambda row: row.order_key)]
            await asyncio.sleep(0.1)
        for key in keys:
            await asyncio.sleep(self.rng.uniform(0.0, 0.4))
            await self._act(key)

    async def _come(self, key: str) -> None:
        if self.name != "anna":
            while not self.world.homes:  # noqa: ASYNC110 (virtual time)
                await asyncio.sleep(0.05)
            self.home = self.world.homes[0]
            return
        self.home = project_id(self.name, key)
        while await self.ask(key, ImportScreenplay(self.name, PLAY, "FOUNTAIN")) is None:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.1)
        self.world.homes.append(self.home)

    async def _act(self, key: str) -> None:
        choice, scene = self.rng.random(), self.rng.choices(self.scenes, WANTED)[0]
        if choice < 0.22:
            await self.ask(key, GenerateScene(scene, auto_pick=True))
        elif choice < 0.32:
            await self.ask(key, ContinueScene(self.scenes[CELLAR], MORE, by=self.name))
        elif choice < 0.36:
            await self.write(scene)
        elif choice < 0.48:
            await self._turn_the_clock()
        elif choice < 0.51:
            await self.ask(key, LockScene(scene))
            await self.ask(f"{key} again", UnlockScene(scene))
        else:
            await self._decide_one(key)

    async def _decide_one(self, key: str) -> None:
        rows = await self.world.ledger.views("job", home=self.home, limit=200)
        jobs = [JobView.from_blob(row.body) for row in rows if row.body is not None]
        held = [job for job in jobs if job.held]
        live = [job for job in jobs if job.state not in ENDED]
        if held:
            job = self.rng.choice(held)
            if job.scene != self.scenes[CORRIDOR] or self.rng.random() > LEFT_ALONE:
                await self._settle(key, (job.scene, job.id))
        elif live and self.rng.random() < 0.05:
            job = self.rng.choice(live)
            await self.ask(key, CancelJob(job.scene, job.id))

    async def _settle(self, key: str, job: tuple[str, str]) -> None:
        row = await self.world.ledger.view("job_continuity", job[1])
        issues = JobContinuityView.from_blob(row.body).issues if row is not None and row.body is not None else ()
        errors = [each["id"] for each in issues if each["severity"] == "ERROR" and not each["waived"]]
        choice = self.rng.random()
        if choice < 0.2:
            await self.ask(key, ProceedAnyway(*job))
        elif choice < 0.6:
            await self.ask(key, UseCorrection(*job, by=self.name))
        elif choice < 0.95 and errors:
            await self.ask(key, WaiveIssue(*job, self.rng.choice(errors), "dream"))
        elif choice > 0.95:
            await self.ask(key, CancelJob(*job))

    async def _turn_the_clock(self) -> None:
        """The first scene's hour is the other one, so that the second agrees with it, or no longer does."""
        doc = f"scene:{self.scenes[KITCHEN]}"

        def edit(it: pycrdt.Doc[Any]) -> None:
            script = it.get("script", type=pycrdt.Text)
            now = str(script)
            one, other = ("NIGHT", "DAY") if "NIGHT" in now[:60] else ("DAY", "NIGHT")
            set_text(script, now.replace(one, other, 1))

        for host in self.rng.sample(hosts := self.world.reachable(), len(hosts)):
            with contextlib.suppress(LedgerError, CommandError, Refused, RoomClosed):
                room = await host.room(self.home, doc)
                await host.call(lambda _runtime, room=room: room.edit(edit, "writer"))
                return


async def held_world(world: World) -> None:
    """A world whose people are directors: long enough for films to end, with time between two mishaps."""
    world.kinds = (Director, Director)
    world.storm_s, world.trouble_every_s = STORM_S, TROUBLE_EVERY_S
    await world.run()
