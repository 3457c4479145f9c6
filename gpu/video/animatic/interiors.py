"""Sets under a roof, one function a place.

Each function paints one `Scenery` in design units (1280 x 560, wall meets floor at `FLOOR`) and adds planes nearer
than the wall. Figures come later, between the middle planes and the `front` ones.
"""

from __future__ import annotations

from gpu.video.animatic.colour import mix, rgb, times
from gpu.video.animatic.scenery import (
    BOTTOM,
    FLOOR,
    LEFT,
    RIGHT,
    Scenery,
    box,
    frame_picture,
    pendant,
    plant,
    room,
    sky,
    skyline,
    table,
    window,
)


def _side(s: Scenery, x: float, w: float = 0.0) -> float:
    """Mirror an x so that windows are where the key comes from."""
    return x if s.light.side < 0 else 1280 - x - w


def kitchen(s: Scenery) -> None:
    x: float
    room(s, "#c9b79c", "#8a6a4c", panel="#8fa39a")
    window(s, _side(s, 210, 250), 92, 250, 152)
    c = s.back
    for x in (520, 640, 760, 880, 1000) if s.light.side < 0 else (60, 180, 300, 420, 540):
        c.rect(x, 60, 112, 118, s.on("#5f7a74"), 1, 4)
        c.rect(x + 8, 68, 96, 102, s.on("#6d8a83"), 1, 3)
        c.rect(x + 96, 112, 4, 22, s.light.lit(rgb("#e0d6be")))
    for i in range(7):
        x = _side(s, 560 + i * 50, 22)
        c.ellipse(x + 11, 214, 11, 11, s.on(("#c9603f", "#d8c9a5", "#7f8f5a")[i % 3]))
        c.rect(x, 214, 22, 30, s.on(("#b4552f", "#cbb98e", "#6d7d4c")[i % 3]), 1, 4)
    c.rect(_side(s, 530, 380), 244, 380, 7, s.on("#6b5138"))
    m = s.layer(0.7, LEFT, 150, RIGHT, 560)
    box(s, m, -180, 300, 1700, 124, "#6a8078")
    for i in range(14):
        m.rect(-160 + i * 120, 316, 104, 92, s.on("#5e746c"), 1, 3)
        m.rect(-160 + i * 120 + 38, 324, 28, 4, s.light.lit(rgb("#d9c9a0")))
    x = _side(s, 930, 60)
    steel = s.on("#aab2b8")
    m.stroke([(x + 8, 250), (x + 14, 234), (x + 46, 234), (x + 52, 250)], 4, s.on("#3a3230"))
    m.blob([(x, 286), (x + 4, 262), (x + 30, 247), (x + 56, 262), (x + 60, 286)], steel)
    m.poly([(x + 54, 264), (x + 76, 250), (x + 79, 255), (x + 57, 276)], steel)
    m.stroke([(x + 14, 264), (x + 10, 280)], 3, s.light.lit(rgb("#dfe6ea"), 1), 0.8)
    pendant(s, m, 640, 150)
    f = s.layer(1.35, -300, 360, 1600, 700, front=True)
    table(s, f, 250 if s.light.side < 0 else 590, 520, 470, 200, "#7c5434")


