"""What a script asks of the picture itself in so many words: neon light, full colour, handheld, a split screen.

Invariant: only the look of the frame counts: its light, its colours as a whole, the camera's way; the colour of a thing
(a red dress, a neon sign), a picture in the picture, somebody's memory or words are none. Pure; feeds `style_drift`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words

Look = Literal[
    "colour", "neon", "saturated", "warm", "cold", "monochrome", "handheld", "dutch", "split_screen", "slow_motion",
    "lens_flare", "cartoon",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LookTold:
    look: Look
    span: Span


_COLOUR = r"(?:red|pink|green|purple|violet|magenta|orange|yellow|blue|cyan|turquoise)"
_LIGHT = r"(?:light|lights|glow|lighting|colou?rs|hues)"
_LOOKS: tuple[tuple[Look, str], ...] = (
    ("neon", rf"^(?:A |The )?(?:{_COLOUR} )?(?:Neon|Lurid|Garish) (?:{_COLOUR} )?{_LIGHT}\b"
     rf"|\b(?:drenched|bathed|washed) in "
     rf"(?:neon|lurid|garish)(?: {_COLOUR})?\b"),
    ("colour", rf"^In full colou?r\b|^A (?:vivid|bright|brilliant) {_COLOUR} \w+ (?:sways|glows|blooms|burns|flares)\b"
     r"|^The colou?rs are\b"),
    ("saturated", r"^The colou?rs are [^.]{0,20}\b(?:saturated|vivid|garish|bright)\b"),
    ("warm", r"^(?:A )?(?:Warm|Golden|Amber|Honeyed)(?:,? (?:amber|golden|honeyed|orange))? (?:light|glow"
             r"|lamplight|firelight|sunlight)"
     r" (?:spills|pours|fills|floods|bathes|washes|glows|falls|streams|suffuses)\b"
     r"|\b(?:bathed|drenched|steeped|washed) in (?:warm|golden|amber)\b|^Everything (?:glows|is bathed"
     r"|is lit) in (?:warm|golden|amber)\b"
     r"|^Warm (?:golden |amber )?light everywhere\b"),
    ("cold", r"^(?:A )?(?:Cold|Icy|Steely|Blue)(?:,? (?:blue|icy|steely|white))? (?:light|glow"
             r"|moonlight) (?:spills|pours|fills|floods|bathes"
     r"|washes|falls|streams|suffuses)\b|\b(?:bathed|drenched|steeped|washed) in (?:cold|icy|steel\w*)\b"
     r"|^Cold (?:blue |steely? )?light everywhere\b"
     r"|^Everything (?:glows|is bathed|is lit) in (?:cold|icy|steel)\b"),
    ("monochrome", r"^The (?:image|picture|film|frame|screen) (?:turns?|goes|fades?|is|becomes) (?:to |in )?"
     r"(?:black[- ]and[- ]white|monochrome)\b"
     r"|^In black[- ]and[- ]white:"),
    ("handheld", r"^Hand-?held\s*[:,.–—-]|^The camera is hand-?held\b|\bhand-?held (?:camera|shot|footage)\b"
     r"|^(?:We|The camera) (?:go|goes) hand-?held\b|^Hand-?held camera\b|\b(?:shaky|jittery|lurching) camera\b"),
    ("dutch", r"^(?:A )?(?:DUTCH|CANTED) (?:ANGLE|TILT)\b|\b(?:dutch|canted) angle (?:on|of)\b"),
    ("split_screen", r"^SPLIT[- ]?SCREEN\b\s*[:.–—-]|\bin split[- ]screen\b"
     r"|^The (?:screen|frame|picture) splits in(?:to)? (?:two|half|three|four)\b"),
    ("slow_motion", r"^(?:IN |WE GO (?:IN)?TO )?(?:SLOW[- ]MOTION|SLO-?MO)\b|\bin slow[- ]motion[.,]"),
    ("lens_flare", r"^(?:A )?lens flares?\b"),
    ("cartoon", r"^(?:The (?:world|scene|frame|picture|film)|Everything) (?:turns|becomes|dissolves"
                r"|morphs) into (?:a |an )?"
     r"(?:cartoon|animation|anime)\b|\bturns into a cartoon\b|\b(?:cel|stop-motion|hand-drawn) animation\b"
     r"|^The (?:scene|sequence|film|shot) is (?:drawn|animated|rendered)(?: as| like)? a? ?cartoon\b"
     r"|^The (?:scene|sequence) is animated\b"),
)  # fmt: skip
_PATTERNS = [(look, re.compile(pattern, re.IGNORECASE)) for look, pattern in _LOOKS]
_NO_LOOK = re.compile(
    r"\b(?:tv|television|monitor|photo\w*|painting|poster|postcard|magazine|sign|signs|no|not|without"
    r"|remembers?|memory|dreams?|imagines?"
    r"|as if|like an?|would|radio|console|police|siren|phone)\b",
    re.IGNORECASE,
)
_HINT_WORDS = words(
    """
    warm golden amber honeyed cold icy steely bathed drenched steeped washed shaky jittery lurching animation anime
    neon lurid garish colour color colours colors vivid brilliant bright everything light black monochrome
    handheld held dutch canted split splits splitscreen slow slo slomo lens cartoon animated
    """
)


def looks_in(script: str, scene: Breakdown) -> Iterator[LookTold]:
    """By position, at most one of each kind a sentence."""
    if said_words(script).isdisjoint(_HINT_WORDS):
        return
    for statement in action_statements(script, scene, str, _HINT):
        if statement.asks or _NO_LOOK.search(statement.text):
            continue
        for look, pattern in _PATTERNS:
            if pattern.search(statement.text):
                yield LookTold(look, statement.span)


_HINT = re.compile(
    r"\b(?:neon|lurid|garish|full colou?r|vivid|brilliant|colou?rs are|everything|light everywhere|black[- ]and"
    r"|monochrome|hand-?held|dutch|canted|splits?|slow[- ]motion"
    r"|slo-?mo|lens flares?|cartoon|animated|animation|anime|bright|warm|golden|amber|honeyed|cold|icy|steely"
    r"|bathed|drenched"
    r"|steeped|washed|shaky|jittery|lurching)\b",
    re.IGNORECASE,
)
