"""A world of hosts, clients and workers around one in-memory ledger, on a clock of its own and with one seed.

What can happen: appends are slow, fail, or commit without an answer; hosts crash at any await, lose the ledger, or
sleep through their lease and go on as zombies; workers die with a claim; clients repeat commands, also at the same
time, also to the wrong host. At the end everything heals, and the ledger is compared with what people were told.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

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
from actors.kinds import ProjectKinds, make_room
from actors.project.actor import project_id
from actors.runtime.actor import Catalogue
from actors.runtime.compose import fact_of
from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from actors.runtime.ids import Prefix
from actors.runtime.limits import RuntimeLimits
from actors.views import JobView
from collab.ports import Refused
from collab.room import RoomClosed
from collab.text import insert
from storage.codec import decode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import (
    Append,
    Attempt,
    Committed,
    HostRow,
    Kind,
    LedgerError,
    StoredResponse,
    Unavailable,
)
from tests.unit.actors.scene.worker import SmallWorker

CATALOGUE = Catalogue({"thriller": "1", "pixar": "1"}, "thriller")
LIMITS = RuntimeLimits(
    lease_ttl_ms=2_000,
    lease_margin_ms=400,
    snapshot_every_events=7,
    actor_idle_ms=1_500,
    home_idle_ms=3_000,
    sweep_ms=700,
    mailbox_max=8,
)
STORM_S = 12.0
CALM_S = 120.0
SCRIPT = "MARA waits.\n\nMARA\nStill here.\n"


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only while everybody waits, and then at once."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        if timeout > 0:
            self._loop.advance(timeout)
        return super().select(0)


@dataclass
class HostClock:
    """The world's time, as one host sees it; `frozen_at_ms` is a process that does not know how long it slept."""

    frozen_at_ms: int | None = None

    def now_ms(self) -> int:
        return self.frozen_at_ms if self.frozen_at_ms is not None else _now_ms()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.001))


def _now_ms() -> int:
    return 1_000 + int(asyncio.get_running_loop().time() * 1000)


