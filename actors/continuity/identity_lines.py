"""What a scene does not say of its people and its place, and earlier scenes did: an age, an accent, a voice, the light.

Pure. Invariant: each line stands on words of an earlier scene and names it; what the scene says itself is not said for
it; an age is counted on only over counted years, and light only within one unbroken run of a story day. Notes for
prompts (`actors.scene.injection`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from actors.continuity.lighting import Level, Lights
from actors.continuity.people_known import Ages
from actors.continuity.rules.view import SceneView
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.dates import DateTold, dates_in
from actors.screenplay.lights import lights_in
from actors.screenplay.names import name_key
from actors.screenplay.voices import VoiceTold, voices_in

SCENES_KEPT = 256
"""Scenes whose ages and voices are remembered in this process, least lately asked first out: about 1 MB."""

CONFIDENCE = 0.8
_WORDS: Mapping[Level, str] = {
    "lit": "the lights are on",
    "dim": "the light is dim",
    "candle": "it is lit by flames",
    "dark": "the lights are out",
}


@dataclass(frozen=True, slots=True)
class Line:
    words: str
    confidence: float
    scene: str


class _Scene:
    """A scene as the key of what was read of it: by its words."""

    __slots__ = ("found", "script")

    def __init__(self, script: str, found: Breakdown) -> None:
        self.script, self.found = script, found

    def __hash__(self) -> int:
        return hash(self.script)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Scene) and other.script == self.script and other.found == self.found


@functools.lru_cache(maxsize=SCENES_KEPT)
def _told(scene: _Scene) -> tuple[tuple[DateTold, ...], tuple[VoiceTold, ...]]:
    """By the names as they stand."""
    voices = (each for each in voices_in(scene.script, scene.found, name_key) if each.lasting)
    return tuple(dates_in(scene.script, scene.found, name_key)), tuple(voices)


def identity_lines(view: SceneView, earlier: Sequence[SceneView], people: Mapping[str, str]) -> Iterator[Line]:
    """``people``: who is in the scene, by key, as it writes them. Reads earlier scenes once: for a thread."""
    if view.day is None:
        return
    key = view.premise.cast.person_key
    own_dates, own_voices = _told(_Scene(view.script, view.breakdown))
    said = {(key(each.who), each.kind) for each in own_voices} | {(key(each.who), each.kind) for each in own_dates}
    ages, heard = Ages(), dict[tuple[str, str], tuple[VoiceTold, str]]()
    for before in earlier:
        if before.day is None:
            continue
        dates, voices = _told(_Scene(before.script, before.breakdown))
        ages.enter(before.id, before.script, dates, key)
        for voice in voices:
            heard.setdefault((key(voice.who), voice.kind), (voice, before.id))
    ages.enter(view.id, view.script, own_dates, key)
    for who, name in people.items():
        age = ages.of(who)
        if age is not None and age.low == age.high and (who, "age") not in said:
            yield Line(f"{name} is {age.low}", CONFIDENCE, age.evidence.scene_id)
        for (whose, kind), (voice, scene) in heard.items():
            if whose == who and (who, kind) not in said:
                yield Line(f"{name} speaks with {_voice(voice)}", CONFIDENCE, scene)
    yield from _light(view, earlier)


def _voice(voice: VoiceTold) -> str:
    if voice.kind == "accent":
        return f"a{'n' if voice.value[0] in 'AEIO' else ''} {voice.value} accent"
    return f"a {voice.value} {'voice' if voice.kind == 'timbre' else 'pace'}"


def _light(view: SceneView, earlier: Sequence[SceneView]) -> Iterator[Line]:
    """How the place was left, where this scene goes on in it."""
    place = name_key(view.breakdown.place or "")
    run = [before for before in earlier if place and _goes_on(view, before, place)]
    lights = Lights()
    for before in run:
        told = lights_in(before.script, before.breakdown)
        for _ in lights.scene(place, before.id, before.id, before.script, before.breakdown, told, before.day, None):
            pass
    beats = (
        list(lights.scene(place, "", view.id, view.script, view.breakdown, (), view.day, view.before)) if run else []
    )
    if beats and beats[0].since and beats[0].level in _WORDS:
        yield Line(f"here {_WORDS[beats[0].level]}", CONFIDENCE, beats[0].since)


def _goes_on(view: SceneView, before: SceneView, place: str) -> bool:
    if view.day is None or before.day is None:
        return False
    return (view.day.run, view.day.number) == (before.day.run, before.day.number) and place == name_key(
        before.breakdown.place or ""
    )
