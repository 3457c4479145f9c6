"""Draws a head: face, hair, and the few marks that let it look, speak and blink.

Units: a figure is 100 units tall, feet at y = 0, y grows downwards; the head's centre is `HEAD`. Callers own the
canvas transform; colours pass the light given.
"""

from __future__ import annotations

from gpu.video.animatic.canvas import Canvas, Point
from gpu.video.animatic.colour import RGB, mix, times
from gpu.video.animatic.light import Light
from gpu.video.animatic.wardrobe import Persona

HEAD: Point = (0.0, -92.4)
NECK: Point = (0.0, -84.5)
MOUTHS = 3


def _at(points: list[Point], f: int = 1) -> list[Point]:
    return [(HEAD[0] + f * x, HEAD[1] + y) for x, y in points]


def paint_head(
    c: Canvas, who: Persona, light: Light, facing: int, mouth: int = 0, closed: bool = False, mood: float = 0.0
) -> None:
    """A three-quarter head looking towards `facing`; `mouth` 0 closed … 2 open; `mood` -1 stern … +1 bright."""
    skin, hair = light.on(who.skin), light.on(who.hair)
    c.ellipse(HEAD[0] - facing * 4.9, HEAD[1] + 0.9, 1.1, 1.7, times(skin, 0.86))
    face = [
        (-4.9, -2.5),
        (-3.9, -6.2),
        (0, -7.1),
        (3.9, -6.2),
        (4.95, -2.4),
        (4.75, 1.4),
        (3.7, 4.9),
        (1.3, 7.1),
        (-1.2, 6.8),
        (-3.6, 4.6),
        (-4.8, 1.2),
    ]
    c.blob(_at(face, facing), skin)
    far = [(-4.9, -2.5), (-3.9, -6.2), (-1.6, -6.6), (-2.5, -1), (-2.2, 3.2), (-0.6, 7), (-3.6, 4.6), (-4.8, 1.2)]
    c.blob(_at(far, light.side), times(skin, 0.72), 0.45)
    if c.scale > 0.5:
        _face(c, who, light, facing, mouth, closed, mood)
    _hair_front(c, who, hair, facing, light)


def paint_head_back(c: Canvas, who: Persona, light: Light) -> None:
    """The same head from behind, for over-the-shoulder frames."""
    hair, skin = light.on(who.hair), light.on(who.skin)
    paint_hair_back(c, who, light, 1)
    for side in (-1, 1):
        c.ellipse(HEAD[0] + side * 5.0, HEAD[1] + 1, 1.0, 1.7, times(skin, 0.8))
    shape = [
        (-5.2, -2),
        (-4.4, -6.4),
        (0, -8),
        (4.4, -6.4),
        (5.2, -2),
        (5, 2.4),
        (3.4, 6),
        (0, 6.8),
        (-3.4, 6),
        (-5, 2.4),
    ]
    c.blob(_at(shape), light.on(who.second) if who.style in ("beanie", "scarf") else hair)
    _hair_front(c, who, hair, 1, light)


