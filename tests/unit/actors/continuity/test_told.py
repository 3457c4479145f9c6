"""Every fact of a story in one list: what a guesser read stands only where nobody surer spoke (C-169)."""

from __future__ import annotations

from typing import Any

import pytest

from actors.continuity.facts import Fact
from actors.continuity.hearing import hear
from actors.continuity.rules import Known
from actors.continuity.told import every_fact
from actors.reading.views import ReadFactsView, facts_of_rows
from actors.scene.asking import script_sha256

pytestmark = pytest.mark.unit

CAST = [Known("RUTH"), Known("CALEB")]
TEXTS = {
    "s0": "INT. BARN - DAY\n\nRuth, in a red coat, picks up the map.\n\nRUTH\nHe has my lantern, you know.\n",
    "s1": "EXT. ROAD - LATER\n\nRuth walks. Caleb is behind her, a scratch on his hand.\n",
}


def row(scene: str, *facts: tuple[str, str, str, str], script: str | None = None) -> ReadFactsView:
    text = TEXTS[scene]
    found: list[dict[str, Any]] = [
        {"entity": who, "attribute": what, "value": value, "quote": quote, "at": text.index(quote), "confidence": 0.6}
        for who, what, value, quote in facts
    ]
    return ReadFactsView(scene, "prj", script_sha256(script or text), "openai", "m", tuple(found))


def guessed(*rows: ReadFactsView) -> list[Fact]:
    facts = every_fact(hear(TEXTS.items(), CAST), facts_of_rows(rows, TEXTS))
    return [fact for fact in facts if fact.reader == "llm"]


def test_a_guess_is_left_out_where_explicit_words_say_what_holds() -> None:
    """C-169: of the same thing, garment, wound or life; what the words leave open stays, for its scene, unsure."""
    here = row(
        "s0",
        ("caleb", "holds", "lantern", "He has my lantern"),
        ("caleb", "holds", "map", "picks up the map"),  # Ruth has it, in so many words
        ("ruth", "wears", "blue coat", "in a red coat"),
        ("ruth", "at", "the road", "picks up the map"),
    )
    (fact,) = guessed(here)
    assert (fact.entity, fact.value, fact.confidence, fact.author) == ("caleb", "lantern", 0.6, "")
    assert fact.valid_to is not None
    assert (fact.valid_to.scene_id, fact.valid_to.at) == ("s0", len(TEXTS["s0"]))
    later = row("s1", ("caleb", "hurt", "hand", "a scratch on his hand"), ("caleb", "holds", "map", "Caleb is behind"))
    assert [fact.attribute for fact in guessed(later)] == ["hurt"]


def test_a_guess_about_other_words_is_none() -> None:
    """C-169: it is true of the text it was read in and of no other; a scene that is gone has none."""
    said = ("caleb", "holds", "lantern", "He has my lantern")
    assert guessed(row("s0", said, script="Other words.")) == []
    assert facts_of_rows([row("s0", said)], {}) == ()
