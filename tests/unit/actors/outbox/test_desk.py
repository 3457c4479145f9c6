"""The outbox of a home on the in-memory ledger: crashes at every boundary, zombies, outages, order, dead letters."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from actors.commands import CommandError, CreateScene, CreateWebhook, DeleteWebhook, LockScene, UnlockScene
from actors.outbox import desk
from actors.outbox.desk import Outbox
from actors.outbox.protocol import (
    DEAD,
    DELIVERED,
    WAITING,
    Confirmed,
    Entry,
    Failed,
    Hopeless,
    OutboxLimits,
    Outcome,
)
from actors.project.actor import ProjectActor, project_id
from actors.runtime.errors import HomeLost
from storage.ledger.errors import LedgerError, Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Claim, Committed, HostRow, StoredResponse, View
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit

HOME = "prj_outbox"
SCRIPT = "INT. ATTIC - NIGHT\n\nDust.\n"


async def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for a fact, or for one that is read from the ledger."""
    async with asyncio.timeout(seconds):
        while not (await held if asyncio.iscoroutine(held := true()) else held):  # noqa: ASYNC110 - facts of rows
            await asyncio.sleep(0)


class Post:
    """A receiver that keeps ids. `says`: what the next tries are answered with; then `Confirmed`."""

    ordered: ClassVar[bool] = False

    def __init__(self) -> None:
        self.tries: list[str] = []
        self.taken: Counter[str] = Counter()
        self.types: list[str] = []
        self.says: list[Outcome | Exception] = []
        self.down = False
        self.gate: asyncio.Event | None = None
        self.tried = asyncio.Event()

    async def deliver(self, entry: Entry) -> Outcome:
        self.tries.append(entry.id)
        self.tried.set()
        if self.down:
            return Failed("DOWN", 503)
        answer = self.says.pop(0) if self.says else Confirmed(200)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Confirmed):
            self.taken[entry.id] += 1
            self.types.append(entry.type)
        if self.gate is not None:
            await self.gate.wait()
        return answer


class InOrder(Post):
    ordered: ClassVar[bool] = True


class Hours:
    """A clock that jumps to whatever is slept for."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.now += max(1, int(seconds * 1000))


class Desk:
    """One outbox over a ledger, written as a home writes it."""

    def __init__(self, ledger: MemoryLedger, claim: Claim, receivers: Mapping[str, Any], **limits: int) -> None:
        self.ledger, self.claim, self.clock = ledger, claim, Hours()
        self.outbox = Outbox(
            HOME,
            ledger,
            self.write,
            receivers,
            self.clock,
            self.clock.now_ms,
            limits=OutboxLimits(**limits),
            chance=lambda: 1.0,
        )

    async def write(self, views: Any, response: StoredResponse | None = None) -> Committed:
        head = await self.ledger.head(HOME)
        return await self.ledger.append(Append(HOME, self.claim.epoch, head, (), tuple(views), response=response))

    async def owe(self, *entries: Entry) -> None:
        rows = self.outbox.rows(entries)
        await self.write(rows)
        self.outbox.committed(rows)

    async def rows(self, kind: str) -> list[Entry]:
        return [Entry.of(row) for row in await self.ledger.views(kind, home=HOME)]

    async def until(self, true: Callable[[], Any]) -> None:
        await until(true)


def entry(number: int, kind: str = "post", target: str = "t1") -> Entry:
    return Entry(f"msg_{number}", HOME, kind, target, f"thing.{number}", number, 1_000 + number, {"n": number})


async def desk_of(receivers: Mapping[str, Any], **limits: int) -> Desk:
    ledger = MemoryLedger()
    host = await ledger.heartbeat(HostRow("h", "h-1", 1, "a:1"), 60_000_000)
    return Desk(ledger, await ledger.claim(HOME, host), receivers, **limits)


async def nothing_waits(ledger: MemoryLedger) -> bool:
    return not await ledger.views(WAITING)


async def none_waits(it: Desk) -> bool:
    return not await it.rows(WAITING)


class CrashingLedger(MemoryLedger):
    """Dies at its nth append, before it or right after its commit: whoever wrote hears no answer, and nothing works."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self._left, self._after = at, after
        self.dead = False
        self.died = asyncio.Event()

    def spent(self) -> None:
        """The first process is gone: its crash, if it had not come yet, is nobody else's."""
        self.dead, self._left = True, 0

    async def append(self, append: Append) -> Committed:
        if append.epoch != 1:  # the next process lives, also where the first had ended its work before the nth
            return await super().append(append)
        if self.dead:
            raise Unavailable("the process is dead")
        self._left -= 1
        if self._left == 0:
            if self._after:
                await super().append(append)
            self.dead = True
            self.died.set()
            raise Unavailable("the process died")
        return await super().append(append)


