"""The deferred workflow over a real runtime: exits, steps, crashes, hosts, and what a later scene has of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.commands import CommandError, EditScene, LockScene, UnlockScene
from actors.runtime.facts import fact_of
from actors.runtime.lifecycle import Turned
from actors.workflow import actor as workflow_actor
from actors.workflow import steps, work
from actors.workflow.messages import WORKFLOW, Proceed
from actors.workflow.rows import RowKind, Rows, Undeclared
from actors.workflow.steps import RESULTS, SPECS, STEP_TRIES_MAX, Spec, Step
from collab.presence import User
from collab.session import Access
from storage.codec import decode
from storage.ledger.errors import Unavailable
from storage.ledger.memory import MemoryLedger
from tests.unit.actors.story import story
from tests.unit.actors.workflow.tale import BACK, PIER, Gate, Tale, again, both, tale

pytestmark = pytest.mark.unit

NOTHING: dict[Step, dict[str, Any]] = {
    Step.RESOLVE: {"facts": [], "names": {}, "heading": "", "omitted": 0},
    Step.OFFSCREEN: {"edges": [], "omitted": 0},
    Step.RIPPLE: {"edges": [], "names": {}},
    Step.WORLD: {
        "hour": None,
        "weather": None,
        "place": "",
        "place_name": "",
        "people": {},
        "things": {},
        "heading": "",
    },
    Step.NARRATIVE: {
        "people": {},
        "things": [],
        "place": "",
        "taken": [],
        "spoken_of": [],
        "gist": "",
        "heading": "",
        "position": 0.0,
        "tension": 0.0,
        "links": [],
    },
}


def skip(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """The step has no outcome: its row is there, because others read it, and says nothing."""

    def run(rows: Rows) -> float:
        rows.write(SPECS[step].declared.writes, dict(NOTHING[step]))
        return 1.0

    replace(monkeypatch, step, run)


def replace(monkeypatch: pytest.MonkeyPatch, step: Step, run: Any) -> None:
    old = SPECS[step]
    changed = {**SPECS, step: Spec(old.after, old.declared, old.event, old.words, run)}
    for module in (steps, workflow_actor, work):
        monkeypatch.setattr(module, "SPECS", changed)


# exits
async def test_a81_a_lock_and_the_start_of_its_workflow_are_one_append() -> None:
    """A-81: with the checkpoint it asks for; a scene whose words were worked out starts none."""
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        rows = [row for row in await t.log() if row.type in ("scene.locked", "workflow.started")]
        assert [row.type for row in rows] == ["scene.locked", "workflow.started"]
        assert rows[1].seq == rows[0].seq + 1
        assert rows[0].at_ms == rows[1].at_ms
        assert decode(rows[1].body)["checkpoint"] == {"type": "scene_exit", "deferred_status": "pending"}
        await t.worked_out(0)
        await it.ask(t.home, UnlockScene(t.scenes[0]))
        await t.lock(0)
        assert sum(row.type == "workflow.started" for row in await t.log()) == 1


async def test_a109_a_look_that_the_ledger_refused_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-109: the exit is committed, its workflow cannot read it; once it can, the workflow is worked out, though nobody
    comes and the home stays where it is."""
    async with story(rescan_ms=20) as it:
        t = await tale(it)
        await t.lock(1)
        await t.worked_out(1)  # it has looked before: what wakes it is this exit alone
        refused, views = asyncio.Event(), it.ledger.views

        async def refuse(kind: str, **wanted: Any) -> Any:
            if kind == "scene_exit":
                refused.set()
                raise Unavailable("the database is away")
            return await views(kind, **wanted)

        with monkeypatch.context() as patch:
            patch.setattr(it.ledger, "views", refuse)
            await t.lock(0)
            await refused.wait()
            await it.until(lambda: any(isinstance(f, Turned) and f.code == Unavailable.code for f in it.facts))
        await t.worked_out(0)