def living(s: Scenery) -> None:
    x: float
    w: float
    h: float
    room(s, "#a98f7f", "#6f4f3a")
    window(s, _side(s, 170, 230), 84, 230, 210, bars=2)
    c = s.back
    for i, (x, y, w, h) in enumerate(((520, 96, 96, 70), (640, 70, 70, 96), (736, 110, 84, 60))):
        frame_picture(s, c, _side(s, x, w), y + i % 2 * 6, w, h)
    x = _side(s, 900, 250)
    c.rect(x, 60, 250, FLOOR - 66, s.on("#4b3527"))
    for row in range(4):
        c.rect(x + 10, 72 + row * 80, 230, 68, s.on("#2d2019"))
        at = x + 14.0
        while at < x + 220:
            w, h = s.between(9, 20), s.between(38, 62)
            c.rect(
                at,
                140 + row * 80 - h,
                w,
                h,
                s.on(("#a8483c", "#c9a45f", "#4f6d7a", "#7a8a5c", "#d6c9b2", "#5c4a6b")[int(s.rng.integers(6))]),
            )
            at += w + s.between(1, 5)
    m = s.layer(0.72, -300, 60, 1600, 560)
    x = _side(s, 420, 430)
    tone = mix(rgb("#5d6f7d"), s.accent, 0.25)
    m.soft([(x - 20, 470), (x + 450, 470), (x + 470, 496), (x - 40, 496)], (8, 6, 10), 0.5, 10)
    m.blob(
        [(x, 330), (x + 20, 292), (x + 215, 284), (x + 410, 292), (x + 430, 330), (x + 430, 430), (x, 430)],
        s.on(times(tone, 0.85)),
    )
    for k in range(3):
        m.rect(x + 34 + k * 122, 356, 118, 64, s.light.lit(tone, 0.5), 1, 12)
    m.rect(x - 26, 350, 62, 118, s.on(tone), 1, 20)
    m.rect(x + 394, 350, 62, 118, s.on(tone), 1, 20)
    m.rect(x, 416, 430, 52, s.on(times(tone, 0.7)), 1, 6)
    x = _side(s, 350, 0)
    m.rect(x - 2, 210, 4, 270, s.on("#1f1b1c"))
    m.poly(
        [(x - 26, 160), (x + 26, 160), (x + 42, 214), (x - 42, 214)], mix(s.on("#d9c3a0"), rgb("#ffdca6"), s.lamp(0.2))
    )
    m.glow(x, 190, 230, rgb("#ffcf90"), 0.6 * s.lamp(0.15))
    plant(s, m, _side(s, 1180, 0), 470, 190)
    plant(s, s.layer(1.5, -200, 100, 1500, 760, front=True), 60 if s.light.side > 0 else 1220, 660, 380)


def bedroom(s: Scenery) -> None:
    room(s, "#8d8aa3", "#7a6152")
    window(s, _side(s, 160, 220), 84, 220, 200, frame="#e5dfd5")
    c = s.back
    for x in (_side(s, 118, 50), _side(s, 376, 50)):
        c.shade(
            [(x, 60), (x + 50, 60), (x + 62, FLOOR), (x - 10, FLOOR)], [(60, s.on("#c98f7e")), (FLOOR, s.on("#8f5d55"))]
        )
        for k in range(4):
            c.rect(x + 6 + k * 12, 60, 3, FLOOR - 62, s.on("#7c4e48"), 0.5)
    frame_picture(s, c, _side(s, 760, 130), 90, 130, 90)
    m = s.layer(0.75, -300, 60, 1600, 600)
    x = _side(s, 600, 480)
    m.soft([(x - 20, 500), (x + 500, 500), (x + 530, 530), (x - 50, 530)], (8, 6, 10), 0.5, 10)
    m.rect(x, 230, 480, 200, s.on("#5b3f2f"), 1, 18)
    m.rect(x + 18, 248, 444, 120, s.on("#6d4d39"), 1, 12)
    for k in (40, 255):
        m.blob(
            [(x + k, 330), (x + k + 90, 312), (x + k + 182, 330), (x + k + 176, 374), (x + k + 8, 374)],
            s.light.lit(rgb("#e7e0d6"), 0.8),
        )
    m.blob(
        [(x - 6, 372), (x + 240, 350), (x + 486, 372), (x + 500, 506), (x + 240, 514), (x - 20, 506)],
        s.on(mix(rgb("#7f93a8"), s.accent, 0.3)),
    )
    m.blob(
        [(x - 6, 372), (x + 240, 352), (x + 486, 372), (x + 470, 400), (x + 240, 386), (x + 10, 402)],
        s.light.lit(rgb("#e3dccf"), 0.6),
    )
    x = _side(s, 480, 90)
    box(s, m, x, 392, 96, 90, "#6a4a35")
    m.rect(x + 42, 336, 10, 46, s.on("#c9b090"))
    m.poly(
        [(x + 24, 296), (x + 70, 296), (x + 84, 342), (x + 10, 342)], mix(s.on("#e0cba8"), rgb("#ffdca6"), s.lamp(0.25))
    )
    m.glow(x + 47, 326, 220, rgb("#ffca8c"), 0.7 * s.lamp(0.2))


