"""Which picture sizes and clip lengths a model takes, and the nearest of them to what was asked.

Pure. Invariant: what `bucket` answers is a multiple of what the model counts in and within what it takes, and depends
on nothing but its arguments: the same shot of the same recipe always falls into the same bucket. Few distinct buckets
are wanted: each new one compiles anew and is measured anew by the memory ledger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gpu.video.protocol import VideoError

SIDE_MIN_UNITS = 1


@dataclass(frozen=True, slots=True)
class Shapes:
    """What one family of models takes. Clips have `frames_base + k * frames_step` frames, at `fps`; a `frames_step` of
    0 means exactly `frames_max`. Sides are multiples of `unit_px`; `width` × `height` is the area it was trained on."""

    width: int
    height: int
    unit_px: int
    frames_base: int
    frames_step: int
    frames_max: int
    fps: int

    @property
    def seconds_max(self) -> float:
        return self.frames_max / self.fps

    def sized(
        self, width: int | None = None, height: int | None = None, frames_max: int | None = None, fps: int | None = None
    ) -> Shapes:
        """The same with a model's own area, length and rate. Raises VideoError for what the family cannot take."""
        given = {"width": width, "height": height, "frames_max": frames_max, "fps": fps}
        made = replace(self, **{name: value for name, value in given.items() if value is not None})
        if made.width % made.unit_px or made.height % made.unit_px:
            raise VideoError("bad_request", f"width and height must be multiples of {made.unit_px}", False)
        if made.frames_step and (made.frames_max - made.frames_base) % made.frames_step:
            raise VideoError(
                "bad_request", f"frames_max must be {made.frames_base} + a multiple of {made.frames_step}", False
            )
        return made


@dataclass(frozen=True, slots=True)
class Bucket:
    width: int
    height: int
    frames: int
    fps: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}x{self.frames}@{self.fps}"


def bucket(shapes: Shapes, width: int, height: int, seconds: float) -> Bucket:
    """The model's area in the picture's proportions, and the shortest clip that lasts `seconds` (or the longest)."""
    area = shapes.width * shapes.height
    wide = math.sqrt(area * width / height)
    return Bucket(
        _side(wide, shapes.unit_px), _side(wide * height / width, shapes.unit_px), clip_frames(shapes, seconds),
        shapes.fps,
    )  # fmt: skip


def clip_frames(shapes: Shapes, seconds: float) -> int:
    if not shapes.frames_step:
        return shapes.frames_max
    wanted = min(math.ceil(seconds * shapes.fps - 1e-6), shapes.frames_max)
    steps = max(0, math.ceil((wanted - shapes.frames_base) / shapes.frames_step))
    return min(shapes.frames_base + steps * shapes.frames_step, shapes.frames_max)


def clips_for(shapes: Shapes, seconds: float, chains: bool) -> tuple[float, ...]:
    """Seconds of each clip of a shot. A model that starts from a picture goes on from its own last frame; one that does
    not makes a single clip, which is then played slower."""
    count = max(1, math.ceil(seconds / shapes.seconds_max - 1e-6)) if chains else 1
    return (seconds / count,) * count


def _side(pixels: float, unit: int) -> int:
    return max(SIDE_MIN_UNITS, round(pixels / unit)) * unit
