"""How far a change reaches: each scene's request before and after, over a real runtime and as pure functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.commands import AskRadius, CommandError, DefineBrain, SetBrain, SetFact, SetFormat
from actors.continuity.check import Continuity, SceneInput
from actors.continuity.rules import Known
from actors.scene.radius import Change, Story, differing, parts_of, reach
from actors.scene.request import Names
from actors.views import EnhancementView
from actors.workflow.carry import Given
from gpu.enhance.brains import brain
from gpu.steps import Step
from storage.codec import decode
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.scene.test_generation import Scene
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

TEXTS = {
    "a": "INT. KITCHEN - NIGHT\n\nMARA waits.\n\nMARA\nStill here.\n",
    "b": "INT. CORRIDOR - CONTINUOUS\n\nTOM walks on.\n\nTOM\nGone.\n",
    "c": "EXT. STREET - DAY\n\nMARA runs.\n",
    "d": "EXT. HILL - DAY\n\nTOM rests.\n",
}
NAMES = Names({"cst_m": "MARA", "cst_t": "TOM"}, {})


def a_story() -> Story:
    engine = Continuity(NAMES.known(), [Known("KITCHEN")])
    engine.set_scenes([SceneInput(id, text, n) for n, (id, text) in enumerate(TEXTS.items())])
    return Story(TEXTS, NAMES, (Known("KITCHEN"),), engine, frozenset(), lambda _id, _text, _story: Given())


def reached(change: Change) -> dict[str, list[str]]:
    """Scene → what of it would be asked otherwise."""
    now, after = reach(a_story(), change)
    return {scene: differing(now[scene], parts) for scene, parts in after.items()}


def test_an_hour_reaches_the_scenes_that_go_on_from_it() -> None:
    """G-332: the scene itself, and the one that takes its hour; not those that have their own."""
    assert reached(Change("a", TEXTS["a"].replace("NIGHT", "DAWN"))) == {"a": ["words", "hour"], "b": ["hour"]}


def test_words_reach_their_own_scene_alone() -> None:
    """G-332: and a change of nothing reaches nothing."""
    assert reached(Change("c", TEXTS["c"].replace("runs", "walks"))) == {"c": ["words"]}
    assert reached(Change("c", TEXTS["c"])) == {}
    assert reached(Change()) == {}


def test_a_name_reaches_those_who_have_it() -> None:
    """G-332: whoever leaves the cast is somebody else to every scene that names them, and to no other."""
    assert reached(Change(cast="cst_t", name="")) == {"b": ["looks"], "d": ["cast", "looks"]}
    assert set(reached(Change(cast="cst_m", name="MARIA"))) == {"a", "c"}


def test_asking_changes_nothing_in_the_story() -> None:
    """G-335: what was read is as it was, whatever was thought of."""
    it = a_story()
    now, _ = reach(it, Change())
    reach(it, Change("a", "INT. CELLAR - DAY\n\nNobody.\n"))
    reach(it, Change(cast="cst_m", name="ZOE"))
    reach(it, Change(fact={"id": "f", "scene": "a", "entity": "mara", "attribute": "holds", "value": "map",
                           "quote": "", "by": "ada"}))  # fmt: skip
    assert (reach(it, Change()), dict(it.texts)) == ((now, {}), TEXTS)
    heard = it.engine.heard()
    fork = it.engine.fork()
    fork.update_scene("a", "INT. KITCHEN - NIGHT\n\nMARA grabs the lantern.\n")
    fork.update_scene("b", "INT. CORRIDOR - DAY\n\nTOM dies.\n", judge=False)
    assert fork.heard() != heard
    assert it.engine.heard() == heard
    assert it.engine.judged


def test_parts_are_the_same_from_memory_and_from_the_log() -> None:
    """G-331: a stored request, whose tuples are lists, is the request that was made."""
    made: dict[str, Any] = {
        "heading": "h",
        "moments": ({"kind": "action"},),
        "cast": ({"name": "A", "entity_id": "a"},),
    }
    assert differing(parts_of(made), parts_of(json.loads(json.dumps(made)))) == []


async def test_a_film_is_not_stale_as_it_is_made_and_is_when_its_scene_changes() -> None:
    """G-331, G-335: by the owner, with what the film's own row says it was made with; nothing is committed."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.bring("\n".join(TEXTS.values()))
        await it.until(lambda: actor(it, home).caught_up)
        rows = await it.ledger.views("scene", parent=home)
        scene = Scene(it, home, rows[1].id)
        job = await scene.generate(auto_pick=True)
        await scene.step(Step.ENHANCE)
        row = await it.ledger.view("enhancement", job)
        assert row is not None
        was = parts_of(EnhancementView.from_blob(row.body or b"").request)
        head = await it.ledger.head(home)
        dawn = TEXTS["a"].replace("NIGHT", "DAWN") + "\n"
        told = json.loads((await it.ask(home, AskRadius(rows[0].id, dawn))).ids["radius"])
        assert differing(was, told["now"][rows[1].id]) == []
        assert differing(was, told["after"][rows[1].id]) == ["hour"]
        assert set(told["after"]) == {rows[0].id, rows[1].id}
        assert await it.ledger.head(home) == head
        with pytest.raises(CommandError):
            await it.ask(home, AskRadius("scn_nobody", "x"))


