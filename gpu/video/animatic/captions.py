"""Dialogue and titles as bars of pixels under the picture.

Invariant: text is burned in only where the embedded font has every glyph; other scripts are left whole to the WebVTT
track rather than shown as boxes. Long lines are paged in reading order over their time.
"""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gpu.video.animatic.canvas import Pixels
from gpu.video.animatic.colour import RGB
from gpu.video.protocol import DialogueLine

ROWS_MAX = 2


@functools.lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@functools.lru_cache(maxsize=4096)
def _has_glyph(char: str) -> bool:
    if char.isspace():
        return True
    font = _font(24)
    return bytes(font.getmask(char)) != bytes(font.getmask("\uffff")) and char.isprintable()


def can_burn(text: str) -> bool:
    """Whether the embedded font has every glyph of the text."""
    return all(_has_glyph(char) for char in text)


class CaptionBar:
    """Paints caption bars of one size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.size = max(9, round(height * 0.335))

    def _pages(self, text: str) -> list[list[str]]:
        font, room = _font(self.size), self.width * 0.78
        rows: list[str] = []
        for word in text.split():
            joined = f"{rows[-1]} {word}" if rows else word
            if rows and font.getlength(joined) <= room:
                rows[-1] = joined
            else:
                rows.append(word)
        return [rows[i : i + ROWS_MAX] for i in range(0, len(rows), ROWS_MAX)]

    def bars(self, line: DialogueLine, tint: RGB) -> list[tuple[float, float, Pixels]]:
        """(from, until, uint8 (height, width, 3)) for each page of a line; empty where glyphs are missing."""
        if not can_burn(line.text) or not line.text.strip():
            return []
        pages = self._pages(line.text)
        letters = [sum(map(len, page)) for page in pages]
        out, at = [], line.start_s
        for page, count in zip(pages, letters, strict=True):
            until = at + (line.end_s - line.start_s) * count / max(1, sum(letters))
            out.append((at, until, self._paint(page, line.speaker if can_burn(line.speaker) else "", tint)))
            at = until
        return out

    def _paint(self, rows: list[str], speaker: str, tint: RGB) -> Pixels:
        image = Image.new("RGB", (self.width, self.height), (0, 0, 0))
        draw = ImageDraw.Draw(image)
        font, small = _font(self.size), _font(max(8, round(self.size * 0.56)))
        step = self.size * 1.12
        name = speaker.strip().upper()[:40]
        total = step * len(rows) + (self.size * 0.62 if name and len(rows) == 1 else 0)
        y = (self.height - total) / 2
        if name and len(rows) == 1:
            draw.text((self.width / 2, y + self.size * 0.26), name, font=small, fill=_ink(tint), anchor="mm")
            y += self.size * 0.62
        for row in rows:
            draw.text((self.width / 2, y + step / 2), row, font=font, fill=(240, 236, 228), anchor="mm")
            y += step
        return np.asarray(image, np.uint8)


def _ink(colour: RGB) -> tuple[int, int, int]:
    lift = 90.0
    return (
        int(lift + colour[0] * (255 - lift) / 255), int(lift + colour[1] * (255 - lift) / 255),
        int(lift + colour[2] * (255 - lift) / 255),
    )  # fmt: skip
