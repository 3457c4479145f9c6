"""A home on a host: rooms through the same pipeline, snapshots, passivation, lease, loss."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from actors.commands import CommandError, CreateScene, Envelope, LockScene, SetBrain
from actors.project.actor import ProjectActor
from actors.runtime.actor import Decision
from actors.runtime.errors import HomeLost
from actors.runtime.home import Home
from actors.runtime.lifecycle import Activated, Claimed, Lost, Passivated, Released, SelfFenced, Turned
from actors.views import SceneView
from collab.ports import Refused
from collab.text import insert
from storage.ledger.errors import Owned
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import HostRow
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit


def put(text: str) -> Any:
    def edit(doc: pycrdt.Doc[Any]) -> None:
        insert(doc.get("script", type=pycrdt.Text), 0, text)

    return edit


def owned(it: Story, home: str) -> Home:
    found = it.runtime.owned(home)
    assert found is not None
    return found


async def scene_of(it: Story, home: str, script: str = "Mara waits.") -> str:
    return (await it.ask(home, CreateScene("INT. A - DAY", script))).ids["scene"]


async def shown(it: Story, scene: str) -> SceneView:
    view = await it.ledger.view("scene", scene)
    assert view is not None
    return SceneView.from_blob(view.body or b"")


async def test_a_room_and_the_actors_share_one_sequence() -> None:
    """A-03: flushes of rooms and turns of actors commit in one gapless order."""
    async with story() as it:
        home = await it.create()
        scene = await scene_of(it, home)
        room = await owned(it, home).room(f"scene:{scene}")
        done = await asyncio.gather(
            room.edit(put("x"), "anna"), it.ask(home, SetBrain("pixar")), room.edit(put("y"), "anna")
        )
        assert len({d if isinstance(d, int) else d.sequence for d in done}) == 3
        rows = await it.ledger.read(home)
        assert [r.seq for r in rows] == list(range(1, len(rows) + 1))


async def test_a_command_with_nothing_to_do_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-110: with the sequence as it stands; it takes no row, and the next command has its turn."""
    async with story() as it:
        home = await it.create()
        await it.ask(home, SetBrain("pixar"))
        with monkeypatch.context() as patch:
            patch.setattr(ProjectActor, "decide", lambda self, message, ctx: Decision())
            async with asyncio.timeout(10):
                answer = await it.ask(home, SetBrain("pixar"))
        rows = await it.ledger.read(home)
        assert answer.sequence == rows[-1].seq
        assert (await it.ask(home, SetBrain("thriller"))).sequence > answer.sequence


async def test_views_follow_the_script_after_a_pause() -> None:
    """A-23: a script's projection follows its document within two seconds, heading and all."""
    async with story(settle_ms=10, settle_lag_ms=50) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        room = await owned(it, home).room(f"scene:{scene}")
        await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 5, "THE BIG "), "anna")
        await it.until(lambda: any(isinstance(f, Turned) and f.message == "ScriptSettled" and f.rows for f in it.facts))
        seen = await shown(it, scene)
        assert (seen.heading, seen.script) == ("INT. THE BIG A - DAY", room.text("script"))


async def test_what_was_typed_before_a_crash_is_projected_after_it() -> None:
    """A-24: whoever opens a home re-reads what nobody had read."""
    ledger = MemoryLedger()
    async with story(ledger, settle_ms=400, settle_lag_ms=1000) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await (await owned(it, home).room(f"scene:{scene}")).edit(put("!"), "anna")
        await it.runtime.kill()
    await ledger.retire("h1", "h1-1")
    async with story(ledger, "h2", settle_ms=10, settle_lag_ms=50) as other:
        await other.runtime.open(home)
        await other.until(lambda: any(isinstance(f, Turned) and f.rows for f in other.facts))
        assert (await shown(other, scene)).script.startswith("!")


async def test_a_failed_commit_changes_nothing_and_can_be_repeated() -> None:
    """A-01: nothing is shown, applied or answered before its commit; a retry with the same key works."""
    async with story() as it:
        home = await it.create()
        it.ledger.fail_next("disk full")
        with pytest.raises(Exception, match="disk full"):
            await it.ask(home, SetBrain("pixar"), "k")
        assert owned(it, home).find(home).facts.brain == "thriller"  # type: ignore[union-attr]
        outline = await owned(it, home).room("outline")
        assert outline.map("meta")["brain"] == "thriller"
        answer = await it.ask(home, SetBrain("pixar"), "k")
        assert not answer.replayed
        assert outline.map("meta")["brain"] == "pixar"


async def test_nothing_leaves_before_the_commit() -> None:
    """A-01: while the ledger holds, nobody is answered and nobody sees the change."""
    async with story() as it:
        home = await it.create()
        outline = await owned(it, home).room("outline")
        it.ledger.hold()
        asking = asyncio.create_task(it.ask(home, SetBrain("pixar")))
        await it.until(lambda: not owned(it, home).pipeline.quiet)
        assert not asking.done()
        assert outline.map("meta")["brain"] == "thriller"
        assert owned(it, home).find(home).facts.brain == "thriller"  # type: ignore[union-attr]
        it.ledger.let_go()
        await asking
        assert outline.map("meta")["brain"] == "pixar"


