"""Where action puts the things of a scene (C-92)."""

from __future__ import annotations

import pytest

from actors.continuity.facts import facts_of
from actors.screenplay.breakdown import breakdown
from actors.screenplay.prose_things import SENTENCES_MAX, things_put

pytestmark = pytest.mark.unit

SCENE = """INT. BOATHOUSE - NIGHT

Mara puts the letter in the drawer. She takes off her coat and drops it on the chair.

MARA
I put the lamp on the table.

The keys are hung on the wall. A car crosses left to right.

Rain. [[Mara puts the map in the fire.]] She waits.
"""


def test_things_lie_where_action_puts_them() -> None:
    """C-92: what is only said, or not shown, puts nothing anywhere; left and right are no places."""
    found = [(thing, place, SCENE[span.start : span.end]) for thing, place, span in things_put(SCENE, breakdown(SCENE))]
    assert found == [
        ("letter", "drawer", "Mara puts the letter in the drawer."),
        ("coat", "chair", "She takes off her coat and drops it on the chair."),
        ("keys", "wall", "The keys are hung on the wall."),
    ]


def test_they_are_facts_of_the_scene_and_a_guess() -> None:
    """C-92"""
    letter, coat, _ = (f for f in facts_of("s1", SCENE, breakdown(SCENE)) if f.attribute == "put")
    assert (letter.entity, letter.value, letter.confidence) == ("letter", "drawer", 0.5)
    assert letter.evidence.text == SCENE[letter.evidence.start : letter.evidence.end]
    assert coat.evidence.scene_id == "s1"


def test_a_long_scene_is_read_to_a_limit() -> None:
    """C-92"""
    script = "INT. A - DAY\n\n" + "Anna drops the key in the well. " * (SENTENCES_MAX + 50)
    assert len(list(things_put(script, breakdown(script)))) == SENTENCES_MAX
