"""Whoever uses the homes of a world: people with commands and words, onlookers with a socket, and workers.

Owns what people were told. Invariant: everything here lives outside of all hosts and knows only what it was answered;
it asks any host, the wrong one and the sleeping one too, repeats itself, also at the same time, and much later.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pycrdt

from actors.commands import (
    AcceptLine,
    Answer,
    CancelJob,
    Command,
    CommandError,
    CreateProject,
    CreateScene,
    Envelope,
    GenerateScene,
    LockScene,
    PickPanel,
    ProceedAnyway,
    RetryJob,
    SayLine,
    SetBrain,
    UseCorrection,
    WaiveIssue,
)
from actors.project.actor import project_id
from actors.tableread.views import TABLE_LINE, TableLineView
from actors.views import JobContinuityView, JobView
from collab.close_codes import RoomClosed
from collab.ports import Refused
from collab.text import insert
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Attempt
from tests.unit.actors.scene.worker import SmallWorker, answer_of

if TYPE_CHECKING:
    from tests.simulation.homes_world import World

SCRIPT = "MARA waits.\n\nMARA\nStill here.\n"
LATE_S = 6.0
"""The longest that a duplicate is under way."""


@dataclass
class Told:
    """What clients were told: these must be true for ever."""

    answers: dict[tuple[str, str], tuple[Envelope, Answer]] = field(default_factory=dict)  # (principal, key)
    marks: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (home, doc) → acknowledged words


class Person:
    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.rng = world, name, world.rng
        self.home = ""
        self.scenes: list[str] = []
        self._jobs: list[tuple[str, str]] = []

    async def live(self) -> None:
        key = iter(f"{self.name}-{n}" for n in range(10_000))
        first = next(key)
        self.home = project_id(self.name, first)
        if await self.ask(first, CreateProject(self.name, "MOVIE")) is None:
            return
        self.world.homes.append(self.home)
        while True:
            await asyncio.sleep(self.rng.uniform(0.0, 0.6))
            await self._act(next(key))

    # commands
    async def ask(self, key: str, command: Command) -> Answer | None:
        """Now and then the same command goes out twice at the same time, or arrives again much later."""
        target = getattr(command, "scene", self.home) if command.actor == "scene" else self.home
        envelope = Envelope(self.home, target, self.name, key, command)
        if self.rng.random() < 0.1:
            self.world.begin(self._again(envelope))
        if self.rng.random() < 0.25:
            one, two = await asyncio.gather(self.send(envelope), self.send(envelope))
            self._compare(key, one, two)
            return one or two
        return await self.send(envelope)

    async def send(self, envelope: Envelope, tries: int = 40) -> Answer | None:
        """Ask hosts until one answers; None when refused for good."""
        for _ in range(tries):
            host = self.rng.choice(self.world.reachable())
            try:
                answer = await host.command(envelope)
            except CommandError as error:
                if not error.retryable:
                    return None
            except LedgerError:
                pass
            else:
                self.world.told.answers[envelope.principal, envelope.key] = envelope, answer
                self.world.trace.note(envelope.principal, f"{envelope.key} is answered: {answer.sequence}")
                return answer
            await asyncio.sleep(self.rng.uniform(0.01, 0.4))
        return None

    async def _again(self, envelope: Envelope) -> None:
        await asyncio.sleep(self.rng.uniform(0.0, LATE_S))
        try:
            late = await self.rng.choice(self.world.reachable()).command(envelope)
        except (CommandError, LedgerError):
            return
        told = self.world.told.answers.setdefault((envelope.principal, envelope.key), (envelope, late))
        self._compare(envelope.key, told[1], late)

    def _compare(self, key: str, one: Answer | None, two: Answer | None) -> None:
        if one is not None and two is not None and one.ids != two.ids:
            self.world.faults.append(f"{key} was answered {one.ids} and {two.ids}")

    async def _act(self, key: str) -> None:
        choice = self.rng.random()
        if not self.scenes or choice < 0.2:
            # Every other says that it goes on from the one before, and contradicts it: its jobs are held.
            hour = "NIGHT - CONTINUOUS" if len(self.scenes) % 2 else "DAY"
            answer = await self.ask(key, CreateScene(f"INT. {key.upper()} - {hour}", SCRIPT))
            if answer is not None:
                self.scenes.append(answer.ids["scene"])
            return
        scene = self.rng.choice(self.scenes)
        if choice < 0.45:
            await self.write(scene)
        elif choice < 0.55:
            await self._read(scene)
        elif choice < 0.7:
            answer = await self.ask(key, GenerateScene(scene, auto_pick=self.rng.random() < 0.7))
            if answer is not None:
                self._jobs.append((scene, answer.ids["job"]))
        elif choice < 0.78:
            await self.ask(key, SetBrain(self.rng.choice(("pixar", "thriller"))))
        elif choice < 0.82:
            await self.ask(key, LockScene(scene))
        elif choice < 0.87:
            await self._table(key, scene)
        elif self._jobs:
            await self._job(key, self.rng.choice(self._jobs))

    async def _table(self, key: str, scene: str) -> None:
        """Something is said to the scene, or an answer of it is taken into the script."""
        rows = await self.world.ledger.views(TABLE_LINE, home=self.home, parent=scene)
        lines = [TableLineView.from_blob(row.body or b"").line for row in rows]
        open = [each["id"] for line in lines for each in line["proposals"] if each["state"] == "OPEN"]
        if open and self.rng.random() < 0.5:
            await self.ask(key, AcceptLine(scene, self.rng.choice(open), by=self.name))
        else:
            await self.ask(key, SayLine(scene, self.rng.choice(("Who is here?", "Mara, where are you?", "It rains."))))

    async def _job(self, key: str, job: tuple[str, str]) -> None:
        view = await self.world.ledger.view("job", job[1])
        if view is None or view.body is None:
            return
        seen = JobView.from_blob(view.body)
        if seen.state == "PREVIEW_READY":
            await self.ask(key, PickPanel(*job, self.rng.choice(seen.panels)["id"]))
        elif seen.held:
            await self._decide(key, job)
        elif seen.state == "FAILED":
            await self.ask(key, RetryJob(*job))
        elif self.rng.random() < 0.2:
            await self.ask(key, CancelJob(*job))

    async def _decide(self, key: str, job: tuple[str, str]) -> None:
        """What holds a job is settled in one of the ways there are, or the job goes."""
        row = await self.world.ledger.view("job_continuity", job[1])
        issues = JobContinuityView.from_blob(row.body).issues if row is not None and row.body is not None else ()
        errors = [each["id"] for each in issues if each["severity"] == "ERROR"]
        if not errors:
            return
        ways = (ProceedAnyway(*job), UseCorrection(*job, by=self.name), WaiveIssue(*job, errors[0], "dream"))
        await self.ask(key, self.rng.choice((*ways, CancelJob(*job))))

    # words
    async def write(self, scene: str) -> None:
        """A word into the script, through whichever host has the room."""
        mark, doc = self.world.next_mark(), f"scene:{scene}"
        hosts = self.world.reachable()
        self.rng.shuffle(hosts)

        def edit(it: pycrdt.Doc[Any]) -> None:
            script = it.get("script", type=pycrdt.Text)
            insert(script, len(str(script)), mark)  # behind the heading, which says what hour it is

        for host in hosts:
            try:
                room = await host.room(self.home, doc)
            except (LedgerError, CommandError, Refused):
                continue
            try:
                await host.call(lambda _runtime, room=room: room.edit(edit, "writer"))
            except (Refused, RoomClosed, LedgerError):
                return  # it may or may not be there: nobody was told
            self.world.told.marks.setdefault((self.home, doc), []).append(mark)
            return

    async def _read(self, scene: str) -> None:
        with contextlib.suppress(LookupError, LedgerError, CommandError, Refused):
            await self.rng.choice(self.world.reachable()).read(self.home, f"scene:{scene}")


async def work(world: World, name: str) -> None:
    """A worker: some die with a claim; what they ring with is lost, doubled, or late."""
    rng, worker = world.rng, SmallWorker(world.ledger, name)
    fault = {"error": {"code": "GPU", "message": "gone", "retryable": True}}
    worker.answers["video"] = lambda a, r: fault if rng.random() < 0.2 else answer_of(a, r)
    while True:
        await asyncio.sleep(rng.uniform(0.01, 0.2))
        attempt = await worker.claim()
        if attempt is None:
            continue
        await asyncio.sleep(rng.uniform(0.0, 0.3))
        if world.ledger.stormy and rng.random() < 0.1:
            worker.name = f"{name}.{rng.random()}"  # died with the claim; another one comes
            continue
        if await worker.finish(attempt):
            for _ in range(rng.choice((0, 1, 1, 2))):
                world.begin(_ring(world, attempt))


async def _ring(world: World, attempt: Attempt) -> None:
    await asyncio.sleep(world.rng.choice((0.0, world.rng.uniform(0.0, LATE_S))))
    with contextlib.suppress(LedgerError):
        await world.rng.choice(world.reachable()).call(
            lambda runtime: runtime.attempt_changed(attempt.home, attempt.id)
        )