async def act(it: Story, home: str) -> None:
    """What somebody does, under keys that make each step harmless to repeat."""
    hook = CreateWebhook("https://partner.example/in", ("scene.locked",))
    await it.ask(home, hook, "hook")
    scene = (await it.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT), "scene")).ids["scene"]
    await it.ask(home, LockScene(scene), "lock")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 9))
async def test_a91_whatever_crashes_what_is_committed_is_delivered_under_one_id(at: int, after: bool) -> None:
    """A-91: at every append, before and after it: the lock and its message are there once each, under one id."""
    ledger, post = CrashingLedger(at, after), Post()
    first = Story(ledger, "h1", receivers={"webhook": post})
    await first.runtime.start()
    home = project_id(ANNA, "make")
    with contextlib.suppress(LedgerError, CommandError):
        await first.create(key="make")
        await act(first, home)

        async def over() -> bool:
            return ledger.dead or bool(await ledger.views(DELIVERED))

        await until(over)
    await first.runtime.kill()
    ledger.spent()
    async with story(ledger, "h22", receivers={"webhook": post}) as second:
        await second.runtime.open(home, create=True, depose="h1-1")
        with contextlib.suppress(CommandError):  # made before the crash, by an answer nobody heard
            await second.create(key="make")
        await act(second, home)

        async def done() -> bool:
            return not await ledger.views(WAITING) and bool(await ledger.views(DELIVERED))

        await until(done)
        rows = [row for row in await ledger.read(home) if row.type == "scene.locked"]
        assert len(rows) == 1
        assert len(post.taken) == 1
        assert [row.id for row in await ledger.views(DELIVERED)] == list(post.taken)
        assert await ledger.views(DEAD) == []


async def test_a91_a_failed_append_owes_nothing() -> None:
    """A-91: no event, no entry; the entry of the retry has the event's sequence."""
    post = Post()
    async with story(receivers={"webhook": post}) as it:
        home = await it.create()
        await it.ask(home, CreateWebhook("https://partner.example/in", ("scene.created",)))
        it.ledger.fail_next()
        with pytest.raises(LedgerError):
            await it.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT), "scene")
        assert (post.tries, await it.ledger.views(WAITING)) == ([], [])
        answer = await it.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT), "scene")
        await it.until(lambda: post.taken)
        row = (await it.ledger.views(DELIVERED))[0] if await it.ledger.views(DELIVERED) else None
        await it.until(lambda: post.types == ["scene.created"])
        assert row is None or Entry.of(row).seq <= answer.sequence


async def test_a92_a_zombie_s_delivery_is_repeated_under_the_same_id_and_its_mark_is_fenced() -> None:
    """A-92: the old owner is under way when the home is claimed; the new one asks again, the receiver sees one id."""
    ledger, post = MemoryLedger(), Post()
    post.gate = asyncio.Event()
    old = Story(ledger, "h1", receivers={"webhook": post})
    await old.runtime.start()
    home = await old.create()
    await old.ask(home, CreateWebhook("https://partner.example/in", ("scene.locked",)))
    scene = (await old.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT))).ids["scene"]
    await old.ask(home, LockScene(scene))
    await old.until(lambda: post.tries)
    kept = old.runtime.owned(home)
    assert kept is not None
    async with story(ledger, "h22", receivers={"webhook": post}) as new:
        await new.runtime.open(home, depose="h1-1")
        await new.until(lambda: len(post.tries) == 2)
        marks = [View(WAITING, post.tries[0], home, "whk", "", None)]
        with pytest.raises((HomeLost, LedgerError)):
            await kept._write_views(marks, None)  # as the zombie does when its answer comes
        post.gate.set()
        await until(lambda: nothing_waits(ledger))
        assert len(set(post.tries)) == 1
        assert len(await ledger.views(DELIVERED)) == 1
    await old.runtime.kill()


