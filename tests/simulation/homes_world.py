"""A world of hosts, clients and workers around one in-memory ledger, on a clock of its own and with one seed.

What can happen: appends are slow, fail, or commit without an answer; hosts are killed at any await, lose the ledger, or
sleep through their lease and go on as zombies; workers die with a claim; clients repeat commands, also at the same
time, also to the wrong host. At the end everything heals, and the ledger is compared with what people were told
(`homes_checks`).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pycrdt

from actors.commands import (
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
    RetryJob,
    SetBrain,
)
from actors.project.actor import project_id
from actors.runtime.ids import Prefix
from actors.views import JobView
from collab.close_codes import RoomClosed
from collab.ports import Refused
from collab.text import insert
from storage.ledger.protocol import LedgerError
from tests.simulation import homes_checks
from tests.simulation.clock import run
from tests.simulation.homes_host import HomesHost
from tests.simulation.homes_ledger import HomesLedger
from tests.simulation.trace import Trace
from tests.unit.actors.scene.worker import SmallWorker, answer_of

STORM_S = 12.0
CALM_S = 120.0
QUERIES_END_S = 5.0
"""What a process that is gone had asked of the ledger is answered within this."""
SCRIPT = "MARA waits.\n\nMARA\nStill here.\n"


@dataclass
class Told:
    """What clients were told: these must be true for ever."""

    answers: dict[tuple[str, str], tuple[Envelope, Answer]] = field(default_factory=dict)  # (principal, key)
    marks: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (home, doc) → acknowledged words


class World:
    """`dies_at`: the first host is killed in place of that step of its process."""

    def __init__(self, seed: int, dies_at: int | None = None) -> None:
        self.seed, self.rng, self.trace = seed, random.Random(seed), Trace()
        self.ledger = HomesLedger(random.Random(seed + 1), self.trace)
        self.hosts: list[HomesHost] = []
        self.zombies: list[HomesHost] = []
        self.everyone: list[HomesHost] = []
        self.told = Told()
        self.faults: list[str] = []
        self._dies_at = dies_at
        self._marks = 0
        self._id_rng = random.Random(seed + 2)

    # hosts
    async def start_host(self, at: int) -> None:
        """A new process in this place; if it dies before it is up, another."""
        while True:
            incarnation = len(self.everyone) + 1
            dies_at = self._dies_at if incarnation == 1 else None
            host = HomesHost(self.ledger, f"h{at}", incarnation, self._new_id, self._died, dies_at)
            self.everyone.append(host)
            self.trace.note(host.process.name, "starts")
            self.hosts[at : at + 1] = [host]
            while host.process.alive:
                try:
                    await host.call(lambda runtime: runtime.start())
                    return
                except LedgerError:
                    await asyncio.sleep(0.05)

    def _died(self, host: HomesHost) -> None:
        self.trace.note(host.process.name, f"dies at its step {host.process.steps}")

    def _new_id(self, prefix: Prefix) -> str:
        return f"{prefix}_{base64.b32encode(self._id_rng.randbytes(16)).decode().rstrip('=').lower()}"

    async def trouble(self) -> None:
        """Something happens to a host, again and again."""
        while self.ledger.stormy:
            await asyncio.sleep(self.rng.uniform(0.5, 3.0))
            at = self.rng.randrange(len(self.hosts))
            await self._happen(self.rng.choice(("crash", "crash", "cut", "zombie", "leave")), at, self.hosts[at])

    async def _happen(self, what: str, at: int, host: HomesHost) -> None:
        self.trace.note(host.process.name, what)
        match what:
            case "crash":
                host.process.kill()
                await self.start_host(at)
            case "leave":
                with contextlib.suppress(LedgerError):
                    await host.call(lambda runtime: runtime.stop())
                await self.start_host(at)
            case "cut":
                self.ledger.cut.add(host.row.incarnation)
                await asyncio.sleep(self.rng.uniform(0.5, 4.0))
                self.ledger.cut.discard(host.row.incarnation)
            case "zombie":  # its clock stands still: it never gives up by itself
                host.clock.frozen_at_ms = host.clock.now_ms()
                self.ledger.cut.add(host.row.incarnation)
                self.zombies.append(host)
                await self.start_host(at)

    # clients
    async def send(self, envelope: Envelope, tries: int = 40) -> Answer | None:
        """Ask hosts until one answers; None when refused for good."""
        for _ in range(tries):
            host = self.rng.choice([*self.hosts, *self.zombies])
            try:
                answer = await host.call(lambda runtime: runtime.command(envelope))
            except CommandError as error:
                if not error.retryable:
                    return None
            except LedgerError:
                pass
            else:
                self.told.answers[envelope.principal, envelope.key] = envelope, answer
                self.trace.note(envelope.principal, f"{envelope.key} is answered: {answer.sequence}")
                return answer
            await asyncio.sleep(self.rng.uniform(0.01, 0.4))
        return None

    async def ask(self, home: str, principal: str, key: str, command: Command) -> Answer | None:
        """Now and then the same command goes out twice at the same time."""
        target = getattr(command, "scene", home) if command.actor == "scene" else home
        envelope = Envelope(home, target, principal, key, command)
        if self.rng.random() < 0.25:
            one, two = await asyncio.gather(self.send(envelope), self.send(envelope))
            if one is not None and two is not None and one.ids != two.ids:
                self.faults.append(f"{key} was answered {one.ids} and {two.ids}")
            return one or two
        return await self.send(envelope)

    async def client(self, name: str) -> None:
        key = iter(f"{name}-{n}" for n in range(10_000))
        first = next(key)
        home = project_id(name, first)
        if await self.ask(home, name, first, CreateProject(name, "MOVIE")) is None:
            return
        scenes: list[str] = []
        jobs: list[tuple[str, str]] = []
        while True:
            await asyncio.sleep(self.rng.uniform(0.0, 0.6))
            await self._act(name, home, next(key), scenes, jobs)

    async def _act(self, name: str, home: str, key: str, scenes: list[str], jobs: list[tuple[str, str]]) -> None:
        choice = self.rng.random()
        if not scenes or choice < 0.2:
            answer = await self.ask(home, name, key, CreateScene(f"INT. {key.upper()} - DAY", SCRIPT))
            if answer is not None:
                scenes.append(answer.ids["scene"])
            return
        scene = self.rng.choice(scenes)
        if choice < 0.45:
            await self.write(home, scene)
        elif choice < 0.65:
            answer = await self.ask(home, name, key, GenerateScene(scene, auto_pick=self.rng.random() < 0.7))
            if answer is not None:
                jobs.append((scene, answer.ids["job"]))
        elif choice < 0.75:
            await self.ask(home, name, key, SetBrain(self.rng.choice(("pixar", "thriller"))))
        elif choice < 0.8:
            await self.ask(home, name, key, LockScene(scene))
        elif jobs:
            await self._job(name, home, key, self.rng.choice(jobs))

    async def _job(self, name: str, home: str, key: str, job: tuple[str, str]) -> None:
        view = await self.ledger.view("job", job[1])
        if view is None or view.body is None:
            return
        seen = JobView.from_blob(view.body)
        if seen.state == "PREVIEW_READY":
            await self.ask(home, name, key, PickPanel(*job, self.rng.choice(seen.panels)["id"]))
        elif seen.state == "FAILED":
            await self.ask(home, name, key, RetryJob(*job))
        elif self.rng.random() < 0.2:
            await self.ask(home, name, key, CancelJob(*job))

    async def write(self, home: str, scene: str) -> None:
        """Somebody writes a word into the script, through whichever host has the room."""
        self._marks += 1
        mark = f"<{self._marks}>"
        hosts = [*self.hosts, *self.zombies]
        self.rng.shuffle(hosts)
        doc = f"scene:{scene}"

        def edit(it: pycrdt.Doc[Any]) -> None:
            insert(it.get("script", type=pycrdt.Text), 0, mark)

        for host in hosts:
            try:
                opened = await host.call(lambda runtime: runtime.open(home))
                room = await host.call(lambda _runtime, opened=opened: opened.room(doc))
            except (LedgerError, CommandError, Refused):
                continue
            try:
                await host.call(lambda _runtime, room=room: room.edit(edit, "writer"))
            except (Refused, RoomClosed, LedgerError):
                return  # it may or may not be there: nobody was told
            self.told.marks.setdefault((home, doc), []).append(mark)
            return

    # workers
    async def worker(self, name: str) -> None:
        worker = SmallWorker(self.ledger, name)
        fault = {"error": {"code": "GPU", "message": "gone", "retryable": True}}
        worker.answers["video"] = lambda a, r: fault if self.rng.random() < 0.2 else answer_of(a, r)
        while True:
            await asyncio.sleep(self.rng.uniform(0.01, 0.2))
            attempt = await worker.claim()
            if attempt is None:
                continue
            await asyncio.sleep(self.rng.uniform(0.0, 0.3))
            if self.ledger.stormy and self.rng.random() < 0.1:
                worker.name = f"{name}.{self.rng.random()}"  # died with the claim; another one comes
                continue
            if await worker.finish(attempt) and self.rng.random() < 0.5:
                with contextlib.suppress(LedgerError):
                    await self.rng.choice(self.hosts).call(
                        lambda runtime, attempt=attempt: runtime.attempt_changed(attempt.home, attempt.id)
                    )

    # the story of one seed
    async def run(self) -> None:
        for at in range(3):
            await self.start_host(at)
        loop = asyncio.get_running_loop()
        people = [loop.create_task(self.client(name)) for name in ("anna", "ben")]
        workers = [loop.create_task(self.worker(name)) for name in ("w1", "w2")]
        trouble = loop.create_task(self.trouble())
        await asyncio.sleep(STORM_S)
        await _end(people)
        self.ledger.stormy = False
        await trouble
        await self._heal()
        homes = sorted({envelope.home for envelope, _ in self.told.answers.values()})
        await self._settle(homes)
        await homes_checks.check(self, homes)
        await _end(workers)
        for host in self.hosts:
            await host.call(lambda runtime: runtime.stop())
        await asyncio.sleep(QUERIES_END_S)
        homes_checks.check_nothing_runs(self)

    async def _heal(self) -> None:
        self.trace.note("world", "calm")
        self.ledger.cut.clear()
        for zombie in self.zombies:
            zombie.process.kill()
        for at, host in enumerate(list(self.hosts)):
            host.process.disarm()
            if not host.process.alive:
                await self.start_host(at)

    async def _settle(self, homes: list[str]) -> None:
        """All open somewhere, all jobs ended or waiting for a person, all writers read."""
        async with asyncio.timeout(CALM_S):
            while not all([await self._calm(home) for home in homes]):  # noqa: ASYNC110 (virtual time: no wait is long)
                await asyncio.sleep(0.25)

    async def _calm(self, home: str) -> bool:
        for host in self.hosts:
            try:
                opened = await host.call(lambda runtime: runtime.open(home))
            except (LedgerError, CommandError):
                continue
            rows = await self.ledger.views("open_job", home=home, limit=10_000)
            states = [JobView.from_blob(await self._body("job", row.id)).state for row in rows]
            return opened.idle and all(state == "PREVIEW_READY" for state in states)
        return False

    async def _body(self, kind: str, id: str) -> bytes:
        view = await self.ledger.view(kind, id)
        assert view is not None
        return view.body or b""


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


def run_world(seed: int, story: Callable[[World], Awaitable[None]] | None = None, dies_at: int | None = None) -> World:
    """One seed, start to end, in virtual time. What fails carries the way to repeat it."""
    ids = random.Random(f"client ids of {seed}")
    worlds: list[World] = []

    def draw(below: int) -> int:
        return ids.randrange(1 << 16, below)

    async def live() -> World:
        world = World(seed, dies_at)
        worlds.append(world)
        await (story(world) if story else world.run())
        return world

    with mock.patch("collab.editing.secrets.randbelow", draw):
        try:
            return run(live())
        except Exception as error:
            for world in worlds:
                path = world.trace.write(f"home-{seed}" + ("" if dies_at is None else f"-{dies_at}"))
                error.add_note(
                    f"seed {seed}: repeat with `make sim SEEDS=1 SEED_START={seed}`; all that happened: {path};"
                    f" the end of it:\n{world.trace.tail()}"
                )
            raise
