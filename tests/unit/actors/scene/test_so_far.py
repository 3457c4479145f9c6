"""The story so far: quoted, by act and by scene, whatever the length of the story (C-140 to C-142)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.scene.so_far import ACT_CHARS_MAX, NEAR_SCENES, SO_FAR_CHARS_MAX, acts_of, before
from actors.scene.summary import SUMMARY_CHARS_MAX
from actors.screenplay.breakdown import Breakdown, breakdown
from gpu.enhance.protocol import NOTE_CHARS_MAX, NOTES_MAX

pytestmark = pytest.mark.unit


def told(scripts: Sequence[str]) -> list[tuple[str, str, Breakdown]]:
    return [(f"s{index}", script, breakdown(script)) for index, script in enumerate(scripts)]


def scene(number: int, more: str = "") -> str:
    return f"INT. ROOM {number} - DAY\n\nMARA opens door {number}. Nobody answers.\n\nMARA\nIs it {number}?\n{more}"


STORY = [scene(0), scene(1, "\n# Act Two\n"), scene(2), scene(3), scene(4), scene(5), scene(6)]


def test_c140_every_word_of_it_stands_in_the_script() -> None:
    """C-140: summaries quote; a name, a thing or a deed that nobody wrote is in none of them."""
    acts = acts_of(told(STORY), {})
    for act in acts:
        for each in act.scenes:
            script = STORY[int(each.scene[1:])]
            for unit in each.words.replace("MARA: “", "|").replace("”", "|").split("|"):
                assert unit.strip() in " ".join(script.split())
            assert len(each.words) <= SUMMARY_CHARS_MAX
        assert 0 < len(act.words) <= ACT_CHARS_MAX


def test_c141_acts_are_the_script_s_sections_else_the_format_s_beats() -> None:
    """C-141: a section behind the last words of a scene begins with the next; without sections the beats are acts."""
    assert [(act.name, len(act.scenes)) for act in acts_of(told(STORY), {"s0": "Teaser"})] == [("", 2), ("Act Two", 5)]
    plain = told([scene(n) for n in range(4)])
    beats = {"s0": "Teaser", "s1": "Teaser", "s2": "Climax", "s3": "Climax"}
    assert [(act.name, len(act.scenes)) for act in acts_of(plain, beats)] == [("Teaser", 2), ("Climax", 2)]
    assert [(act.name, len(act.scenes)) for act in acts_of(plain, {})] == [("", 4)]
    own = told([scene(0), "INT. ROOM 1 - DAY\n\n# Act Two\n\nMARA waits.\n\n## A sequence\n"])
    assert [act.name for act in acts_of(own, {})] == ["", "Act Two"]


def test_c142_what_is_near_is_told_by_scene_and_what_is_far_by_act() -> None:
    """C-142: the farthest first; a first scene, and one that is not there, are told nothing."""
    story = told(STORY)
    lines = before("s6", story, {})
    assert lines[0].startswith("Earlier: MARA opens door 0.")
    assert lines[1].startswith("Act Two: MARA opens door 2.")
    assert [line.partition(":")[0] for line in lines[2:]] == [f"INT. ROOM {n} - DAY" for n in (3, 4, 5)]
    assert not any("door 6" in line for line in lines)
    first_of_act = before("s2", story, {})
    assert [line.partition(":")[0] for line in first_of_act] == ["Earlier"]
    assert before("s0", story, {}) == before("gone", story, {}) == ()


@pytest.mark.parametrize("scenes", [2, NEAR_SCENES + 1, 40, 400])
def test_c142_a_story_of_any_length_fits(scenes: int) -> None:
    """C-142: at most 1,600 characters, in lines that a request may hold."""
    draw = random.Random(scenes)
    scripts = [scene(n, "\n# Act " + "very " * draw.randrange(30) + f"{n}\n" * (n % 3)) for n in range(scenes)]
    lines = before(f"s{scenes - 1}", told(scripts), {})
    assert 0 < sum(len(line) + 1 for line in lines) <= SO_FAR_CHARS_MAX
    assert len(lines) <= NOTES_MAX
    assert all(len(line) <= NOTE_CHARS_MAX for line in lines)


@given(st.lists(st.text(max_size=300), min_size=1, max_size=6))
def test_c142_whatever_people_type(scripts: list[str]) -> None:
    """C-142: any text in any language; nothing raises and the bound holds."""
    for at in range(len(scripts)):
        assert sum(len(line) + 1 for line in before(f"s{at}", told(scripts), {})) <= SO_FAR_CHARS_MAX
