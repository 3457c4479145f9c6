"""A small vector painter on premultiplied RGBA: polygons, smooth shapes, gradients, glows, beams, shadows.

Invariant: pixels are uint8 (h, w, 4) RGBA with colour premultiplied by alpha, so planes composite with one multiply
and additive light is colour without alpha. Callers paint in design units; the canvas holds the transform to pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.video.animatic.colour import RGB

Point = tuple[float, float]
Pixels = NDArray[np.uint8]

SUBPIXEL_BITS = 4
_UNIT = 1 << SUBPIXEL_BITS


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through the points, flattened."""
    p = np.asarray(points, np.float64)
    n = len(p)
    if n < 3:
        return list(points)
    index = np.arange(n if closed else n - 1)
    wrap: Callable[[NDArray[np.intp]], NDArray[np.intp]] = (lambda i: i % n) if closed else (lambda i: i.clip(0, n - 1))
    a, b, c, d = p[wrap(index - 1)], p[wrap(index)], p[wrap(index + 1)], p[wrap(index + 2)]
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.transpose(1, 0, 2).reshape(-1, 2)
    out = [(float(x), float(y)) for x, y in flat]
    return out if closed else [*out, (float(p[-1][0]), float(p[-1][1]))]


def capsule(a: Point, b: Point, ra: float, rb: float) -> list[Point]:
    """The outline of a limb: a circle of radius `ra` at `a`, `rb` at `b`, and the tangents."""
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    ring = [angle + math.pi / 2 + math.pi * i / 14 for i in range(15)]
    start = [(a[0] + ra * math.cos(t), a[1] + ra * math.sin(t)) for t in ring]
    return start + [(b[0] - rb * math.cos(t), b[1] - rb * math.sin(t)) for t in ring]


