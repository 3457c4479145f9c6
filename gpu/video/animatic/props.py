"""Objects large in the frame, for inserts: on a surface, in front of a soft set.

A prop is drawn in a box of 200 x 200 units centred on (0, 0) and stands on y = 70. Words choose it; an unknown word
is a wrapped parcel, never a blank frame.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from gpu.video.animatic.canvas import Canvas
from gpu.video.animatic.colour import RGB, mix, rgb, times
from gpu.video.animatic.light import Light

Draw = Callable[[Canvas, Light, RGB], None]


def _phone(c: Canvas, light: Light, accent: RGB) -> None:
    c.poly([(-46, -70), (40, -84), (62, 60), (-24, 74)], light.on(rgb("#15181d")))
    c.poly([(-38, -60), (34, -72), (52, 50), (-18, 62)], mix(rgb("#86c5ee"), accent, 0.25))
    for k in range(3):
        c.poly(
            [
                (-26 + k * 3, -40 + k * 26),
                (30 + k * 3, -49 + k * 26),
                (33 + k * 3, -32 + k * 26),
                (-23 + k * 3, -23 + k * 26),
            ],
            (248, 250, 252),
            0.75,
        )
    c.glow(4, -4, 150, mix(rgb("#86c5ee"), accent, 0.25), 0.5)


def _letter(c: Canvas, light: Light, accent: RGB) -> None:
    c.poly([(-80, -52), (60, -74), (86, 52), (-60, 74)], light.lit(rgb("#efe6d0"), 1))
    for k in range(6):
        y = -34 + k * 16
        c.stroke([(-56 + k * 3, y), (34 + (k * 37) % 26 + k * 2, y - 14)], 3, light.on(rgb("#3c3a44")), 0.75)
    c.ellipse(52, 34, 12, 12, light.on(mix(rgb("#a8322c"), accent, 0.2)))


def _key(c: Canvas, light: Light, accent: RGB) -> None:
    brass = light.lit(rgb("#c99a45"), 1)
    c.ellipse(-54, 0, 34, 34, brass)
    c.ellipse(-54, 0, 17, 17, light.on(rgb("#3a2c22")))
    c.rect(-26, -8, 118, 16, brass, 1, 4)
    for x, h in ((54, 30), (74, 22), (88, 34)):
        c.rect(x - 8, 4, 11, h, brass)
    c.rect(-24, -7, 112, 4, (255, 244, 214), 0.6)


def _gun(c: Canvas, light: Light, accent: RGB) -> None:
    steel = light.on(rgb("#3a3f47"))
    c.poly([(-92, -40), (70, -40), (84, -30), (84, -8), (-92, -8)], steel)
    c.poly([(20, -10), (74, -10), (96, 72), (48, 76)], light.on(rgb("#2a2321")))
    c.stroke([(-6, -6), (0, 22), (30, 24)], 7, steel)
    c.rect(-88, -38, 150, 5, mix(steel, light.rim, 0.5))


def _knife(c: Canvas, light: Light, accent: RGB) -> None:
    c.blob([(-98, 20), (-20, -14), (24, -16), (24, 14), (-40, 26)], light.lit(rgb("#c3cad0"), 1))
    c.rect(20, -18, 78, 30, light.on(rgb("#4a2f22")), 1, 10)


def _cup(c: Canvas, light: Light, accent: RGB) -> None:
    tone = mix(rgb("#d9d2c4"), accent, 0.35)
    c.stroke([(44, -30), (82, -24), (80, 22), (42, 34)], 13, light.on(times(tone, 0.85)))
    c.blob([(-52, -54), (52, -54), (48, 30), (32, 66), (-32, 66), (-48, 30)], light.on(tone))
    c.ellipse(0, -54, 52, 13, light.on(times(tone, 0.75)))
    c.ellipse(0, -51, 44, 9, light.on(rgb("#3a2318")))
    for k in (-1, 1):
        c.soft(
            [
                (k * 16 - 5, -70),
                (k * 16 + 9, -104),
                (k * 16 - 7, -142),
                (k * 16 + 5, -142),
                (k * 16 + 19, -104),
                (k * 16 + 5, -70),
            ],
            (240, 240, 244),
            0.35,
            6,
        )


def _glass(c: Canvas, light: Light, accent: RGB) -> None:
    c.poly([(-40, -70), (40, -70), (30, 70), (-30, 70)], (220, 232, 238), 0.35)
    c.poly([(-36, -14), (36, -14), (29, 66), (-29, 66)], light.lit(rgb("#c47a2a"), 1), 0.9)
    c.rect(-30, -62, 6, 116, (255, 255, 255), 0.5, 3)


def _book(c: Canvas, light: Light, accent: RGB) -> None:
    cover = light.on(mix(rgb("#7a2f2c"), accent, 0.3))
    c.poly([(-96, 20), (0, 40), (96, 20), (96, 62), (0, 82), (-96, 62)], times(cover, 0.7))
    c.poly([(-92, -40), (0, -20), (0, 62), (-92, 44)], light.lit(rgb("#efe7d4"), 1))
    c.poly([(92, -40), (0, -20), (0, 62), (92, 44)], light.on(rgb("#e2d8c2")))
    for k in range(5):
        for side in (-1, 1):
            c.stroke([(side * 80, -22 + k * 14), (side * 14, -8 + k * 14)], 2.4, light.on(rgb("#5a5350")), 0.6)


def _photo(c: Canvas, light: Light, accent: RGB) -> None:
    c.poly([(-70, -76), (62, -88), (80, 70), (-54, 84)], light.lit(rgb("#f2ecdf"), 1))
    c.poly([(-58, -62), (52, -72), (64, 30), (-46, 42)], light.on(mix(rgb("#7f93a8"), accent, 0.3)))
    for x, tone in ((-16, "#3a2f2c"), (24, "#6a4334")):
        c.ellipse(x, -24, 13, 15, light.on(rgb("#d9a683")))
        c.blob([(x - 26, 34), (x - 16, -2), (x, -8), (x + 16, -2), (x + 27, 30)], light.on(rgb(tone)))


def _ring(c: Canvas, light: Light, accent: RGB) -> None:
    gold = light.lit(rgb("#d9b04f"), 1)
    ring = [(44 * math.cos(i * 0.1963), 18 + 44 * math.sin(i * 0.1963)) for i in range(33)]
    c.stroke(ring, 12, gold)
    c.poly([(-20, -44), (0, -64), (20, -44), (0, -20)], (226, 244, 252))
    c.poly([(-20, -44), (0, -64), (0, -20)], (168, 208, 230))
    c.glow(0, -44, 90, (220, 240, 255), 0.6)


def _watch(c: Canvas, light: Light, accent: RGB) -> None:
    c.rect(-24, -100, 48, 200, light.on(rgb("#3b2a20")), 1, 12)
    c.ellipse(0, 0, 56, 56, light.lit(rgb("#b9a06a"), 1))
    c.ellipse(0, 0, 46, 46, light.on(rgb("#f1ebdc")))
    for k in range(12):
        a = k * math.pi / 6
        c.stroke(
            [(37 * math.cos(a), 37 * math.sin(a)), (42 * math.cos(a), 42 * math.sin(a))], 3, light.on(rgb("#2a2623"))
        )
    c.stroke([(0, 0), (0, -30)], 4, light.on(rgb("#1f1c1b")))
    c.stroke([(0, 0), (22, 12)], 5, light.on(rgb("#1f1c1b")))


def _bag(c: Canvas, light: Light, accent: RGB) -> None:
    tone = mix(rgb("#6a452c"), accent, 0.2)
    c.stroke([(-26, -44), (-22, -70), (22, -70), (26, -44)], 9, light.on(times(tone, 0.7)))
    c.rect(-88, -46, 176, 116, light.on(tone), 1, 12)
    c.rect(-88, -10, 176, 8, light.on(times(tone, 0.7)))
    for x in (-50, 38):
        c.rect(x, -20, 14, 26, light.lit(rgb("#d8b765"), 1), 1, 3)


def _candle(c: Canvas, light: Light, accent: RGB) -> None:
    c.rect(-24, -20, 48, 92, light.lit(rgb("#e9ddc2"), 1), 1, 6)
    c.ellipse(0, -20, 24, 7, light.on(rgb("#d8c8a4")))
    c.glow(0, -52, 230, rgb("#ffbf66"), 0.8)
    c.blob([(-9, -38), (-6, -58), (1, -84), (8, -56), (9, -38), (0, -28)], rgb("#ffdf9a"))
    c.blob([(-4, -36), (0, -56), (4, -36), (0, -30)], (255, 250, 230))


def _laptop(c: Canvas, light: Light, accent: RGB) -> None:
    c.poly([(-84, -78), (84, -78), (92, 26), (-92, 26)], light.on(rgb("#23272d")))
    c.poly([(-76, -70), (76, -70), (83, 18), (-83, 18)], mix(rgb("#7fb6dc"), accent, 0.3))
    for k in range(4):
        c.rect(-62, -56 + k * 17, 60 + (k * 31) % 60, 6, (245, 248, 250), 0.7, 2)
    c.poly([(-92, 26), (92, 26), (116, 66), (-116, 66)], light.lit(rgb("#a7adb3"), 0.6))
    c.glow(0, -20, 190, mix(rgb("#7fb6dc"), accent, 0.3), 0.35)


def _parcel(c: Canvas, light: Light, accent: RGB) -> None:
    tone = rgb("#b08a5c")
    c.poly([(-84, -24), (10, -8), (10, 78), (-84, 54)], light.on(tone))
    c.poly([(10, -8), (86, -34), (86, 44), (10, 78)], light.on(times(tone, 0.72)))
    c.poly([(-84, -24), (-4, -52), (86, -34), (10, -8)], light.lit(tone, 1))
    band = light.on(mix(rgb("#a63d32"), accent, 0.4))
    c.poly([(-46, -18), (-30, -15), (-30, 68), (-46, 64)], band)
    c.poly([(-46, -18), (-30, -15), (48, -42), (34, -45)], band)


_PROPS: tuple[tuple[str, Draw], ...] = (
    ("phone cellphone smartphone mobile telephone radio walkie", _phone),
    ("letter note paper document map contract envelope ticket page newspaper card script will", _letter),
    ("key keys keycard", _key),
    ("gun pistol revolver rifle weapon", _gun),
    ("knife dagger blade sword scissors", _knife),
    ("cup mug coffee tea bowl teapot", _cup),
    ("glass wine whiskey beer bottle drink water vial potion", _glass),
    ("book diary journal notebook bible ledger album", _book),
    ("photo photograph picture portrait polaroid painting", _photo),
    ("ring necklace jewel diamond locket pendant earring coin", _ring),
    ("watch clock stopwatch compass", _watch),
    ("bag suitcase briefcase purse backpack luggage", _bag),
    ("candle lantern torch lamp match lighter fire", _candle),
    ("laptop computer screen tablet monitor keyboard", _laptop),
)


def prop_of(names: tuple[str, ...]) -> Draw:
    """The drawing for the first prop whose words are known."""
    for name in names:
        words = re.findall(r"[^\W_]+", name.casefold())
        for keys, draw in _PROPS:
            if any(word in keys.split() or word.rstrip("s") in keys.split() for word in words):
                return draw
    return _parcel if names else _cup
