"""Colour arithmetic and the brain's grade, as a function on single colours.

Invariant: every colour that reaches a canvas passes one `Grade`, so grading costs nothing per frame and two elements
can never disagree about the look. Input is `protocol.Look`; output are RGB floats 0..255.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gpu.video.protocol import Look

RGB = tuple[float, float, float]


def rgb(code: str) -> RGB:
    """The RGB of `#rrggbb`."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(a: RGB, b: RGB, amount: float) -> RGB:
    """`a` at 0, `b` at 1."""
    return a[0] + (b[0] - a[0]) * amount, a[1] + (b[1] - a[1]) * amount, a[2] + (b[2] - a[2]) * amount


def times(a: RGB, factor: RGB | float) -> RGB:
    """Multiply by a factor or by a tint whose channels are 0..1."""
    f = (factor, factor, factor) if isinstance(factor, int | float) else factor
    return a[0] * f[0], a[1] * f[1], a[2] * f[2]


def luma(c: RGB) -> float:
    """Rec. 709 luma 0..1 of an RGB colour."""
    return (0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]) / 255.0


def hsl(hue: float, saturation: float, lightness: float) -> RGB:
    """RGB of a hue in turns with saturation and lightness 0..1."""
    chroma = (1 - abs(2 * lightness - 1)) * saturation

    def channel(shift: float) -> float:
        k = (hue * 12 + shift) % 12
        return 255 * (lightness - chroma / 2 * max(-1.0, min(k - 3, 9 - k, 1.0)))

    return channel(0), channel(8), channel(4)


@dataclass(frozen=True)
class Grade:
    """A look turned into a colour function: white balance, saturation, contrast, then a pull towards the palette."""

    look: Look
    ramp: tuple[RGB, ...]
    balance: RGB
    pull: float = 0.22
    _seen: dict[RGB, RGB] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, look: Look) -> Grade:
        ramp = tuple(sorted((rgb(code) for code in look.palette), key=luma))
        # 6500 K is neutral; the curve is a straight line in mireds, gentle on purpose (a grade, not a gel).
        warmth = max(-1.0, min(1.0, (1e6 / look.temperature_k - 1e6 / 6500) / 120))
        return cls(look, ramp, (1 + 0.10 * warmth, 1 + 0.01 * warmth, 1 - 0.14 * warmth))

    def __call__(self, colour: RGB) -> RGB:
        found = self._seen.get(colour)
        if found is None:
            found = self._seen[colour] = self._graded(colour)
        return found

    def _graded(self, colour: RGB) -> RGB:
        r, g, b = times(colour, self.balance)
        y = luma((r, g, b)) * 255
        s = 1 + 0.75 * self.look.saturation
        c = (y + (r - y) * s, y + (g - y) * s, y + (b - y) * s)
        k = 1 + 0.5 * self.look.contrast
        c = (96 + (c[0] - 96) * k, 96 + (c[1] - 96) * k, 96 + (c[2] - 96) * k)
        c = (_clip(c[0]), _clip(c[1]), _clip(c[2]))
        return mix(c, self._on_ramp(c), self.pull) if self.ramp else c

    def _on_ramp(self, colour: RGB) -> RGB:
        """The palette's answer at this colour's lightness: same luma, the palette's hue."""
        y = luma(colour)
        below = [c for c in self.ramp if luma(c) <= y]
        above = [c for c in self.ramp if luma(c) > y]
        low = below[-1] if below else (0.0, 0.0, 0.0)
        high = above[0] if above else (255.0, 255.0, 255.0)
        span = luma(high) - luma(low)
        tone = mix(low, high, (y - luma(low)) / span if span > 1e-6 else 0.0)
        return _clip(tone[0]), _clip(tone[1]), _clip(tone[2])

    def accent(self) -> RGB:
        """The palette's most colourful entry, for practical lights and titles."""
        return max(self.ramp, key=lambda c: max(c) - min(c), default=(220.0, 170.0, 110.0))


def _clip(value: float) -> float:
    return 0.0 if value < 0 or math.isnan(value) else min(value, 255.0)
