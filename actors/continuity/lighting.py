"""The light of a place as a state machine: what its lamps, flames, curtains and the sun are at each beat.

Invariant: a state changes by explicit words or by the hour of a heading alone, by the table `after`; it is carried into
a later scene of the same place only within one unbroken run of one story day. Nothing said is *unknown*, never *dark*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from actors.continuity.days import StoryDay
from actors.continuity.facts import Evidence, quote
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import TimeOfDay
from actors.screenplay.lights import LightTold

Level = Literal["daylight", "twilight", "night", "lit", "dim", "candle", "dark", "unknown"]
"""What a camera finds: `night` is a sky, `dark` is told of a place, or has no lamp left that could be on."""

EVERY_LIGHT = "lights"


@dataclass(frozen=True, slots=True)
class Light:
    """``lamps``, ``flame``, ``curtains``: None where nobody said; ``told``: a level that words state as it is."""

    outdoors: bool
    hour: TimeOfDay | None = None
    lamps: Literal["on", "off", "dim"] | None = None
    flame: bool | None = None
    curtains: Literal["open", "shut"] | None = None
    told: Level | None = None

    @property
    def level(self) -> Level:
        if self.told is not None:
            return self.told
        if self.lamps is not None and self.lamps != "off":
            return "lit" if self.lamps == "on" else "dim"
        if self.flame:
            return "candle"
        return self._sun()

    def _sun(self) -> Level:
        """With no lamp on."""
        if self.hour in ("dawn", "dusk", "evening"):
            return "twilight"
        if self.hour == "night":
            return "dark" if self.lamps == "off" and not self.outdoors else "night"
        if self.hour is None:
            return "dark" if self.lamps == "off" and not self.outdoors else "unknown"
        return "dim" if self.curtains == "shut" else "daylight"


@dataclass(frozen=True, slots=True)
class LightBeat:
    """From ``evidence`` on the place is lit so; ``since``: number of the scene it is carried from, "" for this one."""

    level: Level
    evidence: Evidence
    since: str = ""


def after(light: Light, told: LightTold) -> Light:
    """The table of transitions."""
    match told.kind:
        case "on" | "restored":
            return replace(light, lamps="on", told=None)
        case "off" | "cut":
            out = told.kind == "cut" or told.thing == EVERY_LIGHT or light.lamps is None
            return replace(light, lamps="off" if out else light.lamps, told=None)
        case "dims":
            return replace(light, lamps="dim", told=None)
        case "flame" | "flame_out":
            return replace(light, flame=told.kind == "flame", told=None)
        case "opens" | "shuts":
            return replace(light, curtains="open" if told.kind == "opens" else "shut", told=None)
        case "is_lit":
            return replace(light, lamps="on", told="lit")
        case "is_dark":
            return replace(light, lamps="off", flame=False, told="dark")
        case "is_dim":
            return replace(light, told="dim")
        case "is_candlelit":
            return replace(light, flame=True, told="candle")
        case "is_sunlit":
            return replace(light, told="daylight")


def at_heading(found: Breakdown, before: TimeOfDay | None) -> Light:
    """What a scene's heading says; ``before``: the hour that the scenes before leave it with."""
    outdoors = found.setting in ("exterior", "establishing")
    return Light(outdoors, found.time_of_day or before)


class Lights:
    """The lights of every place, scene by scene in story order."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[Light, StoryDay, str]] = {}  # by place: how it was left, when, in which scene

    def scene(
        self, place: str, number: str, scene: str, script: str, found: Breakdown, told: Iterable[LightTold],
        day: StoryDay | None, hour_before: TimeOfDay | None,
    ) -> Iterator[LightBeat]:  # fmt: skip
        """Beats of one scene, the first at its heading; nothing without a heading."""
        if found.heading is None:
            return
        light, since = at_heading(found, hour_before), ""
        left = self._left.get(place)
        if left is not None and day is not None and (left[1].run, left[1].number) == (day.run, day.number):
            carried = replace(left[0], hour=light.hour, told=left[0].told if left[0].hour == light.hour else None)
            since = left[2] if carried.level != light.level else ""
            light = replace(carried, outdoors=light.outdoors)
        yield LightBeat(light.level, quote(scene, script, found.heading.span), since)
        level = light.level
        for each in told:
            light = after(light, each)
            if light.level != level:
                level = light.level
                yield LightBeat(level, quote(scene, script, each.span))
        if day is not None:
            self._left[place] = (light, day, number)
