"""What the hour and the weather do to colour: sky, key light, ambient, rim, haze, and whether lamps burn.

Invariant: a surface is never painted in its local colour; `Light.on` decides what the camera sees. Input are the
slots of a shot; output is one immutable `Light`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gpu.video.animatic.colour import RGB, luma, mix, rgb, times
from gpu.video.protocol import Shot, TimeOfDay, Weather

GREY = (150.0, 156.0, 164.0)


@dataclass(frozen=True)
class Light:
    """The light of one shot; `side` is -1 where the key comes from the left, +1 from the right."""

    sky: tuple[RGB, RGB, RGB]
    ambient: RGB
    key: RGB
    rim: RGB
    haze: RGB
    density: float
    lamps: float
    sun: float
    sun_height: float
    interior: bool
    weather: Weather
    hour: TimeOfDay
    side: int = 1

    def on(self, colour: RGB, depth: float = 0.0) -> RGB:
        """A surface colour under this light; `depth` 0 near … 1 at the horizon takes on haze."""
        return mix(times(colour, self.ambient), self.haze, min(0.96, depth * self.density))

    def for_faces(self) -> Light:
        """The fill an operator would give people: shadows lifted where the set may go dark, a stronger rim."""
        lift = max(0.0, 0.62 - luma(times(self.ambient, 255.0))) * 0.85
        ambient = (self.ambient[0] + lift, self.ambient[1] + lift * 0.98, self.ambient[2] + lift * 0.96)
        return replace(self, ambient=ambient)

    def lit(self, colour: RGB, amount: float = 0.5) -> RGB:
        """A surface facing the key light."""
        return mix(self.on(colour), times(self.key, 0.35 + 0.65 * luma(colour) ** 0.5), 0.35 * amount)


_HOURS: dict[TimeOfDay, tuple[str, str, str, RGB, str, str, str, float, float, float]] = {
    # sky top, middle, horizon, ambient, key, rim, haze, lamps, sun strength, sun height
    "day": ("#3f86c0", "#86bfe2", "#d9ecf2", (1, 1, 1), "#fff3d6", "#fffaf0", "#cfe4ee", 0, 0.7, 0.16),
    "morning": ("#5b9fd0", "#aed2e2", "#fbe7c6", (1, 0.95, 0.88), "#ffe2a8", "#fff0cf", "#f3e2cb", 0, 0.9, 0.42),
    "dawn": ("#2c3f78", "#9a6a93", "#ffb581", (0.66, 0.57, 0.68), "#ffb184", "#ffc9a0", "#d99a98", 0.5, 0.9, 0.66),
    "dusk": ("#1b2150", "#863d6c", "#ff8d4c", (0.56, 0.43, 0.56), "#ff9450", "#ffb070", "#b8607a", 0.8, 1.0, 0.7),
    "evening": ("#1c2a56", "#4d5590", "#d3957f", (0.46, 0.44, 0.62), "#ffb47c", "#ffc894", "#6d6596", 1, 0.35, 0.85),
    "night": ("#060a1a", "#0f1a3a", "#243a66", (0.25, 0.32, 0.5), "#a9c1ff", "#b7ccff", "#1f3056", 1, 0.55, 0.2),
}

_INDOORS: dict[TimeOfDay, tuple[RGB, str, str]] = {
    "day": ((0.92, 0.91, 0.9), "#fff2d8", "#fff8ea"),
    "morning": ((0.9, 0.83, 0.74), "#ffe0a4", "#fff0d0"),
    "dawn": ((0.6, 0.53, 0.6), "#ffb98c", "#ffd0a8"),
    "dusk": ((0.58, 0.45, 0.47), "#ff9d5c", "#ffb67c"),
    "evening": ((0.52, 0.43, 0.42), "#ffbe80", "#ffd09a"),
    "night": ((0.38, 0.34, 0.4), "#ffc184", "#ffd2a0"),
}


def light_of(shot: Shot, side: int = 1) -> Light:
    """The light of a shot's slots."""
    top, middle, low, ambient, key, rim, haze, lamps, sun, height = _HOURS[shot.time_of_day]
    light = Light(
        (rgb(top), rgb(middle), rgb(low)), ambient, rgb(key), rgb(rim), rgb(haze),
        0.55, lamps, sun, height, shot.interior, shot.weather, shot.time_of_day, side,
    )  # fmt: skip
    light = _weathered(light)
    if shot.interior:
        ambient, key, rim = _INDOORS[shot.time_of_day]
        dull = 0.86 if shot.weather in ("rain", "storm", "fog") else 1.0
        near = mix(times(rgb(key), 0.32), rgb("#3a3440"), 0.5)
        light = replace(light, ambient=times(ambient, dull), key=rgb(key), rim=rgb(rim), haze=near, density=0.3)
        if shot.weather == "fog":
            light = replace(light, density=0.45)
    return light


def _weathered(light: Light) -> Light:
    bright = luma(light.sky[1])
    cloud = times(GREY, 0.35 + 0.75 * bright)
    if light.weather == "rain":
        return _overcast(light, cloud, 0.72, (0.72, 0.76, 0.82), 0.75)
    if light.weather == "storm":
        return _overcast(light, times(cloud, 0.55), 0.85, (0.52, 0.57, 0.66), 0.8)
    if light.weather == "snow":
        return _overcast(light, times(cloud, 1.18), 0.7, (0.92, 0.95, 1.0), 0.8)
    if light.weather == "fog":
        pale = mix(cloud, light.sky[2], 0.35)
        return _overcast(light, times(pale, 1.12), 0.86, (0.84, 0.85, 0.86), 1.35)
    return light


def _overcast(light: Light, cloud: RGB, cover: float, dim: RGB, density: float) -> Light:
    top, middle, low = light.sky
    sky = (mix(top, times(cloud, 0.8), cover), mix(middle, cloud, cover), mix(low, times(cloud, 1.12), cover * 0.85))
    return replace(
        light, sky=sky, ambient=times(light.ambient, dim), haze=mix(light.haze, sky[2], 0.85), density=density,
        sun=light.sun * (1 - cover) * 0.4, lamps=max(light.lamps, 0.35 if luma(sky[1]) < 0.5 else 0.0),
        rim=mix(light.rim, sky[2], 0.5),
    )  # fmt: skip