def _face(c: Canvas, who: Persona, light: Light, f: int, mouth: int, closed: bool, mood: float) -> None:
    skin = light.on(who.skin)
    ink = light.on((38.0, 24.0, 26.0))
    hx, hy = HEAD[0] + f * 1.0, HEAD[1]
    for side in (-1, 1):
        c.ellipse(hx + side * 2.6 - f * 0.3, hy + 2.3, 1.2, 0.8, mix(skin, (214.0, 96.0, 80.0), 0.5), 0.22)
        ex, ey = hx + side * 2.1, hy - 0.1
        if closed:
            c.stroke([(ex - 0.9, ey + 0.1), (ex, ey + 0.35), (ex + 0.9, ey + 0.1)], 0.28, ink)
        else:
            c.ellipse(ex, ey, 1.0, 0.62, mix(light.on((246.0, 240.0, 232.0)), skin, 0.12))
            c.ellipse(ex + f * 0.28, ey + 0.02, 0.6, 0.62, ink)
            c.ellipse(ex + f * 0.28 + 0.18 * light.side, ey - 0.2, 0.17, 0.17, (255.0, 250.0, 240.0))
            c.stroke(
                [(ex - 1.05, ey - 0.2), (ex - 0.3, ey - 0.62), (ex + 0.5, ey - 0.6), (ex + 1.1, ey - 0.2)], 0.3, ink
            )
        tilt = 0.3 + 0.5 * mood + 0.25 * (who.brow - 0.5)
        c.stroke(
            [(ex - 1.25, ey - 1.75 - side * tilt * 0.6), (ex, ey - 2.1), (ex + 1.25, ey - 1.75 + side * tilt * 0.6)],
            0.42 + 0.2 * who.brow,
            times(light.on(who.hair), 0.8),
        )
    c.blob(
        [(hx + f * 0.1, hy + 0.4), (hx + f * 1.0, hy + 2.0), (hx + f * 0.2, hy + 2.5), (hx - f * 0.5, hy + 2.2)],
        times(skin, 0.8),
        0.8,
    )
    mx, my = hx + f * 0.1, hy + 4.35
    lip = mix(times(skin, 0.62), (150.0, 50.0, 54.0), 0.3)
    if mouth == 0:
        bend = 0.35 * mood
        c.stroke([(mx - 1.35, my - bend), (mx, my + 0.12), (mx + 1.35, my - bend)], 0.34, lip)
    else:
        tall = 0.5 if mouth == 1 else 1.0
        c.ellipse(mx, my + 0.15, 1.25 - 0.12 * mouth, tall + 0.22, lip)
        c.ellipse(mx, my + 0.15, 1.0 - 0.12 * mouth, tall, times(lip, 0.35))
        c.rect(mx - 0.65, my - tall + 0.25, 1.3, 0.3, light.on((240.0, 236.0, 228.0)), 0.9, 0.1)
    if who.glasses:
        for side in (-1, 1):
            ring = [
                (hx + side * 2.1 + dx, hy - 0.05 + dy)
                for dx, dy in (
                    (-1.6, 0),
                    (-1.3, -1.1),
                    (0, -1.4),
                    (1.3, -1.1),
                    (1.6, 0),
                    (1.2, 1.1),
                    (0, 1.4),
                    (-1.2, 1.1),
                    (-1.6, 0),
                )
            ]
            c.stroke(ring, 0.26, ink)
        c.stroke([(hx - 0.5, hy - 0.2), (hx + 0.5, hy - 0.2)], 0.26, ink)


def paint_hair_back(c: Canvas, who: Persona, light: Light, f: int) -> None:
    """What of the hair hangs behind neck and shoulders; painted before the trunk."""
    dark = times(light.on(who.hair), 0.72)
    if who.style == "long":
        c.blob(
            _at([(-5.4, -4), (0, -8), (5.4, -4), (6.4, 4), (6.8, 12), (4, 16), (-2, 15), (-7, 16.5), (-7.2, 8)], f),
            dark,
        )
    elif who.style == "bob":
        c.blob(_at([(-5.6, -4), (0, -8), (5.6, -4), (6.4, 2.5), (5.2, 7.2), (0, 6), (-5.6, 7.6), (-6.8, 3)], f), dark)
    elif who.style == "bun":
        c.ellipse(HEAD[0] - f * 3.6, HEAD[1] - 8.2, 3.0, 2.8, dark)
    elif who.style == "ponytail":
        c.blob(_at([(-3.5, -6), (-8, -5.5), (-9.6, 1), (-8.8, 9), (-7.4, 12), (-6.6, 4), (-4, -1)], f), dark)
    elif who.style == "curly":
        for x, y, r in ((-5, -3, 3.2), (5, -3.4, 3), (-5.6, 2, 2.9), (5.4, 1.6, 2.6), (0, -7, 3.6), (-5, 5.4, 2.4)):
            c.ellipse(HEAD[0] + f * x, HEAD[1] + y, r, r, dark)
    elif who.style == "scarf":
        c.blob(
            _at([(-5.8, -3), (0, -8.4), (5.8, -3), (6.2, 4), (5.6, 10), (8, 14), (-8, 14), (-5.8, 10), (-6.4, 4)]),
            times(light.on(who.second), 0.8),
        )


