"""How people sound, in the words of their script: an accent, a timbre, a pace.

Invariant: only what is said of a voice counts, of somebody who stands there: the parenthetical of their own line, or a
sentence of action with them at its head. An accent and a voice that action describes last; a parenthetical is of its
line. An accent that somebody mocks, fakes or hears is nobody's. Pure; feeds the identity of a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.breakdown import Breakdown, SpokenLine
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words

VoiceKind = Literal["accent", "timbre", "pace"]

PARENTHETICAL_BEFORE_CHARS = 400
"""Looked back from a line for its parenthetical."""


@dataclass(frozen=True, slots=True)
class VoiceTold:
    """``value``: ``French``, ``hoarse``, ``slow``; ``lasting``: of the person, not of one line."""

    kind: VoiceKind
    who: str
    value: str
    span: Span
    lasting: bool


_ACCENTS = (
    "French|German|Italian|Spanish|Irish|Scottish|Scots|Scotch|Welsh|English|British|American|Australian|Russian"
    "|Polish|Dutch"
    "|Swedish|Norwegian|Danish|Finnish|Greek|Turkish|Indian|Pakistani|Chinese|Japanese|Korean|Vietnamese|Thai|Arabic"
    "|Arab|Egyptian|Israeli|Hebrew|Yiddish|Mexican|Cuban|Brazilian|Portuguese|Jamaican|Caribbean|Haitian|African"
    "|Nigerian|Kenyan|Ethiopian|Hungarian|Romanian|Czech|Ukrainian|Serbian|Bulgarian|Austrian|Swiss|Belgian|Icelandic"
    "|Canadian|Texan|Southern|Northern|Cockney|Brooklyn|Bronx|Boston|Jersey|London|Liverpool|Glasgow|Geordie|Yorkshire"
    "|Midwestern|Western|Slavic|Scandinavian|Latin|Latino|Hispanic|Asian|European|Eastern European|South African"
    "|New York|New Jersey|New England|New Zealand|Middle Eastern|Minnesota|Georgia|Cajun|Creole"
)
_ACCENT = re.compile(rf"\b(?P<accent>{_ACCENTS})[- ](?:accent(?:ed)?|brogue|drawl|lilt|burr|twang)\b")
_TIMBRES = words(
    """
    hoarse gravelly deep husky raspy rasping shrill soft booming reedy nasal silky smooth velvety gruff rough
    high-pitched low-pitched thin squeaky croaky throaty breathy melodious resonant quavering trembling shaky
    tremulous cracked flat monotone singsong sing-song
    """
)
_MANNERS = {
    "hoarsely": "hoarse", "gruffly": "gruff", "softly": "soft", "shrilly": "shrill", "huskily": "husky",
    "whispering": "whispering", "whispers": "whispering", "whispered": "whispering", "whisper": "whispering",
    "shouting": "shouting", "shouts": "shouting", "yelling": "shouting", "screaming": "screaming", "muttering":
    "muttering", "mumbling": "mumbling", "mutters": "muttering", "mumbles": "mumbling", "murmuring":
    "murmuring", "stammering": "stammering", "stuttering": "stammering", "croaking": "hoarse", "rasping":
    "raspy", "slurring": "slurred", "slurred": "slurred",
}  # fmt: skip
_PACES = {
    "slowly": "slow", "slow": "slow", "haltingly": "halting", "halting": "halting", "quickly": "fast",
    "rapidly": "fast", "fast": "fast", "rapid": "fast", "rapid-fire": "fast", "hurriedly": "fast", "clipped":
    "clipped", "measured": "measured", "drawling": "drawling", "drawls": "drawling", "deliberate": "measured",
}  # fmt: skip
_VOICE = re.compile(
    r"(?:\b(?:voice|whisper|tone)\b[^.\n]{0,12}?\b(?:is|sounds"
    r"|was)\s+(?:\w+ly\s+)?(?P<after>[a-z-]+)\b(?!\s+(?:of|with|by|from|to|than|in)\b)"
    r"|\b(?:in|with|has|speaks in)\s+an?\s+(?:\w+,?\s+){0,2}?(?P<before>[a-z-]+)\s+(?P<noun>voice|whisper|tone"
    r"|growl)\b)",
    re.IGNORECASE,
)
_PACE = re.compile(r"\b(?:speaks|talks|says)\b[^.,;\n]{0,20}?\b(?P<pace>slowly|quickly|rapidly|haltingly|fast)\b")
_OWN_ACCENT = re.compile(
    r"\b(?:with|has|have|speaks (?:with|in)|talks with|in)\s+(?:an?\s+|his\s+|her\s+)?"
    r"(?:(?:very|thick|heavy|strong|slight|faint|soft|light|broad|rich|distinct|clipped|lilting|posh|hint of an?"
    r"|trace of an?|perfect"
    r"|refined|upper-class|lower-class|hard|gentle|noticeable|unmistakable)[, ]+){0,2}$",
    re.IGNORECASE,
)
_NOT_OWN = re.compile(
    r"\b(?:fake|faking|faked|fakes|mock\w*|imitat\w+|mimic\w*|bad|terrible|awful|phon(?:e)?y|pretend\w*|affect\w*"
    r"|put(?:s|ting)? on|impression|impersonat\w+"
    r"|attempt\w*|tries|trying|do(?:es|ing)? an?|hears?|listens?|no|not|never|without|lost|drops?|dropping|loses"
    r"|as if|like an?|sounds like|if|would|worst|over-the-top"
    r"|exaggerat\w+|suddenly|adopts?|adopting|slips?|instead|tv|television|radio|recording|film|movie)\b",
    re.IGNORECASE,
)
STAGE_DIRECTION = re.compile(r"\b(?:within|they|all|both|together|a cry of)\b", re.IGNORECASE)
"""A parenthetical that is about others than the one who speaks, as plays have them."""

_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)?")
_HINTS = (
    words("accent accented brogue drawl drawls lilt burr twang voice whisper tone growl speaks talks says")
    | _TIMBRES
    | _MANNERS.keys()
    | _PACES.keys()
)
_HINT = re.compile(
    r"\b(?:accent(?:ed)?|brogue|drawl|lilt|burr|twang|voice|whisper|tone|growl|speaks|talks)\b", re.IGNORECASE
)


def voices_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[VoiceTold]:
    """By position within lines, then within action."""
    if said_words(script).isdisjoint(_HINTS):
        return
    for line in scene.lines:
        at = parenthetical_at(script, line)
        if at >= 0 and line.parenthetical is not None and not STAGE_DIRECTION.search(line.parenthetical):
            yield from _delivered(line.parenthetical, at, key(line.speaker))
    for statement in action_statements(script, scene, key, _HINT):
        if statement.who and not statement.asks:
            low = len(statement.text) - len(statement.rest)
            yield from _described(statement.rest, statement.span.start + low, statement.who)


def parenthetical_at(script: str, line: SpokenLine) -> int:
    """Where the words of a line's parenthetical begin; -1: it has none, or a note cuts it."""
    if not line.parenthetical:
        return -1
    return script.rfind(line.parenthetical, max(0, line.span.start - PARENTHETICAL_BEFORE_CHARS), line.span.start)


