"""Facts of the story: from which beat to which they hold, who said so, and what was seen against them."""

from __future__ import annotations

import pycrdt
import pytest

from actors.commands import AddCast, CommandError, CreateScene, SetFact
from actors.continuity.by_hand import as_facts
from actors.continuity.check import Continuity, SceneInput, check
from actors.continuity.facts import Beat, Evidence, Fact
from actors.continuity.rules import Known
from actors.continuity.seen import facts_of_takes, newest_takes
from actors.views import SetFactsView, TakeView
from collab.text import insert
from storage.ledger.protocol import View
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

CAST = [Known("RUTH"), Known("CALEB")]
SCRIPTS = (
    "INT. BARN - DAY\n\nRuth, in a red coat, picks up the map.\n\nRUTH\nCome.\n\n",
    "EXT. ROAD - LATER\n\nRuth hands the map to Caleb. Ruth takes off her coat.\n\nCaleb breaks his left arm.\n\n",
    "EXT. FIELD - NEXT DAY\n\nCaleb dies.\n\n",
)


def told(facts: tuple[Fact, ...] = ()) -> Continuity:
    found = Continuity(CAST, [], facts=facts)
    found.set_scenes([SceneInput(f"s{i}", script, i) for i, script in enumerate(SCRIPTS)])
    return found


def by_hand(entity: str, attribute: str, value: str, scene: int, quote: str) -> Fact:
    at = SCRIPTS[scene].index(quote)
    evidence = Evidence(f"s{scene}", at, at + len(quote), quote)
    return Fact(entity, attribute, value, evidence, valid_from=Beat(f"s{scene}", at), author="usr_anna")


def test_facts_hold_from_beat_to_beat() -> None:
    """C-56: each fact quotes what began it and ends with the happening that changed it, or never."""
    facts = {(f.entity, f.attribute, f.value): f for f in told().story_facts()}
    holds = facts["ruth", "holds", "map"]
    assert holds.valid_from == Beat("s0", SCRIPTS[0].index("Ruth"))
    assert holds.valid_to == Beat("s1", SCRIPTS[1].index("Ruth hands"))
    assert SCRIPTS[0][holds.evidence.start : holds.evidence.end] == holds.evidence.text
    assert facts["caleb", "holds", "map"].valid_to is None
    assert facts["ruth", "wears", "red coat"].valid_to == Beat("s1", SCRIPTS[1].index("Ruth takes off"))
    assert facts["caleb", "hurt", "left arm"].valid_to is None
    assert facts["caleb", "alive", "no"].valid_from == Beat("s2", SCRIPTS[2].index("Caleb dies"))
    assert {("s0", "story_day", "D1"), ("s1", "story_day", "D1"), ("s2", "story_day", "D2")} <= facts.keys()
    assert {f.author for f in facts.values()} == {""}


def test_a_persons_word_wins_until_something_happens() -> None:
    """C-57: a fact by hand replaces the one read, with its author, and a later happening of the story ends it."""
    mine = by_hand("caleb", "holds", "map", 0, "Come.")
    found = [f for f in told((mine,)).story_facts() if f.value == "map"]
    assert [(f.entity, f.author, f.valid_to is None) for f in found] == [
        ("ruth", "", False),
        ("caleb", "usr_anna", True),
    ]
    alive = by_hand("caleb", "alive", "yes", 2, "Caleb dies.")
    scripts = [*SCRIPTS, "INT. INN - DAY\n\nCALEB\nHello.\n"]
    scenes = [SceneInput(f"s{i}", script, i) for i, script in enumerate(scripts)]
    assert [f.code for f in check(scenes, CAST, [])] == ["alive_dead"]
    assert check(scenes, CAST, [], facts=[alive]) == ()


def test_a_fact_by_hand_stands_where_its_words_stand() -> None:
    """C-57: its words are found again in the text as it is now; when they are gone it begins with its scene."""
    kept = {"scene": "s0", "entity": "ruth", "attribute": "holds", "value": "map", "quote": "Come.", "by": "usr_a"}
    for text, at in (("Come.", 0), ("Rain. Come.", 6), ("Gone", 0)):
        (fact,) = as_facts([kept], {"s0": text})
        assert (fact.valid_from, fact.author) == (Beat("s0", at), "usr_a")


