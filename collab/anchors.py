"""Places in a text that move with their words: Yjs relative positions, made and read from a history.

Owns the meaning of `{"item": {"client", "clock"}, "assoc"}` as Yjs writes it. pycrdt's own sticky indexes count UTF-8
bytes where Yjs counts UTF-16 units, so beside any non-ASCII character they name another one: not used. The invariant:
an anchor made here is the one Yjs makes at the same place, and both resolve to the same offsets. Offsets in and out are
code points. Pure functions of `collab.history.History`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from collab.history import History, Node, units
from collab.structs import utf16_length
from collab.updates import Id

AFTER, BEFORE = 0, -1


@dataclass(frozen=True, slots=True)
class Position:
    """`id`: the character it sticks to, None: an end of the text. `assoc` >= 0: in front of it, else behind it."""

    id: Id | None
    assoc: int


def read_position(value: Any) -> Position | None:
    """A relative position as Yjs writes it in JSON; None for what is none (clients wrote it: anything may stand there).

    Numbers may come as floats, which is how some encoders write large ones.
    """
    if not isinstance(value, Mapping):
        return None
    assoc, item = _whole(value.get("assoc", 0)), value.get("item")
    if assoc is None:
        return None
    if item is None:
        return Position(None, assoc) if value.get("tname") is not None else None
    if not isinstance(item, Mapping):
        return None
    client, clock = _whole(item.get("client")), _whole(item.get("clock"))
    return None if client is None or clock is None or min(client, clock) < 0 else Position((client, clock), assoc)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1 << 53:
        return None
    return int(value) if value == int(value) else None


def write_position(position: Position, root: str) -> dict[str, Any]:
    if position.id is None:
        return {"tname": root, "assoc": position.assoc}
    return {"item": {"client": position.id[0], "clock": position.id[1]}, "assoc": position.assoc}


def anchor(history: History, start: int, end: int, seq: int) -> tuple[Position, Position] | None:
    """Both ends of the code points start <= i < end of the text as of `seq`; None if it has no such part."""
    if not 0 <= start < end:
        return None
    first: Id | None = None
    at = 0
    for node in history.pieces():
        if node.text is None or not node.seen_at(seq):
            continue
        length = len(node.text)
        if first is None and start < at + length:
            first = node.client, node.clock + utf16_length(node.text[: start - at])
        if end <= at + length:
            assert first is not None, "an end before its start"
            last = node.client, node.clock + utf16_length(node.text[: end - at]) - 1
            return Position(first, AFTER), Position(last, BEFORE)
        at += length
    return None


def resolve(history: History, positions: Iterable[Position], seq: int) -> dict[Position, int]:
    """Where each stands in the text as of `seq`, in code points; one whose character is not known is left out."""
    wanted: dict[int, list[tuple[Position, int]]] = {}
    found: dict[Position, int] = {}
    ends = []
    for position in positions:
        if position.id is None:
            ends.append(position)
        elif (node := history.holding(today := history.today(position.id))) is not None and node.listed:
            wanted.setdefault(id(node), []).append((position, today[1]))
    at = 0
    for node in history.pieces():
        seen = node.text is not None and node.seen_at(seq)
        for position, clock in wanted.get(id(node), ()):
            found[position] = at + (_inside(node, clock, position.assoc) if seen else 0)
        at += len(node.text) if seen and node.text is not None else 0
    for position in ends:
        found[position] = at if position.assoc >= 0 else 0
    return found


def _inside(node: Node, clock: int, assoc: int) -> int:
    assert node.text is not None
    return len(units(node.text, 0, clock - node.clock + (1 if assoc < 0 else 0)))