class StormyLedger(MemoryLedger):
    """Slow, failing, and sometimes silent about what it did. `cut`: hosts whose heartbeats do not get through."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(_now_ms)
        self._rng = rng
        self.stormy = True
        self.cut: set[str] = set()

    async def _weather(self, failing: float) -> None:
        if not self.stormy:
            await asyncio.sleep(0)
            return
        roll = self._rng.random()
        await asyncio.sleep(self._rng.uniform(0.0, 0.004) if roll < 0.9 else self._rng.uniform(0.05, 1.5))
        if self._rng.random() < failing:
            raise Unavailable("storm")

    async def append(self, append: Append) -> Committed:
        if not self.stormy:
            return await super().append(append)
        if self._rng.random() < 0.04:
            self.fail_next("storm")
        committed = await super().append(append)
        if self._rng.random() < 0.1:
            await asyncio.sleep(self._rng.uniform(0, 0.3))
        if self._rng.random() < 0.02:
            raise Unavailable("the answer was lost")
        return committed

    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        if host.incarnation in self.cut:
            await asyncio.sleep(0.1)
            raise Unavailable("partition")
        await self._weather(0.02)
        return await super().heartbeat(host, ttl_ms)

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None:
        await self._weather(0.02)
        return await super().response(home, principal, key)

    async def owner(self, home: str) -> Any:
        await self._weather(0.02)
        return await super().owner(home)

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Any:
        await self._weather(0.03)
        return await super().claim(home, host, depose=depose)

    async def read(self, home: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().read(home, **how)

    async def snapshot(self, home: str, doc: str, **how: Any) -> Any:
        await self._weather(0.01)
        return await super().snapshot(home, doc, **how)

    async def attempt(self, id: str) -> Attempt | None:
        await self._weather(0.01)
        return await super().attempt(id)


@dataclass
class Told:
    """What clients were told: these must be true for ever."""

    answers: dict[tuple[str, str], tuple[Envelope, Answer]] = field(default_factory=dict)  # (principal, key)
    marks: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (home, doc) → acknowledged words


class World:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.ledger = StormyLedger(random.Random(seed + 1))
        self.hosts: list[StoryRuntime] = []
        self.clocks: list[HostClock] = []
        self.zombies: list[StoryRuntime] = []
        self.told = Told()
        self.faults: list[str] = []
        self._incarnations = 0
        self._marks = 0
        self._id_rng = random.Random(seed + 2)

    # hosts
    async def start_host(self, at: int | None = None) -> None:
        self._incarnations += 1
        name = f"h{len(self.hosts) if at is None else at}"
        row = HostRow(name, f"{name}.{self._incarnations}", 1, f"peer:{self._incarnations}")
        clock = HostClock()
        runtime = StoryRuntime(
            self.ledger,
            row,
            clock,
            LIMITS,
            kinds=ProjectKinds(),
            catalogue=CATALOGUE,
            make_room=make_room,
            ids=self._new_id,
        )
        while True:
            try:
                await runtime.start()
                break
            except LedgerError:
                await asyncio.sleep(0.05)
        if at is None:
            self.hosts.append(runtime)
            self.clocks.append(clock)
        else:
            self.hosts[at], self.clocks[at] = runtime, clock

    def _new_id(self, prefix: Prefix) -> str:
        return f"{prefix}_{base64.b32encode(self._id_rng.randbytes(16)).decode().rstrip('=').lower()}"

    async def trouble(self) -> None:
        """Something happens to a host, again and again."""
        while self.ledger.stormy:
            await asyncio.sleep(self.rng.uniform(0.5, 3.0))
            at = self.rng.randrange(len(self.hosts))
            host = self.hosts[at]
            match self.rng.choice(("crash", "crash", "cut", "zombie", "leave")):
                case "crash":
                    await host.kill()
                    await self.start_host(at)
                case "leave":
                    await host.stop()
                    await self.start_host(at)
                case "cut":
                    self.ledger.cut.add(host.lease.row.incarnation)
                    await asyncio.sleep(self.rng.uniform(0.5, 4.0))
                    self.ledger.cut.discard(host.lease.row.incarnation)
                case "zombie":  # its clock stands still: it never gives up by itself
                    self.clocks[at].frozen_at_ms = self.clocks[at].now_ms()
                    self.ledger.cut.add(host.lease.row.incarnation)
                    self.zombies.append(host)
                    await self.start_host(at)

    # clients
    async def send(self, envelope: Envelope, tries: int = 40) -> Answer | None:
        """Ask hosts until one answers; None when refused for good."""
        for _ in range(tries):
            host = self.rng.choice([*self.hosts, *self.zombies])
            try:
                answer = await host.command(envelope)
            except CommandError as error:
                if not error.retryable:
                    return None
            except LedgerError:
                pass
            else:
                self.told.answers[envelope.principal, envelope.key] = envelope, answer
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
                room = await (await host.open(home)).room(doc)
            except (LedgerError, CommandError, Refused):
                continue
            try:
                await room.edit(edit, "writer")
            except (Refused, RoomClosed):
                return  # it may or may not be there: nobody was told
            self.told.marks.setdefault((home, doc), []).append(mark)
            return

    # workers
    async def worker(self, name: str) -> None:
        worker = SmallWorker(self.ledger, name)
        fault = {"error": {"code": "GPU", "message": "gone", "retryable": True}}
        worker.answers["video"] = lambda a, r: fault if self.rng.random() < 0.2 else _default(a, r)
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
                host = self.rng.choice(self.hosts)
                await host.attempt_changed(attempt.home, attempt.id)

    # the story of one seed
    async def run(self) -> None:
        for _ in range(3):
            await self.start_host()
        loop = asyncio.get_running_loop()
        people = [loop.create_task(self.client(name)) for name in ("anna", "ben")]
        workers = [loop.create_task(self.worker(name)) for name in ("w1", "w2")]
        trouble = loop.create_task(self.trouble())
        await asyncio.sleep(STORM_S)
        await _end(people)
        self.ledger.stormy = False
        await trouble
        self.ledger.cut.clear()
        for zombie in self.zombies:
            await zombie.kill()
        homes = sorted({envelope.home for envelope, _ in self.told.answers.values()})
        await self._settle(homes)
        await self._check(homes)
        await _end(workers)
        for host in self.hosts:
            await host.stop()

    async def _settle(self, homes: list[str]) -> None:
        """All open somewhere, all jobs ended or waiting for a person, all writers read."""
        async with asyncio.timeout(CALM_S):
            while not all([await self._calm(home) for home in homes]):  # noqa: ASYNC110 (virtual time: no wait is long)
                await asyncio.sleep(0.25)

    async def _calm(self, home: str) -> bool:
        for host in self.hosts:
            try:
                opened = await host.open(home)
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

    async def _check(self, homes: list[str]) -> None:
        for home in homes:
            await self._check_log(home)
            await self._check_replay(home)
            await self._check_jobs(home)
        await self._check_told()
        assert not self.faults, self.faults

    async def _check_log(self, home: str) -> None:
        rows = await self.ledger.read(home, limit=1_000_000)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "sequences have gaps"
        epochs = [row.epoch for row in rows]
        assert epochs == sorted(epochs), "an old epoch wrote after a new one"
        first = {row.epoch: row for row in reversed(rows)}
        owners = [row for row in rows if row.kind is Kind.OWNERSHIP]
        assert [row.seq for row in owners] == sorted(row.seq for row in first.values()), "an epoch without its owner"
        made = Counter(row.type for row in rows if row.doc == "@project")
        assert made["project.created"] == 1

    async def _opened(self, home: str) -> Home:
        """The home where it lives; opened anew if its host gave it back since it was calm."""
        for host in self.hosts:
            if (found := host.owned(home)) is not None:
                return found
        for host in self.hosts:
            with contextlib.suppress(LedgerError):
                return await host.open(home)
        raise AssertionError(f"no host can open {home}")

    async def _check_replay(self, home: str) -> None:
        """Folding the log from its first row gives the live state; so does the snapshot and what came after."""
        opened = await self._opened(home)
        kinds = ProjectKinds()
        rows = await self.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
        for id in [home, "@continuity", *(s.id for s in opened.find(home).scenes_in_order())]:  # type: ignore[union-attr]
            activation = opened.activation(id)
            await activation.loaded()
            await activation.idle()
            live = activation.actor
            fresh = kinds.make(home, id, opened.find)
            fresh.fold(fact_of(row) for row in rows if row.doc == fresh.stream)
            assert fresh.dump() == live.dump(), f"replay of {id} differs"

    async def _check_jobs(self, home: str) -> None:
        rows = await self.ledger.read(home, limit=1_000_000, kinds=(Kind.EVENT,))
        ended = Counter(decode(row.body)["job"] for row in rows if row.type == "job.final_ready")
        assert not [job for job, count in ended.items() if count > 1], "a job ended twice"
        takes = Counter(decode(v.body or b"")["job"] for v in await self.ledger.views("take", home=home, limit=10_000))
        assert takes == Counter(ended), "takes and ended jobs differ"

    async def _check_told(self) -> None:
        headings: Counter[tuple[str, str]] = Counter()
        for home in {envelope.home for envelope, _ in self.told.answers.values()}:
            for row in await self.ledger.read(home, limit=1_000_000, doc="@project", kinds=(Kind.EVENT,)):
                if row.type == "scene.created":
                    headings[home, decode(row.body)["heading"]] += 1
        assert all(count == 1 for count in headings.values()), "a command had two effects"
        for (principal, key), (envelope, answer) in self.told.answers.items():
            stored = await self.ledger.response(envelope.home, principal, key)
            assert stored is not None, f"{key} was acknowledged and is gone"
            assert decode(stored.body)["ids"] == answer.ids
            if isinstance(envelope.command, CreateScene):
                assert headings[envelope.home, envelope.command.heading] == 1
        for (home, doc), marks in self.told.marks.items():
            opened = await self._opened(home)
            text = (await opened.room(doc)).text("script")
            missing = [mark for mark in marks if text.count(mark) != 1]
            assert not missing, f"acknowledged words are not there once: {missing}"


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


def _default(attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
    from tests.unit.actors.scene.worker import answer_of

    return answer_of(attempt, request)


def run_world(seed: int, story: Callable[[World], Awaitable[None]] | None = None) -> World:
    """One seed, start to end, in virtual time."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        world = World(seed)
        loop.run_until_complete(story(world) if story else world.run())
        left = [t for t in asyncio.all_tasks(loop) if not t.done()]
        assert not left, f"{len(left)} tasks are left running: {left[:3]}"
        return world
    finally:
        asyncio.set_event_loop(None)
        loop.close()
