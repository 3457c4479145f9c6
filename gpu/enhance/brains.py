"""Brains: cinematic styles as data files (`brains/*.yaml`), checked when read.

Invariant: a `Brain` that exists is complete and in range; a fault in a file names the file and the field. Data comes
from this package (it is part of the wheel) and goes to the grammar (shot language, pacing) and the renderer (`Look`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, get_args

import yaml

from gpu.enhance.protocol import EnhanceError
from gpu.video.protocol import CameraMove, Look, ShotAngle, ShotSize, VideoError

TENSION_CURVES = ("linear", "exponential", "slow_burn", "wave", "dread")
CUT_RHYTHMS = ("steady", "syncopated", "rubato", "comic", "accelerating")


@dataclass(frozen=True, slots=True)
class Brain:
    """One style. Ratios and frequencies are 0..1 of a scene's shots; durations are seconds; weights are relative."""

    id: str
    version: int
    name: str
    specialty: tuple[str, ...]
    shot_language: str
    pacing: str
    palette_words: str
    style: str
    negative: str
    close_up_ratio: float
    dutch_angle_freq: float
    pov_freq: float
    tracking_shot_duration: float
    establishing: ShotSize
    angles: Mapping[ShotAngle, float]
    moves: Mapping[CameraMove, float]
    avg_shot_duration: float
    tension_curve: str
    cut_rhythm: str
    look: Look


@functools.cache
def list_brains() -> tuple[Brain, ...]:
    """All brains by id. Raises EnhanceError("bad_brain_file")."""
    folder = resources.files("gpu.enhance").joinpath("brains")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    brains = tuple(read_brain(entry.name, entry.read_text(encoding="utf-8")) for entry in files)
    ids = [brain.id for brain in brains]
    if len(set(ids)) != len(ids):
        raise EnhanceError("bad_brain_file", f"two files claim one id: {', '.join(ids)}")
    return tuple(sorted(brains, key=lambda brain: brain.id))


def brain(brain_id: str) -> Brain:
    """The brain of this id, in any case. Raises EnhanceError("unknown_brain") naming the known ones."""
    wanted = brain_id.strip().casefold()
    for known in list_brains():
        if known.id == wanted:
            return known
    names = ", ".join(known.id for known in list_brains())
    raise EnhanceError("unknown_brain", f"there is no brain {brain_id[:60]!r}; known: {names}")


def read_brain(file: str, text: str) -> Brain:
    """Read one data file. Raises EnhanceError("bad_brain_file") that names the file and the field."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EnhanceError("bad_brain_file", f"{file}: not YAML: {error}") from error
    top = _Section(file, "", data)
    words, prompt = top.section("words"), top.section("prompt")
    parameters, look = top.section("parameters"), top.section("look")
    shots = parameters.section("shot_composition")
    grading, pacing = parameters.section("color_grading"), parameters.section("pacing")
    made = Brain(
        id=top.text("id"),
        version=int(top.number("version", 1, 10_000)),
        name=top.text("name"),
        specialty=top.texts("specialty"),
        shot_language=words.text("shot_language"),
        pacing=words.text("pacing"),
        palette_words=words.text("palette"),
        style=prompt.text("style"),
        negative=prompt.text("negative"),
        close_up_ratio=shots.number("close_up_ratio", 0, 1),
        dutch_angle_freq=shots.number("dutch_angle_freq", 0, 1),
        pov_freq=shots.number("pov_freq", 0, 1, default=0.0),
        tracking_shot_duration=shots.number("tracking_shot_duration", 1, 30),
        establishing=shots.choice("establishing", get_args(ShotSize)),
        angles=shots.weights("angles", get_args(ShotAngle)),
        moves=shots.weights("moves", get_args(CameraMove)),
        avg_shot_duration=pacing.number("avg_shot_duration", 0.5, 20),
        tension_curve=pacing.choice("tension_curve", TENSION_CURVES),
        cut_rhythm=pacing.choice("cut_rhythm", CUT_RHYTHMS),
        look=_look(file, look, grading),
    )
    for section in (top, words, prompt, parameters, shots, grading, pacing, look):
        section.refuse_unread()
    return made


def _look(file: str, look: _Section, grading: _Section) -> Look:
    try:
        return Look(
            palette=look.texts("palette"),
            saturation=grading.number("saturation", -1, 1),
            contrast=grading.number("contrast", -1, 1),
            temperature_k=grading.number("color_temp", 1500, 15000),
            grain=look.number("grain", 0, 1),
            vignette=look.number("vignette", 0, 1),
        )
    except VideoError as error:
        raise EnhanceError("bad_brain_file", f"{file}: {error.message}") from error


class _Section:
    """One mapping of a file; remembers which fields were asked for, so that a misspelt one is not overlooked."""

    def __init__(self, file: str, path: str, data: object) -> None:
        self._file = file
        self._path = path
        if not isinstance(data, dict):
            raise self._fault("", "must be a mapping")
        self._data: dict[Any, Any] = data
        self._read: set[str] = set()

    def _fault(self, name: str, why: str) -> EnhanceError:
        where = ".".join(part for part in (self._path, name) if part) or "the file"
        return EnhanceError("bad_brain_file", f"{self._file}: {where} {why}")

    def _value(self, name: str) -> object:
        self._read.add(name)
        if name not in self._data:
            raise self._fault(name, "is missing")
        value: object = self._data[name]
        return value

    def section(self, name: str) -> _Section:
        return _Section(self._file, f"{self._path}.{name}".strip("."), self._value(name))

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str) or not value.strip() or len(value) > 500:
            raise self._fault(name, "must be text of 1 to 500 characters")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._value(name)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self._fault(name, "must be a list of texts")
        return tuple(value)

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        if default is not None and name not in self._data:
            return default
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._fault(name, f"must be a number from {low:g} to {high:g}, got {value!r:.40}")
        return value

    def choice(self, name: str, allowed: tuple[str, ...]) -> Any:
        value = self._value(name)
        if value not in allowed:
            raise self._fault(name, f"must be one of {', '.join(allowed)}; got {value!r:.40}")
        return value

    def weights(self, name: str, allowed: tuple[str, ...]) -> Any:
        inner = self.section(name)
        if not inner._data:
            raise self._fault(name, "must name at least one")
        for key in inner._data:
            if key not in allowed:
                raise inner._fault(str(key)[:40], f"is none of {', '.join(allowed)}")
        return {key: inner.number(key, 0.01, 100) for key in inner._data}

    def refuse_unread(self) -> None:
        unread = [str(key)[:40] for key in self._data if key not in self._read]
        if unread:
            raise self._fault(unread[0], "is not a field of a brain")
