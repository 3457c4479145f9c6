"""What sentences of prose say happens: moves, beginnings and ends (C-92)."""

from __future__ import annotations

import random

import pytest

from actors.continuity.whereabouts import SOMEWHERE, whereabouts
from actors.screenplay.prose_moves import Change, read_sentence
from actors.screenplay.prose_names import Names

pytestmark = pytest.mark.unit

ALPHABET = [
    "Anna",
    "letter",
    "into",
    "from",
    "the",
    "is",
    "carried",
    ",",
    ".",
    ";",
    "(",
    ")",
    "é",
    "猫",
    "\x00",
    "\n",
    "it",
    "they",
    "walks",
    "burned",
    "of",
    "out",
]


def _changes(sentence: str, *names: str) -> tuple[Change, ...]:
    return read_sentence(sentence, Names(names)).changes


@pytest.mark.parametrize(
    ("sentence", "name", "kind", "origin", "goal"),
    [
        ("Anna puts the letter in the drawer.", "letter", "moves", None, "drawer"),
        ("Ben walks into the kitchen.", "Ben", "moves", None, "kitchen"),
        ("The letter is carried from the house to the pier.", "letter", "moves", "house", "pier"),
        ("Mara takes the brass key out of her pocket.", "brass key", "moves", "pocket", None),
        ("Anna enters the boathouse.", "Anna", "moves", None, "boathouse"),
        ("Ben leaves the room.", "Ben", "moves", "room", None),
        ("The letter burns.", "letter", "ends", None, None),
        ("The letters were burned.", "letter", "ends", None, None),
        ("The ice turns into water.", "ice", "ends", None, None),
        ("The ice turns into water.", "water", "appears", None, None),
        ("Anna writes a letter.", "letter", "appears", None, None),
    ],
)
def test_a_verb_says_what_happens(sentence: str, name: str, kind: str, origin: str | None, goal: str | None) -> None:
    """C-92"""
    (change,) = (c for c in _changes(sentence, name, *({"ice", "water"} - {name})) if c.who == 0)
    assert (change.kind, change.origin, change.goal) == (kind, origin, goal)
    assert sentence[change.start : change.end].isalpha()


@pytest.mark.parametrize(
    "sentence",
    [
        "The walk into the kitchen is long.",
        "Anna looks at the letter in the drawer.",
        "A burn of the letter's edge shows.",
        "The letter.",
        "",
    ],
)
def test_what_fits_nothing_says_nothing(sentence: str) -> None:
    """C-92"""
    assert _changes(sentence, "letter", "kitchen") == ()


def test_a_pronoun_means_whom_the_sentence_before_spoke_of() -> None:
    """C-92"""
    places = whereabouts(["Anna lifts the letter.", "It falls into the water."], ["letter", "boots"])
    assert places[0] == [SOMEWHERE, SOMEWHERE, "water"]
    assert places[1] == [SOMEWHERE] * 3


def test_a_thing_stays_where_it_was_and_was_where_it_comes_from() -> None:
    """C-92"""
    told = ["Ben waits.", "The key slides from the table to the floor.", "Ben sighs.", "Ben burns the map."]
    key, map_ = whereabouts(told, ["key", "map"])
    assert key == ["table", "table", "floor", "floor", "floor"]
    assert map_ == [SOMEWHERE, SOMEWHERE, SOMEWHERE, "floor", None] or map_[-1] is None


def test_a_thing_made_was_not_there_before() -> None:
    """C-92"""
    (letter,) = whereabouts(["Anna sits.", "Anna writes a letter.", "Anna puts the letter in a bottle."], ["letter"])
    assert letter[:2] == [None, None]
    assert letter[-1] == "bottle"


def test_any_text_is_read_and_spans_are_of_it() -> None:
    """C-92"""
    draw = random.Random(90)
    for _ in range(300):
        sentence = " ".join(draw.choices(ALPHABET, k=draw.randrange(0, 30)))
        for change in _changes(sentence, "Anna", "letter", "", "; ;"):
            assert 0 <= change.start < change.end <= len(sentence)
            for place in (change.origin, change.goal):
                assert place is None or place in sentence
