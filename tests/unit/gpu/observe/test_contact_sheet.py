"""Contact sheets of films encoded here: which frames, how large, and what they say of light and colours (G-336)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.observe.contact_sheet import (
    CELL_HEIGHT_PX,
    CELL_WIDTH_PX,
    COLOURS_MAX,
    COLUMNS,
    FRAMES_MAX,
    GAP_PX,
    Frames,
    Sheet,
    colour_name,
    moments,
    sheet_of,
)
from gpu.observe.technical import observe, plan_of
from gpu.video.protocol import Look, Shot
from tests.unit.gpu.observe.test_technical import LOOK, film

pytestmark = pytest.mark.unit


def shots(*seconds: float) -> list[Shot]:
    return [Shot(n, s, "KITCHEN", True) for n, s in enumerate(seconds)]


def sheet(*seconds: float) -> Sheet:
    plan, frames = plan_of(shots(*seconds), LOOK), Frames(shots(*seconds))
    observe(film(*seconds), plan, beside=frames.take)
    found = frames.sheet()
    assert found is not None
    return found


def size(found: Sheet) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(found.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return int(picture.shape[1]), int(picture.shape[0])


def test_g336_a_sheet_is_small_and_the_same_for_the_same_film() -> None:
    """G-336: the same bytes each time; the middle of each shot, at most six, with their words."""
    one, again = sheet(1, 1, 1, 1), sheet(1, 1, 1, 1)
    assert (one.jpeg, one.sha256, one.words) == (again.jpeg, again.sha256, again.words)
    width, height = size(one)
    assert width <= COLUMNS * (CELL_WIDTH_PX + GAP_PX)
    assert height <= (FRAMES_MAX // COLUMNS) * (CELL_HEIGHT_PX + GAP_PX)
    assert len(one.jpeg) < 100_000
    assert sheet(1, 1, 1).sha256 != one.sha256


@pytest.mark.parametrize(
    ("seconds", "at"),
    [
        ((6.0,), [1.0, 3.0, 5.0]),
        ((2.0, 4.0), [1.0, 3.0, 5.0]),
        ((1.0, 1.0, 2.0), [0.5, 1.5, 3.0]),
        ((1.0,) * 11, [0.5, 2.5, 4.5, 6.5, 8.5, 10.5]),
        ((), []),
    ],
)
def test_g336_frames_are_evenly_chosen_and_the_last_shot_is_there(seconds: tuple[float, ...], at: list[float]) -> None:
    """G-336: of few shots evenly spaced frames, of many the middle of at most six, the first and the last of them."""
    assert moments(shots(*seconds)) == pytest.approx(at)


def plain(*colour: int) -> np.ndarray:
    return np.full((90, 160, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([plain(0, 0, 0)], "very dark light; black"),
        ([plain(200, 150, 90), plain(180, 130, 70)], "even, warm light; orange"),
        ([plain(255, 0, 0), plain(20, 40, 90), plain(20, 40, 90)], "dark, cool light; dark blue"),
        ([plain(250, 250, 250)], "bright light; white"),
    ],
)
def test_g336_words_say_how_a_film_ends(frames: list[np.ndarray], words: str) -> None:
    """G-336: light and colours of its last frames, measured."""
    assert sheet_of(frames).words == words


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_g336_every_colour_has_a_name(red: int, green: int, blue: int) -> None:
    """G-336: and a palette is short."""
    assert colour_name(f"#{red:02x}{green:02x}{blue:02x}")
    found = sheet_of([plain(red, green, blue)])
    assert 1 <= len(found.colours) <= COLOURS_MAX
    assert Look(palette=found.colours).palette == found.colours


def test_g336_a_film_on_end_keeps_its_shape() -> None:
    """G-336: an upright film is shown upright, within the same bounds; a film that shows nothing has no sheet."""
    frames = Frames(shots(6.0))
    assert frames.sheet() is None
    assert size(sheet_of([np.zeros((180, 102, 3), np.uint8)] * 2)) == (2 * 102 + GAP_PX, 180)


def test_g336_bars_of_a_wide_format_are_of_no_light() -> None:
    """G-336: a warm, even scene between black bars is told and shown without them; a dark one keeps what it has."""
    barred = plain(200, 150, 90).copy()
    barred[:10], barred[-10:] = 3, 3
    found = sheet_of([barred, barred])
    assert found.words == "even, warm light; orange"
    assert size(found) == (2 * 160 + GAP_PX, 70)
    night = plain(4, 4, 6).copy()
    night[40:44] = 200
    assert size(sheet_of([night])) == (160, 90)
