"""The plan of a board and what a note does to a shot."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gpu.board import BOARD_FRAMES, CANDIDATES_DEFAULT, key_shot, noted, plan, slots_in, staged
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhancedScene, EnhanceRequest, Moment
from gpu.video.animatic import AnimaticBackend
from gpu.video.animatic.scene import key_shot as drawn_as_key
from gpu.video.protocol import Figure, RenderRequest, Shot, StoryboardRequest

pytestmark = pytest.mark.unit

PLAIN = {"place": "YARD", "cast": [], "lines": []}
SPOKEN = {"place": "YARD", "cast": [{"name": "MARA"}], "lines": [{"text": "Soup!"}]}


def written() -> EnhancedScene:
    moments = (Moment("action", "MARA stirs a pot."), Moment("line", "Soup!", speaker="MARA"))
    return GrammarWriter().write(EnhanceRequest("INT. KITCHEN - NIGHT", "KITCHEN", True, "night", moments=moments))


@pytest.mark.parametrize(
    ("shots", "frames"), [(1, 4), (2, 8), (3, 12), (4, 4 + 2 * 3), (5, 4 + 2 * 4), (9, 4 + 8), (40, 4 + 39)]
)
def test_g180_a_board_begins_with_the_key_shot_and_leaves_no_shot_out(shots: int, frames: int) -> None:
    """G-180: the key shot's candidates first, then candidate by candidate; every shot has one, few if nobody says."""
    scene = [PLAIN, SPOKEN, *[PLAIN] * 40][:shots] if shots > 1 else [SPOKEN]
    found, key = plan(scene), key_shot(scene)
    assert found[:CANDIDATES_DEFAULT] == [(key, candidate) for candidate in range(CANDIDATES_DEFAULT)]
    assert {shot for shot, _ in found} == set(range(shots))
    assert len(found) == len(set(found)) == frames
    assert frames <= max(BOARD_FRAMES, CANDIDATES_DEFAULT + shots - 1)


def test_g180_whoever_says_how_many_gets_them_of_every_shot() -> None:
    """G-180."""
    assert sorted(plan([PLAIN, SPOKEN], 3)) == [(shot, candidate) for shot in range(2) for candidate in range(3)]
    assert plan([PLAIN, SPOKEN], chosen=False) == [(1, 0), (1, 1), (1, 2), (1, 3), (0, 0)]


def test_g180_plan_and_drawing_agree_on_the_key_shot() -> None:
    """G-180: what the owner calls the key shot is what the animatic would draw for the scene."""
    scene = written()
    assert key_shot(scene.to_dict()["shots"]) == drawn_as_key(StoryboardRequest(shots=scene.shots))


@pytest.mark.parametrize(
    ("note", "slots"),
    [
        ("closer, at night, and let it rain", {"size": "CU", "time_of_day": "night", "weather": "rain"}),
        ("Extreme close-up from below", {"size": "ECU", "angle": "low"}),
        ("medium close-up, hand-held", {"size": "MCU", "move": "handheld"}),
        ("wider", {"size": "WS"}),
        ("sadder, as if the train had left", {}),
    ],
)
def test_g181_a_note_speaks_to_a_backend_without_language(note: str, slots: dict[str, str]) -> None:
    """G-181: what a note says of camera, hour and weather becomes the shot's own slots."""
    assert slots_in(note) == slots


def test_g181_a_note_is_in_the_prompt_word_for_word() -> None:
    """G-181: in the shot's prompt, in the scene's, and in what was added; other shots are as they were."""
    scene = written().to_dict()
    found = noted(scene, {1: " closer, and rain ", 0: "  "})
    read = EnhancedScene.from_dict(json.loads(json.dumps(found)))
    assert read.shot_prompts[1] == f"{scene['shot_prompts'][1]} closer, and rain"
    assert read.prompt.endswith("Shot 2: closer, and rain")
    assert (read.shots[1].size, read.shots[1].weather) == ("CU", "rain")
    assert (read.added[-1].source, read.shots[0].to_dict()) == ("note", scene["shots"][0])
    assert noted(scene, {}) == scene


def test_g182_a_shot_carries_its_own_pick_only_where_it_differs() -> None:
    """G-182: and a shot without one is on the wire as it always was, so that older workers read it."""
    scene = written().to_dict()
    assert staged(scene, {}) == scene
    shot = Shot.from_dict(staged(scene, {0: (3, 99)})["shots"][0])
    assert (shot.candidate, shot.seed, Shot.from_dict(shot.to_dict())) == (3, 99, shot)
    assert not {"candidate", "seed"} & set(Shot.from_dict(scene["shots"][0]).to_dict())


def test_g182_the_film_follows_each_shot_s_own_pick() -> None:
    """G-182: a shot picked another way than the film is drawn as that candidate and seed; others as they were."""
    shots = tuple(Shot(n, 0.25, "KITCHEN", True, cast=(Figure("chr_1", "MARA"),)) for n in range(2))
    mixed = (replace(shots[0], candidate=3, seed=8), shots[1])

    def frames(of: tuple[Shot, ...], seed: int, start: int) -> list[bytes]:
        request = RenderRequest(shots=of, seed=seed, width=160, height=96, fps=4)
        drawn = AnimaticBackend().frames(
            request, cancelled=lambda: False, progress=lambda _done, _of: None, start_panel=start
        )
        return [frame.tobytes() for frame in drawn]

    assert frames(mixed, 1, 1) == frames(shots[:1], 8, 3) + frames(shots[1:], 1, 1)
    assert frames(mixed, 1, 1) != frames(shots, 1, 1)
