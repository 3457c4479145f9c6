"""Planes in depth and the camera that sees them: one shift or affine warp and one blend a sprite.

Invariant: a sprite's rest position is in picture pixels, and a camera at rest reproduces it exactly. `parallax` is
how far a sprite follows the camera: 0 at infinity, 1 in the plane of the figures, above 1 in front of them. `compose`
keeps nothing but sprites already moved by a part of a pixel, so any frame can be drawn alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.video.animatic.canvas import Pixels, clearance, lay

Matrix = NDArray[np.float64]
Affine = tuple[float, float, float, float, float, float]  # the two rows of a 2x3 matrix
PHASES = 4  # sub-pixel positions of a shifted sprite: an eighth of a pixel off at most, never seen at 24 fps
REACH_SHARE = 0.08  # of the width: the furthest a camera shifts any sprite, with a little to spare
GAP_PIXELS = 24
BAND_PIXELS = 48


@dataclass(frozen=True)
class Act:
    """How a sprite differs from rest at one moment: pixels, degrees about its pivot, vertical stretch, variant."""

    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0
    stretch: float = 1.0
    variant: int = 0


REST = Act()


@dataclass(frozen=True)
class View:
    """The camera at one moment: shift in pixels at parallax 1, zoom, roll in degrees.

    `turning` is 1 for a camera that turns on the spot (all depths move alike), 0 for one that travels.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    roll: float = 0.0
    turning: float = 0.0


@dataclass
class Sprite:
    """A plane: premultiplied images (variants share one size), rest position, parallax, and its own motion."""

    images: list[Pixels]
    x: float
    y: float
    parallax: float
    pivot: tuple[float, float] = (0.0, 0.0)
    act: Callable[[float], Act] | None = None
    opaque: bool = False
    level: bool = False  # already turned and zoomed with the camera: only its shift remains
    _phases: dict[tuple[int, int, bool], tuple[Pixels, Pixels | None]] = field(default_factory=dict, repr=False)

    def phase(self, variant: int, phase: int, upright: bool) -> tuple[Pixels, Pixels | None]:
        """A variant moved `phase` / `PHASES` of a pixel down or right, and what it lets through (None if opaque)."""
        key = (variant, phase, upright and phase > 0)
        found = self._phases.get(key)
        if found is None:
            image = _part_moved(self.images[variant], phase / PHASES, upright)
            found = self._phases[key] = (image, None if self.opaque else clearance(image))
        return found


def _part_moved(image: Pixels, part: float, upright: bool) -> Pixels:
    """Mixed with its neighbour row or column; the first keeps, since sprites begin with a clear border."""
    if part == 0:
        return image
    moved = image.copy()
    near, far = (image[1:], image[:-1]) if upright else (image[:, 1:], image[:, :-1])
    cv2.addWeighted(near, 1 - part, far, part, 0, dst=moved[1:] if upright else moved[:, 1:])
    return moved


@dataclass
class Stage:
    """Everything of one shot, far to near."""

    width: int
    height: int
    sprites: list[Sprite] = field(default_factory=list)


def trimmed(image: Pixels, x: float, y: float, parallax: float) -> list[Sprite]:
    """Sprites cut to what an image covers, left to right.

    Wide gaps split it, since clear pixels cost as much as painted ones. Each keeps a clear border of one pixel so
    that edges interpolate.
    """
    r, g, b, a = cv2.split(image)
    seen = cv2.max(cv2.max(r, g), cv2.max(b, a))
    columns = np.flatnonzero(cv2.reduce(seen, 0, cv2.REDUCE_MAX)[0])
    if not columns.size:
        return []
    breaks = np.flatnonzero(np.diff(columns) > GAP_PIXELS)
    starts = [int(columns[0]), *(int(columns[i + 1]) for i in breaks)]
    ends = [*(int(columns[i]) + 1 for i in breaks), int(columns[-1]) + 1]
    out = []
    for x0, x1 in zip(starts, ends, strict=True):
        rows = np.flatnonzero(cv2.reduce(np.ascontiguousarray(seen[:, x0:x1]), 1, cv2.REDUCE_MAX)[:, 0])
        y0, y1 = int(rows[0]), int(rows[-1]) + 1
        band0, band1 = _solid_band(image[y0:y1, x0:x1, 3])
        if band1 - band0 < BAND_PIXELS:
            out.append(_bordered(image, (x0, y0, x1, y1), x, y, parallax))
            continue
        # The soft parts overlap the solid one by two rows, so no seam shows wherever a row falls between pixels.
        if band0 > 2:
            out.append(_bordered(image, (x0, y0, x1, y0 + band0 + 2), x, y, parallax))
        solid = np.ascontiguousarray(image[y0 + band0 : y0 + band1, x0:x1])
        out.append(Sprite([solid], x + x0, y + y0 + band0, parallax, opaque=True))
        if y0 + band1 < y1 - 2:
            out.append(_bordered(image, (x0, y0 + band1 - 2, x1, y1), x, y, parallax))
    return out


