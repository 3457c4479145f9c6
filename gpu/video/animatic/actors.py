"""Puts a figure on the stage: paints its parts as sprites and gives them life.

Owns how an action's words become a pose and how speech, breath and steps move the parts. Invariant: motion is a pure
function of time and of the figure's own phase, so frame n is the same whoever asks first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np

from gpu.video.animatic.body import STRIDES, Arm, Legs, Pose, paint_arm, paint_shoulders_back, paint_trunk, shoulder
from gpu.video.animatic.canvas import Canvas, Pixels
from gpu.video.animatic.colour import RGB, Grade
from gpu.video.animatic.head import MOUTHS, NECK, paint_head, paint_head_back
from gpu.video.animatic.light import Light
from gpu.video.animatic.sculpt import blurred, sculpt
from gpu.video.animatic.stage import Act, Sprite
from gpu.video.animatic.wardrobe import persona_of
from gpu.video.protocol import Figure

_Paint = Callable[[Canvas], None]

_ARM_WORDS: tuple[tuple[Arm, str], ...] = (
    ("phone", "phone call calls calling telephone dials"),
    ("point", "point points pointing aims aim gun shoots accuses gestures orders threatens"),
    ("up", "waves waving raises cheers hails jumps surrenders reaches dances dancing"),
    (
        "hold",
        "holds holding drinks drinking sips reads reading carries eats "
        "eating smokes writes writing hugs clutches grips pours cooks cooking",
    ),
    ("hip", "waits waiting smirks leans leaning stares impatient poses watches"),
    ("talk", "says talks talking explains argues arguing shouts yells asks whispers tells laughs pleads"),
)
_WALK = (
    "walk walks walking runs running enters entering exits leaves leaving "
    "strides crosses hurries chases flees paces marches approaches follows"
)
_SIT = "sits sitting seated sit kneels kneeling crouches drives driving"
_STERN = "angry shouts yells glares furious threatens argues fights stares screams grim cold accuses"
_BRIGHT = "smiles smiling laughs laughing happy grins cheers hugs dances kisses warm"


@dataclass(frozen=True)
class Placement:
    """A figure's place in the picture, in pixels: feet at (x, y), `unit` pixels a hundredth of its height."""

    x: float
    y: float
    unit: float
    facing: int
    squash: float
    close: bool


@dataclass(frozen=True)
class Speech:
    """When a figure speaks, in seconds of the shot."""

    spans: tuple[tuple[float, float], ...]

    def level(self, t: float) -> float:
        return max((min(1.0, (t - a) * 5, (b - t) * 5) for a, b in self.spans if a < t < b), default=0.0)


def pose_of(figure: Figure, facing: int, speaks: bool) -> Pose:
    """A pose from the words of an action."""
    words = set(re.findall(r"[^\W_]+", figure.action.casefold()))

    def said(keys: str) -> bool:
        return not words.isdisjoint(keys.split())

    arm: Arm = next((name for name, keys in _ARM_WORDS if said(keys)), "talk" if speaks else "down")
    legs: Legs = "walk" if said(_WALK) else "sit" if said(_SIT) else "stand"
    pace = 1.7 if said("run runs running chases flees hurries") else 1.0
    return Pose(arm, legs, facing, -1.0 if said(_STERN) else 1.0 if said(_BRIGHT) else 0.0, pace)


