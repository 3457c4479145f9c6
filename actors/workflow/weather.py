"""The weather that action tells, in the renderer's words.

The invariant: the first weather told wins, of the most violent kind; dialogue is not looked at.
"""

from __future__ import annotations

import re

from actors.screenplay.breakdown import ActionParagraph
from actors.screenplay.heading import Span
from gpu.video.protocol import Weather

_WORDS: tuple[tuple[Weather, str], ...] = (
    ("storm", "storms?|stormy|thunder|lightning|gale"),
    ("snow", "snow|snows|snowing|snowfall|blizzard|sleet"),
    ("rain", "rain|rains|raining|rainy|drizzle|downpour"),
    ("fog", "fog|foggy|mist|misty|haze"),
    ("wind", "windy|gusts?|howling wind"),
)
_WEATHER = tuple((kind, re.compile(rf"\b(?:{found})\b", re.IGNORECASE)) for kind, found in _WORDS)


def weather_in(script: str, actions: tuple[ActionParagraph, ...]) -> tuple[Weather, Span] | None:
    """The kind and where it is told."""
    for action in actions:
        for kind, pattern in _WEATHER:
            if match := pattern.search(script, action.span.start, action.span.end):
                return kind, Span(*match.span())
    return None
