"""Which of two verbs of prose happened first: by speech, by tense, by words of time between them, else as told.

Invariant: a pure function of the words, and it says what it goes by, so that a caller may take the words and leave the
guess. Prose tells in order unless it says otherwise: a past perfect looks back, a will looks ahead, and what somebody
says happened had happened when they said it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.heading import Span
from actors.screenplay.vocabulary import words

Order = Literal["before", "after"]
By = Literal["speech", "tense", "words", "telling"]

_TOKEN = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|[.,;:!?\"“”]")
_SAID = words("said says saying told announced reported added warned claimed insisted reports confirmed stated noted"
              " testified acknowledged wrote argued predicted suggested denied")  # fmt: skip
_AHEAD = words("will would shall to may might could can should going plans plan expects expected")
_LOOKS_BACK = words("had having")
_BE = words("is are was were be been being 's")
_TENSE_WITHIN = 4
_ENDS = frozenset(".;!?")
_BACK = words("after since because following that who which whom whose where when")
_ON = words("before until till then and but so")


@dataclass(frozen=True, slots=True)
class Told:
    """``order`` is of the verb that stands first in the text. ``by`` telling: nothing but the order of the words."""

    order: Order
    by: By


def order_of(text: str, first: Span, second: Span) -> Told:
    """``first`` stands before ``second`` in the text."""
    between = [m.group().lower() for m in _TOKEN.finditer(text, first.end, second.start)]
    one, two = _tense(text, first), _tense(text, second)
    one_sentence = _ENDS.isdisjoint(between)
    by_speech = _by_speech(_word(text, first) in _SAID, _word(text, second) in _SAID, two)
    if by_speech is not None:
        return Told(by_speech, "speech")
    by_tense = _by_tense(one, two, one_sentence)
    if by_tense is not None:
        return Told(by_tense, "tense")
    by_words = _by_words(between) if one_sentence else None
    return Told("before", "telling") if by_words is None else Told(by_words, "words")


def _word(text: str, verb: Span) -> str:
    return text[verb.start : verb.end].lower()


def _tense(text: str, verb: Span) -> str:
    """past, perfect, ahead, ing or now, by the words before a verb and its ending."""
    begin = max(text.rfind(mark, 0, verb.start) for mark in ".;:!?\n")
    before = [m.group().lower() for m in _TOKEN.finditer(text, max(begin, 0), verb.start)][-_TENSE_WITHIN:]
    word = _word(text, verb)
    for token in reversed(before):
        if token in _LOOKS_BACK:
            return "perfect"
        if token in _AHEAD:
            return "ahead"
        if token in {"has", "have", "'ve"}:
            return "past"
        if token in {",", "and", "but", "that", "who", "which"}:
            break
    if word.endswith("ing"):
        return "ing"
    return "now" if _plain(word, before) else "past"


def _plain(word: str, before: list[str]) -> bool:
    return word.endswith("s") and not word.endswith("ss") and not any(token in _BE for token in before)


def _by_speech(first_said: bool, second_said: bool, two: str) -> Order | None:
    """What is told in somebody's words had happened when they said it, unless it is yet to come."""
    if second_said:
        return "before"
    if first_said:
        return "before" if two == "ahead" else "after"
    return None


def _by_tense(one: str, two: str, one_sentence: bool) -> Order | None:
    if one == two:
        return None
    if two == "perfect":
        return "after"
    if one == "perfect" or two == "ahead":
        return "before"
    if one == "ahead" and two in {"past", "now"}:
        return "after"
    return "after" if one == "now" and two == "past" and one_sentence else None


def _by_words(between: list[str]) -> Order | None:
    """The last word of one sentence that ties the two together."""
    for word in reversed(between):
        if word in _BACK:
            return "after"
        if word in _ON:
            return "before"
    return None
