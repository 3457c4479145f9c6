"""Sets in the open, one function a place; same conventions as `interiors.py`."""

from __future__ import annotations

import math

from gpu.video.animatic.colour import mix, rgb, times
from gpu.video.animatic.scenery import (
    BOTTOM,
    FLOOR,
    LEFT,
    RIGHT,
    TALL,
    Scenery,
    box,
    ground,
    hills,
    peaks,
    pine,
    plant,
    sky,
    skyline,
    streetlamp,
    tree,
    wet,
)


def street(s: Scenery) -> None:
    sky(s)
    skyline(s, s.back, FLOOR, 120, 300, 0.8, "#6d7a8a", 84)
    ground(s, "#3d4047", "#5a5e66")
    m = s.layer(0.62, LEFT, -120, RIGHT, 470)
    for x0, direction in ((-430, 1), (1010, 1)):
        for k in range(3):
            x, w = x0 + k * 160 * direction, 152.0
            h = s.between(250, 400)
            tone = rgb(("#8a5a48", "#6b6470", "#a08566", "#5d6f6a")[int(s.rng.integers(4))])
            m.shade(
                [(x, FLOOR + 20 - h), (x + w, FLOOR + 20 - h), (x + w, FLOOR + 20), (x, FLOOR + 20)],
                [(60, s.on(tone, 0.25)), (FLOOR, s.on(times(tone, 0.8), 0.1))],
            )
            m.rect(x - 5, FLOOR + 12 - h, w + 10, 12, s.light.lit(tone, 1))
            for row in range(int((h - 120) / 58)):
                for col in range(3):
                    on = s.rng.random() < 0.6 * s.light.lamps
                    m.rect(
                        x + 16 + col * 46,
                        FLOOR + 48 - h + row * 58,
                        28,
                        38,
                        mix(rgb("#ffd08a"), s.accent, 0.2) if on else s.on("#2b333d", 0.2),
                        1,
                        1,
                    )
                    m.rect(x + 13 + col * 46, FLOOR + 87 - h + row * 58, 34, 4, s.on(times(tone, 1.1), 0.1))
            m.rect(x + 10, FLOOR - 66, w - 20, 82, mix(s.on("#1d2329"), rgb("#ffc987"), 0.65 * s.light.lamps))
            canopy = (s.accent, rgb("#7a3b34"), rgb("#3f5d55"))[k % 3]
            for j in range(6):
                m.poly(
                    [
                        (x + 6 + j * 23.4, FLOOR - 84),
                        (x + 29.4 + j * 23.4, FLOOR - 84),
                        (x + 29.4 + j * 24.4, FLOOR - 56),
                        (x + 4 + j * 24.4, FLOOR - 56),
                    ],
                    s.on(canopy) if j % 2 else s.on("#e6dcc8"),
                )
            if s.light.lamps > 0.3:
                m.glow(x + w / 2, FLOOR - 30, 150, rgb("#ffbf78"), 0.45 * s.light.lamps)
    s.back.rect(LEFT, FLOOR + 22, RIGHT - LEFT, 9, s.on("#85868a", 0.3))
    for i in range(-3, 12):
        s.back.poly(
            [(i * 170, 488), (i * 170 + 84, 488), (i * 170 + 76, 497), (i * 170 - 12, 497)], s.on("#cfc8b0"), 0.75
        )
    wet(s)
    lamps = s.layer(0.86, LEFT, -60, RIGHT, 600)
    for x in (210, 1040):
        streetlamp(s, lamps, x, 456, 290)


