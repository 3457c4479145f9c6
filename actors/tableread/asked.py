"""What a line asks, from its question words: the kind, whom it is about, which things it names.

The invariant: a closed table of explicit words, read in order; a line that fits none is a remark. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from actors.screenplay.vocabulary import words
from actors.tableread.triggers import content, said

HOLDER, WHERE, HOLDING, WEARING, HURTING, AGED, BOND = (
    "holder",
    "where",
    "holding",
    "wearing",
    "hurting",
    "aged",
    "bond",
)
COMPANY, HOUR, FATE, WHOIS, RECALL, REMARK = "company", "hour", "fate", "whois", "recall", "remark"

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            HOLDER,
            r"\bwho(?:['’]s| has| have| holds?| is holding| took| takes| got| carries| keeps| stole)\b(?!.*\bhere\b)"
            r"|\bwhose\b",
        ),
        (
            HOLDING,
            r"\bwhat\b.*\b(?:hold|holding|carry|carrying|have on|in (?:your|his|her|their) hands?)\b"
            r"|\bwhat (?:do|does) .*\bhave\b",
        ),
        (WEARING, r"\bwear(?:ing|s)?\b|\bdressed\b|\bclothes\b"),
        (HURTING, r"\b(?:hurt|hurts|wound|wounded|injured|injury|bleeding|bleed|all right|alright|ok|okay)\b"),
        (AGED, r"\bhow old\b|\b(?:your|his|her|their) age\b"),
        (BOND, r"\b(?:trust|owe|owes|debt|love|hate|like|feel about|think (?:of|about))\b"),
        (COMPANY, r"\bwho(?:['’]s| is| are| else)\b.*\b(?:here|there|with)\b|\b(?:are you|is (?:he|she)) alone\b"),
        (HOUR, r"\bwhat (?:time|hour|day)\b|\bwhen is it\b|\bhow late\b"),
        (FATE, r"\b(?:dead|alive|died|die|dies|killed|still living)\b"),
        (WHERE, r"\bwhere\b"),
        (WHOIS, r"\bwho(?:['’]s| is| are| was)\b|\bwhat do(?:es)? .* look like\b"),
        (RECALL, r"\b(?:know|known|heard|told|remember|happened|said|about|did|why|when|how|what|which)\b"),
    )
)
_OPENS = words("who what where when why how which whose is are was were do does did have has had can could will would")


@dataclass(frozen=True, slots=True)
class Question:
    """`people`: keys of people named, in order; `you`: the role itself is meant; `words`: what else it is about."""

    kind: str
    people: tuple[str, ...]
    you: bool
    words: tuple[str, ...]


def read(text: str, names: Mapping[str, str], addressed: tuple[str, ...] = ()) -> Question:
    """`names`: spelling → key, case folded; `addressed`: keys whose names only call somebody."""
    spoken = said(text)
    people, used = _people(spoken, names)
    if len(people) > 1 or not addressed:
        people = [who for who in people if who not in addressed] or people
    else:
        people = [who for who in people if who not in addressed]
    asks = "?" in text or any(word in _OPENS for word in spoken[:2])
    kind = next((kind for kind, pattern in _KINDS if pattern.search(text)), RECALL) if asks else REMARK
    you = not people and any(word in ("you", "your", "yours", "you're", "you’re") for word in spoken)
    return Question(kind, tuple(people), you, tuple(word for word in content(text) if word not in used))


def _people(spoken: list[str], names: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Longest spellings first, so that MARGARET BELL is one person."""
    found: dict[int, str] = {}
    used: set[str] = set()
    line = f" {' '.join(spoken)} "
    for spelling in sorted(names, key=lambda each: (-len(each), each)):
        name = " ".join(said(spelling))
        at = line.find(f" {name} ") if name else -1
        if at >= 0:
            found.setdefault(at, names[spelling])
            used.update(name.split())
            line = line.replace(f" {name} ", f" {'·' * len(name)} ")
    return list(dict.fromkeys(who for _, who in sorted(found.items()))), used


def called(text: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """Keys of people whom the words call by name: at the beginning or the end, set off by a comma ("Nora, where…")."""
    spelled = "|".join(re.escape(each) for each in sorted(names, key=lambda each: (-len(each), each)) if each)
    if not spelled:
        return ()
    one = rf"(?:{spelled})"
    ahead = re.match(rf"\s*[“\"]?(?P<who>{one}(?:\s*(?:,|and|&)\s*{one})*)\s*[,:;.!—–-]", text, re.IGNORECASE)
    behind = re.search(rf",\s*(?P<who>{one})\s*[?.!…”\"]*\s*$", text, re.IGNORECASE)
    found: list[str] = []
    for match in (ahead, behind):
        for spelling in re.findall(one, match.group("who"), re.IGNORECASE) if match is not None else ():
            key = names.get(" ".join(spelling.casefold().split()))
            if key is not None:
                found.append(key)
    return tuple(dict.fromkeys(found))
