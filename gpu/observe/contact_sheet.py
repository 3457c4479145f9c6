"""A contact sheet of a film: a few of its frames on one small picture, and in words what light and colours it ends in.

Owns the choice of frames and the look's words. Invariants: the same film gives the same sheet to the byte, at most
`FRAMES_MAX` frames of at most 320 × 180 pixels each; words say only what was measured. Frames are taken from the pass
that the technical observer makes anyway (`gpu.observe.technical`), so a sheet costs no decoding of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.observe.bars import without_bars
from gpu.video.protocol import Shot

FRAMES_MAX, COLUMNS = 6, 3
CELL_WIDTH_PX, CELL_HEIGHT_PX, GAP_PX = 320, 180, 4
JPEG_QUALITY = 82
COLOURS_MAX = 4
"""Named of one look. More: a prompt lists a palette and says nothing."""

ENDS_WITH = 2
"""Frames at the end by which light and colours are told: what the next shot would go on from."""

_FEW_SHOTS = 3
"""Below so many a film is looked at in evenly spaced frames, else in the middle of its shots."""

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_LIGHT = ((22.0, "very dark"), (60.0, "dark"), (100.0, "dim"), (165.0, "even"), (256.0, "bright"))
_WARM, _COOL = 14.0, -10.0  # mean of red less blue
_SAME_COLOUR = 48.0  # RGB distance below which two are one
_Frame = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`light`: ``dim, warm light``; `colours`: as #rrggbb, the most of it first."""

    jpeg: bytes
    light: str
    colours: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()

    @property
    def words(self) -> str:
        """``dim, warm light; dark brown, amber``."""
        named = dict.fromkeys(colour_name(colour) for colour in self.colours)
        return "; ".join(part for part in (self.light, ", ".join(named)) if part)


class Frames:
    """Takes the frames of a sheet out of a film that goes by. Give it every decoded frame."""

    def __init__(self, shots: Sequence[Shot]) -> None:
        self._wanted = moments(shots)
        self._kept: list[_Frame] = []

    def take(self, frame: Any, time_s: float) -> None:
        """`frame`: of PyAV. Reformats only those it keeps."""
        if self._wanted and time_s >= self._wanted[0]:
            del self._wanted[0]
            scale = min(CELL_WIDTH_PX / frame.width, CELL_HEIGHT_PX / frame.height)
            size = (max(2, round(frame.width * scale)), max(2, round(frame.height * scale)))
            self._kept.append(frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray())

    @property
    def pictures(self) -> tuple[_Frame, ...]:
        """What was kept: uint8 (H, W, 3) RGB, in the film's order."""
        return tuple(self._kept)

    def sheet(self) -> Sheet | None:
        """None: the film had no frame at any of the moments."""
        return sheet_of(self._kept) if self._kept else None


def moments(shots: Sequence[Shot]) -> list[float]:
    """Seconds at which a film is looked at, rising."""
    ends = np.cumsum([shot.duration_s for shot in shots]).tolist() if shots else []
    if not ends:
        return []
    if len(shots) < _FEW_SHOTS:
        return [ends[-1] * (2 * n + 1) / (2 * _FEW_SHOTS) for n in range(_FEW_SHOTS)]
    last = len(shots) - 1
    chosen = range(len(shots)) if last < FRAMES_MAX else [round(n * last / (FRAMES_MAX - 1)) for n in range(FRAMES_MAX)]
    return [ends[at] - shots[at].duration_s / 2 for at in chosen]


def sheet_of(frames: Sequence[_Frame]) -> Sheet:
    """`frames`: uint8 (H, W, 3) RGB of one size, in the film's order. Bars of a wide format are left out."""
    frames = without_bars(frames)
    height, width = frames[0].shape[:2]
    columns = min(COLUMNS, len(frames))
    rows = -(-len(frames) // columns)
    page = np.zeros((rows * (height + GAP_PX) - GAP_PX, columns * (width + GAP_PX) - GAP_PX, 3), np.uint8)
    for at, frame in enumerate(frames):
        top, left = (at // columns) * (height + GAP_PX), (at % columns) * (width + GAP_PX)
        page[top : top + height, left : left + width] = frame
    done, data = cv2.imencode(".jpg", cv2.cvtColor(page, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done, "a picture of whole bytes can be encoded"
    end = np.concatenate([frame[::4, ::4].reshape(-1, 3) for frame in frames[-ENDS_WITH:]]).astype(np.float32)
    return Sheet(bytes(data), light_of(end), colours_of(end))


def light_of(pixels: NDArray[np.float32]) -> str:
    luma = float((pixels @ _LUMA).mean())
    level = next(words for below, words in _LIGHT if luma < below)
    warmth = float((pixels[:, 0] - pixels[:, 2]).mean())
    tone = "warm" if warmth > _WARM else "cool" if warmth < _COOL else ""
    return f"{', '.join(part for part in (level, tone) if part)} light"


def colours_of(pixels: NDArray[np.float32]) -> tuple[str, ...]:
    """The colours most of the picture has: means of the fullest of 512 boxes, those that look alike told once."""
    boxes = (pixels // 32).astype(np.int64) @ np.array([64, 8, 1])
    counts = np.bincount(boxes, minlength=512)
    found: list[NDArray[np.float32]] = []
    for box in np.argsort(-counts, kind="stable").tolist():
        if not counts[box] or len(found) == COLOURS_MAX:
            break
        mean = pixels[boxes == box].mean(axis=0)
        if all(float(np.linalg.norm(mean - other)) >= _SAME_COLOUR for other in found):
            found.append(mean)
    return tuple("#" + "".join(f"{round(float(part)):02x}" for part in colour) for colour in found)


_HUES = ((15, "red"), (42, "orange"), (68, "yellow"), (160, "green"), (195, "teal"), (255, "blue"), (290, "violet"),
         (335, "pink"), (361, "red"))  # fmt: skip


def colour_name(code: str) -> str:
    """Of #rrggbb, as people call it."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    top, low = max(red, green, blue), min(red, green, blue)
    if top < 0.1:
        return "black"
    if (top - low) / top < 0.14:
        return "dark grey" if top < 0.35 else "grey" if top < 0.8 else "white"
    raw = (green - blue, blue - red + 2 * (top - low), red - green + 4 * (top - low))
    hue = (60 * raw[(red, green, blue).index(top)] / (top - low)) % 360
    name = next(name for below, name in _HUES if hue < below)
    if name in ("orange", "red", "yellow") and top < 0.62 and 8 <= hue < 60:
        name = "brown"
    return f"dark {name}" if top < 0.36 else f"pale {name}" if (top - low) / top < 0.35 and top > 0.7 else name