def office(s: Scenery) -> None:
    room(s, "#8f9aa3", "#4f565c", planks=False)
    c = s.back
    for i in range(5):
        window(s, -60 + i * 290, 70, 250, 226, frame="#454d55", city=True, bars=2)
    for i in range(5):
        x = -100 + i * 330
        c.rect(x, -60, 200, 16, mix(s.on("#dfe8ee"), (255, 255, 255), 0.4 + 0.5 * s.lamp(0.5)))
    m = s.layer(0.7, LEFT, 180, RIGHT, 600)
    for i, x in enumerate((-160, 330, 850, 1330)):
        table(s, m, x, 380, 330, 100, "#6b5a4a")
        m.rect(x + 90, 296, 120, 70, s.on("#171b21"), 1, 4)
        m.rect(x + 95, 301, 110, 58, mix(s.on("#6fb1d6"), (160, 220, 255), 0.5 * s.lamp(0.4)))
        m.rect(x + 143, 364, 14, 14, s.on("#20242a"))
        m.glow(x + 150, 330, 110, (120, 190, 255), 0.28)
        for k in range(4):
            m.rect(x + 236, 356 - k * 5, 56, 4, s.light.lit(rgb("#e6e0d4")))
        if i % 2:
            plant(s, m, x + 40, 370, 80)
    f = s.layer(1.5, -300, 300, 1600, 760, front=True)
    f.blob(
        [(-60, 640), (-40, 430), (40, 380), (130, 420), (160, 640)]
        if s.light.side > 0
        else [(1130, 640), (1150, 420), (1240, 380), (1320, 430), (1340, 640)],
        s.on("#1d232b"),
    )


def bar(s: Scenery) -> None:
    room(s, "#54332c", "#33211b", panel="#3b2620")
    c = s.back
    c.rect(200, 40, 880, 240, s.on("#2a1814"))
    c.glow(640, 160, 560, mix(rgb("#ffb45e"), s.accent, 0.4), 0.22 + 0.3 * s.lamp(0.5))
    for row in range(3):
        y = 108 + row * 78
        c.rect(210, y, 860, 7, s.light.lit(rgb("#7b4f31"), 1))
        x = 222.0
        while x < 1046:
            h = s.between(34, 60)
            glass = ("#3f6b4f", "#8a4a26", "#b98a3c", "#5a3145", "#9fb6b0", "#27414f")[int(s.rng.integers(6))]
            tone = mix(s.on(glass), rgb("#ffcf8a"), 0.16)
            c.rect(x, y - h * 0.62, 17, h * 0.62, tone, 0.95, 3)
            c.rect(x + 6, y - h, 5, h * 0.42, tone, 0.95, 1)
            c.rect(x + 3, y - h * 0.56, 2.4, h * 0.48, (255, 246, 220), 0.35)
            x += s.between(21, 38)
    tube = s.accent
    for width, alpha in ((12.0, 0.25), (5.0, 0.9)):
        c.stroke(
            [(560, 24), (600, -8), (680, -8), (720, 24), (680, 50), (600, 50), (560, 24)],
            width,
            mix(tube, (255, 255, 255), 0.4 * alpha),
            alpha,
        )
    c.glow(640, 20, 260, tube, 0.55)
    m = s.layer(0.75, LEFT, 40, RIGHT, 620)
    box(s, m, -200, 352, 1700, 160, "#5a3622", 18)
    for i in range(20):
        m.rect(-190 + i * 88, 372, 78, 120, s.on("#472a1b"), 1, 3)
    for x in (250, 470, 830, 1050):
        m.poly([(x, 300), (x + 22, 300), (x + 18, 340), (x + 4, 340)], (255, 235, 200), 0.35)
        m.poly([(x + 2, 316), (x + 20, 316), (x + 18, 339), (x + 4, 339)], rgb("#c9802e"), 0.8)
    for x in (330, 640, 950):
        pendant(s, m, x, 150, 28, "#2a2c2b")
    f = s.layer(1.45, -200, 380, 1600, 760, front=True)
    for x in (80, 1130):
        f.rect(x + 40, 560, 12, 200, s.on("#15100e"))
        f.blob([(x, 540), (x + 46, 526), (x + 92, 540), (x + 84, 566), (x + 8, 566)], s.on("#3d1d1a"))


