"""Sentences of action as words, with the people of the scene among them: what the readers of happenings look at.

Invariant: every token keeps its span in the scene's text, and a pronoun stands for somebody only where its paragraph
has named nobody else. Made once a scene, for sentences with a word that some reader waits for; no grammar is guessed
beyond who stands at the head of a clause.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span
from actors.screenplay.vocabulary import words

SENTENCE_CHARS_MAX = 600
"""A longer one is a list or a paste, and is not read."""

_SENTENCE = re.compile(r"(?:[^.!?…\n]|(?<=\b(?:Mr|Dr|St|Ms))\.|(?<=\bMrs)\.|(?<=\b[A-Z])\.(?=[A-Z ]))+[.!?…]*")
_TOKEN = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*|\d+|[^\w\s]")
_WORD = re.compile(r"[^\W\d_]+")
_PRONOUNS = words("he she him her his hers himself herself they them their")
_HEADS = words(
    """
    and but then as while when where that now so because before after until once if suddenly finally only
    meanwhile
    """
)
_SKIPPED = words(
    """
    slowly quickly suddenly finally then now also just already still only barely quietly has have had is was are
    were be been being both all again once never not simply immediately instantly soon
    """
)


@dataclass(frozen=True, slots=True)
class Token:
    """``word`` is case folded; ``who`` is a person's key where a name or a pronoun stands for one."""

    word: str
    start: int
    end: int
    who: str = ""
    name: bool = False
    owner: bool = False  # "Ruth's", "his", "her" before a noun

    @property
    def is_word(self) -> bool:
        return self.word[0].isalpha()


@dataclass(frozen=True, slots=True)
class Sentence:
    tokens: tuple[Token, ...]
    span: Span
    asks: bool

    def words(self) -> frozenset[str]:
        return frozenset(token.word for token in self.tokens)

    def heads_clause(self, at: int) -> bool:
        """Whether a person at ``at`` stands where a subject does."""
        token = self.tokens[at]
        if not token.who or token.owner or token.word in ("him", "them", "himself", "herself"):
            return False
        if at == 0:
            return True
        before = self.tokens[at - 1]
        return not before.is_word or before.word in _HEADS or (before.word == "and")

    def subject_of(self, verb: int) -> int | None:
        """Index of the person who does the verb at ``verb``: right before it, or heading what it is joined to."""
        at = verb - 1
        while at >= 0 and self._skips(at):
            at -= 1
        if at < 0:
            return None
        if self.heads_clause(at):
            return at
        token = self.tokens[at]
        if token.word in (",", "and", "then", "but", ")", "—", "–", "-", ";"):
            return next((i for i in range(at - 1, -1, -1) if self.heads_clause(i)), None)
        return None

    def first_of(self, who: str, at: int) -> int:
        """Where somebody is named nearest before the word at ``at``, else first meant, else the beginning."""
        before = self.tokens[: at + 1]
        named = next((token.start for token in reversed(before) if token.who == who and token.name), None)
        meant = next((token.start for token in before if token.who == who), self.span.start)
        return meant if named is None else named

    def _skips(self, at: int) -> bool:
        word = self.tokens[at].word
        return not self.tokens[at].who and (word in _SKIPPED or (len(word) > 4 and word.endswith("ly")))


@dataclass(frozen=True, slots=True)
class Person:
    """A name in action: its span, and whose it is."""

    span: Span
    who: str


def people_in_action(scene: Breakdown, keys: Mapping[str, str]) -> tuple[Person, ...]:
    """Every name in action, by position; the longest where they overlap."""
    found = [Person(span, keys[each.key]) for each in scene.cast for span in (*each.introductions, *each.mentions)]
    found.sort(key=lambda person: (person.span.start, -person.span.end))
    kept: list[Person] = []
    for person in found:
        if not kept or person.span.start >= kept[-1].span.end:
            kept.append(person)
    return tuple(kept)


def sentences_of(
    script: str, scene: Breakdown, people: Sequence[Person], wanted: frozenset[str]
) -> Iterator[tuple[Sentence, frozenset[str]]]:
    """Sentences of action in which somebody is and one of the words ``wanted``, with the words found, in order."""
    starts = [person.span.start for person in people]
    for action in scene.actions:
        first = bisect_left(starts, action.span.start)
        if first == len(starts) or starts[first] >= action.span.end:
            continue  # nobody is named in this paragraph
        named: set[str] = set()
        for match in _SENTENCE.finditer(script, action.span.start, action.span.end):
            low, high = match.span()
            here = people[bisect_left(starts, low) : bisect_left(starts, high)]
            if high - low <= SENTENCE_CHARS_MAX and (here or named):
                found = wanted.intersection(_WORD.findall(match.group().casefold()))
                if found:
                    yield _sentence(script, low, high, here, named), found
            named.update(person.who for person in here)


def _sentence(script: str, low: int, high: int, here: Sequence[Person], named: set[str]) -> Sentence:
    tokens: list[Token] = []
    seen = set(named)
    at = low
    for person in [*here, None]:
        end = person.span.start if person is not None else high
        tokens.extend(_tokens(script, at, end, seen))
        if person is None:
            break
        seen.add(person.who)
        at = person.span.end
        owner = script[at : at + 2] in ("'s", "’s") or (
            script[at - 1 : at] == "s" and script[at : at + 1] in ("'", "’")
        )
        at += (2 if script[at + 1 : at + 2] == "s" else 1) if owner else 0
        name = script[person.span.start : person.span.end].casefold()
        tokens.append(Token(name, person.span.start, person.span.end, person.who, name=True, owner=owner))
    text = script[low:high]
    left = low + len(text) - len(text.lstrip())
    return Sentence(tuple(tokens), Span(left, low + len(text.rstrip())), text.rstrip().endswith("?"))


def _tokens(script: str, low: int, high: int, seen: set[str]) -> Iterator[Token]:
    for match in _TOKEN.finditer(script, low, high):
        word = match.group().casefold()
        if word in _PRONOUNS:
            who = next(iter(seen)) if len(seen) == 1 and not word.startswith("the") else ""
            owner = word in ("his", "their") or (word == "her" and _before_noun(script, match.end()))
            yield Token(word, match.start(), match.end(), who, owner=owner)
        else:
            yield Token(word, match.start(), match.end())


def _before_noun(script: str, at: int) -> bool:
    rest = script[at : at + 2]
    return len(rest) == 2 and rest[0] == " " and rest[1].isalpha()
