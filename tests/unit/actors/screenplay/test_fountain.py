"""Documents: cut and joined without loss (family C, import)."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.screenplay.elements import elements
from actors.screenplay.fountain import join, join_parts, parse
from tests.screenplays import feature_length, last_ferry

pytestmark = pytest.mark.unit

# Pieces that have broken Fountain readers, mixed with any text at all.
PIECES = [
    "INT. HOUSE - DAY", "EXT. PIER - NIGHT #12A#", ".FORCED", "int. lower", "\n", "\n\n", "\r\n", "\r\n\r\n", "\r",
    "  \n", "/*", "*/", "[[", "]]",
    "MARGARET", "@مريم", "MARGARET (V.O.) ^", "(softly)", "Hello.", "~la la", "> CUT TO:",
    ">mid<", "CUT TO:", "===", "# Act", "= syn", "!ACTION", "Title: X", "\tindented", "FADE IN:", "\ufeff", "\u2028",
    "\x0c", "🎬", "",
]  # fmt: skip
documents = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_any_text_joins_back_to_itself(text: str) -> None:
    """C-01: a document cut into scenes joins back to itself, character for character."""
    assert join(parse(text)) == text


@settings(max_examples=150, deadline=None)
@given(documents)
def test_every_scene_begins_with_its_only_heading(text: str) -> None:
    """C-02: a scene's text opens with its heading, and reading it alone finds that heading and no other."""
    for scene in parse(text).scenes:
        headings = [e for e in elements(scene.raw) if e.kind == "heading"]
        assert [h.start for h in headings] == [scene.heading.span.start]
        assert "\r" not in scene.raw


@settings(max_examples=150, deadline=None)
@given(documents)
def test_elements_stay_inside_their_text_and_in_order(text: str) -> None:
    """C-03: spans are code points of the text, in order, and a shown element never overlaps the next."""
    found = elements(text)
    assert all(0 <= e.start < e.end <= len(text) for e in found)
    shown = [e for e in found if e.kind not in {"note", "boneyard"}]
    assert all(one.end <= two.start for one, two in pairwise(shown))


def test_edited_scenes_join_so_that_every_heading_is_still_read() -> None:
    """C-04: joining edited scenes restores the empty line a heading needs."""
    text = join_parts("Title: X\n\n", "", ["INT. A - DAY\n\nShe sits.", "EXT. B - NIGHT\nRain.\n", "INT. C - DAY"])
    assert [scene.heading.place for scene in parse(text).scenes] == ["A", "B", "C"]


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_the_newline_of_the_file_comes_back(newline: str) -> None:
    """C-01: scenes hold LF only; the file's own newline and byte order mark are given back."""
    text = "\ufeff" + last_ferry().replace("\n", newline)
    screenplay = parse(text)
    assert screenplay.newline == newline
    assert screenplay.bom
    assert not screenplay.mixed_newlines
    assert join(screenplay) == text


def test_mixed_newlines_come_back_one_by_one() -> None:
    text = "INT. A - DAY\r\n\r\nRain.\n\nEXT. B - DAY\r\n"
    assert parse(text).mixed_newlines == "wwnnw"
    assert join(parse(text)) == text


def test_title_page_and_front_matter() -> None:
    screenplay = parse(last_ferry())
    assert screenplay.title == "The Last Ferry"
    assert [e.key for e in screenplay.title_page][:3] == ["Title", "Credit", "Author"]
    assert screenplay.preamble_raw.startswith("FADE IN:")
    assert [s.heading.scene_number for s in screenplay.scenes] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("opening", ["FADE IN:", "INT. X: - DAY", "He says: no.", "/* Title: x */"])
def test_what_only_looks_like_a_title_page_is_not(opening: str) -> None:
    assert parse(opening + "\n\nINT. HOUSE - DAY\n").title_page == ()


def test_title_page_with_indented_values_and_unknown_keys() -> None:
    page = parse("Titre:\n    _**La Nuit**_\n    Deux\nAuteur: X\n\nINT. A - JOUR\n").title_page
    assert [(e.key, e.values) for e in page] == [("Titre", ("_**La Nuit**_", "Deux")), ("Auteur", ("X",))]


def test_headings_inside_a_boneyard_are_no_scenes_and_an_open_one_hides_nothing() -> None:
    assert len(parse("INT. A - DAY\n\n/* cut\n\nINT. B - DAY\n\n*/\n\nINT. C - DAY\n").scenes) == 2
    assert len(parse("INT. A - DAY\n\n/* half typed\n\nINT. B - DAY\n").scenes) == 2


def test_a_feature_is_read_quickly() -> None:
    text = feature_length()
    began = time.process_time()
    screenplay = parse(text)
    assert len(screenplay.scenes) == 120
    assert join(screenplay) == text
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "unit", ["[[", "/*", "/*/", "[[a\n", "@A(", "A'", "the KEY ", "AB, ", "INT. A - DAY\n\n", " - ", "\n "]
)
def test_time_grows_with_length_and_no_faster(unit: str) -> None:
    """C-05: reading is linear: eight times the text costs about eight times, where a square would cost sixty-four. Best
    of three on both sides: one run may meet a collection of garbage or a busy machine."""
    small, large = unit * (5_000 // len(unit)), unit * (40_000 // len(unit))

    def cost(text: str) -> float:
        began = time.process_time()
        parse(text)
        elements(text)
        return time.process_time() - began

    assert min(cost(large) for _ in range(3)) < 24 * min(cost(small) for _ in range(3)) + 0.05