async def changed(t: Tale, at: int) -> None:
    """One edit by an agent."""
    text = (PIER, "", BACK)[at]
    view = await t.it.ledger.view("scene", t.scenes[at])
    assert view is not None
    script = decode(view.body or b"")["script"]
    word = "waits" if at == 2 else "Rain"
    start = script.index(word)
    step = (0, start, start + len(word), f"{word} {word.lower()}")
    assert text
    await t.it.ask(t.home, EditScene(t.scenes[at], "task", "[]", (step[1:],), None, script, (step,)))


async def test_a81_a_changed_scene_that_nobody_is_in_is_left_after_the_grace() -> None:
    """A-81: its pending row came with the change and goes with the exit."""
    async with story(sweep_ms=5, scene_grace_ms=30) as it:
        t = await tale(it)
        await changed(t, 2)
        assert await it.ledger.view("scene_open", t.scenes[2]) is not None
        left = await t.state(2, "COMPLETE")
        assert left.cause == "left"
        assert await it.ledger.view("scene_open", t.scenes[2]) is None
        assert await it.ledger.views("scene_exit", home=t.home) == []
        log = [row.type for row in await t.log() if row.scene == t.scenes[2]]
        assert log[log.index("scene.left") + 1] == "workflow.started"


async def test_a81_an_exit_that_was_due_at_a_crash_is_found_again() -> None:
    """A-81: by the next host, which counts the grace anew; a scene nobody changed is not left."""
    ledger = MemoryLedger()
    async with story(ledger, "h1", scene_grace_ms=600_000) as one:
        t = await tale(one)
        await changed(t, 2)
        await one.runtime.kill()
        async with story(ledger, "h2", sweep_ms=5, scene_grace_ms=30) as two:
            on = await again(two, t, depose="h1-1")
            await on.worked_out(2)
            assert [await on.workflow(at) for at in (0, 1)] == [None, None]


async def test_a81_a_scene_that_is_only_read_for_the_first_time_waits_for_nothing() -> None:
    """A-81: whoever opens an imported project reads every scene; none was changed."""
    ledger = MemoryLedger()
    async with story(ledger, "h1") as one:
        t = await tale(one)
    async with story(ledger, "h2", settle_ms=5, sweep_ms=5, scene_grace_ms=5) as two:
        on = await again(two, t)
        read = [fact.scene for fact in await _until_read(on)]
        assert sorted(str(scene) for scene in read) == sorted(t.scenes)
        assert not on.owned.waits_to_be_left
        assert await ledger.views("scene_open", home=t.home) == []


async def _until_read(t: Tale) -> list[Any]:
    async with asyncio.timeout(5):
        while len(found := [row for row in await t.log() if row.type == "scene.script_read"]) < len(t.scenes):
            await t.it.turned()
    return found


async def test_a81_a_scene_with_somebody_in_it_is_not_left() -> None:
    """A-81: any document of the scene counts; the exit comes after the last one has gone."""
    async with story(sweep_ms=5, scene_grace_ms=20) as it:
        t = await tale(it)
        room = await t.owned.room(f"notes:{t.scenes[2]}")
        session = room.join(_Silent(), "ben", Access.READ, User("ben", "Ben", ""))
        await changed(t, 2)
        sweeps = 0

        async def sweep() -> None:
            nonlocal sweeps
            sweeps += 1
            await t.owned.sweep()

        for _ in range(10):
            await sweep()
            await it.turned()
        assert await t.workflow(2) is None
        session.closed()
        await t.worked_out(2)


class _Silent:
    """A transport that takes everything."""

    buffered_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **more: None


# what a later scene has of it
async def test_c46_what_two_scenes_leave_is_given_to_a_third() -> None:
    """C-46: hands, hearsay, ties at second hand, what came before, and the weather of an unbroken scene."""
    async with story() as it:
        asked = await both(await tale(it))
        notes = asked["continuity_notes"]
        assert "ANNA still has the lantern" in notes
        assert "CARL was not there, but ANNA spoke of them" in notes
        assert any(note.startswith("ANNA and CARL have not met, but share others") for note in notes)
        assert "before this: ANNA, BEN at PIER: ANNA has the lantern" in notes
        assert asked["weather"] == "rain"


