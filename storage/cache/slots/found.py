"""What the tables of film took from a prompt, and the search in those tables.

Owns `Found` and the index of all phrases. Invariant: of several phrases that begin at a word, the longest is found.
Used by `leads` and `phrases`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from storage.cache.slots import film
from storage.cache.slots.camera import CameraMove, direct_rows

Value = str | CameraMove
_Row = tuple[tuple[str, ...], bool, str, Value]


@dataclass(slots=True)
class Found:
    """What the tables took, slot by slot in the prompt's order, and the words that are left, segment by segment."""

    slots: dict[str, list[Value]] = field(default_factory=dict)
    fillers: list[str] = field(default_factory=list)
    segments: list[tuple[list[str], str]] = field(default_factory=list)
    """(words, the mark that ended them)"""

    def put(self, slot: str, value: Value) -> None:
        if slot == "filler":
            self.fillers.append(str(value))
            return
        for name, each in film.HAND_OVER.get(str(value), ((slot, value),)) if slot == "weather" else ((slot, value),):
            self.slots.setdefault(name, []).append(each)

    def put_all(self, took: Iterable[tuple[str, Value]]) -> None:
        for slot, value in took:
            self.put(slot, value)


@cache
def _index() -> dict[str, list[_Row]]:
    """First word → rows, the longest first."""
    index: dict[str, list[_Row]] = {}
    rows: list[_Row] = []
    for slot, table in film.SLOT_TABLES.items():
        rows += [(tuple(phrase.split()), alone, slot, value) for phrase, alone, value in film.rows(table)]
    rows += [(tuple(phrase.split()), alone, "camera", move) for phrase, alone, move in direct_rows()]
    rows += [(tuple(phrase.split()), alone, "weather", value) for phrase, alone, value in film.skies()]
    rows += [(tuple(phrase.split()), True, "filler", phrase) for phrase in film.fillers()]
    for row in rows:
        index.setdefault(row[0][0], []).append(row)
    for each in index.values():
        each.sort(key=lambda row: -len(row[0]))
    return index


def row_at(words: Sequence[str], at: int, alone: bool) -> tuple[str, Value, int] | None:
    for phrase, only_alone, slot, value in _index().get(words[at], ()):
        size = len(phrase)
        if (alone or not only_alone) and tuple(words[at : at + size]) == phrase:
            return slot, value, at + size
    return None
