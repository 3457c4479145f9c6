"""Slips that a grammar finds: planted ones are found with both quotations, near misses are not spoken of."""

from __future__ import annotations

import pytest

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.codes import CODES
from actors.continuity.facts import Evidence, Fact
from actors.continuity.rules import Known
from tests.unit.actors.continuity.slips import score

pytestmark = pytest.mark.unit

FOUND_MIN = 0.9
BOTH_MIN = 0.85
PLANTED_MIN, SILENT_MIN = 15, 30
"""Of each kind."""

KINDS = [
    pytest.param("personality", ("personality_contradiction",), id="C-70"),
    pytest.param("age", ("age_mismatch", "date_mismatch"), id="C-71"),
    pytest.param("daylight", ("light_mismatch", "weather_break", "season_mismatch"), id="C-72"),
]


@pytest.mark.parametrize(("kind", "codes"), KINDS)
def test_planted_slips_are_found_and_near_misses_are_not(kind: str, codes: tuple[str, ...]) -> None:
    """C-70, C-71, C-72: of the planted slips nearly all, quoted where they stand; of the near misses none."""
    got = score(kind, frozenset(codes))
    assert set(codes) <= set(CODES)
    assert (got.planted >= PLANTED_MIN, got.silent >= SILENT_MIN) == (True, True)
    assert got.false == ()
    assert got.found >= FOUND_MIN * got.planted
    assert got.right >= BOTH_MIN * got.planted


def test_a_trait_set_by_hand_holds_from_the_beginning() -> None:
    """C-70: what people wrote of a character counts as told before the first scene."""
    by_hand = Fact("mara", "diet", "vegetarian", Evidence("", 0, 0, ""), author="usr_1")
    story = Continuity([Known("MARA")], [], facts=[by_hand])
    story.set_scenes([SceneInput("s0", "INT. DINER - DAY\n\nMara eats a steak.\n", 0)])
    (finding,) = story.findings()
    assert (finding.code, [e.text for e in finding.evidence]) == ("personality_contradiction", ["Mara eats a steak."])
