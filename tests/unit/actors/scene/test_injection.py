"""What people bring into a scene (C-120 to C-122)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.rules import Known
from actors.scene.injection import NOTES_CHARS_MAX, brought_into, merged
from actors.workflow.carry import Given
from tests.unit.actors.story import story
from tests.unit.actors.workflow.tale import Tale

pytestmark = pytest.mark.unit

STORY = [
    "INT. KITCHEN - MORNING\n\nRUTH (50s, grey braid) puts on a red coat. TOMAS (20s) waits.\n\nRUTH\nCome, Tomas.\n",
    "EXT. PIER - LATER\n\nRuth cuts her left hand on a rope.\n\nTOMAS\nLet me see.\n",
    "EXT. SEA - DREAM\n\nTOMAS puts on a blue hat.\n",
    "INT. BOAT - CONTINUOUS\n\nRUTH sits down.\n\nTOMAS\nQuiet now.\n",
    "EXT. PIER - NEXT DAY\n\nRUTH looks at the sea.\n",
]
CAST = [Known("RUTH"), Known("TOMAS")]


def brought(
    at: int, scripts: Sequence[str] = STORY, cast: Sequence[Known] = CAST
) -> tuple[dict[str, object], list[str]]:
    story = Continuity(CAST)
    story.set_scenes([SceneInput(f"s{n}", script, n) for n, script in enumerate(scripts)])
    looks, notes = brought_into(f"s{at}", story.heard())
    return dict(looks), list(notes)


def test_c120_a_person_looks_as_when_first_described() -> None:
    """C-120: in every later scene that does not describe them itself; never in an earlier one."""
    assert brought(0)[0] == {}
    assert brought(1)[0] == {"ruth": ("50s, grey braid",), "tomas": ("20s",)}
    again = [*STORY[:1], "INT. HALL - LATER\n\nRUTH (50s, now in a wig) enters.\n"]
    assert brought(1, again)[0] == {}


def test_c121_clothes_last_for_the_story_day_and_wounds_until_they_heal() -> None:
    """C-121: the body first; a dream has no part in it; who dresses in the scene brings no clothes."""
    assert brought(1)[1] == ["RUTH still wears: red coat"]
    assert brought(2)[1] == []
    assert brought(3)[1] == ["RUTH is still hurt: left hand", "RUTH still wears: red coat"]
    assert brought(4)[1] == ["RUTH is still hurt: left hand"]
    dressed = [*STORY[:1], "INT. HALL - LATER\n\nRUTH takes off her red coat.\n"]
    assert brought(1, dressed)[1] == []


def test_c122_notes_have_a_budget_and_the_body_goes_first() -> None:
    """C-122: each once, at most 1,200 characters; what is carried otherwise is left off first."""
    carried = tuple(f"note {n} {'x' * 90}" for n in range(20))
    found = merged(Given(notes=("RUTH still wears: red coat", *carried), lasting=("RUTH still wears: red coat",)))
    assert found[0] == "RUTH still wears: red coat"
    assert len(found) == len(set(found)) < 21
    assert sum(len(note) + 2 for note in found) <= NOTES_CHARS_MAX
    assert merged(Given()) == ()


async def test_c120_c121_a_prompt_is_told_and_lists_it() -> None:
    """C-120, C-121: what the writer is asked has the looks on the person and the rest among its notes."""
    async with story() as it:
        home = await it.bring("\n".join(STORY))
        tale = Tale(it, home, [row.id for row in await it.ledger.views("scene", home=home)])
        asked = await tale.asked(3)
        assert asked["continuity_notes"][:2] == ["RUTH is still hurt: left hand", "RUTH still wears: red coat"]
        assert {slot["name"]: slot["descriptors"] for slot in asked["cast"]}["RUTH"] == ["50s, grey braid"]


@given(st.lists(st.text(max_size=200) | st.sampled_from(STORY), min_size=1, max_size=5))
def test_c122_whatever_people_type(scripts: list[str]) -> None:
    """C-122: any text in any language; nothing raises and the budget holds."""
    for at in range(len(scripts)):
        looks, notes = brought(at, scripts)
        assert all(looks.values())
        assert sum(len(note) + 2 for note in merged(Given(lasting=tuple(notes)))) <= NOTES_CHARS_MAX
