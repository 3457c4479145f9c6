"""What a story knows of its places: light, things, where they stand, what they look like (C-152 to C-155)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import SceneInput, check
from actors.continuity.places_known import Place, places_of
from actors.continuity.reads import reads_of
from actors.continuity.rules import Known
from tests.unit.actors.continuity.test_any_text import broken
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit


def places(*scripts: str) -> dict[str, Place]:
    _, reads = reads_of([(f"s{i}", script) for i, script in enumerate(scripts)], ())
    return {place.key: place for place in places_of(reads)}


def levels(*scripts: str) -> list[list[str]]:
    return [[beat.level for beat in scene.light] for place in places(*scripts).values() for scene in place.scenes]


@pytest.mark.parametrize(
    ("script", "states"),
    [
        ("INT. BAR - DAY\n\nRUTH waits.\n", ["daylight"]),
        ("INT. BAR - NIGHT\n\nShe switches on the lamp.\n", ["night", "lit"]),
        ("INT. BAR - NIGHT\n\nThe lights are on. Ruth turns the lights off.\n", ["night", "lit", "dark"]),
        ("INT. BAR - NIGHT\n\nThe lights go out. She lights a candle. He blows out the candle.\n",
         ["night", "dark", "candle", "dark"]),
        ("INT. BAR - DAY\n\nShe closes the curtains. She opens the curtains.\n", ["daylight", "dim", "daylight"]),
        ("INT. BAR - NIGHT\n\nThe room is brightly lit. Then a power cut.\n", ["night", "lit", "dark"]),
        ("INT. BAR - NIGHT\n\nThe bar is dimly lit.\n", ["night", "dim"]),
        ("EXT. ROAD - DUSK\n\nA truck. The headlights go out.\n", ["twilight"]),
        ("INT. BAR\n\nRUTH waits.\n", ["unknown"]),
        ("INT. BAR - NIGHT\n\nShe wants to turn on the lamp. The light fades from his eyes.\n", ["night"]),
        ("INT. BAR - NIGHT\n\nIf the lights go out, run.\n", ["night"]),
    ],
)  # fmt: skip
def test_c152_light_changes_by_explicit_words(script: str, states: list[str]) -> None:
    """C-152: the states of a place's light, beat by beat; a wish, a headlight, an image change nothing."""
    assert levels(script) == [states]


def test_c152_light_lasts_within_one_run_of_a_day() -> None:
    """C-152: carried into the next scene of the place with its scene's number; a new day begins as its heading says."""
    bar = places(
        "INT. BAR - NIGHT\n\nThe lights go out.\n",
        "INT. BAR - CONTINUOUS\n\nRUTH waits.\n",
        "INT. BAR - NEXT NIGHT\n\nRUTH waits.\n",
    )["bar"]
    assert [[(b.level, b.since) for b in scene.light] for scene in bar.scenes] == [
        [("night", ""), ("dark", "")],
        [("dark", "1")],
        [("night", "")],
    ]
    assert bar.scenes[0].light[1].evidence.text == "The lights go out"


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("The lamp on the desk flickers.", ("lamp", "on", "desk")),
        ("There is a door to the left of the window.", ("door", "left_of", "window")),
        ("On the desk, a photograph.", ("photograph", "on", "desk")),
        ("Behind the bar hangs a mirror.", ("mirror", "behind", "bar")),
        ("A rifle hangs above the fireplace.", ("rifle", "above", "fireplace")),
        ("She puts the letter in the drawer.", ("letter", "in", "drawer")),
        ("An old piano stands next to the staircase.", ("piano", "next_to", "staircase")),
        ("She looks for the key in the drawer.", None),
        ("There is no lamp on the desk.", None),
        ("To the left of frame, a lamp.", None),
        ("The man on the chair sleeps.", None),
    ],
)
def test_c153_where_things_stand_is_read_with_its_words(sentence: str, told: tuple[str, str, str] | None) -> None:
    """C-153: two things and a plain relation; what is sought, denied or seen from the camera's side is none."""
    script = f"INT. OFFICE - DAY\n\n{sentence}\n"
    found = places(script)["office"].relations
    assert [(f.entity, f.attribute, f.value) for f in found.values()] == ([told] if told else [])
    assert all(script[f.evidence.start : f.evidence.end] == f.evidence.text for f in found.values())


