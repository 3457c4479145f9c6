"""What films show against what the script says: measured, and reported by observers (C-127, C-128)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import SceneInput, check
from actors.continuity.facts import Fact
from actors.continuity.rules import Known
from actors.continuity.seen import facts_of_takes, moment, newest_takes
from actors.scene.reporting import FACTS_MAX, merged, of_observation
from actors.views import TakeView
from storage.ledger.protocol import View

pytestmark = pytest.mark.unit

CAST = [Known("MARA"), Known("TOM")]
KITCHEN = "INT. KITCHEN - NIGHT\n\nMARA waits.\n\nMARA\nSoon.\n"
ROAD = "EXT. ROAD - NIGHT\n\nRain falls. MARA and TOM walk.\n\nMARA\nFaster.\n"


def take(scene: str, *shows: dict[str, Any], at_ms: int = 0, **seen: float) -> View:
    words = ("p", "v", "t", None, 20.0, "animatic", False, "miss", None, "", "{}")
    told = {"observer": "technical", **seen} if seen else None
    body = TakeView(f"tak_{at_ms}", "job", scene, "prj", at_ms, *words, seen=told, shows=shows)  # type: ignore[arg-type]
    return View("take", body.id, "prj", scene, str(at_ms), body.blob())


def shown(attribute: str, value: str, entity: str = "", sure: float = 0.9, **more: Any) -> dict[str, Any]:
    told = {"entity": entity, "attribute": attribute, "value": value, "confidence": sure, "from_s": 3.0, "to_s": 7.5}
    return {**told, "observation": "obs_1", "observer": "vlm", **more}


def conflicts(script: str, *takes: View, before: str = "") -> list[Any]:
    """Of the last scene."""
    scripts = [before, script] if before else [script]
    scenes = [SceneInput(f"s{n}", text, n) for n, text in enumerate(scripts)]
    found = check(scenes, CAST, [], facts=facts_of_takes(newest_takes(takes)))
    return [each for each in found if each.code == "told_seen_conflict"]


@pytest.mark.parametrize(
    ("script", "fact"),
    [
        (KITCHEN, shown("hour", "Day")),
        (KITCHEN, shown("setting", "exterior")),
        (KITCHEN, shown("present", "no", "Mara")),
        (KITCHEN, shown("people", "0")),
        (ROAD, shown("weather", "clear")),
        (ROAD, shown("weather", "snow")),
        (ROAD, shown("light", "bright")),
    ],
)
def test_c127_a_film_that_shows_otherwise_is_a_finding_of_two_evidences(script: str, fact: dict[str, Any]) -> None:
    """C-127: the words, and the take with its seconds and observer; it may be waived as other slips may."""
    (finding,) = conflicts(script, take("s0", fact))
    words, film = finding.evidence
    assert script[words.start : words.end] == words.text
    assert (film.take, film.from_s, film.to_s) == ("tak_0", 3.0, 7.5)
    assert "0:03–0:07: vlm sees" in film.text
    assert finding.severity == "WARNING"
    (again,) = check(
        [SceneInput("s0", script, 0)], CAST, [], [finding.id], facts_of_takes(newest_takes([take("s0", fact)]))
    )
    assert again.waived


@pytest.mark.parametrize(
    ("script", "fact"),
    [
        (KITCHEN, shown("hour", "day", sure=0.5)),
        (KITCHEN, shown("hour", "night")),
        (KITCHEN, shown("hour", "dusk")),
        (KITCHEN, shown("present", "no", "Tom")),
        (KITCHEN, shown("present", "yes", "Mara")),
        (KITCHEN, shown("people", "1")),
        (KITCHEN.replace("\nMARA\nSoon", "\nMARA (V.O.)\nSoon"), shown("present", "no", "Mara")),
        (KITCHEN.replace("NIGHT", "NIGHT - DREAM"), shown("hour", "day")),
        (KITCHEN, shown("mood", "sad")),
        (KITCHEN, shown("weather", "clear")),
        (ROAD, shown("weather", "storm")),
        (ROAD.replace("NIGHT", "DUSK"), shown("hour", "day")),
        ("No heading.\n", shown("hour", "day")),
    ],
)
def test_c127_what_does_not_plainly_contradict_is_let_pass(script: str, fact: dict[str, Any]) -> None:
    """C-127: less sure, not said, a voice over, a dream, a word nobody compares."""
    assert conflicts(script, take("s0", fact)) == []


@pytest.mark.parametrize(
    ("before", "fact", "found"),
    [
        ("MARA puts on a red coat.", shown("wears", "blue coat", "Mara"), True),
        ("MARA puts on a red coat.", shown("wears", "crimson coat", "Mara"), False),
        ("MARA puts on a red coat.", shown("wears", "wool coat", "Mara"), False),
        ("MARA puts on a red coat.", shown("wears", "blue hat", "Mara"), False),
        ("MARA cuts her left hand on a rope.", shown("hurt", "right hand", "Mara"), True),
        ("MARA cuts her left hand on a rope.", shown("hurt", "left hand", "Mara"), False),
        ("MARA grabs the lantern.", shown("holds", "lantern", "Tom"), True),
        ("MARA grabs the lantern.", shown("holds", "lantern", "Mara"), False),
        ("MARA grabs the lantern.", shown("holds", "map", "Tom"), False),
        ("MARA grabs the lantern.", shown("holds", "lantern", "Zoe"), False),
    ],
)
def test_c127_what_people_have_on_them(before: str, fact: dict[str, Any], found: bool) -> None:
    """C-127: of another colour, on the other side, in another hand; what the film may just not show is no slip."""
    scene = "INT. HALL - CONTINUOUS\n\nMARA and TOM wait.\n\nMARA\nNow.\n\nTOM\nYes.\n"
    first = f"INT. KITCHEN - NIGHT\n\n{before}\n\nMARA\nCome.\n"
    assert bool(conflicts(scene, take("s1", fact), before=first)) is found
    changed = scene.replace("MARA and TOM wait.", "MARA takes off her coat. MARA hands the lantern to TOM.")
    if fact["attribute"] != "hurt":
        assert conflicts(changed, take("s1", fact), before=first) == []


def test_c127_lights_that_are_told_once_and_a_film_far_on_the_other_side() -> None:
    """C-127: also within four walls; a light that changes, or that is between, says nothing."""
    dark = "INT. CELLAR - NIGHT\n\nThe room is dark. MARA waits.\n"
    lit = "INT. CELLAR - NIGHT\n\nThe lights are on. MARA waits.\n"
    both = "INT. CELLAR - NIGHT\n\nThe room is dark. MARA waits.\n\nMARA switches on the lamp.\n"
    assert len(conflicts(dark, take("s0", mean_luma=190.0))) == 1
    assert len(conflicts(lit, take("s0", mean_luma=9.0))) == 1
    assert conflicts(both, take("s0", mean_luma=190.0)) == []
    assert conflicts(dark, take("s0", mean_luma=90.0)) == []


def test_c127_measures_are_facts_of_the_newest_take_alone() -> None:
    """C-127: only numbers that put themselves into a word, each with its take, its observer and the whole film."""
    measured = take("s0", mean_luma=12.0, black_share=0.4, frozen_share=0.7, cuts=4.0)
    facts = facts_of_takes(newest_takes([measured]))
    assert [(f.attribute, f.value) for f in facts] == [
        ("light", "dark"),
        ("picture", "black"),
        ("motion", "still"),
        ("shots", "5"),
    ]
    assert {(f.evidence.take, f.evidence.to_s, f.author, f.layer) for f in facts} == {
        ("tak_0", 20.0, "technical", "seen")
    }
    later = take("s0", at_ms=5, mean_luma=90.0, black_share=0.0, frozen_share=0.0)
    assert facts_of_takes(newest_takes([measured, later])) == ()


def test_c128_an_observer_s_own_answer_is_read_by_the_same_path() -> None:
    """C-128: what is a fact becomes one, with its observation; what is none costs no film; of one observer the last
    word counts."""
    good = {"entity": "Mara", "attribute": "wears", "value": "red coat", "confidence": 0.8, "from_s": 0, "to_s": 2}
    odd: list[Any] = [None, 7, {**good, "confidence": 2}, {**good, "to_s": 99}, {**good, "attribute": "Wears!"}]
    facts = of_observation({"id": "obs_9", "observer": "vlm", "facts": [good, *odd]}, 4.0)
    assert [(f["entity"], f["observation"], f["observer"]) for f in facts] == [("Mara", "obs_9", "vlm")]
    assert of_observation({"facts": "nonsense"}, 4.0) == ()
    assert len(of_observation({"facts": [good] * 99}, 4.0)) == FACTS_MAX
    second = {**facts[0], "value": "blue coat"}
    assert merged(merged((), facts), [second]) == (second,)
    assert moment(61.9) == "1:01"


@settings(deadline=None)
@given(st.text(max_size=120), st.text(max_size=20), st.text(max_size=20))
def test_c127_whatever_is_written_and_reported(script: str, entity: str, value: str) -> None:
    """C-127: any words on either side; nothing raises."""
    for attribute in ("hour", "present", "wears", "holds", "hurt", "weather", "people"):
        facts: tuple[Fact, ...] = facts_of_takes(newest_takes([take("s0", shown(attribute, value or "x", entity))]))
        check([SceneInput("s0", script, 0)], CAST, [], facts=facts)
