"""Days of the story, and scenes outside its clock."""

from __future__ import annotations

import pytest

from actors.continuity.check import Continuity, SceneInput

pytestmark = pytest.mark.unit


def story(*scripts: str) -> Continuity:
    found = Continuity()
    found.set_scenes([SceneInput(f"s{i}", f"{script}\n\nSomebody waits.\n", i) for i, script in enumerate(scripts)])
    return found


def days(*headings: str) -> list[str]:
    told = story(*headings)
    return [day.label if (day := told.day_of(f"s{i}")) else "-" for i in range(len(headings))]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["INT. BARN - DAY", "EXT. ROAD - NIGHT", "INT. BARN - MORNING", "EXT. ROAD - DAY"], "D1 N1 D2 D2"),
        (["INT. BARN - NIGHT", "INT. BARN - CONTINUOUS", "EXT. ROAD - LATER"], "N1 N1 N1"),
        (["INT. BARN - DAY", "INT. BARN - NEXT DAY", "INT. BARN - THREE DAYS LATER"], "D1 D2 D5"),
        (["INT. BARN - DAY", "INT. BARN - TWO WEEKS LATER", "INT. BARN - NIGHT - A YEAR LATER"], "D1 D15 N380"),
        (["INT. BARN - DAY", "INT. CAVE - NIGHT (DREAM)", "INT. BARN - DAY"], "D1 - D1"),
        (["INT. BARN - DAY", "EXT. ROAD - DAY\n\nSUPER: FOUR DAYS LATER"], "D1 D5"),
        (["INT. BARN - DAY", "EXT. ROAD - TWENTY-ONE DAYS LATER", "EXT. ROAD - FORTY DAYS LATER"], "D1 D22 D62"),
        (["INT. BARN - DAY", "EXT. ROAD - DAY\n\nFOUR DAYS LATER"], "D1 D5"),
        (["INT. BARN", "INT. BARN - 9999 YEARS LATER", "EXT. ROAD - NEXT MORNING"], "D1 D100000 D100000"),
        (["INT. BARN - EVENING", "INT. BARN - NIGHT", "INT. BARN - DAWN", "INT. BARN - DAY"], "N1 N1 D2 D2"),
        (["", "INT. BARN - NIGHT"], "D1 N1"),
    ],
)
def test_each_scene_has_its_day(headings: list[str], expected: str) -> None:
    """C-50: headings, titles and the order of hours give each scene its story day; a dream has none."""
    assert days(*headings) == expected.split()


def test_a_bare_cut_may_hide_a_week() -> None:
    """C-50: scenes are of one run only where words tie them together."""
    told = story("INT. BARN - DAY", "INT. BARN - LATER", "EXT. ROAD - SAME", "EXT. ROAD - DAY")
    runs = [day.run for i in range(4) if (day := told.day_of(f"s{i}"))]
    assert runs == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("scripts", "aside"),
    [
        (["INT. A - DAY", "INT. B - NIGHT - FLASHBACK", "INT. A - DAY"], [1]),
        (["INT. A - DAY\n\nBEGIN FLASHBACK:", "INT. B - DAY", "INT. C\n\nEND FLASHBACK", "INT. A"], [0, 1, 2]),
        (["INT. A - DAY", "DREAM SEQUENCE\n\nINT. B - DAY", "INT. A - DAY"], [1]),
        (["INT. A - DAY\n\nBEGIN DREAM", "INT. A - DAY - BACK TO PRESENT", "INT. B - DAY"], [0]),
        (["INT. A\n\nShe tells him that the dream was long and that none of it was true.", "INT. B"], []),
    ],
)  # fmt: skip
def test_dreams_and_flashbacks_stand_aside(scripts: list[str], aside: list[int]) -> None:
    """C-51: a scene is outside the clock by its heading, or between the marks that open and close a flashback."""
    told = story(*scripts)
    assert [i for i in range(len(scripts)) if told.day_of(f"s{i}") is None] == aside


def test_a_flashback_that_nobody_closes_ends() -> None:
    """C-51: an open flashback lasts a bounded number of scenes."""
    told = story("INT. A - DAY\n\nBEGIN FLASHBACK:", *(f"INT. R{i} - DAY" for i in range(20)))
    asides = [i for i in range(21) if told.day_of(f"s{i}") is None]
    assert asides == list(range(13))
