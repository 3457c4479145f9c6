"""Timing: how long each planned shot stands.

Invariant: a line is never shorter than it takes to say at the fastest allowed rate, every shot is within the renderer's
limits, and the whole is too. The brain's average, rhythm and tension bend only shots in which nobody speaks. A target
duration stretches or shrinks those first, then quickens speech up to `quicken_max`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpu.enhance.brains import Brain
from gpu.enhance.coverage import Plan
from gpu.enhance.reading import Reading, line_pause_s
from gpu.video.protocol import DialogueLine

shot_seconds_min = 0.8
shot_seconds_max = 110.0
tail_s = 0.25
quicken_max = 1.35

_RHYTHM: dict[str, tuple[float, ...]] = {
    "steady": (1.0,),
    "syncopated": (1.0, 0.65, 1.25, 0.75),
    "rubato": (1.2, 0.9, 1.35, 1.0),
    "comic": (1.0, 1.0, 0.6, 1.4),
    "accelerating": (1.25, 1.1, 0.95, 0.8, 0.7),
}
_PURPOSE = {"establish": 1.25, "insert": 0.8, "reaction": 0.7, "pov": 1.1}
_TRACKING = frozenset(("track_left", "track_right", "crane_up", "crane_down"))


def seconds_of(plans: Sequence[Plan], readings: Sequence[Reading], brain: Brain, target_s: float | None) -> list[float]:
    """A duration for each plan, in seconds."""
    speech = [sum(readings[i].natural_s for i in plan.readings if readings[i].kind == "line") for plan in plans]
    free = [_free(plan, readings, brain, at, len(plans)) for at, plan in enumerate(plans)]
    if target_s is not None:
        speech, free = _towards(target_s, speech, free)
    return [
        min(shot_seconds_max, max(shot_seconds_min, said + quiet + (tail_s if said else 0.0)))
        for said, quiet in zip(speech, free, strict=True)
    ]


def lines_of(plan: Plan, readings: Sequence[Reading], seconds: float) -> tuple[DialogueLine, ...]:
    """The spoken lines of a shot, laid one after the other into the time it has; seconds count from its start."""
    spoken = [readings[i] for i in plan.readings if readings[i].kind == "line"]
    natural = sum(line.natural_s for line in spoken)
    if not natural:
        return ()
    squeeze = min(1.0, (seconds - tail_s) / natural)
    at = max(0.0, seconds - tail_s - natural * squeeze) * 0.5
    lines: list[DialogueLine] = []
    for line in spoken:
        took = line.natural_s * squeeze
        end = min(seconds, at + max(0.3, took - line_pause_s * squeeze))
        lines.append(DialogueLine(line.speaker, line.text, round(at, 3), round(end, 3)))
        at += took
    return tuple(lines)


def tension(curve: str, position: float) -> float:
    """Factor on a shot's length at 0..1 of the scene."""
    if curve == "exponential":
        return 1.15 - 0.6 * position**2
    if curve == "slow_burn":
        return 0.95 + 0.35 * position
    if curve == "wave":
        return 1.0 + 0.2 * math.sin(position * 4 * math.pi)
    if curve == "dread":
        return 1.1 + 0.4 * position if position < 0.85 else 0.45
    return 1.1 - 0.2 * position


def _free(plan: Plan, readings: Sequence[Reading], brain: Brain, at: int, count: int) -> float:
    shown = [readings[i] for i in plan.readings if readings[i].kind == "action"]
    if not shown and plan.readings:
        return 0.0
    rhythm = _RHYTHM[brain.cut_rhythm]
    factor = rhythm[at % len(rhythm)] * tension(brain.tension_curve, at / max(1, count - 1))
    base = brain.avg_shot_duration * factor * _PURPOSE.get(plan.purpose, 1.0)
    for reading in shown:
        base = max(base, 0.55 * reading.natural_s + 0.45 * base) if len(shown) == 1 else base + 0.5 * reading.natural_s
    if plan.purpose == "establish":
        base = max(base, 2.5)
    if plan.move in _TRACKING:
        base = max(base, brain.tracking_shot_duration)
    return min(base, 4 * brain.avg_shot_duration + 2.0 * len(shown))


def _towards(target_s: float, speech: list[float], free: list[float]) -> tuple[list[float], list[float]]:
    said, quiet = sum(speech) + tail_s * sum(1 for s in speech if s), sum(free)
    least = shot_seconds_min * sum(1 for f in free if f)
    if quiet and target_s - said >= least:
        factor = (target_s - said) / quiet
        return speech, [max(shot_seconds_min, f * factor) if f else 0.0 for f in free]
    room = max(0.0, target_s - least)
    quicken = min(quicken_max, max(1.0, said / room)) if room else quicken_max
    return [s / quicken for s in speech], [min(f, shot_seconds_min) for f in free]
