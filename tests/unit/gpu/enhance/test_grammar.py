"""The film-grammar writer: what it carries, the rules it keeps, and what the brains change."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.slots import enhance_request
from gpu.enhance.brains import brain, list_brains
from gpu.enhance.coverage import SCALE
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import CastSlot, EnhancedScene, EnhanceError, EnhanceRequest, Moment
from gpu.video.protocol import SCENE_SECONDS_MAX, SHOTS_MAX, RenderRequest
from tests.screenplays import feature_length, last_ferry
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit

BRAINS = [b.id for b in list_brains()]
NAMES = ["MARGARET", "TOMAS", "ELIAS"]


def ferry(scene: int, brain_id: str = "thriller", seed: int = 3, target_s: float | None = None) -> EnhanceRequest:
    raw = parse(last_ferry()).scenes[scene].raw
    return enhance_request(raw, breakdown(raw, NAMES), brain=brain_id, seed=seed, target_duration_s=target_s)


def write(request: EnhanceRequest) -> EnhancedScene:
    return GrammarWriter().write(request)


def talk(lines: int = 12, brain_id: str = "thriller", target_s: float | None = None) -> EnhanceRequest:
    moments = tuple(
        Moment("line", f"This is what I have to say, number {i}.", "ANNA" if i % 2 else "BEN") for i in range(lines)
    )
    cast = (CastSlot("chr_a", "ANNA"), CastSlot("chr_b", "BEN"))
    return EnhanceRequest(
        "INT. ROOM - DAY", "ROOM", True, cast=cast, moments=moments, brain=brain_id, target_duration_s=target_s
    )


@pytest.mark.parametrize("brain_id", BRAINS)
@pytest.mark.parametrize("scene", range(5))
def test_everything_named_is_carried(scene: int, brain_id: str) -> None:
    """G-123: every name, prop, the place, the hour and every spoken word reach the shots and the prompt."""
    request = ferry(scene, brain_id)
    made = write(request)
    figures = {figure.name for shot in made.shots for figure in shot.cast}
    assert figures == {slot.name for slot in request.cast}
    assert {prop for shot in made.shots for prop in shot.props} == set(request.props)
    assert {(shot.place, shot.time_of_day, shot.interior) for shot in made.shots} == {
        (request.place, request.time_of_day, request.interior)
    }
    said = " ".join(line.text for shot in made.shots for line in shot.lines).split()
    assert said == " ".join(m.text for m in request.moments if m.kind == "line").split()
    for word in (*figures, *request.props, request.place, request.time_of_day):
        assert word in made.prompt
    assert RenderRequest(shots=made.shots, look=made.look).frame_count > 0


def test_same_request_same_scene_and_another_seed_another_staging() -> None:
    """G-124: the writer is deterministic for a request, and a seed gives another version of it."""
    assert write(ferry(0)) == write(ferry(0))
    assert write(ferry(0)).shots != write(ferry(0, seed=4)).shots


@pytest.mark.parametrize("brain_id", BRAINS)
@pytest.mark.parametrize("seed", range(6))
def test_sides_are_kept_and_cuts_do_not_jump(brain_id: str, seed: int) -> None:
    """G-125: people keep their side of the line, and neighbouring shots of one person differ in size or angle."""
    for scene in range(5):
        shots = write(ferry(scene, brain_id, seed)).shots
        sides: dict[str, set[str]] = {}
        for shot in shots:
            for figure in shot.cast:
                sides.setdefault(figure.entity_id, set()).add(figure.position.split()[0])
        assert all(len(side) == 1 for side in sides.values())
        for one, two in pairwise(shots):
            if one.cast and two.cast and one.cast[0].entity_id == two.cast[0].entity_id and one.angle == two.angle:
                assert one.size != two.size
                if one.size in SCALE and two.size in SCALE:
                    assert abs(SCALE.index(one.size) - SCALE.index(two.size)) >= 2


def test_brains_differ_as_their_parameters_say() -> None:
    """G-126: a brain's frequencies and pace show in the shots over a long scene."""
    scenes = {each: write(ferry_like(each)) for each in BRAINS}
    dutch = {each: Counter(s.angle for s in made.shots)["dutch"] / len(made.shots) for each, made in scenes.items()}
    assert 0.08 <= dutch["thriller"] <= 0.2
    assert dutch["k-drama"] == 0.0
    quiet = {
        each: sum(s.duration_s for s in made.shots if not s.lines) / sum(1 for s in made.shots if not s.lines)
        for each, made in scenes.items()
    }
    assert quiet["thriller"] < quiet["pixar"] < quiet["k-drama"]
    assert any(shot.size == "POV" for shot in scenes["horror"].shots)
    assert scenes["thriller"].look == brain("thriller").look


