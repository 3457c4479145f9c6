"""What the gate may write for people: which codes have a safe fix, that it mends, and that its diff is the change."""

from __future__ import annotations

import pytest

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.codes import CODES
from actors.continuity.rules import Known
from actors.scene.gate import WARNING, Verdict, corrections_of, judge, told, written
from tests.planted import planted
from tests.unit.actors.continuity.slips import cases

pytestmark = pytest.mark.unit

SAFE = frozenset({"name_drift", "timeline_error", "setting_mismatch", "wardrobe_break", "injury_break"})
"""Codes of which a fix cannot change what is meant: a name, an hour that must go on, a place's name or INT. and EXT., a
colour nobody changed, a side of the body. Of all others either of two passages, or a choice, is a person's."""

HAPPENED = (
    *("alive_dead", "two_places", "prop_custody", "wardrobe", "injury", "knowledge"),
    *("name_drift", "new_character", "timeline_error", "setting_mismatch"),
)
READ = ("personality", "age", "daylight", "counts", "world_rules", "setups", "directions", "styles")


def a_story(scripts: tuple[str, ...], names: tuple[str, ...]) -> Continuity:
    engine = Continuity([Known(name) for name in names], [])
    engine.set_scenes([SceneInput(f"s{at}", script, at) for at, script in enumerate(scripts)])
    return engine


def stories() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Slips of every code that are planted somewhere in the tests."""
    found = [(tuple(case.scripts), tuple(case.cast)) for kind in HAPPENED for case in planted(kind, 1)]
    return found + [(case.scenes, case.names) for kind in READ for case in cases("planted", kind)]


def test_g341_five_codes_have_a_safe_fix_and_it_mends() -> None:
    """G-341: of all that is planted, no other code ever offers one; made, the finding is gone, and the diff is what
    changed, whatever stands before it: also code points outside the plane that editors count twice."""
    fixed: set[str] = set()
    for scripts, names in stories():
        engine = a_story(scripts, names)
        for at, script in enumerate(scripts):
            verdict = told(engine.fork(), f"s{at}", script)
            for issue in (each for each in verdict.issues if each["fix"]):
                fixed.add(issue["type"])
                made = corrections_of(script, [issue])
                if not made:
                    continue  # it mends another scene's words
                (one,) = made
                assert script[one["start"] : one["end"]] == one["before"] != one["after"]
                again = judge(engine.fork(), f"s{at}", written(script, made))
                assert issue["id"] not in {each["id"] for each in again.issues}, (issue, script)
                _astral(engine, at, script, one)
    assert fixed <= SAFE < frozenset(CODES)
    assert fixed >= {"name_drift", "wardrobe_break", "injury_break", "timeline_error"}


def _astral(engine: Continuity, at: int, script: str, one: dict[str, object]) -> None:
    """The same diff, moved by what was put in front of the scene's first action."""
    head, gap, rest = script.partition("\n\n")
    moved = judge(engine.fork(), f"s{at}", f"{head}{gap}🫖🥄 Steam.\n\n{rest}")
    diffs = {(each["before"], each["after"]) for each in corrections_of(moved.asked, moved.issues)}
    assert (one["before"], one["after"]) in diffs
    for each in corrections_of(moved.asked, moved.issues):
        assert moved.asked[each["start"] : each["end"]] == each["before"]


BEFORE = "INT. KITCHEN - NIGHT\n\nMARA wears a red coat. MARA cuts her left hand.\n\nMARA\nWait.\n"
MANY = (
    "INT. CORRIDOR - DAY - CONTINUOUS\n\n🫖 MARA wears a blue coat. 🥄 MARA holds her bandaged right hand.\n\n"
    "MARAH\nGone.\n\nMARA\nStill here.\n"
)


def verdict_of_many() -> Verdict:
    return told(a_story((BEFORE, MANY), ("MARA",)), "s1", MANY)


def test_g342_several_fixes_of_one_scene_are_one_right_diff() -> None:
    """G-342: each counts in the words as they were asked for; made together they are what making one after the other
    from the end gives, and words between are untouched."""
    verdict = verdict_of_many()
    made = corrections_of(MANY, verdict.issues)
    assert [(each["before"], each["after"]) for each in made] == [
        ("DAY", "NIGHT"), ("blue", "red"), ("right", "left"), ("MARAH", "MARA"),
    ]  # fmt: skip
    assert [each["start"] for each in made] == sorted(each["start"] for each in made)
    right = MANY.replace("DAY", "NIGHT").replace("blue", "red").replace("right", "left").replace("MARAH", "MARA")
    assert written(MANY, made) == right
    safe = [each for each in verdict.issues if each["severity"] == WARNING]
    assert verdict.corrected() == written(MANY, corrections_of(MANY, safe)) == right.replace("NIGHT", "DAY")
    assert judge(a_story((BEFORE, MANY), ("MARA",)), "s1", right).issues == ()


def test_g342_of_two_that_overlap_the_first_is_made_and_the_second_is_judged_again() -> None:
    """G-342: it stays an open issue of the words it was found in; of the corrected words it is judged anew, and if it
    still stands it is offered then. Nothing is written twice into one place at once."""
    red, blue, green = "wears a red hat.", "INT. HALL - NIGHT\n\nMARA wears a blue scarf.\n", "wears a green hat"
    first = f"INT. ATTIC - NIGHT\n\nMARA {red} MARA wears a grey scarf.\n\nMARA\nYes.\n"
    words = blue.replace("HALL - NIGHT", "HALL - CONTINUOUS").replace("blue scarf", "blue hat and a blue scarf")
    verdict = told(a_story((first, words), ("MARA",)), "s1", words)
    fixes = [each for each in verdict.issues if each["fix"]]
    doubled = [*fixes, *({**each, "id": f"{each['id']} too"} for each in fixes)]
    made = corrections_of(words, doubled)
    assert len(made) == len(fixes) > 0
    assert {each["finding"] for each in made} == {each["id"] for each in fixes}
    again = judge(a_story((first, words), ("MARA",)), "s1", written(words, made))
    assert not {each["id"] for each in again.issues} & {each["finding"] for each in made}
    assert green not in written(words, made)
