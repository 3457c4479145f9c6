"""Deleting a project: gone at once, back within the grace, erased step by step afterwards (A-115 to A-118)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from actors.commands import CommandError, CreateProject, CreateScene, DeleteProject, RestoreProject
from actors.project.actor import project_id
from actors.project.erasing import Purges
from actors.runtime.clock import MachineClock
from actors.views import DeletedView
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, AttemptState, Committed, Kind
from storage.ledger.purging import DELETED
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.story import ANNA, CATALOGUE, Story, story

pytestmark = pytest.mark.unit
NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
SOON_MS = 30_000
"""The host's estimate of the database's time runs on while the database's stands."""


class Stores:
    """What lies outside the ledger; `away`: it cannot be told now."""

    def __init__(self) -> None:
        self.erased: list[str] = []
        self.away = False

    async def caches(self, home: str) -> bool:
        return self._erase("caches")

    async def films(self, home: str) -> bool:
        return self._erase("films")

    def _erase(self, what: str) -> bool:
        if not self.away:
            self.erased.append(what)
        return not self.away


class Set:
    """A project with a running job, whose deletion is somebody's wish."""

    def __init__(self, it: Story, home: str, scene: str, time: list[int]) -> None:
        self.it, self.home, self.scene, self.time = it, home, scene, time
        self.stores = Stores()
        self.woken: list[str] = []

    def purges(self) -> Purges:
        def wake(home: str, cancelled: Sequence[str]) -> None:
            self.woken += cancelled

        return Purges(self.it.ledger, lambda: self.it.runtime.lease.row, MachineClock(), self.stores, wake)

    async def told(self) -> DeletedView | None:
        row = await self.it.ledger.view(DELETED, self.home)
        return DeletedView.from_blob(row.body) if row is not None and row.body is not None else None

    async def phase(self) -> str:
        told = await self.told()
        return told.phase if told is not None else ""

    async def ahead(self, ms: int) -> None:
        """Time passes; the host goes on beating."""
        self.time[0] += ms
        await self.it.ledger.heartbeat(self.it.runtime.lease.row, 10 * 24 * HOUR_MS)


