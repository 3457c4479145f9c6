"""Where things of a place stand to each other, in explicit words: "the lamp on the desk", "a door left of the window".

Invariant: two nouns of the tables with their articles and a relation between them, in a plain sentence of action; what
is wished, sought, thrown or seen from a camera's side is no relation. ``right_of`` is the other way round of
``left_of``. Pure; feeds the environment of a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.props import singular
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words

Relation = Literal["on", "under", "left_of", "right_of", "behind", "in_front_of", "next_to", "in", "above"]


@dataclass(frozen=True, slots=True)
class SpatialTold:
    """``thing`` stands ``relation`` of ``other``; ``moved``: it was put there by these words."""

    thing: str
    relation: Relation
    other: str
    span: Span
    moved: bool = False


_FURNITURE = words(
    """
    table desk chair sofa couch armchair bed bunk crib bench stool bar counter cupboard cabinet wardrobe closet
    dresser shelf bookshelf bookcase drawer chest nightstand bookcases sideboard piano fireplace mantel mantelpiece
    stove oven refrigerator fridge sink bathtub toilet mirror window door doorway staircase stairs wall rug carpet
    lamp altar pew throne podium lectern workbench safe bin dumpster barrel crate trunk box basket tray tent
    fountain statue well tree hedge gate fence pillar column curtain coffin cage tank aquarium blackboard whiteboard
    board easel locker hook rack pole chandelier clock painting portrait photograph photo poster map sign plant vase
    """
)
PORTABLE = words(
    """
    laptop monitor television tv computer telephone phone typewriter bowl cup mug glass bottle plate book bible
    notebook diary letter envelope key gun pistol revolver rifle knife sword candle lantern bag suitcase briefcase
    backpack newspaper folder file ledger radio camera flower bouquet doll teddy helmet hat coat jacket ashtray
    kettle pot pan skull globe trophy medal wallet purse passport note pen flag crucifix cross lamp clock vase box
    basket tray plant
    """
)
"""What somebody may put down or take along."""

_THINGS = _FURNITURE | PORTABLE
_MOVES = words("moves pushes drags carries shifts swaps rearranges hauls slides turns lifts switches exchanges")
_REST: tuple[tuple[Relation, str], ...] = (
    ("left_of", r"(?:to|on|at) the left(?:-hand side)? of|left of"),
    ("right_of", r"(?:to|on|at) the right(?:-hand side)? of|right of"),
    ("in_front_of", r"in front of"),
    ("next_to", r"next to|beside|alongside"),
    ("on", r"on top of|atop|on|upon"),
    ("under", r"under|underneath|beneath|below"),
    ("above", r"above"),
    ("behind", r"behind"),
    ("in", r"inside|in"),
)
_RELATIONS = "|".join(f"(?P<{name}>{said})" for name, said in _REST)
_DET = r"(?:the|a|an|his|her|their|its|another|one|two|three|several|some)"
_ADJECTIVE = (
    r"(?!(?:on|in|of|at|to|by|and|or|is|are|with|from|under|behind|beside|next|left|right|above|below"
    r"|that|who|the|a|an|his|her|its)\b)[a-z]+(?:-[a-z]+)?"
)
_NOUN_PHRASE = rf"{_DET} (?:{_ADJECTIVE},? ){{0,3}}?"
_NOUN = r"(?:[a-z]+)"
_STANDS = (
    r"(?:is|are|sits|sit|stands|stand|lies|lie|hangs|hang|rests|rest|leans|waits|perches|sitting|standing"
    r"|lying|hanging|resting|leaning|perched|mounted|placed|left|burns|glows|ticks)"
)
_DIRECT = re.compile(
    rf"\b{_NOUN_PHRASE}(?P<thing>{_NOUN}),? (?:(?:that |which )?{_STANDS} )?(?:{_RELATIONS})"
    rf" {_NOUN_PHRASE}(?P<other>{_NOUN})\b(?!['’-])",
    re.IGNORECASE,
)
_INVERTED = re.compile(
    rf"^(?:{_RELATIONS}) {_NOUN_PHRASE}(?P<other>{_NOUN}),? (?:{_STANDS} |there is |there are |we see"
    rf" )?{_NOUN_PHRASE}(?P<thing>{_NOUN})\b(?!['’-])(?! (?:of|is|are|was|[a-z]+s)\b)",
    re.IGNORECASE,
)
_PUTS = re.compile(
    r"\b(?:puts?|places?|sets?|lays?|hides?|slides?|drops?|leaves?|props?|hangs?|slips?|stashes|positions?|rests"
    r"|stacks?|plants|deposits|tucks|dumps|slams|tosses|throws|moves|pushes|drags|shoves|returns)\b",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:no|not|never|without|if|would|could|might|should|want\w*|looks? for|search\w*|hop\w+|imagin\w+"
    r"|dream\w*|remember\w*|as if|as though|like"
    r"|camera|screen|frame|reverse angle|foreground|background|angle|picture of|photo of|photograph of|painting"
    r" of|drawing of|reflection|tries|about to|almost|misses|aims|reaches|used to|instead of)\b|n['’]t\b",
    re.IGNORECASE,
)
_NO_OTHER = words("way side end middle top front back edge rest")
_HINTS = words(
    "on upon atop in inside under underneath beneath below left right behind front next beside alongside above"
)
_HINT = re.compile(rf"\b(?:{'|'.join(sorted(_HINTS))})\b", re.IGNORECASE)


def spatial_in(script: str, scene: Breakdown) -> Iterator[SpatialTold]:
    """By position."""
    if said_words(script).isdisjoint(_HINTS):
        return
    for statement in action_statements(script, scene, str, _HINT):
        text = statement.text
        if statement.asks or _NOT_SO.search(text):
            continue
        for pattern in (_INVERTED, _DIRECT):
            for match in pattern.finditer(text):
                found = _told(match, Span(statement.span.start + match.start(), statement.span.start + match.end()))
                if found is not None:
                    yield found


def rearranged_in(script: str, scene: Breakdown) -> Iterator[tuple[str, Span]]:
    """Things of the tables that somebody moves about, with the sentence."""
    if said_words(script).isdisjoint(_MOVES):
        return
    for statement in action_statements(script, scene, str, _MOVED):
        if _MOVED.search(statement.text):
            for word in statement.text.split():
                thing = _noun(word.strip(".,;:!?\"'’()"), _THINGS)
                if thing is not None:
                    yield thing, statement.span


_MOVED = re.compile(rf"\b(?:{'|'.join(sorted(_MOVES))})\b", re.IGNORECASE)


def _told(match: re.Match[str], span: Span) -> SpatialTold | None:
    thing, other = _noun(match.group("thing"), _THINGS), _noun(match.group("other"), _FURNITURE)
    if thing is None or other is None or thing == other or match.group("other").casefold() in _NO_OTHER:
        return None
    relation = next(name for name, _ in _REST if match.group(name))
    moved = _PUTS.search(match.string, 0, match.start("thing")) is not None
    return SpatialTold(thing, relation, other, span, moved)


def _noun(word: str, table: frozenset[str]) -> str | None:
    said = word.casefold()
    return said if said in table else singular(said, table)
