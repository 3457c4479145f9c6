"""From a scene's text to what the prompt writer is asked: slots read by the breakdown, cut to the writer's limits.

The invariant: a pure function of the script, the project's names and the time of day the story has reached; any script
gives a valid request. Findings are for people: they do not go into a prompt.
"""

from __future__ import annotations

from typing import Any

from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor
from actors.runtime.actor import Context
from actors.screenplay.breakdown import Breakdown, breakdown
from actors.screenplay.names import name_key
from gpu.enhance import protocol as limits
from gpu.enhance.protocol import CastSlot, EnhanceRequest, Moment

_OFF_SCREEN = frozenset({"VO", "OS", "OC", "OFF", "VOICEOVER", "OFFSCREEN"})


def enhance_request(
    scene: str, script: str, *, brain: str, seed: str, project: ProjectActor, ctx: Context
) -> dict[str, Any]:
    """The dict form of `gpu.enhance.protocol.EnhanceRequest`."""
    facts = project.facts
    names = facts.cast if facts else {}
    found = breakdown(script, names.values())
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    clock = continuity.time_before(scene) if continuity else None
    heading = found.heading.text if found.heading else ""
    request = EnhanceRequest(
        heading=heading[: limits.NOTE_CHARS_MAX],
        place=(found.place or "")[: limits.NAME_CHARS_MAX],
        interior=found.setting not in ("exterior", "establishing"),
        time_of_day=found.time_of_day or clock or "day",
        cast=_cast(found, {name_key(name): id for id, name in names.items()}),
        moments=_moments(found),
        props=tuple(p.name[: limits.NAME_CHARS_MAX] for p in found.props[: limits.PROP_SLOTS_MAX]),
        brain=brain,
        seed=int(seed),
    )
    return request.to_dict()


def _cast(found: Breakdown, ids: dict[str, str]) -> tuple[CastSlot, ...]:
    people = [person for person in found.cast if person.name.strip()][: limits.CAST_SLOTS_MAX]
    return tuple(
        CastSlot(ids.get(p.key, p.key)[: limits.NAME_CHARS_MAX], p.name[: limits.NAME_CHARS_MAX]) for p in people
    )


def _moments(found: Breakdown) -> tuple[Moment, ...]:
    """Actions and lines in the order they are told."""
    told: list[tuple[int, Moment]] = [
        (action.span.start, Moment("action", action.text[: limits.MOMENT_CHARS_MAX])) for action in found.actions
    ]
    for line in found.lines:
        off = any("".join(c for c in word.upper() if c.isalpha()) in _OFF_SCREEN for word in line.extensions)
        told.append(
            (
                line.span.start,
                Moment(
                    "line",
                    line.text[: limits.MOMENT_CHARS_MAX],
                    line.speaker[: limits.NAME_CHARS_MAX],
                    (line.parenthetical or "")[: limits.NOTE_CHARS_MAX],
                    off,
                ),
            )
        )
    return tuple(moment for _, moment in sorted(told, key=lambda each: each[0]))[: limits.MOMENTS_MAX]
