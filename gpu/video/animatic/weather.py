"""What falls or drifts before the lens: rain, snow, leaves, fog, dust in a light shaft, lightning.

Owns periodic tiles: a tile repeats under one period vector, so a layer moves for ever by choosing where to cut it, at
the cost of one saturating add a frame. Invariant: the cut at `t` depends on `t` alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from gpu.video.animatic.canvas import Pixels, clearance
from gpu.video.animatic.colour import RGB, Grade, mix
from gpu.video.animatic.light import Light
from gpu.video.protocol import Weather


@dataclass(frozen=True)
class Drift:
    """A moving tile; `period` in pixels, `cycles` of it a second; with `clear` it covers, else it adds light."""

    tile: Pixels
    period: tuple[float, float]
    cycles: float
    clear: Pixels | None = None

    def cut(self, u: float) -> tuple[float, float]:
        """Where to cut the tile at phase `u`; here the pattern moves right and down."""
        return (1 - u) * self.period[0], (1 - u) * self.period[1]

    def apply(self, frame: Pixels, t: float) -> None:
        h, w = frame.shape[:2]
        x, y = (round(v) for v in self.cut((t * self.cycles) % 1.0))
        if self.clear is not None:
            cv2.multiply(frame, self.clear[y : y + h, x : x + w], dst=frame, scale=1 / 255)
        cv2.add(frame, self.tile[y : y + h, x : x + w], dst=frame)


class Falling(Drift):
    """Moves left and down."""

    def cut(self, u: float) -> tuple[float, float]:
        return u * self.period[0], (1 - u) * self.period[1]


class Rising(Drift):
    """Moves right and up."""

    def cut(self, u: float) -> tuple[float, float]:
        return (1 - u) * self.period[0], u * self.period[1]


@dataclass(frozen=True)
class Air:
    """All drifts of a shot, and its lightning."""

    drifts: tuple[Drift, ...]
    strikes: tuple[float, ...] = ()

    def apply(self, frame: Pixels, t: float) -> None:
        for drift in self.drifts:
            drift.apply(frame, t)
        for strike in self.strikes:
            since = t - strike
            if 0 <= since < 0.3:
                gain = 0.75 * math.exp(-since * 9) + (0.4 if 0.13 < since < 0.2 else 0.0)
                cv2.convertScaleAbs(frame, dst=frame, alpha=1 + gain, beta=22 * gain)


def air_of(light: Light, grade: Grade, width: int, height: int, rng: np.random.Generator, duration: float) -> Air:
    """The air of a shot in a picture of `width` x `height` pixels."""
    s = height / 560
    if light.interior:
        dust = grade(mix(light.key, (255.0, 250.0, 240.0), 0.3))
        return Air((_specks(width, height, rng, 30, (0.5 * width, -0.35 * height), 0.035, 1.2 * s, dust, 0.11),))
    kind: Weather = light.weather
    pale = grade(mix(light.sky[2], (235.0, 240.0, 248.0), 0.6))
    if kind in ("rain", "storm"):
        slope = 0.10 if kind == "rain" else 0.30
        amount = 1.0 if kind == "rain" else 1.6
        layers = (
            _streaks(width, height, rng, int(70 * amount), slope, 26 * s, 1.1 * s, pale, 0.20, 1.7),
            _streaks(width, height, rng, int(26 * amount), slope, 62 * s, 1.9 * s, pale, 0.26, 2.6),
        )
        strikes = (0.32 * duration, 0.32 * duration + 2.6) if kind == "storm" else ()
        return Air(layers, strikes)
    if kind == "snow":
        white = grade((250.0, 252.0, 255.0))
        return Air((
            _specks(width, height, rng, 260, (0.14 * width, height), 0.13, 1.6 * s, white, 0.55),
            _specks(width, height, rng, 70, (0.10 * width, height), 0.22, 3.4 * s, white, 0.75),
        ))  # fmt: skip
    if kind == "wind":
        leaf = grade(mix((196.0, 150.0, 84.0), light.key, 0.3))
        return Air((
            _specks(width, height, rng, 80, (width, 0.22 * height), 0.42, 3.6 * s, leaf, 0.7, 2.4),
            _specks(width, height, rng, 90, (width, 0.1 * height), 0.6, 1.3 * s, pale, 0.3, 3.0),
        ))  # fmt: skip
    if kind == "fog":
        return Air((_veil(width, height, rng, grade(light.haze)),))
    return Air(())


def _blank(width: int, height: int, period: tuple[float, float]) -> tuple[Pixels, float, float]:
    px, py = abs(period[0]), abs(period[1])
    return np.zeros((math.ceil(height + py) + 2, math.ceil(width + px) + 2, 4), np.uint8), px, py


def _streaks(
    width: int,
    height: int,
    rng: np.random.Generator,
    count: int,
    slope: float,
    length: float,
    thick: float,
    ink: RGB,
    power: float,
    cycles: float,
) -> Drift:
    period = (-slope * height, float(height))
    tile, px, py = _blank(width, height, period)
    for power_of in (0.65, 0.85, 1.0):
        start = rng.uniform((0, 0), (tile.shape[1], tile.shape[0]), (count, 2))
        run = np.array([-slope * length, length]) * rng.uniform(0.6, 1.25, (count, 1))
        quads = []
        for n in (-1, 0, 1):
            a = start + np.array((-n * px, n * py))
            quads.append(np.stack([a, a + np.array((thick, 0)), a + run + np.array((thick * 0.6, 0)), a + run], 1))
        fixed = list(np.round(np.concatenate(quads) * 16).astype(np.int32))
        for quad in fixed:
            cv2.fillConvexPoly(tile, quad, (*(c * power * power_of for c in ink), 0), cv2.LINE_AA, 4)
    return Falling(tile, (px, py), cycles)


def _specks(
    width: int,
    height: int,
    rng: np.random.Generator,
    count: int,
    period: tuple[float, float],
    cycles: float,
    radius: float,
    ink: RGB,
    power: float,
    long: float = 1.0,
) -> Drift:
    tile, px, py = _blank(width, height, period)
    rising = period[1] < 0
    for x, y, k in rng.uniform((0, 0, 0.4), (tile.shape[1], tile.shape[0], 1.3), (count * 2, 3)):
        colour = tuple(c * power * min(1.0, k) for c in ink)
        tilt = float(rng.uniform(0, 180)) if long > 1 else 0.0
        for n in (-1, 0, 1):
            centre = (round((x + n * px) * 16), round((y + n * (-py if rising else py)) * 16))
            axes = (max(8, round(radius * k * long * 16)), max(8, round(radius * k * 16)))
            if -4000 < centre[0] / 16 < tile.shape[1] + 4000:
                ring = cv2.ellipse2Poly((0, 0), axes, round(tilt), 0, 360, 30) + np.array(centre)
                cv2.fillPoly(tile, [ring.astype(np.int32)], (*colour, 0), cv2.LINE_AA, 4)
    if rising:
        return Rising(tile, (px, py), cycles)
    return Drift(tile, (px, py), cycles)


def _veil(width: int, height: int, rng: np.random.Generator, ink: RGB) -> Drift:
    small = rng.normal(0, 1, (max(4, height // 40), max(8, width // 40))).astype(np.float32)
    wrapped = np.tile(small, (1, 3))
    soft = cv2.GaussianBlur(wrapped, (0, 0), 2.4)[:, small.shape[1] : 2 * small.shape[1]]
    soft = (soft - soft.min()) / max(1e-6, float(np.ptp(soft)))
    field = cv2.resize(np.tile(soft, (1, 3)), (width * 3, height), interpolation=cv2.INTER_CUBIC)[:, width : 2 * width]
    lower = np.linspace(0.25, 1.0, height, dtype=np.float32)[:, None]
    alpha = np.tile(np.clip(field, 0, 1) * lower * 0.55, (1, 2))
    tile = (np.stack([alpha * ink[0], alpha * ink[1], alpha * ink[2], alpha * 255], 2)).astype(np.uint8)
    return Drift(np.ascontiguousarray(tile), (float(width), 0.0), 0.02, clearance(tile))
