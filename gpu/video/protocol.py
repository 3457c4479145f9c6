"""What is asked of a video backend, and what it answers: plain values, light to import.

Owns the request types (`Shot`, `Look`, `StoryboardRequest`, `RenderRequest`), the `VideoBackend` port and its typed
errors. Invariant: an instance that exists is within every limit named here, so a backend never checks again. Requests
are made by the enhancement step, travel as msgpack or JSON through `to_dict`/`from_dict`, and end in `VideoBackend`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gpu.video.capabilities import Capabilities

TimeOfDay = Literal["day", "night", "dawn", "dusk", "morning", "evening"]
Weather = Literal["clear", "rain", "snow", "fog", "storm", "wind"]
ShotSize = Literal["EWS", "WS", "FS", "MS", "MCU", "CU", "ECU", "OTS", "POV", "INSERT"]
ShotAngle = Literal["eye", "low", "high", "dutch", "overhead"]
CameraMove = Literal[
    "static", "pan_left", "pan_right", "tilt_up", "tilt_down", "push_in", "pull_out",
    "track_left", "track_right", "handheld", "crane_up", "crane_down",
]  # fmt: skip

TIMES_OF_DAY: tuple[TimeOfDay, ...] = get_args(TimeOfDay)
WEATHERS: tuple[Weather, ...] = get_args(Weather)
SHOT_SIZES: tuple[ShotSize, ...] = get_args(ShotSize)
SHOT_ANGLES: tuple[ShotAngle, ...] = get_args(ShotAngle)
CAMERA_MOVES: tuple[CameraMove, ...] = get_args(CameraMove)

SHOTS_MAX = 64
CAST_MAX = 16
PROPS_MAX = 16
LINES_MAX = 32
PALETTE_MAX = 12
ID_CHARS_MAX = 128
NAME_CHARS_MAX = 200
TEXT_CHARS_MAX = 2000
PROMPT_CHARS_MAX = 40_000
SHOT_SECONDS_MIN = 0.25
SHOT_SECONDS_MAX = 120.0
SCENE_SECONDS_MAX = 900.0
SIDE_PIXELS_MIN = 96
SIDE_PIXELS_MAX = 3840
FPS_MAX = 60
SEED_MAX = 2**63 - 1
CANDIDATES_MAX = 64

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class VideoError(Exception):
    """A refusal or fault of the video room; `code` is stable, `retryable` says whether trying again can help."""

    def __init__(self, code: str, message: str, retryable: bool = False) -> None:
        super().__init__(code, message, retryable)
        self.code = code
        self.message = message
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Cancelled(VideoError):
    """The caller's `cancelled()` said yes; nothing made so far counts as a result."""

    def __init__(self, code: str = "cancelled", message: str = "cancelled by the caller", retryable: bool = False):
        super().__init__(code, message, retryable)


@dataclass(frozen=True, slots=True)
class Figure:
    """One person on screen; `entity_id` decides their looks, `position` is a hint such as "left"."""

    entity_id: str
    name: str
    action: str = ""
    position: str = ""

    def __post_init__(self) -> None:
        _text("figure.entity_id", self.entity_id, ID_CHARS_MAX, empty=False)
        _text("figure.name", self.name, NAME_CHARS_MAX)
        _text("figure.action", self.action, TEXT_CHARS_MAX)
        _text("figure.position", self.position, NAME_CHARS_MAX)

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, data: object) -> Figure:
        return cls(**_keys("figure", data, cls))


@dataclass(frozen=True, slots=True)
class DialogueLine:
    """A spoken line; seconds count from the start of its shot. `speaker` is a figure's name or entity id."""

    speaker: str
    text: str
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        _text("line.speaker", self.speaker, NAME_CHARS_MAX)
        _text("line.text", self.text, TEXT_CHARS_MAX)
        _number("line.start_s", self.start_s, 0.0, SHOT_SECONDS_MAX)
        _number("line.end_s", self.end_s, 0.0, SHOT_SECONDS_MAX)
        if self.end_s <= self.start_s:
            raise _bad("line.end_s", f"must be after start_s {self.start_s:g}, got {self.end_s:g}")

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, data: object) -> DialogueLine:
        return cls(**_keys("line", data, cls))


