"""Pages in eighths (C-110)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.screenplay.pages import LINES_PER_PAGE, eighths, in_pages

pytestmark = pytest.mark.unit


def test_c110_a_page_is_eight_eighths_of_55_lines() -> None:
    """C-110: heading and action with an empty line each; notes and synopses are not printed."""
    heading = "INT. ROOM - DAY\n\n"
    assert eighths(heading) == 1
    paragraphs = (LINES_PER_PAGE - 3) // 2
    page = heading + "She waits.\n\n" * paragraphs
    assert eighths(page) == 8
    assert eighths(page + "[[a note]]\n\n= What happens\n\n# Act Two\n") == 8
    assert eighths(page + "She waits.\n\n" * 4) == 10


def test_c110_dialogue_is_narrower_than_action() -> None:
    """C-110: 60 characters of action in a line, 35 of dialogue."""
    words = "word " * 70
    action, speech = f"INT. ROOM - DAY\n\n{words}\n", f"INT. ROOM - DAY\n\nRUTH\n{words}\n"
    assert eighths(speech) > eighths(action)


def test_c110_pages_are_written_as_sheets_do() -> None:
    """C-110: whole pages and eighths."""
    assert [in_pages(n) for n in (0, 1, 8, 19)] == ["0", "1/8", "1", "2 3/8"]


@given(st.text(max_size=400))
def test_c110_any_text_has_a_length(text: str) -> None:
    """C-110: whatever people type, from one eighth."""
    assert eighths(text) >= 1
