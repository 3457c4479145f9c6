"""A seeded world around rooms: people, pages, hosts, one ledger, and everything that goes wrong between them.

Owns the story of one seed: a storm of happenings, then calm until all agree, then everybody leaves and the hosts stop.
Invariant: nothing here reads a clock or a random source of its own, so one seed is one run (the trace's digest shows
it). What must hold is in `invariants`, what can happen in `faults`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from unittest import mock

from collab.limits import Limits
from collab.session import Access
from tests.simulation import invariants
from tests.simulation.clients import Page, Provider
from tests.simulation.clock import VirtualLoop, later, run
from tests.simulation.documents import content_of
from tests.simulation.faults import HAPPENINGS
from tests.simulation.host import Host
from tests.simulation.ledger import StormyLedger
from tests.simulation.lines import NEVER_S, Socket
from tests.simulation.trace import Trace

STEPS = 40
CALM_S = 240.0
LEAVE_S = 60.0
SCENE, NOTES = "scene:scn_1", "notes:scn_1"
CAST = (
    ("ana-1", "ana", Access.WRITE, (SCENE,), False),
    ("cleo-1", "cleo", Access.WRITE, (SCENE, NOTES), True),
    ("ana-2", "ana", Access.WRITE, (SCENE,), False),
    ("ben-1", "ben", Access.WRITE, (NOTES,), False),
    ("cleo-2", "cleo", Access.WRITE, (SCENE,), True),
    ("eve-1", "eve", Access.READ, (SCENE,), False),
    ("fay-1", "fay", Access.READ, (SCENE, NOTES), True),
)
"""Name, principal, access, documents, whether multiplexed. A world has the first three and some of the others."""


class World:
    """`dies_at`: the first host is killed in place of that step of its process."""

    def __init__(self, seed: int, dies_at: int | None = None) -> None:
        self.seed, self.random, self.trace = seed, random.Random(seed), Trace()
        self.ledger = StormyLedger(random.Random(f"ledger of {seed}"), self.trace)
        self.far, self.duplicates = self.random.choice((0.0, 0.0, 0.3)), 0.05
        self.limits = self._draw_limits()
        self.step = 0
        self.mixed = False  # whether somebody holds changes under the id of somebody else
        self.errors: list[str] = []
        self.hosts: list[Host] = []
        self.sockets: list[Socket] = []
        self._edits: list[asyncio.Task[Any]] = []
        cast = [each for at, each in enumerate(CAST) if at < 3 or self.random.random() < 0.5]
        self.pages = [Page(self, name, who, access, list(docs), many) for name, who, access, docs, many in cast]
        self.docs = sorted({provider.doc for page in self.pages for provider in page.providers}, reverse=True)
        self.current = self.start_host(dies_at)

    def _draw_limits(self) -> Limits:
        """Some worlds are narrow, so that bounds are met."""
        narrow, crowded = self.random.random() < 0.3, self.random.random() < 0.4
        return Limits(
            compact_updates=self.random.choice((5, 15)),
            compact_retry_s=2.0,
            slow_commit_s=0.2,
            pending_bytes_pause=60 if narrow else 1 << 20,
            pending_bytes_spared=20 if narrow else 1 << 16,
            pending_bytes_max=2_000 if narrow else 1 << 24,
            flush_entries_max=3 if narrow else 2_000,
            entering_bytes_pause=60 if narrow else 1 << 18,
            join_small_bytes=40 if crowded else 1 << 18,
            join_bytes_in_flight_max=self.random.choice((1, 300)) if crowded else 1 << 26,
            join_bytes_per_turn=self.random.choice((50, 1_000)) if crowded else 1 << 22,
            join_tail_bytes_max=30 if crowded else 1 << 16,
            join_diff_inline_bytes=self.random.choice((60, 1 << 19)),
            join_slow_s_max=2.0,
            join_frame_idle_s=4.0,
        )

    # what parts of the world ask of it
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def latency(self) -> float:
        return self.random.random() * 0.02 + self.random.random() * self.far

    def draw_id(self) -> int:
        return self.random.randrange(1 << 16, 1 << 32)

    def providers(self, doc: str) -> Iterator[Provider]:
        return (provider for page in self.pages for provider in page.providers if provider.doc == doc)

    def check(self, rule: Callable[..., None], *about: Any) -> None:
        """Hold the world against a rule; what breaks it ends the world at once, also inside of code that catches."""
        try:
            rule(self, *about)
        except AssertionError as error:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.fail(error)
            raise

    def committed(self, host: Host, doc: str, seq: int) -> None:
        self.trace.note(host.process.name, f"{doc} is at {seq}")

    # hosts and sockets
    def start_host(self, dies_at: int | None = None) -> Host:
        self.current = Host(self, f"host-{len(self.hosts) + 1}", dies_at)
        self.hosts.append(self.current)
        return self.current

    def inside(self, host: Host, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        """A task of the host's process; None, and nothing done, if it is dead."""
        task: asyncio.Task[Any] | None = host.process.enter(asyncio.get_running_loop().create_task, work)
        if task is None:
            work.close()
        return task

    def host_died(self, host: Host) -> None:
        self.trace.note(host.process.name, f"dies at its step {host.process.steps}")
        later(0, self._bury, host)

    def _bury(self, host: Host) -> None:
        vanished = self.random.random() < 0.2  # with the whole machine: nobody answers for it any more
        for socket in [each for each in self.sockets if each.process is host.process and each.server_open]:
            socket.orphaned(NEVER_S if vanished else self.random.random() * 3)
        later(self.random.random(), self._replace, host)

    def _replace(self, host: Host) -> None:
        if self.current is host:
            self.start_host()

    def arrive(self, page: Page, socket: Socket) -> None:
        """A handshake reaches the ingress: it goes to the host of today, sometimes through another, or is refused."""
        host = self.current
        if page.socket is not socket:
            return
        if not host.process.alive or host.stopping:
            later(self.latency(), page.lost, socket, 1006)
            return
        self.sockets = [each for each in self.sockets if each.server_open]
        self.sockets.append(socket)
        socket.tunnelled = self.random.random() < 0.25
        socket.serve(host.process)
        host.process.enter(host.accept, page, socket)

    # the story
    async def live(self, steps: int = STEPS) -> None:
        for page in self.pages:
            page.connect()
        happenings, weights = list(HAPPENINGS), list(HAPPENINGS.values())
        while self.step < steps:
            self.step += 1
            [happening], page = self.random.choices(happenings, weights), self.random.choice(self.pages)
            self.trace.note("world", f"step {self.step}: {happening.__name__} ({page.name})")
            happening(self, page)
            pause = self.random.random()
            await asyncio.sleep(pause * 0.3 if pause < 0.95 else self.random.random() * 40)
        await self._calm()
        await self._agree()
        await self._leave()

    async def _calm(self) -> None:
        """Faults end; everybody comes."""
        self.trace.note("world", "calm")
        self.ledger.calm()
        self.far = self.duplicates = 0.0
        for host in self.hosts:
            host.process.disarm()
        for page in self.pages:
            if self.mixed or page.stopped is not None or page.access < Access.WRITE:
                page.reload()
            page.come_back()

    async def _agree(self) -> None:
        deadline = self.now() + CALM_S
        while (why := invariants.unsettled(self)) is not None:
            assert self.now() < deadline, f"after {CALM_S} s of calm: {why}"
            await asyncio.sleep(0.5)
        invariants.check_converged(self, self.current)

    async def _leave(self) -> None:
        """Everybody goes, rooms empty and close; what is read again from the ledger is what all had seen."""
        self.trace.note("world", "all leave")
        for page in self.pages:
            page.disconnect()
        deadline = self.now() + LEAVE_S
        while (why := invariants.occupied(self.current)) is not None:
            assert self.now() < deadline, f"{LEAVE_S} s after all have left: {why}"
            await asyncio.sleep(0.5)
        home = await self._in_current(self.current.owned())
        for doc in self.docs:
            await self._in_current(home.rooms.open(doc))
            invariants.check_reads(self.current, doc, content_of(self.ledger.updates(doc)))
        for host in self.hosts:
            if host.process.alive and not host.stopping:
                task = self.inside(host, host.stop())
                assert task is not None
                await task
        invariants.check_nothing_runs(self)

    async def _in_current(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = self.inside(self.current, work)
        assert task is not None
        return await task


class _Errors(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], ConnectionError):
            return  # the world's own doing: see `FarFolder`
        self._found.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


