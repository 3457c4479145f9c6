"""Films ordered together: the owner's duty from the append that orders them, whoever dies, till each ended or was
called off."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable

import pytest

from actors.commands import CancelRepair, CommandError, OrderRepair
from actors.outbox.protocol import DEAD, Entry
from actors.project.actor import ProjectActor, project_id
from actors.project.repairs import REPAIRS_KEPT, Repair
from actors.rebuild import Rebuilt
from actors.runtime.inbox import INBOX
from actors.views import JobView, RepairView
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Kind
from tests.unit.actors.outbox.test_desk import CrashingLedger
from tests.unit.actors.scene.worker import SmallWorker
from tests.unit.actors.story import ANNA, Story, story
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

HOME = project_id(ANNA, "make")
PLAY = "".join(f"INT. ROOM {n} - DAY\n\nMARA waits in room {n}.\n\nMARA\nHere.\n\n" for n in range(3))
ENDED = ("FINAL_READY", "CANCELLED", "FAILED")


class Filmed:
    def __init__(self, it: Story, home: str = HOME) -> None:
        self.it, self.home, self.worker = it, home, SmallWorker(it.ledger)

    async def scenes(self) -> list[str]:
        return [row.id for row in await self.it.ledger.views("scene", parent=self.home)]

    async def jobs(self) -> list[JobView]:
        rows = await self.it.ledger.views("job", home=self.home, limit=1_000)
        return [JobView.from_blob(row.body) for row in rows if row.body is not None]

    async def repair(self, id: str = "rep_1") -> RepairView:
        row = await self.it.ledger.view("repair", id)
        assert row is not None
        return RepairView.from_blob(row.body or b"")

    async def types(self) -> Counter[str]:
        return Counter(row.type for row in await self.it.ledger.read(self.home, limit=10_000))

    async def worked(self, films: int, dead: Callable[[], bool] = lambda: False) -> bool:
        """A worker goes on until so many films ended; False: the owner died."""

        async def look() -> bool:
            attempt = await self.worker.once()
            if attempt is not None and not dead():
                await self.it.runtime.attempt_changed(self.home, attempt.id)
            return dead() or sum(job.state in ENDED for job in await self.jobs()) == films

        await until(look)
        return not dead()


async def ordered(it: Story, dead: Callable[[], bool]) -> None:
    """Somebody orders three films, under keys that make each step harmless to repeat, and goes away."""
    await it.bring(PLAY, key="make")
    there = Filmed(it)
    await it.ask(HOME, OrderRepair("rep_1", tuple(await there.scenes())), key="order")
    await there.worked(3, dead)


@pytest.mark.parametrize("at", range(2, 26))
async def test_c176_an_order_of_films_is_the_owner_s_duty_whichever_commit_is_its_last(at: int) -> None:
    """C-176: nobody asks again, with no key: whoever owns the project next films what is left, each scene once."""
    ledger = CrashingLedger(at, after=at % 2 == 0)
    first = Story(ledger, "h1", settle_ms=5, settle_lag_ms=20)
    await first.runtime.start()
    with contextlib.suppress(LedgerError, CommandError):
        await ordered(first, lambda: ledger.dead)
    await first.runtime.kill()
    ledger.spent()
    asked = (await Filmed(Story(ledger, "h3")).types())["repair.ordered"]
    async with story(ledger, "h22", settle_ms=5, settle_lag_ms=20) as second:
        await second.runtime.open(HOME, create=True, depose="h1-1")
        there = Filmed(second)
        if not asked:  # it died before it had heard of it: then it is asked again
            await ordered(second, lambda: False)
        await there.worked(3)
        types = await there.types()
        assert (types["job.created"], types["job.final_ready"], types["repair.ordered"]) == (3, 3, 1)
        assert {job.scene for job in await there.jobs()} == set(await there.scenes())
        assert {(job.repair, job.by or ANNA) for job in await there.jobs()} == {("rep_1", ANNA)}
        assert await ledger.views(INBOX, home=HOME) == []
        assert await ledger.views(DEAD, home=HOME) == []


async def test_c177_an_order_that_is_called_off_films_no_more() -> None:
    """C-177: neither what was not begun nor what is under way; and it is called off after a crash as well."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        there = Filmed(it, await it.bring(PLAY))
        await it.ask(there.home, OrderRepair("rep_1", tuple(await there.scenes()), auto_pick=False))
        await until(lambda: begun(there, 3))
        jobs = tuple((job.scene, job.id) for job in await there.jobs())
        await it.ask(there.home, CancelRepair("rep_1", jobs))
        await there.worked(3)
        assert {job.state for job in await there.jobs()} == {"CANCELLED"}
        assert (await there.repair()).cancelled
        again = await it.ask(there.home, OrderRepair("rep_2", tuple(await there.scenes())))
        await it.ask(there.home, CancelRepair("rep_2"))
        assert again.ids["repair"] == "rep_2"
        await until(lambda: none_open(there))
        assert await it.ledger.views(DEAD, home=there.home) == []
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await it.ask(there.home, CancelRepair("rep_9"))