def car(s: Scenery) -> None:
    sky(s, 330)
    skyline(s, s.back, 340, 60, 190, 0.55, "#5b6674", 80)
    s.back.shade(
        [(LEFT, 338), (RIGHT, 338), (RIGHT, BOTTOM), (LEFT, BOTTOM)],
        [(338, s.on("#6a6d73", 0.6)), (600, s.on("#33363c"))],
    )
    for i in range(5):
        x = 200 + i * 220
        s.back.glow(x, 320, 70, (255, 208, 140) if i % 2 else (255, 110, 90), 0.7 * s.light.lamps)
    m = s.layer(0.92, LEFT, TOP_CAR, RIGHT, BOTTOM)
    dark, trim = s.on("#1d2026"), s.on("#2c3038")
    m.poly([(LEFT, -300), (RIGHT, -300), (RIGHT, 30), (1120, 22), (160, 22), (LEFT, 30)], dark)
    for a, b, c_, d in (
        ((LEFT, 0), (170, 10), (60, 400), (LEFT, 400)),
        ((RIGHT, 0), (1110, 10), (1220, 400), (RIGHT, 400)),
    ):
        m.poly([a, b, c_, d], dark)
    m.blob([(560, 30), (720, 30), (712, 78), (568, 78)], trim)
    m.rect(576, 38, 128, 32, mix(s.light.sky[1], s.light.haze, 0.4), 1, 12)
    m.blob([(LEFT, 372), (200, 352), (640, 344), (1080, 352), (RIGHT, 372), (RIGHT, 900), (LEFT, 900)], s.on("#23272e"))
    m.stroke([(40, 356), (640, 346), (1240, 356)], 3, mix(dark, s.light.rim, 0.5))
    m.rect(580, 372, 150, 70, s.on("#14171b"), 1, 8)
    m.rect(588, 380, 134, 54, mix(s.on("#23415a"), s.accent, 0.35), 1, 5)
    m.glow(655, 406, 170, mix((110, 180, 230), s.accent, 0.4), 0.35)
    x = 360 if s.light.side < 0 else 920
    ring = [(x + 116 * _cos(i), 470 + 90 * _sin(i)) for i in range(33)]
    m.stroke(ring, 17, s.on("#101216"))
    m.blob([(x - 40, 462), (x + 40, 462), (x + 26, 500), (x - 26, 500)], s.on("#15181d"))
    m.stroke([(x - 108, 470), (x + 108, 470)], 15, s.on("#101216"))


TOP_CAR = -320.0


def _cos(i: int) -> float:
    from math import cos, pi

    return cos(2 * pi * i / 32)


def _sin(i: int) -> float:
    from math import pi, sin

    return sin(2 * pi * i / 32)


def hospital(s: Scenery) -> None:
    x: float
    room(s, "#b9cdcb", "#8fa5a6", planks=False, panel="#8db5b1")
    window(s, _side(s, 180, 240), 76, 240, 160, frame="#e8eeee", bars=2)
    c = s.back
    c.rect(LEFT, -60, RIGHT - LEFT, 12, s.on("#dfe9e8"))
    for x in (300, 760):
        c.rect(x, -40, 220, 18, mix(s.on("#eef6f6"), (255, 255, 255), 0.4 + 0.6 * s.lamp(0.6)))
        c.glow(x + 110, -20, 320, (225, 245, 250), 0.32 * s.lamp(0.6))
    x = _side(s, 960, 170)
    c.rect(x, 96, 130, 96, s.on("#222a30"), 1, 6)
    c.stroke(
        [(x + 10, 146), (x + 40, 146), (x + 50, 116), (x + 62, 172), (x + 72, 146), (x + 120, 146)], 3, (110, 240, 170)
    )
    c.glow(x + 65, 146, 120, (110, 240, 170), 0.25)
    m = s.layer(0.75, -300, -100, 1600, 620)
    x = _side(s, 560, 420)
    m.soft([(x, 500), (x + 430, 500), (x + 450, 524), (x - 20, 524)], (8, 10, 12), 0.4, 8)
    m.rect(x - 6, 300, 10, 200, s.on("#c5d0d2"))
    m.rect(x + 420, 340, 10, 160, s.on("#c5d0d2"))
    m.rect(x, 410, 424, 20, s.on("#9fb0b3"))
    m.blob([(x, 386), (x + 110, 366), (x + 424, 378), (x + 428, 414), (x, 416)], s.light.lit(rgb("#e9efee"), 0.9))
    m.blob([(x + 6, 372), (x + 50, 350), (x + 104, 362), (x + 104, 388), (x + 10, 392)], s.light.lit(rgb("#f4f6f4"), 1))
    x = _side(s, 500, 0)
    m.rect(x, 150, 5, 350, s.on("#b8c4c6"))
    m.rect(x - 20, 150, 44, 5, s.on("#b8c4c6"))
    m.rect(x - 26, 160, 28, 54, mix(s.on("#d6e8ea"), (255, 255, 255), 0.3), 0.85, 8)
    m.stroke([(x - 12, 214), (x - 8, 300), (x + 60, 390)], 2, s.on("#dfe9e8"), 0.8)
    curtain = s.layer(1.3, -320, -200, 1600, 760, front=True)
    x = -120 if s.light.side > 0 else 1180
    for k in range(6):
        curtain.shade(
            [(x + k * 36, -200), (x + k * 36 + 36, -200), (x + k * 36 + 36, 720), (x + k * 36, 720)],
            [(-200, s.on(times(rgb("#7fb0ab"), 0.72 + 0.1 * (k % 3)))), (720, s.on("#4f7d7a"))],
        )


