"""Rule style_drift: a scene asks for a picture that the project's brain rules out in so many words.

The brain's words decide: what its *negative* prompt names, a palette or style without colour, without much of it, warm
or cold, a camera that does not move, live action. Lets pass: a brain that says nothing of the kind, or says both; a
scene's own brain is not looked at, since a scene that has one was given it on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actors.continuity.facts import quote
from actors.continuity.findings import FindingDraft, finding_id
from actors.continuity.rules.view import SceneView
from actors.screenplay.looks import Look, LookTold, looks_in

Told = tuple[LookTold, ...]

NO_COLOUR = -0.95
"""Saturation of a brain from which no colour is left: -1 is gray."""

_NOT_COLOUR: tuple[Look, ...] = ("colour", "neon", "saturated")
# Of the palette; of palette, shots and style; of the negative prompt.
_PALETTE: tuple[tuple[str, tuple[Look, ...]], ...] = (
    (r"desaturated|muted|washed[- ]out|pastel", ("neon", "saturated")),
    (r"\bwarm\b|amber|golden", ("cold",)),
    (r"\bcold\b|\bicy\b|steel", ("warm",)),
)
_STYLE: tuple[tuple[str, tuple[Look, ...]], ...] = (
    (r"black[- ]and[- ]white|monochrom\w*|gr[ae]yscale", _NOT_COLOUR),
    (r"locked[- ]off|static shots?|static camera|tripod", ("handheld",)),
    (r"live[- ]action", ("cartoon",)),
)
_NEGATIVE: tuple[tuple[str, tuple[Look, ...]], ...] = (
    (r"hand-?held|shaky camera", ("handheld",)),
    (r"lens flares?", ("lens_flare",)),
    (r"dutch (?:angle|tilt)s?|canted", ("dutch",)),
    (r"split[- ]screen", ("split_screen",)),
    (r"slow[- ]motion|slo-?mo", ("slow_motion",)),
    (r"black[- ]and[- ]white|monochrome", ("monochrome",)),
    (r"\bneon\b", ("neon",)),
    (r"cartoons?|animated|anime", ("cartoon",)),
)
_POSITIVE: Mapping[Look, str] = {
    "handheld": r"hand-?held|found footage",
    "neon": r"\bneon\b",
    "colour": r"vivid|colou?rful|neon",
    "saturated": r"vivid|colou?rful|neon|(?<!de)saturated",
    "warm": r"\bwarm\b|amber|golden",
    "cold": r"\bcold\b|icy|steel|\bblue\b",
    "cartoon": r"cartoon|animat",
    "dutch": r"dutch|canted",
    "monochrome": r"black[- ]and[- ]white|monochrome",
    "slow_motion": r"slow[- ]motion",
    "lens_flare": r"lens flare",
    "split_screen": r"split[- ]screen",
}


class Style:
    def read(self, view: SceneView) -> Told:
        return tuple(looks_in(view.script, view.breakdown))

    def judge(self, story: Sequence[tuple[SceneView, Told]]) -> Iterator[FindingDraft]:
        brain = story[0][0].premise.brain if story else None
        if brain is None:
            return
        ruled_out = _ruled_out(brain)
        for view, records in story if ruled_out else ():
            if records and not view.aside:
                told = next((each for each in records if each.look in ruled_out), None)
                if told is not None:
                    yield _finding(view, told, brain, ruled_out[told.look])


def _ruled_out(brain: Mapping[str, Any]) -> dict[Look, str]:
    """Looks that a brain rules out, with the words of it that do."""
    palette = _text(brain, "words", "palette")
    wanted = f"{palette} · {_text(brain, 'words', 'shot_language')} · {_text(brain, 'prompt', 'style')}"
    tables = ((palette, _PALETTE), (wanted, _STYLE), (_text(brain, "prompt", "negative"), _NEGATIVE))
    found: dict[Look, str] = {}
    for said, table in tables:
        for pattern, looks in table:
            match = re.search(pattern, said, re.IGNORECASE)
            for look in looks if match else ():
                found.setdefault(look, match.group() if match else "")
    saturation = _at(_at(_at(brain, "parameters"), "color_grading"), "saturation")
    if isinstance(saturation, int | float) and saturation <= NO_COLOUR:
        for look in _NOT_COLOUR:
            found.setdefault(look, f"saturation {saturation:g}")
    return {look: why for look, why in found.items() if not re.search(_POSITIVE[look], wanted, re.IGNORECASE)}


def _at(data: object, name: str) -> object:
    return data.get(name) if isinstance(data, Mapping) else None


def _text(brain: Mapping[str, Any], section: str, name: str) -> str:
    value = _at(_at(brain, section), name)
    return value if isinstance(value, str) else ""


def _finding(view: SceneView, told: LookTold, brain: Mapping[str, Any], why: str) -> FindingDraft:
    name = str(brain.get("name") or brain.get("id") or "The brain")
    return FindingDraft(
        finding_id("style_drift", view.id, told.look, str(brain.get("id") or "")),
        "style_drift",
        "WARNING",
        view.id,
        f"The project's style {name} says “{why}”; this asks for something else.",
        (quote(view.id, view.script, told.span),),
        "Take it out of the script, or give the scene a style of its own.",
    )
