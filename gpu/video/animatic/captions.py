"""Dialogue and titles as bars of pixels under the picture.

Invariant: text is burned in only where OpenCV's embedded fonts have every glyph and draw it right without shaping:
Latin, Greek, Cyrillic, Chinese and Japanese. Other scripts are left whole to the WebVTT track rather than shown as
boxes or backwards. Long lines are paged in reading order over their time.
"""

from __future__ import annotations

import functools
import threading
import unicodedata
from typing import Any

import cv2
import numpy as np

from gpu.video.animatic.canvas import Pixels
from gpu.video.animatic.colour import RGB
from gpu.video.protocol import DialogueLine

ROWS_MAX = 2
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA")
WORDS_WEIGHT, NAME_WEIGHT = 400, 500
_GLYPH_PIXELS = 24

_drawing = threading.Lock()  # a font's glyph cache is one for the process


@functools.lru_cache(maxsize=1)
def _font() -> Any:
    return cv2.FontFace("sans")


def _write(image: Pixels, text: str, at: tuple[int, int], colour: tuple[int, int, int], size: int, weight: int) -> None:
    """Draw text with its baseline's left end at a point."""
    with _drawing:
        cv2.putText(image, text, at, colour, _font(), size, weight)


def _length(text: str, size: int, weight: int) -> int:
    with _drawing:
        return int(cv2.getTextSize((1, 1), text, (0, 0), _font(), size, weight)[2])


def _glyph(char: str) -> bytes:
    image = np.zeros((2 * _GLYPH_PIXELS, 2 * _GLYPH_PIXELS, 1), np.uint8)
    _write(image, char, (4, 4 + _GLYPH_PIXELS), (255, 0, 0), _GLYPH_PIXELS, WORDS_WEIGHT)
    return image.tobytes()


@functools.lru_cache(maxsize=4096)
def _has_glyph(char: str) -> bool:
    if char.isspace() or char == "?":
        return True
    kind = unicodedata.category(char)
    if kind[0] in "MC" or (kind[0] == "L" and not unicodedata.name(char, "").startswith(SCRIPTS)):
        return False
    # What the fonts lack they draw as a question mark.
    return unicodedata.bidirectional(char) not in {"R", "AL", "AN"} and _glyph(char) != _glyph("?")


def can_burn(text: str) -> bool:
    """Whether the embedded fonts can show all of the text."""
    return all(_has_glyph(char) for char in unicodedata.normalize("NFC", text))


class CaptionBar:
    """Paints caption bars of one size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.size = max(9, round(height * 0.335))

    def _fits(self, text: str) -> bool:
        return _length(text, self.size, WORDS_WEIGHT) <= self.width * 0.78

    def _pages(self, text: str) -> list[list[str]]:
        rows: list[str] = []
        for word in text.split():
            joined = f"{rows[-1]} {word}" if rows else word
            if rows and self._fits(joined):
                rows[-1] = joined
                continue
            rows.append("")
            for char in word if not self._fits(word) else (word,):  # Chinese and Japanese have no spaces to break at
                if rows[-1] and not self._fits(rows[-1] + char):
                    rows.append("")
                rows[-1] += char
        return [rows[i : i + ROWS_MAX] for i in range(0, len(rows), ROWS_MAX)]

    def bars(self, line: DialogueLine, tint: RGB) -> list[tuple[float, float, Pixels]]:
        """(from, until, uint8 (height, width, 3)) for each page of a line; empty where glyphs are missing."""
        if not can_burn(line.text) or not line.text.strip():
            return []
        pages = self._pages(unicodedata.normalize("NFC", line.text))
        letters = [sum(map(len, page)) for page in pages]
        out, at = [], line.start_s
        for page, count in zip(pages, letters, strict=True):
            until = at + (line.end_s - line.start_s) * count / max(1, sum(letters))
            out.append((at, until, self._paint(page, line.speaker if can_burn(line.speaker) else "", tint)))
            at = until
        return out

    def _paint(self, rows: list[str], speaker: str, tint: RGB) -> Pixels:
        image: Pixels = np.zeros((self.height, self.width, 3), np.uint8)
        step = self.size * 1.12
        name = unicodedata.normalize("NFC", speaker).strip().upper()[:40]
        total = step * len(rows) + (self.size * 0.62 if name and len(rows) == 1 else 0)
        y = (self.height - total) / 2
        if name and len(rows) == 1:
            self._centred(image, name, y + self.size * 0.26, _ink(tint), max(8, round(self.size * 0.56)), NAME_WEIGHT)
            y += self.size * 0.62
        for row in rows:
            self._centred(image, row, y + step / 2, (240, 236, 228), self.size, WORDS_WEIGHT)
            y += step
        return image

    def _centred(
        self, image: Pixels, text: str, middle: float, colour: tuple[int, int, int], size: int, weight: int
    ) -> None:
        left = (self.width - _length(text, size, weight)) // 2
        _write(image, text, (left, round(middle + 0.36 * size)), colour, size, weight)


def _ink(colour: RGB) -> tuple[int, int, int]:
    lift = 90.0
    return (
        int(lift + colour[0] * (255 - lift) / 255), int(lift + colour[1] * (255 - lift) / 255),
        int(lift + colour[2] * (255 - lift) / 255),
    )  # fmt: skip
