"""Scenes outside the story's clock: dreams, flashbacks, montages, by their headings or between BEGIN and END.

Invariant: a scene is aside by its own words, or because an earlier scene opened a dream or flashback that nothing has
closed yet. Silence is the safe side: whatever a rule would say of such a scene is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown

MARK_CHARS_MAX = 60
"""A longer paragraph is action that speaks of a dream, and no mark."""

ASIDE_SCENES_MAX = 12
"""Scenes that an opened flashback may hold. Past it nobody closed it: the story goes on."""

_KIND = r"(?:FLASH\s?-?BACKS?|FLASH\s?-?FORWARDS?|DREAM|NIGHTMARE|FANTASY|MEMORY|VISION|MONTAGE|HALLUCINATION)"
_BEGINS = re.compile(rf"^(?:BEGIN|START|ENTER)\b.{{0,20}}\b{_KIND}\b", re.IGNORECASE)
_ENDS = re.compile(
    rf"^(?:END|ENDS|EXIT)\b.{{0,20}}\b{_KIND}\b|^{_KIND}\b.{{0,12}}\bENDS?\b|^(?:BACK TO (?:THE )?(?:PRESENT|SCENE))\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(rf"^(?:(?:A|THE)\s+)?{_KIND}(?:\s+(?:SEQUENCE|BEGINS))?\s*(?:TO)?\s*[:.–—-]*$", re.IGNORECASE)


_KIND_WORD = re.compile(rf"\b{_KIND}\b|\b(?:EARLIER|AGO|THE PAST)\b", re.IGNORECASE)
_BACK = re.compile(r"\bBACK TO (?:THE )?PRESENT\b|\bPRESENT DAY\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AsideMarks:
    """``own``: it says itself that it is aside; ``opens``/``closes``: the last of its marks of a longer one."""

    own: bool
    opens: bool
    closes: bool


def aside_marks(scene: Breakdown) -> AsideMarks:
    """Read once a scene."""
    heading = scene.heading
    text = heading.text if heading is not None else ""
    own = heading is not None and (heading.aside or _KIND_WORD.search(text) is not None)
    opens = closes = False
    for mark in _marks(scene):
        if _ENDS.match(mark):
            opens, closes, own = False, True, True
        elif _BEGINS.match(mark):
            opens, closes, own = True, False, True
        elif _WHOLE.match(mark):
            own = True
    if _BACK.search(text):
        return AsideMarks(False, opens, True)
    return AsideMarks(own, opens, closes)


def aside_after(inside: int, marks: AsideMarks) -> tuple[bool, int]:
    """Whether a scene is aside, and for how many more scenes what it opens may last; ``inside`` is that of before."""
    if marks.opens:
        return True, ASIDE_SCENES_MAX
    if marks.closes:
        return marks.own, 0
    return marks.own or inside > 0, max(0, inside - 1)


def _marks(scene: Breakdown) -> Iterator[str]:
    for paragraph in sorted((*scene.actions, *scene.transitions), key=lambda each: each.span.start):
        for line in paragraph.text.split("\n"):
            if line and len(line) <= MARK_CHARS_MAX:
                yield line.strip(" .>*_")