def _hair_front(c: Canvas, who: Persona, hair: RGB, f: int, light: Light) -> None:
    shine = mix(hair, light.rim, 0.22)
    cap = [
        (-5.35, 0.2),
        (-5.7, -4.4),
        (-3.5, -7.9),
        (0.8, -8.7),
        (4.7, -6.8),
        (5.4, -2.8),
        (5.1, -0.9),
        (4.3, -3.3),
        (2.2, -4.8),
        (-1.4, -4.3),
        (-3.8, -3.0),
        (-4.5, -0.4),
    ]
    lock = [(-3.6, -6.6), (0, -7.7), (3.2, -6.8), (0.5, -6.9)]
    style = who.style
    if style == "buzz":
        c.blob(
            _at(
                [
                    (-5, -0.8),
                    (-5.1, -4.4),
                    (-3.3, -7.2),
                    (0.6, -7.8),
                    (4.2, -6.3),
                    (5.0, -2.6),
                    (4.0, -4.6),
                    (0, -5.6),
                    (-3.6, -4.2),
                ],
                f,
            ),
            hair,
        )
        return
    if style == "scarf":
        cloth = light.on(who.second)
        c.blob(
            _at(
                [
                    (-5.9, 3),
                    (-5.9, -4),
                    (-3, -8),
                    (2.4, -8.4),
                    (5.8, -4.6),
                    (5.8, 3),
                    (4.3, -1),
                    (3.8, -5),
                    (0.4, -6.4),
                    (-3.3, -5),
                    (-4.4, -0.6),
                ],
                f,
            ),
            cloth,
        )
        c.blob([(-5, -86), (0, -84.2), (5, -86), (6.4, -81), (0, -78.4), (-6.4, -81)], times(cloth, 0.9))
        return
    c.blob(_at(cap, f), hair)
    if style == "quiff":
        c.blob(_at([(-4.6, -5), (-3, -9), (1, -11), (5.4, -10), (6.2, -7), (3.4, -4.7), (-1, -4.6)], f), hair)
        lock = [(-1.6, -8.4), (1.6, -10), (4.8, -9), (1.8, -8.8)]
    elif style in ("bob", "long"):
        c.blob(
            _at([(-5.3, 5.5), (-6.2, 0), (-5.2, -6), (-1.4, -8.3), (1.2, -7.4), (-2.4, -4.6), (-4.3, -0.6)], f), hair
        )
        c.blob(_at([(5.2, 4.5), (5.9, -1), (4.6, -6.4), (1, -8), (0.8, -7), (3.9, -3.4), (4.5, 0)], f), hair)
    elif style == "curly":
        for x, y, r in ((-4.4, -5.2, 2.5), (-1.5, -7, 2.7), (2.2, -6.9, 2.6), (4.7, -4.7, 2.2)):
            c.ellipse(HEAD[0] + f * x, HEAD[1] + y, r, r, hair)
    elif style == "beanie":
        cloth = light.on(who.second)
        c.blob(_at([(-5.6, -3.4), (-5.2, -7.4), (-2, -10.2), (2.4, -10.2), (5.3, -7.2), (5.6, -3.4)], f), cloth)
        c.rect(HEAD[0] - 5.8, HEAD[1] - 5.0, 11.6, 2.3, times(cloth, 0.8), 1, 1.1)
        return
    c.blob(_at(lock, f), shine, 0.6)
