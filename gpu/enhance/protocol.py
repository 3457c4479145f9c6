"""What is asked of a prompt writer and what it answers: plain values, light to import.

Owns `EnhanceRequest`, `EnhancedScene` and the typed error of this room. Invariant: an instance that exists
is within every limit named here, and an enhanced scene says what was put in and by whom, so that it can be reviewed.
Shots, figures, lines and looks are the renderer's own (`gpu.video.protocol`). Requests are made from a scene's
breakdown, travel as msgpack or JSON through `to_dict`/`from_dict`, and their answers go on to the video room.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from gpu.video.protocol import SEED_MAX, Look, Shot, TimeOfDay, Weather

MomentKind = Literal["action", "line"]
Source = Literal["brain", "beat", "continuity", "so far"]

CAST_SLOTS_MAX = 64
MOMENTS_MAX = 4000
PROP_SLOTS_MAX = 64
NOTES_MAX = 64
NAME_CHARS_MAX = 120
NOTE_CHARS_MAX = 600
MOMENT_CHARS_MAX = 20_000
COLOURS_MAX = 8
PROMPT_CHARS_MAX = 40_000
DURATION_S_MIN, DURATION_S_MAX = 1.0, 600.0

_HEX = re.compile(r"#[0-9a-f]{6}")


class EnhanceError(Exception):
    """A refusal or fault of the enhancement room; `code` is stable, `retryable` says whether trying again can help.

    Codes: bad_request, unknown_brain, bad_brain_file.
    """

    def __init__(self, code: str, message: str, retryable: bool = False) -> None:
        super().__init__(code, message, retryable)
        self.code = code
        self.message = message
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Wire:
    """Dict forms for dataclasses of plain values; nested values are listed in `_nested` by field."""

    __slots__ = ()

    @classmethod
    def _nested(cls) -> Mapping[str, Any]:
        return {}

    def to_dict(self) -> dict[str, Any]:
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Raises EnhanceError("bad_request") for anything but the dict form."""
        where = cls.__name__
        if not isinstance(data, Mapping):
            raise bad_request(where, "must be an object")
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(str(key)[:32] for key in data if key not in known)
        missing = [n for n, f in known.items() if n not in data and f.default is f.default_factory is MISSING]
        if unknown or missing:
            raise bad_request(where, f"has unknown fields {unknown[:8]}, lacks {missing[:8]}")
        values: dict[str, Any] = {}
        for name, value in data.items():
            make = cls._nested().get(name)
            if isinstance(value, list | tuple):
                values[name] = tuple(make(item) if make else item for item in value)
            else:
                values[name] = make(value) if make and value is not None else value
        return cls(**values)


@dataclass(frozen=True, slots=True)
class CastSlot(Wire):
    """One person of the scene; `entity_id` decides their looks, `descriptors` go into the prompt word for word."""

    entity_id: str
    name: str
    descriptors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _text("cast.entity_id", self.entity_id, NAME_CHARS_MAX, empty=False)
        _text("cast.name", self.name, NAME_CHARS_MAX, empty=False)
        _texts("cast.descriptors", self.descriptors, NOTES_MAX, NOTE_CHARS_MAX)


@dataclass(frozen=True, slots=True)
class Moment(Wire):
    """What happens next: an action paragraph, or a line spoken by `speaker` (a cast name or entity id)."""

    kind: MomentKind
    text: str
    speaker: str = ""
    parenthetical: str = ""
    off_screen: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(MomentKind):
            raise bad_request("moment.kind", f"must be action or line, got {self.kind!r:.40}")
        _text("moment.text", self.text, MOMENT_CHARS_MAX)
        _text("moment.speaker", self.speaker, NAME_CHARS_MAX)
        _text("moment.parenthetical", self.parenthetical, NOTE_CHARS_MAX)
        if not isinstance(self.off_screen, bool):
            raise bad_request("moment.off_screen", "must be true or false")


@dataclass(frozen=True, slots=True)
class ShotBefore(Wire):
    """What the scene goes on from without a break: the end of the film before it, in words and colours (#rrggbb), and
    the hash of its contact sheet, so that another picture is another request."""

    light: str
    colours: tuple[str, ...] = ()
    sha256: str = ""

    def __post_init__(self) -> None:
        _text("shot_before.light", self.light, NOTE_CHARS_MAX)
        _texts("shot_before.colours", self.colours, COLOURS_MAX, len("#rrggbb"))
        if not all(_HEX.fullmatch(colour) for colour in self.colours):
            raise bad_request("shot_before.colours", "must hold #rrggbb colours")
        _text("shot_before.sha256", self.sha256, 64)


