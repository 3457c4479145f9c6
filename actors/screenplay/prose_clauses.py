"""A sentence of prose as its verbs, each with who does it, what it is done to, and the places that prepositions name.

Invariant: pure, and one pass over the verbs that `prose_verbs` knows; no grammar is built. Only names asked about are
doers or objects; a place is always words of the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.screenplay.prose_names import ARTICLES, Mention, Names, Word, mentions_in, words_of
from actors.screenplay.prose_verbs import FORMS, Verb
from actors.screenplay.vocabulary import words

GOALS = words("to into onto in on inside at toward towards under beneath below over above upon against within around"
              " across through throughout between among behind beside down up")  # fmt: skip
ORIGINS = words("from off out")
INTO = words("into to")
_OTHERS = words("by with of for as like during after before until without via using about when while because so that"
                " which who where if than")  # fmt: skip
_GOVERNING = GOALS | ORIGINS | words("by with of for")
_BE = words("is are was were be been being am gets get got becomes become")
_BETWEEN = words("slowly quickly then also now usually often eventually finally soon first gradually immediately not"
                 " already again completely further still sometimes always just both together")  # fmt: skip
_JOINS = words("and or , then &")
_NEVER_OF_A_PLACE = _JOINS | _BE | words("but ; . : ! ? ( ) has have had will can may must should would could might do"
                                         " does did not")  # fmt: skip
_ENDS_REACH = _JOINS | words("but ; . : ! ? ( ) is are was were has have will can may")
_PLACE_WORDS_MAX = 5
_GOVERNED_WITHIN = 5
_PARTICLES = words("to in out up down")


@dataclass(frozen=True, slots=True)
class Said:
    """A preposition with its noun phrase; ``names`` are those asked about in the words after it."""

    preposition: str
    place: str
    names: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """``doer``, ``object``: the words of the first of them, or the noun phrase in its place when nobody asked."""

    verb: Verb
    start: int
    end: int
    passive: bool
    doers: tuple[int, ...]
    objects: tuple[int, ...]
    places: tuple[Said, ...]
    came_from: str | None
    doer: str | None
    object: str | None

    @property
    def goal(self) -> str | None:
        return next((said.place for said in self.places if said.preposition in GOALS), None)

    @property
    def origin(self) -> str | None:
        return next((said.place for said in self.places if said.preposition in ORIGINS), self.came_from)

    @property
    def result(self) -> tuple[int, ...]:
        """Those asked about that stand behind "into" or "to"."""
        found = [who for said in self.places if said.preposition in INTO for who in said.names]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Clauses:
    clauses: tuple[Clause, ...]
    mentioned: tuple[int, ...]
    subject: tuple[int, ...]


def read_clauses(sentence: str, names: Names, before: Sequence[int] = ()) -> Clauses:
    """``before``: whom the sentence before spoke of."""
    tokens = words_of(sentence)
    mentions = mentions_in(tokens, names, before)
    clauses = _Reader(sentence, tokens, mentions).run()
    mentioned = tuple(dict.fromkeys(mention.who for mention in mentions))
    subject = next((clause.doers for clause in clauses if clause.doers), mentioned[:1])
    return Clauses(clauses, mentioned, subject)


class _Reader:
    def __init__(self, sentence: str, tokens: Sequence[Word], mentions: Sequence[Mention]) -> None:
        self._sentence, self._tokens, self._mentions = sentence, tokens, mentions
        self._low = [token.low for token in tokens]
        self._at = {at: mention for mention in mentions for at in range(mention.first, mention.last + 1)}

    def run(self) -> tuple[Clause, ...]:
        """A verb without a doer of its own has that of the verb before it."""
        verbs = [(at, verb) for at in range(len(self._tokens)) if (verb := self._verb(at)) is not None]
        ends = [*(at for at, _ in verbs), len(self._tokens)][1:]
        found: list[Clause] = []
        low, doers = 0, tuple[int, ...]()
        for (at, verb), end in zip(verbs, ends, strict=True):
            own, came_from = self._before(low, at)
            doers = own or doers
            found.append(self._clause(at, verb, end, doers, came_from))
            low = at + 1
        return tuple(found)

    def _clause(self, at: int, verb: Verb, end: int, doers: tuple[int, ...], came_from: str | None) -> Clause:
        token = self._tokens[at]
        objects, places = self._after(at + 1, end)
        passive = verb.form == "past" and self._passive(at)
        doer = self._words_for(doers) or self._phrase(0, at)
        thing = self._words_for(objects) or self._phrase(at + 1, min(at + 1 + _PLACE_WORDS_MAX, len(self._tokens)))
        return Clause(verb, token.start, token.end, passive, doers, objects, places, came_from, doer, thing)

    def _verb(self, at: int) -> Verb | None:
        """A word after an article, or a plain form after a preposition, is a noun."""
        verb = FORMS.get(self._low[at])
        if verb is None or at in self._at:
            return None
        previous = self._low[at - 1] if at else ""
        if previous in {"of", "with"} or previous in ARTICLES - {"that", "all", "both", "each"}:
            return None
        if verb.form in {"base", "third"} and previous in (GOALS | ORIGINS) - _PARTICLES:
            return None
        return verb

    def _passive(self, at: int) -> bool:
        back = at - 1
        while back >= 0 and self._low[back] in _BETWEEN:
            back -= 1
        if back < 0 or self._low[back] in _BE:
            return back >= 0
        joined = self._low[back] in _JOINS
        return joined and any(word in _BE for word in self._low[max(0, back - 4) : back])

    def _before(self, low: int, at: int) -> tuple[tuple[int, ...], str | None]:
        """Who stands before a verb and behind no preposition; and where from, if that is said there."""
        found: list[int] = []
        came_from: str | None = None
        for mention in self._mentions:
            if low <= mention.first < at:
                governed = self._governed(mention.first, low)
                if governed is None:
                    found.append(mention.who)
                elif governed in ORIGINS:
                    came_from = self._text(mention.first, mention.last)
        return tuple(dict.fromkeys(found)), came_from

    def _governed(self, at: int, low: int) -> str | None:
        """The preposition that governs the words up to ``at``."""
        for back in range(at - 1, max(low, at - _GOVERNED_WITHIN) - 1, -1):
            word = self._low[back]
            if word in _GOVERNING:
                return word
            if word in _ENDS_REACH or word in FORMS:
                return None
        return None

    def _after(self, low: int, end: int) -> tuple[tuple[int, ...], tuple[Said, ...]]:
        objects: list[int] = []
        places: list[Said] = []
        governed = False
        for at in range(low, end):
            word = self._low[at]
            if word in GOALS or word in ORIGINS or word in _OTHERS:
                governed = True
                place = self._phrase(at + 1, end)
                if place is not None and word not in _OTHERS:
                    places.append(Said(word, place, self._named_within(at)))
            elif at in self._at and self._at[at].first == at and not governed:
                objects.append(self._at[at].who)
            elif word in {";", ".", ":"}:
                break
        return tuple(dict.fromkeys(objects)), tuple(places)

    def _named_within(self, at: int) -> tuple[int, ...]:
        return tuple(m.who for m in self._mentions if at < m.first <= at + _GOVERNED_WITHIN)

    def _phrase(self, at: int, end: int) -> str | None:
        """The noun phrase that begins here: without articles, up to the next word that cannot belong to it."""
        while at < end and (self._low[at] in ARTICLES or self._low[at] in {"of", "to"}):
            at += 1
        last = at
        while last < end and last - at < _PLACE_WORDS_MAX and self._nominal(last):
            last += 1
        return self._text(at, last - 1) if last > at else None

    def _nominal(self, at: int) -> bool:
        word = self._low[at]
        if word in GOALS or word in ORIGINS or word in _OTHERS:
            return False
        return word[0].isalnum() and word not in _NEVER_OF_A_PLACE

    def _words_for(self, who: tuple[int, ...]) -> str | None:
        mention = next((m for m in self._mentions if who and m.who == who[0]), None)
        return None if mention is None else self._text(mention.first, mention.last)

    def _text(self, first: int, last: int) -> str:
        return self._sentence[self._tokens[first].start : self._tokens[last].end]
