"""What the camera does: the move, where to, and in which manner.

Owns the grammar of camera phrases. Invariant: a direction that was written is part of the answer; where a word may be
no camera word (a frying pan, a tilted head) nothing is read unless "camera", "shot" or a whole phrase of camera words
says so. Used by `phrases`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from storage.cache.slots.film import rows


class CameraMove(NamedTuple):
    move: str
    direction: str = ""
    manner: str = ""


_MANNERS = {
    "slow": "slow", "slowly": "slow", "gently": "slow", "gentle": "slow", "gradually": "slow", "gradual": "slow",
    "leisurely": "slow", "fast": "fast", "quick": "fast", "quickly": "fast", "rapidly": "fast", "rapid": "fast",
    "swiftly": "fast", "swift": "fast", "smooth": "smooth", "smoothly": "smooth", "steady": "smooth",
    "steadily": "smooth", "slight": "slight", "slightly": "slight", "subtle": "slight", "subtly": "slight",
    "sudden": "sudden", "suddenly": "sudden", "dramatic": "dramatic", "dramatically": "dramatic",
    "continuous": "continuous", "continuously": "continuous", "constantly": "continuous",
}  # fmt: skip
_VERBS: dict[str, str] = {}
for _row in (
    "pan pan pans panning panned", "tilt tilt tilts tilting tilted", "zoom zoom zooms zooming zoomed",
    "dolly dolly dollies dollying dollied", "push push pushes pushing pushed", "pull pull pulls pulling pulled",
    "truck truck trucks trucking", "track track tracks tracking tracked", "orbit orbit orbits orbiting orbital orbited",
    "orbit circle circles circling circled", "orbit revolve revolves revolving", "orbit arc arcs arcing",
    "orbit encircles encircling", "rotate rotate rotates rotating rotated", "crane crane cranes craning",
    "crane boom booms booming", "crane jib jibs", "crane pedestal pedestals", "roll roll rolls rolling",
    "move move moves moving moved", "move glide glides gliding", "move slide slides sliding",
    "move travel travels traveling travelling", "move drift drifts drifting", "move float floats floating",
    "move fly flies flying", "move sweep sweeps sweeping", "move swing swings swinging", "move shift shifts shifting",
    "move go goes going", "move come comes coming", "move head heads heading", "move turn turns turning",
    "rise rise rises rising", "rise ascend ascends ascending", "rise lift lifts lifting", "rise raise raises raising",
    "sink descend descends descending", "sink lower lowers lowering", "sink drop drops dropping",
    "sink sink sinks sinking", "follow follow follows following followed", "near approach approaches approaching",
    "far retreat retreats retreating", "shake shake shakes shaking", "swish whip whips whipping",
):  # fmt: skip
    _VERBS |= dict.fromkeys(_row.split()[1:], _row.split()[0])

ALONE = frozenset("pan tilt zoom dolly push pull truck track orbit crane".split())
"""Moves that need no "camera" beside them where nothing but camera words stands between two marks."""

_NEEDS_DIRECTION = frozenset("push pull move swish truck".split())
_DIRECTIONS: dict[tuple[str, ...], str] = {}
for _phrase, _, _value in rows("""
left: left; leftward; leftwards; to left; to the left; from right to left; right to left; towards the left;
  toward the left; from the right to the left; to the left side
right: right; rightward; rightwards; to right; to the right; from left to right; left to right; towards the right;
  toward the right; from the left to the right; to the right side
up: up; upward; upwards; from bottom to top; from the bottom to the top; bottom to top; skyward
down: down; downward; downwards; from top to bottom; from the top to the bottom; top to bottom
in: in; inward; inwards; closer; forward; forwards; ahead; in closer; closer in; nearer; in close
out: out; outward; outwards; back; backward; backwards; away; further away; farther away; back out; further back;
  out wide; back away
clockwise: clockwise; cw; in a clockwise direction; in clockwise direction; clockwise around; around clockwise;
  around in a clockwise direction; around in clockwise direction
counterclockwise: counterclockwise; anticlockwise; ccw; counter clockwise; anti clockwise;
  in a counterclockwise direction; in a counter clockwise direction; in an anticlockwise direction;
  in an anti clockwise direction; in counterclockwise direction; around counterclockwise; counterclockwise around;
  around in a counterclockwise direction; around in a counter clockwise direction; around anticlockwise;
  around in an anticlockwise direction
around: around; round; in a circle; 360 degrees; around 360 degrees; all the way around; 360; full circle
"""):
    _DIRECTIONS[tuple(_phrase.split())] = _value
_DIRECTION_WORDS_MAX = max(map(len, _DIRECTIONS))
_SKIPPED = frozenset("is are was be being a an the and then begins starts to camera movement motion move shot".split())
_LEADS_TO_MOVE = frozenset(
    "is are was movement motion move work then also starts begins continues to keeps and angle a the it".split()
)
_EARLY = {
    "leftward": "left", "rightward": "right", "upward": "up", "downward": "down", "left": "left", "right": "right",
    "inward": "in", "outward": "out", "clockwise": "clockwise", "counterclockwise": "counterclockwise",
}  # fmt: skip
"""Directions that may stand before the move: "a leftward pan"."""

_TABLE = """
static: static camera; static shot; static view; static frame; fixed camera; fixed shot; locked off camera;
  locked off shot;
  locked off; locked camera; stationary camera; stationary shot; camera is fixed; camera is static;
  camera is stationary; camera is still; camera is locked; camera remains still; camera remains static;
  camera remains fixed; camera remains stationary; camera stays still; camera stays static; camera stays fixed;
  camera stays in place; camera holds still; camera does not move; camera is not moving; camera not moving;
  no camera movement; no camera motion; without camera movement; without any camera movement;
  camera movement is static; tripod shot; shot on a tripod; ~on a tripod; unmoving camera;
  motionless camera; camera stands still;
  ~static; ~camera fixed; ~camera static; ~fixed; ~stationary; ~still camera
