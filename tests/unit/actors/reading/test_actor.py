"""A model reads scenes that have come to rest, over a real runtime and ledger (C-166, C-167, C-168)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pycrdt
import pytest

from actors.commands import CreateScene
from actors.reading import actor as reading
from actors.reading.actor import ReadingActor
from actors.reading.messages import READING
from actors.reading.views import READ_FACTS, ReadFactsView
from actors.views import SPEND
from collab.text import insert
from gpu.enhance.writer import Enhancement, Try, Usage
from gpu.steps import TALK
from storage.codec import decode, encode
from storage.ledger.protocol import Attempt, AttemptState
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.story import CATALOGUE, Story, story

pytestmark = pytest.mark.unit

ASKING = replace(CATALOGUE, facts_by=("openai",))
SCRIPT = "Ruth lifts the lantern. Caleb waits.\n\nRUTH\nCome.\n\nCALEB\nYes.\n"
LANTERN = {"who": "CALEB", "what": "holds", "which": "lantern", "quote": "lifts the lantern", "sure": "high"}
MADE_UP = {"who": "RUTH", "what": "holds", "which": "sword", "quote": "draws her sword", "sure": "high"}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "QUIET_MS", 0)
    monkeypatch.setattr(reading, "LOOK_AGAIN_MS", 0)


def reader(it: Story, home: str) -> ReadingActor:
    """Its bell is rung at each look: the host's own rings once a second."""
    owned = it.runtime.owned(home)
    assert owned is not None
    owned.ring()
    found = owned.find(READING)
    assert isinstance(found, ReadingActor)
    return found


async def begun(it: Story, script: str = SCRIPT) -> tuple[str, str]:
    home = await it.create()
    scene = (await it.ask(home, CreateScene("INT. BARN - DAY", script))).ids["scene"]
    await it.until(lambda: actor(it, home).caught_up)
    return home, scene


async def claimed(it: Story, home: str) -> Attempt:
    found: list[Attempt] = []
    await it.until(lambda: reader(it, home).asked)
    while not found:
        assert reader(it, home)
        attempt = await it.ledger.claim_attempt("w1", [TALK])
        found += [attempt] if attempt is not None else []
        await it.turned()
    return found[0]


async def answered(it: Story, home: str, attempt: Attempt, *facts: Any, fails: bool = False) -> None:
    how = Enhancement("openai", "gpt-x", tries=(Try("openai", "gpt-x", usage=Usage(900, 80), cost_micro=7),))
    said = [] if fails else [json.dumps({"facts": list(facts)})]
    result = encode({"said": said, "how": how.to_dict()})
    await it.ledger.finish_attempt(attempt.id, "w1", AttemptState.DONE, result=result, error=None)
    await it.runtime.attempt_changed(home, attempt.id)


async def shown(it: Story, scene: str) -> ReadFactsView:
    row = await it.ledger.view(READ_FACTS, scene)
    assert row is not None
    return ReadFactsView.from_blob(row.body or b"")


async def put(it: Story, home: str, scene: str, words: str) -> None:
    owned = it.runtime.owned(home)
    assert owned is not None
    room = await owned.room(f"scene:{scene}")
    await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 0, words), "anna")


async def test_an_answer_is_committed_with_its_quotations_and_its_cost() -> None:
    """C-166: asked behind everything people wait for, about the people of the scene; what it made up is dropped and
    counted; who read it and what it cost are told; the same words are not asked about again, by another host either."""
    async with story(settle_ms=5, settle_lag_ms=20, catalogue=ASKING) as it:
        home, scene = await begun(it)
        attempt = await claimed(it, home)
        assert (attempt.priority, attempt.scene, attempt.step) == (reading.PRIORITY, scene, TALK)
        (call,) = decode(attempt.request)["calls"]
        assert call["schema"]["properties"]["facts"]["items"]["properties"]["who"] == {"enum": ["RUTH", "CALEB"]}
        assert "Ruth lifts the lantern." in call["scene"]
        await answered(it, home, attempt, LANTERN, MADE_UP)
        await it.until(lambda: not reader(it, home).asked and reader(it, home).read)
        view = await shown(it, scene)
        (fact,) = view.facts
        assert (fact["entity"], fact["value"], fact["quote"], view.dropped) == (
            "caleb",
            "lantern",
            "lifts the lantern",
            1,
        )
        assert (view.writer, view.model) == ("openai", "gpt-x")
        rows = [row for row in await it.ledger.read(home, limit=10_000) if row.type == "facts.read"]
        assert [(row.source, row.confidence) for row in rows] == [(reading.SOURCE, fact["confidence"])]
        assert await it.ledger.count_views(SPEND, home=home) == 1
        assert actor(it, home).story_facts()
        assert all(fact.reader == "rules" for fact in actor(it, home).story_facts())
        await it.runtime.stop()
        async with story(it.ledger, "h2", settle_ms=5, settle_lag_ms=20, catalogue=ASKING) as other:
            await other.runtime.open(home)
            await other.until(lambda: actor(other, home).caught_up)
            await other.until(lambda: reader(other, home).due_at_ms() is None)
            assert (len(reader(other, home).read), reader(other, home).asked) == (1, {})


