"""A word of a prompt with its kind, and one name for all words that mean the same on screen.

Owns `Word` and the use of the synonyms. Invariant: a verb's synonyms are for verbs only. Made by `tagging`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from storage.cache.slots.synonyms import SYNONYMS
from storage.cache.slots.verbs import ALSO_NOUNS, VERBS
from storage.cache.slots.words import PREPOSITIONS


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    kind: str
    """n noun · d number · j adjective · v verb · p preposition · c and · s then, while · x negation · a adverb."""
    plural: bool = False
    opens: bool = False
    """An article or an owner stood before it."""
    form: str = ""
    helped: bool = False
    """An auxiliary stood before it."""


@cache
def _synonyms() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    index: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for phrase, value in SYNONYMS.items():
        index.setdefault(phrase.split()[0], []).append((tuple(phrase.split()), value))
    for rows in index.values():
        rows.sort(key=lambda row: -len(row[0]))
    return index


def with_synonyms(words: list[Word]) -> list[Word]:
    index = _synonyms()
    found: list[Word] = []
    at = 0
    while at < len(words):
        size = 0
        for phrase, value in index.get(words[at].text, ()):
            some = words[at : at + len(phrase)]
            if tuple(word.text for word in some) == phrase and _same_kind(some, value):
                found.extend(_replaced(some, value))
                size = len(phrase)
                break
        if not size:
            found.append(words[at])
        at += size or 1
    return found


def _same_kind(some: Sequence[Word], value: str) -> bool:
    """A verb's synonyms are for verbs: "close" is shut only as what somebody does."""
    head = value.split(maxsplit=1)[0]
    if some[0].kind == "v":
        return head in VERBS
    return head not in VERBS or (head in ALSO_NOUNS and some[0].kind in {"n", "j"}) or head in {"clean"}


def _replaced(some: Sequence[Word], value: str) -> list[Word]:
    first, last = some[0], some[-1]
    texts = value.split()
    head = replace(first, text=texts[0], plural=first.plural or last.plural)
    if texts[0] == "wear":
        head = replace(head, form="")
    rest = [Word(text, "p" if text in PREPOSITIONS else "n") for text in texts[1:]]
    if rest and len(rest) < len(some):
        rest[-1] = replace(rest[-1], plural=last.plural)
    return [head, *rest]