def classroom(s: Scenery) -> None:
    room(s, "#cfc3a3", "#9a7650")
    for x in (_side(s, 60, 150), _side(s, 240, 150)):
        window(s, x, 76, 150, 190)
    c = s.back
    x = _side(s, 470, 560)
    c.rect(x - 10, 84, 580, 210, s.on("#6e4f33"))
    c.rect(x, 94, 560, 190, s.on("#2f4b41"))
    for k in range(5):
        y = 124 + k * 30
        c.stroke([(x + 40, y), (x + 90 + s.between(60, 300), y + s.between(-2, 2))], 3, s.on("#dfe6dc"), 0.6)
    c.ellipse(_side(s, 1120, 0), 130, 34, 34, s.on("#efe9da"))
    c.stroke([(_side(s, 1120, 0), 130), (_side(s, 1120, 0), 108)], 4, s.on("#2a2623"))
    c.stroke([(_side(s, 1120, 0), 130), (_side(s, 1120, 0) + 16, 136)], 4, s.on("#2a2623"))
    m = s.layer(0.72, LEFT, 240, RIGHT, 640)
    for x in (-140, 180, 820, 1140):
        table(s, m, x, 404, 230, 96, "#a8743f")
        m.rect(x + 60, 384, 60, 8, s.on("#b0493c"))
        m.rect(x + 66, 376, 52, 8, s.on("#3f5f7a"))
    f = s.layer(1.4, -200, 420, 1600, 760, front=True)
    table(s, f, -60, 610, 420, 200, "#7d5530")
    f.blob([(60, 590), (80, 552), (100, 548), (118, 556), (132, 590)], s.on("#b8402f"))


def church(s: Scenery) -> None:
    room(s, "#6d6670", "#3d363a")
    c = s.back
    for i in range(-1, 4):
        x = 110 + i * 320
        c.blob([(x, 330), (x, 90), (x + 50, -20), (x + 100, 90), (x + 100, 330)], s.on("#2b2730"))
        panes = ("#b5443a", "#d6a545", "#3f6fa3", "#4f8a5c", "#7a4f92")
        for row in range(9):
            for col in range(3):
                y = 60 + row * 29
                c.rect(
                    x + 10 + col * 27,
                    y,
                    24,
                    26,
                    mix(rgb(panes[int(s.rng.integers(5))]), s.light.sky[2], 0.3 + 0.3 * s.light.sun),
                    0.92,
                )
        glow = mix(rgb("#ffd59a"), s.light.sky[1], 0.3)
        c.glow(x + 50, 170, 190, glow, 0.22 + 0.3 * s.light.sun)
        c.beam(
            [(x, 60), (x + 100, 60), (x + 100 - s.light.side * 260, 560), (x - 80 - s.light.side * 260, 560)],
            glow,
            0.12 + 0.2 * s.light.sun,
            18,
        )
    for x in (30, 350, 670, 990, 1310):
        c.shade(
            [(x - 22, TOP_CAR), (x + 22, TOP_CAR), (x + 22, FLOOR), (x - 22, FLOOR)],
            [(0, s.on("#4d4750")), (FLOOR, s.on("#77707a"))],
        )
        c.rect(x - 30, FLOOR - 26, 60, 26, s.on("#837b85"))
    m = s.layer(0.78, LEFT, 180, RIGHT, 640)
    for x in (-180, 820):
        for k in range(3):
            box(s, m, x - k * 30, 380 + k * 44, 640 + k * 20, 60, ("#4a3020", "#563825", "#61402a")[k])
    for k in range(7):
        x = 550 + k * 30
        m.rect(x, 318 - (k % 3) * 10, 7, 40 + (k % 3) * 10, s.on("#ece2cc"))
        m.glow(x + 3, 310 - (k % 3) * 10, 60, (255, 196, 110), 0.75)
        m.ellipse(x + 3.5, 310 - (k % 3) * 10, 3, 7, (255, 236, 180))
    m.rect(530, 356, 226, 10, s.on("#8a6a3c"))