BROUGHT = [
    "INT. KITCHEN - DAY\n\nMARA puts on a red coat. MARA grabs the lantern.\n\nMARA\nCome.\n",
    "INT. CORRIDOR - CONTINUOUS\n\nMARA walks on.\n\nMARA\nHere.\n",
    "EXT. STREET - CONTINUOUS\n\nTOM runs.\n",
]


async def test_what_people_bring_in_makes_no_film_stale_until_it_changes() -> None:
    """C-125, G-331: a film whose prompt has notes is not stale as it is made; another coat reaches it, not those who
    never had one."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.bring("\n".join(BROUGHT))
        await it.until(lambda: actor(it, home).caught_up)
        rows = await it.ledger.views("scene", parent=home)
        job = await Scene(it, home, rows[1].id).generate(auto_pick=True)
        (attempt,) = await it.ledger.attempts(home, job=job)
        asked = decode(attempt.request)["enhance"]
        assert asked["continuity_notes"] == ["MARA still wears: red coat", "MARA still has the lantern"]
        blue = BROUGHT[0].replace("red", "blue")
        told = json.loads((await it.ask(home, AskRadius(rows[0].id, blue))).ids["radius"])
        assert differing(parts_of(asked), told["now"][rows[1].id]) == []
        assert differing(parts_of(asked), told["after"][rows[1].id]) == ["before"]
        assert set(told["after"]) == {rows[0].id, rows[1].id}


async def test_c174_the_owner_sees_facts_set_by_hand_beats_and_what_a_brain_says() -> None:
    """C-174: a fact that is set or only thought of, a format, and other words of the project's own brain, each of the
    scenes whose film it reaches; what nobody could set is refused as setting it would be."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.bring("\n".join([*BROUGHT[:2], BROUGHT[2] + "\nTOM\nWait!\n"]))
        await it.until(lambda: actor(it, home).caught_up)
        own = {**brain("pixar").to_data(), "id": "mine"}
        await it.ask(home, DefineBrain(own))
        await it.ask(home, SetBrain("mine"))
        rows = await it.ledger.views("scene", parent=home)
        street = rows[2].id
        await Scene(it, home, street).generate(auto_pick=True)
        (attempt,) = await it.ledger.attempts(home)
        was = parts_of(decode(attempt.request)["enhance"])

        async def asked(**change: Any) -> tuple[list[str], list[str]]:
            told = json.loads((await it.ask(home, AskRadius(rows[0].id, **change))).ids["radius"])
            then = told["after"].get(street)
            return differing(was, told["now"][street]), [] if then is None else differing(was, then)

        assert await asked() == ([], [])
        hurt = {"scene": rows[1].id, "entity": "Tom", "attribute": "hurt", "value": "left hand", "quote": ""}
        assert await asked(fact={**hurt, "holds": True}) == ([], ["before"])
        for wrong in ({"attribute": "rich"}, {"entity": " "}, {"scene": "scn_nobody"}):
            with pytest.raises(CommandError, match=r"BAD_FACT|NOT_FOUND"):
                await asked(fact={**hurt, "holds": True, **wrong})
        with pytest.raises(CommandError, match="UNKNOWN_BRAIN"):
            await asked(brain="zeus")
        assert await asked(format="five-act") == ([], ["beat"])
        assert await asked(brain="thriller") == ([], ["brain"])
        await it.ask(home, SetFact(rows[1].id, "Tom", "hurt", "left hand"))
        assert await asked() == (["before"], [])
        assert await asked(fact={**hurt, "holds": False}) == (["before"], [])
        words = {**own["words"], "palette": "ash and rust"}
        await it.ask(home, DefineBrain({**own, "words": words}))
        await it.ask(home, SetFormat("five-act"))
        assert (await asked())[0] == ["before", "beat", "style"]
