"""Looks over suspended projects: switched, bounded, by one host, and told to those who come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.commands import SetBackground
from actors.project import actor as project_actor
from actors.runtime.clock import MachineClock
from actors.workflow import background
from actors.workflow.messages import WORKFLOW, TimePasses
from actors.workflow.rows import RowKind
from actors.workflow.suspended import Suspended
from actors.workflow.views import MeanwhileView
from storage.ledger.memory import MemoryLedger
from tests.unit.actors.story import Story, story
from tests.unit.actors.workflow.tale import Tale, again, both, tale

pytestmark = pytest.mark.unit

SOON = {"retry_ms": 5, "settle_ms": 5}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next look is due the moment the last one was made."""
    for module in (project_actor, background):
        monkeypatch.setattr(module, "BACKGROUND_EVERY_MS", 0)


async def rested(ledger: MemoryLedger, on: bool = True, host: str = "h1") -> Tale:
    """A project whose first scene was worked out, and which nobody has open."""
    async with story(ledger, host) as one:
        t = await tale(one)
        await t.lock(0)
        await t.worked_out(0)
        if on:
            await one.ask(t.home, SetBackground(True))
        return t


async def notes(ledger: MemoryLedger, t: Tale) -> list[MeanwhileView]:
    rows = await ledger.views("meanwhile", home=t.home, parent=t.home)
    return [MeanwhileView.from_blob(row.body or b"") for row in rows]


async def looks(ledger: MemoryLedger, t: Tale) -> int:
    log = await ledger.read(t.home, doc=WORKFLOW, limit=10_000)
    return sum(row.type in ("meanwhile.noted", "background.rested") for row in log)


async def look(it: Story) -> int:
    return await Suspended(it.runtime, MachineClock()).look()


@pytest.mark.usefixtures("at_once")
async def test_a86_a_suspended_project_is_looked_over_and_given_back() -> None:
    """A-86: what was noted has source and confidence, is said once, and its home is nobody's again."""
    ledger = MemoryLedger()
    t = await rested(ledger)
    async with story(ledger, "h2", **SOON) as two:
        assert await look(two) == 1
        assert two.runtime.owned(t.home) is None
        owner = await ledger.owner(t.home)
        assert owner is not None
        assert owner.host is None
        (note,) = await notes(ledger, t)
        assert note.words == "CARL was not there, but ANNA spoke of them. Nothing has been shown of it since."
        assert (note.kind, note.source, note.scene) == ("goal", "@background", t.scenes[0])
        assert note.confidence == pytest.approx(0.512)
        assert await look(two) == 1
        assert len(await notes(ledger, t)) == 1


@pytest.mark.usefixtures("at_once")
async def test_a86_what_a_look_lets_fade_weakens_the_tie_for_later_scenes() -> None:
    """A-86: the one thing a look changes; a restart remembers it."""
    ledger = MemoryLedger()
    async with story(ledger, "h1") as one:
        t = await tale(one)
        before = (await both(t))["continuity_notes"]
        await one.ask(t.home, SetBackground(True))
    async with story(ledger, "h2", **SOON) as two:
        assert await look(two) == 1
        after = (await Tale(two, t.home, t.scenes).asked(2))["continuity_notes"]
        (tie,) = [note for note in before if "have not met" in note]
        (less,) = [note for note in after if "have not met" in note]
        assert [tie.rpartition(" ")[2], less.rpartition(" ")[2]] == ["0.75)", "0.6)"]


async def test_a86_nothing_runs_that_is_not_switched_on_or_not_due() -> None:
    """A-86"""
    ledger = MemoryLedger()
    off, on = await rested(ledger, on=False), await rested(ledger, host="h0")
    async with story(ledger, "h2", **SOON) as two:
        assert await look(two) == 0
        assert await look(two) == 0
        await two.ask(on.home, SetBackground(False))
        assert await ledger.views("background", parent="") == []
        await two.runtime.visit(off.home, WORKFLOW, TimePasses())
        assert [await looks(ledger, each) for each in (off, on)] == [0, 0]


@pytest.mark.usefixtures("at_once")
async def test_a86_a_day_has_so_many_looks() -> None:
    """A-86: then it is not due before tomorrow."""
    ledger = MemoryLedger()
    t = await rested(ledger)
    async with story(ledger, "h2", **SOON) as two:
        visited = [await look(two) for _ in range(background.LOOKS_PER_DAY_MAX + 3)]
        assert visited == [1] * (background.LOOKS_PER_DAY_MAX + 1) + [0, 0]
        (row,) = await ledger.views("background", parent="")
        assert int(row.order_key) % background.DAY_MS == 0
        assert await looks(ledger, t) == background.LOOKS_PER_DAY_MAX + 1


@pytest.mark.usefixtures("at_once")
async def test_a86_one_host_looks_and_what_people_have_open_is_left_alone() -> None:
    """A-86: the claim decides; an open project stands in nobody's way."""
    ledger = MemoryLedger()
    t, other = await rested(ledger), await rested(ledger, host="h0")
    async with (
        story(ledger, "h2", **SOON) as two,
        story(ledger, "h3", **SOON) as three,
    ):
        await again(two, other)
        visited = await asyncio.gather(look(two), look(three))
        assert sum(visited) >= 1
        assert await looks(ledger, t) == sum(visited)
        assert await looks(ledger, other) == 0


def data(**rows: dict[str, Any]) -> dict[RowKind, dict[str, Any]]:
    return {kind: rows.get(kind.name.lower(), {}) for kind in background_kinds()}


def background_kinds() -> tuple[RowKind, ...]:
    return (RowKind.KNOWLEDGE, RowKind.RELATIONS, RowKind.WORLD, RowKind.NARRATIVE)


def test_a86_time_passes_and_ties_nobody_renews_fade_to_a_floor() -> None:
    """A-86: only ties at second hand; a look says at most so many things."""
    project = {"cast": [], "order": ["s1"]}
    world = {"heading": "EXT. PIER", "hour": None, "weather": "rain", "place": "pier", "place_name": "PIER"}
    edges = [["a", "b", 2.0, 1.0, 0], ["a", "c", 1.0, 0.6, 1]]
    heard = [
        {"kind": "spoken_of", "who": f"p{n}", "what": "", "by": "a", "confidence": 0.5, "words": f"p{n}."}
        for n in range(20)
    ]
    rows = data(
        world={"s1": {**world, "people": {}, "things": {}}},
        relations={"s1": {"edges": edges, "names": {}}},
        knowledge={"s1": {"edges": heard}},
    )
    found, faded = background.look_over(project, rows, {}, frozenset(), 3)
    assert len(found) == background.NOTES_MAX
    assert found[0].words == "The story has rested for 3 days where EXT. PIER left it, in rain."
    assert faded == {"a\x1fc": background.FADE}
    for _ in range(20):
        _, faded = background.look_over(project, rows, faded, frozenset(), 0)
    assert faded == {"a\x1fc": background.FADE_MIN}
    said = frozenset(note.key for note in found)
    again_found, _ = background.look_over(project, rows, faded, said, 3)
    assert not said & {note.key for note in again_found}