def train(s: Scenery) -> None:
    room(s, "#6f7f86", "#3c4146", planks=False)
    c = s.back
    for i in range(-1, 4):
        x = 40 + i * 340
        window(s, x, 96, 280, 156, frame="#394249", city=True, bars=0)
        c.rect(x - 6, 70, 292, 12, s.on("#aab4b8"))
    c.rect(LEFT, 20, RIGHT - LEFT, 8, s.on("#c3ccd0"))
    c.rect(LEFT, -40, RIGHT - LEFT, 34, mix(s.on("#e6eef0"), (255, 255, 255), 0.3 + 0.6 * s.lamp(0.5)), 0.9)
    m = s.layer(0.74, LEFT, -60, RIGHT, 620)
    tone = mix(rgb("#7a3f3c"), s.accent, 0.3)
    for x in (-260, 90, 760, 1110):
        m.rect(x, 262, 230, 150, s.on(tone), 1, 22)
        m.rect(x + 12, 276, 206, 60, s.light.lit(tone, 0.6), 1, 16)
        m.rect(x - 8, 388, 246, 56, s.on(times(tone, 0.78)), 1, 14)
        m.rect(x, 440, 230, 60, s.on("#22262a"))
    for x in (360, 700, 1040):
        m.rect(x, -60, 7, 560, s.light.lit(rgb("#b9c2c6"), 0.8))
        m.ellipse(x + 60, 64, 14, 17, s.on("#d8d2c2"))
        m.ellipse(x + 60, 65, 9, 12, s.on("#58646a"))
        m.rect(x + 58, 24, 4, 26, s.on("#30363a"))


def warehouse(s: Scenery) -> None:
    room(s, "#4f5358", "#3b3a3a", planks=False)
    c = s.back
    for i in range(-1, 5):
        x = -40 + i * 280
        c.rect(x, -200, 18, 600, s.on("#33373c"))
        c.stroke([(x, 40), (x + 140, -80), (x + 280, 40)], 9, s.on("#2c3035"))
        for row in range(2):
            for col in range(3):
                c.rect(x + 60 + col * 56, 70 + row * 50, 50, 44, mix(s.light.sky[1], s.light.sky[2], row * 0.7), 0.9)
    lean = -s.light.side * 220
    for i in range(4):
        x = 60 + i * 290
        c.beam(
            [(x, 70), (x + 110, 70), (x + 120 + lean, 580), (x - 60 + lean, 580)],
            mix(s.light.sky[2], s.light.key, 0.5),
            0.1 + 0.22 * s.light.sun,
            16,
        )
    m = s.layer(0.72, LEFT, 60, RIGHT, 620)
    for x, y, w, h in (
        (-150, 300, 170, 150),
        (40, 350, 120, 110),
        (-90, 200, 130, 100),
        (950, 280, 180, 170),
        (1150, 330, 150, 130),
        (1000, 190, 120, 92),
    ):
        box(s, m, x, y, w, h, "#7b5f3f", 12)
        m.stroke([(x + 8, y + 12), (x + w - 8, y + h - 10)], 7, s.on("#5d4630"))
        m.rect(x + 8, y + 10, w - 16, 6, s.on("#5d4630"))
    for x in (200, 840):
        m.blob([(x, 340), (x + 78, 340), (x + 80, 470), (x - 2, 470)], s.on("#3f5b66"))
        for k in range(3):
            m.rect(x - 2, 356 + k * 42, 82, 5, s.light.lit(rgb("#5f7f8c")))
    pendant(s, m, 560, 90, 44, "#22262a")
    f = s.layer(1.5, -200, -300, 1600, 800, front=True)
    for k in range(3):
        f.stroke(
            [(1240 + k * 40, -200), (1236 + k * 40, 120 + 80 * k), (1248 + k * 40, 190 + 60 * k)], 7, s.on("#141619")
        )


