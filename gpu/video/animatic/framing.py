"""Where the camera stands: what a shot size, an angle and a staging mean in numbers.

Invariant: a `Staging` changes choices, never the story: the same people, place, hour and props are in every
candidate. Input are shots and a candidate number; output is one `Framing` a shot.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from gpu.video.protocol import SHOT_SIZES, Figure, Shot, ShotAngle, ShotSize


@dataclass(frozen=True)
class Staging:
    """One way of putting the scene on its feet; candidate 0 is the scene as written."""

    candidate: int = 0
    mirror: bool = False
    closer: int = 0
    angle: ShotAngle | None = None
    light_side: int = 1
    dressing: bool = True
    spread: float = 1.0
    aside: float = 0.0


@dataclass(frozen=True)
class Framing:
    """Numbers of one shot. Lengths are fractions of the picture's height or width."""

    size: ShotSize
    angle: ShotAngle
    set_zoom: float
    set_y: float
    set_x: float
    figure: float
    head_at: float | None
    feet_at: float | None
    people_max: int
    blur: float
    squash: float = 1.0
    roll: float = 0.0


_TIGHTER: tuple[ShotSize, ...] = ("EWS", "WS", "FS", "MS", "MCU", "CU", "ECU")

# size: set zoom, set centre y (design units), figure height, head top at, feet at, people, blur (px of 560)
_SIZES: dict[ShotSize, tuple[float, float, float, float | None, float | None, int, float]] = {
    "EWS": (0.88, 286, 0.43, None, 0.9, 6, 0.0),
    "WS": (1.06, 284, 0.55, None, 0.93, 5, 0.0),
    "FS": (1.22, 296, 0.80, None, 0.97, 4, 0.9),
    "MS": (1.6, 262, 1.42, 0.12, None, 2, 3.2),
    "MCU": (1.85, 244, 2.0, 0.09, None, 1, 5.0),
    "CU": (2.15, 232, 2.95, 0.045, None, 1, 7.5),
    "ECU": (2.6, 222, 4.9, -0.13, None, 1, 10.0),
    "OTS": (1.75, 250, 1.7, 0.13, None, 1, 4.5),
    "POV": (1.4, 270, 1.12, 0.14, None, 2, 1.4),
    "INSERT": (2.4, 250, 0.0, None, None, 0, 9.0),
}


def staging_of(candidate: int, seed: int) -> Staging:
    """The staging of a candidate; the first five are composed, later ones drawn from the seed."""
    side = 1 if seed % 2 else -1
    composed = (
        Staging(0, light_side=side),
        Staging(1, mirror=True, closer=1, angle="low", light_side=-side, spread=0.9),
        Staging(2, closer=-1, angle="high", light_side=side, spread=1.25, aside=0.04),
        Staging(3, mirror=True, closer=2, angle="eye", light_side=side, dressing=False, aside=-0.03),
        Staging(4, closer=0, angle="dutch", light_side=-side, spread=0.8, aside=0.05),
    )
    if candidate < len(composed):
        return composed[candidate]
    rng = random.Random(f"staging:{seed}:{candidate}")
    angles: tuple[ShotAngle, ...] = ("eye", "low", "high", "dutch", "overhead")
    return Staging(
        candidate,
        rng.random() < 0.5,
        rng.randint(-1, 2),
        rng.choice(angles),
        rng.choice((-1, 1)),
        rng.random() < 0.6,
        rng.uniform(0.75, 1.3),
        rng.uniform(-0.06, 0.06),
    )


def framing_of(shot: Shot, staging: Staging) -> Framing:
    """The numbers of a shot under a staging."""
    size = shot.size
    if size in _TIGHTER:
        size = _TIGHTER[max(0, min(len(_TIGHTER) - 1, _TIGHTER.index(size) + staging.closer))]
    if not shot.cast and size not in ("EWS", "WS", "INSERT"):
        size = {"FS": "WS", "MS": "FS", "INSERT": "INSERT"}.get(size, "FS")  # type: ignore[assignment]
    if size == "OTS" and len(shot.cast) < 2:
        size = "MCU"
    assert size in SHOT_SIZES
    angle = staging.angle or shot.angle
    zoom, set_y, figure, head, feet, people, blur = _SIZES[size]
    if size == "EWS" and not shot.interior:
        zoom, figure, feet = 1.0, 0.27, 0.86
    squash, roll = 1.0, 0.0
    wide = feet is not None
    if angle == "low":
        set_y, zoom, figure = set_y - 74 / zoom, zoom * 1.08, figure * 1.1
        feet = feet + 0.035 if feet is not None else None
        head = head - 0.02 if head is not None else None
    elif angle == "high":
        set_y, squash = set_y + 84 / zoom, 0.9
        feet = feet - 0.05 if feet is not None else None
        head = head + 0.09 if head is not None else None
    elif angle == "overhead":
        set_y, squash, zoom = set_y + (250 if wide else 190) / zoom, 0.74, zoom * 1.06
        feet = feet - 0.16 if feet is not None else None
        head = head + 0.16 if head is not None else None
    elif angle == "dutch":
        roll, zoom = 6.5 if staging.mirror else -6.5, zoom * 1.05
    side = -1 if staging.mirror else 1
    set_x = 640 + side * {"MS": 40, "MCU": 90, "CU": 130, "ECU": 150, "OTS": 170}.get(size, 0)
    return Framing(size, angle, zoom, set_y, set_x, figure, head, feet, people, blur, squash, roll)


def focus_of(shot: Shot) -> int:
    """The index in the cast of whom the shot is about: who speaks first, else the first named."""
    for line in shot.lines:
        for index, figure in enumerate(shot.cast):
            if is_speaker(figure, line.speaker):
                return index
    return 0


def is_speaker(figure: Figure, speaker: str) -> bool:
    wanted = speaker.strip().casefold()
    return bool(wanted) and wanted in (figure.name.strip().casefold(), figure.entity_id.casefold())


def places_of(shot: Shot, framing: Framing, staging: Staging) -> list[tuple[int, float, int]]:
    """Who is where: (cast index, x as a fraction of the width, facing), far to near."""
    focus = focus_of(shot)
    order = [focus, *(i for i in range(len(shot.cast)) if i != focus)][: framing.people_max]
    if framing.size in ("EWS", "WS", "FS"):
        order.sort()
    side = -1 if staging.mirror else 1
    if len(order) == 1:
        lead = {"EWS": 0.12, "WS": 0.11, "FS": 0.09, "OTS": 0.10}.get(framing.size, 0.055)
        x = 0.5 + side * (lead if framing.size == "OTS" else -lead) + staging.aside
        facing = side if framing.size != "OTS" else -side
        return [(order[0], _hinted(shot.cast[order[0]], x, side), facing)]
    gap = {"EWS": 0.11, "WS": 0.16, "FS": 0.19, "MS": 0.36, "POV": 0.3}.get(framing.size, 0.3) * staging.spread
    gap = min(gap, 0.8 / max(1, len(order) - 1))
    placed = []
    for slot, index in enumerate(order):
        x = 0.5 + staging.aside + side * gap * (slot - (len(order) - 1) / 2)
        x = _hinted(shot.cast[index], x, side)
        placed.append((index, x, 1 if x < 0.5 + staging.aside else -1))
    return placed


def _hinted(figure: Figure, x: float, side: int) -> float:
    hint = figure.position.casefold()
    if "left" in hint:
        return min(x, 0.5) - 0.1 if side > 0 else max(x, 0.5) + 0.1
    if "right" in hint:
        return max(x, 0.5) + 0.1 if side > 0 else min(x, 0.5) - 0.1
    return x
