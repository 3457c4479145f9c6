"""Which of two verbs of prose happened first (C-92)."""

from __future__ import annotations

import pytest

from actors.screenplay.heading import Span
from actors.screenplay.prose_order import order_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "first", "second", "order", "by"),
    [
        ("Anna opened the door. Ben laughed.", "opened", "laughed", "before", "telling"),
        ("Anna opened the door. Ben had locked it.", "opened", "locked", "after", "tense"),
        ("Anna waits. Ben will come.", "waits", "come", "before", "tense"),
        ("Ben will come. Anna phoned him.", "come", "phoned", "after", "tense"),
        ("Anna said Ben sank the boat.", "said", "sank", "after", "speech"),
        ("Ben sank the boat, Anna said.", "sank", "said", "before", "speech"),
        ("Ben slept after Anna sailed.", "slept", "sailed", "after", "words"),
        ("Ben slept until Anna sailed.", "slept", "sailed", "before", "words"),
    ],
)
def test_order_by_speech_tense_and_words(text: str, first: str, second: str, order: str, by: str) -> None:
    """C-92"""
    one, two = text.index(first), text.index(second)
    told = order_of(text, Span(one, one + len(first)), Span(two, two + len(second)))
    assert (told.order, told.by) == (order, by)