async def test_a92_what_a_home_owes_moves_with_it() -> None:
    """A-92: a home that is given back takes its entries along; who opens it next delivers them."""
    ledger, post = MemoryLedger(), Post()
    post.down = True
    async with story(ledger, "h1", receivers={"webhook": post}) as it:
        home = await it.create()
        await it.ask(home, CreateWebhook("https://partner.example/in", ("scene.created",)))
        await it.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT))
        await it.until(lambda: post.tries)
    post.down = False
    async with story(ledger, "h22", receivers={"webhook": post}) as it:
        await it.runtime.open(home)
        await it.until(lambda: post.taken)
    assert len(set(post.tries)) == 1


async def test_a93_a_receiver_that_is_down_for_long_is_tried_less_and_less_and_then_given_up() -> None:
    """A-93: waits grow fourfold to their bound; after the last try the entry is dead, with what was wrong."""
    post = Post()
    post.down = True
    it = await desk_of({"post": post})
    await it.owe(entry(1))
    await it.until(lambda: none_waits(it))
    assert len(post.tries) == it.outbox.limits.tries_max
    waits = [round(s) for s in it.clock.slept]
    assert waits[:7] == [1, 4, 16, 64, 256, 1024, 4096]
    assert max(waits) == it.outbox.limits.retry_ms_max / 1000
    (dead,) = await it.rows(DEAD)
    assert (dead.id, dead.tries, dead.problem, dead.status) == ("msg_1", 12, "DOWN", 503)
    post.down = False
    await it.outbox.put_back("msg_1")
    await it.until(lambda: none_waits(it))
    assert (await it.rows(DEAD), post.taken["msg_1"]) == ([], 1)
    await it.outbox.put_back("msg_1")  # confirmed once: sent again under its id, because somebody asked
    await it.until(lambda: post.taken["msg_1"] == 2)
    with pytest.raises(CommandError, match="NOT_FOUND"):
        await it.outbox.put_back("msg_2")
    it.outbox.close()


async def test_a93_a_refusal_is_not_tried_again_and_a_crash_of_the_receiver_is() -> None:
    """A-93: what trying again cannot help is dead at once; a bug in a receiver is a failure like any other."""
    post = Post()
    post.says = [Hopeless("TOO_LARGE", 0), RuntimeError("bug"), Failed("LATER", 429, after_ms=90_000), Confirmed(204)]
    it = await desk_of({"post": post})
    await it.owe(entry(1))
    await it.until(lambda: none_waits(it))
    await it.owe(entry(2))
    await it.until(lambda: none_waits(it))
    assert [e.problem for e in await it.rows(DEAD)] == ["TOO_LARGE"]
    assert [(e.id, e.tries, e.status) for e in await it.rows(DELIVERED)] == [("msg_2", 3, 204)]
    assert [round(s) for s in it.clock.slept if s > 0.5] == [1, 90]
    it.outbox.close()


async def test_a93_an_outcome_that_cannot_be_written_is_asked_for_again() -> None:
    """A-93: a ledger that refuses the mark costs a repeated delivery under the same id, nothing else."""
    post = Post()
    it = await desk_of({"post": post})
    rows = it.outbox.rows([entry(1)])
    await it.write(rows)
    it.ledger.fail_next(times=2)
    it.outbox.committed(rows)
    await it.until(lambda: none_waits(it))
    assert post.tries == ["msg_1"] * 3
    assert len(await it.rows(DELIVERED)) == 1
    it.outbox.close()


async def test_a93_order_is_kept_where_the_receiver_asks_for_it_and_a_lane_harms_no_other() -> None:
    """A-93: an ordered lane waits for its first; an unordered one goes on; targets are apart."""
    strict, loose = InOrder(), Post()
    strict.says = [Failed("X"), Confirmed()]
    loose.says = [Failed("X"), Confirmed()]
    it = await desk_of({"strict": strict, "loose": loose})
    both = [entry(n, kind, kind) for kind in ("strict", "loose") for n in (1, 2, 3)]
    await it.owe(*[Entry(f"{e.kind}{e.seq}", HOME, e.kind, e.target, e.type, e.seq, e.at_ms) for e in both])
    await it.until(lambda: none_waits(it))
    assert strict.types == ["thing.1", "thing.2", "thing.3"]
    assert sorted(loose.types) == ["thing.1", "thing.2", "thing.3"]
    assert loose.types[-1] == "thing.1"
    it.outbox.close()