def run_world(seed: int, steps: int = STEPS, dies_at: int | None = None) -> World:
    """One seed from start to end. The server's own client ids come from the seed too: the order of concurrent text
    depends on them. What fails carries the way to repeat it."""
    ids = random.Random(f"server ids of {seed}")
    worlds: list[World] = []

    def draw(below: int) -> int:
        return ids.randrange(1 << 16, below)

    async def story() -> World:
        world = World(seed, dies_at)
        worlds.append(world)
        handler = _Errors(world.errors)
        loggers = [logging.getLogger(name) for name in ("collab", "actors", "storyforge")]
        for each in loggers:
            each.addHandler(handler)
        try:
            await world.live(steps)
        finally:
            for each in loggers:
                each.removeHandler(handler)
        return world

    async def at_once(work: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0.01)
        return work(*args)

    patched = mock.patch("collab.editing.secrets.randbelow", draw), mock.patch("asyncio.to_thread", at_once)
    with patched[0], patched[1]:
        try:
            return run(story())
        except BaseException as error:
            for world in worlds:
                error.add_note(_how_to_repeat(world, dies_at))
            raise


def shortest(seed: int, steps: int, dies_at: int | None = None) -> int:
    """The fewest happenings after which a failing seed still fails: a story's beginning is the same in all lengths."""
    for fewer in range(steps):
        try:
            run_world(seed, fewer, dies_at)
        except Exception:  # noqa: BLE001 (whichever way it fails)
            return fewer
    return steps


def _how_to_repeat(world: World, dies_at: int | None) -> str:
    killed = "" if dies_at is None else f" SIM_DIES_AT={dies_at}"
    path = world.trace.write(f"room-{world.seed}" + ("" if dies_at is None else f"-{dies_at}"))
    return (
        f"seed {world.seed} step {world.step}: repeat with `make sim SEEDS=1 SEED_START={world.seed}{killed}`;"
        f" all that happened: {path}; the end of it:\n{world.trace.tail()}"
    )