def ferry_like(brain_id: str) -> EnhanceRequest:
    acts = ["Anna walks to the door.", "Ben watches.", "She opens a letter.", "Rain on the glass.", "Ben sits."] * 10
    cast = (CastSlot("a", "ANNA"), CastSlot("b", "BEN"))
    moments = tuple(Moment("action", text) for text in acts)
    return EnhanceRequest("INT. ROOM", "ROOM", True, cast=cast, moments=moments, props=("letter",), brain=brain_id)


def test_people_do_what_the_action_says() -> None:
    """G-127: figures carry the verbs of their sentences, pronouns and things held included."""
    doing = {(f.name, f.action) for shot in write(ferry(0)).shots for f in shot.cast}
    assert ("MARGARET", "stands at the rail in an oilskin coat") in doing
    assert ("MARGARET", "holds a brass lantern") in doing
    assert any(name == "TOMAS" and action.startswith("runs down the pier") for name, action in doing)


@pytest.mark.parametrize(
    ("text", "weather"),
    [
        ("Rain on black water.", "rain"),
        ("A storm, and rain.", "storm"),
        ("Snow falls.", "snow"),
        ("Fog.", "fog"),
        ("He trains.", "clear"),
    ],
)
def test_weather_is_read_from_action(text: str, weather: str) -> None:
    request = EnhanceRequest("EXT. X", "X", False, moments=(Moment("action", text),))
    assert write(request).shots[0].weather == weather


@pytest.mark.parametrize("target_s", [30.0, 60.0, 120.0])
def test_a_target_is_met_when_speech_allows(target_s: float) -> None:
    """G-128: a target duration is met within five percent unless the speech alone takes longer."""
    made = write(ferry(3, target_s=target_s))
    assert abs(made.duration_s - target_s) <= 0.05 * target_s + 1.0


def test_speech_takes_its_time() -> None:
    """G-129: a line stays on screen at least as long as a fast reader needs, one after the other."""
    for shot in write(talk()).shots:
        for line in shot.lines:
            words = len(line.text.split())
            assert line.end_s - line.start_s >= words / 3.5
            assert 0 <= line.start_s < line.end_s <= shot.duration_s
        assert all(one.end_s <= two.start_s for one, two in pairwise(shot.lines))


def test_a_very_long_scene_stays_within_the_renderer() -> None:
    """G-130: however long a scene is, its shots fit the renderer, and what found no room is counted."""
    made = write(talk(3000))
    assert len(made.shots) <= SHOTS_MAX
    assert made.duration_s <= SCENE_SECONDS_MAX
    spoken = sum(len(shot.lines) for shot in made.shots)
    assert spoken + made.omitted_moments == 3000


def test_additions_are_named_by_source() -> None:
    """G-131: what the prompt says beyond the scene is listed with its source, and stands in the prompt."""
    request = EnhanceRequest("INT. A", "A", True, beat="the midpoint", continuity_notes=("Her coat is wet.",))
    made = write(request)
    assert [added.source for added in made.added] == ["brain", "beat", "continuity"]
    assert all(added.text in made.prompt for added in made.added)


def test_dict_forms_survive_json() -> None:
    """G-132: requests and scenes travel as plain values."""
    request = ferry(0)
    assert EnhanceRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    made = write(request)
    assert EnhancedScene.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize("change", [{"time_of_day": "noon"}, {"seed": -1}, {"place": 3}, {"extra": 1}, {"cast": [{}]}])
def test_a_bad_request_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(EnhanceError) as caught:
        EnhanceRequest.from_dict({**ferry(0).to_dict(), **change})
    assert caught.value.code == "bad_request"


@settings(max_examples=80, deadline=None)
@given(documents, st.sampled_from(BRAINS), st.integers(0, 2**63 - 1))
def test_any_text_becomes_a_scene(text: str, brain_id: str, seed: int) -> None:
    """G-133: any text, half-typed or in any language, can be enhanced; nothing is refused for its words."""
    made = write(enhance_request(text, breakdown(text), brain=brain_id, seed=seed))
    assert made.shots
    assert RenderRequest(shots=made.shots, look=made.look).frame_count > 0
    assert EnhancedScene.from_dict(made.to_dict()) == made


def test_a_whole_feature_is_enhanced_quickly() -> None:
    for scene in parse(feature_length()).scenes[:30]:
        made = write(enhance_request(scene.raw, breakdown(scene.raw), brain="pixar", seed=1))
        assert 2 <= len(made.shots) <= SHOTS_MAX


def test_unknown_brain() -> None:
    with pytest.raises(EnhanceError) as caught:
        write(ferry(0, "noir"))
    assert caught.value.code == "unknown_brain"
