"""A shot made ready to film: set, people and air painted once, then any frame on demand.

Owns `Take` (one shot prepared at one size). Invariant: `Take.frame(n)` depends on the request, the staging and n
only; all chance comes from generators seeded by the request's seed and the place or shot. Input are protocol values;
output are RGB frames with letterbox and captions.
"""

from __future__ import annotations

import math
from zlib import crc32

import cv2
import numpy as np

from gpu.video.animatic.actors import Placement, Speech, actor_sprites, back_sprite
from gpu.video.animatic.camera import is_still, only_shifts, view_at
from gpu.video.animatic.canvas import Canvas, Pixels
from gpu.video.animatic.captions import CaptionBar
from gpu.video.animatic.colour import Grade, rgb, times
from gpu.video.animatic.framing import Staging, focus_of, framing_of, is_speaker, places_of
from gpu.video.animatic.light import light_of
from gpu.video.animatic.props import prop_of
from gpu.video.animatic.scenery import Scenery
from gpu.video.animatic.sculpt import blurred, paper
from gpu.video.animatic.sets import set_of
from gpu.video.animatic.stage import REST, Sprite, Stage, View, compose, flattened, settled, trimmed
from gpu.video.animatic.wardrobe import persona_of
from gpu.video.animatic.weather import air_of
from gpu.video.protocol import RenderRequest, Shot, StoryboardRequest

MARGIN = 0.075  # painted beyond the frame, as a fraction of its width: covers REACH of camera.py and hand-held roll
BAR = 1 / 9  # each letterbox bar, as a fraction of the frame's height; 80 px of 720 is a whole number of macroblocks


