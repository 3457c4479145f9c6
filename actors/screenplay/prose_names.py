"""Which words of a sentence name whom: a list of names looked for in prose, number and articles aside, and pronouns.

Invariant: pure; no two mentions overlap, and the longest name wins. A pronoun means the first fitting name before it in
its sentence, else in the sentence before; one that fits nobody means nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from actors.screenplay.vocabulary import words

TOKEN = re.compile(r"[A-Za-z0-9]+(?:['’-][A-Za-z0-9]+)*|[,;:.!?()]")
ARTICLES = words("a an the this that these those his her its their my your our some any all each every another other"
                 " both no one two three four five many several few more most")  # fmt: skip
_MANY = words("they them")
_PRONOUNS = _MANY | words("it he she him")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ves", "f"))


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    low: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens ``first`` to ``last`` name ``who``, an index of the names asked about."""

    first: int
    last: int
    who: int


def words_of(sentence: str) -> list[Word]:
    return [Word(m.group(), m.group().lower(), m.start(), m.end()) for m in TOKEN.finditer(sentence)]


def singular(word: str) -> str:
    """A key for a noun: lower case, number aside."""
    word = word.lower()
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


class Names:
    """The names asked about. A name may have spellings, divided by ``;``. A last word that only one name has is it."""

    def __init__(self, names: Sequence[str]) -> None:
        self.count = len(names)
        self.keys: list[tuple[tuple[str, ...], int]] = []
        self.many = [name.lower().endswith("s") for name in names]
        heads: dict[str, set[int]] = {}
        for who, name in enumerate(names):
            for spelling in name.split(";"):
                whole = tuple(singular(word.group()) for word in TOKEN.finditer(spelling))
                key = tuple(word for word in whole if word not in ARTICLES) or whole
                if key:
                    self.keys.append((key, who))
                    heads.setdefault(key[-1], set()).add(who)
        self.heads = {head: next(iter(who)) for head, who in heads.items() if len(who) == 1}
        self.keys.sort(key=lambda entry: -len(entry[0]))


def mentions_in(tokens: Sequence[Word], names: Names, before: Sequence[int]) -> list[Mention]:
    """``before``: whom the sentence before spoke of, its subject first."""
    found = _by_whole_names(tokens, names)
    taken = {at for mention in found.values() for at in range(mention.first, mention.last + 1)}
    said = {mention.who for mention in found.values()}
    for at, token in enumerate(tokens):
        if at in taken:
            continue
        head = names.heads.get(singular(token.low))
        if head is not None and head not in said:
            found[at] = Mention(at, at, head)
        elif token.low in _PRONOUNS:
            who = _meant(token.low, names, before, [found[i].who for i in sorted(found) if i < at])
            if who is not None:
                found[at] = Mention(at, at, who)
    return [found[at] for at in sorted(found)]


def _by_whole_names(tokens: Sequence[Word], names: Names) -> dict[int, Mention]:
    keys = [singular(token.text) for token in tokens]
    found: dict[int, Mention] = {}
    taken: set[int] = set()
    for key, who in names.keys:
        for at in range(len(keys) - len(key) + 1):
            span = range(at, at + len(key))
            if tuple(keys[at : at + len(key)]) == key and taken.isdisjoint(span):
                found[at] = Mention(at, at + len(key) - 1, who)
                taken.update(span)
    return found


def _meant(pronoun: str, names: Names, before: Sequence[int], here: Sequence[int]) -> int | None:
    many = pronoun in _MANY
    return next((who for who in (*here, *before) if names.many[who] == many), None)