def test_c153_a_place_keeps_what_lies_in_it() -> None:
    """C-153: put, found lying, taken, dropped; taken elsewhere too; a dream takes nothing."""
    office = places(
        "INT. OFFICE - DAY\n\nRUTH (30) lays the letter on the desk. A pistol lies in the drawer.\n",
        "INT. OFFICE - DREAM\n\nRUTH (30) takes the letter.\n",
        "INT. OFFICE - LATER\n\nRUTH (30) takes the pistol. She drops the key.\n",
        "INT. OFFICE - LATER\n\nRUTH (30) picks up the letter.\n",
    )["office"]
    lying = [{each.thing: (each.where, each.since) for each in scene.things} for scene in office.scenes]
    both = {"letter": ("on desk", "1"), "pistol": ("in drawer", "1")}
    assert lying == [both, both, {"letter": ("on desk", "1"), "key": ("", "3")}, {"key": ("", "3")}]
    assert not office.relations  # of what was taken nothing says any longer where it stands


def test_c154_a_place_is_described_by_its_scenes() -> None:
    """C-154: words for its room and its parts, each with its span; a room somebody goes to is another."""
    script = (
        "INT. MILL - DAY\n\nA small, dusty mill. Peeling wallpaper. The walls are green. She goes into a dark hall.\n"
    )
    found = places(script)["mill"].features
    assert [fact.value for fact in found.values()] == ["small, dusty mill", "peeling wallpaper", "green walls"]
    assert all(script[f.evidence.start : f.evidence.end] == f.evidence.text for f in found.values())


def codes(*scripts: str) -> list[str]:
    scenes = [SceneInput(f"s{i}", script, i) for i, script in enumerate(scripts)]
    found = check(scenes, [Known("RUTH")], [])
    for finding in found:
        for each in finding.evidence:
            assert scripts[int(each.scene_id[1:])][each.start : each.end] == each.text
    return [f.code for f in found if f.code in ("light_state_break", "space_flip")]


OUT = "INT. BAR - NIGHT\n\nRUTH listens. The lights go out.\n"
LEFT = "INT. OFFICE - DAY\n\nA door stands to the left of the window.\n"


@pytest.mark.parametrize(
    ("scripts", "found"),
    [
        ((OUT, "INT. BAR - CONTINUOUS\n\nThe lights are on.\n"), ["light_state_break"]),
        (("INT. BAR - NIGHT\n\nThe lights come on.\n", "INT. BAR - CONTINUOUS\n\nThe lights are off.\n"),
         ["light_state_break"]),
        ((OUT, "INT. BAR - CONTINUOUS\n\nRuth turns on the lights. The lights are on.\n"), []),
        ((OUT, "INT. BAR - CONTINUOUS\n\nThe lights come back on.\n"), []),
        ((OUT, "INT. BAR - LATER\n\nThe lights are on.\n"), []),
        ((OUT, "INT. KITCHEN - CONTINUOUS\n\nThe lights are on.\n"), []),
        ((OUT, "INT. BAR - DREAM - CONTINUOUS\n\nThe lights are on.\n"), []),
        ((OUT + "\nCUT TO:\n", "INT. BAR - CONTINUOUS\n\nThe lights are on.\n"), []),
        (("INT. BAR - NIGHT\n\nRuth switches off the lamp.\n", "INT. BAR - CONTINUOUS\n\nThe lights are on.\n"), []),
        ((LEFT, "INT. OFFICE - LATER\n\nThe door to the right of the window opens.\n"), ["space_flip"]),
        ((LEFT, "INT. OFFICE - LATER\n\nThe window stands left of the door.\n"), ["space_flip"]),
        ((LEFT, "INT. OFFICE - LATER\n\nThe window to the right of the door rattles.\n"), []),
        ((LEFT, "INT. HALL - LATER\n\nThe door to the right of the window opens.\n"), []),
        ((LEFT, "INT. OFFICE - LATER\n\nREVERSE ANGLE. The door to the right of the window opens.\n"), []),
        ((LEFT.replace("door", "lamp").replace("window", "sofa"),
          "INT. OFFICE - LATER\n\nRuth drags the sofa. The lamp to the right of the sofa glows.\n"), []),
    ],
)  # fmt: skip
def test_c155_a_place_that_changes_by_itself_is_found(scripts: Sequence[str], found: list[str]) -> None:
    """C-155: only the opposite of what all lights did, or of a side, with nothing between that could change it."""
    assert codes(*scripts) == found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(broken, documents), max_size=4))
def test_c152_any_text_has_places(scripts: list[str]) -> None:
    """C-152 to C-154: nothing raises, and every quotation is exact."""
    for place in places(*scripts).values():
        quoted = [fact.evidence for fact in (*place.features.values(), *place.relations.values())]
        quoted += [each.evidence for scene in place.scenes for each in (*scene.light, *scene.things)]
        for each in quoted:
            assert scripts[int(each.scene_id[1:])][each.start : each.end] == each.text
