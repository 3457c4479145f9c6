"""Laws of a world that somebody states, and plain deeds that may break one.

Invariant: a law is one whole clause of ability ("Nobody can enter the vault without the key", "Vampires cannot cross
running water", "Magic does not work at night"), a deed one whole clause of action with the same words in the same
order. What is forbidden ("no one may"), passing ("the car won't start", "can't now"), or about you and me is no law of
a world. Pure; feeds the rule `world_rule_broken`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import Statement, action_statements, line_statements
from actors.screenplay.vocabulary import words

OBJECT_WORDS_MAX = 7

Hour = Literal["", "night", "day"]


@dataclass(frozen=True, slots=True)
class LawTold:
    """``kind`` "law": nobody (``who`` "") or no ``who`` does ``deed`` (at ``hour``); "deed": ``who`` does it, and a
    person (``anybody``) or a thing; "undone": words by which a law may have changed."""

    kind: Literal["law", "deed", "undone"]
    who: str
    deed: str
    span: Span
    hour: Hour = ""
    anybody: bool = False


_NOBODY = re.compile(
    r"^(?:Nobody|No one|No-one|No (?P<who>man|woman|one|[a-z]+)) (?:can(?: ever)?|could ever"
    r"|is able to) (?P<verb>[a-z]+)(?P<rest>[^,;:—–]*)[.!]$",
    re.IGNORECASE,
)
_KIND_CANNOT = re.compile(
    r"^(?:The |A |An )?(?P<who>[a-z]+) (?:can['’]t|cannot|can not|can never) (?P<verb>[a-z]+)(?P<rest>[^,;:—–]*)[.!]$",
    re.IGNORECASE,
)
_CONDITIONED = re.compile(
    r"^(?:The |A |An )?(?P<who>[a-z]+) (?:never (?P<v1>[a-z]+)|(?:does not|doesn['’]t|do not|don['’]t|will not"
    r"|won['’]t) (?P<v2>[a-z]+))(?P<rest>[^,;:—–]*"
    r"(?:\bat night|\bby day|\bby night|\bafter dark|\bduring the day|\bwithout [a-z' ]+|\bfrom the inside"
    r"|\bfrom the outside|\bunder water))[.!]$",
    re.IGNORECASE,
)
_ALWAYS_NEVER = re.compile(r"^(?P<who>[A-Z][a-z]+) never (?P<verb>[a-z]+)(?P<rest>[^,;:—–]*)[.!]$")
# "The spell only works at midnight": by day it does not.
_ONLY = re.compile(
    r"^(?:The |A |An )?(?P<who>[a-z]+) (?:only (?P<v1>[a-z]+s?)|(?P<v2>[a-z]+) only) "
    r"(?:(?P<night>at night|by night|after dark|at midnight)|(?P<day>by day|during the day|in daylight|at noon))[.!]$",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"\s*\b(?:(?P<night>at night|by night|after dark)|(?P<day>by day|during the day|in daylight))$", re.IGNORECASE
)
# Kinds of beings and things that no story has unless it says what they can do.
_KINDS = words(
    """
    dragon robot android cyborg vampire ghost witch wizard demon angel golem zombie werewolf troll elf fairy
    giant mermaid unicorn phoenix goblin ogre genie djinn sorcerer clone mutant alien spirit wraith banshee
    gargoyle centaur dead undead magic spell curse portal hologram warlock mage sphinx basilisk shapeshifter
    replicant
    """
)
_ANYBODY = frozenset(("", *["one", "man", "woman", "body", "human", "mortal", "person", "soul", "creature"]))
_OF_NOBODY = words(
    """
    who body people man woman men women we you they it she he i this that there everyone someone things love
    life time money
    """
)
_NO_VERB = words(
    """
    be have help stop believe know see say tell wait stand imagine hear remember afford blame trust wish do
    think like want need make get keep
    """
)
_PASSING = words(
    """
    you me us him her them it this that here now yet today tonight tomorrow anymore more again right still my
    your our his their
    """
)
_HYPOTHETIC = re.compile(
    r"\b(?:if|unless|what if|suppose|maybe|perhaps|tries|trying|almost|nearly|cannot|can['’]t|not|\w+n['’]t|never"
    r"|dreams?|imagines?|pretends|as if|about to|wants"
    r"|fails|refuses)\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:a lie|lied|lying|liar|learns to|learned to|taught|used to|until now|no longer|the (?:curse|spell|law"
    r"|rule)s? (?:is|are) (?:broken|lifted)"
    r"|changed everything|how is that possible|that['’]s impossible|impossible|how did (?:you|he|she|they|it)"
    r"|how can (?:you|he|she|they|it|this))\b",
    re.IGNORECASE,
)
_UNDOING_WORDS = words(
    """
    lie lied lying liar learns learned taught used until longer broken lifted changed possible impossible how
    """
)
_LAW_WORDS = words("only nobody no one can cannot never does doesn do don will won")
# A deed ends where its clause does: "touches the iron and smiles", "crosses the river, dry-shod".
_DOES = re.compile(r"\s*(?P<verb>[a-z]+)\b(?P<rest>[^,;:—–]*?)(?:[,;:—–].*|\s+(?:and|then|as|while)\s.*)?[.!]$")
_THING = re.compile(r"^(?:The |A |An |[A-Z][\w’']+['’]s )?(?P<who>[A-Za-z]+) (?P<rest>[a-z]+\b.*)$")


def laws_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[LawTold]:
    """Laws first, then deeds, then what undoes them."""
    said = said_words(script)
    if not said.isdisjoint(_LAW_WORDS):
        for statement in (*line_statements(script, scene, key, _LAW), *action_statements(script, scene, key, _LAW)):
            yield from _law(statement)
    for statement in action_statements(script, scene, key):
        yield from _deed(statement)
    for match in () if said.isdisjoint(_UNDOING_WORDS) else _UNDONE.finditer(script):
        yield LawTold("undone", "", "", Span(*match.span()))


_LAW = re.compile(
    r"\b(?:nobody|no one|no-one|no \w+ can|can['’]t|cannot|can never|never|\w+n['’]t|not|only)\b", re.IGNORECASE
)


def _law(statement: Statement) -> Iterator[LawTold]:
    if statement.asks or statement.elsewhere:
        return
    text = statement.text
    nobody = _NOBODY.match(text)
    if nobody is not None:
        who = (nobody.group("who") or "").casefold()
        yield from _stated(
            "" if who in _ANYBODY else who,
            nobody.group("verb"),
            nobody.group("rest"),
            statement,
        )
        return
    kind = _KIND_CANNOT.match(text)
    if kind is not None and _singular(kind.group("who")) in _KINDS:
        yield from _stated(_singular(kind.group("who")), kind.group("verb"), kind.group("rest"), statement)
        return
    never = _ALWAYS_NEVER.match(text)
    if never is not None and _singular(never.group("who")) in _KINDS:
        yield from _stated(_singular(never.group("who")), never.group("verb"), never.group("rest"), statement)
        return
    only = _ONLY.match(text)
    if only is not None and only.group("who").casefold() not in _OF_NOBODY:
        when = "by day" if only.group("night") else "by night"
        verb = _base(only.group("v1") or only.group("v2"))
        yield from _stated(_singular(only.group("who")), verb, f" {when}", statement)
        return
    conditioned = _CONDITIONED.match(text)
    if conditioned is not None and conditioned.group("who").casefold() not in _OF_NOBODY:
        verb = conditioned.group("v1") or conditioned.group("v2")
        who = _singular(conditioned.group("who"))
        yield from _stated(who, _base(verb) if conditioned.group("v1") else verb, conditioned.group("rest"), statement)


def _stated(who: str, verb: str, rest: str, statement: Statement) -> Iterator[LawTold]:
    hour = _HOUR.search(rest)
    said = (rest[: hour.start()] if hour else rest).casefold().split()
    if (not who and verb.casefold() in _NO_VERB) or len(said) > OBJECT_WORDS_MAX or not _PASSING.isdisjoint(said):
        return
    if not who and not said:
        return
    when: Hour = "" if hour is None else "night" if hour.group("night") else "day"
    yield LawTold("law", who, " ".join((verb.casefold(), *_bare(said))), statement.span, when)


def _deed(statement: Statement) -> Iterator[LawTold]:
    text = statement.text
    if statement.asks or _HYPOTHETIC.search(text):
        return
    if statement.who:
        yield from _done(statement.who, statement.rest, statement, True)
        owned = _OWNED.match(statement.rest)
        if owned is not None:
            yield from _done(owned.group("who").casefold(), owned.group("rest"), statement, False)
        return
    thing = _THING.match(text)
    if thing is not None:
        yield from _done(_singular(thing.group("who")), " " + thing.group("rest"), statement, False)


_OWNED = re.compile(r"['’]s (?P<who>[a-z]+)(?P<rest> .*)$")


def _done(who: str, rest: str, statement: Statement, anybody: bool) -> Iterator[LawTold]:
    found = _DOES.match(rest)
    if found is None:
        return
    said = _HOUR.sub("", found.group("rest").rstrip()).casefold().split()
    if len(said) <= OBJECT_WORDS_MAX:
        yield LawTold("deed", who, " ".join((_base(found.group("verb")), *_bare(said))), statement.span, "", anybody)


def _bare(said: list[str]) -> list[str]:
    """Without the articles at the head of the object."""
    return [_singular(word) for word in said if word not in ("the", "a", "an")]


def _base(verb: str) -> str:
    """The base form of a verb in the third person: *crosses* is *cross*."""
    folded = verb.casefold()
    if folded.endswith("ies") and len(folded) > 4:
        return folded[:-3] + "y"
    if folded.endswith(("sses", "shes", "ches", "xes", "zes", "oes")):
        return folded[:-2]
    return folded[:-1] if folded.endswith("s") and not folded.endswith("ss") else folded


_SINGULARS = {
    "wolves": "wolf", "werewolves": "werewolf", "elves": "elf", "dwarves": "dwarf", "knives": "knife", "leaves": "leaf",
    "zombies": "zombie", "genies": "genie", "men": "man", "women": "woman", "children": "child", "undead": "undead",
}  # fmt: skip


def _singular(word: str) -> str:
    folded = word.casefold()
    if folded in _SINGULARS:
        return _SINGULARS[folded]
    if folded.endswith("ies") and len(folded) > 4:
        return folded[:-3] + "y"
    if folded.endswith(("ches", "shes", "xes")):
        return folded[:-2]
    return folded[:-1] if folded.endswith("s") and not folded.endswith(("ss", "us")) and len(folded) > 3 else folded
