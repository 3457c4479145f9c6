"""Hit, warm or miss: whether a film that is there may stand for one that is asked for, and why, in words.

Owns the order of the questions; pure, no I/O. The invariant: hard filters first, then what is asked slot by slot, then
how like the words are; nothing later can mend what an earlier question refused. The very same question needs no
likeness. A film is compared moment by moment, in story order, and is a hit only when each of them is. Films come from
an owner's ask (`actors/scene/cached.py`) or one prompt; the threshold is the entry's own (`storage.cache.threshold`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from storage.cache.slots import VERSION, Slots, differences, key, read
from storage.cache.threshold import Curve

Verdict = Literal["hit", "warm", "miss"]

WHY_MAX = 4
"""Reasons told. More: nobody reads them."""
WHY_CHARS_MAX = 160

WARM_DIFFERENCES_MAX = 3
"""Slots, of all moments together, in which a film may differ whose seed and frame are still worth borrowing."""

WARM_FILTERS = frozenset({"beat", "hour", "state", "writer"})
"""Filters in which it may differ besides: what moves a picture and leaves its people, place and look."""

FILTER_WORDS = {
    "scope": "project", "kind": "kind of work", "model": "model", "size": "size", "seconds": "length", "brain": "brain",
    "writer": "prompt writer", "beat": "dramatic beat", "place": "place", "inside": "interior or exterior",
    "hour": "hour", "cast": "people or their looks", "state": "what the scene starts from",
    "references": "reference pictures",
}  # fmt: skip
_SHOWN = frozenset({"model", "size", "seconds", "beat", "place", "inside", "hour"})
"""Filters whose values are words that a person can read."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One moment. `slots` of an action; a line is its words as they are, and who says them."""

    kind: str
    text: str
    speaker: str
    slots: Slots | None

    @property
    def key(self) -> str:
        return key(self.slots) if self.slots is not None else f"{self.speaker}: {_plain(self.text)}"

    @property
    def plain(self) -> str:
        """As written, but for case and spaces."""
        return _plain(self.text)


@dataclass(frozen=True, slots=True)
class Film:
    """What a film is asked or was made by: filters that must be equal, and its moments in order."""

    filters: Mapping[str, str]
    units: tuple[Unit, ...]

    @classmethod
    def of_ask(cls, ask: Mapping[str, Any]) -> Film:
        """Of an owner's ask. Raises KeyError, TypeError for what is none."""
        entities = {str(name): str(id) for name, id in ask["entities"].items()}
        units = tuple(_unit(each, entities) for each in ask["units"])
        return cls({str(name): str(value) for name, value in ask["filters"].items()}, units)

    @property
    def gate(self) -> str:
        """Equal where all hard filters are."""
        return _digest([VERSION, sorted(self.filters.items())])

    @property
    def key(self) -> str:
        """Equal where every moment asks for the same, slot by slot."""
        return _digest([unit.key for unit in self.units])

    @property
    def digest(self) -> str:
        """Of the question whole: the same words in the same place."""
        return _digest([self.gate, [[unit.key, unit.plain] for unit in self.units]])


@dataclass(frozen=True, slots=True)
class Judgement:
    """`sure`: at least so likely is it the film that was asked for; None where nothing was compared."""

    verdict: Verdict
    sure: float | None
    why: tuple[str, ...]


def judge(asked: Film, candidate: Film, similarity: float, threshold: float | Judged) -> Judgement:
    """`similarity`: of the words, the least of all moments (`reworded`): what slots cannot settle is in them.

    `threshold`: a number, or with it the curve that says how sure.
    """
    at = threshold if isinstance(threshold, Judged) else Judged(threshold)
    names = dict.fromkeys((*asked.filters, *candidate.filters))
    filters = tuple(name for name in names if asked.filters.get(name) != candidate.filters.get(name))
    hard = tuple(name for name in filters if name not in WARM_FILTERS)
    if hard:
        return Judgement("miss", None, _told(_filter_words(asked, candidate, name) for name in hard))
    words, count = _slot_differences(asked, candidate)
    if filters or count:
        verdict: Verdict = "warm" if count <= WARM_DIFFERENCES_MAX else "miss"
        return Judgement(verdict, None, _told((*(_filter_words(asked, candidate, n) for n in filters), *words)))
    if asked.digest == candidate.digest:
        return Judgement("hit", 1.0, ("the same words",))
    sure = at.sure(similarity)
    if at.answers(similarity):
        return Judgement("hit", sure, ("every slot is equal", _likeness(similarity, at.value)))
    return Judgement(
        "warm", sure, ("every slot is equal, the words are not like enough", _likeness(similarity, at.value))
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """A threshold with what it was made of. `coin`: 0..1, of this question to this entry, the same at every try."""

    value: float
    curve: Curve | None = None
    delta: float = 0.0
    coin: float = 0.0

    def sure(self, similarity: float) -> float | None:
        return None if self.curve is None else self.curve.sure(similarity, self.delta)

    def answers(self, similarity: float) -> bool:
        """At the threshold always; below it as seldom as the bound allows."""
        if similarity >= self.value or self.curve is None:
            return similarity >= self.value
        return self.coin >= self.curve.explored(similarity, self.delta)


def reworded(asked: Film, candidate: Film) -> list[int]:
    """Moments that say the same in other words. Of films whose `key` is equal."""
    pairs = zip(asked.units, candidate.units, strict=True)
    return [n for n, (a, b) in enumerate(pairs) if a.plain != b.plain]


def _unit(told: Mapping[str, Any], entities: Mapping[str, str]) -> Unit:
    kind, text = str(told["kind"]), str(told["text"])
    return Unit(kind, text, str(told.get("speaker", "")), read(text, entities) if kind == "action" else None)


def _filter_words(asked: Film, candidate: Film, name: str) -> str:
    words = FILTER_WORDS.get(name, name)
    if name not in _SHOWN:
        return f"{words}: not the same"
    return f"{words}: {asked.filters.get(name) or 'none'} / {candidate.filters.get(name) or 'none'}"


def _slot_differences(asked: Film, candidate: Film) -> tuple[list[str], int]:
    """The first differences in words, and how many there are."""
    if len(asked.units) != len(candidate.units):
        return [f"moments: {len(asked.units)} / {len(candidate.units)}"], WARM_DIFFERENCES_MAX + 1
    told: list[str] = []
    for number, (one, other) in enumerate(zip(asked.units, candidate.units, strict=True), start=1):
        if one.key == other.key and one.kind == other.kind:
            continue
        place = f"moment {number}, " if len(asked.units) > 1 else ""
        told += [f"{place}{words}" for words in _unit_differences(one, other)]
    return told, len(told)


def _unit_differences(one: Unit, other: Unit) -> Sequence[str]:
    if one.slots is None or other.slots is None:
        return (f"line: “{_short(one.text)}” / “{_short(other.text)}”",)
    return differences(one.slots, other.slots) or ("words: not the same",)


def _likeness(similarity: float, threshold: float) -> str:
    least = "nothing is like enough yet" if threshold > 1 else f"{threshold:.3f} is like enough"
    return f"the words are alike to {similarity:.3f}; {least}"


def _told(words: Any) -> tuple[str, ...]:
    return tuple(each[:WHY_CHARS_MAX] for each in list(words)[:WHY_MAX])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
