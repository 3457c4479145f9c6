"""What a model is asked about a scene, and what of its answer stands (C-165)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.reading import asking
from actors.reading.asking import Read, calls_of, key_of, pieces, read_answers

pytestmark = pytest.mark.unit

SCENE = "INT. BARN - DAY\n\nRuth, in a red coat, lifts the lantern.\n\nRUTH\nCaleb is dead.\n"
PEOPLE = ("RUTH", "CALEB")


def said(who: str, what: str, which: str, quote: str, sure: str = "high") -> dict[str, Any]:
    return {"who": who, "what": what, "which": which, "quote": quote, "sure": sure}


def answer(*facts: Any) -> str:
    return json.dumps({"facts": list(facts)})


LANTERN = said("RUTH", "holds", "lantern", "lifts the lantern")


def test_a_fact_that_quotes_the_scene_stands_where_its_words_stand() -> None:
    """C-165: about somebody of the scene, of a listed kind, no surer than a model may be."""
    found = read_answers([answer(LANTERN, said("CALEB", "alive", "No", "Caleb is dead", "middle"))], SCENE, PEOPLE)
    assert found.dropped == 0
    first, second = found.facts
    assert (first["entity"], first["attribute"], first["value"], first["confidence"]) == (
        "ruth",
        "holds",
        "lantern",
        0.6,
    )
    assert SCENE[first["at"] :].startswith(first["quote"])
    assert (second["entity"], second["value"], second["confidence"]) == ("caleb", "no", 0.45)


@pytest.mark.parametrize(
    "wrong",
    [
        said("RUTH", "holds", "sword", "lifts the sword"),  # words that stand nowhere
        said("RUTH", "holds", "sword", "lifts the lantern"),  # a value the words do not name
        said("NORA", "holds", "lantern", "lifts the lantern"),  # nobody of the scene
        said("RUTH", "loves", "lantern", "lifts the lantern"),  # no listed kind
        said("RUTH", "alive", "perhaps", "Caleb is dead"),
        said("RUTH", "holds", "", "lifts the lantern"),
        said("RUTH", "holds", "x" * 61, "lifts the lantern"),
        said("RUTH", "holds", "in", "in"),
        {"who": "RUTH", "what": "holds"},
        {**LANTERN, "which": 7},
        "RUTH holds the lantern",
        None,
    ],
)
def test_what_is_not_said_in_the_scene_is_dropped_and_counted(wrong: Any) -> None:
    """C-165: one wrong fact costs itself; the others stand."""
    found = read_answers([answer(wrong, LANTERN)], SCENE, PEOPLE)
    assert ([fact["value"] for fact in found.facts], found.dropped) == (["lantern"], 1)


def test_an_answer_that_broke_off_counts_as_far_as_it_is_whole() -> None:
    """C-165: a small model is cut off in mid-word; what it had said by then is kept."""
    whole = answer(LANTERN, said("RUTH", "wears", "red coat", "in a red coat"))
    assert len(read_answers([whole], SCENE, PEOPLE).facts) == 2
    assert len(read_answers([whole[:-20]], SCENE, PEOPLE).facts) == 1
    assert read_answers([whole[:40], "", None, "no JSON", "[" * 5000], SCENE, PEOPLE) == Read((), 0)


def test_a_long_scene_is_asked_in_pieces_and_quoted_where_it_is() -> None:
    """C-165: cut between paragraphs, bounded; places count from the scene's beginning."""
    script = SCENE + "\nRain falls on the roof.\n\n" * 200 + "Ruth drops her lantern.\n\n"
    parts = pieces(script)
    assert "".join(words for _, words in parts) == script
    assert all(len(words) <= asking.PIECE_CHARS for _, words in parts)
    assert len(calls_of(script, PEOPLE)) == len(parts) == 2
    last = answer(said("RUTH", "holds", "lantern", "Ruth drops her lantern"))
    (fact,) = read_answers([answer()] * (len(parts) - 1) + [last], script, PEOPLE).facts
    assert script[fact["at"] :].startswith("Ruth drops her lantern")
    assert len(pieces("x" * 100_000)) == asking.PIECES_MAX
    assert calls_of(SCENE, ()) == []
    assert key_of(SCENE, PEOPLE) != key_of(SCENE, ("RUTH",)) != key_of(SCENE + " ", ("RUTH",))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.lists(st.text(max_size=200), max_size=5))
def test_whatever_a_model_answers(script: str, texts: list[str]) -> None:
    """C-165: no text and no answer is a fault, and each fact quotes the script."""
    found = read_answers([*texts, answer(said("RUTH", "holds", script[:9], script[:40]))], script, PEOPLE)
    for fact in found.facts:
        assert script.startswith(fact["quote"], fact["at"])
        assert fact["confidence"] <= asking.SURE_MAX
