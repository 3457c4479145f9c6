"""Props guessed from action text. A guess only: people keep the prop list.

Invariant: a span covers exactly the words in the text; a prop is its singular noun, lower case, with the capitals of a
``BRASS KEY`` folded. Two signs count: a noun of the table, or capitals after an article or a possessive.
"""

from __future__ import annotations

import re

from actors.screenplay.heading import Span
from actors.screenplay.vocabulary import words

_TABLE = words(
    """
    accordion anchor apple axe bag ball bandage basket bell bicycle binoculars blanket boat book bottle bouquet
    box bracelet briefcase broom bucket cake camera candle cane car card cart chair chain cigarette clock coat
    coffee coin compass computer cup dagger diary doll drone drum envelope fan file fishbowl flag flare
    flashlight flask flower flute fork gift glass glasses glove grenade guitar gun hammer handbag handcuffs
    handkerchief hat helmet hook ice jacket jar journal kettle key keys knife lamp lantern laptop ledger letter
    lighter locket logbook luggage magazine mallet map mask match medal microphone mirror money mug necklace
    needle newspaper notebook oar package paddle painting paper parcel passport pen pencil phone photo
    photograph piano pillow pipe pistol plate pocketwatch postcard pot purse radio raincoat razor receipt
    recorder revolver rifle ring rope sail scarf scissors shotgun shovel skateboard spoon stick stone suitcase
    sword syringe table tablet teacup telegram telephone telescope ticket torch towel toy tray trunk umbrella
    vase violin walkie-talkie wallet watch wheel whistle wine wrench
    amulet badge banjo baton bible binder blueprint brooch bugle canteen cello chalice chart chisel clipboard contract
    crossbow crowbar crown crucifix crystal dossier duffel dynamite earring figurine folder goblet harmonica hatchet
    hourglass keycard knapsack lasso machete manuscript medallion megaphone monocle notepad passkey pendant pickaxe
    pitchfork pliers pouch puppet rosary rucksack saber sabre satchel saxophone scalpel screwdriver scroll sextant
    sketchbook spade spear spyglass statuette stethoscope stopwatch talisman tambourine tape thermos tiara trombone
    trumpet ukulele urn vial
    """
)
BEFORE_CHARS = 24
"""Looked back from a noun for who might be doing it."""

_LAST_WORD = re.compile(r"([A-Za-z]+)(?: \([^()]{0,12}\))?[ ]+\Z")
_WHO = words("he she it they who and then everybody everyone nobody somebody someone")
_DETERMINERS = words("a an the his her their its my your our this that these those some any no two three four five six")
_TABLE_WORD = re.compile(r"\b([A-Za-z][A-Za-z-]{1,20})\b")
_CAPITALS = re.compile(
    r"\b(?i:an?|the|his|her|their|its|my|your)\s+((?:[A-Z][A-Z'’-]+)(?:\s[A-Z][A-Z'’-]+){0,2})(?![A-Za-z])"
)


def props_in(text: str, offset: int, people: frozenset[str]) -> tuple[tuple[str, Span], ...]:
    """Props in ``text`` which begins at ``offset``; ``people`` are name keys that are not props."""
    found: dict[int, tuple[str, Span]] = {}
    for match in _CAPITALS.finditer(text):
        thing = match.group(1).casefold()
        if thing in people or any(word in people for word in thing.split()):
            continue
        found[match.start(1)] = (thing, Span(offset + match.start(1), offset + match.end(1)))
    covered_end = 0
    capitals = {span.start - offset: span.end - offset for _, span in found.values()}
    for match in _TABLE_WORD.finditer(text):
        covered_end = max(covered_end, capitals.get(match.start(), 0))
        noun = singular(match.group(1).casefold())
        if noun is None or match.start() < covered_end or noun in people or _is_done(match, text, people):
            continue
        found[match.start()] = (noun, Span(offset + match.start(), offset + match.end()))
    return tuple(found[at] for at in sorted(found))


def _is_done(match: re.Match[str], text: str, people: frozenset[str]) -> bool:
    """Whether the word is what somebody does: "Ben watches", "he drums", "Officer Dune watches"."""
    before = _LAST_WORD.search(text, max(0, match.start() - BEFORE_CHARS), match.start())
    if before is None or not match.group(1).endswith("s"):
        return False
    word = before.group(1)
    named = word[0].isupper() and word.casefold() not in _DETERMINERS and (len(word) > 1 and not word.isupper())
    return word.casefold() in _WHO or word.casefold() in people or named


def singular(word: str, table: frozenset[str] = _TABLE) -> str | None:
    """The noun of the table that this is one or several of."""
    if word in table:
        return word
    for ending, instead in (("ies", "y"), ("ves", "fe"), ("es", ""), ("s", "")):
        if word.endswith(ending) and word[: -len(ending)] + instead in table:
            return word[: -len(ending)] + instead
    return None