def alley(s: Scenery) -> None:
    sky(s)
    ground(s, "#33353a", "#3d3f45")
    skyline(s, s.back, FLOOR, 160, 260, 0.7, "#525c69", 70)
    m = s.layer(0.75, LEFT, -420, RIGHT, 900)
    for side in (-1, 1):
        x0, x1 = 640 + side * 190, 640 + side * 1000
        m.shade(
            [(x0, 60), (x1, -360), (x1, 760), (x0, FLOOR + 30)],
            [(-300, s.on("#4d4038", 0.15)), (FLOOR, s.on("#6a5346", 0.05))],
        )
        for row in range(3):
            for k in range(3):
                a, b = 240 + k * 150, 310 + k * 160
                ya, yb = (a - 190) * 0.42, (b - 190) * 0.42
                y = 90 + row * 100
                on = s.rng.random() < 0.5 * s.light.lamps
                m.poly(
                    [
                        (640 + side * a, y - ya * (1 - row * 0.4)),
                        (640 + side * b, y - yb * (1 - row * 0.4)),
                        (640 + side * b, y + 60 - yb * (0.8 - row * 0.45)),
                        (640 + side * a, y + 60 - ya * (0.8 - row * 0.45)),
                    ],
                    rgb("#ffcb82") if on else s.on("#22262c"),
                )
    box(s, m, 190, 390, 170, 96, "#3f5a50")
    streetlamp(s, m, 900, 470, 300)
    m.rect(800, 140, 34, 120, mix(s.accent, (255, 255, 255), 0.25), 0.55 + 0.45 * s.light.lamps, 4)
    m.glow(817, 200, 220, s.accent, 0.3 + 0.5 * s.light.lamps)
    wet(s)


def forest(s: Scenery) -> None:
    x: float
    sky(s)
    hills(s, s.back, FLOOR, 150, "#5b7a68", 0.95)
    for i in range(46):
        pine(s, s.back, LEFT + i * 47 + s.between(-18, 18), FLOOR + 8, s.between(150, 270), 0.82)
    ground(s, "#44502f", "#5d6b45")
    for i in range(26):
        pine(s, s.back, LEFT + i * 84 + s.between(-30, 30), FLOOR + 26, s.between(230, 380), 0.5)
    for k in range(5):
        x = 640 + s.light.side * (120 + k * 130)
        s.back.beam(
            [(x, -80), (x + 60, -80), (x - s.light.side * 330 + 70, 560), (x - s.light.side * 330 - 80, 560)],
            mix(s.light.key, s.light.haze, 0.4),
            0.06 + 0.2 * s.light.sun,
            16,
        )
    s.back.soft(
        [(LEFT, FLOOR - 36), (RIGHT, FLOOR - 30), (RIGHT, FLOOR + 40), (LEFT, FLOOR + 46)], s.light.haze, 0.45, 22
    )
    m = s.layer(0.72, LEFT, -420, RIGHT, 560)
    for x in (-260, -30, 190, 1010, 1190, 1440):
        w = s.between(26, 44)
        m.shade(
            [
                (x - w * 0.7, -420),
                (x + w * 0.7, -420),
                (x + w, 470),
                (x + w * 1.7, 486),
                (x - w * 1.7, 486),
                (x - w, 470),
            ],
            [(-200, s.on("#2c2620", 0.12)), (486, s.on("#43362b", 0.05))],
        )
        m.rect(x + s.light.side * w * 0.66 - 4, -420, 7, 880, mix(s.on("#43362b"), s.light.rim, 0.35), 0.6)
    for _ in range(60):
        x, y = s.between(LEFT, RIGHT), s.between(452, 500)
        fern(s, x, y, s.between(18, 46))
    f = s.layer(1.55, -320, -320, 1620, 900, front=True)
    x = -20 if s.light.side > 0 else 1290
    f.poly([(x - 60, -320), (x + 60, -320), (x + 84, 900), (x - 84, 900)], s.on("#15120f"))
    for k in range(9):
        a = 0.5 + k * 0.28
        f.blob(
            [
                (640 + (x - 640) * 0.98, 690),
                (x + 150 * math.cos(a + 0.1) * (1 if x < 600 else -1), 640 - 120 * math.sin(a)),
                (x + 240 * math.cos(a) * (1 if x < 600 else -1), 620 - 150 * math.sin(a)),
            ],
            s.on("#18231a"),
        )


def fern(s: Scenery, x: float, y: float, h: float) -> None:
    tone = s.on(("#4c6b3c", "#3a5632", "#5d7a45")[int(s.rng.integers(3))], 0.12)
    for k in range(5):
        a = -0.9 + 0.45 * k
        s.back.poly([(x - 2, y), (x + 2, y), (x + h * math.sin(a), y - h * math.cos(a) * 0.8)], tone)


