"""Whom and what prose speaks of (C-93)."""

from __future__ import annotations

import random

import pytest

from actors.screenplay.prose_entities import entities_in

pytestmark = pytest.mark.unit

ALPHABET = [
    "Anna",
    "the",
    "old",
    "keeper",
    "'s",
    "’s",
    "Mrs.",
    ".",
    "!",
    "“",
    "”",
    "\n",
    "猫",
    "I",
    "house",
    "of",
    "in",
    "London",
    "É",
    "ß",
    "\x00",
    "A.",
]


def _found(text: str) -> list[tuple[str, str]]:
    return [(entity.kind, text[entity.span.start : entity.span.end]) for entity in entities_in(text)]


def test_names_and_nouns_with_their_articles() -> None:
    """C-93"""
    text = "The old keeper walked to the lighthouse. There he met Anna Bell, and Anna said nothing to her brother."
    assert _found(text) == [
        ("person", "The old keeper"),
        ("building", "the lighthouse"),
        ("person", "Anna Bell"),
        ("person", "Anna"),
        ("person", "her brother"),
    ]


def test_a_brother_of_somebody_is_two_people() -> None:
    """C-93"""
    assert _found("They saw Anna's brother.") == [("person", "Anna's brother"), ("person", "Anna")]


def test_a_title_makes_a_person_and_an_ending_a_place() -> None:
    """C-93"""
    found = _found("He knew Mrs. Dale of Baker Street, who came from London by train.")
    assert ("person", "Mrs. Dale") in found
    assert ("building", "Baker Street") in found
    assert ("region", "London") in found


@pytest.mark.parametrize(
    "text", ["It was cold. Then it rained.", "I think so. Yes! On Monday, perhaps.", "GRAND HOTEL"]
)
def test_a_beginning_is_no_name(text: str) -> None:
    """C-93"""
    assert [entity for entity in entities_in(text) if entity.named] == []


def test_any_text_is_read_and_spans_are_of_it() -> None:
    """C-93"""
    draw = random.Random(93)
    for _ in range(300):
        text = " ".join(draw.choices(ALPHABET, k=draw.randrange(0, 40)))
        for entity in entities_in(text):
            assert text[entity.span.start : entity.span.end].endswith(entity.head)
            assert entity.head
