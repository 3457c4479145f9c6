"""Brains: cinematic styles as data (`brains/*.yaml`, or what a project defined itself), checked when read.

Invariant: a `Brain` that exists is complete and in range; a fault names the file and the field. `to_data` is its
content in one form whoever wrote it, so `sha256` tells two contents apart and a request can carry one to any worker.
Data comes from this package (it is part of the wheel) or a request; it goes to the grammar and the renderer (`Look`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, get_args

from gpu.enhance.protocol import EnhanceError, EnhanceRequest
from gpu.enhance.section import Section, content_sha256, read_text
from gpu.video.protocol import CameraMove, Look, ShotAngle, ShotSize, VideoError

CODE = "bad_brain_file"
TENSION_CURVES = ("linear", "exponential", "slow_burn", "wave", "dread")
CUT_RHYTHMS = ("steady", "syncopated", "rubato", "comic", "accelerating")
VERSION_MAX = 10_000
ID_SHAPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


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

    def to_data(self) -> dict[str, Any]:
        """The content in the form of a file; `brain_of` takes it back."""
        look = self.look
        shots = {
            "close_up_ratio": float(self.close_up_ratio),
            "dutch_angle_freq": float(self.dutch_angle_freq),
            "pov_freq": float(self.pov_freq),
            "tracking_shot_duration": float(self.tracking_shot_duration),
            "establishing": self.establishing,
            "angles": {name: float(weight) for name, weight in self.angles.items()},
            "moves": {name: float(weight) for name, weight in self.moves.items()},
        }
        grading = {
            "saturation": float(look.saturation),
            "contrast": float(look.contrast),
            "color_temp": float(look.temperature_k),
        }
        pacing = {
            "avg_shot_duration": float(self.avg_shot_duration),
            "tension_curve": self.tension_curve,
            "cut_rhythm": self.cut_rhythm,
        }
        return {
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "specialty": list(self.specialty),
            "words": {"shot_language": self.shot_language, "pacing": self.pacing, "palette": self.palette_words},
            "prompt": {"style": self.style, "negative": self.negative},
            "parameters": {"shot_composition": shots, "color_grading": grading, "pacing": pacing},
            "look": {"palette": list(look.palette), "grain": float(look.grain), "vignette": float(look.vignette)},
        }

    @property
    def sha256(self) -> str:
        return content_sha256(self.to_data())


@functools.cache
def list_brains() -> tuple[Brain, ...]:
    """All brains that ship, by id. Raises EnhanceError("bad_brain_file")."""
    folder = resources.files("gpu.enhance").joinpath("brains")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    brains = tuple(read_brain(entry.name, entry.read_text(encoding="utf-8")) for entry in files)
    ids = [brain.id for brain in brains]
    if len(set(ids)) != len(ids):
        raise EnhanceError(CODE, f"two files claim one id: {', '.join(ids)}")
    return tuple(sorted(brains, key=lambda brain: brain.id))


def brain(brain_id: str) -> Brain:
    """The shipped brain of this id, in any case. Raises EnhanceError("unknown_brain") naming the known ones."""
    wanted = brain_id.strip().casefold()
    for known in list_brains():
        if known.id == wanted:
            return known
    names = ", ".join(known.id for known in list_brains())
    raise EnhanceError("unknown_brain", f"there is no brain {brain_id[:60]!r}; known: {names}")


def brain_for(request: EnhanceRequest) -> Brain:
    """The brain a request carries; one without content means the brain of that name that ships here.

    Raises EnhanceError: unknown_brain, bad_brain_file.
    """
    if request.brain_data is None:
        return brain(request.brain)
    return brain_of(f"brain {request.brain[:60]!r} of the request", request.brain_data)


def read_brain(file: str, text: str) -> Brain:
    """Read one data file. Raises EnhanceError("bad_brain_file") that names the file and the field."""
    return brain_of(file, read_text(CODE, file, text))


def brain_of(file: str, data: object) -> Brain:
    """A brain out of plain values. Raises `BadField`; `file` is only for its words."""
    top = Section(CODE, file, "", data)
    words, prompt = top.section("words"), top.section("prompt")
    parameters, look = top.section("parameters"), top.section("look")
    shots = parameters.section("shot_composition")
    grading, pacing = parameters.section("color_grading"), parameters.section("pacing")
    made = Brain(
        id=read_id(top),
        version=int(top.number("version", 1, VERSION_MAX)),
        name=top.text("name", 60),
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
        look=_look(look, grading),
    )
    for section in (top, words, prompt, parameters, shots, grading, pacing, look):
        section.refuse_unread()
    return made


def read_id(top: Section) -> str:
    id = top.text("id", 40)
    if not ID_SHAPE.fullmatch(id):
        raise top.fault("id", "must be of small letters, digits, - and _, at most 40, and not begin with - or _")
    return id


def _look(look: Section, grading: Section) -> Look:
    values = {
        "palette": look.texts("palette"),
        "saturation": grading.number("saturation", -1, 1),
        "contrast": grading.number("contrast", -1, 1),
        "temperature_k": grading.number("color_temp", 1500, 15000),
        "grain": look.number("grain", 0, 1),
        "vignette": look.number("vignette", 0, 1),
    }
    try:
        return Look(**values)  # type: ignore[arg-type]  # numbers and texts, each checked above
    except VideoError as error:
        raise look.fault("palette", error.message.removeprefix("look.palette ")) from error
