"""Pairs of prompts that differ in one thing a viewer sees: none of them may be equal."""

from __future__ import annotations

from itertools import combinations, product
from pathlib import Path

import pytest

from storage.cache.slots import differences, key, read

pytestmark = pytest.mark.unit

APART = Path(__file__).parents[3] / "data" / "slots" / "apart.tsv"

SCENES = (
    "a castle on a hill", "two dogs running on the beach", "a woman reading a book in a cafe", "an old lighthouse",
    "a red car driving through the rain", "the knight draws his sword", "Tokyo street, neon lights",
)  # fmt: skip
OPPOSED_MOVES = (
    ("pan left", "pan right"), ("tilt up", "tilt down"), ("zoom in", "zoom out"), ("dolly in", "dolly out"),
    ("push in", "pull out"), ("truck left", "truck right"), ("crane up", "crane down"), ("pan left", "tilt up"),
    ("orbit clockwise", "orbit counterclockwise"), ("static camera", "handheld camera"), ("zoom in", "dolly in"),
    ("slow pan left", "pan left"), ("track left", "track right"), ("the camera rises", "the camera descends"),
)  # fmt: skip
CAMERA_FORMS = ("{scene}, {move}", "{move}. {scene}", "{scene}, slow {move}")
CAMERA_SENTENCES = (
    ("The camera pans to the left across a castle", "The camera pans to the right across a castle"),
    ("The camera tilts upwards to reveal a castle", "The camera tilts downwards to reveal a castle"),
    ("A castle as the camera slowly zooms in", "A castle as the camera slowly zooms out"),
    ("With the camera moving forward, a castle", "With the camera moving backward, a castle"),
    ("The camera circles a castle clockwise", "The camera circles a castle counterclockwise"),
    ("A slow tilt up of a castle", "A slow tilt down of a castle"),
    ("A castle, the camera moves closer", "A castle, the camera moves away"),
    ("A castle, panning from left to right", "A castle, panning from right to left"),
)
PEOPLE = ("a dog", "a cat", "the policeman", "a woman", "a young boy", "two robots", "an old man", "NORA")
DEEDS = (
    "{a} chases {b}", "{a} is chasing {b}", "{a} hugs {b}", "{b} is followed by {a}", "{a} throws a ball to {b}",
    "{a} left of {b}", "{a} behind {b}", "{a} is watched by {b}", "{a} on top of {b}", "{a} gives {b} a flower",
)  # fmt: skip
COUNTED = ("{n} dogs run on a beach", "{n} cups on a table", "a man juggles {n} balls", "a room with {n} windows")
NUMBERS = ("two", "three", "4", "five", "several", "many", "a group of", "12")
HOURS = ("at dawn", "at night", "at dusk", "at noon", "in the morning", "in the evening", "at sunrise", "at sunset",
         "at midnight", "during the day", "at golden hour", "in the afternoon")  # fmt: skip
NEGATED = (
    ("a street with people", "a street without people"), ("a street with cars", "a street with no cars"),
    ("a man who smiles", "a man who does not smile"), ("a man who smiles", "a man who never smiles"),
    ("the dog is barking", "the dog is not barking"), ("the dog barks", "the dog doesn't bark"),
    ("there are clouds in the sky", "there are no clouds in the sky"), ("she looks back", "she never looks back"),
    ("a cake with candles", "a cake without candles"), ("a cake with candles", "a cake with no candles"),
    ("a man wearing a hat", "a man without a hat"), ("a man wearing a hat", "a man not wearing a hat"),
    ("a room, furniture", "a room, no furniture"), ("the robot moves", "the robot isn't moving"),
    ("a crowded street", "a street without a crowd"), ("he opens the door", "he doesn't open the door"),
    ("text on the wall", "no text on the wall"), ("a beach with umbrellas", "a beach without any umbrellas"),
    ("birds flying", "birds not flying"), ("the car stops", "the car never stops"),
)  # fmt: skip


def apart(one: str, other: str) -> None:
    mine, its = read(one), read(other)
    assert key(mine) != key(its), f"{one!r} equals {other!r}: {key(mine)}"
    assert differences(mine, its)


def camera_pairs() -> list[tuple[str, str]]:
    made = [
        (form.format(scene=scene, move=one), form.format(scene=scene, move=other))
        for form, scene, (one, other) in product(CAMERA_FORMS, SCENES, OPPOSED_MOVES)
        if not (form.endswith("slow {move}") and ("the camera" in one or one.startswith("slow")))
    ]
    return [*made, *CAMERA_SENTENCES]


def test_another_camera_move_or_direction_is_another_film() -> None:
    """K-40."""
    pairs = camera_pairs()
    assert len(pairs) >= 40
    for one, other in pairs:
        apart(one, other)


def test_changed_roles_are_another_film() -> None:
    """K-41."""
    pairs = [
        (deed.format(a=one, b=other), deed.format(a=other, b=one))
        for deed, (one, other) in product(DEEDS, combinations(PEOPLE, 2))
    ]
    assert len(pairs) >= 40
    for one, other in pairs:
        apart(one, other)


def test_another_count_is_another_film() -> None:
    """K-42."""
    pairs = [
        (form.format(n=one), form.format(n=other)) for form, (one, other) in product(COUNTED, combinations(NUMBERS, 2))
    ]
    pairs += [("a dog runs", "two dogs run"), ("a dog runs", "dogs run"), ("a cat and a dog", "two cats and a dog")]
    assert len(pairs) >= 40
    for one, other in pairs:
        apart(one, other)


def test_what_is_not_there_is_another_film() -> None:
    """K-43."""
    tails = ("", " at night", ", tilt up")
    pairs = [(one + tail, other + tail) for (one, other), tail in product(NEGATED, tails)]
    assert len(pairs) >= 40
    for one, other in pairs:
        apart(one, other)


def test_another_hour_is_another_film() -> None:
    """K-44."""
    pairs = [
        (f"{scene} {one}", f"{scene} {other}") for scene, (one, other) in product(SCENES[:4], combinations(HOURS, 2))
    ]
    assert len(pairs) >= 40
    for one, other in pairs:
        apart(one, other)


def test_pairs_made_to_deceive_a_reader_of_slots_stay_apart() -> None:
    """K-46. By hand, against our own rules: attachment, clauses, words of film that are things, forms of verbs."""
    pairs = [line.split("\t") for line in APART.read_text(encoding="utf-8").splitlines()]
    assert len(pairs) >= 150
    for one, other in pairs:
        apart(one, other)