def _delivered(text: str, at: int, who: str) -> Iterator[VoiceTold]:
    """A parenthetical: an accent lasts, the rest is of this line."""
    for match in () if _NOT_OWN.search(text) else _ACCENT.finditer(text):
        yield VoiceTold("accent", who, match.group("accent"), _span(match, at), True)
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if word in _PACES:
            yield VoiceTold("pace", who, _PACES[word], _span(match, at), False)
        elif word in _MANNERS or (word in _TIMBRES and re.search(r"\b(?:voice|whisper|tone)\b|^\W*[\w-]+\W*$", text)):
            yield VoiceTold("timbre", who, _MANNERS.get(word, word), _span(match, at), False)


def _described(rest: str, at: int, who: str) -> Iterator[VoiceTold]:
    if _NOT_OWN.search(rest):
        return
    for match in _ACCENT.finditer(rest):
        if _OWN_ACCENT.search(rest, 0, match.start()):
            yield VoiceTold("accent", who, match.group("accent"), _span(match, at), True)
    for match in _VOICE.finditer(rest):
        word = (match.group("after") or match.group("before") or "").lower()
        own = match.group("before") is not None or re.match(
            r"['’]s? (?:\w+ )?voice\b|.*\b(?:his|her|their) (?:\w+ )?voice\b", rest
        )
        if word in _TIMBRES and own:
            of_line = (match.group("noun") or "voice") in ("whisper", "tone", "growl")
            yield VoiceTold("timbre", who, word, _span(match, at), not of_line)
    for match in _PACE.finditer(rest):
        yield VoiceTold("pace", who, _PACES[match.group("pace")], _span(match, at), False)


def _span(match: re.Match[str], at: int) -> Span:
    return Span(at + match.start(), at + match.end())