@dataclass(frozen=True, slots=True)
class EnhanceRequest(Wire):
    """Everything that decides an enhanced scene. `weather` None: read it from the action. `so_far`: what happened
    before, in quotations, for a writer that reads prose; film grammar uses none, and nobody takes a fact from it.
    """

    heading: str
    place: str
    interior: bool
    time_of_day: TimeOfDay = "day"
    weather: Weather | None = None
    cast: tuple[CastSlot, ...] = ()
    moments: tuple[Moment, ...] = ()
    props: tuple[str, ...] = ()
    brain: str = "thriller"
    beat: str = ""
    continuity_notes: tuple[str, ...] = ()
    so_far: tuple[str, ...] = ()
    seed: int = 0
    target_duration_s: float | None = None
    brain_data: Mapping[str, Any] | None = None  # the brain's content (`gpu.enhance.brains`), so any worker has it
    shot_before: ShotBefore | None = None

    @classmethod
    def _nested(cls) -> Mapping[str, Any]:
        return {"cast": CastSlot.from_dict, "moments": Moment.from_dict, "shot_before": ShotBefore.from_dict}

    def to_dict(self) -> dict[str, Any]:
        out = Wire.to_dict(self)
        if self.shot_before is None:  # workers older than it refuse what they do not know, and requests keep their hash
            del out["shot_before"]
        return out

    def __post_init__(self) -> None:
        _text("heading", self.heading, NOTE_CHARS_MAX)
        _text("place", self.place, NAME_CHARS_MAX)
        if not isinstance(self.interior, bool):
            raise bad_request("interior", "must be true or false")
        _choice("time_of_day", self.time_of_day, get_args(TimeOfDay))
        if self.weather is not None:
            _choice("weather", self.weather, get_args(Weather))
        _several("cast", self.cast, CAST_SLOTS_MAX, CastSlot)
        _several("moments", self.moments, MOMENTS_MAX, Moment)
        _texts("props", self.props, PROP_SLOTS_MAX, NAME_CHARS_MAX)
        _text("brain", self.brain, NAME_CHARS_MAX)
        _text("beat", self.beat, NOTE_CHARS_MAX)
        _texts("continuity_notes", self.continuity_notes, NOTES_MAX, NOTE_CHARS_MAX)
        _texts("so_far", self.so_far, NOTES_MAX, NOTE_CHARS_MAX)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed <= SEED_MAX:
            raise bad_request("seed", f"must be a whole number from 0 to {SEED_MAX}")
        if self.target_duration_s is not None:
            _number("target_duration_s", self.target_duration_s, DURATION_S_MIN, DURATION_S_MAX)
        if self.brain_data is not None and not isinstance(self.brain_data, Mapping):
            raise bad_request("brain_data", "must be a mapping")
        if self.shot_before is not None and not isinstance(self.shot_before, ShotBefore):
            raise bad_request("shot_before", "must be an object")


@dataclass(frozen=True, slots=True)
class Added(Wire):
    """Words that the writer did not find in the scene, and who put them in."""

    source: Source
    text: str


@dataclass(frozen=True, slots=True)
class EnhancedScene(Wire):
    """Shots with a prompt each, and the prompt of the whole scene exactly as a generative model receives it.

    `omitted_moments` counts moments at the end that found no room within the renderer's limits.
    """

    shots: tuple[Shot, ...]
    shot_prompts: tuple[str, ...]
    prompt: str
    negative: str
    look: Look
    brain: str
    brain_version: int
    writer: str
    writer_version: int
    seed: int
    added: tuple[Added, ...] = field(default=())
    omitted_moments: int = 0

    @classmethod
    def _nested(cls) -> Mapping[str, Any]:
        return {"shots": Shot.from_dict, "look": Look.from_dict, "added": Added.from_dict}

    @property
    def duration_s(self) -> float:
        return sum(shot.duration_s for shot in self.shots)

    def __post_init__(self) -> None:
        if not self.shots or len(self.shots) != len(self.shot_prompts):
            raise bad_request("shots", "must hold at least one shot, each with its prompt")
        _text("prompt", self.prompt, PROMPT_CHARS_MAX)


def bad_request(where: str, why: str) -> EnhanceError:
    return EnhanceError("bad_request", f"{where} {why}", False)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value


def _text(where: str, value: object, chars_max: int, empty: bool = True) -> None:
    if not isinstance(value, str):
        raise bad_request(where, f"must be text, got {type(value).__name__}")
    if len(value) > chars_max:
        raise bad_request(where, f"is {len(value)} characters long, more than {chars_max}")
    if not empty and not value:
        raise bad_request(where, "must not be empty")


def _texts(where: str, values: object, count_max: int, chars_max: int) -> None:
    _several(where, values, count_max, str)
    for value in values if isinstance(values, tuple) else ():
        _text(where, value, chars_max)


def _several(where: str, values: object, count_max: int, kind: type[Any]) -> None:
    if not isinstance(values, tuple) or len(values) > count_max:
        raise bad_request(where, f"must be a tuple of at most {count_max}")
    if not all(isinstance(value, kind) for value in values):
        raise bad_request(where, f"must hold {kind.__name__} items")


def _choice(where: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise bad_request(where, f"must be one of {', '.join(allowed)}; got {value!r:.40}")


def _number(where: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise bad_request(where, f"must be a number from {low:g} to {high:g}, got {value!r:.40}")