async def test_c142_a_prompt_is_told_the_story_so_far() -> None:
    """C-142: what was said before is in it, and what comes after is not."""
    async with story() as it:
        told = await tale(it)
        assert (await told.asked(0))["so_far"] == []
        third = (await told.asked(2))["so_far"]
        assert any("Where is Carl?" in line for line in third)
        assert any("Let her wait." in line for line in third)
        assert not any("You kept the light on" in line for line in third)
        assert all(note not in third for note in (await told.asked(2))["continuity_notes"])


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        (Step.RESOLVE, ("CARL still has", "CARL was not there", "have not met", "before this: ANNA, BEN")),
        (Step.OFFSCREEN, ("CARL was not there",)),
        (Step.RIPPLE, ("have not met",)),
        (Step.WORLD, ("CARL still has",)),
        (Step.NARRATIVE, ("before this",)),
    ],
)
async def test_c46_skipping_a_step_changes_a_later_scene(
    step: Step, lost: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-46: exactly what the step is for is missing from what the later scene is asked to be."""
    async with story() as it:
        with_all = await both(await tale(it))
    skip(monkeypatch, step)
    async with story() as it:
        without = await both(await tale(it))
    before, after = (" | ".join(each["continuity_notes"]) for each in (with_all, without))
    assert all(words in before for words in lost)
    assert not any(words in after for words in lost)
    assert (without["weather"] == "rain") is (step not in (Step.RESOLVE, Step.WORLD))
    if step is not Step.RESOLVE:
        kept = {"ANNA still has", "CARL still has", "CARL was not there", "have not met", "before this"} - set(lost)
        assert all(words in after for words in kept)


async def test_c46_a_scene_before_is_given_nothing_by_a_later_one() -> None:
    """C-46"""
    async with story() as it:
        t = await tale(it)
        await t.lock(1)
        await t.worked_out(1)
        assert (await t.asked(0))["continuity_notes"] == []


# once, whatever happens
@pytest.mark.parametrize("step", list(Step))
async def test_a83_a_crash_before_any_step_resumes_there_exactly_once(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A-83: another host goes on at the first step without a result."""
    ledger, gate = MemoryLedger(), Gate(step)
    monkeypatch.setattr(workflow_actor, "take_step", gate.take_step)
    async with story(ledger, "h1") as one:
        t = await tale(one)
        await t.lock(0)
        await one.until(gate.reached.is_set)
        done = [each for _, each in await t.results()]
        await one.runtime.kill()
        gate.open()
        async with story(ledger, "h2") as two:
            on = await again(two, t, depose="h1-1")
            await on.worked_out(0)
            ended = [each for _, each in await on.results()]
            assert ended[: len(done)] == done
            assert step not in done
            assert sorted(ended) == sorted(Step)


async def test_a83_a_host_that_lost_the_project_in_a_step_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-83: its late result is fenced; the new owner's stands, once."""
    ledger, gate = MemoryLedger(), Gate(Step.RIPPLE)
    async with story(ledger, "h1") as one:
        t = await tale(one)
        monkeypatch.setattr(workflow_actor, "take_step", gate.take_step)
        await t.lock(0)
        await one.until(gate.reached.is_set)
        monkeypatch.undo()
        async with story(ledger, "h2") as two:
            on = await again(two, t, depose="h1-1")
            await on.worked_out(0)
            gate.open()
            await one.until(lambda: one.runtime.owned(t.home) is None)
            assert sorted(each for _, each in await on.results()) == sorted(Step)


async def test_a83_asking_for_a_step_twice_has_one_effect_and_the_fold_takes_a_result_once() -> None:
    """A-83"""
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        for _ in range(10):
            await t.owned.tell(WORKFLOW, Proceed())
            await it.turned()
        await t.worked_out(0)
        assert sorted(step for _, step in await t.results()) == sorted(Step)
        live = t.owned.find(WORKFLOW)
        assert live is not None
        fresh = workflow_actor.WorkflowActor(t.home, WORKFLOW)
        rows = [fact_of(row) for row in await t.log() if row.doc == WORKFLOW]
        fresh.fold([fact for row in rows for fact in (row, row)])
        assert fresh.dump() == live.dump()
        loaded = workflow_actor.WorkflowActor(t.home, WORKFLOW)
        loaded.load(live.dump())
        assert loaded.dump() == live.dump()


async def test_a83_results_are_events_with_source_and_confidence() -> None:
    """A-83: the columns of the log say who concluded what, and how sure it is."""
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        await t.worked_out(0)
        rows = {row.type: row for row in await t.log() if row.type in RESULTS}
        assert {row.source for row in rows.values()} == {f"@workflow:{step}" for step in Step}
        assert all(row.confidence is not None and 0 < row.confidence <= 1 for row in rows.values())
        assert rows["knowledge.spread"].confidence == pytest.approx(0.64)


async def test_c45_the_project_s_checkpoint_of_an_exit_goes_from_pending_to_complete() -> None:
    """C-45: made with the exit, and told when everything that follows is worked out."""
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        await t.worked_out(0)
        async with asyncio.timeout(5):
            while (found := await _status(t)) != ["complete"]:
                await it.turned()
        assert found == ["complete"]
        told = [decode(row.body)["status"] for row in await t.log() if row.type == "checkpoint.deferred"]
        assert told == ["processing", "complete"]


async def _status(t: Tale) -> list[str]:
    rows = await t.it.ledger.views("checkpoint", home=t.home)
    kept = [decode(row.body or b"") for row in rows]
    return [each["deferred_status"] for each in kept if (each["type"], each["scene"]) == ("scene_exit", t.scenes[0])]


# faults
async def test_a84_a_step_that_fails_is_tried_a_few_times_then_shows_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A-84: what does not need it goes on meanwhile."""
    tried = 0

    def broken(rows: Rows) -> float:
        nonlocal tried
        tried += 1
        raise OSError("no room")

    async with story() as it:
        t = await tale(it)
        with monkeypatch.context() as patch:
            replace(patch, Step.RIPPLE, broken)
            await t.lock(0)
            view = await t.state(0, "FAILED")
        states = {each["name"]: each["state"] for each in view.steps}
        assert tried == STEP_TRIES_MAX
        assert states == {
            "resolve": "DONE",
            "offscreen": "DONE",
            "ripple": "FAILED",
            "world": "DONE",
            "narrative": "BLOCKED",
            "checkpoint": "BLOCKED",
        }
        (failed,) = [each for each in view.steps if each["state"] == "FAILED"]
        assert failed["error"] == {
            "code": "STEP_FAILED",
            "message": "OSError in step ripple",
            "retryable": True,
            "final": True,
        }
        await t.retry(0)
        await t.worked_out(0)
        assert sorted(step for _, step in await t.results()) == sorted(Step)
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await t.retry(0)
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await t.retry(1)


async def test_a84_a_failed_workflow_stays_failed_after_a_restart_and_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A-84: it waits for a person, and is in nobody's way."""
    ledger = MemoryLedger()

    def broken(rows: Rows) -> float:
        raise OSError

    async with story(ledger, "h1") as one:
        t = await tale(one)
        with monkeypatch.context() as patch:
            replace(patch, Step.RESOLVE, broken)
            await t.lock(0)
            await t.state(0, "FAILED")
    async with story(ledger, "h2") as two:
        on = await again(two, t)
        await on.lock(1)
        await on.worked_out(1)
        view = await on.workflow(0)
        assert view is not None
        assert view.state == "FAILED"
        await on.retry(0)
        await on.worked_out(0)


async def test_a82_a_step_that_touches_rows_it_does_not_declare_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-82: reading or writing; without a second try."""

    def curious(rows: Rows) -> float:
        rows.others(RowKind.NARRATIVE)
        return 1.0

    async with story() as it:
        t = await tale(it)
        replace(monkeypatch, Step.WORLD, curious)
        await t.lock(0)
        view = await t.state(0, "FAILED")
        (failed,) = [each for each in view.steps if each["state"] == "FAILED"]
        assert failed["error"]["code"] == "UNDECLARED"
        assert failed["tries"] == 1
    rows = Rows("world", SPECS[Step.WORLD].declared, "scn_a", {})
    with pytest.raises(Undeclared, match="writes story_facts"):
        rows.write(RowKind.FACTS, {})
    assert rows.own(RowKind.FACTS) == {}


async def test_a84_a_row_that_cannot_be_stored_is_a_fault_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-84"""

    def odd(rows: Rows) -> float:
        rows.write(RowKind.WORLD, {"people": {1, 2}})
        return 1.0

    async with story() as it:
        t = await tale(it)
        replace(monkeypatch, Step.WORLD, odd)
        await t.lock(0)
        view = await t.state(0, "FAILED")
        assert [each["error"]["code"] for each in view.steps if each["state"] == "FAILED"] == ["BAD_BLOB"]


async def test_a84_exits_are_looked_at_in_portions_and_failed_ones_keep_no_home_awake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A-84"""
    monkeypatch.setattr(workflow_actor, "EXITS_READ_MAX", 1)

    def broken(rows: Rows) -> float:
        raise OSError

    async with story(sweep_ms=5) as it:
        t = await tale(it)
        with monkeypatch.context() as patch:
            replace(patch, Step.RESOLVE, broken)
            for at in (0, 1):
                await t.lock(at)
            for at in (0, 1):
                await t.state(at, "FAILED")
        await it.until(lambda: t.owned.idle)
        await t.lock(2)
        await t.worked_out(2)
        await it.until(lambda: t.owned.idle)


# nobody waits
async def test_a85_scenes_open_lock_and_generate_while_a_workflow_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-85: and what it says when it comes is there from the next request on."""
    gate = Gate(Step.RESOLVE)
    monkeypatch.setattr(workflow_actor, "take_step", gate.take_step)
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        await it.until(gate.reached.is_set)
        async with asyncio.timeout(2):
            await t.owned.room(f"scene:{t.scenes[1]}")
            await it.ask(t.home, LockScene(t.scenes[1]))
            await it.ask(t.home, UnlockScene(t.scenes[0]))
            assert (await t.asked(2))["continuity_notes"] == [
                "ANNA still has the lantern"
            ]  # of words, not of a workflow
        gate.open()
        await t.worked_out(0)
        await t.worked_out(1)
        assert "CARL still has the rope" in (await t.asked(2))["continuity_notes"]


async def test_a85_a_newer_exit_of_the_scene_takes_the_place_of_one_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-85: what the story has in the end is of the newer words; the older workflow says what became of it."""
    gate = Gate(Step.RESOLVE)
    monkeypatch.setattr(workflow_actor, "take_step", gate.take_step)
    async with story() as it:
        t = await tale(it)
        await t.lock(0)
        await it.until(gate.reached.is_set)
        await it.ask(t.home, UnlockScene(t.scenes[0]))
        await changed(t, 0)
        await t.lock(0)
        gate.open()
        await t.worked_out(0)
        newest = await t.workflow(0)
        assert newest is not None
        rows = await it.ledger.views("workflow", home=t.home, parent=t.scenes[0])
        assert [decode(row.body or b"")["state"] for row in rows] == ["SUPERSEDED", "COMPLETE"]
        facts = await it.ledger.view("story_facts", t.scenes[0])
        assert facts is not None
        assert decode(facts.body or b"")["workflow"] == newest.id
        assert await it.ledger.views("scene_exit", home=t.home) == []


async def test_a85_every_turn_of_a_workflow_ends_without_a_refusal() -> None:
    """A-85"""
    async with story() as it:
        t = await tale(it)
        for at in range(3):
            await t.lock(at)
        for at in range(3):
            await t.worked_out(at)
        turns = [fact for fact in it.facts if isinstance(fact, Turned) and fact.actor == WORKFLOW]
        assert sum(turn.rows for turn in turns) == 18
        assert {turn.code for turn in turns} == {None}