def actor_sprites(
    figure: Figure,
    place: Placement,
    speech: Speech,
    light: Light,
    grade: Grade,
    picture: tuple[int, int],
    duration: float,
) -> list[Sprite]:
    """Trunk, head and near arm of a figure as moving sprites, far to near."""
    who = persona_of(figure.entity_id)
    pose = pose_of(figure, place.facing, bool(speech.spans))
    unit = place.unit * who.tall
    phase = crc32(figure.entity_id.encode("utf-8", "surrogatepass")) % 628 / 100
    rim = max(1.2, 0.22 * unit)
    strides = STRIDES if pose.legs == "walk" and not place.close else 1
    drop = 22 * unit if pose.legs == "sit" and not place.close else 0.0
    at = Placement(place.x, place.y + (drop * 0.35 if drop else 0), unit, place.facing, place.squash, place.close)

    def part(variants: list[_Paint]) -> Sprite | None:
        return _part(variants, at, light, grade, picture, rim)

    trunk = part([lambda c, n=n: paint_trunk(c, who, light, pose, n) for n in range(strides)])  # type: ignore[misc]
    mouths = range(MOUTHS) if speech.spans and unit > 1.2 else range(1)
    looks: list[_Paint] = [lambda c, m=m: paint_head(c, who, light, pose.facing, m, False, pose.mood) for m in mouths]  # type: ignore[misc]
    if unit > 2.2:
        looks.append(lambda c: paint_head(c, who, light, pose.facing, 0, True, pose.mood))
    head, arm = part(looks), part([lambda c: paint_arm(c, who, light, pose)])
    life = _Life(phase, unit, speech, pose, duration, strides, len(mouths), unit > 2.2, place.close)
    out = []
    if not place.close:
        out.append(_shadow(at, life, light))
    for sprite, act, pivot in (
        (trunk, life.trunk, (0.0, 0.0)),
        (head, life.head, NECK),
        (arm, life.arm, shoulder(pose.facing, who.build)),
    ):
        if sprite is not None:
            sprite.act = act
            sprite.pivot = (at.x + pivot[0] * unit - sprite.x, at.y + pivot[1] * unit * at.squash - sprite.y)
            out.append(sprite)
    return out


def back_sprite(
    figure: Figure, x: float, top: float, unit: float, light: Light, grade: Grade, picture: tuple[int, int]
) -> Sprite:
    """A figure from behind, near the lens and out of focus, for over-the-shoulder frames."""
    who = persona_of(figure.entity_id)
    place = Placement(x, top + 101 * unit, unit, 1, 1.0, True)

    def paint(c: Canvas) -> None:
        paint_shoulders_back(c, who, light)
        paint_head_back(c, who, light)

    sprite = _part([paint], place, light, grade, picture, max(1.5, 0.3 * unit), shade=0.62)
    assert sprite is not None
    # Room for the blur to run out in, or the box would show as a straight edge.
    pad = math.ceil(unit * 1.6)
    padded = [cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT) for image in sprite.images]
    sprite.images = [blurred(image, unit * 0.5) for image in padded]
    sprite.x, sprite.y = sprite.x - pad, sprite.y - pad
    sprite.parallax = 1.5
    phase = crc32(figure.entity_id.encode("utf-8", "surrogatepass")) % 628 / 100
    sprite.act = lambda t: Act(dx=unit * 0.25 * math.sin(0.7 * t + phase), dy=unit * 0.12 * math.sin(1.6 * t + phase))
    return sprite


def _part(
    variants: list[_Paint],
    at: Placement,
    light: Light,
    grade: Grade,
    picture: tuple[int, int],
    rim: float,
    shade: float = 0.36,
) -> Sprite | None:
    """Paint variants of one part on one box, sculpt them, cut them to their common cover."""
    width, height = picture
    pad = 0.08 * width
    u = at.unit
    x0, x1 = max(-pad, at.x - 36 * u), min(width + pad, at.x + 36 * u)
    bottom = at.y + (height + pad - at.y) / at.squash
    y0, y1 = max(at.y - (at.y + pad) / at.squash, at.y - 113 * u), min(bottom, at.y + 6 * u)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    x0, y0 = math.floor(x0), math.floor(y0)
    images: list[Pixels] = []
    for paint in variants:
        canvas = Canvas(math.ceil(x1 - x0), math.ceil(y1 - y0), u, at.x - x0, at.y - y0, grade)
        paint(canvas)
        images.append(canvas.image)
    cover = np.max([image[..., 3] for image in images], axis=0)
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    if not rows.size:
        return None
    box = slice(max(0, rows[0] - 1), rows[-1] + 2), slice(max(0, columns[0] - 1), columns[-1] + 2)
    graded: RGB = grade(light.rim)
    out = []
    left, above = x0 + float(box[1].start), y0 + float(box[0].start)
    for image in images:
        cut = np.ascontiguousarray(image[box])
        if at.squash != 1:
            # Foreshortening under a raised camera: lengths shrink towards the feet.
            cut = cv2.resize(cut, (cut.shape[1], max(2, round(cut.shape[0] * at.squash))), interpolation=cv2.INTER_AREA)
        sculpt(cut, light.side, graded, rim, 0.5 if light.interior else 0.62, shade)
        out.append(cut)
    return Sprite(out, left, at.y - (at.y - above) * at.squash, 1.0)


