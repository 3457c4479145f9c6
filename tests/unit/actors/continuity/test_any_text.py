"""Any text in any language, half typed or very long: every rule reads it, in bounded time, and never raises."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput, check
from actors.continuity.rules import Known
from actors.screenplay.fountain import parse
from actors.screenplay.vocabulary import words
from tests.planted import planted
from tests.screenplays import feature_length
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit

TURN_MS_MAX = 5.0
MEMORY_MB_MAX = 20.0
NAMES = ("RUTH", "CALEB", "ليلى", "小明", "Þóra", "Ωmega", "MRS. DOYLE", "a", "’s", "")
CAST = [Known(name, (name.lower(), f"OLD {name}")) for name in NAMES]
_WORDS = words(
    """
    dies dead kills hands gives drops takes the his her map pistol letter red coat wears in off on left arm leg breaks
    runs learns about knows told and , . ? ! — ( ) ' ’s “ ” not never if INT. EXT. - DAY NIGHT LATER SAME TIME FLASHBACK
    """
)
pieces = st.sampled_from([*sorted(_WORDS), *NAMES, "\n", "\n\n", "🎬", "\u202e", "ß", "İ", "\ud800"])
broken = st.lists(pieces, max_size=60).map(" ".join)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(broken, documents), max_size=5))
def test_every_rule_reads_any_text(scripts: list[str]) -> None:
    """C-59: findings and facts of any texts quote exactly what stands there, and nothing raises."""
    story = Continuity(CAST, [Known("BARN")])
    story.set_scenes([SceneInput(f"s{i}", script, i) for i, script in enumerate(scripts)])
    quoted = [e for f in story.findings() for e in f.evidence] + [f.evidence for f in story.story_facts()]
    for each in quoted:
        assert scripts[int(each.scene_id[1:])][each.start : each.end] == each.text
    for fact in story.story_facts():
        if (
            fact.valid_to is not None
            and fact.valid_from is not None
            and fact.valid_to.scene_id == fact.valid_from.scene_id
        ):
            assert fact.valid_from.at <= fact.valid_to.at


@pytest.mark.parametrize("kind", ["alive_dead", "prop_custody", "knowledge"])
def test_a_scene_may_be_half_typed(kind: str) -> None:
    """C-59: every beginning of a scene is read while somebody types it."""
    case = next(iter(planted(kind)))
    whole = case.scripts[case.slip[0]]
    story = Continuity([Known(name) for name in case.cast], [])
    story.set_scenes([SceneInput(f"s{i}", script, i) for i, script in enumerate(case.scripts)])
    final = story.findings()
    for at in range(0, len(whole), 3):
        story.update_scene(f"s{case.slip[0]}", whole[:at])
    story.update_scene(f"s{case.slip[0]}", whole)
    assert story.findings() == final


def test_ten_thousand_lines_take_bounded_time() -> None:
    """C-59: time grows with the text, whether it is 10,000 lines of action or one sentence that never ends."""
    lines = "Ruth hands the map to Caleb. Caleb, in a red coat, breaks his left arm.\n\n" * 5_000
    endless = "INT. BARN - DAY\n\n" + "Ruth and Caleb " * 20_000
    nested = "INT. BARN - DAY\n\n" + "Ruth, " * 5_000 + "(" * 5_000 + "dies" + "'" * 5_000
    for script in ("INT. BARN - DAY\n\n" + lines, endless, nested):
        began = time.process_time()
        check([SceneInput("s0", script, 0)], CAST, [])
        assert time.process_time() - began < 20e-6 * len(script) + 0.5


def test_an_edit_is_read_and_judged_in_short_turns() -> None:
    """C-60: reading an edited scene and judging a pack stay far below a turn's 5 ms; a project is small."""
    scenes = parse(feature_length()).scenes
    cast = [Known(name) for name in ("ADA", "MARGARET", "TOMAS", "ELIAS", "RUTH", "YUSUF", "JUNO")]
    tracemalloc.start()
    story = Continuity(cast, [])
    story.set_scenes([SceneInput(f"s{i}", scene.raw, i) for i, scene in enumerate(scenes)])
    kept_mb = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    assert kept_mb < MEMORY_MB_MAX
    turns: list[float] = []
    for turn in range(40):
        at = (turn * 17) % len(scenes)
        turns.append(_timed(lambda at=at: story.update_scene(f"s{at}", scenes[at].raw + "Ada waits.\n", judge=False)))  # type: ignore[misc]
        while not story.judged:
            turns.append(_timed(story.judge_next))
    turns.sort()
    assert turns[int(len(turns) * 0.95)] < TURN_MS_MAX


def _timed(act: object) -> float:
    began = time.process_time()
    act()  # type: ignore[operator]
    return (time.process_time() - began) * 1e3
