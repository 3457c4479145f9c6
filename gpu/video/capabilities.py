"""What a video backend can do, costs and takes: plain values, light to import.

Owns the descriptor by which a router chooses and an owner says what a worker must offer. Invariant: an instance that
exists is within its limits, and says of its speed whether somebody measured it. Made by backends and from settings
(`serve_app/settings/video.py`); travels as msgpack or JSON through `to_dict`/`from_dict` into an actor's catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, Literal, Self, get_args

from gpu.video.protocol import FPS_MAX, SCENE_SECONDS_MAX, SIDE_PIXELS_MAX, VideoError

SpeedSource = Literal["measured", "declared", "unknown"]

SIZES_MAX = 32
RATES_MAX = 16
REFERENCES_MAX = 64
WORDS_CHARS_MAX = 300
SLOWEST_S_PER_S = 1_000_000.0
DEAREST_PER_S = 1_000_000.0

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`name` is what a request may ask for; `kind` is what a worker must offer to claim an attempt of it.

    Seconds are of a whole film. `sizes` (width, height) and `fps` are what the model itself makes, empty for any; a
    film of another size or rate is fitted to what was asked. `quality` ranks backends that could all do the work, the
    best highest. `speed_s_per_s`: seconds of work for a second of film, 0 where nobody knows. `cost_per_s`: of a second
    of film, in `cost_unit`. `references_max`: pictures it follows in light and
    people besides one it starts from. `degraded`: it stands in for a generative model.
    """

    name: str
    kind: str
    model: str = ""
    version: str = ""
    duration_s_min: float = 0.25
    duration_s_max: float = SCENE_SECONDS_MAX
    sizes: tuple[tuple[int, int], ...] = ()
    fps: tuple[int, ...] = ()
    text_to_video: bool = True
    image_to_video: bool = False
    references_max: int = 0
    seed: bool = True
    negative: bool = False
    audio: bool = False
    preview: bool = False
    cancel: bool = True
    degraded: bool = False
    quality: int = 50
    cost_per_s: float = 0.0
    cost_unit: str = "usd"
    speed_s_per_s: float = 0.0
    speed_source: SpeedSource = "unknown"

    def __post_init__(self) -> None:
        for where in ("name", "kind"):
            if not _NAME.fullmatch(str(getattr(self, where))):
                raise _bad(where, "must be lower-case letters, digits, _ . - (at most 64)")
        for where in ("model", "version", "cost_unit"):
            value = getattr(self, where)
            if not isinstance(value, str) or len(value) > WORDS_CHARS_MAX:
                raise _bad(where, f"must be text of at most {WORDS_CHARS_MAX} characters")
        for where in _FLAGS:
            if not isinstance(getattr(self, where), bool):
                raise _bad(where, "must be true or false")
        _within("duration_s_min", self.duration_s_min, 0.0, SCENE_SECONDS_MAX)
        _within("duration_s_max", self.duration_s_max, self.duration_s_min, SCENE_SECONDS_MAX)
        _within("references_max", self.references_max, 0, REFERENCES_MAX)
        _within("quality", self.quality, 0, 100)
        _within("cost_per_s", self.cost_per_s, 0.0, DEAREST_PER_S)
        _within("speed_s_per_s", self.speed_s_per_s, 0.0, SLOWEST_S_PER_S)
        if len(self.sizes) > SIZES_MAX or len(self.fps) > RATES_MAX:
            raise _bad("sizes", f"at most {SIZES_MAX} sizes and {RATES_MAX} rates are listed")
        for size in self.sizes:
            if len(size) != 2:
                raise _bad("sizes", "must hold pairs of width and height")
            for side in size:
                _within("sizes", side, 1, SIDE_PIXELS_MAX)
        for rate in self.fps:
            _within("fps", rate, 1, FPS_MAX)
        if self.speed_source not in get_args(SpeedSource):
            raise _bad("speed_source", f"must be one of {', '.join(get_args(SpeedSource))}")

    def measured(self, speed_s_per_s: float) -> Self:
        """The same with a speed that was seen."""
        return replace(self, speed_s_per_s=speed_s_per_s, speed_source="measured")

    def to_dict(self) -> dict[str, Any]:
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        return {**out, "sizes": [list(size) for size in self.sizes], "fps": list(self.fps)}

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Raises VideoError("bad_request") for anything but the dict form."""
        if not isinstance(data, Mapping):
            raise _bad("capabilities", "must be an object")
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(str(key)[:32] for key in data if key not in known)
        missing = [name for name, f in known.items() if f.default is MISSING and name not in data]
        if unknown or missing:
            raise _bad("capabilities", f"has unknown fields {unknown[:8]}, lacks {missing}")
        try:
            lists = {
                "sizes": tuple((int(width), int(height)) for width, height in data.get("sizes", ())),
                "fps": tuple(int(rate) for rate in data.get("fps", ())),
            }
        except (TypeError, ValueError) as error:
            raise _bad("sizes", f"or fps is not a list of whole numbers ({error})") from error
        return cls(**{**data, **lists})


_FLAGS = (
    "text_to_video", "image_to_video", "seed", "negative", "audio", "preview", "cancel", "degraded",
)  # fmt: skip


def _bad(where: str, why: str) -> VideoError:
    return VideoError("bad_request", f"{where} {why}", False)


def _within(where: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(where, f"must be a number from {low:g} to {high:g}, got {value!r:.40}")


ANIMATIC = Capabilities(
    name="animatic", kind="animatic", model="animatic", version="1", preview=False, degraded=True, quality=10,
    speed_s_per_s=0.35, speed_source="declared",
)  # fmt: skip
"""The embedded backend, known without importing its painters. It draws any size and rate from slots."""