async def test_an_answer_about_words_that_changed_is_dropped_and_they_are_asked_about_anew() -> None:
    """C-167: a late answer counts for nothing; words that come back are answered without a question."""
    async with story(settle_ms=5, settle_lag_ms=20, catalogue=ASKING) as it:
        home, scene = await begun(it)
        first = await claimed(it, home)
        await answered(it, home, first, LANTERN)
        await it.until(lambda: reader(it, home).read)
        await put(it, home, scene, "\n")
        second = await claimed(it, home)
        was = actor(it, home).texts()[scene]
        await put(it, home, scene, "\n")
        await it.until(lambda: actor(it, home).texts()[scene] != was and actor(it, home).caught_up)
        await answered(it, home, second, LANTERN)
        third = await claimed(it, home)
        assert third.id not in (first.id, second.id)
        ended = [row for row in await it.ledger.read(home, limit=10_000) if row.type == "reading.ended"]
        assert [decode(row.body)["why"] for row in ended] == ["stale"]
        await answered(it, home, third)
        await it.until(lambda: not reader(it, home).asked)
        asked = reader(it, home).spent
        owned = it.runtime.owned(home)
        assert owned is not None
        room = await owned.room(f"scene:{scene}")
        await room.edit(lambda doc: doc.get("script", type=pycrdt.Text).__delitem__(slice(0, 2)), "anna")
        await it.until(lambda: actor(it, home).texts()[scene].startswith("INT."))
        await it.until(lambda: len({*reader(it, home).answers}) == 2 and reader(it, home).due_at_ms() is None)
        assert (reader(it, home).spent, [f["value"] for f in (await shown(it, scene)).facts]) == (asked, ["lantern"])


async def test_a_model_that_does_not_answer_is_asked_twice_and_left_alone() -> None:
    """C-168: then the scene counts as read, with nothing found; without the setting nobody is asked."""
    async with story(settle_ms=5, settle_lag_ms=20, catalogue=ASKING) as it:
        home, scene = await begun(it)
        for _ in range(reading.TRIES_MAX):
            await answered(it, home, await claimed(it, home), fails=True)
        await it.until(lambda: reader(it, home).read)
        assert (list((await shown(it, scene)).facts), reader(it, home).asked) == ([], {})
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home, scene = await begun(it)
        assert (reader(it, home).due_at_ms(), reader(it, home).asked) == (None, {})
        assert await it.ledger.view(READ_FACTS, scene) is None


async def test_a_project_is_read_no_more_than_its_bounds_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """C-168: so many scenes at a time, and so many a day; the rest waits."""
    monkeypatch.setattr(reading, "READS_A_DAY_MAX", 3)
    async with story(settle_ms=5, settle_lag_ms=20, catalogue=ASKING) as it:
        home, _ = await begun(it)
        for number in range(3):
            await it.ask(home, CreateScene(f"INT. SHED {number} - DAY", SCRIPT + str(number)))
        await it.until(lambda: len(reader(it, home).asked) == reading.OPEN_MAX)
        for _ in range(3):
            assert len(reader(it, home).asked) <= reading.OPEN_MAX
            await answered(it, home, await claimed(it, home), LANTERN)
        await it.until(lambda: len(reader(it, home).read) == 3 and not reader(it, home).asked)
        assert reader(it, home).spent == 3
        await it.until(lambda: (reader(it, home).due_at_ms() or 1) % reading.DAY_MS == 0)
