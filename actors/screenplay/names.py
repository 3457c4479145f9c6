"""Names of people and places: when two spellings are one name, and when they are suspiciously near.

Invariant: ``name_key`` is the only notion of "same name" in the project; it works in every script, cased or not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from actors.screenplay.vocabulary import words

cue_chars_max = 120
name_words_max = 5

# Speakers that name nobody in particular.
COLLECTIVE = words("all both everyone everybody together crowd various voices audience chorus group others")
_AND = re.compile(r"\s*(?:/|&|\+|,|\bAND\b|\bUND\b|\bET\b)\s*")
_DIGITS = re.compile(r"\d+|(?<= )[ivxl]+$")
_TRIM = " \t:;,.-–—\"'“”‘’«»*_"


@dataclass(frozen=True, slots=True)
class Cue:
    """A character cue taken apart. ``start``/``end`` span the bare name, in offsets of the text it was read from."""

    name: str
    start: int
    end: int
    extensions: tuple[str, ...]
    dual: bool
    forced: bool


def name_key(name: str) -> str:
    """One key for all spellings of a name: NFKC, case folded, single spaces, no surrounding punctuation."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.split()).strip(_TRIM)


def bare_name(name: str) -> str:
    """The spelling without the spaces and punctuation around it."""
    return name.strip(_TRIM)


def is_capitals(text: str) -> bool:
    """It has at least one upper-case letter and no lower-case one; caseless scripts are never capitals."""
    return any(c.isupper() for c in text) and not any(c.islower() for c in text)


def read_cue(line: str, offset: int) -> Cue | None:
    """Take a cue line apart; None if it cannot be one. ``offset`` is where ``line`` begins in its text."""
    body = line.strip()
    if not body or len(body) > cue_chars_max:
        return None
    start = offset + line.index(body[0])
    forced = body.startswith("@")
    if forced:
        start += 1
        body = body[1:]
    dual = body.endswith("^")
    body = body[:-1] if dual else body
    bare, bracket, rest = body.partition("(")
    name = bare.strip()
    if not name or (not forced and not is_capitals(name)):
        return None
    start += bare.index(name[0])
    extensions = tuple(part.split(")")[0].strip() for part in rest.split("(")) if bracket else ()
    return Cue(name, start, start + len(name), tuple(e for e in extensions if e), dual, forced)


def plausible_name(name: str) -> bool:
    """Whether a cue looks like somebody's name rather than a shouted action line."""
    parts = name.split()
    if not parts or len(parts) > name_words_max or name_key(name) == "":
        return False
    if name[-1] in "!?…" or name.endswith("..."):
        return False
    return not (name[-1] == "." and len(parts[-1]) > 4)


def people_of(name: str) -> tuple[str, ...]:
    """The people behind one cue: ``ANNA & BEN`` is two; collective cues (ALL, CROWD) are nobody."""
    parts = [part.strip() for part in _AND.split(name)] if len(name) <= cue_chars_max else [name]
    return tuple(part for part in parts if part and name_key(part) not in COLLECTIVE)


# With a capital at the head of a line, and no part of a name: "If Oskar can't swim" says nothing of him.
NO_NAMES = words(
    """
    if when unless because but and so though although since once while what who why how where whether does do did is was
    are has have can could would should may might maybe perhaps suppose imagine tell ask see look no yes not only even
    that this then until after before or nor as for with without like
    """
)
# Before a name, and what tells two of one family apart: MISS HILL is her daughter, no slip of MRS. HILL.
_TITLES = words(
    """
    mr mr. mrs mrs. miss ms ms. dr dr. lady lord sir madame madam monsieur mister missus mother father sister brother
    aunt uncle king queen prince princess captain major colonel general young old older younger little big senior
    junior first second third man woman boy girl male female his her
    """
)


def _told_apart(one: str, two: str) -> bool:
    """They differ in a title, or in a word that sets one of a kind apart (YOUNG MAN, YOUNG WOMAN)."""
    here, there = one.split(), two.split()
    if len(here) != len(there) or len(here) < 2:
        return False
    return all(a == b or (a in _TITLES and b in _TITLES) for a, b in zip(here, there, strict=True))


def _one_and_several(one: str, two: str) -> bool:
    return {one, two} in ({one, one + "s"}, {two, two + "s"}) or one.replace("men", "man") == two.replace("men", "man")


def edit_distance(one: str, two: str, most: int) -> int:
    """Damerau-Levenshtein (adjacent transpositions count one), given up at ``most + 1``."""
    if abs(len(one) - len(two)) > most:
        return most + 1
    last: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = last, row, [i, *([0] * len(two))]
        for j, b in enumerate(two, 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return row[len(two)]


def slips_allowed(key: str) -> int:
    """How many slips of the pen may separate two spellings: none under 4 letters, 1 under 7, else 2."""
    return 0 if len(key) < 4 else 1 if len(key) < 7 else 2


def near(one: str, two: str, most: int | None = None) -> bool:
    """Whether two keys look like one name spelt twice. Names that differ only in their numbers (GUARD 2, HENRY V), or
    as one and several do (LORD, LORDS), or in a title (MISS HILL, MRS. HILL), never do."""
    if one == two:
        return False
    allowed = min(slips_allowed(one), slips_allowed(two)) if most is None else most
    if allowed == 0 or _DIGITS.sub("#", one) == _DIGITS.sub("#", two) or _one_and_several(one, two):
        return False
    if _told_apart(one, two):
        return False
    return one[:1] == two[:1] and edit_distance(one, two, allowed) <= allowed