handheld: handheld camera; hand held camera; handheld shot; hand held shot; handheld footage; handheld camera work;
  handheld camerawork; handheld camera movement; camera is handheld; shot handheld; filmed handheld; handheld style;
  handheld video; ~handheld; ~hand held
shake: shaky camera; shaky cam; shaky footage; camera shake; shaking camera; camera is shaking; camera shakes;
  shaky handheld camera
shake intense: with an intense shaking effect; intense shaking effect; with intense camera shake; intense camera shake
steady: steadicam shot; steadicam; gimbal shot; featuring a steady and smooth perspective;
  steady and smooth perspective; with a steady and smooth perspective; steady cam; steady camera
follow: tracking shot; follow shot; following shot; tracking camera; trailing shot; camera follow shot; follow cam;
  tracking view
dolly: dolly shot
dolly zoom: dolly zoom; vertigo effect; zolly; zolly shot
crane: crane shot; jib shot; boom shot
orbit: orbit shot; orbital shot; orbiting shot; arc shot; 360 degree shot; 360 shot; circling shot; orbit camera;
  revolving shot
zoom in fast: crash zoom; snap zoom; crash zoom in; fast crash zoom
fly through: fly through; flythrough; fly through shot; flythrough shot; fpv shot; fpv drone shot; fpv drone
fly over: flyover; flyover shot; fly over shot
pan: camera pan; panning shot; pan shot; panoramic shot
tilt: camera tilt; tilt shot; tilting shot
zoom: camera zoom; zoom shot; zooming shot
"""
_DIRECT_VALUES = {"shake intense": CameraMove("shake", "", "intense"), "zoom in fast": CameraMove("zoom", "in", "fast")}


def direct_rows() -> list[tuple[str, bool, CameraMove]]:
    """Phrases that are a whole move by themselves: (phrase, only alone, move)."""
    return [(phrase, alone, _DIRECT_VALUES.get(value, CameraMove(value))) for phrase, alone, value in rows(_TABLE)]


def direction_at(words: Sequence[str], at: int) -> tuple[str, int]:
    for size in range(min(_DIRECTION_WORDS_MAX, len(words) - at), 0, -1):
        value = _DIRECTIONS.get(tuple(words[at : at + size]))
        if value:
            return value, at + size
    return "", at


def move_at(words: Sequence[str], at: int) -> tuple[CameraMove | None, str, int]:
    """The move that begins here (manner first or verb first), the verb's class, and where it ends."""
    manners: list[str] = []
    while at < len(words) and words[at] in _MANNERS:
        manners.append(_MANNERS[words[at]])
        at += 1
    early = _EARLY.get(words[at], "") if at + 1 < len(words) and words[at + 1] in _VERBS else ""
    at += bool(early)
    verb = _VERBS.get(words[at]) if at < len(words) else None
    if verb is None:
        return None, "", at
    at += 1
    direction = early
    while at < len(words):
        found, after = ("", at) if direction else direction_at(words, at)
        if found:
            direction, at = found, after
        elif words[at] in _MANNERS:
            manners.append(_MANNERS[words[at]])
            at += 1
        else:
            break
    if words[at : at + 2] == ["and", "up"] or words[at : at + 2] == ["and", "down"]:
        direction, at = f"{direction} and {words[at + 1]}", at + 2
    move = _named(verb, direction)
    if move is None:
        return None, verb, at
    return CameraMove(move[0], move[1], " ".join(sorted(set(manners)))), verb, at


def directed(move: CameraMove, direction: str) -> CameraMove:
    """The same move, with the direction that was told after it."""
    named = _named("track" if move.move == "follow" else move.move, direction)
    return CameraMove(*named, move.manner) if named else move


def after_camera(words: Sequence[str], at: int) -> int:
    """Past the words that may stand between "camera" and what it does."""
    while at < len(words) and words[at] in _LEADS_TO_MOVE:
        at += 1
    return at


def _named(verb: str, direction: str) -> tuple[str, str] | None:
    if verb in _NEEDS_DIRECTION and not direction:
        return None
    sideways, upright = direction in {"left", "right"}, direction in {"up", "down"}
    if verb == "pan":
        return ("tilt", direction) if upright else ("pan", direction)
    if verb in {"move", "dolly", "truck", "track"}:
        return _carried(verb, direction, sideways, upright)
    if verb in {"push", "near"}:
        return ("dolly", "in") if direction in {"in", ""} else ("dolly", direction)
    if verb in {"pull", "far"}:
        return ("dolly", "out") if direction in {"out", ""} else ("dolly", direction)
    if verb in {"rise", "sink"}:
        return ("crane", "up" if verb == "rise" else "down")
    if verb == "rotate":
        return ("orbit", direction.replace("around", "")) if direction else ("rotate", "")
    if verb == "orbit":
        return ("orbit", "" if direction == "around" else direction)
    return ("whip pan", direction) if verb == "swish" else (verb, direction)


def _carried(verb: str, direction: str, sideways: bool, upright: bool) -> tuple[str, str]:
    if sideways:
        return "truck", direction
    if upright:
        return "crane", direction
    if direction in {"in", "out"}:
        return "dolly", direction
    if direction:
        return "orbit", "" if direction == "around" else direction
    return ("follow", "") if verb == "track" else (verb, "")
