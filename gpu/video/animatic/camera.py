"""Camera moves as functions of time: where the view is at `t` of `duration`, eased at both ends.

Invariant: moves stay inside `REACH` of the picture's width, zoom is never below 1, so painted margins always cover
the frame. Directions are the camera's: a pan to the left moves the picture to the right. Only push and pull change the
zoom, and nothing but a dutch angle rolls: a pure shift costs a third of a warp and compresses far better.
"""

from __future__ import annotations

import math

from gpu.video.animatic.framing import Framing
from gpu.video.animatic.stage import View
from gpu.video.protocol import CameraMove

REACH = 0.05
ZOOM = 0.12


def eased(u: float) -> float:
    """Smoothstep with a little life at the ends, so that a move never looks frozen."""
    u = min(1.0, max(0.0, u))
    return 0.82 * u * u * (3 - 2 * u) + 0.18 * u


def view_at(
    move: CameraMove, framing: Framing, width: int, height: int, t: float, duration: float, phase: float
) -> View:
    """The view at `t` seconds; `phase` decorrelates hand-held shots."""
    u = eased(t / duration)
    swing, reach, rise = 2 * u - 1, REACH * width, REACH * width * 0.62
    base = 1.13 if framing.roll else 1.0
    x = y = turning = 0.0
    zoom, roll = base, framing.roll
    if move in ("pan_left", "pan_right"):
        x, turning = reach * swing * (1 if move == "pan_left" else -1), 0.7
    elif move in ("tilt_up", "tilt_down"):
        y, turning = rise * swing * (1 if move == "tilt_up" else -1), 0.7
    elif move in ("track_left", "track_right"):
        x = reach * swing * (1 if move == "track_left" else -1)
    elif move in ("crane_up", "crane_down"):
        y = rise * swing * (1 if move == "crane_up" else -1)
    elif move == "push_in":
        zoom = base + ZOOM * u
    elif move == "pull_out":
        zoom = base + ZOOM * (1 - u)
    elif move == "handheld":
        s = height / 560
        x = s * (7 * math.sin(1.9 * t + phase) + 3.5 * math.sin(4.7 * t + 2 * phase) + 1.4 * math.sin(9.1 * t + phase))
        y = s * (5 * math.sin(2.3 * t + 1.3 + phase) + 2.6 * math.sin(5.9 * t + phase) + 1.2 * math.sin(10.3 * t))
        turning = 0.6
    return View(x, y, zoom, roll, turning)


def is_still(move: CameraMove) -> bool:
    return move == "static"


def only_shifts(move: CameraMove) -> bool:
    """Whether roll and zoom stay as they begin."""
    return move not in ("push_in", "pull_out")
