"""A table read over a real runtime: said first, answered once, taken into the script as somebody's edit."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from actors.commands import (
    AcceptLine,
    Command,
    CommandError,
    DeclineLine,
    EnterTable,
    LockScene,
    SayLine,
    StopLine,
    UnlockScene,
)
from actors.project.actor import project_id
from actors.rebuild import Rebuilt
from actors.runtime.compose import view_row
from actors.scene.actor import SceneActor
from actors.tableread import asking, limits
from actors.tableread.table import Line
from actors.tableread.views import TABLE_LINE, TableLineView
from actors.views import SPEND, SpendView
from gpu.enhance.writer import Enhancement, Try, Usage
from gpu.steps import TALK
from storage.codec import decode, encode
from storage.ledger.errors import LedgerError, Unavailable
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Attempt, AttemptState, Committed, Kind
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.outbox.test_desk import CrashingLedger
from tests.unit.actors.scene.test_gate import Held
from tests.unit.actors.story import ANNA, CATALOGUE, Story, story
from tests.unit.actors.tableread.test_frames import HARBOUR, KITCHEN, MILL
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

PLAY = f"{KITCHEN}\n{HARBOUR}\n{MILL}"
HOME = project_id(ANNA, "make")
TALKING = replace(CATALOGUE, talks_by=("openai",))


class Table(Held):
    """The last scene of the play, with people at its table."""

    async def lines(self) -> list[Line]:
        rows = await self.it.ledger.views(TABLE_LINE, home=self.home, limit=200)
        return [Line.from_dict(TableLineView.from_blob(row.body or b"").line) for row in rows]

    async def say(self, text: str, speaks_as: str = "", key: str | None = None, **more: Any) -> str:
        return (await self.ask(SayLine(self.scene, text, speaks_as, **more), key)).ids["line"]

    async def ask(self, command: Command, key: str | None = None) -> Any:
        return await self.it.ask(self.home, command, key)

    async def answered(self, line: str) -> Line:
        async def over() -> bool:
            return not (await self.line(line)).open

        await until(over)
        return await self.line(line)

    async def line(self, id: str) -> Line:
        return next(each for each in await self.lines() if each.id == id)

    async def types(self) -> list[str]:
        rows = await self.it.ledger.read(self.home, limit=10_000)
        return [row.type for row in rows if row.kind is Kind.EVENT and row.type.startswith("table.")]

    def state(self) -> SceneActor:
        owned = self.it.runtime.owned(self.home)
        found = owned.find(self.scene) if owned is not None else None
        assert isinstance(found, SceneActor)
        return found


async def seated(it: Story, play: str = PLAY) -> Table:
    await it.bring(play, key="make")
    await it.until(lambda: actor(it, HOME).caught_up)
    return Table(it, HOME, (await it.ledger.views("scene", parent=HOME))[-1].id)


@pytest.fixture
async def table() -> AsyncIterator[Table]:
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        yield await seated(it)


@pytest.fixture
async def talking() -> AsyncIterator[Table]:
    async with story(settle_ms=5, settle_lag_ms=20, catalogue=TALKING) as it:
        yield await seated(it)


async def test_c133_a_line_is_kept_answered_and_taken_into_the_script(table: Table) -> None:
    """C-133: said before anybody answers; the answer is an edit by whoever takes it, once, whatever the key says."""
    id = await table.say("Nora, who has the lantern?", key="say")
    line = await table.answered(id)
    (proposal,) = line.proposals
    assert (proposal["name"], proposal["words"], proposal["writer"]) == ("Nora", "I have the lantern.", "grammar")
    assert (line.roles, line.writer, line.instead_of) == (("nora",), "grammar", ())
    assert proposal["because"][0]["text"]
    assert proposal["findings"] == []
    assert ["lantern", "fact", "holds", "nora", "lantern", 0.7] in [list(each) for each in line.touched]
    assert await table.say("Nora, who has the lantern?", key="say") == id
    before = await table.script()
    taken = await table.ask(AcceptLine(table.scene, proposal["id"], by="Anna"), "take")
    again = await table.ask(AcceptLine(table.scene, proposal["id"], by="Anna"), "take")
    assert (again.sequence, again.replayed) == (taken.sequence, True)
    assert await table.script() == before.rstrip("\n") + "\n\nNORA\nI have the lantern.\n"
    assert (await table.line(id)).proposals[0]["state"] == "ACCEPTED"
    with pytest.raises(CommandError, match="ALREADY_DECIDED"):
        await table.ask(AcceptLine(table.scene, proposal["id"]))
    rows = await table.it.ledger.read(HOME, limit=10_000)
    edits = [row for row in rows if row.kind is Kind.UPDATES and row.doc == f"scene:{table.scene}"]
    assert edits[-1].source == ANNA
    assert await table.types() == ["table.said", "table.answered", "table.accepted"]
    row = next(row for row in rows if row.type == "table.answered")
    assert (row.source, row.confidence) == (asking.SOURCE, proposal["confidence"])


async def test_c133_a_person_who_plays_somebody_is_answered_by_the_others_and_may_keep_their_own_words(
    table: Table,
) -> None:
    """C-133: their own line is a proposal too, and a scene that changed meanwhile takes it at its end."""
    line = await table.answered(await table.say("You are late. Where is Ben?", "Nora"))
    assert [(each["role"], each["writer"]) for each in line.proposals] == [("nora", "person"), ("carl", "grammar")]
    assert line.proposals[1]["words"] == "I last saw Ben at the Harbour."
    await table.write(MILL + "\nRain.\n")
    await table.ask(AcceptLine(table.scene, line.proposals[0]["id"]))
    await table.ask(AcceptLine(table.scene, line.proposals[1]["id"]))
    assert (await table.script()).endswith(
        "Rain.\n\nNORA\nYou are late. Where is Ben?\n\nCARL\nI last saw Ben at the Harbour.\n"
    )
    told = await table.answered(await table.say("Who is here?"))
    assert (told.roles, told.proposals[0]["kind"]) == (("",), "action")
    await table.ask(DeclineLine(table.scene, told.proposals[0]["id"]))
    with pytest.raises(CommandError, match="ALREADY_DECIDED"):
        await table.ask(AcceptLine(table.scene, told.proposals[0]["id"]))


async def test_c134_a_locked_scene_talks_and_takes_nothing(table: Table) -> None:
    """C-134: refusals have codes, and a proposal waits for the scene to be unlocked."""
    line = await table.answered(await table.say("Carl, where are you?"))
    await table.ask(LockScene(table.scene))
    with pytest.raises(CommandError, match="SCENE_LOCKED"):
        await table.ask(AcceptLine(table.scene, line.proposals[0]["id"]))
    assert (await table.answered(await table.say("Carl, what time is it?"))).proposals
    await table.ask(UnlockScene(table.scene))
    await table.ask(AcceptLine(table.scene, line.proposals[0]["id"]))
    for command in (
        AcceptLine(table.scene, "prp_x"),
        DeclineLine(table.scene, "prp_x"),
        StopLine(table.scene, "lin_x"),
    ):
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await table.ask(command)
    with pytest.raises(CommandError, match="NO_SUCH_ROLE"):
        await table.say("Hello", "Zed")


async def test_c134_a_proposal_that_contradicts_the_story_says_so_and_is_taken_only_on_purpose() -> None:
    """C-134: the finding it would make stands with it; `anyway` is a person's word."""
    dead = "INT. CRYPT - NIGHT\n\nBEN dies.\n\nNORA weeps.\n"
    play = f"{KITCHEN}\n{dead}\nINT. MILL - CONTINUOUS\n\nNORA waits.\n"
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        table = await seated(it, play)
        line = await table.answered(await table.say("I am not dead at all.", "Ben"))
        own = line.proposals[0]
        assert [each["severity"] for each in own["findings"]] == ["ERROR"]
        before = await table.script()
        with pytest.raises(CommandError, match="CONTRADICTS") as refused:
            await table.ask(AcceptLine(table.scene, own["id"]))
        assert own["findings"][0]["message"] in str(refused.value)
        assert await table.script() == before
        await table.ask(AcceptLine(table.scene, own["id"], anyway=True))
        assert (await table.script()).endswith("BEN\nI am not dead at all.\n")


