"""A-74, A-75, A-76: people come, go and come back."""

from __future__ import annotations

import pytest

from actors.commands import LockScene, SetBrain
from actors.runtime.home import Home
from actors.runtime.lifecycle import Activated, Lifecycle, Passivated, Released, SessionMoved, Turned
from actors.runtime.sessions import SessionState
from actors.views import CheckpointView, SessionView
from collab.session import Access, Session
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Kind
from tests.unit.actors.runtime.test_home import owned, put, scene_of
from tests.unit.actors.story import Story, story
from tests.unit.collab.stage import ANA, Wire

pytestmark = pytest.mark.unit
SOON = {
    "actor_idle_ms": 10,
    "home_idle_ms": 150,
    "scene_grace_ms": 50,
    "sweep_ms": 5,
    "settle_ms": 1,
    "settle_lag_ms": 2,
}


async def joins(it: Story, home: str, scene: str) -> Session:
    """As a StoryHost lets somebody in."""
    mine = await it.runtime.open(home)
    room = await mine.room(f"scene:{scene}")
    session = room.join(Wire(), "anna", Access.WRITE, ANA)
    mine.session.came()
    return session


def moves(facts: list[Lifecycle]) -> list[str]:
    return [fact.state for fact in facts if isinstance(fact, SessionMoved)]


def loads(facts: list[Lifecycle]) -> int:
    return sum(isinstance(fact, Activated) for fact in facts)


async def said(it: Story, home: str) -> str | None:
    row = await it.ledger.view("session", home)
    return SessionView.from_blob(row.body).state if row is not None and row.body is not None else None


async def test_connected_disconnected_suspended_and_back() -> None:
    """A-74, A-75: each state is announced and written; a checkpoint and snapshots stand before the home is left."""
    async with story(**SOON) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        session = await joins(it, home, scene)
        await it.ask(home, LockScene(scene))
        session.closed()
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        assert moves(it.facts) == ["connected", "disconnected", "suspended"]
        assert await said(it, home) == "suspended"
        kept = await it.ledger.views("checkpoint", home=home, limit=1, newest_first=True)
        assert CheckpointView.from_blob(kept[0].body or b"").seq >= await it.ledger.head(home) - 2
        it.facts.clear()
        await joins(it, home, scene)
        assert moves(it.facts) == ["connected"]
        read = {f.actor: f.events_read for f in it.facts if isinstance(f, Activated)}
        assert set(read) >= {home, "@continuity", scene}
        assert set(read.values()) == {0}


async def test_the_grace_counts_from_the_last_socket() -> None:
    """A-75: a socket that was silent for longer than the grace and then drops still has its grace."""
    async with story(**SOON) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        session = await joins(it, home, scene)
        clock = owned(it, home).limits.home_idle_ms
        quiet_since = owned(it, home).busy_at_ms
        await it.until(lambda: owned(it, home)._around.clock.now_ms() - quiet_since > clock)
        session.closed()
        await it.until(lambda: owned(it, home).session.state is SessionState.DISCONNECTED)
        left = owned(it, home)._around.clock.now_ms()
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        assert it.runtime._clock.now_ms() - left >= clock - 20


async def test_who_comes_back_within_the_grace_waits_for_nothing() -> None:
    """A-74: room and actors are as they were left: nothing was passivated, nothing is loaded."""
    async with story(**{**SOON, "home_idle_ms": 60_000}) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        session = await joins(it, home, scene)
        room = await owned(it, home).room(f"scene:{scene}")
        session.closed()
        await it.until(lambda: moves(it.facts) == ["connected", "disconnected"])
        gone_at = it.runtime._clock.now_ms()
        await it.until(lambda: it.runtime._clock.now_ms() - gone_at > 5 * SOON["actor_idle_ms"])
        it.facts.clear()
        again = await joins(it, home, scene)
        assert await owned(it, home).room(f"scene:{scene}") is room
        assert loads(it.facts) == 0
        assert not [f for f in it.facts if isinstance(f, Passivated)]
        assert moves(it.facts) == ["connected"]
        again.closed()


def worked_out(home: Home) -> bool:
    """The scene's exit has its checkpoint, and all that follows from it is there: nothing more is written by itself."""
    found = home.find(home.id).dump()["checkpoints"]  # type: ignore[union-attr]
    return bool(found) and all(each["deferred"] == "complete" for each in found)


async def test_people_whom_a_crash_cut_off_have_their_grace_with_the_next_owner() -> None:
    """A-74, A-76: the last word of a dead host is taken up; live state is snapshots and the rows after them."""
    ledger = MemoryLedger()
    async with story(ledger, **{**SOON, "home_idle_ms": 60_000}) as one:
        home = await one.create()
        scene = await scene_of(one, home)
        await joins(one, home, scene)
        mine = owned(one, home)
        await (await mine.room(f"scene:{scene}")).edit(put("typed "), "anna")
        await one.until(lambda: mine.find(scene).script_sha256)  # type: ignore[union-attr]
        await one.ask(home, LockScene(scene))
        await one.until(lambda: worked_out(mine) and mine.pipeline.quiet)
        await mine.session.suspend()  # as if the grace were over: nobody left, so it only writes what is needed
        stream = mine.find(home).stream  # type: ignore[union-attr]
        kept = await ledger.snapshot(home, stream)
        assert kept is not None
        assert mine.session.state is SessionState.CONNECTED
        await one.ask(home, SetBrain("pixar"))
        live = {id: mine.find(id).dump() for id in (home, "@continuity", scene)}  # type: ignore[union-attr]
        await one.until(lambda: mine.pipeline.quiet)
        was_at = await ledger.head(home)
        await one.runtime.kill()
        async with story(ledger, "h2", **{**SOON, "home_idle_ms": 60_000}) as two:
            again = await two.runtime.open(home, depose="h1-1")
            await again.activation(scene).loaded()
            assert {id: again.find(id).dump() for id in live} == live  # type: ignore[union-attr]
            read = {f.actor: f.events_read for f in two.facts if isinstance(f, Activated)}
            after = await ledger.read(home, doc=stream, after=kept.seq, upto=was_at, kinds=(Kind.EVENT,))
            assert "project.brain_set" in {row.type for row in after}  # and what a busy machine wrote beside it
            assert read[home] == len(after) < len(await ledger.read(home, doc=stream, kinds=(Kind.EVENT,)))
            assert read[scene] == 0
            await two.until(lambda: moves(two.facts) == ["disconnected"])
            await two.until(lambda: owned(two, home).pipeline.quiet)
            assert await said(two, home) == "disconnected"


async def test_a_project_nobody_visits_writes_no_session() -> None:
    """A-74: commands alone are no visit; what they wrote is in a checkpoint when the home is left."""
    async with story(**SOON) as it:
        home = await it.create()
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        assert moves(it.facts) == []
        assert await said(it, home) is None
        assert await it.ledger.count_views("checkpoint", home=home) == 1
        it.facts.clear()
        await it.runtime.open(home)
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        assert not [f for f in it.facts if isinstance(f, Turned) and f.message == "MakeCheckpoint" and f.rows]


async def test_text_typed_and_left_is_there_after_the_suspension() -> None:
    """A-76, A-30: what was committed before the home was left."""
    async with story(**SOON) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        session = await joins(it, home, scene)
        await (await owned(it, home).room(f"scene:{scene}")).edit(put("typed "), "anna")
        session.closed()
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        room = await (await it.runtime.open(home)).room(f"scene:{scene}")
        assert room.text("script").startswith("typed ")
