"""What happens to the light of a place, in explicit words: lamps, candles, mains, curtains; and light as it is told.

Invariant: an event or a state is a plain statement about lights of the place itself; headlights, a torch in a hand, a
cigarette, a screen, a metaphor, a wish are none. Only words change a light. Pure; feeds `actors.continuity.lighting`.
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

LightKind = Literal[
    "on",  # `thing` begins to shine: a lamp, the lights
    "off",  # `thing` goes out
    "dims",  # the lights go down
    "cut",  # everything electric goes out
    "restored",  # and comes back
    "flame",  # a candle, a lantern, a fire begins to burn
    "flame_out",
    "opens",  # curtains, blinds, shutters let light in
    "shuts",
    "is_lit",  # states: the lights are on
    "is_dark",
    "is_dim",
    "is_candlelit",
    "is_sunlit",  # daylight comes in
]
STATES: frozenset[LightKind] = frozenset(("is_lit", "is_dark", "is_dim", "is_candlelit", "is_sunlit"))


@dataclass(frozen=True, slots=True)
class LightTold:
    """``thing``: the lamp's noun, ``lights`` for all of a place; "" where the words name none."""

    kind: LightKind
    span: Span
    thing: str = ""


_DET = r"(?:the|a|an|his|her|their|another|every|all the|all of the)"
_ADJ = r"(?:[a-z-]+ ){0,2}"
_LAMP = (
    r"(?P<thing>lights?|lamps?|chandeliers?|light ?bulbs?|bulbs?|floodlights?|spotlights?|fluorescents?"
    r"|nightlights?|sconces?)"
)
_LAMP2 = _LAMP.replace("?P<thing>", "?P<thing2>")
_FLAME = r"(?P<thing>candles?|candelabra|lanterns?|oil lamps?|hurricane lamps?|torches|fireplace|fire)"
_FLAME2 = _FLAME.replace("?P<thing>", "?P<thing2>")
_CURTAINS = r"(?P<thing>curtains?|drapes|blinds?|shutters?)"
_TURNS = r"(?:switch|turn|flick|flip|click|snap)(?:es|s)?"
_PATTERNS: tuple[tuple[LightKind, str], ...] = (
    ("on", rf"\b{_TURNS} on {_DET} {_ADJ}{_LAMP}\b|\b{_TURNS} {_DET} {_ADJ}{_LAMP2} (?:back )?on\b"),
    ("on", rf"\b(?:the|a|every|all the) {_ADJ}{_LAMP} (?:\w+ ){{0,1}}?(?:comes?|come|go(?:es)?|snaps?|flickers?"
           rf"|blinks?|clicks?|flashes?|flares?|buzz(?:es)?|turns?) (?:back )?on\b"),
    ("off", rf"\b{_TURNS} (?:off|out) {_DET} {_ADJ}{_LAMP}\b|\b{_TURNS} {_DET} {_ADJ}{_LAMP2} (?:off|out)\b"
            rf"|\bkills the (?P<thing3>lights?)\b"),
    ("off", rf"\b(?:the|every|all the|all) {_ADJ}{_LAMP} (?:suddenly |all |abruptly )?(?:go(?:es)?|snaps?|blinks?"
            rf"|clicks?|turns?|cuts?|shuts?) (?:out|off)\b|\bthe {_ADJ}{_LAMP2} (?:suddenly )?(?:dies?|die"
            rf"|fails?)(?=[.,;!]| and\b)"),
    ("dims", rf"\b(?:dims|lowers) the {_ADJ}{_LAMP}\b|\bthe {_ADJ}{_LAMP2} (?:dims?|fades?|go(?:es)? down)\b"),
    ("cut", r"\bthe (?:power|electricity|mains) (?:suddenly )?(?:goes out|goes off|fails|dies|cuts out|is cut"
            r"|shuts off)\b"
     r"|\ba (?:power|electricity) (?:cut|failure|outage)\b|\b(?:the|whole) (?:room|house|place|building|bar"
     r"|office|hall|apartment) "
     r"(?:is )?(?:suddenly )?plunge[sd] into (?:total |complete |utter )?(?:darkness|blackness)\b|\b(?:the)"
     r" (?:room|house|place|building|bar|office|hall|apartment) goes (?:completely |suddenly )?(?:dark|black)\b"),
    ("restored", r"\bthe (?:power|electricity) (?:comes|is) back(?: on)?\b|\bpower is restored\b"),
    ("flame", rf"\b(?:lights|ignites) {_DET} {_ADJ}{_FLAME}(?! (?:of|in (?:his|her) (?:eyes|heart)))\b"
              rf"|\b(?:strikes a match and lights) {_DET} {_ADJ}{_FLAME2}\b"),
    ("flame_out", rf"\b(?:blows|snuffs|puts|pinches) out {_DET} {_ADJ}{_FLAME}\b|\b(?:blows|snuffs|puts) {_DET}"
                  rf" {_ADJ}{_FLAME2} out\b|\b(?:snuffs|extinguishes) {_DET} {_ADJ}(?P<thing3>candles?|lanterns?"
                  rf"|fire)\b"
     r"|\bthe (?P<thing4>candles?|lanterns?|fire) (?:goes|go|sputters|burns) out\b"),
    ("opens", rf"\b(?:opens|parts|throws open|pulls open|draws back|pulls back|raises|yanks open|flings open"
              rf"|pulls up) {_DET} {_ADJ}{_CURTAINS}\b"),
    ("shuts", rf"\b(?:closes|shuts|pulls shut|lowers|draws shut|pulls down) {_DET} {_ADJ}{_CURTAINS}\b|\bdraws"
              rf" {_DET} {_ADJ}(?P<thing2>curtains|drapes|blinds)(?! (?:back|open|aside))\b|\b(?:pulls|yanks)"
              rf" {_DET} {_ADJ}(?P<thing3>curtains?|drapes|blinds?|shutters?) (?:shut|closed|down)\b"),
    ("is_lit", r"^(?:all )?the (?P<thing>lights|house lights) are (?:all )?(?:on|up|blazing)\b|\b(?:room|house"
               r"|place|office|hall|kitchen|bar|corridor|hallway|store|space) is (?:brightly|harshly|brilliantly"
               r"|fully|well) lit\b|^brightly lit\b"),
    ("is_dark", r"^the (?P<thing>lights) are (?:all )?(?:off|out)\b|^(?:the |this )?(?:room|house|place|office"
                r"|hall|kitchen|bar|corridor|hallway|apartment|space|stage)? ?(?:it is |it['’]s |is |lies |sits"
                r" )?(?:in )?(?:completely |almost |totally )?(?:pitch[- ](?:black|dark)|total darkness|complete"
                r" darkness|utter darkness)\b"
     r"|^(?:the |this )(?:room|house|place|office|hall|kitchen|bar|corridor|hallway|apartment|space) is"
     r" (?:completely |totally )?dark(?=[.,])|^darkness\."),
    ("is_dim", r"\b(?:room|house|place|office|hall|kitchen|bar|corridor|hallway|apartment|space|restaurant|club)"
               r" is dim(?:ly lit)?\b|^(?:a )?dim(?:ly[- ]lit)\b|^the (?P<thing>lights) are (?:low|dim|dimmed|down)\b"),
    ("is_candlelit", r"\blit (?:only )?by (?:a |the |some |dozens of |hundreds of |a few |a single |several |many"
                     r" )?(?:single |flickering )*(?P<thing>candles?|candlelight|lanterns?|firelight|torches)\b"
                     r"|^(?:by )?candlelight[.,]"),
    ("is_sunlit", r"\b(?:sunlight|daylight|morning light|sunshine) (?:streams|pours|floods|spills|falls|comes"
                  r"|filters|shines) (?:in|through|into)\b|\bflooded with (?:sunlight|daylight)\b"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_NO_LIGHT = re.compile(
    r"\b(?:not|never|no|without|if|would|could|might|tries|trying|about to|wants? to|going to|reaches (?:for|to)"
    r"|as if|as though|like"
    r"|headlights?|head lights|car|cars|truck|van|bike|taxi|traffic|brake|tail ?lights?|police|siren|dash\w*|indicator"
    r"|tv|television|screen|monitor|computer|phone|camera|radio|machine|console|panel|stage|imagin\w+|dreams?"
    r"|remembers?|song|green light|red light"
    r"|across the street|next door|opposite|neighbou?r\w*|other (?:room|side|house|apartment)|flashlight|in"
    r" (?:his|her|their) (?:eyes|head|mind)|eyes|for a (?:moment|second|beat)|briefly|momentarily|half"
    r"|refrigerator|fridge|elevator|sign|timer|until|when|every time|christmas)\b",
    re.IGNORECASE,
)
_HINTS = words(
    """
    light lights lamp lamps chandelier bulb bulbs lightbulb power electricity mains candle candles candelabra
    candlelight lantern lanterns torches fireplace fire curtain curtains drapes blind blinds shutter shutters dark
    darkness pitch dim dimly lit sunlight daylight sunshine fluorescents floodlight floodlights spotlight spotlights
    sconces
    """
)
_HINT = re.compile(rf"\b(?:{'|'.join(sorted(_HINTS))})\b", re.IGNORECASE)
_ALL = frozenset(("lights", "light", "house lights", "fluorescents"))


def lights_in(script: str, scene: Breakdown) -> Iterator[LightTold]:
    """By position; one of a kind a sentence."""
    if said_words(script).isdisjoint(_HINTS):
        return
    for statement in action_statements(script, scene, str, _HINT):
        text = statement.text
        if statement.asks or _NO_LIGHT.search(text):
            continue
        found: dict[int, LightTold] = {}
        for kind, pattern in _COMPILED:
            for match in pattern.finditer(text):
                span = Span(statement.span.start + match.start(), statement.span.start + match.end())
                found.setdefault(match.start(), LightTold(kind, span, _thing(match)))
        yield from (found[at] for at in sorted(found))


def _thing(match: re.Match[str]) -> str:
    said = next((each for each in match.groupdict().values() if each), "").casefold()
    return "lights" if said in _ALL else said
