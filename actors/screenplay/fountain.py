"""A whole Fountain document, cut into title page, front matter and scenes, and joined again without loss.

Invariant: ``join(parse(text)) == text`` for every text. Inside, newlines are ``\\n`` and there is no byte order mark,
so that scenes can live in shared documents; which newline the file used and whether it began with a mark is recorded
and given back. A file that mixes newlines records each one, which holds until its lines are edited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from actors.screenplay.elements import is_transition
from actors.screenplay.heading import Heading, is_heading, read_heading
from actors.screenplay.lines import NEWLINE, Line, hidden_parts, read_lines
from actors.screenplay.vocabulary import phrases

Newline = Literal["\n", "\r\n", "\r"]
_BOM = "\ufeff"
_CODES: dict[str, str] = {"\n": "n", "\r\n": "w", "\r": "m"}
_NEWLINES: dict[str, Newline] = {"n": "\n", "w": "\r\n", "m": "\r"}

_TITLE_KEY = re.compile(r"^([^\W\d_][^:\n]{0,39}?)\s*:")
_KNOWN_KEYS = phrases(
    "title | credit | author | authors | source | notes | draft date | date | contact | copyright | revision | format"
)


@dataclass(frozen=True, slots=True)
class TitleEntry:
    """``Title: Big Fish`` or a key with indented lines under it."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SceneText:
    """One scene: ``raw`` runs from its heading to the next one; spans in ``heading`` count from its start."""

    heading: Heading
    raw: str


@dataclass(frozen=True, slots=True)
class Screenplay:
    """``title_raw + preamble_raw + every scene's raw`` is the document with ``\\n`` newlines."""

    title_page: tuple[TitleEntry, ...]
    title_raw: str
    preamble_raw: str
    scenes: tuple[SceneText, ...]
    newline: Newline = "\n"
    bom: bool = False
    # One letter per newline (n, w, m for \n, \r\n, \r) of a file that mixes them; empty otherwise.
    mixed_newlines: str = ""

    @property
    def title(self) -> str | None:
        """The title without emphasis marks, or None."""
        for entry in self.title_page:
            if entry.key.casefold() == "title":
                return " ".join(" ".join(entry.values).replace("*", "").replace("_", "").split()) or None
        return None


def parse(text: str) -> Screenplay:
    """Cut a document. Any text is a screenplay; one without headings has no scenes and is all front matter."""
    bom = text.startswith(_BOM)
    body = text[1:] if bom else text
    body, newline, mixed = _one_newline(body)
    lines = read_lines(body, hidden_parts(body))
    title_end, entries = _title_page(lines, body)
    starts = [line for line in _heading_lines(lines) if line.start >= title_end]
    cuts = [line.start for line in starts] + [len(body)]
    scenes = tuple(
        SceneText(read_heading(line.seen, 0), body[cut:after])
        for line, cut, after in zip(starts, cuts, cuts[1:], strict=False)
    )
    return Screenplay(entries, body[:title_end], body[title_end : cuts[0]], scenes, newline, bom, mixed)


def join(screenplay: Screenplay) -> str:
    """The document again, with the newlines and the mark it came with."""
    return join_parts(
        screenplay.title_raw,
        screenplay.preamble_raw,
        (scene.raw for scene in screenplay.scenes),
        newline=screenplay.newline,
        bom=screenplay.bom,
        mixed_newlines=screenplay.mixed_newlines,
    )


def join_parts(
    title_raw: str,
    preamble_raw: str,
    scenes_raw: Iterable[str],
    *,
    newline: str = "\n",
    bom: bool = False,
    mixed_newlines: str = "",
) -> str:
    """Join edited parts. A scene that lost its trailing empty line gets it back, or the next heading would drown."""
    body = title_raw + preamble_raw
    pieces = [body]
    ended = _ends_blank(body)
    for raw in scenes_raw:
        if not ended:
            pieces.append("\n" if pieces[-1].endswith("\n") else "\n\n")
        pieces.append(raw)
        ended = _ends_blank(raw) if raw else ended
    body = "".join(pieces)
    if mixed_newlines and body.count("\n") == len(mixed_newlines):
        endings = [_NEWLINES.get(code, "\n") for code in mixed_newlines] + [""]
        body = "".join(line + end for line, end in zip(body.split("\n"), endings, strict=True))
    elif newline != "\n":
        body = body.replace("\n", newline)
    return (_BOM if bom else "") + body


def _ends_blank(raw: str) -> bool:
    """Nothing, or an empty line, stands at the end, so a heading may follow."""
    if not raw:
        return True
    if not raw.endswith("\n"):
        return False
    last = raw[raw.rfind("\n", 0, len(raw) - 1) + 1 : -1]
    if not last.strip():
        return True
    shown = [line for line in read_lines(raw, hidden_parts(raw)) if not line.hidden]
    return not shown or shown[-1].blank


def _one_newline(text: str) -> tuple[str, Newline, str]:
    if "\r" not in text:
        return text, "\n", ""
    codes = "".join(_CODES[found.group()] for found in NEWLINE.finditer(text))
    most = max("nwm", key=codes.count)
    mixed = "" if codes.count(most) == len(codes) else codes
    return NEWLINE.sub("\n", text), _NEWLINES[most], mixed


def _heading_lines(lines: list[Line]) -> list[Line]:
    shown = [line for line in lines if not line.hidden]
    found: list[Line] = []
    after_blank = True
    for index, line in enumerate(shown):
        if line.blank:
            after_blank = True
            continue
        if after_blank and not line.starts_hidden:
            before_blank = index + 1 == len(shown) or shown[index + 1].blank
            if is_heading(line.seen, True, before_blank):
                found.append(line)
        after_blank = False
    return found


def _title_page(lines: list[Line], body: str) -> tuple[int, tuple[TitleEntry, ...]]:
    """Where the title page with the empty lines after it ends, and what it says; (0, ()) if there is none."""
    first = next((i for i, line in enumerate(lines) if not line.blank), len(lines))
    last = next((i for i in range(first, len(lines)) if lines[i].blank), len(lines))
    block = lines[first:last]
    if not block or block[0].hidden or not _is_title_block(block):
        return 0, ()
    while last < len(lines) and lines[last].blank:
        last += 1
    end = lines[last].start if last < len(lines) else len(body)
    return end, _title_entries(block)


def _is_title_block(block: list[Line]) -> bool:
    opening = block[0].seen
    key = _TITLE_KEY.match(opening)
    if key is None or is_transition(opening.strip()) or is_heading(opening, True, True):
        return False
    if key.group(1).strip().casefold() in _KNOWN_KEYS:
        return True
    return len(block) > 1 and all(line.seen[:1].isspace() or _TITLE_KEY.match(line.seen) for line in block)


def _title_entries(block: list[Line]) -> tuple[TitleEntry, ...]:
    entries: list[tuple[str, list[str]]] = []
    for line in block:
        key = None if line.seen[:1].isspace() else _TITLE_KEY.match(line.seen)
        if key is not None:
            value = line.seen[key.end() :].strip()
            entries.append((key.group(1).strip(), [value] if value else []))
        elif entries:
            entries[-1][1].append(line.seen.strip())
    return tuple(TitleEntry(key, tuple(values)) for key, values in entries)