def _bordered(image: Pixels, box: tuple[int, int, int, int], x: float, y: float, parallax: float) -> Sprite:
    x0, y0, x1, y1 = box
    cut = cv2.copyMakeBorder(image[y0:y1, x0:x1], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    return Sprite([cut], x + x0 - 1, y + y0 - 1, parallax)


def _solid_band(alpha: Pixels) -> tuple[int, int]:
    """The longest run of rows that cover fully: they are copied, not blended."""
    full = np.concatenate(
        ([0], (cv2.reduce(np.ascontiguousarray(alpha), 1, cv2.REDUCE_MIN)[:, 0] == 255).astype(np.int8), [0])
    )
    starts, ends = np.flatnonzero(np.diff(full) == 1), np.flatnonzero(np.diff(full) == -1)
    if not starts.size:
        return 0, 0
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best])


def _placed(stage: Stage, sprite: Sprite, view: View, act: Act) -> Affine:
    """Where a sprite's pixels land in the picture; plain numbers, since arrays this small cost more than the sums."""
    cx, cy = stage.width / 2, stage.height / 2
    zoom = 1.0 if sprite.level else 1 + (view.zoom - 1) * min(1.25, 0.35 + 0.65 * sprite.parallax)
    roll = 0.0 if sprite.level else math.radians(view.roll)
    cos, sin = math.cos(roll) * zoom, math.sin(roll) * zoom
    depth = sprite.parallax + (1 - sprite.parallax) * view.turning
    px, py = sprite.pivot
    c, s, stretch = math.cos(math.radians(act.turn)), math.sin(math.radians(act.turn)), act.stretch
    # local pixel -> turned and stretched about the pivot, from the picture's centre -> picture
    lx = sprite.x + act.dx + px - c * px + s * stretch * py - cx
    ly = sprite.y + act.dy + py - s * px - c * stretch * py - cy
    return (
        cos * c - sin * s, -(cos * s + sin * c) * stretch, cos * lx - sin * ly + cx + view.x * depth,
        sin * c + cos * s, (cos * c - sin * s) * stretch, sin * lx + cos * ly + cy + view.y * depth,
    )  # fmt: skip


def compose(stage: Stage, view: View, t: float, into: Pixels) -> None:
    """Draw the stage at `t` seconds into `into`, uint8 (stage.height, stage.width, 4)."""
    acts = [sprite.act(t) if sprite.act else REST for sprite in stage.sprites]
    places = [_placed(stage, sprite, view, act) for sprite, act in zip(stage.sprites, acts, strict=True)]
    screen, top, bottom = _screen(stage, places)
    for n, (sprite, act, place) in enumerate(zip(stage.sprites, acts, places, strict=True)):
        variant = act.variant % len(sprite.images)
        # What stands behind a screen is drawn above and below it only.
        for first, end in ((0, top), (bottom, stage.height)) if n < screen else ((0, stage.height),):
            _draw(sprite, variant, (*place[:5], place[5] - first), into[first:end])


def _screen(stage: Stage, places: list[Affine]) -> tuple[int, int, int]:
    """(index, top, bottom): the last sprite that hides whole rows of the picture, and the rows; (0, 0, 0) if none."""
    for n in range(len(places) - 1, 0, -1):
        a, b, x, c, _, _ = places[n]
        image = stage.sprites[n].images[0]
        if stage.sprites[n].opaque and b == c == 0 and x <= 0 and x + a * image.shape[1] >= stage.width:
            _, top, _, bottom = _bounds(image, places[n])
            top, bottom = max(0, top + 1), min(stage.height, bottom - 1)
            if bottom > top:
                return n, top, bottom
    return 0, 0, 0


