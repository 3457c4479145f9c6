"""Lines of a Fountain text, and which parts of them are hidden (boneyard ``/* */`` and notes ``[[ ]]``).

Invariant: every offset counts Unicode code points of the text given, and ``Line.seen`` has exactly the length of its
line, so an offset found in it is an offset in the text. Text comes from the rest of this package; lines go back to it.
Everything here is one forward pass: no input makes it slower than linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

HiddenKind = Literal["boneyard", "note"]

# Only these end a line. str.splitlines would also split at U+2028, form feed and others, which scripts may contain.
NEWLINE = re.compile(r"\r\n|\r|\n")
_NOTE_TOKEN = re.compile(r"\[\[|\]\]|(?:\r\n|\r|\n)[ \t]*(?=\r|\n)")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A part that is not shown: ``[start, end)`` includes its brackets."""

    kind: HiddenKind
    start: int
    end: int


class Line(NamedTuple):
    """One line without its newline. ``seen`` is the line with hidden parts overwritten by spaces."""

    start: int
    end: int
    seen: str
    # Nothing of it is shown, yet it is not an empty line: it neither separates nor belongs to a paragraph.
    hidden: bool
    # It begins in the middle of a hidden part, so nothing may be cut at its start.
    starts_hidden: bool
    # An empty line that carries at least two spaces keeps a speech open (Fountain, "Dialogue").
    keeps_speech: bool
    # Some of it is hidden.
    partly: bool = False

    @property
    def blank(self) -> bool:
        return not self.hidden and (not self.seen or self.seen.isspace())


def _boneyards(text: str) -> list[Hidden]:
    found: list[Hidden] = []
    at = 0
    while (start := text.find("/*", at)) >= 0:
        close = text.find("*/", start + 2)
        if close < 0:  # half-typed: an open comment must not swallow the rest of the film
            break
        found.append(Hidden("boneyard", start, close + 2))
        at = close + 2
    return found


def _notes(text: str, boneyards: list[Hidden]) -> list[Hidden]:
    found: list[Hidden] = []
    opened = -1
    nearest = 0
    for token in _NOTE_TOKEN.finditer(text):
        at = token.start()
        while nearest < len(boneyards) and boneyards[nearest].end <= at:
            nearest += 1
        if nearest < len(boneyards) and boneyards[nearest].start <= at:
            continue
        mark = token.group()
        if mark == "[[":
            opened = at if opened < 0 else opened
        elif mark == "]]":
            if opened >= 0:
                found.append(Hidden("note", opened, at + 2))
            opened = -1
        elif len(mark.lstrip("\r\n")) < 2:  # an empty line ends a note that was never closed
            opened = -1
    return found


def hidden_parts(text: str) -> tuple[Hidden, ...]:
    """Boneyards and closed notes in order, without overlaps; an unclosed opener is ordinary text."""
    boneyards = _boneyards(text) if "/*" in text else []
    notes = _notes(text, boneyards) if "[[" in text else []
    if not notes:
        return tuple(boneyards)
    inside: list[Hidden] = sorted([*boneyards, *notes], key=lambda part: part.start)
    kept: list[Hidden] = []
    for part in inside:
        if kept and part.start < kept[-1].end:  # a boneyard inside a note is part of the note
            continue
        kept.append(part)
    return tuple(kept)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for newline in NEWLINE.finditer(text):
        yield at, newline.start()
        at = newline.end()
    if at < len(text):
        yield at, len(text)


def read_lines(text: str, hidden: tuple[Hidden, ...]) -> list[Line]:
    """Lines of ``text``; a newline at the very end opens no further line."""
    lines: list[Line] = []
    nearest = 0
    for start, end in _spans(text):
        while nearest < len(hidden) and hidden[nearest].end <= start:
            nearest += 1
        raw = text[start:end]
        if nearest == len(hidden) or hidden[nearest].start >= end:
            keeps = len(raw) >= 2 and raw.isspace()
            lines.append(Line(start, end, raw, False, False, keeps))
            continue
        seen = _overwrite(raw, start, end, hidden, nearest)
        starts_inside = hidden[nearest].start < start
        lines.append(Line(start, end, seen, not seen.strip(), starts_inside, False, True))
    return lines


def _overwrite(raw: str, start: int, end: int, hidden: tuple[Hidden, ...], nearest: int) -> str:
    pieces: list[str] = []
    at = start
    while nearest < len(hidden) and hidden[nearest].start < end:
        low, high = max(hidden[nearest].start, start), min(hidden[nearest].end, end)
        pieces.append(raw[at - start : low - start])
        pieces.append(" " * (high - low))
        at = high
        nearest += 1
    pieces.append(raw[at - start :])
    return "".join(pieces)
