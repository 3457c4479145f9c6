"""How many of a thing a scene counts: "three soldiers guard the gate", and later "the four soldiers".

Invariant: a count is of a plural noun with a number right before it, told for the first time (no article) or of the
whole lot ("the four", "all four"); guesses ("about ten"), parts ("two of the"), measures and body parts are none.
Whatever may change a number (somebody joins, falls, leaves, shoots) is a change. Pure; feeds the rule `count_drift`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.numbers import NUMBER, number
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements
from actors.screenplay.vocabulary import words

COUNT_MIN, COUNT_MAX = 2, 40
"""One is an article; a crowd is not counted."""

Kind = Literal["first", "whole", "other", "change"]


@dataclass(frozen=True, slots=True)
class CountTold:
    """``what`` is the noun as written, with its adjectives; ``open_ended``: told as coming, or with one more apart."""

    kind: Kind
    what: str
    many: int
    span: Span
    open_ended: bool = False


_COUNT = re.compile(
    rf"\b(?P<n>{NUMBER})\s+(?P<what>(?:[a-z][a-z-]+\s+){{0,2}}?(?:[a-z][a-z-]*(?:s|men|women)|men|women"
    rf"|children|people))\b"
    r"(?P<after>\s+(?:of|from|who|that|which|with|without|on|in|at|behind|beside|by|next|across|over|under|near"
    r"|outside|inside)\b(?=\s+\w))?",
    re.IGNORECASE,
)
_NOT_COUNTED = words(
    """
    minutes hours days weeks months years seconds times feet miles yards inches steps dollars chapters hands
    eyes arms legs fingers toes ears pages words beats shots rounds degrees percent pounds kilos cents blocks
    stories floors sizes paces ways sides parts halves thirds quarters others letters numbers digits lines acts
    scenes decades centuries meters metres kilometers kilometres moments grams ounces gallons bucks grand
    thousands hundreds lights does was is has guys lanes stars points votes hits flights is this his us as yes
    corners rows thighs knees knuckles lips nights mornings
    """
)
_GUESS = words(
    """
    about around least most some over under nearly almost or to than roughly approximately maybe perhaps no
    """
)
_PART = words("other remaining last first next these those another of our my your his her their its only same")
GENERIC = words(
    """
    men women people guys boys girls children kids friends others figures strangers persons players folks guests
    survivors
    """
)
_CHANGES = re.compile(
    r"\b(?:leads?|away|another|more|joins?|joined|arrives?|enters?|comes?|coming|appears?|emerges?|leaves?|left|exits?"
    r"|dies?|dead|falls?|fell|drops?|collapses?|shoots?"
    r"|shot|kills?|killed|stabs?|one of|two of|some|others?|remaining|rest|last|first|next|second|third|fourth"
    r"|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|disappears?|vanish\w*|gone|fires|fired|eats?|drinks?|throws?|breaks?|shatters?|gives?|takes?|took|adds?"
    r"|brings?|bod(?:y|ies)|corpses?|gunfire"
    r"|explo\w+|splits?|separates?|flees?|escapes?|hands|grabs?|pours?|picks|puts?|pulls|sets|lays|loses?"
    r"|steals?|removes?|counts?|new|extra|both|plus"
    r"|reinforcements|crowd|gather\w*|replaces?|buys?|sells?|pockets?|lights|blows|attacks?|bursts?|run|runs"
    r"|rushes?)\b",
    re.IGNORECASE,
)
_COMES = re.compile(
    r"\b(?:enters?|arrives?|comes?|coming|joins?|appears?|emerges?|approach\w*|nods?|faces?|meets?)\b", re.IGNORECASE
)
_JOINS = words("or to and of by")
# A further one of them, counted apart in the same sentence.
_PLUS = re.compile(rf"\b(?:one|{NUMBER})\b", re.IGNORECASE)


def counts_in(script: str, scene: Breakdown) -> Iterator[CountTold]:
    """By position; a sentence that counts and changes at once is a count, then a change."""
    said = said_words(script)
    if said.isdisjoint(_NUMBER_WORDS) and not _FIGURE.search(script):
        return
    if not any(_COUNT.search(script, *action.span) for action in scene.actions):
        return
    named = sorted(span.start for person in scene.cast for span in (*person.introductions, *person.mentions))
    for statement in action_statements(script, scene, str):
        text = statement.text
        found = list(_COUNT.finditer(text))
        counted = False
        for match in found:
            told = _count(match, statement, named)
            if told is not None:
                counted = counted or told.kind == "first"
                yield told
        changes = _CHANGES.search(text)
        if changes is not None and not counted:
            yield CountTold("change", "", 0, statement.span)


_FIGURE = re.compile(r"\b\d\d?\s+[a-z]")
_NUMBER_WORDS = words(
    """
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty dozen
    """
)


def _count(match: re.Match[str], statement: Statement, named: list[int]) -> CountTold | None:
    text = statement.text
    many = number(match.group("n"))
    what = " ".join(match.group("what").casefold().split())
    noun = what.split()[-1]
    if many is None or noun in _NOT_COUNTED:
        return None
    before = text[: match.start()].casefold().split()
    last = before[-1] if before else ""
    kind: Kind = "first"
    if last in _GUESS or last in _PART or not _JOINS.isdisjoint(what.split()) or not COUNT_MIN <= many <= COUNT_MAX:
        kind = "other"
    elif last in ("the", "all"):
        kind = "whole" if match.group("after") is None else "other"
    # "Two cops walk up to Bob": he may be the third.
    met = not before and bisect_left(named, statement.span.start) < bisect_left(named, statement.span.end)
    comes = noun in GENERIC and _COMES.search(text) is not None
    open_ended = met or comes or _PLUS.search(text, match.end()) is not None
    return CountTold(kind, what, many, statement.span, open_ended)
