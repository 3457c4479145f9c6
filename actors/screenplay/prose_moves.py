"""What a sentence of prose says happens to things and people: they move from somewhere to somewhere, appear, are gone.

Invariant: a pure function of the sentence and the names it is asked about; nothing is said of anybody else. The roles
of a verb are tried in a fixed order, the surest first; what fits none says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.prose_clauses import Clause, read_clauses
from actors.screenplay.prose_names import Names
from actors.screenplay.prose_verbs import ROLES, Role

Kind = Literal["moves", "appears", "ends"]


@dataclass(frozen=True, slots=True)
class Change:
    """``who`` indexes the names asked about. ``start``/``end`` span the verb. A place not said is None."""

    who: int
    kind: Kind
    origin: str | None
    goal: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one sentence says, and whom it speaks of first: whom a pronoun of the next one means."""

    changes: tuple[Change, ...]
    mentioned: tuple[int, ...]
    subject: tuple[int, ...]


def read_sentence(sentence: str, names: Names, before: Sequence[int] = ()) -> Sentence:
    """``before``: whom the sentence before spoke of."""
    read = read_clauses(sentence, names, before)
    changes = tuple(change for clause in read.clauses for change in changes_of(clause))
    return Sentence(changes, read.mentioned, read.subject)


def changes_of(clause: Clause) -> tuple[Change, ...]:
    roles = ROLES[clause.verb.lemma]
    if clause.passive:
        return tuple(_done_to(clause, roles))
    for role, read in _READERS.items():
        if role in roles and (found := tuple(read(clause))):
            return found
    return ()


def _all(
    clause: Clause, who: Iterable[int], kind: Kind, origin: str | None = None, goal: str | None = None
) -> list[Change]:
    return [Change(each, kind, origin, goal, clause.start, clause.end) for each in who]


def _into(clause: Clause, gone: tuple[int, ...], made: tuple[int, ...], goal: str | None = None) -> list[Change]:
    """One thing ends in another; a thing that only changes its name in the sentence says nothing."""
    if not gone or not made or not set(made).isdisjoint(gone):
        return []
    return [*_all(clause, gone, "ends"), *_all(clause, made, "appears", None, goal)]


def _become(clause: Clause) -> list[Change]:
    if clause.verb.lemma == "become":  # it alone takes what it makes without "into"
        return _into(clause, clause.doers, clause.objects, clause.goal)
    return _into(clause, clause.doers, clause.result)


def _convert(clause: Clause) -> list[Change]:
    return _into(clause, clause.objects, clause.result)


def _take_in(clause: Clause) -> list[Change]:
    things = [who for who in clause.objects if who not in clause.doers]
    return _all(clause, things, "moves", clause.origin, clause.goal or clause.doer)


def _give_off(clause: Clause) -> list[Change]:
    return _all(clause, clause.objects, "moves", clause.origin or clause.doer, clause.goal)


def _leave(clause: Clause) -> list[Change]:
    return _all(clause, clause.doers, "moves", clause.object, clause.goal)


def _reach(clause: Clause) -> list[Change]:
    place = clause.object or clause.goal
    return _all(clause, clause.doers if place else (), "moves", clause.origin, place)


def _make(clause: Clause) -> list[Change]:
    things = [who for who in clause.objects if who not in clause.doers]
    return _all(clause, things, "appears", None, clause.goal or (clause.doer if clause.doers else None))


def _carry(clause: Clause) -> list[Change]:
    return _moved(clause, clause.objects)


def _go(clause: Clause) -> list[Change]:
    return _moved(clause, clause.doers)


def _moved(clause: Clause, who: Iterable[int]) -> list[Change]:
    said = clause.goal or clause.origin
    return _all(clause, who, "moves", clause.origin, clause.goal) if said else []


def _destroy(clause: Clause) -> list[Change]:
    return _all(clause, [who for who in clause.objects if who not in clause.doers], "ends")


def _arise(clause: Clause) -> list[Change]:
    return [] if clause.objects else _all(clause, clause.doers, "appears", None, clause.goal)


def _end(clause: Clause) -> list[Change]:
    return [] if clause.objects else _all(clause, clause.doers, "ends")


_READERS: dict[Role, Callable[[Clause], list[Change]]] = {
    "become": _become,
    "convert": _convert,
    "take_in": _take_in,
    "give_off": _give_off,
    "leave": _leave,
    "reach": _reach,
    "make": _make,
    "carry": _carry,
    "destroy": _destroy,
    "arise": _arise,
    "go": _go,
    "end": _end,
}
"""In the order in which they are tried."""


def _done_to(clause: Clause, roles: frozenset[Role]) -> list[Change]:
    """A passive: it is done to whom the sentence speaks of."""
    if roles & {"convert", "become"} and (found := _into(clause, clause.doers, clause.result)):
        return found
    if roles & {"make", "arise"}:
        return _all(clause, clause.doers, "appears", None, clause.goal)
    if roles & {"carry", "take_in", "give_off", "go"} and (found := _moved(clause, clause.doers)):
        return found
    return _all(clause, clause.doers, "ends") if roles & {"destroy", "end"} else []