class Take:
    """One shot of a request, painted and ready."""

    def __init__(self, request: StoryboardRequest, shot: Shot, staging: Staging) -> None:
        self.shot, self.width, self.height = shot, request.width, request.height
        self.fps = request.fps if isinstance(request, RenderRequest) else 24
        bar = 2 * round(request.height * BAR / 2)
        self.bar, picture_height = bar, request.height - 2 * bar
        self.size = (request.width, picture_height)
        self.grade = Grade.of(request.look)
        self.framing = framing_of(shot, staging)
        self.light = light_of(shot, staging.light_side)
        self.phase = (crc32(f"{request.seed}:{shot.index}".encode()) % 628) / 100
        self.stage = Stage(*self.size)
        rng = np.random.default_rng([request.seed, crc32(shot.place.casefold().encode("utf-8", "surrogatepass"))])
        front = self._build_set(staging, rng)
        self._build_people(staging)
        self.stage.sprites += front
        self._build_lens(rng)
        if is_still(shot.move):
            self.stage = flattened(self.stage, self._view(0.0))
        elif only_shifts(shot.move):
            self.stage = settled(self.stage, self._view(0.0))
        self.air = air_of(self.light, self.grade, *self.size, rng, shot.duration_s)
        self.vignette = _vignette(self.size, request.look.vignette + (0.25 if self.framing.size == "POV" else 0.0))
        self.bars = self._caption_bars()
        self.picture: Pixels = np.zeros((picture_height, request.width, 4), np.uint8)

    def frame(self, n: int) -> Pixels:
        """Frame n, uint8 (height, width, 3) RGB, a new array."""
        t = n / self.fps
        compose(self.stage, self._view(t), t, self.picture)
        self.air.apply(self.picture, t)
        out: Pixels = np.empty((self.height, self.width, 3), np.uint8)
        out[: self.bar] = 0
        seen = out[self.bar : self.height - self.bar]
        cv2.cvtColor(self.picture, cv2.COLOR_RGBA2RGB, dst=seen)
        cv2.subtract(seen, self.vignette, dst=seen)
        out[self.height - self.bar :] = 0
        for start, until, pixels in self.bars:
            if start <= t < until:
                out[self.height - self.bar :] = pixels
        return out

    def _view(self, t: float) -> View:
        return view_at(self.shot.move, self.framing, *self.size, t, self.shot.duration_s, self.phase)

    # ---- building ----------------------------------------------------------------------------------------------------

    def _build_set(self, staging: Staging, rng: np.random.Generator) -> list[Sprite]:
        """Paint backplate and planes; returns the sprites that belong in front of the people."""
        width, height = self.size
        f = self.framing
        zoom = max(width / 1280, height / 560) * f.set_zoom
        margin = math.ceil(MARGIN * width)
        sigma = f.blur * height / 560
        # A defocused set is painted at half size: the blur hides it, and it costs a quarter.
        shrink = 2 if f.blur >= 3 else 1
        w, h = math.ceil((width + 2 * margin) / shrink), math.ceil((height + 2 * margin) / shrink)
        scale = zoom / shrink
        ox = (width / 2 + margin) / shrink - f.set_x * scale
        oy = (height / 2 + margin) / shrink - f.set_y * scale
        scenery = Scenery(Canvas(w, h, scale, ox, oy, self.grade), self.light, rng, self.grade.accent())
        set_of(self.shot.place, self.shot.interior)(scenery)
        paper(scenery.back.image, self._grain(sigma), np.random.default_rng(7))

        def plane(image: Pixels, extra: float = 0.0) -> Pixels:
            image = blurred(image, (sigma + extra) / shrink)
            return (
                cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_LINEAR) if shrink > 1 else image
            )

        # Out of focus, the set's own planes melt together: one opaque plate costs a third of several blended ones.
        melted = shrink > 1
        if melted:
            scenery.flatten()
        plate = Sprite([plane(scenery.back.image)], -margin, -margin, 0.5 if melted else 0.42, opaque=True)
        self.stage.sprites.append(plate)
        front: list[Sprite] = []
        for layer in scenery.layers:
            if layer.front and (not staging.dressing or f.size not in ("EWS", "WS", "FS")):
                continue
            x, y = layer.origin[0] * shrink - margin, layer.origin[1] * shrink - margin
            image = plane(layer.canvas.image, 5 * height / 560 if layer.front else 0)
            (front if layer.front else self.stage.sprites).extend(trimmed(image, x, y, layer.parallax))
        return front

    def _grain(self, sigma: float) -> float:
        return self.grade.look.grain * (1.0 if sigma < 2 else 0.5)

    def _build_people(self, staging: Staging) -> None:
        width, height = self.size
        f = self.framing
        if f.size == "INSERT":
            self._build_insert()
            return
        light = self.light.for_faces()
        speeches = [
            Speech(tuple((line.start_s, line.end_s) for line in self.shot.lines if is_speaker(figure, line.speaker)))
            for figure in self.shot.cast
        ]
        close = f.feet_at is None
        tall = f.figure * height
        for row, (index, x, facing) in enumerate(places_of(self.shot, f, staging) if self.shot.cast else []):
            if f.head_at is not None:
                feet = f.head_at * height + tall * f.squash
            else:
                assert f.feet_at is not None
                feet = f.feet_at * height + (row % 2) * 0.012 * height
            place = Placement(x * width, feet, tall / 101, facing, f.squash, close)
            self.stage.sprites += actor_sprites(
                self.shot.cast[index], place, speeches[index], light, self.grade, self.size, self.shot.duration_s
            )
        if f.size == "OTS":
            other = next(i for i in range(len(self.shot.cast)) if i != focus_of(self.shot))
            side = -1 if staging.mirror else 1
            x = width * (0.5 - side * 0.27)
            back = back_sprite(self.shot.cast[other], x, 0.10 * height, 0.033 * height, light, self.grade, self.size)
            self.stage.sprites.append(back)

    def _build_insert(self) -> None:
        width, height = self.size
        scale = height / 560
        margin = math.ceil(MARGIN * width)
        canvas = Canvas(
            width + 2 * margin, height + 2 * margin, scale, width / 2 + margin, height * 0.5 + margin, self.grade
        )
        wood = rgb("#6f4c33")
        top = 40.0
        canvas.shade(
            [(-1500, top), (1500, top), (1500, 900), (-1500, 900)],
            [
                (top, self.light.lit(wood, 0.9)),
                (top + 260, self.light.on(times(wood, 0.75))),
                (900, self.light.on(times(wood, 0.4))),
            ],
        )
        for k in range(-9, 10):
            canvas.poly(
                [(k * 150, top), (k * 150 + 2, top), (k * 330 + 7, 900), (k * 330, 900)],
                self.light.on(times(wood, 0.55)),
                0.5,
            )
        canvas.soft([(-190, 152), (150, 140), (230, 196), (-130, 214)], (6.0, 5.0, 8.0), 0.6, 16)
        canvas.glow(self.light.side * 160, 60, 460, self.light.key, 0.3)
        table = trimmed(canvas.image, -margin, -margin, 0.85)
        thing = Canvas(
            width + 2 * margin, height + 2 * margin, scale * 2.1, width / 2 + margin, height * 0.54 + margin, self.grade
        )
        prop_of(self.shot.props)(thing, self.light, self.grade.accent())
        prop = trimmed(thing.image, -margin, -margin, 1.0)
        self.stage.sprites += [*table, *prop]

    def _build_lens(self, rng: np.random.Generator) -> None:
        """A point of view looks through its own brow and lashes: soft dark edges that follow the eye."""
        if self.framing.size != "POV":
            return
        # Painted past the frame: a hand-held camera shifts it, and its edge must not come into the picture.
        margin = math.ceil(MARGIN * self.size[0])
        width, height = self.size[0] + 2 * margin, self.size[1] + 2 * margin
        small = np.zeros((height // 8, width // 8), np.uint8)
        cv2.ellipse(
            small,
            (width // 16, height // 16),
            (round(self.size[0] * 0.066), round(self.size[1] * 0.068)),
            0,
            0,
            360,
            255,
            -1,
        )
        soft = cv2.GaussianBlur(small, (0, 0), self.size[1] / 110)
        alpha = cv2.resize(cv2.subtract(np.full_like(soft, 235), soft), (width, height), interpolation=cv2.INTER_LINEAR)
        empty = np.zeros_like(alpha)
        self.stage.sprites.append(
            Sprite([cv2.merge([empty, empty, empty, alpha])], -margin, -margin, 0.0, act=lambda t: REST)
        )

    def _caption_bars(self) -> list[tuple[float, float, Pixels]]:
        painter = CaptionBar(self.width, self.bar)
        bars = []
        for line in self.shot.lines:
            tint = next(
                (persona_of(x.entity_id).cloth for x in self.shot.cast if is_speaker(x, line.speaker)),
                (200.0, 170.0, 120.0),
            )
            bars += painter.bars(line, tint)
        return bars


def _vignette(size: tuple[int, int], amount: float) -> Pixels:
    """What the lens takes away towards the corners, to subtract; RGB."""
    width, height = size
    x = np.linspace(-1, 1, width // 4, dtype=np.float32) ** 2
    y = np.linspace(-1, 1, height // 4, dtype=np.float32) ** 2
    fall = np.clip((x[None, :] * 0.62 + y[:, None] * 0.5) - 0.18, 0, 1)
    fall *= np.sqrt(fall) * np.float32(120 * amount)
    plane = cv2.resize(fall.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    out: Pixels = cv2.merge([plane, plane, plane])
    return out


def key_shot(request: StoryboardRequest) -> int:
    """The shot a storyboard panel shows: the first with people and words, else with people, else the first."""
    shots = request.shots
    ranked = sorted(range(len(shots)), key=lambda i: (not (shots[i].cast and shots[i].lines), not shots[i].cast, i))
    return ranked[0]


def focus_frame(shot: Shot, fps: int) -> int:
    """The frame of a shot that a still shows: early in its first line, else two fifths in."""
    at = min(shot.lines[0].start_s + 0.45, shot.duration_s * 0.8) if shot.lines else shot.duration_s * 0.4
    return max(0, min(round(at * fps), round(shot.duration_s * fps) - 1))
