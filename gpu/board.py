"""The board of a scene as numbers and words: which frames are drawn in what order, and what a note does to a shot.

Light (no NumPy, no vendor): owners plan with it, workers draw what was planned. The invariant: a pure function of the
enhanced scene as a plain dict; the first frames of a plan are those of the key shot, and every shot has at least one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CANDIDATES_DEFAULT = 4
"""Frames of the key shot, and the most of any other where nobody says how many."""

CANDIDATES_MAX = 8
"""Candidates of one shot that may be asked for. More: people compare no better, and the GPU is busy for them."""

BOARD_FRAMES = 12
"""Frames of a board nobody sized: shots beside the key shot share what it leaves, each has one. More: people wait."""

NOTE_CHARS_MAX = 600
"""Characters of a note on a shot. Longer: it drowns what the scene says."""

Frame = tuple[int, int]
"""(shot, candidate); a shot is its place in the scene, from 0."""

_SIZES = {
    r"extreme close[- ]?up|ecu": "ECU",
    r"close[- ]?ups?|closer|tighter|cu": "CU",
    r"medium close[- ]?up|mcu": "MCU",
    r"medium(?: shot)?|waist": "MS",
    r"over(?:[- ]the)?[- ]shoulder|ots": "OTS",
    r"full (?:shot|figure)|head to toe": "FS",
    r"very wide|establishing|extreme wide|from far": "EWS",
    r"wide(?:r)?(?: shot)?": "WS",
    r"point of view|pov": "POV",
}
_ANGLES = {
    r"low angle|from below|looking up": "low",
    r"high angle|from above|looking down": "high",
    r"overhead|top shot|bird'?s[- ]eye": "overhead",
    r"dutch|canted|tilted frame": "dutch",
    r"eye[- ]level": "eye",
}
_HOURS = {r"at night|night": "night", r"dawn|sunrise": "dawn", r"dusk|sunset": "dusk", r"daylight|by day": "day"}
_WEATHERS = {
    r"rain(?:ing|y)?": "rain",
    r"snow(?:ing|y)?": "snow",
    r"fog(?:gy)?|mist(?:y)?": "fog",
    r"storm(?:y)?": "storm",
}
_MOVES = {
    r"static|locked[- ]off|no movement": "static",
    r"push(?:es)? in": "push_in",
    r"pull(?:s)? (?:out|back)": "pull_out",
    r"hand[- ]?held": "handheld",
    r"pan(?:s)? left": "pan_left",
    r"pan(?:s)? right": "pan_right",
}
_WORDS = {"size": _SIZES, "angle": _ANGLES, "time_of_day": _HOURS, "weather": _WEATHERS, "move": _MOVES}


def shots_of(enhanced: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """Its shots; one without slots for a scene that names none."""
    found: Sequence[Mapping[str, Any]] = (enhanced or {}).get("shots") or ({},)
    return tuple(found)


def key_shot(shots: Sequence[Mapping[str, Any]]) -> int:
    """The shot that stands for the scene: the first with people and words, else with people, else the first."""
    return min(
        range(len(shots)),
        key=lambda i: (not (shots[i].get("cast") and shots[i].get("lines")), not shots[i].get("cast"), i),
    )


def plan(shots: Sequence[Mapping[str, Any]], candidates: int | None = None, *, chosen: bool = True) -> list[Frame]:
    """The frames of a new board in the order they are drawn. `candidates` None: as many as `BOARD_FRAMES` allows;
    `chosen` False: nobody will choose among those beside the key shot's."""
    key, others = key_shot(shots), len(shots) - 1
    most = CANDIDATES_DEFAULT if candidates is None else candidates
    left = max(1, (BOARD_FRAMES - most) // others) if others else 0
    rest = min(most, left if chosen else 1) if candidates is None else candidates
    first = [(key, candidate) for candidate in range(most)]
    return first + [(shot, candidate) for candidate in range(rest) for shot in range(len(shots)) if shot != key]


def noted(enhanced: Mapping[str, Any], notes: Mapping[int, str]) -> dict[str, Any]:
    """The scene with people's notes on its shots: in the prompts word for word, and where they speak of the camera,
    the hour or the weather, in the shot's slots, so that a backend without language follows as well."""
    scene = dict(enhanced)
    shots, prompts = list(shots_of(enhanced)), list(scene.get("shot_prompts", ()))
    added, said = list(scene.get("added", ())), []
    for shot, note in sorted(notes.items()):
        words = note.strip()
        if not words or shot >= len(shots):
            continue
        shots[shot] = {**shots[shot], **slots_in(words)}
        if shot < len(prompts):
            prompts[shot] = f"{prompts[shot]} {words}"
        said.append(f"Shot {shot + 1}: {words}")
        added.append({"source": "note", "text": f"shot {shot + 1}: {words}"})
    if not said:
        return scene
    prompt = "\n".join((scene.get("prompt", ""), *said)).strip()
    return {**scene, "shots": shots, "shot_prompts": prompts, "prompt": prompt, "added": added}


def slots_in(note: str) -> dict[str, str]:
    """What a note says of the shot's own slots, e.g. {"size": "CU"}; the earliest word that says one wins."""
    text = note.casefold()
    found: dict[str, str] = {}
    for slot, words in _WORDS.items():
        hits = [
            (hit.start(), -len(hit[0]), value)
            for pattern, value in words.items()
            if (hit := re.search(rf"\b(?:{pattern})\b", text))
        ]
        if hits:
            found[slot] = min(hits)[2]
    return found


def staged(enhanced: Mapping[str, Any], stagings: Mapping[int, tuple[int, int]]) -> dict[str, Any]:
    """The scene with the candidate and seed of those shots whose picked frame differs from the rest of the film."""
    if not stagings:
        return dict(enhanced)
    shots = list(shots_of(enhanced))
    for shot, (candidate, seed) in stagings.items():
        shots[shot] = {**shots[shot], "candidate": candidate, "seed": seed}
    return {**enhanced, "shots": shots}
