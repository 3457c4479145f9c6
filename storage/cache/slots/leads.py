"""What people write before the picture: "a beautiful video of", "close-up of", "there is", "Scene:".

Owns those openings. Invariant: what says something about the picture goes to its slot, the rest to the fillers. Used by
`phrases`.
"""

from __future__ import annotations

from functools import cache

from storage.cache.slots import film
from storage.cache.slots.found import Found, Value, row_at
from storage.cache.slots.text import COLON

_LEADING = frozenset(("size", "angle", "lens", "speed", "style", "palette"))
"""May stand before "video of", or as "CU of", at the beginning of a segment."""

_LABELS = frozenset(
    "scene video cast props setting camera style prompt continuity lighting place time mood subject action".split()
) | {"dramatic beat", "camera movement", "time of day", "shot size"}


def after_lead(words: list[str], mark: str, found: Found, first: bool) -> list[str]:
    """Without "a beautiful video of", "there is", "the scene shows"."""
    if mark == COLON and " ".join(words) in _LABELS:
        found.fillers.append(words[0])
        return []
    if (
        mark == COLON
        and words[-1] in film.LEAD_NOUNS
        and set(words[:-1]) <= film.LEAD_ADJECTIVES | {"a", "the", "this"}
    ):
        found.fillers.append(" ".join(words))
        return []
    at = 0
    for phrase in _lead_phrases():
        if tuple(words[: len(phrase)]) == phrase and (first or phrase not in _FIRST_ONLY):
            at = len(phrase)
            break
    if at and words[0] in {"imagine", "picture"} and words[1:2] not in (["a"], ["an"], ["the"]):
        at = 0
    after = _pictured(words, at, found) if first or at == 0 else at
    if at and at == after and words[0] in _ASKS:
        return words
    if after:
        found.fillers.append(" ".join(words[:after]))
    return words[after:]


_ASKS = frozenset("generate create make render produce show".split())
_FIRST_ONLY = frozenset((("picture",), ("imagine",), ("please",)))


@cache
def _lead_phrases() -> tuple[tuple[str, ...], ...]:
    return tuple(sorted((tuple(phrase.split()) for phrase in film.leads()), key=lambda phrase: -len(phrase)))


def _pictured(words: list[str], start: int, found: Found) -> int:
    """Past "[a] [beautiful] video of"; `start` where there is no such thing."""
    at = start
    if at < len(words) and words[at] in {"a", "an", "the", "this"}:
        at += 1
    took: list[tuple[str, Value]] = []
    while at < len(words):
        row = row_at(words, at, True)
        if row and row[0] in _LEADING:
            took.append(row[:2])
            at = row[2]
        elif words[at] in film.LEAD_ADJECTIVES:
            at += 1
        else:
            break
    if took and at < len(words) and words[at] in {"of", "on"}:
        found.put_all(took)
        return at + 1
    if at < len(words) and words[at] in film.LEAD_NOUNS:
        at += 1
        while at < len(words) and words[at] in film.LEAD_NOUNS:
            at += 1
        link = 1 if at < len(words) and words[at] in film.LEAD_LINKS else 2 * (words[at : at + 2] == ["in", "which"])
        if link:
            found.put_all(took)
            return at + link
    return start
