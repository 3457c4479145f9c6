"""All homes this process owns: claim on demand, one owner's commands, idle ones given back.

Owns the map home id → `Home` and the host's lease. The invariant: a home is in the map only between a successful claim
and its loss or release, and is opened once however many ask at the same time; one that is leaving is not claimed again
before it has left. Commands come from the peer port and the sockets of this host; workers' wake-ups come in by
`attempt_changed`, what other hosts ask for with the heartbeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from actors.commands import (
    Answer,
    CommandError,
    CreateProject,
    DeleteProject,
    Envelope,
    ImportScreenplay,
    RestoreProject,
)
from actors.outbox.protocol import WAITING, OutboxReceiver
from actors.runtime.actor import AttemptsChanged, Catalogue, Notice, Started
from actors.runtime.archiving import archived_upto
from actors.runtime.clock import Clock
from actors.runtime.errors import HomeLost
from actors.runtime.home import Home, Surroundings
from actors.runtime.ids import Prefix, new_id
from actors.runtime.inbox import INBOX
from actors.runtime.kinds import Kinds
from actors.runtime.lease import HostLease
from actors.runtime.lifecycle import Announcer, Claimed, HandedOver, Listener, Released, SelfFenced
from actors.runtime.limits import RuntimeLimits
from actors.runtime.memory import MemoryWatch, Pressure, no_pressure
from actors.runtime.rooms import RoomFactory
from actors.runtime.unattended import Unattended
from actors.views import OPEN_JOB
from collab.close_codes import CloseCode
from storage.ledger.errors import LedgerError, Owned
from storage.ledger.protocol import KEPT_MS, HostRow, Kind, Ledger, Want
from storage.ledger.purging import DELETED
from storage.ledger.queue_board import QueueBoard

logger = logging.getLogger("storyforge.runtime")

VISIT_LOOKS_MAX = 100
"""Looks, `retry_ms` apart, at whether a visited home has come to rest; past them it leaves as any idle home does."""

SCENES_WITH_WORK_MAX = 10_000
"""Open jobs looked for when a home is opened."""


class StoryRuntime:
    """`kinds` is what a project consists of (`actors.kinds.ProjectKinds`); `make_room` makes a room over a log."""

    def __init__(
        self,
        ledger: Ledger,
        host_row: HostRow,
        clock: Clock,
        limits: RuntimeLimits,
        *,
        kinds: Kinds,
        catalogue: Catalogue,
        make_room: RoomFactory,
        wake: Callable[[str, Sequence[str]], None] = lambda home, cancelled: None,
        moved: Callable[[str, int], None] = lambda home, seq: None,
        receivers: Mapping[str, OutboxReceiver] | None = None,
        listeners: Iterable[Listener] = (),
        ids: Callable[[Prefix], str] = new_id,
        pressure: Pressure = no_pressure,
        trim: Callable[[], None] = lambda: None,
    ) -> None:
        self.ledger = ledger
        self.announce = Announcer(listeners)
        self.lease = HostLease(ledger, host_row, clock, limits, self._on_expired, self._on_asked)
        self._clock, self._limits, self._kinds = clock, limits, kinds
        self._around = Surroundings(
            ledger,
            clock,
            limits,
            self.announce,
            kinds,
            catalogue,
            make_room,
            self.lease.now_ms,
            self.lease.holds,
            wake,
            ids,
            self._on_lost,
            QueueBoard(ledger.queue, lambda: clock.now_ms() / 1000),
            moved,
            receivers=receivers or {},
        )
        self.commit_s = self._around.commit_s
        made = partial(self.open, create=True)  # a recorded command may be about to make the project
        take: dict[str, Callable[[str], Awaitable[Home]]] = {
            WAITING: self.open,
            INBOX: made,
            OPEN_JOB: self.open,
        }
        self._unattended = Unattended(ledger, self.lease.now_ms, lambda home: home in self._homes, take)
        self._homes: dict[str, Home] = {}
        self._trim, self._untrimmed, self._trimmed_at_ms = trim, 0, 0
        self._memory = MemoryWatch(pressure, lambda: [home.rooms for home in self.homes], self.announce, trim)
        self._opening: dict[str, asyncio.Task[Home]] = {}
        self._leaving: dict[str, tuple[Home, asyncio.Task[None]]] = {}
        self._settling: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._chores: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.draining = False

    @property
    def homes(self) -> tuple[Home, ...]:
        return tuple(self._homes.values())

    async def start(self) -> None:
        """Write the host row and begin to keep it. Raises `LedgerError`."""
        await self.lease.start()
        self._tasks = [
            self._loop(self._limits.sweep_ms, self._sweep),
            self._loop(self._limits.rescan_ms, self._rescan),
            self._loop(self._limits.unattended_ms, self._look_for_unattended),
            self._loop(self._limits.memory_look_ms, self._memory.look),
        ]

    async def stop(self) -> None:
        """Drain: no new homes, every home closed in order and given back, the host row retired."""
        self._stopping = True
        await self._end_tasks()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        await asyncio.gather(*(self.release(home) for home in list(self._homes.values())))
        await asyncio.gather(*(task for _, task in self._leaving.values()))
        await self.lease.stop()

    async def kill(self) -> None:
        """Stop as a crash does: nothing is drained, released or retired."""
        self._stopping = True
        await self._end_tasks()
        await self.lease.kill()
        for task in (*self._opening.values(), *(task for _, task in self._leaving.values())):
            task.cancel()
        for home in list(self._homes.values()):
            home.lose("killed")

    async def drain(self) -> None:
        """From now on claim nothing, and tell the others so; what is owned stays until it is released.

        Raises `LedgerError`: the next heartbeat tells it then.
        """
        self.draining = True
        await self.lease.drain()

    # ownership
    def owned(self, home_id: str) -> Home | None:
        """The home if it is open here, and this host's lease holds at this moment."""
        self.lease.holds()
        return self._homes.get(home_id)

    async def open(self, home_id: str, *, create: bool = False, depose: str | None = None) -> Home:
        """The home, claimed if nobody live owns it; single-flight.

        `depose`: incarnation of an owner whose peer port refuses. Raises `Owned` (route to the owner), `HomeLost`
        while this host is fenced, draining or stopping, `CommandError` NOT_FOUND for a project that was never made.
        """
        while (found := self.owned(home_id)) is None:
            task = self._opening.get(home_id)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._open(home_id, create, depose))
                self._opening[home_id] = task
                task.add_done_callback(lambda done: self._opened(home_id, done))
                return await asyncio.shield(task)
            try:
                return await asyncio.shield(task)
            except Owned as owned:
                holder = owned.owner.host
                if depose is None or holder is None or holder.incarnation != depose:
                    raise  # else it was tried without our proof: try again with it
        return found

    def _opened(self, home_id: str, done: asyncio.Task[Home]) -> None:
        if self._opening.get(home_id) is done:
            del self._opening[home_id]
        if not done.cancelled():
            done.exception()

    async def _open(self, home_id: str, create: bool, depose: str | None) -> Home:
        await self.left(home_id)  # claiming it anew before would fence what it is still committing
        if self._stopping or self.draining or not self.lease.holds():
            away = self._stopping or self.draining
            raise HomeLost(home_id, "this host is leaving" if away else "this host has no lease")
        if not create and await self.ledger.view("project", home_id) is None:
            if await self.ledger.view(DELETED, home_id) is not None:
                raise CommandError("PROJECT_DELETED", "this project was deleted", ("input", "projectId"))
            raise CommandError("NOT_FOUND", "no such project", ("projectId",))
        ends = self.lease.ends
        claim = await self.ledger.claim(home_id, self.lease.row, depose=depose)
        home = Home(claim, self._around)
        try:
            for actor in sorted(self._kinds.always_live(home_id)):
                await home.activation(actor).loaded()
            if not self.lease.holds() or self.lease.ends != ends:
                home.lose("the lease ended while it was opened")
                raise HomeLost(home_id, "the lease ended while it was opened")
        except BaseException:
            if not home.gone:
                home.lose("could not be opened")
                with contextlib.suppress(LedgerError):
                    await self.ledger.release(claim, self.lease.row)
            raise
        self._homes[home_id] = home
        self.announce(Claimed(home_id, claim.epoch, claim.seq))
        await self._catch_up(home)
        return home

    async def _catch_up(self, home: Home) -> None:
        """Give whatever a crash left undone to those who own it: open jobs, and documents nobody re-read."""
        if not self._kinds.document_exists(home.id, "outline", home.find):
            await home.inbox.scan()
            home.caught_up = True  # about to be made
            return
        home.caught_up = True  # until something is found that is not
        try:
            for row in await self.ledger.views(OPEN_JOB, home=home.id, limit=SCENES_WITH_WORK_MAX):
                await home.tell(row.parent, AttemptsChanged())
            for row in await self.ledger.views("scene_open", home=home.id, limit=SCENES_WITH_WORK_MAX):
                home.activation(row.id)  # changed and never left: the sweep sees that nobody is in it
            await home.inbox.scan()
            await home.outbox.scan()
            for actor in sorted(self._kinds.always_live(home.id)):
                await home.tell(actor, Started())
            for doc, seq in await self._unread(home):
                home.settler.touch(doc, seq)
        except HomeLost:
            raise
        except (LedgerError, CommandError) as error:
            home.caught_up = False
            logger.warning("a home waits for its catch-up", extra={"home": home.id, "code": error.code})

    async def _unread(self, home: Home) -> list[tuple[str, int]]:
        found: dict[str, int] = {}
        after = self._kinds.read_upto(home.id, home.find)
        after = max(after, await archived_upto(self.ledger, home.id))  # what has left had been re-read
        while True:
            rows = await self.ledger.read(home.id, after=after, kinds=(Kind.UPDATES,), limit=1_000)
            for row in rows:
                after = row.seq
                if row.doc == "outline" or row.doc.startswith("scene:"):
                    found[row.doc] = row.seq
            if len(rows) < 1_000:
                return list(found.items())

    def may_go(self, home: Home) -> bool:
        """Whether it may move: nobody has it open, it was here for the minimum hold, or this host is on its way out."""
        held_ms = self.lease.now_ms() - home.claim.at_ms
        return self.draining or not home.rooms.sessions or held_ms >= self._limits.hold_ms

    def settles(self, home: Home) -> bool:
        """Whether it was given to this host just now: the people it was given for are on their way."""
        return self._clock.now_ms() < self._settling.get(home.id, 0)

    async def release(
        self,
        home: Home,
        *,
        to: HostRow | None = None,
        reason: str = "the host is leaving",
        code: CloseCode = CloseCode.GOING_AWAY,
    ) -> None:
        """Close a home in order and give it back, once, however many ask. `to`: who is to have it; `reason`: what its
        sockets are told where nobody is named."""
        if home.id not in self._leaving and not home.gone:
            if self._homes.get(home.id) is home:
                del self._homes[home.id]
            task = asyncio.get_running_loop().create_task(self._leave(home, to, reason, code))
            self._leaving[home.id] = home, task
            task.add_done_callback(lambda _: self._leaving.pop(home.id, None))
        await self.left(home.id)

    async def _leave(self, home: Home, to: HostRow | None, reason: str, code: CloseCode) -> None:
        if to is None:
            await home.close(code, reason)
        else:
            await home.close(CloseCode.MOVED, "another host takes it")
        try:
            await self.ledger.release(home.claim, self.lease.row, to=to)
        except LedgerError as error:
            logger.warning("a home could not be released", extra={"home": home.id, "code": error.code})
        self.announce(Released(home.id, home.epoch))
        if to is not None:
            self.announce(HandedOver(home.id, home.epoch, to))

    async def left(self, home_id: str) -> None:
        """Wait until a home that is leaving has left; at once if it is not."""
        leaving = self._leaving.get(home_id)
        if leaving is not None:
            await asyncio.shield(leaving[1])

    def _on_asked(self, wants: Sequence[Want]) -> None:
        """With a heartbeat: homes others ask for, and homes kept for us."""
        for want in wants:
            home = self._homes.get(want.home)
            if want.host.incarnation == self.lease.row.incarnation or home is None:
                self.take(want.home)  # one that the ledger says is ours is opened before it can be given back in order
            elif self.may_go(home):
                self._chore(self.release(home, to=want.host))

    def take(self, home_id: str) -> None:
        """Open a home that was given back for this host, unless somebody here was faster."""
        if home_id not in self._homes and home_id not in self._opening and not self.draining:
            self._chore(self.adopt(home_id))

    async def adopt(self, home_id: str) -> None:
        """Open a home that another host gave to this one. Raises what `open` raises."""
        now = self._clock.now_ms()
        self._settling = {home: until for home, until in self._settling.items() if until > now}
        self._settling[home_id] = now + KEPT_MS
        await self.open(home_id)

    def _chore(self, work: Coroutine[Any, Any, Any]) -> None:
        async def run() -> None:
            with contextlib.suppress(LedgerError, CommandError):
                await work

        task = asyncio.get_running_loop().create_task(run())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # work
    async def command(self, envelope: Envelope) -> Answer:
        """Decide and commit a command here. Raises `CommandError`, `Owned`, `HomeLost` and other `LedgerError`s."""
        self._kinds.check(envelope, self._around.catalogue)
        create = isinstance(envelope.command, CreateProject | ImportScreenplay | RestoreProject)
        home = await self.open(envelope.home, create=create)
        if not isinstance(envelope.command, DeleteProject | RestoreProject):
            return await home.ask(envelope)
        try:
            answer = await home.ask(envelope)
        except CommandError:
            if isinstance(envelope.command, RestoreProject) and not home.rooms.sessions:
                await self.release(home)  # it was opened for this alone, and may be on its way out
            raise
        if isinstance(envelope.command, DeleteProject):
            await self.release(home, code=CloseCode.NOT_FOUND, reason="this project was deleted")
        else:
            await self.release(home)  # whoever comes finds it whole: what was put off is caught up with by who opens it
        return answer

    async def visit(self, home_id: str, target: str, notice: Notice) -> None:
        """Open a home nobody has, give one notice, and give the home back unless people came meanwhile.

        Raises `Owned` when somebody has it, and as `open` does.
        """
        home = await self.open(home_id)
        await home.tell(target, notice)
        await home.activation(target).idle()
        for _ in range(VISIT_LOOKS_MAX):  # what nobody had read before is read meanwhile
            if home.gone or home.rooms.sessions or home.waits_to_be_left:
                return
            if home.idle:
                return await self.release(home)
            await self._clock.sleep(self._limits.retry_ms / 1000)

    async def attempt_changed(self, home_id: str, attempt_id: str) -> None:
        """A worker's wake-up; for homes not open here it is ignored (their owner re-scans)."""
        home = self._homes.get(home_id)
        if home is not None:
            with contextlib.suppress(LedgerError, CommandError):
                await home.attempt_changed(attempt_id)

    # chores
    def _loop(self, every_ms: int, chore: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        async def run() -> None:
            while True:
                await self._clock.sleep(every_ms / 1000)
                try:
                    await chore()
                except (LedgerError, CommandError) as error:
                    logger.info("a chore was put off", extra={"chore": chore.__name__, "code": error.code})

        return asyncio.get_running_loop().create_task(run())

    async def _end_tasks(self) -> None:
        tasks = [*self._tasks, *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _sweep(self) -> None:
        now = self._clock.now_ms()
        for home in list(self._homes.values()):
            self._untrimmed += await home.sweep()
            if home.idle and not home.waits_to_be_left and now - home.busy_at_ms >= self._limits.home_idle_ms:
                await home.session.suspend()
                if home.idle:  # nobody came meanwhile
                    self._untrimmed += 1
                    await self.release(home)
        if self._untrimmed and now - self._trimmed_at_ms >= self._limits.trim_ms:
            self._untrimmed, self._trimmed_at_ms = 0, now
            self._trim()

    async def _look_for_unattended(self) -> None:
        if self.lease.holds() and not self._stopping:
            await self._unattended.look()

    async def _rescan(self) -> None:
        for home in list(self._homes.values()):
            if not home.caught_up:
                await self._catch_up(home)
            home.inbox.again()
            home.ring()
            for actor in home.waits_for():
                await home.tell(actor, AttemptsChanged())

    def _on_lost(self, home: Home) -> None:
        if self._homes.get(home.id) is home:
            del self._homes[home.id]

    def _on_expired(self) -> None:
        homes = [*self._homes.values(), *(home for home, _ in self._leaving.values())]
        for home in homes:
            home.lose("this host's lease ended")
        self.announce(SelfFenced(len(homes)))
