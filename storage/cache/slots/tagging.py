"""Says of each word what it does: noun, verb, adjective, number, preposition; articles and auxiliaries go.

Owns the guess of a word's kind from its form and its neighbours, and the use of synonyms. Invariant: no content word is
dropped. A wrong guess costs a miss, because both prompts would have to be guessed alike and hold the same words.
Between `phrases` and `clauses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from storage.cache.slots.lemmas import singular, verb_base
from storage.cache.slots.verbs import ALSO_NOUNS, VERBS
from storage.cache.slots.word import Word, with_synonyms
from storage.cache.slots.words import (
    ADJECTIVES,
    ARTICLES,
    AUXILIARIES,
    FEMALE,
    GROUPS,
    LIVING,
    MALE,
    NEGATIONS,
    NUMBERS,
    PREPOSITIONS,
    PRONOUNS,
    QUANTITIES,
    RELATIVES,
    SEQUENCE,
    STAYING,
)

ENTITY = "@"
"""Begins the token of an entity: no word of a prompt begins with it."""

PLURAL = "+"
STATE = "~ed"
"""Ends a participle that tells a state: a closed door is not a closing one."""

_HEADS_OF_ING = frozenset(
    "pool machine cart table room pan bag chair board pin ring car saucer rod shoe pole area track suit dress".split()
)
_ONWARD = frozenset("into toward towards away out through at to".split())
_INTENSE = frozenset("very extremely really super fully partially partly half slightly so too quite almost".split())
_OWNERS = {"his": "he", "her": "she", "my": "i", "your": "you", "our": "we"}
_SAME_PAST = frozenset("hit cut put read set shut spread split hurt burst cast overcome run".split())
"""Verbs whose participle is the base: only "by" tells."""

_HERD = frozenset("sheep deer fish moose salmon trout aircraft swine bison squid shrimp person".split())
_NOT_ADVERBS = (
    frozenset(
        "family fly butterfly dragonfly firefly lily belly jelly bully ally italy july rally assembly reply "
        "supply".split()
    )
    | ADJECTIVES
)
_RAW = {"woods": "forest", "mum": "mom", "grey": "gray"} | {
    word: f"{at}{'st' if at == 1 else 'nd' if at == 2 else 'rd' if at == 3 else 'th'}"
    for at, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1
    )
}


def tag(tokens: Sequence[str], people: set[str], opening: bool = True) -> list[Word]:
    """The words of one segment. `people` ("he", "she") are those met before; it is added to. `opening`: the first."""
    relative = not opening and len(tokens) > 1 and tokens[0] in {"who", "which", "that"}
    return with_synonyms(_Tagger(tokens[relative:], people, relative).run())


class _Tagger:
    def __init__(self, tokens: Sequence[str], people: set[str], relative: bool) -> None:
        self._tokens = tokens
        self._people = people
        self._words: list[Word] = []
        self._opens = False
        self._helped = False
        self._relative = relative
        """A "who" or "which" was left out directly before: a verb must come."""

    def run(self) -> list[Word]:
        at = 0
        while at < len(self._tokens):
            phrase, kind, after = _phrase_at(self._tokens, at)
            if phrase == "1":
                self._opens = True
                at = after
                continue
            if phrase:
                self._add(Word(phrase, kind, form="1" if phrase == "lone" else ""))
                at = after
                continue
            self._one(at)
            at += 1
        return self._words

    def _one(self, at: int) -> None:
        token = self._tokens[at]
        following = self._tokens[at + 1] if at + 1 < len(self._tokens) else ""
        if token.startswith(ENTITY):
            self._add(Word(token, "n"))
        elif token in {"has", "have"} and at and self._tokens[at - 1] in RELATIVES and self._previous == "n":
            self._add(Word("with", "p"))
        elif token in RELATIVES and self._previous == "n":
            self._relative = True
        elif token in ARTICLES and not (token == "that" and not following):
            self._opens = True
        elif token in AUXILIARIES or (token in {"has", "have", "had"} and "been" in self._tokens[at + 1 : at + 3]):
            self._helped = True
        elif token in _OWNERS and not (token == "her" and (_ends_object(following) or self._stays(following))):
            self._owner(_OWNERS[token])
        elif token in PRONOUNS:
            self._people.add(PRONOUNS[token])
            self._add(Word(PRONOUNS[token], "n"))
        else:
            self._plain(token, following)

    def _stays(self, following: str) -> bool:
        """ "Behind her stands": no owner."""
        base, form = verb_base(following)
        return self._previous == "p" and form == "s" and base in STAYING

    def _owner(self, owner: str) -> None:
        self._opens = True
        if owner not in self._people:
            self._add(Word(owner + "'s", "j"))

    def _plain(self, token: str, following: str) -> None:
        if token == "and":
            self._add(Word("and", "c"))
        elif token == "any" and self._previous == "x":
            self._opens = True
        elif token == "one" and self._previous == "x":
            self._add(Word("person", "n"))
        elif token in {"nobody", "nothing"}:
            self._words += [Word("no", "x"), Word("person" if token == "nobody" else "anything", "n")]
        elif token in NEGATIONS:
            if token == "no" and self._previous == "p" and self._words[-1].text == "with":
                self._words.pop()
            self._add(Word(NEGATIONS[token], "x"))
        elif token in SEQUENCE:
            self._add(Word(token, "s"))
        elif token in NUMBERS or token.isdecimal():
            number = NUMBERS.get(token, token)
            if number == "1":
                self._opens = True
            else:
                self._add(Word(number, "d"))
        elif token in _INTENSE:
            self._add(Word(token, "i"))
        elif token == "asleep" and self._helped:
            self._add(Word("sleep", "v"))
        elif token in ADJECTIVES and not (token in VERBS and self._after_noun and following in ARTICLES):
            self._add(Word(_RAW.get(token, token), "j"))
        elif token.endswith("ly") and len(token) > 4 and token not in _NOT_ADVERBS:
            self._add(Word(token, "a"))
        else:
            self._verb_or_noun(token, following)

    def _verb_or_noun(self, token: str, following: str) -> None:
        base, form = verb_base(token)
        if base in VERBS or form in {"ing", "ed", "en", "past"}:
            word = self._verb(token, base, form, following)
            if word is not None:
                self._add(word)
                return
        noun, plural = singular(_RAW.get(token, token))
        if noun in MALE or noun in FEMALE:
            self._people.add("he" if noun in MALE else "she")
        self._add(Word(noun, "n", plural=plural))

    def _verb(self, token: str, base: str, form: str, following: str) -> Word | None:
        """None: it is a noun here."""
        inside = self._inside_noun_phrase
        if self._relative and form in {"", "s"} and base in VERBS and following not in AUXILIARIES:
            return Word(base, "v")
        if form == "ing":
            if inside or (not self._words and following in _HEADS_OF_ING):
                return Word(base + "~ing", "n" if not following else "g")
            return Word(base, "v", form="ing")
        if form in {"ed", "en", "past"}:
            return self._past(base, form, following, inside)
        if form == "" and following == "by" and base in _SAME_PAST and self._helped | (self._previous == "n"):
            return Word(base, "v", form="passive")
        if inside or base not in VERBS:
            return None
        if base not in ALSO_NOUNS:
            return Word(base, "v") if form or self._words or following in ARTICLES else None
        if form == "s":
            one = not self._many or any(word.text in GROUPS for word in self._words[-2:-1])
            acts = self._previous in {"n", "a", "x"} and one
            return Word(base, "v") if acts or self._joins_verb(following) else None
        can = self._many or self._previous == "a" or self._tokens_before("to", "can", "will", "not", "could")
        return Word(base, "v") if can and not (self._previous == "n" and not self._many) else None

    def _past(self, base: str, form: str, following: str, inside: bool) -> Word:
        if self._helped and following == "by":
            return Word(base, "v", form="passive")
        if inside:
            return Word(base + STATE, "j")
        if following == "by":
            return Word(base, "v", form="passive")
        if form == "past" and not self._helped:
            return Word(base, "v")
        acts = self._previous == "n" and not self._helped and following and not _ends_object(following)
        if acts and form == "ed":
            return Word(base, "v")
        return Word(base + STATE, "v", form="state")

    def _joins_verb(self, following: str) -> bool:
        """Whether "and" before this word joins it to a verb: "falls and breaks", "eats and drinks water"."""
        if self._previous != "c" or len(self._words) < 2:
            return False
        if self._words[-2].kind in {"v", "a"}:
            return True
        acted = any(word.kind == "v" for word in self._words)
        return acted and (following in _ONWARD or (following in ARTICLES and following != "that"))

    def _tokens_before(self, *words: str) -> bool:
        return bool(self._words) and self._words[-1].text in words

    @property
    def _previous(self) -> str:
        return self._words[-1].kind if self._words else ""

    @property
    def _after_noun(self) -> bool:
        return self._previous == "n"

    @property
    def _many(self) -> bool:
        """Whether what stands before is more than one, so that a bare verb can follow."""
        if self._previous != "n":
            return False
        last = self._words[-1]
        if last.plural or last.text in {"i", "you", "we", "they"}:
            return True
        if len(self._words) > 1 and last.text in _HERD and self._words[-2].kind == "d":
            return True
        joined = [word.kind for word in self._words[-4:]]
        acts = last.text in LIVING or last.text.startswith(ENTITY) or not last.opens
        return "c" in joined[1:] and "v" not in joined and acts

    @property
    def _inside_noun_phrase(self) -> bool:
        """An article, a number or an adjective stands directly before: a noun must come."""
        return self._opens or (self._previous in {"d", "j", "g"} and not self._helped)

    def _add(self, word: Word) -> None:
        self._words.append(replace(word, opens=self._opens, helped=self._helped))
        self._opens = self._helped = self._relative = False


def _ends_object(following: str) -> bool:
    return not following or following in PREPOSITIONS or following in {"and", *SEQUENCE}


@cache
def _phrases() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    index: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
    for phrase, value in PREPOSITIONS.items():
        index.setdefault(phrase.split()[0], []).append((tuple(phrase.split()), value, "p"))
    for phrase, value in QUANTITIES.items():
        index.setdefault(phrase.split()[0], []).append((tuple(phrase.split()), value, "d"))
    for rows in index.values():
        rows.sort(key=lambda row: -len(row[0]))
    return index


def _phrase_at(tokens: Sequence[str], at: int) -> tuple[str, str, int]:
    for phrase, value, kind in _phrases().get(tokens[at], ()):
        size = len(phrase)
        if tuple(tokens[at : at + size]) == phrase and (kind == "p" or at + size < len(tokens)):
            return value, kind, at + size
    return "", "", at
