"""How long a scene is on paper: in eighths of a page, as breakdown sheets count.

Invariant: a pure function of the text; the page is the common screenplay page of 55 lines of 12-point Courier, with
the usual widths (action 60 characters, dialogue 35, parentheticals 25). A scene is at least one eighth.
"""

from __future__ import annotations

from actors.screenplay.elements import Element, elements

LINES_PER_PAGE = 55
EIGHTHS_PER_PAGE = 8
_WIDTHS = {"dialogue": 35, "lyric": 35, "parenthetical": 25, "character": 35}
ACTION_WIDTH = 60
_NOT_PRINTED = frozenset(("note", "boneyard", "section", "synopsis", "page_break"))
_TIGHT = frozenset(("dialogue", "parenthetical", "lyric"))  # these follow without an empty line


def eighths(script: str) -> int:
    """Eighths of a page, from 1."""
    lines = sum(_lines(element) for element in elements(script) if element.kind not in _NOT_PRINTED)
    return max(1, -(-lines * EIGHTHS_PER_PAGE // LINES_PER_PAGE))


def in_pages(count: int) -> str:
    """Eighths as sheets write them: ``2 3/8``, ``5/8``, ``1``."""
    whole, rest = divmod(count, EIGHTHS_PER_PAGE)
    return " ".join(part for part in (str(whole) if whole else "", f"{rest}/8" if rest else "") if part) or "0"


def _lines(element: Element) -> int:
    width = _WIDTHS.get(element.kind, ACTION_WIDTH)
    text = element.text or ""
    return sum(_wrapped(line, width) for line in text.split("\n")) + (element.kind not in _TIGHT)


def _wrapped(line: str, width: int) -> int:
    """Lines that words fill, none broken unless it is longer than a line."""
    count, used = 1, 0
    for word in line.split():
        if used and used + 1 + len(word) > width:
            count, used = count + 1, 0
        used += len(word) + (used > 0)
        count, used = count + used // (width + 1), used % (width + 1)
    return count
