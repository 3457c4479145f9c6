"""Who somebody is, as the words of a story tell it (C-150, C-151, C-156)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.facts import Evidence
from actors.continuity.people_known import Age, Person, people_of_story
from actors.continuity.reads import reads_of
from actors.scene.injection import brought_into, merged
from tests.unit.actors.continuity.test_any_text import broken
from tests.unit.actors.screenplay.test_fountain import documents

pytestmark = pytest.mark.unit


def known(*scripts: str) -> dict[str, Person]:
    names, reads = reads_of([(f"s{i}", script) for i, script in enumerate(scripts)], ())
    return {person.key: person for person in people_of_story(reads, names)}


def quoted(scripts: Sequence[str], each: Evidence) -> bool:
    return scripts[int(each.scene_id[1:])][each.start : each.end] == each.text


PIERRE = "INT. BAR - NIGHT\n\nPIERRE (40s), a waiter with a thick French accent, wipes a glass.\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (PIERRE, [("accent", "French")]),
        ("INT. BAR - DAY\n\nRUTH\n(with an Irish accent)\nCome in.\n", [("accent", "Irish")]),
        ("INT. BAR - DAY\n\nRUTH sits. Ruth has a gravelly voice.\n\nRUTH\nHello.\n", [("timbre", "gravelly")]),
        ("INT. BAR - DAY\n\nRUTH\n(in a fake French accent)\nBonjour.\n", []),
        ("INT. BAR - DAY\n\nRUTH\n(mocking his German accent)\nJa.\n", []),
        ("INT. BAR - DAY\n\nRUTH (30) hears a French accent.\n", []),
        ("INT. BAR - DAY\n\nRUTH (30) loses her Texan drawl.\n", []),
        ("INT. BAR - DAY\n\nRUTH (30) reads a French book in a deep chair.\n", []),
    ],
)
def test_c150_a_voice_is_read_of_who_has_it(script: str, found: list[tuple[str, str]]) -> None:
    """C-150: an accent and a described voice last; what is faked, mocked, heard or lost is nobody's."""
    told = [(f.attribute, f.value) for person in known(script).values() for f in person.voice.values()]
    assert told == found
    for person in known(script).values():
        assert all(quoted([script], fact.evidence) for fact in person.voice.values())


def test_c150_how_a_line_is_said_is_of_its_scene() -> None:
    """C-150: "in a hoarse whisper" is of this line; the next scene has not got it."""
    scripts = ["INT. BAR - DAY\n\nRUTH\n(in a hoarse whisper)\nRun.\n", "INT. BAR - LATER\n\nRUTH\n(slowly)\nWe ran.\n"]
    ruth = known(*scripts)["ruth"]
    assert not ruth.voice
    assert [[(f.attribute, f.value) for f in scene.voice] for scene in ruth.scenes] == [
        [("timbre", "hoarse"), ("timbre", "whispering")],
        [("pace", "slow")],
    ]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("RUTH\n(smiling)\nCome in.\n", ["smiling"]),
        ("RUTH sits.\n\nRUTH\nNo.\n\nRuth is crying.\n", ["crying"]),
        ("RUTH (30) bursts into tears.\n", ["crying"]),
        ("RUTH (30) laughs.\n", ["laughing"]),
        ("RUTH\n(not smiling)\nCome in.\n", []),
        ("RUTH (30) tries to smile.\n", []),
        ("RUTH (30) cries out for help.\n", []),
        ("RUTH (30) looks at the smiling doll.\n", []),
        ("RUTH\n(shaking her head)\nNo.\n", []),
        ("RUTH (30) almost laughs.\n", []),
    ],
)
def test_c151_a_face_is_read_from_plain_words(body: str, values: list[str]) -> None:
    """C-151: explicit words of somebody's own face; a wish, an attempt or another face is none."""
    script = f"INT. BAR - DAY\n\n{body}"
    found = [f for person in known(script).values() for scene in person.scenes for f in scene.expressions]
    assert [f.value for f in found] == values
    assert all(quoted([script], f.evidence) and f.entity == "ruth" for f in found)


def test_c151_an_age_is_counted_on_only_over_counted_years() -> None:
    """C-151: told, carried, counted over "two years later", forgotten where nobody counts; a dream has none."""
    ruth = known(
        "INT. BAR - DAY\n\nRUTH (34) waits.\n",
        "INT. BAR - LATER\n\nRUTH\nStill here.\n",
        "INT. BAR - DREAM\n\nRUTH\nStill here.\n",
        "INT. BAR - TWO YEARS LATER\n\nRUTH\nStill here.\n",
        "INT. BAR - YEARS LATER\n\nRUTH\nStill here.\n",
    )["ruth"]
    ages = [scene.age and (scene.age.low, scene.age.counted) for scene in ruth.scenes]
    assert ages == [(34, 0), (34, 0), None, (36, 2), None]
    born = known("INT. BAR - DAY\n\nSUPER: 1990\n\nRUTH\nI was born in 1950.\n")["ruth"].scenes[0].age
    assert isinstance(born, Age)
    assert (born.low, born.high) == (39, 40)


def test_c156_a_prompt_is_told_what_its_scene_leaves_unsaid() -> None:
    """C-156: age, accent and light of a scene before, each once, with its scene; not what the scene says itself."""
    scripts = [
        "INT. BAR - NIGHT\n\nRUTH (34), a singer with an Irish accent, enters. The lights go out.\n",
        "INT. BAR - CONTINUOUS\n\nRUTH\nWho is there?\n",
        "INT. BAR - CONTINUOUS\n\nRUTH (35) finds a match. She lights a candle.\n",
        "INT. OFFICE - NEXT DAY\n\nTOMAS\nGood morning.\n",
    ]
    story = Continuity()
    story.set_scenes([SceneInput(f"s{i}", script, i) for i, script in enumerate(scripts)])
    notes = [merged(brought_into(f"s{i}", story.heard())) for i in range(4)]
    assert notes == [
        (),
        ("RUTH is 34", "RUTH speaks with an Irish accent", "here the lights are out"),
        ("RUTH speaks with an Irish accent", "here the lights are out"),
        (),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(broken, documents), max_size=4))
def test_c150_any_text_has_identities(scripts: list[str]) -> None:
    """C-150, C-151: nothing raises, and every quotation is exact."""
    for person in known(*scripts).values():
        facts = [*person.looks.values(), *person.voice.values()]
        facts += [fact for scene in person.scenes for fact in (*scene.expressions, *scene.voice)]
        assert all(quoted(scripts, fact.evidence) for fact in facts)
        assert all(quoted(scripts, scene.age.evidence) for scene in person.scenes if scene.age is not None)
