"""Sentences of a scene with who says them and whom they are about: what the readers of plain statements look at.

Invariant: a statement's text is exactly its span of the scene, and its subject stands at its head: a name, or *he* or
*she* where the paragraph has named one person only. Questions are told apart; nothing else is guessed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actors.screenplay.breakdown import Breakdown
from actors.screenplay.heading import Span

STATEMENT_CHARS_MAX = 400
"""A longer sentence is a list or a paste, and is not read."""

# A line break ends a sentence unless the next line goes on in lower case: files wrapped at 60 columns.
_SENTENCE = re.compile(
    r"(?:[^.!?…\n]|(?<=\b(?:Mr|Dr|St|Ms))\.|(?<=\bMrs)\.|\.(?=\w)|\n(?=[ \t]*[a-z]))+[.!?…]*[\"”’)]*"
)
_LEAD = re.compile(r"(?:And|But|Then|Now|Finally|Suddenly|Slowly)\b,?\s+")
_PRONOUN = re.compile(r"(?:He|She)\b")
_OFF = re.compile(
    r"\b(?:V\.?\s?O|O\.?\s?S|O\.?\s?C|PHONE|RADIO|TV|SCREEN|RECORD\w*|FILTERED|PRE-?LAP)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Statement:
    """``speaker`` is a person's key, "" for action; ``who`` its subject's key, and ``rest`` what follows the subject.

    ``manner`` is the parenthetical of a line; ``elsewhere``: a voice that is not in the scene.
    """

    text: str
    span: Span
    rest: str
    who: str = ""
    speaker: str = ""
    manner: str = ""
    elsewhere: bool = False

    @property
    def asks(self) -> bool:
        return self.text.rstrip('"”’)').endswith("?")

    def part(self, low: int, high: int) -> Span:
        """The span of ``text[low:high]``."""
        return Span(self.span.start + low, self.span.start + high)


def action_statements(
    script: str, scene: Breakdown, key: Callable[[str], str], wanted: re.Pattern[str] | None = None
) -> Iterator[Statement]:
    """Sentences of action paragraphs in which ``wanted`` is found, in order; ``key`` joins the names of one person."""
    if wanted is not None and wanted.search(script) is None:
        return
    named = sorted((span, person.key) for person in scene.cast for span in (*person.introductions, *person.mentions))
    starts = [span.start for span, _ in named]
    for action in scene.actions:
        low, high = action.span
        if wanted is not None and wanted.search(script, low, high) is None:
            continue
        seen: dict[str, None] = {}
        for text, span in _sentences(script, low, high):
            here = named[bisect_left(starts, span.start) : bisect_left(starts, span.end)]
            people = {name_at: key(name) for name_at, name in here}
            yield _action(text, span, people, seen)
            seen.update(dict.fromkeys(people.values()))


def line_statements(
    script: str, scene: Breakdown, key: Callable[[str], str], wanted: re.Pattern[str] | None = None
) -> Iterator[Statement]:
    """Sentences people say, likewise. The subject is not looked for: whoever says *I* is the speaker."""
    if wanted is not None and wanted.search(script) is None:
        return
    for line in scene.lines:
        low, high = line.span
        if wanted is not None and wanted.search(script, low, high) is None:
            continue
        off = any(_OFF.search(extension) for extension in line.extensions)
        for text, span in _sentences(script, low, high):
            yield Statement(text, span, text, "", key(line.speaker), line.parenthetical or "", off)


def _sentences(script: str, low: int, high: int) -> Iterator[tuple[str, Span]]:
    for match in _SENTENCE.finditer(script, low, high):
        raw = match.group()
        text = raw.strip()
        if not text or len(text) > STATEMENT_CHARS_MAX or "[[" in text or "/*" in text:
            continue
        start = match.start() + len(raw) - len(raw.lstrip())
        yield text, Span(start, start + len(text))


def _action(text: str, span: Span, people: dict[Span, str], seen: dict[str, None]) -> Statement:
    lead = _LEAD.match(text)
    at = lead.end() if lead else 0
    first = next((each for each in people if each.start == span.start + at), None)
    if first is not None:
        return Statement(text, span, text[first.end - span.start :], people[first])
    pronoun = _PRONOUN.match(text, at)
    if pronoun is not None and len(seen) == 1:
        return Statement(text, span, text[pronoun.end() :], next(iter(seen)))
    return Statement(text, span, text)
