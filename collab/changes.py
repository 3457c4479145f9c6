"""Questions put to a history: what differs between two points and whose it is, and when who worked.

Pure functions of `collab.history.History`. The invariant: joined in order, the kept and added runs of a comparison are
the text as of the later point, the kept and removed ones the text as of the earlier.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from collab.close_codes import TooLarge
from collab.history import Author, Change, History, Node


class RunKind(enum.Enum):
    KEPT = "KEPT"
    ADDED = "ADDED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Run:
    """Characters with one fate. `written`: who wrote them, when (the last of them); `removed`: who removed them."""

    kind: RunKind
    text: str
    written: Change
    removed: Change | None = None


def compare(history: History, from_seq: int, to_seq: int) -> list[Run]:
    """What became of the text between two sequences, `from_seq` <= `to_seq`. Raises `TooLarge` over `runs_max`."""
    runs: list[Run] = []
    parts: list[str] = []
    last: Run | None = None
    for run in _pieces(history, from_seq, to_seq):
        if last is not None and _joins(history, last, run):
            parts.append(run.text)
            last = Run(run.kind, "", _later(last.written, run.written), _latest(last.removed, run.removed))
            continue
        if last is not None:
            runs.append(Run(last.kind, "".join(parts), last.written, last.removed))
            if len(runs) >= history.limits.runs_max:
                raise TooLarge("runs_max")
        last, parts = run, [run.text]
    if last is not None:
        runs.append(Run(last.kind, "".join(parts), last.written, last.removed))
    return runs


def _pieces(history: History, from_seq: int, to_seq: int) -> Iterator[Run]:
    for node in history.pieces():
        if node.text is not None and (kind := _fate(node, from_seq, to_seq)) is not None:
            yield Run(kind, node.text, node.added, node.removed if kind is RunKind.REMOVED else None)


def _fate(node: Node, from_seq: int, to_seq: int) -> RunKind | None:
    before, after = node.seen_at(from_seq), node.seen_at(to_seq)
    if before and after:
        return RunKind.KEPT
    if after:
        return RunKind.ADDED
    return RunKind.REMOVED if before else None


def _joins(history: History, one: Run, other: Run) -> bool:
    """One author's characters side by side read as one run, unless sittings lie between them."""
    gap = history.limits.session_gap_ms
    if one.kind is not other.kind or one.written.author != other.written.author:
        return False
    if abs(one.written.at_ms - other.written.at_ms) > gap:
        return False
    return (one.removed and one.removed.author) == (other.removed and other.removed.author)


def _later(one: Change, other: Change) -> Change:
    return other if other.seq > one.seq else one


def _latest(one: Change | None, other: Change | None) -> Change | None:
    return _later(one, other) if one is not None and other is not None else one or other


@dataclass(slots=True)
class Part:
    """One author's part of a sitting, in characters; `edits`: rows with something of theirs."""

    author: Author
    added: int = 0
    removed: int = 0
    edits: int = 0


@dataclass(slots=True)
class Sitting:
    """A stretch of work without a long pause. `to_seq` is a point to come back to: the text as the pause began."""

    from_seq: int
    to_seq: int
    started_ms: int
    ended_ms: int
    parts: dict[Author, Part] = field(default_factory=dict)


def sittings(history: History, apart: Collection[str] = ()) -> list[Sitting]:
    """When who worked on the text, oldest first: rows grouped where no pause is longer than `session_gap_ms`.

    `apart`: principals whose rows stand for themselves (an import is nobody's work, and a point to compare with).
    """
    found: list[Sitting] = []
    alone = False
    for tally in history.tallies:
        was_alone, alone = alone, all(author.principal in apart for author in tally.authors)
        paused = not found or tally.at_ms - found[-1].ended_ms > history.limits.session_gap_ms
        if paused or alone is not was_alone:
            found.append(Sitting(tally.seq, tally.seq, tally.at_ms, tally.at_ms))
        sitting = found[-1]
        sitting.to_seq, sitting.ended_ms = tally.seq, max(tally.at_ms, sitting.ended_ms)
        for author, (added, removed) in tally.authors.items():
            part = sitting.parts.setdefault(author, Part(author))
            part.added += added
            part.removed += removed
            part.edits += 1
    return found