@contextlib.asynccontextmanager
async def being(grace_ms: int = 72 * HOUR_MS) -> AsyncIterator[Set]:
    time = [NOW_MS]
    ledger = MemoryLedger(lambda: time[0])
    async with story(ledger, catalogue=replace(CATALOGUE, project_grace_ms=grace_ms)) as it:
        home = await it.create("The Last Ferry", key="made")
        scene = (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
        await Scene(it, home, scene).generate(auto_pick=True)
        found = Set(it, home, scene, time)
        await found.ahead(0)
        yield found


async def test_a115_a_deleted_project_is_nowhere_and_takes_nothing() -> None:
    """A-115: the projection goes in the append of the event; every command hears PROJECT_DELETED, the home is given
    back, and its jobs end with the first step."""
    async with being() as its:
        (attempt,) = await its.it.ledger.attempts(its.home, open_only=True)
        await its.it.ask(its.home, DeleteProject())
        assert await its.it.ledger.views("project") == []
        assert its.it.runtime.owned(its.home) is None
        again = (CreateScene("INT. HALL - DAY"), DeleteProject())
        for command in again:
            with pytest.raises(CommandError, match="PROJECT_DELETED") as refused:
                await its.it.ask(its.home, command)
            assert not refused.value.retryable
        assert await its.purges().look() == 1
        assert its.woken == [attempt.id]
        assert [each.state for each in await its.it.ledger.attempts(its.home)] == [AttemptState.CANCELLED]
        assert await its.phase() == "kept"
        assert await its.purges().look() == 0


async def test_a115_only_its_owner_deletes_and_restores() -> None:
    """A-115: somebody else is refused, and nothing is written."""
    async with being() as its:
        for command in (DeleteProject(), RestoreProject()):
            with pytest.raises(CommandError, match="FORBIDDEN"):
                await its.it.ask(its.home, command, principal="usr_bo")
        with pytest.raises(CommandError, match="NOT_DELETED"):
            await its.it.ask(its.home, RestoreProject())
        assert await its.told() is None


async def test_a116_within_the_grace_it_comes_back_as_it_was() -> None:
    """A-116: scenes, text and settings are there again; afterwards it can be deleted anew."""
    async with being() as its:
        (row,) = await its.it.ledger.views("project")
        await its.it.ask(its.home, DeleteProject())
        await its.purges().look()
        await its.ahead(71 * HOUR_MS)
        assert await its.purges().look() == 0
        await its.it.ask(its.home, RestoreProject())
        (back,) = await its.it.ledger.views("project")
        assert (back.id, back.order_key) == (row.id, row.order_key)
        assert await its.told() is None
        assert await its.purges().look() == 0
        made = await its.it.ask(its.home, CreateScene("INT. HALL - DAY"))
        assert made.ids["scene"] != its.scene
        await its.it.ask(its.home, DeleteProject())
        assert await its.phase() == "closing"


async def test_a118_after_the_grace_there_is_no_way_back_and_nothing_of_it() -> None:
    """A-118: caches before films, films an hour later, rows last; the tombstone has no word of the story, and the
    request that made the project does not make it again."""
    async with being() as its:
        await its.it.ask(its.home, DeleteProject())
        await its.purges().look()
        await its.ahead(72 * HOUR_MS + SOON_MS)
        await its.purges().look()
        told = await its.told()
        assert told is not None
        assert (told.phase, told.title, its.stores.erased) == ("films", "", ["caches"])
        with pytest.raises(CommandError, match=r"PROJECT_DELETED.*is over"):
            await its.it.ask(its.home, RestoreProject())
        await its.ahead(HOUR_MS)
        await its.purges().look()
        assert (await its.phase(), its.stores.erased) == ("gone", ["caches", "films"])
        rows = [row for row in await its.it.ledger.read(its.home) if row.kind is Kind.EVENT]
        assert [row.type for row in rows] == ["project.erasing", "project.erased"]
        assert not any(b"Ferry" in row.body or b"KITCHEN" in row.body for row in rows)
        for kind in ("scene", "job", "open_job", "take", "access"):
            assert await its.it.ledger.views(kind, home=its.home) == []
        with pytest.raises(CommandError, match="PROJECT_DELETED"):
            await its.it.ask(project_id(ANNA, "made"), CreateProject("The Last Ferry", "MOVIE"), "made")
        assert await its.it.ledger.views("project") == []
        assert await its.purges().look() == 0


async def test_a118_a_store_that_is_away_is_asked_again() -> None:
    """A-118: a minute later, and nothing after it is begun before."""
    async with being(grace_ms=0) as its:
        await its.it.ask(its.home, DeleteProject())
        its.stores.away = True
        await its.ahead(SOON_MS)
        await its.purges().look()
        assert (await its.phase(), its.stores.erased) == ("caches", [])
        its.stores.away = False
        assert await its.purges().look() == 0
        await its.ahead(60_000)
        await its.purges().look()
        assert (await its.phase(), its.stores.erased) == ("films", ["caches"])


class Dying(MemoryLedger):
    """Dies before or after the n-th write from now on: what was committed is committed, and nobody hears of it."""

    left, after = -1, False

    async def _count(self) -> None:
        if self.left == 0:
            raise Unavailable("killed")
        self.left -= 1

    async def append(self, append: Append) -> Committed:
        if not self.after:
            await self._count()
        done = await super().append(append)
        if self.after:
            await self._count()
        return done

    async def purge(self, home: str, *, epoch: int, before: int, limit: int = 3) -> int:
        await self._count()
        return await super().purge(home, epoch=epoch, before=before, limit=3)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a118_killed_between_any_two_steps_it_is_finished_later(after: bool) -> None:
    """A-118: at every write of an erasure a process dies, before its commit or after it; whoever comes next finishes,
    and a restore in between is either whole or refused."""
    kills = 0
    for at in range(200):
        time = [NOW_MS]
        ledger = Dying(lambda time=time: time[0])  # type: ignore[misc]
        async with story(ledger, catalogue=replace(CATALOGUE, project_grace_ms=0)) as it:
            home = await it.create("Heat", key="made")
            its = Set(it, home, "", time)
            await its.ahead(0)
            await it.ask(home, DeleteProject())
            ledger.left, ledger.after = at, after
            for _ in range(4):
                with contextlib.suppress(Unavailable):
                    await its.purges().look()
                await its.ahead(HOUR_MS)
            killed = ledger.left == 0
            ledger.left = -1
            kills += killed
            erasing = any(row.type == "project.erasing" for row in await ledger.read(home))
            if killed and await its.phase() in ("closing", "kept"):
                assert not erasing
            elif killed:
                with pytest.raises(CommandError, match="PROJECT_DELETED"):
                    await it.ask(home, RestoreProject())
            for _ in range(4):
                await its.purges().look()
                await its.ahead(HOUR_MS)
            assert await its.phase() == "gone"
            left = [row.type for row in await ledger.read(home) if row.kind is Kind.EVENT]
            assert left == ["project.erasing", "project.erased"]
        if not killed:
            break
    assert kills >= 6
