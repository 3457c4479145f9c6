"""The script supervisor's breakdown (C-111 to C-113)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.continuity.rules import Known
from actors.continuity.sheet import ITEMS_MAX, Item, SheetRow, sheet_of

pytestmark = pytest.mark.unit

STORY = [
    "INT. KITCHEN - MORNING\n\nRUTH (50s) puts on a red coat. She picks up the lantern. "
    "TOMAS (20s) waits by a truck.\n\nRUTH\nCome, Tomas.\n",
    "EXT. PIER - LATER\n\nRain. Ruth cuts her left hand on a rope.\n\nTOMAS\nLet me see.\n",
    "INT. CHAPEL - DREAM\n\nRUTH floats in a white dress.\n",
    "EXT. PIER - NEXT DAY #4A#\n\nRUTH watches Tomas. Her hair is wet.\n",
    "INT. CAR - WINTER - NIGHT\n\nTOMAS drives the car.\n",
]


def sheet(scripts: Sequence[str], cast: Sequence[Known] = ()) -> tuple[SheetRow, ...]:
    return sheet_of([(f"s{index}", script) for index, script in enumerate(scripts)], cast)


def test_c111_each_scene_has_its_day_set_length_and_people() -> None:
    """C-111: numbers of the script where it has them; people by first entrance, and the same in every scene."""
    rows = sheet(STORY)
    assert [row.number for row in rows] == ["1", "2", "3", "4A", "5"]
    assert [row.day for row in rows] == ["D1", "D1", "", "D2", "N2"]
    assert [(row.setting, row.place, row.time) for row in rows[:2]] == [
        ("INT", "KITCHEN", "morning"),
        ("EXT", "PIER", None),
    ]
    assert rows[0].cast == ((1, "RUTH"), (2, "TOMAS"))
    assert [row.cast for row in rows[2:4]] == [((1, "RUTH"),), ((1, "RUTH"), (2, "TOMAS"))]
    assert (rows[1].weather, rows[4].season) == ("rain", "winter")
    assert [item.words for item in rows[0].vehicles] == ["a truck"]
    assert all(row.length >= 1 for row in rows)
    assert rows[1].synopsis.startswith("Rain. Ruth cuts her left hand")


def test_c112_what_lasts_is_told_with_the_scene_it_is_from() -> None:
    """C-112: clothes and things in hand for the story day, wounds until they heal; a dream has no part in it."""
    rows = sheet(STORY)
    assert rows[0].wardrobe == (Item("red coat", "RUTH"),)
    assert not any("coat" in item.words for item in rows[0].props)
    assert Item("lantern", "RUTH") in rows[0].props
    assert rows[1].wardrobe == (Item("red coat", "RUTH", "1"),)
    assert Item("lantern", "RUTH", "1") in rows[1].props
    assert rows[1].looks == (Item("hurt: left hand", "RUTH"),)
    assert all(not item.since for item in (*rows[2].wardrobe, *rows[2].looks, *rows[2].props))
    assert rows[3].wardrobe == ()
    assert rows[3].looks[0] == Item("hurt: left hand", "RUTH", "2")
    assert not any("white" in item.words for item in rows[3].wardrobe)


def test_c112_a_thing_is_in_one_hand() -> None:
    """C-112: who takes it has it; who had it does not."""
    taken = [STORY[0], "EXT. PIER - CONTINUOUS\n\nTOMAS grabs the lantern from Ruth.\n\nRUTH\nCareful.\n"]
    assert [item for item in sheet(taken)[1].props if item.words == "lantern"] == [Item("lantern", "TOMAS")]


def test_c113_the_cast_s_own_names_count() -> None:
    """C-113: a person of the cast is one under every spelling."""
    rows = sheet(["INT. ROOM - DAY\n\nDOC\nWell.\n\nMARGARET\nWell what?\n"], [Known("DR. BELL", ("DOC",))])
    assert rows[0].cast == ((1, "DR. BELL"), (2, "MARGARET"))


def test_c113_a_cell_is_bounded_and_says_so() -> None:
    """C-113: at most forty items of a kind; what is left off is counted."""
    things = " ".join(f"She lifts the THING {chr(65 + n // 26)}{chr(65 + n % 26)}." for n in range(ITEMS_MAX + 5))
    (row,) = sheet([f"INT. ROOM - DAY\n\nRUTH (50s) waits. {things}\n"])
    assert len(row.props) == ITEMS_MAX
    assert row.more > 0


@settings(deadline=None)
@given(st.lists(st.text(max_size=200) | st.sampled_from(STORY), max_size=6))
def test_c113_whatever_people_type(scripts: list[str]) -> None:
    """C-113: any text in any language has its row."""
    assert [row.scene for row in sheet(scripts)] == [f"s{n}" for n in range(len(scripts))]