def shop(s: Scenery) -> None:
    x: float
    room(s, "#b8a98f", "#8f8778", planks=False)
    c = s.back
    for i in range(4):
        x = -80 + i * 360
        c.rect(x, 60, 320, 290, s.on("#4d4439"))
        for row in range(4):
            y = 126 + row * 70
            at = x + 8.0
            while at < x + 296:
                w, h = s.between(16, 30), s.between(30, 52)
                goods = ("#c2503f", "#d7a845", "#5a8a7a", "#3f5f86", "#d9d2c2", "#8a4f7a")[int(s.rng.integers(6))]
                c.rect(at, y - h, w, h, s.on(goods), 1, 3)
                c.rect(at + 3, y - h * 0.7, w - 6, h * 0.3, s.on("#efe6d2"), 0.85)
                at += w + 2
            c.rect(x, y, 320, 7, s.light.lit(rgb("#8d7a5f"), 1))
    for x in (200, 700):
        c.rect(x, -30, 320, 14, (250, 252, 255), 0.9)
        c.glow(x + 160, -20, 420, (240, 246, 255), 0.3 * s.lamp(0.6))
    m = s.layer(0.78, LEFT, 240, RIGHT, 640)
    box(s, m, _side(s, 640, 560), 384, 560, 130, "#a5522f")
    x = _side(s, 1000, 90)
    m.rect(x, 316, 96, 60, s.on("#2c3036"), 1, 6)
    m.rect(x + 10, 324, 60, 20, rgb("#7fd0a5"), 0.85)


def corridor(s: Scenery) -> None:
    """A hall in one-point perspective: stairs, halls, prisons, hotels, anywhere unnamed and narrow."""
    room(s, "#8a8378", "#5f4a40")
    c = s.back
    vx, vy = 640.0, 262.0
    wall = rgb("#958a7c")
    for side in (-1, 1):
        x = vx + side * 120
        c.poly(
            [(x, vy - 110), (x, FLOOR - 40), (vx + side * 1100, 1150), (vx + side * 1100, -700)],
            s.on(times(wall, 0.9 if side == s.light.side else 0.66)),
        )
        for k in range(3):
            a, b = 180 + 190 * k * (1 + 0.35 * k), 270 + 230 * k * (1 + 0.4 * k)
            ya, yb = 1 + a / 190, 1 + b / 190
            c.poly(
                [
                    (vx + side * a, vy - 52 * ya),
                    (vx + side * b, vy - 52 * yb),
                    (vx + side * b, vy + 88 * yb),
                    (vx + side * a, vy + 88 * ya),
                ],
                s.on("#4a3a30"),
            )
            c.ellipse(
                vx + side * (b - 0.2 * (b - a)), vy + 20 * yb, 4 + 2 * k, 4 + 2 * k, s.light.lit(rgb("#d8b46a"), 1)
            )
    c.poly([(vx - 120, vy - 110), (vx + 120, vy - 110), (vx + 1100, -700), (vx - 1100, -700)], s.on(times(wall, 0.5)))
    c.rect(vx - 120, vy - 110, 240, FLOOR - vy + 72, s.on(times(wall, 1.05)))
    c.rect(vx - 50, vy - 60, 100, FLOOR - vy + 22, mix(s.light.sky[2], s.light.key, 0.4))
    c.glow(vx, vy + 20, 330, mix(s.light.sky[2], s.light.key, 0.6), 0.55)
    for k in range(4):
        y, w = 120 - 62 * k, 40 + 44 * k
        c.rect(vx - w, y, 2 * w, 7 + 4 * k, mix((255, 246, 226), s.accent, 0.1), 0.5 + 0.5 * s.lamp(0.4))
        c.glow(vx, y + 6, 160 + 80 * k, (255, 232, 196), 0.22 * s.lamp(0.4))
