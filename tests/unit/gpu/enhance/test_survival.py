"""What counts as survival of a shot's slots in somebody's words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.enhance.survival import lost
from gpu.video.protocol import TIMES_OF_DAY, Figure, Shot

pytestmark = pytest.mark.unit

SHOT = Shot(
    0, 3.0, "NIGHT CLUB", True, "dusk", cast=(Figure("a", "ANN LEE"), Figure("b", "O’Neil")), props=("brass lantern",)
)
GOOD = "In the Night Club at dusk, Ann Lee takes the brass  lantern from O'Neil."


def test_words_that_keep_every_slot_pass_in_any_case_and_spelling_of_marks() -> None:
    """G-221: case, white space and the kind of apostrophe are no loss; a plural or possessive is still the thing."""
    assert lost(SHOT, GOOD, ["ANN LEE", "O’Neil"]) == ()
    assert lost(SHOT, "Ann Lee’s brass lanterns, O’Neil, night club, dusk") == ()


@pytest.mark.parametrize("slot", ["Ann Lee", "O'Neil", "brass  lantern", "Night Club", "dusk"])
def test_each_slot_alone_is_missed(slot: str) -> None:
    """G-221: a name, a prop, the place and the hour are each looked for, as whole words."""
    for instead in ("somebody", f"x{slot}x"):
        gone = lost(SHOT, GOOD.replace(slot, instead))
        assert [each.casefold().replace("’", "'") for each in gone] == [slot.casefold().replace("  ", " ")]


def test_nobody_and_no_hour_is_put_in() -> None:
    """G-221: a person of the scene who is not in the shot, and another hour, are refused; names are no claims."""
    cast = ["ANN LEE", "O’Neil", "ANN", "TOMAS"]
    assert lost(SHOT, GOOD, cast) == ()  # ANN only stands in ANN LEE, night only in NIGHT CLUB
    assert lost(SHOT, f"{GOOD} Tomas looks on.", cast) == ("+TOMAS",)
    assert lost(SHOT, f"{GOOD} Soon it is night.", cast) == ("+night",)
    assert lost(SHOT, f"{GOOD} One day she will tell.", cast) == ()


def test_words_that_run_in_circles_are_refused() -> None:
    """G-221: what a small model says until its tokens end is no phrase."""
    assert lost(SHOT, GOOD + " and so it goes" * 3) == ("~",)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=1, max_size=12), min_size=1, max_size=6),
    st.sampled_from(TIMES_OF_DAY),
)
def test_any_slots_survive_in_a_list_of_themselves(names: list[str], hour: str) -> None:
    """G-221: in any script, saying the slots is keeping them, and saying none loses all that are told."""
    shot = Shot(0, 1.0, names[0], True, hour, cast=tuple(Figure(str(i), n) for i, n in enumerate(names)))  # type: ignore[arg-type]
    kept = lost(shot, " | ".join((*names, hour)))
    assert not [each for each in kept if not each.startswith(("+", "~"))]
    assert hour in lost(shot, "")
