"""How an answer is put into words: articles, places after their prepositions, lists, names as people write them.

The invariant: pure, English, and never a word that says anything of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.screenplay.vocabulary import words as listed
from actors.tableread.limits import ANSWER_CHARS_MAX


def stem(word: str) -> str:
    for end in ("ing", "ed", "es", "s"):
        if len(word) - len(end) > 3 and word.endswith(end):
            return word[: -len(end)]
    return word


def with_the(words: str) -> str:
    return words if words.split()[:1] in (["the"], ["a"], ["an"]) else f"the {words}"


def with_a(words: str) -> str:
    first = words.split()[:1]
    if first in (["the"], ["a"], ["an"]) or words.endswith("s"):
        return words
    return f"{'an' if words[:1].casefold() in 'aeiou' else 'a'} {words}"


def at_place(place: str, by: str = "at") -> str:
    """A place after a preposition, unless it brings one."""
    flat = as_name(place) if place.isupper() else place
    first = flat.casefold().split()[:1]
    if first and first[0] in ("in", "on", "at", "under", "behind", "inside", "into", "onto", "by", "near", "over"):
        return flat[:1].lower() + flat[1:]
    return f"{by} {flat}" if first in (["the"], ["a"], ["an"]) else f"{by} the {flat}"


def as_name(name: str) -> str:
    return name.title().replace("’S", "’s").replace("'S", "'s") if name.isupper() or name.islower() else name


def joined(words: Iterable[str]) -> str:
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def cut_short(text: str) -> str:
    if len(text) <= ANSWER_CHARS_MAX:
        return text
    return f"{text[: ANSWER_CHARS_MAX - 1].rsplit(' ', 1)[0]}…"


def put_by(place: str) -> str:
    """in a drawer, on a table."""
    last = place.casefold().split()[-1:]
    return next((word for word, places in _PUT_BY.items() if last and last[0] in places), "at")


_PUT_BY = {
    "in": listed(
        "drawer box bag pocket chest safe case tin jar trunk basket cupboard closet cabinet hole car boat house"
    ),
    "on": listed("table desk floor ground bed shelf chair counter bench wall hook rack tray step roof sofa stove"),
}