async def test_a_fact_is_set_by_command() -> None:
    """C-57: event, notes, projection and findings follow in one step; taken back, everything is as before."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.create()
        await it.ask(home, AddCast("Caleb"))
        barn = CreateScene("INT. BARN - DAY", "Ruth waits. Caleb dies.\n\nRUTH\nNo.\n")
        one = (await it.ask(home, barn)).ids["scene"]
        two = (await it.ask(home, CreateScene("INT. INN - DAY", "CALEB\nHello.\n"))).ids["scene"]
        await it.until(lambda: any(f["code"] == "alive_dead" for f in actor(it, home).findings.get(two, ())))
        set_fact = SetFact(one, "Caleb", "alive", "yes", "Caleb dies.", by="Anna")
        await it.ask(home, set_fact)
        await it.until(lambda: all(f["code"] != "alive_dead" for f in actor(it, home).findings.get(two, ())))
        view = await it.ledger.view("set_facts", one)
        assert view is not None
        (fact,) = SetFactsView.from_blob(view.body or b"").facts
        assert (fact["entity"], fact["name"]) == ("caleb", "Anna")
        owned = it.runtime.owned(home)
        assert owned is not None
        assert (await owned.room(f"notes:{one}")).map("facts")[fact["id"]]["value"] == "yes"
        room = await owned.room(f"scene:{one}")
        await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 17, "Rain.\n\n"), "a")
        await it.until(lambda: actor(it, home).caught_up)
        await it.ask(home, SetFact(one, "Caleb", "alive", "yes", holds=False))
        await it.until(lambda: any(f["code"] == "alive_dead" for f in actor(it, home).findings.get(two, ())))
        for wrong in (SetFact(one, "Caleb", "alive", "yes", holds=False), SetFact("scn_none", "Caleb", "alive")):
            with pytest.raises(CommandError) as refused:
                await it.ask(home, wrong)
            assert refused.value.code == "NOT_FOUND"
        with pytest.raises(CommandError) as refused:
            await it.ask(home, SetFact(one, "Caleb", "likes", "jam"))
        assert refused.value.code == "BAD_FACT"


def take(scene: str, luma: float, at_ms: int) -> View:
    seen = {"observer": "technical", "mean_luma": luma}
    words = ("p", "v", "t", None, 1.0, "animatic", False, "miss", None, "", "{}")
    body = TakeView(f"tak_{at_ms}", "job", scene, "prj", at_ms, *words, seen=seen)  # type: ignore[arg-type]
    return View("take", body.id, "prj", scene, str(at_ms), body.blob())


@pytest.mark.parametrize(
    ("heading", "lumas", "expected"),
    [
        ("EXT. ROAD - NIGHT", [190.0], ["told_seen_conflict"]),
        ("EXT. ROAD - DAY", [12.0], ["told_seen_conflict"]),
        ("EXT. ROAD - NIGHT", [190.0, 40.0], []),
        ("EXT. ROAD - NIGHT", [90.0], []),
        ("EXT. ROAD - DAY", [190.0], []),
        ("EXT. ROAD - DUSK", [190.0], []),
        ("INT. ROOM - NIGHT", [190.0], []),
        ("EXT. ROAD - NIGHT - DREAM", [190.0], []),
    ],
)
def test_what_was_seen_against_what_is_told(heading: str, lumas: list[float], expected: list[str]) -> None:
    """C-58: the newest take's measured light against the heading's hour under the open sky, with take and measure."""
    seen = facts_of_takes(newest_takes(take("s0", luma, at) for at, luma in enumerate(lumas)))
    found = check([SceneInput("s0", f"{heading}\n\nRain.\n", 0)], CAST, [], facts=seen)
    assert [f.code for f in found] == expected
    for finding in found:
        assert "tak_0" in finding.message
