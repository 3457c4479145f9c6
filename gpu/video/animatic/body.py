"""Draws a body: legs, clothes and arms in a pose, in the units of `head.py` (100 tall, feet at 0).

Invariant: the trunk and the near arm are painted on separate canvases with one transform, so the arm can turn about
`SHOULDER` without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gpu.video.animatic.canvas import Canvas, Point, capsule
from gpu.video.animatic.colour import RGB, mix, times
from gpu.video.animatic.head import paint_hair_back
from gpu.video.animatic.light import Light
from gpu.video.animatic.wardrobe import Persona

Arm = Literal["down", "talk", "phone", "point", "hold", "hip", "up"]
Legs = Literal["stand", "walk", "sit"]
STRIDES = 4


@dataclass(frozen=True)
class Pose:
    """What a figure does with its limbs; `facing` -1 left, +1 right."""

    arm: Arm = "down"
    legs: Legs = "stand"
    facing: int = 1
    mood: float = 0.0
    pace: float = 0.0


_ARMS: dict[Arm, tuple[Point, Point]] = {
    "down": ((11.6, -65.0), (10.6, -50.5)),
    "talk": ((11.8, -66.5), (16.8, -75.5)),
    "phone": ((13.2, -69.5), (6.4, -87.5)),
    "point": ((15.5, -74.5), (27.0, -78.5)),
    "hold": ((11.8, -65.5), (6.0, -66.0)),
    "hip": ((15.8, -66.0), (8.6, -55.5)),
    "up": ((14.5, -84.0), (15.5, -98.0)),
}


def shoulder(facing: int, build: float) -> Point:
    """Where the near arm turns."""
    return facing * 8.6 * build, -79.0


def paint_trunk(c: Canvas, who: Persona, light: Light, pose: Pose, stride: int = 0) -> None:
    """Legs, far arm, neck and garment."""
    b, f = who.build, pose.facing
    cloth = light.on(who.cloth)
    paint_hair_back(c, who, light, f)
    _limb_arm(c, who, light, "down" if pose.arm != "hold" else "hold", -f, 0.78)
    _legs(c, who, light, pose, stride)
    skin = times(light.on(who.skin), 0.8)
    if who.garment == "hoodie":
        c.blob([(-7, -83), (-6, -88), (0, -89.5), (6, -88), (7, -83), (0, -79)], times(cloth, 0.72))
    c.poly([(-2.7, -88), (2.7, -88), (3.2, -80), (0, -77.5), (-3.2, -80)], skin)
    trunk = [
        (-3.2, -83.2),
        (-8.2 * b, -81.2),
        (-9.6 * b, -77),
        (-8.6 * b, -68),
        (-7.5 * b, -58),
        (-8.2 * b, -48),
        (8.2 * b, -48),
        (7.5 * b, -58),
        (8.6 * b, -68),
        (9.6 * b, -77),
        (8.2 * b, -81.2),
        (3.2, -83.2),
        (0, -81),
    ]
    c.blob(trunk, cloth)
    _garment(c, who, light, cloth, b, f)


def paint_arm(c: Canvas, who: Persona, light: Light, pose: Pose) -> None:
    """The near arm, on its own canvas."""
    _limb_arm(c, who, light, pose.arm, pose.facing, 1.06)


def paint_shoulders_back(c: Canvas, who: Persona, light: Light) -> None:
    """Neck and shoulders from behind."""
    cloth = light.on(who.cloth)
    c.poly([(-3, -90), (3, -90), (3.6, -80), (-3.6, -80)], times(light.on(who.skin), 0.75))
    c.blob(
        [
            (-4, -84),
            (-10, -81),
            (-14, -74),
            (-15, -60),
            (-14, -44),
            (14, -44),
            (15, -60),
            (14, -74),
            (10, -81),
            (4, -84),
        ],
        cloth,
    )
    c.blob([(-4.4, -85.5), (0, -83.6), (4.4, -85.5), (5, -82), (0, -80), (-5, -82)], times(cloth, 0.8))


def _limb_arm(c: Canvas, who: Persona, light: Light, arm: Arm, side: int, tint: float) -> None:
    (ex, ey), (hx, hy) = _ARMS[arm]
    sleeve = times(light.on(who.cloth), tint)
    start, elbow, hand = shoulder(side, who.build), (side * ex * who.build, ey), (side * hx * who.build, hy)
    wrist = (elbow[0] + (hand[0] - elbow[0]) * 0.84, elbow[1] + (hand[1] - elbow[1]) * 0.84)
    c.ellipse(hand[0], hand[1], 2.0, 2.2, times(light.on(who.skin), 0.94))
    if arm == "point":
        c.poly(capsule(hand, (hand[0] + side * 3.2, hand[1] - 0.4), 0.8, 0.55), times(light.on(who.skin), 0.94))
    if arm == "phone":
        c.rect(hand[0] - 1.1, hand[1] - 3.4, 2.2, 5.0, (24.0, 26.0, 32.0), 1, 0.5)
    c.poly(capsule(start, elbow, 3.0, 2.45), sleeve)
    c.poly(capsule(elbow, wrist, 2.45, 1.95), times(sleeve, 0.97))
    c.poly(capsule(wrist, wrist, 2.05, 2.05), times(sleeve, 0.84))


def _legs(c: Canvas, who: Persona, light: Light, pose: Pose, stride: int) -> None:
    lower = light.on(who.lower) if who.garment != "dress" else mix(light.on(who.skin), light.on(who.lower), 0.75)
    shoe = light.on((30.0, 26.0, 28.0))
    swing = (0.0, 1.0, 0.0, -1.0)[stride % STRIDES] if pose.legs == "walk" else 0.0
    lift = (0.6, 0.0, 0.6, 0.0)[stride % STRIDES] if pose.legs == "walk" else 0.0
    for side, tint in ((-pose.facing, 0.78), (pose.facing, 1.0)):
        s = swing * (1 if side == pose.facing else -1)
        hip = (side * 3.9 * who.build, -49.0)
        if pose.legs == "sit":
            knee, ankle = (side * 6.4 + pose.facing * 2.5, -36.0), (side * 5.8 + pose.facing * 2.5, -5.0)
            c.poly(capsule(hip, knee, 5.0, 4.4), times(lower, tint * 1.08))
        else:
            knee = (hip[0] + s * 5.5 + pose.facing * 1.2 * abs(swing), -26.0)
            ankle = (hip[0] + s * 9.5 - pose.facing * 2.0 * lift, -4.2 - 2.2 * max(0.0, -s * pose.facing) - lift)
            c.poly(capsule(hip, knee, 4.7, 3.4), times(lower, tint))
        c.poly(capsule(knee, ankle, 3.4, 2.3), times(lower, tint))
        x, y = ankle
        f = pose.facing
        c.blob(
            [
                (x - f * 2.4, y + 0.6),
                (x + f * 1.4, y),
                (x + f * 4.8, y + 2.4),
                (x + f * 5.0, y + 4.2),
                (x - f * 2.6, y + 4.2),
            ],
            times(shoe, 0.7 + 0.3 * tint),
        )


def _garment(c: Canvas, who: Persona, light: Light, cloth: RGB, b: float, f: int) -> None:
    second, dark = light.on(who.second), times(cloth, 0.72)
    kind = who.garment
    if kind in ("coat", "dress"):
        hem, flare = (-27.0, 10.6) if kind == "coat" else (-25.0, 13.0)
        c.blob(
            [
                (-7.6 * b, -60),
                (-9 * b, -44),
                (-flare * b, hem),
                (0, hem + 1.5),
                (flare * b, hem),
                (9 * b, -44),
                (7.6 * b, -60),
            ],
            cloth,
        )
        c.poly([(f * 0.6, -56), (f * 3.6, hem + 1), (f * 0.2, hem + 1.4)], dark, 0.8)
        c.poly([(-7.5 * b, -59), (7.5 * b, -59), (7.6 * b, -56.6), (-7.6 * b, -56.6)], dark)
    if kind in ("suit", "coat", "jacket", "shirt"):
        inner = second if kind != "shirt" else times(cloth, 1.12)
        depth = {"suit": -63.0, "coat": -68.0, "jacket": -56.0, "shirt": -76.0}[kind]
        c.poly([(-3.4, -83.0), (3.4, -83.0), (f * 0.8, depth)], inner)
        if kind == "suit":
            c.poly(
                [
                    (f * 0.1 - 0.9, -80.6),
                    (f * 0.1 + 0.9, -80.6),
                    (f * 0.9 + 1.2, -68),
                    (f * 0.8, -64.6),
                    (f * 0.9 - 1.2, -68),
                ],
                times(cloth, 0.5),
            )
        for side in (-1, 1):
            c.poly(
                [(side * 3.0, -83.6), (side * 5.4, -81.4), (side * 4.2, -74), (f * 0.8, depth), (side * 1.6, -78)], dark
            )
        c.stroke([(f * 0.8, depth), (f * 0.9, -48.5)], 0.35, times(cloth, 0.6))
    elif kind == "hoodie":
        c.blob([(-5, -83.6), (0, -80.4), (5, -83.6), (5.6, -80.2), (0, -76.4), (-5.6, -80.2)], dark)
        c.blob([(-5, -58), (5, -58), (6, -50.5), (-6, -50.5)], dark, 0.8)
        for side in (-1, 1):
            c.stroke([(side * 1.5, -78), (side * 1.7, -71)], 0.4, second)
    elif kind == "sweater":
        c.blob([(-3.6, -85), (0, -84.2), (3.6, -85), (3.9, -81.6), (0, -80.2), (-3.9, -81.6)], times(cloth, 0.84))
        c.poly([(-8.9 * b, -71), (8.9 * b, -71), (8.5 * b, -66.5), (-8.5 * b, -66.5)], second, 0.9)
    elif kind == "dress":
        c.blob([(-4, -83.4), (0, -77.6), (4, -83.4), (0, -81)], times(light.on(who.skin), 0.86))
        c.ellipse(0, -77.0, 0.8, 0.8, second)
