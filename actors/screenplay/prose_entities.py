"""Whom and what prose speaks of: people, places, vehicles, named or by a common noun, with their spans.

Invariant: a pure function of the text; every span begins at its article or possessive and ends at its noun or name, so
that `the old keeper` is one entity and `Anna's brother` two, one inside the other. Pronouns name nobody. Two kinds of
sign count: capitals that are not only the beginning of a sentence, and a noun of the tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from actors.screenplay.heading import Span
from actors.screenplay.prose_nouns import (
    BUILDING_ENDINGS,
    GROUP_ENDINGS,
    KIND_OF,
    NATURE_ENDINGS,
    NOT_NAMES,
    REGIONS,
    TITLES,
    EntityKind,
)
from actors.screenplay.vocabulary import words

_TOKEN = re.compile(r"[^\W_]+(?:[’'-](?!s\b)[^\W_]+)*\.?(?<!\w\w\w\w\.)|['’]s\b|[^\w\s]|\n")
_DETERMINERS = words("the a an this that these those his her its their my your our some any no every each another what"
                     " such one two three four five six seven eight nine ten both all thy")  # fmt: skip
_NOT_MODIFIERS = words("""
    and or but nor if of in on at to from with by for as into upon under over behind like about between through than
    he she it they we you i him them us me who whom which that is are was were be been being am do does did has have
    had will would shall should can could may might must not so then there here when where while because up down out
    off very too only even never ever said says asked told came went saw see made make took take gave give got get
    """)
_NUMERAL = re.compile(r"[IVXL]+\.?")
_CAPITALS_MAX = 3
_MODIFIERS_MAX = 3
_IN = words("in at from to near through toward towards of into")
_SAYS = words("said says asked cried replied answered exclaimed thought knew looked was is had went came would could"
              " did sat stood turned walked felt took made")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProseEntity:
    """``head`` is the noun or the whole name."""

    kind: EntityKind
    head: str
    span: Span
    named: bool


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    opens: bool
    """Whether a sentence begins here, so that a capital says nothing."""


def entities_in(text: str) -> tuple[ProseEntity, ...]:
    """In order of their beginnings, the longer first."""
    tokens = _tokens(text)
    known = _known_names(tokens)
    found: dict[tuple[int, int], ProseEntity] = {}
    for first, last, kind, named in (*_named(tokens, known), *_common(tokens)):
        start = _possessor(tokens, first, found)
        span = Span(tokens[start].start, tokens[last].end)
        found.setdefault((start, last), ProseEntity(kind, text[tokens[first].start : span.end], span, named))
    return tuple(sorted(found.values(), key=lambda entity: (entity.span.start, -entity.span.end)))


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    opens = True
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "\n":
            opens = True
            continue
        if word.endswith(".") and len(word) > 1 and word[:-1] not in TITLES and len(word) > 2:
            found.append(_Token(word[:-1], match.start(), match.end() - 1, opens))
            opens = True
            continue
        found.append(_Token(word, match.start(), match.end(), opens))
        opens = (
            word in {".", "!", "?", ":", ";"} or (opens and not word[0].isalnum()) or word in {"“", '"', "‘", "`", "—"}
        )
    return found


def _capital(token: _Token) -> bool:
    """A capital word that can be part of a name. Words all in capitals are shouted, or a heading."""
    word = token.text
    if not word[0].isupper() or word in NOT_NAMES or word.capitalize() in NOT_NAMES or _NUMERAL.fullmatch(word):
        return False
    return len(word) <= _CAPITALS_MAX or not word.isupper()


def _known_names(tokens: list[_Token]) -> dict[str, EntityKind]:
    """Capitalised words that stand inside sentences, with the kind that most of their places speak for."""
    votes: dict[str, Counter[EntityKind]] = {}
    lower = {token.text for token in tokens if token.text[0].islower()}
    for at, token in enumerate(tokens):
        if not _capital(token) or token.text.rstrip(".") in TITLES or (token.opens and token.text.lower() in lower):
            continue
        vote = votes.setdefault(token.text, Counter())
        before = tokens[at - 1].text if at and not token.opens else ""
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.text in REGIONS:
            vote["region"] += 5
        elif before.rstrip(".") in TITLES or after in _SAYS or after in {"'s", "’s"}:
            vote["person"] += 3
        elif before.lower() in _IN - {"to", "of"}:
            vote["region"] += 2
        elif not token.opens:
            vote["person"] += 1
    return {name: vote.most_common(1)[0][0] for name, vote in votes.items() if vote}


def _named(tokens: list[_Token], known: dict[str, EntityKind]) -> Iterator[tuple[int, int, EntityKind, bool]]:
    at = 0
    while at < len(tokens):
        last = at
        while last < len(tokens) and _part_of_name(tokens, last, known, at):
            last += 1
        if last == at:
            at += 1
            continue
        first, end = at, last - 1
        if tokens[end].text.rstrip(".") in TITLES and first == end:
            at = last
            continue
        kind = _kind_of_name(tokens, first, end, known)
        if kind in {"building", "nature", "group"} and first and tokens[first - 1].text.lower() == "the":
            first -= 1
        yield first, end, kind, True
        at = last


def _part_of_name(tokens: list[_Token], at: int, known: dict[str, EntityKind], first: int) -> bool:
    token = tokens[at]
    if not token.text[0].isalpha() or not _capital(token):
        return False
    if at > first and token.opens:
        return False
    return token.text in known or token.text.rstrip(".") in TITLES or (at > first and not token.opens)


def _kind_of_name(tokens: list[_Token], first: int, last: int, known: dict[str, EntityKind]) -> EntityKind:
    ending = tokens[last].text
    if tokens[first].text.rstrip(".") in TITLES:
        return "person"
    for endings, kind in ((BUILDING_ENDINGS, "building"), (NATURE_ENDINGS, "nature"), (GROUP_ENDINGS, "group")):
        if ending in endings and last > first:
            return kind  # type: ignore[return-value]
    return known.get(ending, "person")


def _common(tokens: list[_Token]) -> Iterator[tuple[int, int, EntityKind, bool]]:
    for at, token in enumerate(tokens):
        kind = KIND_OF.get(token.text.lower())
        if kind is None or (token.text[0].isupper() and not token.opens):
            continue
        if at + 1 < len(tokens) and KIND_OF.get(tokens[at + 1].text.lower()) and tokens[at + 1].text[0].islower():
            continue  # a noun before a noun: the family doctor
        first = _opening(tokens, at)
        if first == at and not _alone(token.text.lower(), kind):
            continue
        yield first, at, kind, False


def _opening(tokens: list[_Token], at: int) -> int:
    """Where the noun phrase of a noun begins: at its determiner, when there is one within a few words."""
    for back in range(1, _MODIFIERS_MAX + 2):
        if at - back < 0:
            break
        token = tokens[at - back]
        word = token.text.lower()
        if word in _DETERMINERS:
            return at - back
        if word in {"'s", "’s"}:
            return at - back + 1
        if not token.text[0].isalpha() or word in _NOT_MODIFIERS or (token.text[0].isupper() and not token.opens):
            break
    return at


def _alone(word: str, kind: EntityKind) -> bool:
    """Nouns that name somebody or a place without an article."""
    if kind == "person":
        return word in _CALLED or (word not in _GENERIC and word.endswith(("s", "men", "body", "one")))
    return word in _PLACES


_CALLED = words("sir mother father mama mamma papa uncle aunt master folks devil sister brother")
_GENERIC = words("men people women children friends girls boys ladies gentlemen persons passengers")
_PLACES = words("home downstairs upstairs town sea church school earth")


def _possessor(tokens: list[_Token], first: int, found: dict[tuple[int, int], ProseEntity]) -> int:
    """`Anna 's brother` begins at Anna."""
    if first >= 2 and tokens[first - 1].text in {"'s", "’s"}:
        for start, last in found:
            if last == first - 2:
                return start
    return first
