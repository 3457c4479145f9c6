"""Things a scene puts before the audience with weight, and the things every scene mentions.

Invariant: a plant is a thing of the table, told with weight in the script's own means: a firearm on the wall, a thing
in
capitals that somebody hides, a close-up of one, "remember the number", "never open the cabinet". One that its own scene
uses again is none. A mention is any word of the same family anywhere. Pure; feeds the rule `abandoned_setup`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements, line_statements
from actors.screenplay.vocabulary import phrases, words


@dataclass(frozen=True, slots=True)
class Plant:
    """``returns``: words, any of which later is its return."""

    thing: str
    returns: frozenset[str]
    span: Span


@dataclass(frozen=True, slots=True)
class Planted:
    """One scene: what it plants, what it mentions, and where it says that the script is over."""

    plants: tuple[Plant, ...]
    mentions: frozenset[str]
    ends: Span | None


_GUNS = words("gun guns shotgun shotguns rifle rifles pistol pistols revolver revolvers musket")
# One family a line: what may stand for one another when the thing comes back.
_FAMILIES = tuple(
    words(family)
    for family in phrases(
        """
      gun guns shotgun shotguns rifle rifles pistol pistols revolver revolvers musket weapon weapons firearm bullet
      bullets shot shots shoots shoot shooting fires fired gunshot gunshots gunfire barrel trigger muzzle armed aims
    | sword swords blade blades katana sabre saber steel weapon weapons stabs slashes cuts
    | knife knives dagger daggers blade blades weapon stabs cuts slashes
    | locket lockets necklace necklaces pendant amulet medallion talisman chain jewel jewels jewelry jewellery
      brooch
    | ring rings band diamond diamonds wedding jewel jewels jewelry
    | letter letters envelope envelopes note notes telegram postcard document documents paper papers message pages
      page contract will
    | diary diaries journal journals notebook notebooks logbook ledger book books pages page manuscript
    | box boxes tin chest casket lid case package parcel crate
    | key keys lock locks unlocks unlock locked keyhole
    | vial vials poison bottle bottles flask liquid antidote serum potion drug pill pills
    | compass compasses needle direction
    | detonator detonators bomb bombs explosive explosives explosion explodes blast dynamite button grenade
    | suitcase suitcases briefcase briefcases bag bags luggage case cases satchel
    | violin violins fiddle instrument cello bow
    | cabinet cabinets cupboard cupboards closet
    | photo photos photograph photographs picture pictures polaroid snapshot portrait image
    | map maps chart charts atlas route
    | tape tapes cassette recording recorder recordings film reel video footage
    | drive disk disc chip usb files file data computer laptop
    | medal medals badge badges star insignia
    | coin coins token money gold penny quarter
    | watch watches pocketwatch clock time
    | syringe syringes needle needles injection injects drug dose serum
    | mask masks disguise face
    | crystal crystals gem gems stone stones jewel
    | passport passports papers identity visa
    | doll dolls toy toys puppet teddy bear
    | statue statuette idol figurine sculpture
    | hammer axe wrench crowbar tool tools
    | money cash bills dollars
        """
    )
)
_HOLDS = words(
    """
    floorboard floorboards drawer drawers trunk brick bricks roses sleeve glove compartment mantel mattress pillow
    chimney grave
    hole hollow boot shelf rug carpet fireplace urn vase piano couch sofa locker safe closet desk basement cellar
    attic tree
    """
)
_ALL = frozenset().union(*_FAMILIES) | _HOLDS
_THING = "|".join(sorted((word for family in _FAMILIES for word in family), key=len, reverse=True))
_NOUNS = words(
    """
    gun shotgun rifle pistol revolver musket sword katana knife dagger locket necklace pendant amulet medallion ring
    letter
    envelope telegram diary journal notebook logbook ledger box chest casket key vial compass detonator suitcase
    briefcase
    violin cabinet photograph photo map tape cassette disk chip medal coin pocketwatch syringe mask crystal passport
    doll
    statuette idol hammer axe satchel
    """
)
_NOUN = "|".join(sorted(_NOUNS, key=len, reverse=True))
_HANGS = re.compile(
    rf"^(?:An? |The )?(?:\w+ )?(?P<thing>{'|'.join(sorted(_GUNS, key=len, reverse=True))}) (?:hangs|is mounted"
    rf"|leans|rests) (?:on|over|above|by|against)\b",
    re.IGNORECASE,
)
_SECRETLY = re.compile(
    rf"\b(?:hides|buries|stashes|conceals|secretes) (?:an?|the|his|her|their) (?:[\w-]+ ){{0,2}}?(?P<thing>{_NOUN})\b"
    rf"|\b(?:pockets|slips|tucks|drops|palms) (?:an?|the|his|her|their) (?:[\w-]+ ){{0,2}}?(?P<thing2>{_NOUN})\b"
    r"(?=.*(?:\bunseen\b|\bunnoticed\b|\bwhen nobody|\bwhile nobody|\bwhen no one|\bsecretly\b|\bfurtive))",
    re.IGNORECASE,
)
_HIDES = re.compile(
    rf"\b(?:hides|buries|stashes|pockets|slips|drops|tucks|conceals) (?:an?|the|his|her"
    rf"|their) (?:[A-Z]{{2,}} )*(?P<thing>{_NOUN.upper()})\b"
)
_CLOSE = re.compile(
    rf"^(?:EXTREME )?(?:CLOSE (?:ON|UP ON|UP)|INSERT|ANGLE ON|ECU|CU)\b\s*[:–—-]*\s*(?:an?|the|A|AN|THE|his"
    rf"|her)\s+(?:[\w-]+ ){{0,2}}?(?P<thing>{_NOUN})\b",
    re.IGNORECASE,
)
_LINGERS = re.compile(
    rf"(?:^CLOSE (?:ON|UP ON)\b\s*[:–—-]*\s*|\bcamera (?:lingers|holds|stays|rests|settles) on )(?:an?"
    rf"|the)\s+(?P<thing>{_NOUN})\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    rf"^(?:Remember|Whatever happens,? keep|Don['’]t forget|Do not forget|Promise me you['’]ll find"
    rf"|Whatever you do,? never (?:open"
    rf"|touch|lose)|Whatever you do,? don['’]t (?:open|touch|lose))"
    rf" the (?:number (?P<number>\d{{3,}})|(?:\w+ )?(?P<thing>{_NOUN}))[.!]$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"^(?:>?\s*)?(?:FADE OUT|THE END|FADE TO BLACK|CUT TO BLACK|FIN|END CREDITS|ROLL CREDITS"
    r"|END)\b[.:\s<]*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\b\d{3,}\b")
_DISPLAY = re.compile(
    r"\b(?:museum|shop|store|gallery|display|poster|painting|collection|case|rack of|row of)\b", re.IGNORECASE
)


def plants_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Planted | None:
    """None for a scene without any thing of the table that does not end the script."""
    said = said_words(script)
    mentions = said & _ALL
    numbers = frozenset(_NUMBER.findall(script))
    ends = _ends(scene)
    if not mentions and not numbers and ends is None:
        return None
    plants = tuple(_plants(script, scene, key)) if numbers or not said.isdisjoint(_NOUNS) else ()
    return Planted(plants, mentions | numbers, ends)


def _ends(scene: Breakdown) -> Span | None:
    shown = [*scene.actions, *scene.transitions]
    last = max(shown, key=lambda each: each.span.end, default=None)
    if last is None or any(line.span.start > last.span.end for line in scene.lines):
        return None
    return last.span if len(last.text) <= 40 and _OVER.match(last.text.split("\n")[-1]) else None


def _plants(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[Plant]:
    for statement in action_statements(script, scene, key, _WEIGHT):
        found = _weighty(statement)
        if found is not None and not _DISPLAY.search(statement.text) and not _used(script, statement, found):
            yield Plant(found, _returns(found, statement.text), statement.span)
    for statement in line_statements(script, scene, key, _WEIGHT):
        told = _TOLD.match(statement.text)
        thing = (told.group("number") or told.group("thing")).casefold() if told is not None else None
        if thing is not None and not _used(script, statement, thing):
            yield Plant(thing, _returns(thing, statement.text), statement.span)


_WEIGHT = re.compile(
    r"\b(?:hangs|is mounted|leans|rests|hides|buries|stashes|secretes|palms|pockets|slips|drops|tucks|conceals"
    r"|close|insert"
    r"|angle on|ecu|cu|lingers|holds on|remember|whatever happens"
    r"|forget|promise me|whatever you do|over the mantel)\b",
    re.IGNORECASE,
)


def _weighty(statement: Statement) -> str | None:
    text = statement.text
    for pattern in (_HANGS, _HIDES, _CLOSE, _LINGERS, _SECRETLY):
        found = pattern.search(text)
        if found is not None:
            return (found.group("thing") or found.group("thing2")).casefold()
    return None


def _used(script: str, statement: Statement, thing: str) -> bool:
    """Whether its own scene goes on with it: by its name or its family's, or as "it" in the next sentence."""
    after = _SENTENCE.findall(script, statement.span.end)
    if after and (_HIDES.search(statement.text) or _SECRETLY.search(statement.text)) and _IT.search(after[0]):
        return True
    family = _returns(thing, "")
    shown = (sentence for sentence in after if not _LINGERS.search(sentence.strip()))
    return any(family & (said_words(sentence) | frozenset(_NUMBER.findall(sentence))) for sentence in shown)


_IT = re.compile(r"\bit\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n]+")


def _returns(thing: str, sentence: str) -> frozenset[str]:
    """The thing, its family, and where it was put."""
    family = frozenset().union(*(family for family in _FAMILIES if thing in family))
    held = said_words(sentence) & _HOLDS if sentence else frozenset()
    return family | {thing} | held
