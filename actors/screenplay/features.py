"""What a place looks like, in the words of its scenes: "a cramped office", "the walls are green", "wooden floor".

Invariant: a word that describes (size, age, state, colour, stuff) right before or after a noun of rooms and landscapes,
in action; each with its span. Whose room it is decides the heading, so a place that is only spoken of is none. Pure;
feeds the fingerprint of a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.prose_nouns import NOUNS
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words


@dataclass(frozen=True, slots=True)
class FeatureTold:
    """``words``: ``cramped``; ``of``: the noun it describes, the place's own or a part of it."""

    of: str
    words: str
    span: Span


_PARTS = words(
    """
    wall walls floor floors ceiling carpet wallpaper window windows door doors furniture curtains tiles floorboards
    beams shelves staircase stairs roof lawn path driveway fence gate counter chandelier pillars panelling paneling
    bricks
    """
)
_DESCRIBES = words(
    """
    small large big huge tiny vast cramped spacious narrow wide low high tall long deep cosy cozy dusty dirty filthy
    clean spotless tidy messy cluttered empty bare sparse crowded packed shabby rundown run-down dilapidated
    derelict abandoned ruined crumbling peeling cracked broken stained faded worn old ancient antique modern new
    sleek elegant luxurious lavish opulent grand ornate plain simple rustic quaint dingy gloomy seedy sterile cold
    damp mouldy moldy musty smoky foggy wooden stone brick marble concrete metal steel glass tiled carpeted panelled
    paneled whitewashed painted polished white black grey gray red green blue yellow brown pink orange purple golden
    beige dark pale bright sunny leafy overgrown cobbled cobblestone gravel muddy sandy snowy rocky steep flat quiet
    busy deserted suburban rural industrial
    """
)
_PLACES = (NOUNS["building"] | NOUNS["nature"]) - words(
    "home store bank court bar bars drive bay path park mine mines shed stairs"
)
_ANY = _PLACES | _PARTS
_NOUN = "|".join(sorted(map(re.escape, _ANY), key=len, reverse=True))
_WORD = "|".join(sorted(map(re.escape, _DESCRIBES), key=len, reverse=True))
_BEFORE = re.compile(
    rf"\b(?P<said>(?:{_WORD})(?:(?:,? and |, | )(?:{_WORD}))*)\s+(?P<of>{_NOUN})\b(?![-’'])", re.IGNORECASE
)
_AFTER = re.compile(
    rf"\b(?:The|Its)\s+(?P<of>{_NOUN})\s+(?:is|are)\s+(?P<said>(?:\w+ly\s+)?(?:{_WORD})(?:(?:,? and |,"
    rf" )(?:{_WORD}))*)\b(?=[.,;!])",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:A|An|The|It is an?|It['’]s an?|This is an?)\s[^.,;]*$", re.IGNORECASE)
_NOT_HERE = re.compile(
    r"\b(?:no|not|like|as if|as though|would|imagin\w+|dreams?|remember\w*|photo\w*|picture|painting|poster|tv"
    r"|television|screen|map|outside|beyond|through the|across|toward\w*|into|from|leads? to|out of|heads? for"
    r"|leaves?|passes|red carpet)\b",
    re.IGNORECASE,
)
_HINT = re.compile(rf"\b(?:{_WORD})\b", re.IGNORECASE)

FEATURES_OF_SCENE_MAX = 24
"""The first; a place that is described at more length is a list."""


def features_in(script: str, scene: Breakdown) -> Iterator[FeatureTold]:
    """By position. Nothing without a place in the heading."""
    said = said_words(script)
    if not scene.place or said.isdisjoint(_DESCRIBES) or said.isdisjoint(_ANY):
        return
    count = 0
    for statement in action_statements(script, scene, str, _HINT):
        if statement.asks or statement.who or _NOT_HERE.search(statement.text):
            continue
        for pattern in (_BEFORE, _AFTER):
            for match in pattern.finditer(statement.text):
                of = match.group("of").casefold()
                if pattern is _BEFORE and of not in _PARTS and not _heads(statement.text, match):
                    continue  # a room somebody goes to is not this one
                count += 1
                if count > FEATURES_OF_SCENE_MAX:
                    return
                span = Span(statement.span.start + match.start(), statement.span.start + match.end())
                yield FeatureTold(of, " ".join(match.group("said").casefold().split()), span)


def _heads(text: str, match: re.Match[str]) -> bool:
    """Whether the place is what the sentence presents: "A small, dusty kitchen.", "The abandoned mill stands …"."""
    before = text[: match.start()].strip().casefold()
    return before in (
        "",
        "a",
        "an",
        "the",
        "it is a",
        "it's a",
        "it’s a",
        "this is a",
        "we are in a",
        "it is an",
        "it's an",
    )
