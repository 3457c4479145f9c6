"""From a scene's breakdown to the slots of a prompt: the request for enhancement.

Invariant: everything the scene names is carried, within the request's limits; nothing is invented. The time of day is
the heading's own, else the one the scenes before leave behind, else day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from actors.screenplay.breakdown import Breakdown, SpokenLine
from actors.screenplay.heading import TimeOfDay
from actors.screenplay.names import people_of
from gpu.enhance import protocol as enhance
from gpu.video.protocol import Weather

_OFF = re.compile(r"^(?:V\.?\s?O|O\.?\s?S|O\.?\s?C)\b", re.IGNORECASE)
_DESCRIBED = re.compile(r"\s*\(([^()\n]{1,60})\)(?:,\s*([^.,;\n]{3,80}))?|,\s*([^.,;\n]{3,80})")


def enhance_request(
    script: str,
    scene: Breakdown,
    *,
    brain: str,
    seed: int,
    entity_ids: Mapping[str, str] | None = None,
    descriptors: Mapping[str, Sequence[str]] | None = None,
    time_before: TimeOfDay | None = None,
    weather_before: Weather | None = None,
    beat: str = "",
    continuity_notes: Sequence[str] = (),
    so_far: Sequence[str] = (),
    target_duration_s: float | None = None,
    brain_data: Mapping[str, Any] | None = None,
    shot_before: enhance.ShotBefore | None = None,
) -> enhance.EnhanceRequest:
    """`entity_ids` and `descriptors` go by name key; without them a name stands for itself.

    `weather_before` wins over what the action tells: give it only where that tells none.
    Raises EnhanceError("bad_request") only for arguments out of range, never for the text of a scene.
    """
    heading = scene.heading
    return enhance.EnhanceRequest(
        heading=_cut(heading.text if heading else "", enhance.NOTE_CHARS_MAX),
        place=_cut(heading.place or "" if heading else "", enhance.NAME_CHARS_MAX),
        interior=scene.setting not in {"exterior", "establishing"} if heading else True,
        time_of_day=scene.time_of_day or time_before or "day",
        weather=weather_before,
        cast=_cast(script, scene, entity_ids or {}, descriptors or {}),
        moments=_moments(scene),
        props=tuple(_cut(prop.name, enhance.NAME_CHARS_MAX) for prop in scene.props)[: enhance.PROP_SLOTS_MAX],
        brain=brain,
        beat=_cut(beat, enhance.NOTE_CHARS_MAX),
        continuity_notes=tuple(_cut(n, enhance.NOTE_CHARS_MAX) for n in continuity_notes)[: enhance.NOTES_MAX],
        so_far=tuple(_cut(n, enhance.NOTE_CHARS_MAX) for n in so_far)[: enhance.NOTES_MAX],
        seed=seed,
        target_duration_s=target_duration_s,
        brain_data=brain_data,
        shot_before=shot_before,
    )


def _cut(text: str, chars_max: int) -> str:
    return " ".join(text.split())[:chars_max].rstrip()


def _cast(
    script: str, scene: Breakdown, entity_ids: Mapping[str, str], descriptors: Mapping[str, Sequence[str]]
) -> tuple[enhance.CastSlot, ...]:
    slots: dict[str, enhance.CastSlot] = {}
    spoken = {person.key: person.name for person in scene.cast if person.speaks}
    for person in scene.cast:
        # MARGARET BELL, introduced, who speaks as MARGARET, is one figure.
        short = next((word for word in person.key.split() if word in spoken and word != person.key), None)
        key = short if short is not None and not person.speaks else person.key
        entity = _cut(entity_ids.get(key) or key, enhance.NAME_CHARS_MAX)
        looks = list(descriptors.get(key, ()))
        looks += (
            [] if looks else [text for s in person.introductions for text in described(script[s.end : s.end + 160])]
        )
        if not entity:
            continue
        known = slots.get(entity)
        name = _cut(spoken.get(key, person.name), enhance.NAME_CHARS_MAX)
        told = dict.fromkeys(
            _cut(text, enhance.NOTE_CHARS_MAX) for text in (*(known.descriptors if known else ()), *looks)
        )
        slots[entity] = enhance.CastSlot(entity, name, tuple(t for t in told if t)[:8])
    return tuple(slots.values())[: enhance.CAST_SLOTS_MAX]


def off_screen(line: SpokenLine) -> bool:
    """A voice over, or of somebody who is not in the picture."""
    return any(_OFF.match(extension) for extension in line.extensions)


def described(after: str) -> list[str]:
    """The description that follows a name in capitals: its bracket, and the clause after the comma."""
    match = _DESCRIBED.match(after)
    return [part.strip() for part in match.groups() if part and part.strip()] if match else []


def _moments(scene: Breakdown) -> tuple[enhance.Moment, ...]:
    found: list[tuple[int, enhance.Moment]] = []
    for action in scene.actions:
        found.append((action.span.start, enhance.Moment("action", action.text[: enhance.MOMENT_CHARS_MAX])))
    for line in scene.lines:
        people = people_of(line.speaker)
        speaker = _cut(people[0] if people else line.speaker, enhance.NAME_CHARS_MAX)
        off = off_screen(line)
        aside = _cut(line.parenthetical or "", enhance.NOTE_CHARS_MAX)
        text = line.text[: enhance.MOMENT_CHARS_MAX]
        found.append((line.span.start, enhance.Moment("line", text, speaker, aside, off)))
    found.sort(key=lambda item: item[0])
    return tuple(moment for _, moment in found)[: enhance.MOMENTS_MAX]