class Canvas:
    """A plane being painted; `(x, y)` in design units lands on pixel `(x * scale + ox, y * scale + oy)`."""

    def __init__(
        self, width: int, height: int, scale: float, ox: float, oy: float, tone: Callable[[RGB], RGB] = lambda c: c
    ) -> None:
        self.image: Pixels = np.zeros((max(1, height), max(1, width), 4), np.uint8)
        self.scale, self.ox, self.oy, self.tone = scale, ox, oy, tone

    def _px(self, points: Sequence[Point]) -> NDArray[np.float64]:
        return np.asarray(points, np.float64) * self.scale + (self.ox - 0.5, self.oy - 0.5)

    def _box(self, px: NDArray[np.float64], pad: float = 2) -> tuple[int, int, int, int] | None:
        """The clipped pixel box around points; None when it misses the canvas."""
        h, w = self.image.shape[:2]
        x, y, bw, bh = cv2.boundingRect(np.rint(px).astype(np.int32))
        grow = math.ceil(pad) + 1
        x0, y0, x1, y1 = max(x - grow, 0), max(y - grow, 0), min(x + bw + grow, w), min(y + bh + grow, h)
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def _ink(self, colour: RGB) -> tuple[float, float, float, float]:
        r, g, b = self.tone(colour)
        return round(r), round(g), round(b), 255

    def poly(self, points: Sequence[Point], colour: RGB, alpha: float = 1.0) -> None:
        px = self._px(points)
        box = self._box(px)
        if box is None:
            return
        x0, y0, x1, y1 = box
        region = self.image[y0:y1, x0:x1]
        fixed = np.rint((px - (x0, y0)) * _UNIT).astype(np.int32)
        if alpha >= 1:
            cv2.fillPoly(region, [fixed], self._ink(colour), cv2.LINE_AA, SUBPIXEL_BITS)
            return
        drawn = region.copy()
        cv2.fillPoly(drawn, [fixed], self._ink(colour), cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.addWeighted(drawn, alpha, region, 1 - alpha, 0, dst=region)

    def blob(self, points: Sequence[Point], colour: RGB, alpha: float = 1.0) -> None:
        """A closed smooth shape through the points."""
        self.poly(smooth(points), colour, alpha)

    def rect(self, x: float, y: float, w: float, h: float, colour: RGB, alpha: float = 1.0, r: float = 0.0) -> None:
        if r <= 0:
            self.poly([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, alpha)
            return
        r = min(r, w / 2, h / 2)
        corners = [(x + w - r, y + r, -90), (x + w - r, y + h - r, 0), (x + r, y + h - r, 90), (x + r, y + r, 180)]
        points = [
            (cx + r * math.cos(math.radians(a + i * 18)), cy + r * math.sin(math.radians(a + i * 18)))
            for cx, cy, a in corners
            for i in range(6)
        ]
        self.poly(points, colour, alpha)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, colour: RGB, alpha: float = 1.0) -> None:
        n = 24 if max(rx, ry) * self.scale < 24 else 48
        ring = [2 * math.pi * i / n for i in range(n)]
        self.poly([(cx + rx * math.cos(t), cy + ry * math.sin(t)) for t in ring], colour, alpha)

    def stroke(self, points: Sequence[Point], width: float, colour: RGB, alpha: float = 1.0) -> None:
        """A polyline of a width in design units, with round joints."""
        for a, b in pairwise(points):
            self.poly(capsule(a, b, width / 2, width / 2), colour, alpha)

    def _small_mask(
        self, points: Sequence[Point], blur: float = 0.0
    ) -> tuple[Pixels, tuple[int, int, int, int]] | None:
        """Coverage uint8 of a polygon in its clipped box, at a fraction of the size where the blur allows."""
        px = self._px(points)
        box = self._box(px, 2 + 3 * blur * self.scale)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        shrink = max(1, min(8, int(blur * self.scale / 3)))
        size = (max(1, (x1 - x0) // shrink), max(1, (y1 - y0) // shrink))
        small = np.zeros((size[1], size[0]), np.uint8)
        fixed = np.rint((px - (x0, y0)) / shrink * _UNIT).astype(np.int32)
        cv2.fillPoly(small, [fixed], 255, cv2.LINE_AA, SUBPIXEL_BITS)
        if blur > 0:
            small = cv2.GaussianBlur(small, (0, 0), max(0.4, blur * self.scale / shrink))
        return small, box

    def soft(self, points: Sequence[Point], colour: RGB, alpha: float, blur: float) -> None:
        """A blurred shape laid over what is there."""
        found = self._small_mask(points, blur)
        if found is None:
            return
        mask, (x0, y0, x1, y1) = found
        layer = _tinted(mask, self._ink(colour), alpha, (x1 - x0, y1 - y0))
        lay(layer, self.image[y0:y1, x0:x1])

    def beam(self, points: Sequence[Point], colour: RGB, strength: float, blur: float) -> None:
        """Additive light in the shape of a polygon."""
        found = self._small_mask(points, blur)
        if found is not None:
            mask, (x0, y0, x1, y1) = found
            region = self.image[y0:y1, x0:x1]
            cv2.add(region, _tinted(mask, (*self._ink(colour)[:3], 0), strength, (x1 - x0, y1 - y0)), dst=region)

    def glow(self, cx: float, cy: float, radius: float, colour: RGB, strength: float) -> None:
        """Additive radial light, falling off to nothing at `radius`."""
        px = self._px([(cx - radius, cy - radius), (cx + radius, cy + radius)])
        box = self._box(px, 0)
        if box is None:
            return
        x0, y0, x1, y1 = box
        centre, reach = px.mean(0), radius * self.scale
        step = 1 if reach < 24 else 4
        dx = ((np.arange(x0, x1, step, dtype=np.float32) + step / 2 - centre[0]) / reach) ** 2
        dy = ((np.arange(y0, y1, step, dtype=np.float32) + step / 2 - centre[1]) / reach) ** 2
        fall = np.clip(1 - np.sqrt(dy[:, None] + dx[None, :]), 0, 1)
        mask = (fall * fall * min(1.0, strength) * 255 + 0.5).astype(np.uint8)
        region = self.image[y0:y1, x0:x1]
        cv2.add(region, _tinted(mask, (*self._ink(colour)[:3], 0), max(1.0, strength), (x1 - x0, y1 - y0)), dst=region)

    def shade(self, points: Sequence[Point], stops: Sequence[tuple[float, RGB]], alpha: float = 1.0) -> None:
        """A polygon filled with a vertical gradient; stops are (y in design units, colour), top first."""
        found = self._small_mask(points)
        if found is None:
            return
        mask, (x0, y0, x1, y1) = found
        ys = (np.arange(y0, y1) - self.oy) / self.scale
        inks = [self._ink(colour) for _, colour in stops]
        at = [y for y, _ in stops]
        rows = np.stack([np.interp(ys, at, [ink[i] for ink in inks]) for i in range(4)], 1)
        flat = cv2.resize(
            np.rint(rows)[:, None, :].astype(np.uint8), (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST
        )
        layer = cv2.multiply(flat, cv2.merge([mask, mask, mask, mask]), scale=alpha / 255)
        lay(layer, self.image[y0:y1, x0:x1])


def lay(layer: Pixels, region: Pixels) -> None:
    """Composite a premultiplied layer over a region, in place."""
    cv2.multiply(region, clearance(layer), dst=region, scale=1 / 255)
    cv2.add(region, layer, dst=region)


def clearance(layer: Pixels) -> Pixels:
    """How much a layer lets through, once a channel: what a region is multiplied by before the layer is added."""
    clear = cv2.bitwise_not(cv2.extractChannel(layer, 3))
    out: Pixels = cv2.merge([clear, clear, clear, clear])
    return out


def _tinted(mask: Pixels, ink: tuple[float, float, float, float], alpha: float, size: tuple[int, int]) -> Pixels:
    """A premultiplied layer of `size`: one ink through a (possibly smaller) mask."""
    planes = [cv2.convertScaleAbs(mask, alpha=alpha * c / 255.0) for c in ink]
    layer: Pixels = cv2.merge(planes)
    if (layer.shape[1], layer.shape[0]) != size:
        layer = cv2.resize(layer, size, interpolation=cv2.INTER_LINEAR)
    return layer


def backdrop(canvas: Canvas, stops: Sequence[tuple[float, RGB]]) -> None:
    """Fill the whole canvas with a vertical gradient."""
    h = canvas.image.shape[0]
    ys = (np.arange(h) - canvas.oy) / canvas.scale
    inks = [canvas.tone(colour) for _, colour in stops]
    at = [y for y, _ in stops]
    rows = np.stack([np.interp(ys, at, [ink[i] for ink in inks]) for i in range(3)], 1)
    column = np.insert(np.rint(rows), 3, 255, axis=1).astype(np.uint8)[:, None, :]
    cv2.resize(column, (canvas.image.shape[1], h), dst=canvas.image, interpolation=cv2.INTER_NEAREST)