def _shadow(at: Placement, life: _Life, light: Light) -> Sprite:
    w, h = int(30 * at.unit) + 8, int(7 * at.unit) + 8
    canvas = Canvas(w, h, 1, 0, 0)
    ring = [(w / 2 + w * 0.34 * math.cos(a), h / 2 + h * 0.26 * math.sin(a)) for a in (i * 0.3927 for i in range(16))]
    canvas.soft(ring, (6.0, 6.0, 12.0), 0.55, max(1.0, h * 0.1))
    canvas.image[..., :3] = (canvas.image[..., 3:] * np.float32(0.03)).astype(np.uint8)
    x = at.x - w / 2 - light.side * 4 * at.unit
    return Sprite([canvas.image], x, at.y - h * 0.5, 1.0, act=lambda t: Act(dx=life.travel(t)))


@dataclass(frozen=True)
class _Life:
    """Motion of one figure's parts."""

    phase: float
    unit: float
    speech: Speech
    pose: Pose
    duration: float
    strides: int
    mouths: int
    blinks: bool
    close: bool

    def travel(self, t: float) -> float:
        if self.pose.legs != "walk" or self.close:
            return 0.0
        return self.pose.facing * self.unit * 15 * self.pose.pace * (t - self.duration / 2)

    def bob(self, t: float) -> float:
        if self.pose.legs != "walk":
            return 0.0
        lift = abs(math.sin(math.pi * self.pose.pace * 2.0 * t + self.phase))
        return -self.unit * (0.5 if self.close else 1.1) * lift

    def breath(self, t: float) -> float:
        return math.sin(1.7 * t + self.phase)

    def trunk(self, t: float) -> Act:
        stride = int((t * self.pose.pace * 2.0 + self.phase) * 2) % self.strides
        if self.close:
            return Act(0.0, self.bob(t) - self.unit * 0.14 * self.breath(t))
        return Act(self.travel(t), self.bob(t), 0.0, 1 + 0.0035 * self.breath(t), stride)

    def head(self, t: float) -> Act:
        level = self.speech.level(t)
        beat = int(t * 9 + self.phase * 7)
        mouth = (1, 2, 1, 0, 2, 1, 2, 0, 1, 2, 1)[beat * 7 % 11] % self.mouths if level > 0.25 else 0
        if self.blinks and level <= 0.25 and (t + self.phase) % 3.3 < 0.11:
            mouth = self.mouths
        nod = level * (1.9 * math.sin(5.3 * t + self.phase) + 1.1 * math.sin(8.9 * t))
        turn = 0.9 * math.sin(0.9 * t + self.phase) + nod
        dy = self.bob(t) - self.unit * (0.18 * self.breath(t) + 0.35 * level * math.sin(6.1 * t + self.phase))
        return Act(self.travel(t), dy, turn, 1.0, mouth)

    def arm(self, t: float) -> Act:
        level = self.speech.level(t)
        swing = 16 * math.sin(2 * math.pi * self.pose.pace * t + self.phase) if self.pose.legs == "walk" else 0.0
        gesture = level * (7 * math.sin(4.1 * t + self.phase) + 3 * math.sin(7.7 * t))
        turn = self.pose.facing * (swing + gesture + 0.8 * self.breath(t))
        return Act(self.travel(t), self.bob(t) - self.unit * 0.15 * self.breath(t), turn)
