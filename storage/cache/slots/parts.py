"""The pieces of a clause: a noun with its number and traits in one, everything else by itself.

Owns `Part` and how words become parts. Invariant: every word of the clause is in exactly one part. Between `tagging`
and `clauses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage.cache.slots.tagging import ENTITY, PLURAL
from storage.cache.slots.word import Word
from storage.cache.slots.words import COLOURS, LIVING, SHADES

ING = "~ing"
"""Ends an -ing form inside a noun phrase."""

BARE = "bare"
"""Form of a noun phrase that is an article and adjectives."""


@dataclass(slots=True)
class Part:
    """One piece of a scene. Of a noun phrase (kind n): `text` is the noun, `traits` its sorted adjectives."""

    kind: str
    text: str
    traits: list[str] = field(default_factory=list)
    number: str = ""
    plural: bool = False
    opens: bool = False
    helped: bool = False
    form: str = ""

    def __str__(self) -> str:
        mark = PLURAL if self.plural else ""
        return " ".join(each for each in (self.number, *sorted(self.traits), self.text + mark) if each)


def parts_of(words: Sequence[Word]) -> list[Part]:
    parts: list[Part] = []
    at = 0
    while at < len(words):
        if words[at].kind in "djngi":
            part, at = _noun_phrase(words, at)
            parts.extend(_doing(part))
        else:
            word = words[at]
            parts.append(Part(word.kind, word.text, form=word.form, opens=word.opens, helped=word.helped))
            at += 1
    return parts


def _noun_phrase(words: Sequence[Word], at: int) -> tuple[Part, int]:
    first = words[at]
    part = Part("n", "", opens=first.opens, helped=first.helped)
    nouns: list[str] = []
    prefix = ""
    begin = at
    while at < len(words) and words[at].kind in "djngi":
        word = words[at]
        named = word.text.startswith(ENTITY) or (nouns[-1:] and nouns[-1].startswith(ENTITY) and nouns[-1][-2:] != "'s")
        if nouns and (word.kind == "d" or word.opens or word.helped or (named and word.kind != "j")):
            break
        if nouns and word.kind == "j":
            following = words[at + 1] if at + 1 < len(words) else None
            if following is not None and following.kind in "djngi" and not following.opens:
                break
            nouns.append(word.text)
            at += 1
            continue
        if at > begin and (word.opens and not word.text.endswith("'s")) and (part.traits or part.number):
            break
        if word.kind == "d":
            part.number = f"{part.number} {word.text}".strip()
        elif word.kind == "i" or (word.text in SHADES and at + 1 < len(words) and words[at + 1].text in COLOURS):
            prefix = f"{prefix}{word.text}-"
        elif word.kind == "j":
            part.traits.append(prefix + word.text)
            prefix = ""
        else:
            nouns.append(prefix + word.text)
            prefix = ""
            part.plural = word.plural
        at += 1
    if prefix:
        part.traits.append(prefix.rstrip("-"))
    part.text = " ".join(nouns)
    part.plural = part.plural or bool(part.number and part.number != "lone")
    if not nouns and part.traits and first.opens and not first.helped:
        part.text, part.form = part.traits.pop(), BARE  # "in the dark", "a square"
    elif not nouns:
        part.kind = "j"
    return part, at


def _doing(part: Part) -> list[Part]:
    """ "A running man" as "a man running"."""
    first, _, noun = part.text.partition(" ")
    if not first.endswith(ING) or noun not in LIVING:
        return [part]
    part.text = noun
    return [part, Part("v", first.removesuffix(ING))]