async def test_c135_bounds_are_named_and_what_overflows_is_told(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-135: lines kept, open proposals, lines a minute; the oldest go first."""
    monkeypatch.setattr(asking, "LINES_KEPT", 3)
    monkeypatch.setattr(asking, "PROPOSALS_OPEN_MAX", 2)
    said = [(await table.answered(await table.say(f"Nora, who has the lantern? {n}"))).id for n in range(4)]
    lines = await table.lines()
    assert [line.id for line in lines] == said[1:]
    assert [line.proposals[0]["state"] for line in lines] == ["LAPSED", "OPEN", "OPEN"]
    monkeypatch.setattr(asking, "LINES_PER_MINUTE_MAX", 3)
    with pytest.raises(CommandError) as fast:
        await table.say("Nora?")
    assert (fast.value.code, fast.value.retryable) == ("TOO_FAST", True)
    with pytest.raises(CommandError, match="TOO_LONG"):
        await table.say("x" * (limits.LINE_CHARS_MAX + 1))
    monkeypatch.setattr(asking, "LINES_PER_MINUTE_MAX", 30)
    with pytest.raises(CommandError, match="TOO_MANY"):
        await table.say("Hi", to=("Nora",) * (limits.ADDRESSED_MAX + 1))


async def test_c132_what_roles_know_is_asked_without_committing_anything(table: Table) -> None:
    """C-132: six steps, frames, triggers."""
    await table.answered(await table.say("Nora, who has the lantern?"))
    head = await table.it.ledger.head(HOME)
    told = json.loads((await table.ask(EnterTable(table.scene))).ids["entry"])
    assert [name for name, _ in told["steps"]] == ["definition", "entities", "graph", "frames", "triggers", "narrator"]
    assert [frame["role"] for frame in told["frames"]] == ["", "nora", "carl"]
    assert told["narrator"]["setting"] == "INT. MILL - CONTINUOUS"
    assert told["whole"]
    assert await table.it.ledger.head(HOME) == head


# answered by a model
async def attempt_of(table: Table) -> Attempt:
    found: list[Attempt] = []

    async def there() -> bool:
        attempt = await table.it.ledger.claim_attempt("w1", [TALK])
        if attempt is not None:
            found.append(attempt)
        return bool(found)

    await until(there)
    return found[0]


def heard(*said: str | None, prompt: int = 10) -> dict[str, Any]:
    tried = Try("openai", "m1", usage=Usage(prompt, 5), cost_micro=prompt * 3)
    how = Enhancement("openai", "m1", tries=(tried,))
    return {"said": [each if each is None else json.dumps({"said": each}) for each in said], "how": how.to_dict()}


async def finish(table: Table, attempt: Attempt, answer: dict[str, Any] | None) -> None:
    state = AttemptState.DONE if answer is not None else AttemptState.FAILED
    error = None if answer is not None else encode({"code": "WORKER_LOST", "message": "gone", "retryable": True})
    result = encode(answer) if answer is not None else None
    await table.it.ledger.finish_attempt(attempt.id, "w1", state, result=result, error=error)
    await table.it.runtime.attempt_changed(table.home, attempt.id)


async def test_c136_a_model_phrases_what_the_role_knows_and_what_it_costs_is_counted(talking: Table) -> None:
    """C-136: asked under a schema, told the role's frame and the truth; its words stand if they keep both."""
    id = await talking.say("Nora, who has the lantern?")
    attempt = await attempt_of(talking)
    (call,) = decode(attempt.request)["calls"]
    assert call["schema"]["required"] == ["said"]
    assert "TRUTH: I have the lantern." in call["ask"]
    assert "left hand" not in call["ask"]
    await finish(talking, attempt, heard("The lantern? It has been in my hand all night."))
    line = await talking.answered(id)
    (proposal,) = line.proposals
    assert proposal["words"] == "The lantern? It has been in my hand all night."
    assert (proposal["writer"], line.writer, line.model, line.instead_of) == ("openai", "openai", "m1", ())
    assert proposal["confidence"] == 0.63
    (spent,) = [SpendView.from_blob(row.body or b"") for row in await talking.it.ledger.views(SPEND, home=HOME)]
    assert (spent.id, spent.cost_micro, list(spent.writers)) == (id, 30, ["openai"])


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("I have nothing of the kind, captain.", "lantern"),
        ("I do not have the lantern.", "yes and no"),
        ("I have the lantern. I have the pistol. So there.", "pistol"),
        ("I have the lantern, says Gandalf.", "gandalf"),
        ("I have the lantern. I have it. I have it.", "it runs on"),
        ("I have the lantern, and Ben cut his left hand at the harbour.", "harbour"),
        (None, ""),
        ("", "not what the schema asked for"),
    ],
)
async def test_c136_words_that_lose_the_truth_or_know_too_much_do_not_stand(
    talking: Table, said: str | None, lost: str
) -> None:
    """C-136: then film grammar's do, and say what was wrong."""
    id = await talking.say("Nora, who has the lantern?")
    await finish(talking, await attempt_of(talking), heard(said))
    (proposal,) = (await talking.answered(id)).proposals
    assert (proposal["words"], proposal["writer"]) == ("I have the lantern.", "grammar")
    assert lost in proposal["lost"] if lost else proposal["lost"] == []