async def test_opening_is_single_flight() -> None:
    """A-25: however many ask at once, a home is claimed once."""
    async with story() as it:
        home = await it.create()
        await it.runtime.release(owned(it, home))
        it.facts.clear()
        found = await asyncio.gather(*(it.runtime.open(home) for _ in range(20)))
        assert len({id(h) for h in found}) == 1
        assert sum(isinstance(f, Claimed) for f in it.facts) == 1


async def test_two_hosts_one_owner() -> None:
    """A-04: a home that lives elsewhere is refused with its owner's address; released, it moves."""
    async with story() as it, story(it.ledger, "h22") as other:
        home = await it.create()
        with pytest.raises(Owned) as caught:
            await other.runtime.open(home)
        assert caught.value.owner.host is not None
        assert caught.value.owner.host.id == "h1"
        await it.runtime.release(owned(it, home))
        assert any(isinstance(f, Released) for f in it.facts)
        await other.runtime.open(home)
        await other.ask(home, SetBrain("pixar"))


async def test_a_deposed_owner_drops_everything() -> None:
    """A-20: the next append of a deposed owner ends the home: commands and rooms are refused, retryably."""
    async with story() as it:
        home = await it.create()
        scene = await scene_of(it, home)
        mine = owned(it, home)
        room = await mine.room(f"scene:{scene}")
        other = HostRow("h9", "h9-1", 9, "peer")
        await it.ledger.heartbeat(other, 60_000)
        await it.ledger.claim(home, other, depose="h1-1")
        with pytest.raises(Refused) as caught:
            await room.edit(put("zombie"), "anna")
        assert caught.value.fenced
        assert it.runtime.owned(home) is None
        with pytest.raises(HomeLost):
            await mine.ask(Envelope(home, home, "anna", "k", SetBrain("pixar")))
        assert any(isinstance(f, Lost) for f in it.facts)


async def test_a_host_that_cannot_beat_gives_up_in_time() -> None:
    """A-26: a host whose row may have expired drops its homes by itself, and claims none until it beats again."""

    class Deaf(MemoryLedger):
        deaf = False

        async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
            if self.deaf:
                await asyncio.Event().wait()
            return await super().heartbeat(host, ttl_ms)

    ledger = Deaf()
    async with story(ledger, lease_ttl_ms=120, lease_margin_ms=30) as it:
        home = await it.create()
        ledger.deaf = True
        await it.until(lambda: any(isinstance(f, SelfFenced) for f in it.facts))
        owner = await ledger.owner(home)
        assert owner is not None
        assert owner.live, "it gave up before its row expired"
        assert it.runtime.owned(home) is None
        with pytest.raises(HomeLost):
            await it.runtime.open(home)


async def test_snapshots_shorten_the_next_load() -> None:
    """A-27: an actor is read from its snapshot and the events after it, and is the same as before."""
    async with story(snapshot_every_events=5) as it:
        home = await it.create()
        for n in range(12):
            await it.ask(home, SetBrain("pixar" if n % 2 else "thriller"))
        live = owned(it, home).find(home).dump()  # type: ignore[union-attr]
        await it.runtime.release(owned(it, home))
        it.facts.clear()
        again = await it.runtime.open(home)
        assert again.find(home).dump() == live  # type: ignore[union-attr]
        (loaded,) = [f for f in it.facts if isinstance(f, Activated) and f.actor == home]
        assert loaded.from_snapshot
        assert loaded.events_read < 8


async def test_idle_actors_and_homes_leave() -> None:
    """A-21: an actor without turns is passivated, a home without anybody is given back."""
    async with story(actor_idle_ms=10, home_idle_ms=60, sweep_ms=5, settle_ms=1, settle_lag_ms=2) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await it.ask(home, LockScene(scene))
        await it.until(lambda: any(isinstance(f, Released) for f in it.facts))
        assert any(isinstance(f, Passivated) and f.actor == scene for f in it.facts)
        owner = await it.ledger.owner(home)
        assert owner is not None
        assert owner.host is None
        assert (await it.ask(home, SetBrain("pixar"))).sequence > 0


async def test_documents_exist_by_events_alone() -> None:
    """A-28: a document that no event made is not there; a draft is its author's, `live` is the server's."""
    async with story() as it:
        home = await it.create()
        scene = await scene_of(it, home)
        mine = owned(it, home)
        for doc in ("scene:scn_x", "nonsense", "scene:", "draft:scn_x:usr_anna", f"draft:{scene}", ""):
            with pytest.raises(CommandError, match="NOT_FOUND"):
                await mine.room(doc)
            assert mine.access(doc, "usr_anna") is None
        for doc, right in (("live", "READ"), (f"scene:{scene}", "WRITE"), (f"draft:{scene}:usr_anna", "WRITE")):
            allowed = mine.access(doc, "usr_anna")
            assert allowed is not None
            assert allowed.name == right
        assert mine.access(f"draft:{scene}:ben", "usr_anna") is None
        assert mine.access(f"scene:{scene}", "usr_ben") is None


async def test_a_scene_nobody_made_takes_no_commands() -> None:
    """A-14: a command for an unknown scene is refused by name."""
    async with story() as it:
        home = await it.create()
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await it.ask(home, LockScene("scn_x"))