async def begun(there: Filmed, films: int) -> bool:
    return len(await there.jobs()) == films


async def none_open(there: Filmed) -> bool:
    return not await there.it.ledger.views(INBOX, home=there.home)


async def test_c176_a_film_that_cannot_be_ordered_is_parked_with_the_reason() -> None:
    """C-176: an empty scene is told of by its command, which a person may put back; a full one is tried later."""
    empty = PLAY + "INT. CELLAR - DAY\n"
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        there = Filmed(it, await it.bring(empty))
        scenes = await there.scenes()
        await it.ask(there.home, OrderRepair("rep_1", (*scenes, "scn_nobody")))
        await there.worked(3)
        await until(lambda: none_open(there))
        (row,) = await it.ledger.views(DEAD, home=there.home)
        assert (Entry.of(row).target, Entry.of(row).problem.partition(":")[0]) == (scenes[3], "EMPTY_SCRIPT")
        assert list((await there.repair()).scenes) == scenes
        for count, code in ((0, "BAD_COUNT"), (201, "BAD_COUNT")):
            with pytest.raises(CommandError, match=code):
                await it.ask(there.home, OrderRepair("rep_2", tuple(scenes[:1]) * count))
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await it.ask(there.home, OrderRepair("rep_2", ("scn_nobody",)))


async def test_c178_orders_are_folded_kept_and_rebuilt_the_same() -> None:
    """C-178: the newest twenty, in memory, in the snapshot, in the log and in rows."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        there = Filmed(it, await it.bring(PLAY))
        scene = (await there.scenes())[0]
        for number in range(REPAIRS_KEPT + 2):
            await it.ask(there.home, OrderRepair(f"rep_{number}", (scene,), auto_pick=False))
            await it.ask(there.home, CancelRepair(f"rep_{number}"))
        live = it.runtime.owned(there.home).find(there.home)  # type: ignore[union-attr]
        assert isinstance(live, ProjectActor)
        rows = [row for row in await it.ledger.read(there.home, limit=10_000) if row.kind is Kind.EVENT]
        rebuilt = Rebuilt(there.home)
        for row in rows:
            rebuilt.add(row)
        again = ProjectActor(there.home, there.home)
        again.load(live.dump())
        assert rebuilt.project.repairs == live.repairs == again.repairs
        assert list(live.repairs) == [f"rep_{number}" for number in range(2, REPAIRS_KEPT + 2)]
        kept = await it.ledger.views("repair", home=there.home, limit=100)
        assert {row.id for row in kept} == set(live.repairs)  # of one moment, rows sort by id
        assert {draft.id for draft in rebuilt.views({}) if draft.kind == "repair"} == set(live.repairs)


def test_c176_one_key_for_a_film_of_an_order() -> None:
    """C-176: whoever sends it, so that who asked may send it too and nothing is filmed twice."""
    repair = Repair("rep_1", ANNA, 0, ("a", "b"), True)
    assert repair.key("a") != repair.key("b")
    assert repair.key("a") == Repair("rep_1", "usr_ben", 9, ("a",), True).key("a")
    assert repair.film("a").repair == "rep_1"