def _draw(sprite: Sprite, variant: int, place: Affine, into: Pixels) -> None:
    if _is_shift(place):
        _draw_shifted(sprite, variant, place[2], place[5], into)
    else:
        _draw_warped(sprite.images[variant], place, sprite.opaque, into)


def _bounds(image: Pixels, place: Affine) -> tuple[int, int, int, int]:
    """The whole-pixel box (left, top, right, bottom) that a placed image may touch."""
    h, w = image.shape[:2]
    a, b, x, c, d, y = place
    return (
        math.floor(x + min(0.0, a * w) + min(0.0, b * h)), math.floor(y + min(0.0, c * w) + min(0.0, d * h)),
        math.ceil(x + max(0.0, a * w) + max(0.0, b * h)), math.ceil(y + max(0.0, c * w) + max(0.0, d * h)),
    )  # fmt: skip


def _from(place: Affine, x0: int, y0: int) -> Matrix:
    a, b, x, c, d, y = place
    return np.array(((a, b, x - x0), (c, d, y - y0)))


def _draw_warped(image: Pixels, place: Affine, opaque: bool, into: Pixels) -> None:
    left, top, right, bottom = _bounds(image, place)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, into.shape[1]), min(bottom, into.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    region, matrix, size = into[y0:y1, x0:x1], _from(place, x0, y0), (x1 - x0, y1 - y0)
    if opaque:
        cv2.warpAffine(image, matrix, size, dst=region, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    else:
        lay(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), region)


def _is_shift(place: Affine) -> bool:
    return abs(place[1]) < 1e-9 and abs(place[0] - 1) < 1e-9 and abs(place[4] - 1) < 1e-9


def _draw_shifted(sprite: Sprite, variant: int, dx: float, dy: float, into: Pixels) -> None:
    """A pure shift, a tenth of a warp's cost: whole pixels choose a window, the fraction a phase mixed once."""
    # With a fraction on both axes the vertical one is rounded: half a pixel, on a picture that is moving anyway.
    upright = abs(dx - round(dx)) < 1e-3
    whole, phase = divmod(round((dy if upright else dx) * PHASES), PHASES)
    x, y = (round(dx), whole) if upright else (whole, round(dy))
    image, clear = sprite.phase(variant, phase, upright)
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + image.shape[1], into.shape[1]), min(y + image.shape[0], into.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    window = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
    region = into[y0:y1, x0:x1]
    if clear is None:
        np.copyto(region, image[window])
    else:
        cv2.multiply(region, clear[window], dst=region, scale=1 / 255)
        cv2.add(region, image[window], dst=region)


def settled(stage: Stage, view: View) -> Stage:
    """The same stage turned and zoomed once, for a camera that keeps `view`'s roll and zoom and only shifts."""
    reach = math.ceil(REACH_SHARE * stage.width)
    return Stage(stage.width, stage.height, [_settled(stage, sprite, view, reach) for sprite in stage.sprites])


def _settled(stage: Stage, sprite: Sprite, view: View, reach: int) -> Sprite:
    place = _placed(stage, sprite, View(0, 0, view.zoom, view.roll), REST)
    if sprite.act or _is_shift(place):
        return sprite
    image = sprite.images[0]
    left, top, right, bottom = _bounds(image, place)
    x0, y0 = max(left - 1, -reach), max(top - 1, -reach)
    x1, y1 = min(right + 1, stage.width + reach), min(bottom + 1, stage.height + reach)
    border = cv2.BORDER_REPLICATE if sprite.opaque else cv2.BORDER_CONSTANT
    size = (max(1, x1 - x0), max(1, y1 - y0))
    turned = cv2.warpAffine(image, _from(place, x0, y0), size, flags=cv2.INTER_LINEAR, borderMode=border)
    return Sprite([turned], x0, y0, sprite.parallax, opaque=sprite.opaque, level=True)


def flattened(stage: Stage, still: View) -> Stage:
    """The same stage with its leading motionless sprites drawn once, for a camera that never leaves `still`."""
    count = next((i for i, s in enumerate(stage.sprites) if s.act), len(stage.sprites))
    plate = np.zeros((stage.height, stage.width, 4), np.uint8)
    compose(Stage(stage.width, stage.height, stage.sprites[:count]), still, 0.0, plate)
    base = Sprite([plate], 0, 0, 0.0, opaque=True)
    return Stage(stage.width, stage.height, [base, *stage.sprites[count:]])
