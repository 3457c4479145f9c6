"""A world of hosts, clients and workers around one in-memory ledger, on a clock of its own and with one seed.

What can happen is in `homes_trouble` and in the weather of `homes_ledger`: queries are slow, fail, or are carried out
without an answer; hosts are killed or stopped at any await, lose the ledger or each other, drain, and go on as zombies.
What must be true at every step is in `homes_watch`. At the end everything heals: no home may starve, and the ledger is
compared with what people were told (`homes_checks`).
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable, Coroutine
from unittest import mock

from actors.commands import CommandError
from actors.runtime.ids import Prefix
from actors.views import JobView
from actors.workflow.actor import FAILED_LAST
from storage.ledger.errors import LedgerError
from tests.simulation import homes_checks
from tests.simulation.clock import later, run
from tests.simulation.homes_host import LIMITS, HomesHost
from tests.simulation.homes_ledger import Cut, HomesLedger
from tests.simulation.homes_onlookers import look_on
from tests.simulation.homes_people import Person, Told, work
from tests.simulation.homes_trouble import STOPPED_S_MAX, trouble
from tests.simulation.trace import Trace

STORM_S = 12.0
CALM_S = 120.0
STARVES_S = LIMITS.lease_ttl_ms / 1000 + 3.0
"""Once nothing fails any more, a home that somebody wants is owned by a live host within this: a lease, and what a
claim that waited and a patience that ended take."""
QUERIES_END_S = 5.0
"""What a process that is gone had asked of the ledger is answered within this."""


class World:
    """`dies_at`: the first host is killed in place of that step of its process; `stops_at`: it is stopped there."""

    def __init__(self, seed: int, dies_at: int | None = None, stops_at: int | None = None) -> None:
        self.seed, self.rng, self.trace = seed, random.Random(seed), Trace()
        self.ledger = HomesLedger(random.Random(seed + 1), self.trace)
        self.hosts: list[HomesHost] = []
        self.zombies: list[HomesHost] = []
        self.everyone: list[HomesHost] = []
        self.homes: list[str] = []
        self.told = Told()
        self.faults: list[str] = []
        self.torn: set[frozenset[str]] = set()  # pairs of peer addresses without a way between them
        self.kinds: tuple[type[Person], ...] = (Person, Person)
        self.storm_s, self.trouble_every_s = STORM_S, (0.3, 1.5)
        self._first = dies_at, stops_at
        self._begun: set[asyncio.Task[None]] = set()
        self._marks = 0
        self._id_rng = random.Random(seed + 2)

    # hosts
    async def start_host(self, at: int) -> None:
        """A new process in this place; if it dies before it is up, another."""
        while True:
            incarnation = len(self.everyone) + 1
            dies_at, stops_at = self._first if incarnation == 1 else (None, None)
            host = HomesHost(self, f"h{at}", incarnation, dies_at, stops_at)
            self.everyone.append(host)
            self.trace.note(host.process.name, "starts")
            self.hosts[at : at + 1] = [host]
            while host.process.alive:
                try:
                    # No patience runs out here: a process waits for its one start, and nobody starts it beside that.
                    await host.call(lambda runtime: runtime.start(), patience_s=CALM_S)
                    return
                except LedgerError:
                    await asyncio.sleep(0.05)

    async def replace(self, host: HomesHost) -> None:
        await self.start_host(int(host.row.id[1:]))

    def died(self, host: HomesHost) -> None:
        self.trace.note(host.process.name, f"dies at its step {host.process.steps}")

    def stopped(self, host: HomesHost) -> None:
        seconds = self.rng.uniform(0.1, STOPPED_S_MAX)
        self.trace.note(host.process.name, f"is stopped at its step {host.process.steps} for {seconds:.2f} s")
        later(seconds, host.go_on)

    def reachable(self) -> list[HomesHost]:
        """Whom people may come to: the hosts of today, and those that should be gone."""
        return [*self.hosts, *self.zombies]

    def apart(self, host: HomesHost, address: str) -> bool:
        return frozenset({host.row.peer, address}) in self.torn

    # people
    def new_id(self, prefix: Prefix) -> str:
        return f"{prefix}_{base64.b32encode(self._id_rng.randbytes(16)).decode().rstrip('=').lower()}"

    def next_mark(self) -> str:
        self._marks += 1
        return f"<{self._marks}>"

    def begin(self, something: Coroutine[None, None, None]) -> None:
        """Something that goes on beside whoever began it; its end is awaited before the world is looked at."""
        task = asyncio.get_running_loop().create_task(something)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    # the story of one seed
    async def run(self) -> None:
        for at in range(3):
            await self.start_host(at)
        loop = asyncio.get_running_loop()
        persons = [kind(self, name) for kind, name in zip(self.kinds, ("anna", "ben"), strict=True)]
        people = [loop.create_task(person.live()) for person in persons]
        people += [loop.create_task(look_on(self, person, n)) for n, person in enumerate((*persons, persons[0]), 1)]
        workers = [loop.create_task(work(self, name)) for name in ("w1", "w2")]
        happens = loop.create_task(trouble(self))
        await asyncio.sleep(self.storm_s)
        await _end(people)
        self.ledger.stormy = False
        await happens
        await self._heal()
        await self._nobody_starves()
        await self._settle(self.homes)
        await _end(workers)
        if self._begun:
            await asyncio.wait(set(self._begun))
        await homes_checks.check(self, self.homes)
        for host in self.hosts:
            await host.call(lambda runtime: runtime.stop(), patience_s=CALM_S)
        await asyncio.sleep(QUERIES_END_S)
        homes_checks.check_nothing_runs(self)

    async def _heal(self) -> None:
        self.trace.note("world", "calm")
        self.ledger.cut.clear()
        self.torn.clear()
        for zombie in self.zombies:
            zombie.process.kill()
        for at, host in enumerate(list(self.hosts)):
            host.line.cut = Cut.NONE
            host.go_on()
            host.process.disarm()
            if not host.process.alive:
                await self.start_host(at)
        self.zombies.clear()

    async def _nobody_starves(self) -> None:
        try:
            async with asyncio.timeout(STARVES_S):
                await asyncio.gather(*(self._wanted(home) for home in self.homes))
        except TimeoutError:
            raise AssertionError(f"nobody owns {self.homes} after {STARVES_S} s without a fault") from None

    async def _wanted(self, home: str) -> None:
        """Somebody asks any host, again and again, until one has it."""
        while True:
            host = self.rng.choice(self.hosts)
            try:
                if not (await host.open(home)).gone and host.runtime.lease.holds():
                    return
            except (LedgerError, CommandError):
                await asyncio.sleep(0.1)

    async def _settle(self, homes: list[str]) -> None:
        """All open somewhere, all jobs and workflows ended or waiting for a person, all writers read."""
        try:
            async with asyncio.timeout(CALM_S):
                while not all([await self._calm(home) for home in homes]):  # noqa: ASYNC110 (virtual time)
                    await asyncio.sleep(0.25)
        except TimeoutError:
            raise AssertionError(f"work never ends in {homes}") from None

    async def _calm(self, home: str) -> bool:
        for host in self.hosts:
            try:
                opened = await host.open(home)
            except (LedgerError, CommandError):
                continue
            rows = await self.ledger.views("open_job", home=home, limit=10_000)
            if any(row.id.startswith("lin_") for row in rows):
                return False  # a line of a table read waits for its answer
            seen = [JobView.from_blob(await self._body("job", row.id)) for row in rows]
            exits = await self.ledger.views("scene_exit", home=home, limit=10_000)
            if any(not row.order_key.startswith(FAILED_LAST) for row in exits):
                return False
            return opened.idle and all(job.state == "PREVIEW_READY" or job.held for job in seen)
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


def run_world(
    seed: int,
    story: Callable[[World], Awaitable[None]] | None = None,
    dies_at: int | None = None,
    stops_at: int | None = None,
) -> World:
    """One seed, start to end, in virtual time. What fails carries the way to repeat it."""
    ids = random.Random(f"client ids of {seed}")
    worlds: list[World] = []

    def draw(below: int) -> int:
        return ids.randrange(1 << 16, below)

    async def live() -> World:
        world = World(seed, dies_at, stops_at)
        worlds.append(world)
        await (story(world) if story else world.run())
        return world

    with mock.patch("collab.editing.secrets.randbelow", draw):
        try:
            return run(live())
        except Exception as error:
            for world in worlds:
                path = world.trace.write(f"home-{seed}" + (f"-{dies_at or stops_at}" if dies_at or stops_at else ""))
                error.add_note(
                    f"seed {seed}: repeat with `make sim SEEDS=1 SEED_START={seed}`; all that happened: {path};"
                    f" the end of it:\n{world.trace.tail()}"
                )
            raise
