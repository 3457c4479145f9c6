"""Word tables of the grammar writer: weather, verbs, and what marks a turn.

Invariant: every weather and every posture here is one the renderer draws.
"""

from __future__ import annotations

import re

from gpu.video.protocol import Weather

_ANY_CASE = re.IGNORECASE
# First match wins; storms are also rain, so they come first.
WEATHER: tuple[tuple[Weather, re.Pattern[str]], ...] = (
    ("storm", re.compile(r"\b(?:storms?|stormy|thunder|lightning|tempest|hurricane|gale)\b|عاصفة", _ANY_CASE)),
    ("snow", re.compile(r"\b(?:snow(?:s|ing|fall|flakes?|y)?|blizzard|sleet)\b|ثلج", _ANY_CASE)),
    ("rain", re.compile(r"\b(?:rain(?:s|ing|y|drops?)?|downpour|drizzl(?:e|es|ing)|drenched)\b|مطر", _ANY_CASE)),
    ("fog", re.compile(r"\b(?:fog(?:gy|bound)?|mist(?:y)?|haze|hazy)\b|ضباب", _ANY_CASE)),
    ("wind", re.compile(r"\b(?:wind(?:s|y|swept)?|gusts?|breeze)\b|ريح", _ANY_CASE)),
)

_SITS = "sits sit sitting kneels kneeling crouches drives"
_VERBS = """
sits sit stands stand rises walks walk runs run races sprints enters enter exits leaves crosses paces hurries chases
flees follows approaches climbs falls jumps dances looks look stares stare watches watch glances peers turns nods
shakes smiles grins laughs laugh cries weeps sobs frowns glares waits wait leans lean kneels crouches lies sleeps
wakes holds hold carries carry grips clutches takes take grabs picks lifts raises lowers drops throws hands gives
opens open closes close slams locks unlocks reads read writes write types dials answers calls drinks pours eats
cooks smokes lights punches hits kicks shoots aims points gestures waves hugs kisses embraces pushes pulls drives
steers plays sings knocks wipes counts listens hides searches digs swims steps stops kneel freezes trembles sighs
breathes whispers shouts yells screams draws reaches touches tears folds packs pays
"""
VERBS = frozenset(_VERBS.split())
POSTURES: dict[str, str] = dict.fromkeys(_SITS.split(), "sits") | {
    "stands": "stands",
    "stand": "stands",
    "rises": "stands",
    "walks": "stands",
    "runs": "stands",
    "lies": "lies",
    "sleeps": "lies",
}
HOLDING = frozenset("holds hold carries carry grips clutches takes grabs lifts raises".split())  # noqa: SIM905
HE_SHE = re.compile(r"^(?:he|she|they)\b", _ANY_CASE)
SENTENCE = re.compile(r"[^.!?…。！？؟\n]+[.!?…。！？؟]*[\"'”’)]*\s*|\n+")
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
STRONG = re.compile(
    r"[!?؟！？]|\b(?:never|always|love|hate|dead|die|kill|sorry|please|no|gone|last|truth)\b", _ANY_CASE
)
# Scripts written without spaces: a character of these is about a third of a word when spoken.
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


def spoken_words(text: str) -> float:
    """How many words it takes to say: white-space words, or a third of each character of dense scripts."""
    dense = len(_DENSE.findall(text))
    return dense / 3 + len(WORD.findall(_DENSE.sub(" ", text)))
