"""Text positions: the one place where code points and pycrdt's UTF-8 byte offsets meet.

pycrdt reads text by character and writes it by UTF-8 byte offset; everything of ours that writes a `pycrdt.Text` goes
through here with positions in code points (as Python's `str` counts). Invariant: after `set_text(text, new)`,
`str(text) == new`, and untouched characters keep their identity, so carets and anchors of others stay put.
"""

from __future__ import annotations

import difflib

import pycrdt

DIFF_LINES_MAX = 4_000
DIFF_CHARS_MAX = 2_000
"""Sizes up to which a changed region is compared finely; larger ones are replaced whole."""


def byte_offset(content: str, at: int) -> int:
    """The UTF-8 byte offset of code point position `at` (0 <= at <= len(content))."""
    if not 0 <= at <= len(content):
        raise IndexError(f"position {at} is outside 0..{len(content)}")
    return len(content[:at].encode())


def insert(text: pycrdt.Text, at: int, what: str) -> None:
    """Insert before code point position `at`."""
    if what:
        text.insert(byte_offset(str(text), at), what)


def delete(text: pycrdt.Text, start: int, end: int) -> None:
    """Delete code points start <= i < end."""
    content = str(text)
    first, last = byte_offset(content, start), byte_offset(content, end)
    if last > first:
        del text[first:last]


def replace(text: pycrdt.Text, start: int, end: int, what: str) -> None:
    """Delete code points start <= i < end and put `what` in their place, as one edit."""
    content = str(text)
    first, last = byte_offset(content, start), byte_offset(content, end)
    if last > first:
        del text[first:last]
    if what:
        text.insert(first, what)


def set_text(text: pycrdt.Text, new: str) -> None:
    """Make the text read `new` with few, small edits: by line, and by character inside changed lines."""
    old = str(text)
    for start, end, what in reversed(edits(old, new)):
        first, last = byte_offset(old, start), byte_offset(old, end)
        if last > first:
            del text[first:last]
        if what:
            text.insert(first, what)


def edits(old: str, new: str) -> list[tuple[int, int, str]]:
    """(start, end, replacement) in code points of `old`, ascending and disjoint, that turn `old` into `new`."""
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if not middle_old and not middle_new:
        return []
    return [(head + a, head + b, what) for a, b, what in _by_line(middle_old, middle_new)]


def _common_prefix(a: str, b: str) -> int:
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _by_line(old: str, new: str) -> list[tuple[int, int, str]]:
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(old_lines) + len(new_lines) > DIFF_LINES_MAX:
        return [(0, len(old), new)]
    starts = [0]
    for line in old_lines:
        starts.append(starts[-1] + len(line))
    found: list[tuple[int, int, str]] = []
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            at, gone, come = starts[a], "".join(old_lines[a:b]), "".join(new_lines[c:d])
            found += [(at + x, at + y, what) for x, y, what in _by_char(gone, come)]
    return found


def _by_char(old: str, new: str) -> list[tuple[int, int, str]]:
    if not old or not new or len(old) + len(new) > DIFF_CHARS_MAX:
        return [(0, len(old), new)]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [(a, b, new[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
