"""A-72, A-73: checkpoints of a project."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.commands import CommandError, CreateScene, LockScene, SaveCheckpoint, SetBrain
from actors.kinds import ProjectKinds
from actors.project import checkpoints
from actors.project.actor import ProjectActor
from actors.project.checkpoints import CorruptCheckpoint, DeferredMoved, MakeCheckpoint, unpacked
from actors.runtime.facts import fact_of
from actors.runtime.home import Home
from actors.runtime.lifecycle import Turned
from actors.views import CheckpointBodyView, CheckpointView
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Kind
from tests.unit.actors.runtime.test_home import owned, put, scene_of
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit


async def summaries(it: Story, home: str) -> list[CheckpointView]:
    rows = await it.ledger.views("checkpoint", home=home, limit=500)
    return [CheckpointView.from_blob(row.body or b"") for row in rows]


async def kept_by_hand(it: Story, home: str) -> list[CheckpointView]:
    """Without those that exits of scenes make."""
    return [each for each in await summaries(it, home) if each.type == "manual_save"]


async def body_of(it: Story, summary: CheckpointView) -> CheckpointBodyView | None:
    row = await it.ledger.view("checkpoint_body", summary.id)
    return CheckpointBodyView.from_blob(row.body) if row is not None and row.body is not None else None


def project(home: Home) -> ProjectActor:
    found = home.find(home.id)
    assert isinstance(found, ProjectActor)
    return found


async def make(it: Story, home: str, notice: MakeCheckpoint | DeferredMoved) -> None:
    turns = sum(isinstance(f, Turned) and f.message == type(notice).__name__ for f in it.facts)
    await owned(it, home).tell(home, notice)
    await it.until(lambda: sum(isinstance(f, Turned) and f.message == type(notice).__name__ for f in it.facts) > turns)


async def test_a_checkpoint_holds_the_four_parts_and_where_the_documents_stand() -> None:
    """A-72: entities, propositions, the place in the story, the world; each document's snapshot by hash."""
    async with story(settle_ms=1, settle_lag_ms=2) as it:
        home = await it.create()
        first = (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", "MARA\nHello."))).ids["scene"]
        second = (await it.ask(home, CreateScene("EXT. PIER - DAY", "Ben waits."))).ids["scene"]
        await it.ask(home, LockScene(second))
        mine = owned(it, home)
        room = await mine.room(f"scene:{first}")
        before = len([f for f in it.facts if isinstance(f, Turned) and f.message == "ScriptSettled"])
        await room.edit(put("\n"), "anna")
        compacting = room.compact()
        assert compacting is not None
        await compacting
        await it.until(
            lambda: len([f for f in it.facts if isinstance(f, Turned) and f.message == "ScriptSettled"]) > before + 2
        )
        saved = await it.ask(home, SaveCheckpoint("  first   draft "))
        (summary,) = await kept_by_hand(it, home)
        body = unpacked(summary, await body_of(it, summary))
        assert (summary.type, summary.label, summary.deferred_status) == ("manual_save", "first draft", "complete")
        assert saved.ids["checkpoint"] == summary.id
        assert summary.seq < saved.sequence
        assert set(body["entity_state"]) == {
            "@project",
            "@continuity",
            "@workflow",
            "@graph",
            "@ahead",
            "@reading",
            f"@scene:{first}",
            f"@scene:{second}",
        }
        assert body["entity_state"]["@project"]["state"]["facts"]["title"] == "Heat"
        assert body["narrative_position"] == {
            "order": [first, second],
            "current": first,
            "locked": [second],
            "seq": summary.seq,
        }
        assert ["mara", "speaks", first, 1.0] in [
            [fact[0].lower(), *fact[1:]] for fact in body["truth_set"]["propositions"][first]
        ]
        told = {fact[1]: fact[2].lower() for fact in body["world_state"]["told"][first]}
        assert told["place"] == "kitchen"
        assert told["time_of_day"] == "night"
        kept = mine.snapshots.kept[f"scene:{first}"]
        assert body["documents"][f"scene:{first}"] == [kept.seq, kept.sha256]


async def test_checkpoint_and_the_rows_after_it_are_the_live_state() -> None:
    """A-72: every actor, folded from its state in the checkpoint and the rows after, equals the live one."""
    async with story(snapshot_every_events=3) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await it.ask(home, LockScene(scene))
        await it.ask(home, SaveCheckpoint("here"))
        (summary,) = await kept_by_hand(it, home)
        parts = unpacked(summary, await body_of(it, summary))
        await it.ask(home, SetBrain("pixar"))
        later = await scene_of(it, home, "Later.")
        mine, kinds = owned(it, home), ProjectKinds()
        await mine.activation(later).loaded()
        await it.until(lambda: mine.idle)
        for id in (home, "@continuity", scene, later):
            live = mine.find(id)
            assert live is not None
            again = kinds.make(home, id, mine.find)
            state = parts["entity_state"].get(again.stream)
            if state is not None:
                again.load(state["state"])
            after = state["seq"] if state is not None else summary.seq
            rows = await it.ledger.read(home, doc=again.stream, after=after, kinds=(Kind.EVENT,))
            again.fold(fact_of(row) for row in rows)
            assert again.dump() == live.dump()


async def test_actors_that_sleep_are_in_a_checkpoint_too() -> None:
    """A-72: nobody is woken for it."""
    async with story() as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await it.ask(home, LockScene(scene))
        await it.runtime.release(owned(it, home))
        await it.ask(home, SaveCheckpoint("asleep"))
        assert owned(it, home).find(scene) is None
        (summary,) = await kept_by_hand(it, home)
        parts = unpacked(summary, await body_of(it, summary))
        assert parts["entity_state"][f"@scene:{scene}"]["state"]["locked"]


async def test_checkpoints_outlive_their_host_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-73: over the number of a type its oldest goes with its body; the others stay."""
    monkeypatch.setattr(checkpoints, "KEPT_MAX", {"autosave": 2, "scene_exit": 2, "manual_save": 3})
    ledger = MemoryLedger()
    async with story(ledger) as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await it.ask(home, SaveCheckpoint("mine"))
        for brain in ("pixar", "thriller", "pixar"):
            await it.ask(home, SetBrain(brain))
            await make(it, home, MakeCheckpoint("autosave"))
        await make(it, home, MakeCheckpoint("scene_exit", scene))
    async with story(ledger, "h2") as it:
        await it.runtime.open(home)
        kept = [each.type for each in project(owned(it, home)).checkpoints]
        assert kept == ["manual_save", "autosave", "autosave", "scene_exit"]
        found = await summaries(it, home)
        assert [each.type for each in found] == kept
        assert await it.ledger.count_views("checkpoint_body", home=home) == len(kept)


async def test_an_autosave_with_nothing_new_is_none() -> None:
    """A-73: an idle project writes nothing."""
    async with story() as it:
        home = await it.create()
        await make(it, home, MakeCheckpoint("autosave"))
        head = await it.ledger.head(home)
        await make(it, home, MakeCheckpoint("autosave"))
        assert await it.ledger.head(home) == head


async def test_much_writing_makes_one_by_itself() -> None:
    """A-73: by rows or by bytes since the last one."""
    for limits in ({"checkpoint_every_rows": 30}, {"checkpoint_every_bytes": 2_000}):
        async with story(sweep_ms=5, **limits) as it:
            home = await it.create()
            room = await owned(it, home).room(f"scene:{await scene_of(it, home)}")
            for _ in range(30):
                await room.edit(put("x" * 80), "anna")
            await it.until(lambda: project(owned(it, home)).checkpoints)  # noqa: B023
            assert project(owned(it, home)).checkpoints[0].type == "autosave"


async def test_deferred_work_is_noted_at_the_exit_of_its_scene() -> None:
    """A-72: pending, processing, complete; told twice it is noted once, and complete is final."""
    async with story() as it:
        home = await it.create()
        scene = await scene_of(it, home)
        await make(it, home, MakeCheckpoint("scene_exit", scene))
        seen = []
        for status in ("pending", "processing", "processing", "complete", "processing"):
            await make(it, home, DeferredMoved(scene, status))  # type: ignore[arg-type]
            seen.append((await summaries(it, home))[0].deferred_status)
        assert seen == ["pending", "processing", "processing", "complete", "complete"]
        noted = [row for row in await it.ledger.read(home) if row.type == "checkpoint.deferred"]
        assert len(noted) == 2


async def test_a_damaged_body_is_refused_by_name() -> None:
    """A-72: a body with another hash, or none, is no checkpoint; the log is asked instead."""
    async with story() as it:
        home = await it.create()
        await it.ask(home, SaveCheckpoint("here"))
        (summary,) = await summaries(it, home)
        body = await body_of(it, summary)
        assert body is not None
        for bad in (None, replace(body, data=body.data[:-1]), replace(body, data=b"")):
            with pytest.raises(CorruptCheckpoint, match=summary.id):
                unpacked(summary, bad)


async def test_a_body_over_its_limit_leaves_states_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-73: it still says where everything stands."""
    monkeypatch.setattr(checkpoints, "BODY_BYTES_MAX", 10)
    async with story() as it:
        home = await it.create()
        await it.ask(home, SaveCheckpoint("here"))
        (summary,) = await summaries(it, home)
        parts = unpacked(summary, await body_of(it, summary))
        assert summary.lean
        assert parts["entity_state"]["@project"] == {"id": home, "seq": 2, "version": 1}


async def test_a_checkpoint_needs_a_name_and_a_scene_that_exists() -> None:
    """A-13, A-72: refused by field; nothing is written."""
    async with story() as it:
        home = await it.create()
        with pytest.raises(CommandError) as refusal:
            await it.ask(home, SaveCheckpoint("  "))
        assert (refusal.value.code, refusal.value.path) == ("REQUIRED", ("input", "label"))
        await make(it, home, MakeCheckpoint("scene_exit", "scn_nowhere"))
        assert await summaries(it, home) == []