def park(s: Scenery) -> None:
    sky(s)
    skyline(s, s.back, FLOOR - 6, 40, 130, 0.95, "#7f8c99", 70)
    hills(s, s.back, FLOOR + 4, 50, "#6f9160", 0.6)
    ground(s, "#6b8a47", "#86a463")
    s.back.poly([(600, FLOOR), (650, FLOOR), (1100, BOTTOM), (-200, BOTTOM)], s.on("#c9b38a"), 0.8)
    for x in (60, 250, 900, 1120, 1300, -160):
        tree(
            s,
            s.back,
            x,
            FLOOR + 20,
            s.between(150, 210),
            0.4,
            ("#5f8446", "#7b9a4e", "#a3873f")[int(s.rng.integers(3))],
        )
    m = s.layer(0.75, LEFT, -120, RIGHT, 600)
    for x in (-60, 1240):
        tree(s, m, x, 488, 430, 0.05, "#55773d")
    x = 840 if s.light.side < 0 else 200
    for k in range(3):
        m.rect(x, 404 + k * 16, 230, 9, s.on("#8a5a35"))
    m.rect(x - 6, 456, 242, 10, s.light.lit(rgb("#8a5a35"), 0.8))
    for lx in (x + 10, x + 206):
        m.rect(lx, 400, 8, 100, s.on("#23262a"))
    streetlamp(s, m, 420 if s.light.side < 0 else 780, 470, 240)