async def test_c136_a_model_that_fails_or_takes_too_long_is_stood_in_for_by_name(
    talking: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-136: the line waits no longer than its seconds; the attempt is cancelled."""
    failed = await talking.say("Nora, who has the lantern?")
    await finish(talking, await attempt_of(talking), None)
    line = await talking.answered(failed)
    assert (line.writer, line.instead_of, line.proposals[0]["words"]) == ("grammar", ("openai",), "I have the lantern.")
    monkeypatch.setattr(asking, "LLM_SECONDS_MAX", 0)
    late = await talking.say("Nora, who has the lantern?")
    line = await talking.answered(late)
    assert (line.writer, line.instead_of) == ("grammar", ("openai",))
    (row,) = [each for each in await talking.it.ledger.attempts(HOME) if each.job == late]
    assert row.cancel_requested or row.state is AttemptState.CANCELLED


async def test_c135_a_line_under_way_is_stopped_and_then_nothing_answers_it(talking: Table) -> None:
    """C-135: an answer that comes afterwards changes nothing."""
    id = await talking.say("Nora, who has the lantern?")
    attempt = await attempt_of(talking)
    await talking.ask(StopLine(talking.scene, id))
    await finish(talking, attempt, heard("The lantern is mine."))
    line = await talking.line(id)
    assert (line.state, line.proposals, line.stopped_by) == ("STOPPED", [], ANNA)
    with pytest.raises(CommandError, match="ALREADY_DECIDED"):
        await talking.ask(StopLine(talking.scene, id))


# whatever dies
async def read(it: Story, dead: Callable[[], bool]) -> Table | None:
    """Somebody says a line, hears the answer and takes it, under keys that make each step harmless to repeat."""
    await it.bring(PLAY, key="make")
    table = Table(it, HOME, (await it.ledger.views("scene", parent=HOME))[-1].id)
    id = await table.say("Nora, who has the lantern?", key="say")

    async def over() -> bool:
        return dead() or not (await table.line(id)).open

    await until(over)
    if dead():
        return None
    await table.ask(AcceptLine(table.scene, (await table.line(id)).proposals[0]["id"]), "take")
    return table


@pytest.mark.parametrize("at", range(2, 10))
async def test_c137_whatever_commit_is_the_last_a_line_is_answered_once(at: int) -> None:
    """C-137: an owner dies before a commit, or right after it (by turns); the successor answers what was said, once,
    without anybody coming; memory, rows and log are one."""
    ledger = CrashingLedger(at, after=at % 2 == 0)
    first = Story(ledger, "h1", settle_ms=5, settle_lag_ms=20)
    await first.runtime.start()
    with contextlib.suppress(LedgerError, CommandError):
        await read(first, lambda: ledger.dead)
    await first.runtime.kill()
    async with story(ledger, "h22", settle_ms=5, settle_lag_ms=20) as second:
        await second.runtime.open(HOME, create=True, depose="h1-1")
        table = await read(second, lambda: False)
        assert table is not None
        assert await table.types() == ["table.said", "table.answered", "table.accepted"]
        assert (await table.script()).count("NORA\nI have the lantern.\n") == 1
        await same_as_rows(table)


async def test_c137_a_line_nobody_comes_back_for_is_answered_by_whoever_lives() -> None:
    """C-137: it is an open row, and a host that finds it opens the project."""
    ledger = MemoryLedger()
    first = Story(ledger, "h1", lease_ttl_ms=1_000, lease_margin_ms=100, settle_ms=5, settle_lag_ms=20)
    await first.runtime.start()
    table = await seated(first)
    append, ledger.append = ledger.append, _only_said(ledger)  # type: ignore[method-assign]
    id = await table.say("Nora, who has the lantern?")
    await first.runtime.kill()
    ledger.append = append  # type: ignore[method-assign]
    assert (await table.line(id)).open
    async with story(ledger, "h22", unattended_ms=50, settle_ms=5, settle_lag_ms=20) as second:
        line = await Table(second, HOME, table.scene).answered(id)
        assert line.proposals[0]["words"] == "I have the lantern."


def _only_said(ledger: MemoryLedger) -> Callable[[Append], Awaitable[Committed]]:
    """The host gets as far as the line, and no further."""
    append = ledger.append

    async def until_answered(asked: Append) -> Committed:
        if any(event.type == "table.answered" for event in asked.events):
            raise Unavailable("the process is about to die")
        return await append(asked)

    return until_answered


async def same_as_rows(table: Table) -> None:
    rebuilt = Rebuilt(HOME)
    for row in await table.it.ledger.read(HOME, limit=10_000):
        if row.kind is Kind.EVENT:
            rebuilt.add(row)
    made = {d.id: view_row(HOME, d, 0).body for d in rebuilt.views({}) if d.kind == TABLE_LINE}
    assert made == {row.id: row.body for row in await table.it.ledger.views(TABLE_LINE, home=HOME)}
    state = table.state()
    loaded = SceneActor(HOME, table.scene)
    loaded.load(json.loads(json.dumps(state.dump())))
    assert loaded.table.dump() == state.table.dump() == rebuilt.scenes[table.scene].table.dump()