@dataclass(frozen=True, slots=True)
class Shot:
    """One uninterrupted camera take, described by slots.

    `candidate` and `seed`: of the frame that was picked for it, where they differ from the film's; None: as the film's.
    """

    index: int
    duration_s: float
    place: str
    interior: bool
    time_of_day: TimeOfDay = "day"
    weather: Weather = "clear"
    cast: tuple[Figure, ...] = ()
    size: ShotSize = "WS"
    angle: ShotAngle = "eye"
    move: CameraMove = "static"
    props: tuple[str, ...] = ()
    lines: tuple[DialogueLine, ...] = ()
    candidate: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.candidate is not None:
            _integer("shot.candidate", self.candidate, 0, CANDIDATES_MAX - 1)
        if self.seed is not None:
            _integer("shot.seed", self.seed, 0, SEED_MAX)
        _integer("shot.index", self.index, 0, 1_000_000)
        _number("shot.duration_s", self.duration_s, SHOT_SECONDS_MIN, SHOT_SECONDS_MAX)
        _text("shot.place", self.place, NAME_CHARS_MAX)
        if not isinstance(self.interior, bool):
            raise _bad("shot.interior", f"must be true or false, got {self.interior!r}")
        _choice("shot.time_of_day", self.time_of_day, TIMES_OF_DAY)
        _choice("shot.weather", self.weather, WEATHERS)
        _choice("shot.size", self.size, SHOT_SIZES)
        _choice("shot.angle", self.angle, SHOT_ANGLES)
        _choice("shot.move", self.move, CAMERA_MOVES)
        _several("shot.cast", self.cast, CAST_MAX, Figure)
        _several("shot.lines", self.lines, LINES_MAX, DialogueLine)
        _several("shot.props", self.props, PROPS_MAX, str)
        for prop in self.props:
            _text("shot.props", prop, NAME_CHARS_MAX)

    def to_dict(self) -> dict[str, Any]:
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("candidate", "seed"):
            if out[name] is None:  # workers older than these fields refuse what they do not know
                del out[name]
        out["cast"] = [figure.to_dict() for figure in self.cast]
        out["lines"] = [line.to_dict() for line in self.lines]
        out["props"] = list(self.props)
        return out

    @classmethod
    def from_dict(cls, data: object) -> Shot:
        values = _keys("shot", data, cls)
        _each(values, "cast", "shot.cast", CAST_MAX, Figure.from_dict)
        _each(values, "lines", "shot.lines", LINES_MAX, DialogueLine.from_dict)
        _each(values, "props", "shot.props", PROPS_MAX, lambda item: item)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Look:
    """A brain's grade: colours as #rrggbb; saturation and contrast -1..1 around 0; grain and vignette 0..1; kelvin."""

    palette: tuple[str, ...] = ("#14202b", "#2f4858", "#8a6f5c", "#d8a26a", "#f4e6cf")
    saturation: float = 0.0
    contrast: float = 0.0
    temperature_k: float = 6500.0
    grain: float = 0.25
    vignette: float = 0.35

    def __post_init__(self) -> None:
        _several("look.palette", self.palette, PALETTE_MAX, str)
        for colour in self.palette:
            if not _HEX.fullmatch(colour):
                raise _bad("look.palette", f"must hold #rrggbb colours, got {colour[:32]!r}")
        _number("look.saturation", self.saturation, -1.0, 1.0)
        _number("look.contrast", self.contrast, -1.0, 1.0)
        _number("look.temperature_k", self.temperature_k, 1500.0, 15000.0)
        _number("look.grain", self.grain, 0.0, 1.0)
        _number("look.vignette", self.vignette, 0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        out["palette"] = list(self.palette)
        return out

    @classmethod
    def from_dict(cls, data: object) -> Look:
        values = _keys("look", data, cls)
        _each(values, "palette", "look.palette", PALETTE_MAX, lambda item: item)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class StoryboardRequest:
    """Everything that decides a storyboard panel; the same request and candidate give the same bytes.

    `prompts`: a shot's words for a generative model, one a shot or none at all; `negative` is what to keep out.
    """

    shots: tuple[Shot, ...]
    look: Look = field(default_factory=Look)
    seed: int = 0
    width: int = 1280
    height: int = 720
    title: str = ""
    prompts: tuple[str, ...] = ()
    negative: str = ""

    def __post_init__(self) -> None:
        _several("shots", self.shots, SHOTS_MAX, Shot)
        if not self.shots:
            raise _bad("shots", "must hold at least one shot")
        total = sum(shot.duration_s for shot in self.shots)
        if total > SCENE_SECONDS_MAX:
            raise _bad("shots", f"last {total:g} s together, more than {SCENE_SECONDS_MAX:g} s")
        if not isinstance(self.look, Look):
            raise _bad("look", "must be a Look")
        _integer("seed", self.seed, 0, SEED_MAX)
        _text("title", self.title, NAME_CHARS_MAX)
        _several("prompts", self.prompts, SHOTS_MAX, str)
        if self.prompts and len(self.prompts) != len(self.shots):
            raise _bad("prompts", f"must be one a shot or none, got {len(self.prompts)} for {len(self.shots)} shots")
        for words in (*self.prompts, self.negative):
            _text("prompts", words, PROMPT_CHARS_MAX)
        for name, side in (("width", self.width), ("height", self.height)):
            _integer(name, side, SIDE_PIXELS_MIN, SIDE_PIXELS_MAX)
            if side % 2:
                raise _bad(name, f"must be even (4:2:0 video), got {side}")

    def to_dict(self) -> dict[str, Any]:
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        out["shots"] = [shot.to_dict() for shot in self.shots]
        out["look"] = self.look.to_dict()
        out["prompts"] = list(self.prompts)
        return out

    @classmethod
    def from_dict(cls, data: object) -> StoryboardRequest:
        return cls(**_request(data, cls))


@dataclass(frozen=True, slots=True)
class RenderRequest(StoryboardRequest):
    """A storyboard request at a frame rate."""

    fps: int = 24

    def __post_init__(self) -> None:
        StoryboardRequest.__post_init__(self)
        _integer("fps", self.fps, 1, FPS_MAX)

    @property
    def frame_count(self) -> int:
        """Frames of the whole scene: every shot has its duration rounded to whole frames, at least one."""
        return sum(self.shot_frames(shot) for shot in self.shots)

    def shot_frames(self, shot: Shot) -> int:
        return max(1, round(shot.duration_s * self.fps))

    @classmethod
    def from_dict(cls, data: object) -> RenderRequest:
        return cls(**_request(data, cls))


def unwatched(picture: bytes) -> None:
    """A `preview` nobody looks at."""


class VideoBackend(Protocol):
    """A maker of panels and frames; holds one job at a time. `degraded`: it stands in for a generative model."""

    @property
    def name(self) -> str: ...

    @property
    def degraded(self) -> bool: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def panel(
        self, request: StoryboardRequest, candidate: int, *, cancelled: Callable[[], bool] = lambda: False
    ) -> bytes:
        """JPEG or PNG bytes of one storyboard panel; candidates 0, 1, … are different stagings of the scene.

        Raises VideoError("bad_request") for a candidate outside 0..CANDIDATES_MAX-1.
        """
        ...

    def frames(
        self,
        request: RenderRequest,
        *,
        cancelled: Callable[[], bool],
        progress: Callable[[int, int], None],
        preview: Callable[[bytes], None] = unwatched,
        start_panel: int | None = None,
        start_frames: Mapping[int, bytes] = {},
        references: Sequence[bytes] = (),
    ) -> Iterator[NDArray[np.uint8]]:
        """Frames in order, uint8 (height, width, 3) RGB, exactly `request.frame_count` of them.

        `start_panel` is the picked candidate, `start_frames` the pictures picked for shots, by position (JPEG or PNG).
        `references`: pictures to follow in light, colours and people, never to start from; at most
        `capabilities.references_max`, further ones are ignored. `cancelled` is asked before
        every frame and after every denoise step, and the iterator raises Cancelled. A yielded frame belongs to the
        receiver and is never written again. `progress(step, of)` counts the backend's own steps up to `of`. `preview`
        gets a small JPEG every few steps of a backend that can.
        """
        ...

    def recipe(self, request: StoryboardRequest) -> dict[str, Any]:
        """All of the backend that decides a frame of this request: model, version, scheduler, buckets, … JSON-able."""
        ...

    def load(self) -> None:
        """Take the memory the models need, now and not at the first job. Raises VideoError("no_memory")."""
        ...

    def warm(self) -> None:
        """Load, and run what is slow the first time."""
        ...

    def unload(self) -> None:
        """Give the memory back; a later job loads again."""
        ...


def _bad(where: str, why: str) -> VideoError:
    return VideoError("bad_request", f"{where} {why}", False)


def _keys(where: str, data: object, cls: type[Any]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _bad(where, f"must be an object, got {type(data).__name__}")
    known = {f.name for f in fields(cls)}
    unknown = sorted(str(key)[:32] for key in data if key not in known)
    if unknown:
        raise _bad(where, f"has unknown fields: {', '.join(unknown[:8])}")
    missing = [f.name for f in fields(cls) if f.name not in data and f.default is f.default_factory is MISSING]
    if missing:
        raise _bad(where, f"lacks fields: {', '.join(missing)}")
    return dict(data)


def _request(data: object, cls: type[Any]) -> dict[str, Any]:
    values = _keys("request", data, cls)
    _each(values, "shots", "shots", SHOTS_MAX, Shot.from_dict)
    _each(values, "prompts", "prompts", SHOTS_MAX, lambda item: item)
    if "look" in values:
        values["look"] = Look.from_dict(values["look"])
    return values


def _each(values: dict[str, Any], key: str, where: str, count_max: int, make: Callable[[object], object]) -> None:
    if key not in values:
        return
    items = values[key]
    if not isinstance(items, list | tuple):
        raise _bad(where, f"must be a list, got {type(items).__name__}")
    if len(items) > count_max:
        raise _bad(where, f"holds {len(items)} items, more than {count_max}")
    values[key] = tuple(make(item) for item in items)


def _several(where: str, items: object, count_max: int, kind: type[Any]) -> None:
    if not isinstance(items, tuple):
        raise _bad(where, f"must be a tuple, got {type(items).__name__}")
    if len(items) > count_max:
        raise _bad(where, f"holds {len(items)} items, more than {count_max}")
    for item in items:
        if not isinstance(item, kind):
            raise _bad(where, f"must hold {kind.__name__} items, got {type(item).__name__}")


def _text(where: str, value: object, chars_max: int, empty: bool = True) -> None:
    if not isinstance(value, str):
        raise _bad(where, f"must be text, got {type(value).__name__}")
    if len(value) > chars_max:
        raise _bad(where, f"is {len(value)} characters long, more than {chars_max}")
    if not empty and not value:
        raise _bad(where, "must not be empty")


def _number(where: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(where, f"must be a number from {low:g} to {high:g}, got {value!r:.40}")


def _integer(where: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad(where, f"must be a whole number from {low} to {high}, got {value!r:.40}")


def _choice(where: str, value: object, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise _bad(where, f"must be one of {', '.join(allowed)}; got {value!r:.40}")
