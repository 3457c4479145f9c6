"""What comes into a scene from those before it (C-120 to C-124)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.facts import Beat, Evidence, Fact
from actors.continuity.hearing import hear
from actors.continuity.rules import Known
from actors.scene.injection import NOTES_CHARS_MAX, SECTIONS, brought_into, merged
from actors.workflow.carry import Carried, Given
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
    found = brought_into(f"s{at}", story.heard())
    return dict(found.looks), list(merged(found))


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
    story = Continuity(CAST)
    story.set_scenes([SceneInput(f"s{n}", script, n) for n, script in enumerate(STORY)])
    told = Carried("RUTH still wears: red coat", 0.9, "s0")
    carried = tuple(Carried(f"note {n} {'x' * 90}", 0.5, "s0") for n in range(20))
    found = merged(brought_into("s1", story.heard(), Given(notes=(told, *carried))))
    assert found[0] == told.words
    assert len(found) == len(set(found)) < 21
    assert sum(len(note) + 2 for note in found) <= NOTES_CHARS_MAX
    unread = brought_into("nobody", story.heard(), Given(notes=carried))
    assert sum(len(note) + 2 for note in merged(unread)) <= NOTES_CHARS_MAX
    assert merged(Given()) == ()


def test_c123_sections_have_names_and_budgets() -> None:
    """C-123: each section keeps to its own budget and says its name and the scene whose words it stands on."""
    cuts = "\n\n".join(f"RUTH cuts her left {part} on a rope." for part in ("hand", "arm", "leg", "foot", "knee"))
    crowd = [f"INT. KITCHEN - MORNING\n\nRUTH puts on a red coat. RUTH grabs a lantern.\n\n{cuts}\n", *STORY[1:]]
    story = Continuity(CAST)
    story.set_scenes([SceneInput(f"s{n}", script, n) for n, script in enumerate(crowd)])
    notes = brought_into("s3", story.heard()).notes
    assert [note.section for note in notes] == sorted(
        (note.section for note in notes), key=[section.name for section in SECTIONS].index
    )
    assert {note.section for note in notes} == {"wounds", "clothes", "hands"}
    assert {note.scene for note in notes} == {"s0"}
    for section in SECTIONS:
        assert sum(len(note.words) + 2 for note in notes if note.section == section.name) <= section.chars_max


def test_c124_things_in_hand_come_in_though_nobody_has_left_a_scene() -> None:
    """C-124: what somebody took, till it is given, lost or the day ends; what is only used is in nobody's hand."""
    scripts = [
        "INT. HALL - DAY\n\nRUTH grabs the lantern. TOMAS kicks the gate.\n",
        "INT. STAIRS - CONTINUOUS\n\nRUTH climbs. TOMAS follows.\n",
        "INT. ROOF - CONTINUOUS\n\nRUTH hands the lantern to TOMAS.\n",
        "INT. STAIRS - CONTINUOUS\n\nRUTH looks for the lantern.\n",
        "INT. HALL - NEXT DAY\n\nTOMAS yawns.\n",
    ]
    assert brought(1, scripts)[1] == ["RUTH still has the lantern"]
    assert brought(3, scripts)[1] == ["the lantern was last with TOMAS"]
    assert brought(4, scripts)[1] == []


def test_c124_the_words_know_better_than_an_older_workflow() -> None:
    """C-124: one note about a thing; the later word counts, a person's among them."""
    scripts = [
        "INT. HALL - DAY\n\nRUTH grabs the lantern.\n",
        "INT. ROOF - CONTINUOUS\n\nRUTH hands the lantern to TOMAS.\n",
        "INT. STAIRS - CONTINUOUS\n\nRUTH climbs. TOMAS follows.\n",
    ]
    old = Given(notes=(Carried("RUTH still has the lantern", 0.6, "s0", about="lantern"),))
    story = Continuity(CAST)
    story.set_scenes([SceneInput(f"s{n}", script, n) for n, script in enumerate(scripts)])
    assert merged(brought_into("s2", story.heard(), old)) == ("TOMAS still has the lantern",)
    assert merged(brought_into("s1", story.heard(), old)) == ("RUTH still has the lantern",)
    quote = Evidence("s1", 0, 4, "INT.")
    story.set_premise([Fact("ruth", "holds", "map", quote, valid_from=Beat("s1", 0), author="usr_a")])
    assert merged(brought_into("s2", story.heard())) == (
        "RUTH still has the map",
        "TOMAS still has the lantern",
    )


def test_c125_projections_alone_tell_what_the_supervisor_tells() -> None:
    """C-125: views, happenings and so the notes, with aliases, dreams and facts by hand."""
    cast = [Known("RUTH BELL", ("RUTH",)), Known("TOMAS")]
    quote = Evidence("s0", 0, 4, "INT.")
    facts = [Fact("tomas", "holds", "map", quote, valid_from=Beat("s0", 0), author="usr_a")]
    story = Continuity(cast, facts=facts)
    story.set_scenes([SceneInput(f"s{n}", script, n) for n, script in enumerate(STORY)])
    heard = hear([(f"s{n}", script) for n, script in enumerate(STORY)], cast, facts)
    for (view, told), (alone, happened) in zip(story.heard(), heard, strict=True):
        assert (view.id, view.before, view.day, view.aside, told) == (
            alone.id,
            alone.before,
            alone.day,
            alone.aside,
            happened,
        )
    for at in range(len(STORY)):
        assert brought_into(f"s{at}", heard) == brought_into(f"s{at}", story.heard())


async def test_c120_c121_a_prompt_is_told_and_lists_it() -> None:
    """C-120, C-121: what the writer is asked has the looks on the person and the rest among its notes."""
    async with story() as it:
        home = await it.bring("\n".join(STORY))
        tale = Tale(it, home, [row.id for row in await it.ledger.views("scene", home=home)])
        asked = await tale.asked(3)
        assert asked["continuity_notes"][:2] == ["RUTH is still hurt: left hand", "RUTH still wears: red coat"]
        assert {slot["name"]: slot["descriptors"] for slot in asked["cast"]}["RUTH"] == ["50s, grey braid"]


@settings(deadline=None)  # a busy machine is no fault of the text
@given(st.lists(st.text(max_size=200) | st.sampled_from(STORY), min_size=1, max_size=5))
def test_c122_whatever_people_type(scripts: list[str]) -> None:
    """C-122: any text in any language; nothing raises and the budget holds."""
    for at in range(len(scripts)):
        looks, notes = brought(at, scripts)
        assert all(looks.values())
        assert sum(len(note) + 2 for note in notes) <= NOTES_CHARS_MAX
