"""The film-grammar writer: shots by coverage patterns, no model. Embedded default and the fallback of every other one.

Invariant: the same request gives the same scene, on every machine. The way: `reading` (who does what) → `coverage`
(which shots) → `timing` (how long) → `prompt` (in which words); this file wires them, within the renderer's limits.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence

from gpu.enhance.brains import brain_for
from gpu.enhance.carried_light import graded
from gpu.enhance.coverage import Plan, cover, figure
from gpu.enhance.prompt import added_by, scene_prompt, shot_prompt
from gpu.enhance.protocol import EnhancedScene, EnhanceRequest
from gpu.enhance.reading import Reading, read_scene, weather_of
from gpu.enhance.timing import lines_of, seconds_of
from gpu.video.protocol import CAST_MAX, LINES_MAX, PROPS_MAX, SHOTS_MAX, Shot, Weather

WRITER_NAME = "grammar"
WRITER_VERSION = 1
scene_seconds_max = 600.0


class GrammarWriter:
    """Makes the shots of every scene: film grammar and nothing else."""

    @property
    def name(self) -> str:
        return WRITER_NAME

    @property
    def version(self) -> int:
        return WRITER_VERSION

    def write(self, request: EnhanceRequest) -> EnhancedScene:
        """Raises EnhanceError: unknown_brain, bad_brain_file."""
        style = brain_for(request)
        readings, omitted = _within_time(*read_scene(request))
        plans = _within_shots(cover(request, readings, style, random.Random(_seed(request))))
        seconds = seconds_of(plans, readings, style, request.target_duration_s)
        weather = weather_of(request)
        shots = _shots(request, plans, readings, seconds, weather)
        words = tuple(shot_prompt(request, style, shot) for shot in shots)
        return EnhancedScene(
            shots=shots,
            shot_prompts=words,
            prompt=scene_prompt(request, style, weather, shots, words),
            negative=style.negative,
            look=graded(style.look, request.shot_before),
            brain=style.id,
            brain_version=style.version,
            writer=WRITER_NAME,
            writer_version=WRITER_VERSION,
            seed=request.seed,
            added=added_by(request, style),
            omitted_moments=omitted,
        )


NO_SEED = frozenset({"brain_data", "so_far", "shot_before"})
"""Of the brain its content decides by itself; an edit of a scene long before must not film this one anew; the light of
the shot before changes colours, not who stands where."""


def _seed(request: EnhanceRequest) -> int:
    told = {name: value for name, value in request.to_dict().items() if name not in NO_SEED}
    text = json.dumps(told, sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def _within_time(readings: tuple[Reading, ...], omitted: int) -> tuple[tuple[Reading, ...], int]:
    total = 0.0
    for index, reading in enumerate(readings):
        total += reading.natural_s
        if total > scene_seconds_max:
            beyond = {each.moment for each in readings[index:]}
            return readings[:index], omitted + len(beyond)
    return readings, omitted


def _within_shots(plans: list[Plan]) -> list[Plan]:
    """Join neighbouring shots evenly until the renderer can hold them."""
    size = -(-len(plans) // SHOTS_MAX)
    return plans if size <= 1 else [_joined(plans[at : at + size]) for at in range(0, len(plans), size)]


def _joined(plans: Sequence[Plan]) -> Plan:
    who = tuple(dict.fromkeys(each for plan in plans for each in plan.who))[:6]
    doing = {each: words for plan in plans for each, words in plan.doing.items()}
    readings = tuple(i for plan in plans for i in plan.readings)
    props = tuple(dict.fromkeys(prop for plan in plans for prop in plan.props))
    first = plans[0]
    wide = "FS" if len(who) > 1 else first.size
    return Plan("WS" if wide in {"INSERT", "POV"} else wide, first.angle, first.move, who, doing, readings, props)


def _shots(
    request: EnhanceRequest, plans: list[Plan], readings: tuple[Reading, ...], seconds: list[float], weather: Weather
) -> tuple[Shot, ...]:
    shown = {who for plan in plans for who in plan.who}
    extra = [who for who in range(len(request.cast)) if who not in shown]
    things = {prop for plan in plans for prop in plan.props}
    spare = [prop for prop in dict.fromkeys(request.props) if prop and prop not in things]
    shots: list[Shot] = []
    for index, (plan, took) in enumerate(zip(plans, seconds, strict=True)):
        who = (plan.who if index else (*plan.who, *extra))[:CAST_MAX]
        props = (plan.props if index else (*plan.props, *spare))[:PROPS_MAX]
        lasts = round(took, 3)
        shots.append(
            Shot(
                index=index,
                duration_s=lasts,
                place=request.place,
                interior=request.interior,
                time_of_day=request.time_of_day,
                weather=weather,
                cast=tuple(figure(request, each, plan.doing.get(each, ""), plan.size) for each in who),
                size=plan.size,
                angle=plan.angle,
                move=plan.move,
                props=props,
                lines=lines_of(plan, readings, lasts)[:LINES_MAX],
            )
        )
    return tuple(shots)