def beach(s: Scenery) -> None:
    horizon = 300.0
    sky(s, horizon)
    deep, shallow = s.on("#1f6480", 0.5), s.on("#55a3a8", 0.2)
    s.back.shade(
        [(LEFT, horizon), (RIGHT, horizon), (RIGHT, 430), (LEFT, 430)],
        [(horizon, mix(deep, s.light.sky[2], 0.4)), (360, deep), (420, shallow)],
    )
    sx = 640 + s.light.side * 310
    for _ in range(70):
        y = horizon + 4 + 118 * s.between(0, 1) ** 1.5
        w = 10 + (y - horizon) * 0.45
        x = sx + s.between(-1, 1) * (26 + (y - horizon) * 1.1)
        s.back.rect(x - w / 2, y, w, 2.2, mix(s.light.key, (255, 255, 255), 0.3), 0.25 + 0.6 * s.light.sun)
    for k in range(4):
        y = 352 + k * 20
        s.back.blob(
            [
                (LEFT, y + 4),
                (100 + 90 * k, y - 3),
                (560, y + 3),
                (960 - 60 * k, y - 4),
                (RIGHT, y + 3),
                (RIGHT, y + 8),
                (640, y + 9),
                (LEFT, y + 10),
            ],
            s.on("#e8f1ef", 0.1),
            0.5,
        )
    sand = rgb("#d8ba86") if s.light.weather != "snow" else rgb("#e8edf2")
    s.back.shade(
        [(LEFT, 424), (260, 412), (700, 430), (1100, 414), (RIGHT, 424), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [
            (412, s.on(times(sand, 0.8))),
            (450, s.on(sand)),
            (TALL + 60, s.on(times(sand, 0.86))),
            (BOTTOM, s.on(times(sand, 0.5))),
        ],
    )
    s.back.blob(
        [(LEFT, 428), (200, 418), (640, 434), (1080, 420), (RIGHT, 428), (RIGHT, 436), (640, 444), (LEFT, 436)],
        s.on("#f4f6f0"),
        0.75,
    )
    side = s.light.side
    head = s.layer(0.4, LEFT, 100, RIGHT, 340)
    x = 640 - side * 640
    head.blob([(x - 360, 318), (x - 200, 230), (x + 20, 214), (x + 160, 262), (x + 260, 318)], s.on("#5d6a5c", 0.6))
    m = s.layer(0.8, LEFT, -140, RIGHT, 640)
    x = 1130 if side < 0 else 150
    m.stroke([(x, 520), (x - side * 16, 400), (x - side * 50, 250), (x - side * 100, 120)], 17, s.on("#5b4332"))
    for k in range(9):
        a = k * 0.7
        tip = (x - side * 100 + 150 * math.cos(a), 112 + 62 * math.sin(a) + 24)
        mid = (x - side * 100 + 80 * math.cos(a), 100 + 40 * math.sin(a) - 24)
        m.blob([(x - side * 100, 116), mid, tip, (mid[0], mid[1] + 22)], s.on(("#3f6b45", "#4f7d4d", "#2f5438")[k % 3]))


def rooftop(s: Scenery) -> None:
    sky(s, 430)
    skyline(s, s.back, 452, 130, 300, 0.9, "#6f7d90", 76)
    skyline(s, s.back, 470, 70, 200, 0.6, "#4f5a6b", 100)
    s.back.glow(640, 440, 640, mix(s.accent, s.light.sky[2], 0.4), 0.18 + 0.2 * s.light.lamps)
    s.back.shade(
        [(LEFT, 440), (RIGHT, 440), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [(440, s.on("#5a5856")), (560, s.on("#474543")), (BOTTOM, s.on("#222120"))],
    )
    m = s.layer(0.7, LEFT, -120, RIGHT, 620)
    m.shade([(LEFT, 404), (RIGHT, 404), (RIGHT, 452), (LEFT, 452)], [(404, s.on("#7b6a5e")), (452, s.on("#57493f"))])
    m.rect(LEFT, 398, RIGHT - LEFT, 9, s.light.lit(rgb("#8d7a6c"), 1))
    x = 930 if s.light.side < 0 else 190
    for lx in (x, x + 100):
        m.rect(lx, 270, 8, 150, s.on("#2a2725"))
    m.rect(x - 14, 160, 138, 118, s.on("#5b4030"))
    for k in range(7):
        m.rect(x - 14 + k * 20, 160, 2.5, 118, s.on("#3c2a20"))
    m.poly([(x - 24, 162), (x + 55, 104), (x + 134, 162)], s.on("#3b3533"))
    y = 220 if s.light.side < 0 else 900
    box(s, m, y, 372, 150, 92, "#70757a")
    m.ellipse(y + 75, 416, 30, 30, s.on("#3a3e42"))
    m.stroke([(LEFT, 236), (300, 262), (640, 270), (980, 262), (RIGHT, 236)], 2, s.on("#1e1d1f"))
    for k in range(13):
        bx = -120 + k * 130
        by = 240 + 30 * math.sin(math.pi * (bx + 400) / 2100)
        m.ellipse(bx, by + 8, 5, 7, mix(rgb("#ffd79a"), s.accent, 0.2))
        m.glow(bx, by + 8, 46, rgb("#ffcb86"), 0.75 * max(0.15, s.light.lamps))
    wet(s, 450)


def desert(s: Scenery) -> None:
    sky(s)
    for k, (y, h, depth) in enumerate(((FLOOR + 6, 150, 0.9), (FLOOR + 10, 90, 0.7))):
        for i in range(4):
            x = -260 + i * 470 + k * 200 + s.between(-60, 60)
            w = s.between(150, 240)
            tone = s.on("#a5573a", depth)
            s.back.poly([(x - w * 0.5, y), (x - w * 0.42, y - h), (x + w * 0.36, y - h - 4), (x + w * 0.52, y)], tone)
            s.back.poly(
                [
                    (x - w * 0.42, y - h),
                    (x + w * 0.36, y - h - 4),
                    (x + w * 0.38, y - h * 0.78),
                    (x - w * 0.44, y - h * 0.74),
                ],
                mix(tone, s.light.rim, 0.2),
            )
    ground(s, "#cf9a5f", "#dcb07a")
    for k in range(3):
        y = FLOOR + 26 + k * 44
        side = s.light.side
        ridge = [
            (LEFT, y + 20),
            (100 + 200 * k, y - 14 + 6 * k),
            (640 + side * 120, y + 8),
            (1000 - 100 * k, y - 12),
            (RIGHT, y + 16),
        ]
        s.back.shade(
            [*ridge, (RIGHT, y + 130), (LEFT, y + 130)],
            [(y - 14, s.light.lit(rgb("#d9a566"), 0.8)), (y + 110, s.on("#b97f4a"))],
        )
    m = s.layer(0.78, LEFT, 100, RIGHT, 620)
    for x, h in ((170, 210), (1090, 150), (1330, 240), (-140, 170)):
        tone = s.on("#54703f")
        m.rect(x - 15, 486 - h, 30, h, tone, 1, 15)
        m.stroke([(x, 486 - h * 0.42), (x + 46, 486 - h * 0.44), (x + 48, 486 - h * 0.72)], 21, tone)
        m.stroke([(x, 486 - h * 0.3), (x - 42, 486 - h * 0.32), (x - 44, 486 - h * 0.55)], 19, tone)
        m.rect(x + s.light.side * 10 - 2, 490 - h, 4, h - 14, mix(tone, s.light.rim, 0.5), 0.8)


def mountain(s: Scenery) -> None:
    sky(s)
    peaks(s, s.back, FLOOR, 330, "#7e8ba0", 0.85, 6)
    peaks(s, s.back, FLOOR + 8, 210, "#5f6f80", 0.55, 8)
    hills(s, s.back, FLOOR + 16, 70, "#55705a", 0.45)
    ground(s, "#66704c", "#7d875e")
    m = s.layer(0.75, LEFT, -60, RIGHT, 600)
    for x in (-220, -60, 90, 1080, 1220, 1400):
        pine(s, m, x, 480 + s.between(-10, 20), s.between(220, 360), 0.08)
    for x, w in ((300, 120), (930, 170)):
        m.blob([(x - w / 2, 490), (x - w * 0.4, 446), (x, 428), (x + w * 0.4, 450), (x + w / 2, 490)], s.on("#6d6f72"))
        m.blob([(x - w * 0.3, 450), (x, 430), (x + w * 0.3, 448), (x, 456)], s.light.lit(rgb("#8b8d90"), 1))


def field(s: Scenery) -> None:
    x: float
    sky(s)
    hills(s, s.back, FLOOR, 80, "#7f9a68", 0.85)
    hills(s, s.back, FLOOR + 14, 46, "#8aa05a", 0.55, 2)
    ground(s, "#b59a4e", "#c9b06a")
    for i in range(-10, 11):
        s.back.poly(
            [
                (640 + i * 60, FLOOR + 20),
                (640 + i * 60 + 8, FLOOR + 20),
                (640 + i * 330 + 60, BOTTOM),
                (640 + i * 330, BOTTOM),
            ],
            s.on("#8d7a3c"),
            0.35,
        )
    m = s.layer(0.6, LEFT, 120, RIGHT, 470)
    x = 820 if s.light.side < 0 else 240
    m.shade(
        [(x, 300), (x + 210, 300), (x + 210, 432), (x, 432)], [(300, s.on("#9b4a3a", 0.2)), (432, s.on("#6f342b", 0.1))]
    )
    m.poly([(x - 16, 304), (x + 40, 236), (x + 170, 236), (x + 226, 304)], s.on("#4a3f3c", 0.2))
    m.rect(x + 74, 350, 62, 82, s.on("#e3d8c2", 0.15))
    m.stroke([(x + 76, 352), (x + 134, 430)], 5, s.on("#9b4a3a", 0.1))
    tree(s, m, x - 120, 440, 210, 0.2)
    n = s.layer(0.85, LEFT, 380, RIGHT, 640)
    for i in range(16):
        n.rect(LEFT + i * 140, 418, 12, 78, s.on("#6b5238"))
    n.rect(LEFT, 432, RIGHT - LEFT, 8, s.on("#7d6144"))
    n.rect(LEFT, 462, RIGHT - LEFT, 8, s.on("#715740"))
    f = s.layer(1.5, -320, 440, 1620, 800, front=True)
    for _ in range(90):
        x, h, lean = s.between(-300, 1600), s.between(60, 150), s.between(-26, 26)
        f.poly(
            [(x - 3, 720), (x + 3, 720), (x + lean, 700 - h)],
            s.on(("#6f5c2c", "#4f4523", "#857038")[int(s.rng.integers(3))]),
        )


def harbour(s: Scenery) -> None:
    horizon = 330.0
    sky(s, horizon)
    skyline(s, s.back, horizon + 2, 24, 90, 0.95, "#6f7c8c", 60)
    s.back.shade(
        [(LEFT, horizon), (RIGHT, horizon), (RIGHT, 470), (LEFT, 470)],
        [(horizon, mix(s.on("#33566b", 0.5), s.light.sky[2], 0.4)), (460, s.on("#22404f"))],
    )
    for _ in range(60):
        x, y = s.between(LEFT, RIGHT), s.between(horizon + 4, 452)
        s.back.rect(x, y, s.between(20, 80), 2, mix(s.light.sky[2], s.light.key, 0.4), 0.35)
    b = s.layer(0.5, LEFT, 60, RIGHT, 460)
    for x, w in ((120, 260), (860, 320)):
        b.blob([(x, 372), (x + w, 360), (x + w - 30, 414), (x + 36, 414)], s.on("#7a3530", 0.2))
        b.rect(x + w * 0.3, 318, w * 0.34, 48, s.on("#d8d2c4", 0.2), 1, 4)
        b.rect(x + w * 0.46, 130, 5, 240, s.on("#3b3a3c", 0.2))
        b.stroke([(x + w * 0.47, 134), (x + 6, 368)], 1.6, s.on("#3b3a3c", 0.2))
        b.stroke([(x + w * 0.47, 134), (x + w, 360)], 1.6, s.on("#3b3a3c", 0.2))
    s.back.shade(
        [(LEFT, 452), (RIGHT, 452), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [(452, s.on("#7d6248")), (600, s.on("#5c4735")), (BOTTOM, s.on("#2b211a"))],
    )
    for i in range(-9, 10):
        s.back.poly(
            [(640 + i * 110, 452), (640 + i * 110 + 2, 452), (640 + i * 300 + 7, BOTTOM), (640 + i * 300, BOTTOM)],
            s.on("#3d2f24"),
            0.8,
        )
    m = s.layer(0.85, LEFT, 240, RIGHT, 640)
    for x in (-60, 260, 1000, 1320):
        m.rect(x - 16, 380, 32, 130, s.on("#4b392b"), 1, 6)
        m.rect(x - 19, 394, 38, 12, s.on("#cbb690"))
    wet(s, 460)


def garden(s: Scenery) -> None:
    sky(s)
    m0 = s.layer(0.4, LEFT, 60, RIGHT, 440)
    x = 700 if s.light.side < 0 else 180
    m0.shade(
        [(x, 210), (x + 400, 210), (x + 400, FLOOR + 8), (x, FLOOR + 8)],
        [(210, s.on("#d9c8a8", 0.2)), (FLOOR, s.on("#b49f7e", 0.1))],
    )
    m0.poly([(x - 26, 216), (x + 90, 116), (x + 310, 116), (x + 426, 216)], s.on("#7c4a3c", 0.2))
    for k in (40, 270):
        m0.rect(x + k, 256, 84, 78, mix(s.on("#3a4a56"), rgb("#ffd08a"), 0.8 * s.light.lamps))
        m0.rect(x + k + 40, 256, 4, 78, s.on("#efe7d6"))
    m0.rect(x + 164, 268, 72, FLOOR - 262, s.on("#4f6a5c"))
    for i in range(12):
        tree(s, s.back, LEFT + i * 190, FLOOR + 6, s.between(150, 230), 0.6)
    ground(s, "#6f8f49", "#86a55d")
    s.back.poly([(x + 170, FLOOR), (x + 230, FLOOR), (900, BOTTOM), (380, BOTTOM)], s.on("#b8a68a"), 0.85)
    m = s.layer(0.85, LEFT, 300, RIGHT, 640)
    for _ in range(80):
        fx, fy = s.between(LEFT, RIGHT), s.between(448, 500)
        if 420 < fx < 860:
            continue
        m.stroke([(fx, fy + 24), (fx + s.between(-4, 4), fy)], 2.4, s.on("#3f6138"))
        m.ellipse(fx, fy, 6, 5.4, s.on(("#d65f5a", "#e8c25a", "#e8e0ee", "#b66fae")[int(s.rng.integers(4))]))
    plant(s, s.layer(1.5, -240, 160, 1540, 800, front=True), 20 if s.light.side > 0 else 1260, 700, 360, "#35603c")
