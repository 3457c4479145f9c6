"""What is to be read in somebody's face, in explicit words: smiling, crying, laughing, trembling.

Invariant: a parenthetical of their own line, or a sentence of action with them at its head and the face's verb right
behind; a wish, an attempt, a question or somebody else's face is none. Pure; feeds the identity of a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.said_words import said_words
from actors.screenplay.statements import action_statements
from actors.screenplay.vocabulary import words
from actors.screenplay.voices import STAGE_DIRECTION, parenthetical_at


@dataclass(frozen=True, slots=True)
class ExpressionTold:
    """``value`` is one of `EXPRESSIONS`."""

    who: str
    value: str
    span: Span


_TABLE = {
    "smiling": "smile smiles smiling grin grins grinning beaming beams smirk smirks smirking",
    "laughing": "laugh laughs laughing giggles giggling chuckles chuckling cackles cackling",
    "crying": "cry cries crying weeps weeping sobs sobbing tearful tearfully",
    "angry": "angry angrily furious furiously enraged seething seethes scowls scowling glares glaring irate livid",
    "frightened": "frightened scared terrified fearful fearfully afraid panicked panicking petrified",
    "sad": "sad sadly sorrowful mournful mournfully heartbroken dejected",
    "surprised": "surprised startled stunned astonished shocked incredulous amazed",
    "happy": "happy happily delighted overjoyed joyful joyfully ecstatic elated",
    "worried": "worried anxious anxiously nervous nervously uneasy uneasily concerned",
    "frowning": "frown frowns frowning grimaces grimacing winces wincing",
    "blushing": "blushes blushing flushed embarrassed",
    "calm": "calm calmly serene composed",
    "tired": "tired exhausted weary wearily drained",
    "blank": "deadpan expressionless impassive stone-faced poker-faced",
    "trembling": "trembling trembles shaking shivering shivers",
}
_VALUE = {word: value for value, said in _TABLE.items() for word in said.split()}
EXPRESSIONS = tuple(_TABLE)
_VERBS = words(
    """
    smiles grins beams smirks laughs giggles chuckles cackles cries weeps sobs seethes scowls glares frowns grimaces
    winces blushes trembles shivers
    """
)
_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)?")
_STATE = re.compile(
    r"^(?:['’]s|\s+is|\s+looks|\s+seems|\s+appears|\s+stands|\s+sits|\s+lies)(?:\s+(?:still|now|already|visibly"
    r"|clearly|very|so|there|up|back|\w+ly))*,?\s+"
    r"(?P<word>[a-z]+(?:-[a-z]+)?)\b(?!\s+(?:machine|room|chair|off|out|down|of\s+(?:him|her|it|them|that))\b)"
)
_VERB = re.compile(r"^(?:\s+(?:\w+ly|just|only|also|then|suddenly|still|even))*\s+(?P<word>[a-z]+)\b(?P<then>\s+\w+)?")
_INTRODUCED = re.compile(r"(?:\s*\([^()\n]{1,60}\))?(?:,(?: \w+){1,8},)?")
_TEARS = re.compile(
    r"^[^.;!?\n]{0,40}?(?P<words>\b(?:in tears|bursts? into tears|tears (?:stream|run|roll|fall|flow)\w*)\b"
    r"|\b(?:tears in (?:his|her) eyes|eyes (?:fill|well)(?:ing|s)? (?:up )?with tears)\b)"
)
_NO = re.compile(
    r"\b(?:not|never|no|without|tries|trying|try|almost|nearly|pretends?|as if|as though|like|would|could|stops?"
    r"|stifles|suppress\w*|instead|used to"
    r"|about to|wants?|fights? back|holds? back|forces?|fake\w*|if|hopes?|remember\w*|imagin\w+|dream\w*|photo\w*"
    r"|picture|painting|mask|doll|statue)\b",
    re.IGNORECASE,
)
_NO_PARENTHETICAL = re.compile(
    r"\b(?:not|no|never|without|hiding|trying|almost|re|about|mock|less|un\w+|(?:shaking|shakes) (?:\w+ )?(?:his"
    r"|her|their) head)\b|n['’]t\b",
    re.IGNORECASE,
)
_CALLS = frozenset(("out",))
_HINTS = _VALUE.keys() | {"tears"}
_HINT = re.compile(rf"\b(?:tears|{'|'.join(sorted(_VALUE, key=len, reverse=True))})\b")


def expressions_in(script: str, scene: Breakdown, key: Callable[[str], str]) -> Iterator[ExpressionTold]:
    """Lines first, then action."""
    if said_words(script).isdisjoint(_HINTS):
        return
    for line in scene.lines:
        at = parenthetical_at(script, line)
        said = line.parenthetical
        if at >= 0 and said is not None and not _NO_PARENTHETICAL.search(said) and not STAGE_DIRECTION.search(said):
            for match in _WORD.finditer(said):
                value = _VALUE.get(match.group().lower())
                if value is not None:
                    yield ExpressionTold(key(line.speaker), value, Span(at + match.start(), at + match.end()))
    for statement in action_statements(script, scene, key, _HINT):
        if statement.who and not statement.asks:
            found = _shown(statement.rest)
            if found is not None:
                low = statement.span.start + len(statement.text) - len(statement.rest)
                yield ExpressionTold(statement.who, found[0], Span(low + found[1].start, low + found[1].end))


def _shown(rest: str) -> tuple[str, Span] | None:
    """The face that follows its owner at the head of a sentence, and what introduces them there."""
    first = _INTRODUCED.match(rest)
    if first is not None and first.end():
        found = _shown(rest[first.end() :])
        return None if found is None else (found[0], Span(found[1].start + first.end(), found[1].end + first.end()))
    state = _STATE.match(rest)
    if state is not None and state.group("word") in _VALUE:
        return _unless(rest, _VALUE[state.group("word")], state.span("word"))
    verb = _VERB.match(rest)
    if (
        verb is not None
        and verb.group("word") in _VERBS
        and not (verb.group("word") == "cries" and (verb.group("then") or "").strip() in _CALLS)
    ):
        return _unless(rest, _VALUE[verb.group("word")], verb.span("word"))
    tears = _TEARS.match(rest)
    return _unless(rest, "crying", tears.span("words")) if tears is not None else None


def _unless(rest: str, value: str, at: tuple[int, int]) -> tuple[str, Span] | None:
    return None if _NO.search(rest, 0, at[1]) else (value, Span(*at))
