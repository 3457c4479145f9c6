"""The pieces sets are built of: skies, skylines, trees, rooms, windows, lamps, furniture.

Owns `Scenery`, a backplate with sprites in front of it, all in design units: a picture 1280 x 560 whose floor meets
the wall at `FLOOR`. Invariant: pieces paint with `scenery.on(colour, depth)`, never a raw colour, and draw chance
from one seeded generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gpu.video.animatic.canvas import Canvas, Point, backdrop, lay
from gpu.video.animatic.colour import RGB, mix, rgb, times
from gpu.video.animatic.light import Light

WIDE, TALL, FLOOR = 1280.0, 560.0, 392.0
LEFT, RIGHT, TOP, BOTTOM = -420.0, 1700.0, -420.0, 1250.0


@dataclass
class Layer:
    """A transparent plane of a set and how far it follows the camera; `front` ones stand before the figures."""

    canvas: Canvas
    parallax: float
    front: bool = False
    origin: tuple[int, int] = (0, 0)


@dataclass
class Scenery:
    """A set being painted."""

    back: Canvas
    light: Light
    rng: np.random.Generator
    accent: RGB
    layers: list[Layer] = field(default_factory=list)

    def on(self, colour: RGB | str, depth: float = 0.0) -> RGB:
        return self.light.on(rgb(colour) if isinstance(colour, str) else colour, depth)

    def layer(self, parallax: float, x0: float, y0: float, x1: float, y1: float, front: bool = False) -> Canvas:
        """A new plane over a box of design units, clipped to the backplate."""
        b = self.back
        h, w = b.image.shape[:2]
        left, top = max(0, math.floor(x0 * b.scale + b.ox)), max(0, math.floor(y0 * b.scale + b.oy))
        right, bottom = min(w, math.ceil(x1 * b.scale + b.ox)), min(h, math.ceil(y1 * b.scale + b.oy))
        canvas = Canvas(max(1, right - left), max(1, bottom - top), b.scale, b.ox - left, b.oy - top, b.tone)
        self.layers.append(Layer(canvas, parallax, front, (left, top)))
        return canvas

    def flatten(self) -> None:
        """Melt all planes but the front ones into the backplate."""
        for layer in self.layers:
            if not layer.front:
                x, y = layer.origin
                h, w = layer.canvas.image.shape[:2]
                lay(layer.canvas.image, self.back.image[y : y + h, x : x + w])
        self.layers = [layer for layer in self.layers if layer.front]

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def lamp(self, day: float = 0.25) -> float:
        """How strongly practical lamps burn here, 0..1."""
        return max(self.light.lamps, day)


# ---- open air


def sky(s: Scenery, horizon: float = FLOOR) -> None:
    """Sky, sun or moon, stars, clouds."""
    top, middle, low = s.light.sky
    backdrop(s.back, [(-160, top), (horizon * 0.52, middle), (horizon, low), (horizon + 60, low)])
    x = 640 + s.light.side * s.between(230, 400)
    y = horizon * s.light.sun_height + 24
    if s.light.sun > 0.12:
        night = s.light.hour == "night"
        disc = rgb("#f4f1de") if night else s.light.key
        s.back.glow(x, y, 520 if not night else 300, disc, 0.5 * s.light.sun)
        s.back.glow(x, y, 190, disc, 0.55 * s.light.sun)
        s.back.beam(
            [(x + (30 if night else 40) * math.cos(a), y + (30 if night else 40) * math.sin(a)) for a in _RING],
            mix(disc, (255.0, 250.0, 236.0), 0.5),
            0.9,
            1.2,
        )
        if night:
            s.back.ellipse(x + 11, y - 6, 25, 25, top, 0.35)
    if s.light.hour in ("night", "evening") and s.light.weather in ("clear", "wind"):
        for _ in range(90):
            r = s.between(0.5, 1.5)
            s.back.ellipse(
                s.between(-100, 1380), s.between(-160, horizon * 0.7), r, r, (230.0, 236.0, 255.0), s.between(0.2, 0.9)
            )
    heavy = s.light.weather in ("rain", "storm", "snow", "fog")
    for i in range(9 if heavy else 5):
        cloud(
            s,
            s.between(-60, 1340),
            s.between(-40, horizon * (0.62 if heavy else 0.5)),
            s.between(140, 330 if heavy else 260),
            i,
        )


def cloud(s: Scenery, x: float, y: float, w: float, i: int) -> None:
    _, middle, low = s.light.sky
    body = mix(mix(low, s.light.key, 0.25), middle, 0.35 if i % 2 else 0.15)
    alpha = 0.5 if s.light.weather in ("clear", "wind") else 0.75
    h = w * 0.13
    for k in range(4):
        dx, grow = (k - 1.5) * w * 0.24, 1.0 - 0.22 * abs(k - 1.4)
        ring = [(x + dx + w * 0.26 * grow * math.cos(a), y - h * 0.5 * grow + h * grow * math.sin(a)) for a in _RING]
        s.back.soft(ring, body, alpha * 0.75, 7)
    under = [
        (x - w * 0.5, y + h * 0.2),
        (x + w * 0.5, y + h * 0.2),
        (x + w * 0.36, y + h * 0.75),
        (x - w * 0.4, y + h * 0.7),
    ]
    s.back.soft(under, times(middle, 0.86), alpha * 0.6, 8)


_RING = [2 * math.pi * i / 20 for i in range(20)]


def hills(s: Scenery, c: Canvas, y: float, height: float, colour: str, depth: float, waves: float = 3.0) -> None:
    """A rolling ridge down to the ground."""
    a, b = s.between(0, 6.28), s.between(0, 6.28)
    ridge: list[Point] = []
    for i in range(61):
        x = LEFT + (RIGHT - LEFT) * i / 60
        u = x / WIDE * waves
        ridge.append((x, y - height * (0.5 + 0.32 * math.sin(u * 2.1 + a) + 0.18 * math.sin(u * 4.7 + b))))
    tone = s.on(colour, depth)
    c.shade([*ridge, (RIGHT, y + 30), (LEFT, y + 30)], [(y - height, tone), (y + 20, mix(tone, s.light.haze, 0.35))])


def peaks(s: Scenery, c: Canvas, y: float, height: float, colour: str, depth: float, count: int = 7) -> None:
    """Mountains with a lit and a shaded flank, snow on top."""
    tone = s.on(colour, depth)
    for i in range(count):
        x = LEFT + (RIGHT - LEFT) * (i + s.between(0.2, 0.8)) / count
        h, w = height * s.between(0.55, 1.0), height * s.between(0.9, 1.5)
        side = s.light.side
        c.poly([(x, y - h), (x + w, y + 20), (x - w, y + 20)], tone)
        c.poly(
            [(x, y - h), (x - side * w, y + 20), (x - side * w * 0.15, y + 20), (x + side * w * 0.1, y - h * 0.5)],
            times(tone, 0.8),
        )
        snow = s.on("#eef3f8", depth)
        c.poly(
            [
                (x, y - h),
                (x + w * 0.24, y - h * 0.76),
                (x + w * 0.08, y - h * 0.7),
                (x - w * 0.06, y - h * 0.78),
                (x - w * 0.2, y - h * 0.72),
            ],
            snow,
        )


def ground(s: Scenery, near: str, far: str | None = None, y: float = FLOOR) -> None:
    """The ground plane, hazier towards the horizon; snow covers it in snow."""
    near_c, far_c = rgb(near), rgb(far or near)
    if s.light.weather == "snow":
        near_c, far_c = mix(near_c, (232.0, 238.0, 246.0), 0.8), mix(far_c, (226.0, 233.0, 242.0), 0.85)
    s.back.shade(
        [(LEFT, y), (RIGHT, y), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [
            (y, s.on(far_c, 0.75)),
            (y + 40, s.on(mix(far_c, near_c, 0.5), 0.3)),
            (TALL + 40, s.on(near_c)),
            (BOTTOM, s.on(times(near_c, 0.6))),
        ],
    )
    if s.light.sun > 0.2:
        s.back.glow(640 + s.light.side * 320, y + 6, 420, s.light.key, 0.22 * s.light.sun)


def wet(s: Scenery, y: float = FLOOR) -> None:
    """Reflections on wet ground."""
    if s.light.weather not in ("rain", "storm"):
        return
    for _ in range(16):
        x, yy, w = s.between(-80, 1360), s.between(y + 20, TALL + 60), s.between(40, 170)
        s.back.soft(
            [(x, yy), (x + w, yy - 3), (x + w * 1.1, yy + 5), (x + w * 0.1, yy + 7)],
            mix(s.light.sky[2], s.accent, 0.15),
            0.4,
            4,
        )


def skyline(
    s: Scenery, c: Canvas, y: float, low: float, high: float, depth: float, colour: str, step: float = 92.0
) -> None:
    """A row of buildings with lit windows."""
    x = LEFT
    while x < RIGHT:
        w, h = s.between(0.55, 1.15) * step, s.between(low, high)
        tone = times(s.on(colour, depth), s.between(0.85, 1.1))
        c.shade(
            [(x, y - h), (x + w, y - h), (x + w, y + 8), (x, y + 8)],
            [(y - h, tone), (y, mix(tone, s.light.haze, 0.45 * s.light.density))],
        )
        edge = x if s.light.side < 0 else x + w - 5
        c.rect(edge, y - h, 5, h, mix(tone, s.light.rim, 0.22), 0.7)
        if s.rng.random() < 0.3:
            c.rect(x + w * 0.4, y - h - 22, 3, 22, tone)
            c.rect(x + w * 0.55, y - h - 12, w * 0.2, 12, tone)
        lit = 0.5 * s.light.lamps
        pane = max(6.0, step * 0.1)
        for row in range(int(h / (pane * 2.3))):
            for col in range(max(1, int(w / (pane * 1.9)))):
                wx, wy = x + pane * 0.8 + col * pane * 1.9, y - h + pane * 1.2 + row * pane * 2.3
                if wx + pane > x + w - 2 or wy > y - pane:
                    continue
                on = s.rng.random() < lit
                c.rect(
                    wx,
                    wy,
                    pane,
                    pane * 1.3,
                    mix(rgb("#ffd48a"), s.accent, 0.25) if on else times(tone, 0.86),
                    0.95 if on else 0.8,
                )
        x += w + s.between(0, 8)


def tree(
    s: Scenery, c: Canvas, x: float, y: float, h: float, depth: float, leaf: str = "#4c6b3c", bare: bool = False
) -> None:
    """A broadleaf tree; three tones of crown, lit from the key."""
    trunk, crown = s.on("#4a382c", depth), s.on(leaf, depth)
    if s.light.weather == "snow":
        crown = mix(crown, s.on("#e6edf4", depth), 0.55)
    c.poly([(x - h * 0.035, y), (x - h * 0.02, y - h * 0.6), (x + h * 0.02, y - h * 0.6), (x + h * 0.04, y)], trunk)
    for k in range(3):
        a = -1.2 + k * 0.9
        c.poly(
            [
                (x, y - h * 0.34 - k * 6),
                (x + h * 0.2 * math.sin(a), y - h * 0.66),
                (x + h * 0.215 * math.sin(a), y - h * 0.66),
                (x + h * 0.015, y - h * 0.32 - k * 6),
            ],
            trunk,
        )
    if bare:
        return
    for tone, shift, size in (
        (times(crown, 0.7), 0.0, 1.0),
        (crown, 0.035, 0.82),
        (mix(crown, s.light.rim, 0.28), 0.075, 0.5),
    ):
        for k in range(5):
            a = k * 1.2566 + s.between(-0.2, 0.2)
            r = h * s.between(0.15, 0.2) * size
            cx = x + h * 0.17 * math.cos(a) * (0.7 + 0.3 * size) + s.light.side * h * shift
            cy = y - h * 0.74 + h * 0.13 * math.sin(a) - h * shift
            c.blob(
                [
                    (
                        cx + r * (1 + 0.16 * math.sin(5 * t + k)) * math.cos(t),
                        cy + r * (1 + 0.16 * math.sin(4 * t + a)) * 0.86 * math.sin(t),
                    )
                    for t in _RING[::2]
                ],
                tone,
            )


def pine(s: Scenery, c: Canvas, x: float, y: float, h: float, depth: float, colour: str = "#2f4a3c") -> None:
    """A conifer of stacked skirts."""
    tone = s.on(colour, depth)
    if s.light.weather == "snow":
        tone = mix(tone, s.on("#e6edf4", depth), 0.5)
    c.rect(x - h * 0.018, y - h * 0.2, h * 0.036, h * 0.2, s.on("#3c2f28", depth))
    for k in range(5):
        top, w = y - h + k * h * 0.165, h * (0.09 + 0.05 * k)
        c.poly(
            [
                (x, top),
                (x + w, top + h * 0.27),
                (x + w * 0.3, top + h * 0.25),
                (x - w * 0.4, top + h * 0.265),
                (x - w, top + h * 0.27),
            ],
            tone,
        )
        c.poly(
            [(x, top), (x + s.light.side * w, top + h * 0.27), (x + s.light.side * w * 0.35, top + h * 0.24)],
            mix(tone, s.light.rim, 0.16),
        )


def streetlamp(s: Scenery, c: Canvas, x: float, y: float, h: float) -> None:
    tone = s.on("#23262e", 0.1)
    c.rect(x - 3, y - h, 6, h, tone)
    c.rect(x - 6, y - 14, 12, 14, tone)
    c.stroke([(x, y - h), (x + 14, y - h - 12), (x + 40, y - h - 10)], 5, tone)
    c.blob([(x + 30, y - h - 12), (x + 56, y - h - 12), (x + 50, y - h), (x + 36, y - h)], tone)
    if s.light.lamps > 0.2:
        warm = mix(rgb("#ffd596"), s.accent, 0.2)
        c.beam([(x + 36, y - h), (x + 50, y - h), (x + 130, y + 26), (x - 44, y + 26)], warm, 0.26 * s.light.lamps, 12)
        c.glow(x + 43, y - h, 110, warm, 0.75 * s.light.lamps)


# ---- under a roof


def room(s: Scenery, wall: str, floor: str, planks: bool = True, panel: str | None = None) -> None:
    """Back wall, floor in perspective, skirting, and a pool of light."""
    w, f = rgb(wall), rgb(floor)
    backdrop(
        s.back, [(-60, s.on(times(w, 0.55))), (60, s.on(times(w, 0.82))), (300, s.on(w)), (FLOOR, s.on(times(w, 0.86)))]
    )
    s.back.glow(640 + s.light.side * 330, 140, 620, s.light.key, 0.20)
    s.back.soft(
        [
            (640 - s.light.side * 300, TOP),
            (640 - s.light.side * 1100, TOP),
            (640 - s.light.side * 1100, BOTTOM),
            (640 - s.light.side * 560, BOTTOM),
        ],
        times(s.on(w), 0.35),
        0.5,
        90,
    )
    if panel:
        s.back.rect(LEFT, 268, RIGHT - LEFT, FLOOR - 268, s.on(panel), 0.95)
        s.back.rect(LEFT, 264, RIGHT - LEFT, 6, s.light.lit(rgb(panel), 0.8))
        for i in range(24):
            s.back.rect(LEFT + i * 90, 276, 2.2, FLOOR - 276, times(s.on(panel), 0.75))
    s.back.shade(
        [(LEFT, FLOOR), (RIGHT, FLOOR), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [
            (FLOOR, s.on(times(f, 0.7))),
            (FLOOR + 70, s.on(f)),
            (TALL + 60, s.on(times(f, 0.8))),
            (BOTTOM, s.on(times(f, 0.45))),
        ],
    )
    if planks:
        for i in range(-14, 15):
            x0, x1 = 640 + i * 74, 640 + i * 430
            s.back.poly([(x0, FLOOR), (x0 + 1.4, FLOOR), (x1 + 9, BOTTOM), (x1, BOTTOM)], times(s.on(f), 0.62), 0.55)
    s.back.rect(LEFT, FLOOR - 12, RIGHT - LEFT, 12, s.on(times(w, 0.62)))
    s.back.soft([(LEFT, FLOOR), (RIGHT, FLOOR), (RIGHT, FLOOR + 26), (LEFT, FLOOR + 26)], (8.0, 6.0, 10.0), 0.35, 12)


def window(
    s: Scenery, x: float, y: float, w: float, h: float, frame: str = "#d9d2c4", city: bool = False, bars: int = 1
) -> None:
    """A window on the sky of the hour, and the shaft of light it lets in."""
    c = s.back
    top, middle, low = s.light.sky
    c.shade([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], [(y, top), (y + h * 0.55, middle), (y + h, low)])
    for _ in range(5):
        bx, bw, bh = (
            x + s.between(0, w * 0.75),
            w * s.between(0.1, 0.25),
            h * (s.between(0.2, 0.55) if city else s.between(0.08, 0.2)),
        )
        c.rect(bx, y + h - bh, min(bw, x + w - bx), bh, mix(times(low, 0.55), middle, 0.3), 0.8)
        if city and s.light.lamps > 0.3:
            for k in range(int(bh / 12)):
                if s.rng.random() < 0.6:
                    c.rect(bx + 4, y + h - bh + 5 + k * 12, 4, 5, rgb("#ffd48a"), 0.9)
    if s.light.weather in ("rain", "storm"):
        for _ in range(30):
            rx, ry = x + s.between(2, w - 4), y + s.between(0, h * 0.8)
            c.rect(rx, ry, 1.4, min(s.between(8, 30), y + h - ry), (225.0, 235.0, 245.0), 0.4)
    if s.light.weather == "snow":
        for _ in range(36):
            c.ellipse(x + s.between(4, w - 4), y + s.between(4, h - 4), 2, 2, (250.0, 252.0, 255.0), 0.85)
        c.blob(
            [(x, y + h), (x + w * 0.3, y + h - 10), (x + w * 0.7, y + h - 5), (x + w, y + h - 12), (x + w, y + h)],
            (240.0, 245.0, 250.0),
        )
    tone = s.on(frame)
    for fx, fy, fw, fh in (
        (x - 9, y - 9, w + 18, 9),
        (x - 9, y + h, w + 18, 12),
        (x - 9, y - 9, 9, h + 18),
        (x + w, y - 9, 9, h + 18),
    ):
        c.rect(fx, fy, fw, fh, tone)
    for i in range(bars):
        c.rect(x + w * (i + 1) / (bars + 1) - 2.5, y, 5, h, tone)
    c.rect(x, y + h * 0.46, w, 4.5, tone)
    c.rect(x - 16, y + h + 10, w + 32, 8, s.light.lit(rgb(frame), 0.8))
    bright = 0.5 * s.light.sun + (0.12 if s.light.hour in ("day", "morning") else 0.03)
    lean = -s.light.side * 150
    c.beam(
        [(x, y), (x + w, y), (x + w + lean * 1.5, FLOOR + 190), (x - 60 + lean * 1.5, FLOOR + 190)],
        mix(low, s.light.key, 0.6),
        bright * 0.42,
        14,
    )
    c.glow(x + w / 2, y + h / 2, max(w, h) * 1.2, mix(middle, s.light.key, 0.5), bright * 0.5)


def pendant(s: Scenery, c: Canvas, x: float, y: float, size: float = 34.0, shade: str = "#33363d") -> None:
    """A hanging lamp with its cone of light."""
    power, warm = s.lamp(0.22), mix(rgb("#ffd9a0"), s.accent, 0.15)
    c.rect(x - 1.2, TOP, 2.4, y - TOP, s.on("#1e1c20"))
    c.poly(
        [(x - size * 0.28, y - size * 0.62), (x + size * 0.28, y - size * 0.62), (x + size, y), (x - size, y)],
        s.on(shade),
    )
    c.ellipse(x, y, size * 0.94, size * 0.13, mix(s.on(shade), warm, 0.3 + 0.7 * power))
    c.beam(
        [(x - size * 0.8, y), (x + size * 0.8, y), (x + size * 4.4, y + 330), (x - size * 4.4, y + 330)],
        warm,
        0.24 * power,
        14,
    )
    c.glow(x, y + 4, size * 4.2, warm, 0.6 * power)


def frame_picture(s: Scenery, c: Canvas, x: float, y: float, w: float, h: float) -> None:
    """A picture on the wall."""
    c.rect(x - 6, y - 4, w + 14, h + 14, (8.0, 6.0, 10.0), 0.25)
    c.rect(x - 6, y - 6, w + 12, h + 12, s.on("#2d2724"))
    c.rect(x, y, w, h, s.on("#d8cdb8"))
    c.rect(x + w * 0.12, y + h * 0.12, w * 0.76, h * 0.76, s.on(mix(s.accent, (120.0, 130.0, 140.0), 0.4)))
    c.ellipse(x + w * 0.6, y + h * 0.4, w * 0.12, w * 0.12, s.on("#f0e2c0"))
    c.poly(
        [
            (x + w * 0.12, y + h * 0.88),
            (x + w * 0.4, y + h * 0.5),
            (x + w * 0.6, y + h * 0.75),
            (x + w * 0.88, y + h * 0.55),
            (x + w * 0.88, y + h * 0.88),
        ],
        s.on("#3a4048"),
    )


def box(s: Scenery, c: Canvas, x: float, y: float, w: float, h: float, colour: str, top: float = 14.0) -> None:
    """A block of furniture seen slightly from above: front `w` x `h` at (x, y), a lighter top."""
    tone = rgb(colour)
    c.soft(
        [(x - 8, y + h - 6), (x + w + 8, y + h - 6), (x + w + 18, y + h + 12), (x - 18, y + h + 12)],
        (8.0, 6.0, 10.0),
        0.45,
        8,
    )
    c.shade([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], [(y, s.on(tone)), (y + h, s.on(times(tone, 0.68)))])
    c.poly([(x - 4, y), (x + w + 4, y), (x + w - 6, y - top), (x + 6, y - top)], s.light.lit(tone, 1.0))
    c.rect(x - 4, y, w + 8, 5, s.on(times(tone, 0.8)))


def table(s: Scenery, c: Canvas, x: float, y: float, w: float, h: float, colour: str) -> None:
    """A table: top and legs, feet at y + h."""
    tone = rgb(colour)
    for lx in (x + 10, x + w - 20):
        c.rect(lx, y + 6, 10, h - 6, s.on(times(tone, 0.6)))
    c.poly([(x + 16, y - 18), (x + w - 16, y - 18), (x + w, y), (x, y)], s.light.lit(tone, 1.0))
    c.rect(x, y, w, 10, s.on(times(tone, 0.75)))


def plant(s: Scenery, c: Canvas, x: float, y: float, h: float, colour: str = "#3f6a46") -> None:
    """Broad leaves, in a pot whose foot is at y."""
    leaf = s.on(colour)
    for k in range(11):
        a = -1.35 + 2.7 * k / 10 + s.between(-0.08, 0.08)
        n = h * s.between(0.6, 1.0)
        tip = (x + n * 0.75 * math.sin(a), y - h * 0.26 - n * 0.74 * math.cos(a))
        mid = (x + n * 0.3 * math.sin(a * 1.3), y - h * 0.24 - n * 0.45 * math.cos(a))
        wide = h * 0.06
        c.blob(
            [(x, y - h * 0.24), (mid[0] - wide, mid[1]), tip, (mid[0] + wide, mid[1] + wide * 0.4)],
            mix(leaf, s.light.rim, 0.14) if k % 2 else times(leaf, 0.78),
        )
    c.poly(
        [(x - h * 0.13, y - h * 0.26), (x + h * 0.13, y - h * 0.26), (x + h * 0.09, y), (x - h * 0.09, y)],
        s.on("#a1623f"),
    )
