"""The elements of a scene in the sense of Fountain 1.1 (https://fountain.io/syntax), each with its exact span.

Invariant: ``elements`` never raises and takes one forward pass; spans are code points of the text given, in order, and
only notes and boneyards may overlap others. Emphasis marks stay in the text. Extensions to the letter of the syntax:
``FADE IN:`` and its kin standing alone are transitions, and a cue needs a speech under it unless forced by ``@``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.screenplay.heading import is_heading, read_heading
from actors.screenplay.lines import Line, hidden_parts, read_lines
from actors.screenplay.names import Cue, is_capitals, read_cue
from actors.screenplay.vocabulary import phrases

ElementKind = Literal[
    "heading",
    "action",
    "character",
    "parenthetical",
    "dialogue",
    "lyric",
    "transition",
    "centered",
    "page_break",
    "note",
    "boneyard",
    "section",
    "synopsis",
]

transition_chars_max = 80
# Transitions by long custom that do not end in "TO:".
_TRANSITIONS = phrases(
    "FADE IN | FADE OUT | FADE UP | FADE TO BLACK | CUT TO BLACK | SMASH CUT | INTERCUT | IRIS OUT | IRIS IN | FONDU"
)


@dataclass(frozen=True, slots=True)
class Element:
    """``text`` is what is shown, without markers; ``cue`` is set for characters, ``depth`` for sections."""

    kind: ElementKind
    start: int
    end: int
    text: str
    cue: Cue | None = None
    depth: int = 0
    forced: bool = False


def elements(scene_raw: str) -> tuple[Element, ...]:
    """All elements of a scene, by position; empty lines are none."""
    hidden = hidden_parts(scene_raw)
    shown = [line for line in read_lines(scene_raw, hidden) if not line.hidden]
    reader = _Reader(scene_raw, shown)
    reader.run()
    found = reader.found
    for part in hidden:
        inner = scene_raw[part.start + 2 : part.end - 2].strip()
        found.append(Element(part.kind, part.start, part.end, inner))
    if hidden:
        found.sort(key=lambda element: (element.start, -element.end))
    return tuple(found)


def _blank_at(lines: list[Line], index: int) -> bool:
    return not 0 <= index < len(lines) or lines[index].blank


def is_transition(body: str) -> bool:
    """The words of a transition line: capitals ending in ``TO:``, or one of the customary ones."""
    if len(body) > transition_chars_max or not is_capitals(body):
        return False
    return body.endswith("TO:") or body.rstrip(":. ") in _TRANSITIONS


class _Reader:
    """One pass over the shown lines; ``_open`` is the paragraph or speech still growing."""

    def __init__(self, text: str, lines: list[Line]) -> None:
        self.found: list[Element] = []
        self._text = text
        self._lines = lines
        self._open: tuple[ElementKind, int, int, list[str], bool] | None = None
        self._in_speech = False

    def run(self) -> None:
        for index, line in enumerate(self._lines):
            if line.blank:
                self._on_blank(line)
            else:
                self._on_text(index, line)
        self._close()

    def _on_blank(self, line: Line) -> None:
        if self._in_speech and line.keeps_speech and self._open is not None and self._open[0] == "dialogue":
            self._open[3].append("")
            return
        self._in_speech = False
        self._close()

    def _on_text(self, index: int, line: Line) -> None:
        body = line.seen.strip()
        after = _blank_at(self._lines, index - 1)
        before = _blank_at(self._lines, index + 1)
        if not line.starts_hidden and is_heading(line.seen, after, before):
            heading = read_heading(line.seen, line.start)
            self._put("heading", line, heading.text, forced=heading.forced)
        elif body.startswith("===") and not body.strip("="):
            self._put("page_break", line, "")
        elif self._in_speech:
            self._on_speech(line, body)
        elif not self._on_marked(line, body) and not self._on_capitals(line, body, after, before):
            self._grow("action", line, line.seen.rstrip())

    def _on_speech(self, line: Line, body: str) -> None:
        if body.startswith("~"):
            self._grow("lyric", line, body[1:].strip())
        elif body.startswith("(") and body.endswith(")"):
            self._put("parenthetical", line, body[1:-1].strip(), keep_speech=True)
        else:
            self._grow("dialogue", line, body)

    def _on_marked(self, line: Line, body: str) -> bool:
        mark = body[0]
        if mark == "!":
            self._grow("action", line, line.seen.replace("!", "", 1).rstrip(), forced=True)
        elif mark == "@":
            return self._on_cue(line)
        elif mark == "~":
            self._grow("lyric", line, body[1:].strip())
        elif mark == ">" and body.endswith("<") and len(body) > 1:
            self._put("centered", line, body[1:-1].strip())
        elif mark == ">":
            self._put("transition", line, body[1:].strip(), forced=True)
        elif mark == "#":
            text = body.lstrip("#")
            self._put("section", line, text.strip(), depth=len(body) - len(text))
        elif mark == "=":
            self._put("synopsis", line, body[1:].strip())
        else:
            return False
        return True

    def _on_capitals(self, line: Line, body: str, after: bool, before: bool) -> bool:
        if not after:
            return False
        if is_transition(body) and before:
            self._put("transition", line, body)
            return True
        return not before and self._on_cue(line)

    def _on_cue(self, line: Line) -> bool:
        cue = read_cue(line.seen, line.start)
        if cue is None:
            return False
        self._put("character", line, cue.name, cue=cue, forced=cue.forced, keep_speech=True)
        return True

    def _put(
        self,
        kind: ElementKind,
        line: Line,
        text: str,
        *,
        cue: Cue | None = None,
        depth: int = 0,
        forced: bool = False,
        keep_speech: bool = False,
    ) -> None:
        self._close()
        self._in_speech = keep_speech
        start, end = _trimmed(line)
        self.found.append(Element(kind, start, end, text, cue, depth, forced))

    def _grow(self, kind: ElementKind, line: Line, text: str, forced: bool = False) -> None:
        if self._open is not None and self._open[0] == kind and not forced:
            _, start, _, texts, was_forced = self._open
            texts.append(_unspaced(line, text))
            self._open = (kind, start, _trimmed(line)[1], texts, was_forced)
            return
        self._close()
        start, end = _trimmed(line)
        self._open = (kind, start, end, [_unspaced(line, text)], forced)

    def _close(self) -> None:
        if self._open is None:
            return
        kind, start, end, texts, forced = self._open
        self.found.append(Element(kind, start, end, "\n".join(texts).strip(), forced=forced))
        self._open = None


def _unspaced(line: Line, text: str) -> str:
    """Without the gap that a note in mid-line leaves."""
    return " ".join(text.split()) if line.partly else text


def _trimmed(line: Line) -> tuple[int, int]:
    """Span of what a line shows, without the white space around it."""
    left = len(line.seen) - len(line.seen.lstrip())
    return line.start + left, line.start + len(line.seen.rstrip())
