"""Edits by something that read a text a while ago: carried to where the text is now, and given up where people are.

Owns the judgement on each edit of a batch. Invariants: an edit is applied only to the very words it was written for;
one whose words have changed, that touches somebody's caret or selection, or what a person changed a moment ago, is
yielded with the words as they are now, never forced; the rest is one transaction. Places are carried by character
identity (`collab.history`) up to what the log holds, and by difference over the last milliseconds. Pure; offsets are
code points.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pycrdt

from collab.anchors import Position, resolve
from collab.history import Author, Change, History
from collab.text import byte_offset, edits

QUIET_MS = 3_000
"""How long after a person's change its place is theirs. Shorter: agents cut into sentences being typed."""

EDITS_MAX = 200
"""Edits in one batch. Over: refused; send the rest as another batch."""


class Reason(enum.Enum):
    CHANGED = "CHANGED"  # its words are not what they were when they were read
    BUSY = "BUSY"  # a person changed them a moment ago
    CARET = "CARET"  # somebody's caret or selection is there


@dataclass(frozen=True, slots=True)
class Wanted:
    """Put `text` in place of the code points start <= i < end of the text that was read."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """The same, in the text as it is now; `index`: which of the batch."""

    index: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Yielded:
    """An edit that was not made: where its words are now, what they say, and why."""

    index: int
    start: int
    end: int
    text: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """For the text `then`."""

    then: str
    steps: tuple[Step, ...]
    yielded: tuple[Yielded, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """`around`: the same, with what came beside it since: a replaced word stands beside the one it replaced."""

    start: int
    end: int
    around: tuple[int, int]

    def touches(self, start: int, end: int) -> bool:
        return start <= self.end and end >= self.start


def plan(
    history: History,
    base: int,
    wanted: Sequence[Wanted],
    *,
    carets: Iterable[tuple[Position, Position]] = (),
    now_ms: int,
    quiet_ms: int = QUIET_MS,
    human: Callable[[Author], bool],
) -> Plan:
    """Carry edits of the text as of `base` to all that the history holds. They are disjoint and within that text."""
    before, now = history.text(base), history.text()
    places = _carried(history, base, wanted)
    taken = _selections(history, carets)
    busy = _touched(history, lambda change: change.at_ms > now_ms - quiet_ms and human(change.author))
    steps: list[Step] = []
    yielded: list[Yielded] = []
    for index, (edit, place) in enumerate(zip(wanted, places, strict=True)):
        reason = None
        if now[place.start : place.end] != before[edit.start : edit.end]:
            reason = Reason.CHANGED
        elif any(place.touches(*each) for each in taken):
            reason = Reason.CARET
        elif any(place.touches(*each) for each in busy):
            reason = Reason.BUSY
        if reason is None:
            steps.append(Step(index, place.start, place.end, edit.text))
        else:
            start, end = place.around if reason is Reason.CHANGED else (place.start, place.end)
            yielded.append(Yielded(index, start, end, now[start:end], reason))
    return Plan(now, tuple(steps), tuple(yielded))


def carry(planned: Plan, now: str) -> Plan:
    """The plan for a text that has moved on a little since: what touches a difference is yielded."""
    if planned.then == now:
        return planned
    moved = edits(planned.then, now)
    steps: list[Step] = []
    yielded = list(planned.yielded)
    for step in planned.steps:
        shift = sum(len(what) - (end - start) for start, end, what in moved if end < step.start)
        start, end = step.start + shift, step.end + shift
        if any(a <= step.end and b >= step.start for a, b, _ in moved):
            end = min(len(now), max(start, end))
            yielded.append(Yielded(step.index, start, end, now[start:end], Reason.CHANGED))
        else:
            steps.append(replace(step, start=start, end=end))
    return Plan(now, tuple(steps), tuple(yielded))


def apply(text: pycrdt.Text, planned: Plan) -> None:
    """Make the steps. The text reads `planned.then`."""
    for step in sorted(planned.steps, key=lambda step: step.start, reverse=True):
        first, last = byte_offset(planned.then, step.start), byte_offset(planned.then, step.end)
        if last > first:
            del text[first:last]
        if step.text:
            text.insert(first, step.text)


def _carried(history: History, base: int, wanted: Sequence[Wanted]) -> list[_Place]:
    """Where each range is now: from in front of its first character to behind its last, wherever those went.

    An insertion stays behind the character it was put behind.
    """
    ends = {end for edit in wanted for end in (edit.start, edit.end)}
    fronts, backs = _fronts_and_backs(history, base, sorted(ends))
    found = []
    for edit in wanted:
        around = backs[edit.start], fronts[edit.end]
        end = backs[edit.end] if edit.end > 0 else fronts[0]
        start = fronts[edit.start] if edit.end > edit.start else end
        found.append(_Place(min(start, end), end, around))
    return found


def _fronts_and_backs(history: History, base: int, ends: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """By offset in the text as of `base`: where that is, in front of the character there and behind the one before."""
    fronts: dict[int, int] = {}
    backs = {0: 0}
    then = now = 0
    ahead, behind = list(ends), [end for end in ends if end > 0]
    for node in history.pieces():
        if node.text is None:
            continue
        length, there = len(node.text), node.seen_at(history.seq)
        if node.seen_at(base):
            while ahead and ahead[0] < then + length:
                fronts[ahead[0]] = now + (ahead[0] - then if there else 0)
                ahead.pop(0)
            while behind and behind[0] <= then + length:
                backs[behind[0]] = now + (behind[0] - then if there else 0)
                behind.pop(0)
            then += length
        now += length if there else 0
    fronts |= dict.fromkeys(ahead, now)
    return fronts, backs


def _selections(history: History, carets: Iterable[tuple[Position, Position]]) -> list[tuple[int, int]]:
    pairs = list(carets)
    places = resolve(history, [end for pair in pairs for end in pair], history.seq)
    known = [[places[end] for end in pair if end in places] for pair in pairs]
    return [(min(ends), max(ends)) for ends in known if ends]


def _touched(history: History, counts: Callable[[Change], bool]) -> list[tuple[int, int]]:
    """Ranges of the text as it is now that came, or points where something went, by a change that counts."""
    found: list[tuple[int, int]] = []
    now = 0
    for node in history.pieces():
        if node.text is None:
            continue
        there = node.seen_at(history.seq)
        length = len(node.text) if there else 0
        if (there and counts(node.added)) or (node.removed is not None and counts(node.removed)):
            found.append((now, now + length))
        now += length
    return found
