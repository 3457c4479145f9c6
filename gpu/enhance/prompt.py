"""The words sent to a generative model: one prompt for the scene, one for each shot.

Invariant: every name, prop, the place and the time of the request stand in the scene's prompt, in a fixed order with
the stable part (style) first, so that equal slots give equal text. What was added is listed by its source.
"""

from __future__ import annotations

from gpu.enhance.brains import Brain
from gpu.enhance.protocol import PROMPT_CHARS_MAX, Added, EnhanceRequest
from gpu.video.protocol import Shot, Weather

SIZE_WORDS = {
    "EWS": "extreme wide shot", "WS": "wide shot", "FS": "full shot", "MS": "medium shot", "MCU": "medium close-up",
    "CU": "close-up", "ECU": "extreme close-up", "OTS": "over-the-shoulder shot", "POV": "point-of-view shot",
    "INSERT": "insert shot",
}  # fmt: skip
ANGLE_WORDS = {
    "eye": "eye level", "low": "low angle", "high": "high angle", "dutch": "Dutch angle", "overhead": "overhead",
}  # fmt: skip
WEATHER_WORDS: dict[Weather, str] = {
    "clear": "", "rain": "rain", "snow": "snow", "fog": "fog", "storm": "storm", "wind": "strong wind",
}  # fmt: skip


def added_by(request: EnhanceRequest, brain: Brain) -> tuple[Added, ...]:
    """What the prompt says beyond the scene itself, by source."""
    added = [Added("brain", brain.style)]
    if request.beat:
        added.append(Added("beat", request.beat))
    added.extend(Added("continuity", note) for note in request.continuity_notes)
    if request.shot_before is not None:
        added.append(Added("continuity", light_before(request)))
    return tuple(added)


def light_before(request: EnhanceRequest) -> str:
    """How the film before ended, for a scene that goes on from it; "": nothing is known or it does not."""
    return f"as in the shot before: {request.shot_before.light}" if request.shot_before is not None else ""


def scene_prompt(
    request: EnhanceRequest, brain: Brain, weather: Weather, shots: tuple[Shot, ...], shot_prompts: tuple[str, ...]
) -> str:
    """The prompt of the whole scene; shots that find no room are left off at the end."""
    head = [f"Style: {brain.style}.", f"Scene: {setting_words(request, weather)}."]
    if request.beat:
        head.append(f"Dramatic beat: {request.beat}.")
    if request.cast:
        head.append("Cast: " + "; ".join(_described(slot.name, slot.descriptors) for slot in request.cast) + ".")
    if request.props:
        head.append(f"Props: {', '.join(request.props)}.")
    if request.continuity_notes:
        head.append("Continuity: " + "; ".join(request.continuity_notes) + ".")
    if request.shot_before is not None:
        head.append(f"Light and colours {light_before(request)}.")
    text = "\n".join(head)[:PROMPT_CHARS_MAX]
    for shot, words in zip(shots, shot_prompts, strict=True):
        line = f"\nShot {shot.index + 1} ({shot.duration_s:.1f} s): {words}"
        if len(text) + len(line) > PROMPT_CHARS_MAX:
            break
        text += line
    return text


def shot_prompt(request: EnhanceRequest, brain: Brain, shot: Shot) -> str:
    """One shot in words: framing, people and what they do, things, place, light, style, speech."""
    people = "; ".join(f"{f.name} {f.action}".strip() for f in shot.cast)
    things = ", ".join(shot.props)
    where = setting_words(request, shot.weather)
    parts = [_framing(shot), people, things, where, light_before(request), brain.style]
    return ". ".join(part for part in (*parts, _said(shot)) if part)


def framed_prompt(shot: Shot, brain: Brain, phrase: str, before: str = "") -> str:
    """The same with somebody else's words for who, what and where; framing, weather, style and speech stay ours, and
    the light of the shot `before`."""
    parts = [_framing(shot), phrase.rstrip(" ."), WEATHER_WORDS[shot.weather], before, brain.style]
    return ". ".join(part for part in (*parts, _said(shot)) if part)


def shot_slots(shot: Shot) -> str:
    """What happens in a shot, and the words that must stand in any phrase of it."""
    people = "; ".join(f"{f.name} {f.action}".strip() for f in shot.cast)
    things = ", ".join(shot.props)
    happens = ". ".join(part for part in (people, things, shot.place) if part)
    words = [*(f.name for f in shot.cast), *shot.props, shot.place, shot.time_of_day]
    return f"{happens}. Use: {', '.join(word for word in words if word)}"


def setting_words(request: EnhanceRequest, weather: Weather) -> str:
    inside = "interior" if request.interior else "exterior"
    told = (request.place or "unnamed place", inside, request.time_of_day, WEATHER_WORDS[weather])
    return ", ".join(part for part in told if part)


def _described(name: str, descriptors: tuple[str, ...]) -> str:
    return f"{name} ({', '.join(descriptors)})" if descriptors else name


def _framing(shot: Shot) -> str:
    return f"{SIZE_WORDS[shot.size]}, {ANGLE_WORDS[shot.angle]}, {_move_words(shot.move)}"


def _said(shot: Shot) -> str:
    return " ".join(f'{line.speaker}: "{line.text}"' for line in shot.lines)


def _move_words(move: str) -> str:
    return "static camera" if move == "static" else "handheld camera" if move == "handheld" else move.replace("_", " ")