async def test_a93_entries_of_an_unknown_kind_wait_and_are_reported() -> None:
    """A-93: until somebody can deliver them; the others go."""
    post = Post()
    it = await desk_of({"post": post})
    await it.owe(entry(1, "vector", "v"), entry(2))
    await it.until(lambda: post.taken)
    await it.until(lambda: not it.outbox.report()["flying"])
    assert it.outbox.report() == {"waiting": 1, "flying": 0, "unknown": {"vector": 1}}
    assert not it.outbox.busy
    it.outbox.close()
    later = Desk(it.ledger, it.claim, {"vector": post})
    await later.outbox.scan()
    await later.until(lambda: none_waits(later))
    assert post.taken["msg_1"] == 1
    later.outbox.close()


async def test_a93_every_bound_of_a_target_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-93: over the bound of what waits the newest is dead at once; of dead and confirmed ones the oldest goes."""
    monkeypatch.setattr(desk, "SCAN_ROWS", 2)
    post = Post()
    post.down = True
    it = await desk_of({"post": post}, waiting_max=3, dead_max=2, delivered_max=2, tries_max=1, loaded_max=2)
    rows = it.outbox.rows([entry(n) for n in range(1, 6)])
    assert [(row.kind, row.id) for row in rows] == [
        *((WAITING, f"msg_{n}") for n in (1, 2, 3)),
        *((DEAD, f"msg_{n}") for n in (4, 5)),
    ]
    await it.write(rows[:3])
    await it.outbox.scan()  # three wait, two fit into memory: the third is read when they are done
    await it.until(lambda: none_waits(it))
    assert [e.id for e in await it.rows(DEAD)] == ["msg_2", "msg_3"]
    post.down = False
    for n in (6, 7, 8):
        await it.owe(entry(n))
        await it.until(lambda: none_waits(it))
    assert [e.id for e in await it.rows(DELIVERED)] == ["msg_7", "msg_8"]
    it.outbox.close()


async def test_a93_a_webhook_that_is_gone_or_deleted_gets_nothing_more() -> None:
    """A-93: a 410 disables it by an event; what waits for a deleted one is forgotten."""
    post = Post()
    post.says = [Hopeless("GONE", 410, gone=True)]
    async with story(receivers={"webhook": post}) as it:
        home = await it.create()
        hook = (await it.ask(home, CreateWebhook("https://a.example/", ("scene.locked", "scene.unlocked")))).ids[
            "webhook"
        ]
        scene = (await it.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT))).ids["scene"]
        await it.ask(home, LockScene(scene))
        here = it.runtime.owned(home)
        assert here is not None
        project = here.find(home)
        assert isinstance(project, ProjectActor)
        await until(lambda: project.webhooks[hook].disabled)
        assert [row.type for row in await it.ledger.read(home)].count("webhook.disabled") == 1
        await it.ask(home, UnlockScene(scene))
        assert len(post.tries) == 1
        other = (await it.ask(home, CreateWebhook("https://b.example/", ("scene.locked",)))).ids["webhook"]
        post.down = True
        await it.ask(home, LockScene(scene))
        await it.until(lambda: len(post.tries) == 2)
        await it.ask(home, DeleteWebhook(other))
        await until(lambda: nothing_waits(it.ledger))
        assert [row.parent for row in await it.ledger.views(DEAD)] == [hook]
        assert len(post.tries) == 2


async def test_a94_a_home_that_owes_something_is_opened_by_whoever_lives() -> None:
    """A-94: nobody comes to the project of a host that died; another host delivers what it owed."""
    ledger, post = MemoryLedger(), Post()
    post.down = True
    first = Story(ledger, "h1", receivers={"webhook": post}, lease_ttl_ms=1_500, lease_margin_ms=100)
    await first.runtime.start()
    home = await first.create()
    await first.ask(home, CreateWebhook("https://partner.example/in", ("scene.created",)))
    await first.ask(home, CreateScene("INT. ATTIC - NIGHT", SCRIPT))
    await first.until(lambda: post.tries)
    await first.runtime.kill()
    post.down = False
    async with story(ledger, "h22", receivers={"webhook": post}, unattended_ms=50) as second:
        assert second.runtime.owned(home) is None
        await second.until(lambda: second.runtime.owned(home) and post.taken, 10)
    assert len(set(post.tries)) == 1
