"""Formats: how a story is laid out in beats, as data (`formats/*.yaml`, or what a project defined itself).

Invariant: the beats of a `Format` that exists cover the whole story from its first page to its last, without a gap and
without overlap, so every position has exactly one beat (`beat_at`); a fault names the file and the field. Beats are
measured by share of the length, or by pages; a page is about a minute. Data goes to the prompt of a scene and to lists.
"""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from typing import Any

from gpu.enhance.brains import ID_SHAPE, VERSION_MAX, read_id
from gpu.enhance.protocol import EnhanceError
from gpu.enhance.section import Section, content_sha256, read_text

CODE = "bad_format_file"
TYPES = ("SERIES", "MOVIE", "SHORT")
BEATS_MAX = 40
PAGES_MAX = 400
NAME_CHARS_MAX, WORDS_CHARS_MAX = 60, 300
SHARES_SLACK = 0.005
"""How far shares may miss 1 by rounding."""


@dataclass(frozen=True, slots=True)
class Beat:
    """`share`: of the whole length, above 0; `pages`: first and last page where the format counts pages."""

    name: str
    share: float
    purpose: str
    prompt: str
    pages: tuple[int, int] | None = None

    @property
    def words(self) -> str:
        """As a prompt is told it."""
        return f"{self.name}: {self.prompt}"


@dataclass(frozen=True, slots=True)
class Format:
    """`suits`: types of project it was made for; `aliases`: ids it had before."""

    id: str
    version: int
    name: str
    summary: str
    suits: tuple[str, ...]
    beats: tuple[Beat, ...]
    aliases: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """The content in the form of a file; `format_of` takes it back."""
        beats: list[dict[str, Any]] = []
        for beat in self.beats:
            size = {"share": float(beat.share)} if beat.pages is None else {"pages": list(beat.pages)}
            beats.append({"name": beat.name, **size, "purpose": beat.purpose, "prompt": beat.prompt})
        return {
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "summary": self.summary,
            "suits": list(self.suits),
            **({"aliases": list(self.aliases)} if self.aliases else {}),
            "beats": beats,
        }

    @property
    def sha256(self) -> str:
        return content_sha256(self.to_data())

    @property
    def ends(self) -> list[float]:
        """Where each beat ends, as a share of the whole; the last is 1."""
        ends = list(accumulate(beat.share for beat in self.beats))
        return [*(end / ends[-1] for end in ends[:-1]), 1.0]

    def beat_at(self, position: float) -> int:
        """Number of the beat at 0..1 of the story. A position on a border belongs to the beat that begins there."""
        return min(bisect.bisect_right(self.ends, position), len(self.beats) - 1)


@functools.cache
def list_formats() -> tuple[Format, ...]:
    """All formats that ship, by id. Raises EnhanceError("bad_format_file")."""
    folder = resources.files("gpu.enhance").joinpath("formats")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name)
    found = tuple(read_format(entry.name, entry.read_text(encoding="utf-8")) for entry in files)
    ids = [id for each in found for id in (each.id, *each.aliases)]
    if len(set(ids)) != len(ids):
        raise EnhanceError(CODE, f"two files claim one id: {', '.join(ids)}")
    return tuple(sorted(found, key=lambda each: each.id))


def shipped_format(id: str) -> Format | None:
    """The format of this id, or that had it before; None: none that ships."""
    return next((each for each in list_formats() if id == each.id or id in each.aliases), None)


def read_format(file: str, text: str) -> Format:
    """Read one data file. Raises EnhanceError("bad_format_file") that names the file and the field."""
    return format_of(file, read_text(CODE, file, text))


def format_of(file: str, data: object) -> Format:
    """A format out of plain values. Raises `BadField`; `file` is only for its words."""
    top = Section(CODE, file, "", data)
    suits = top.texts("suits", default=TYPES)
    for each in suits:
        if each not in TYPES:
            raise top.fault("suits", f"must be of {', '.join(TYPES)}; got {each!r:.40}")
    aliases = top.texts("aliases", default=())
    if not all(ID_SHAPE.fullmatch(each) for each in aliases):
        raise top.fault("aliases", "must hold ids: small letters, digits, - and _")
    made = Format(
        id=read_id(top),
        version=int(top.number("version", 1, VERSION_MAX)),
        name=top.text("name", NAME_CHARS_MAX),
        summary=top.text("summary"),
        suits=suits,
        beats=_beats(top),
        aliases=aliases,
    )
    top.refuse_unread()
    return made


def _beats(top: Section) -> tuple[Beat, ...]:
    sections = top.sections("beats", 1, BEATS_MAX)
    paged = "pages" in sections[0]
    beats: list[Beat] = []
    for each in sections:
        if paged:
            pages = _pages(each, beats[-1].pages[1] if beats and beats[-1].pages else 0)
            share = float(pages[1] - pages[0] + 1)
        else:
            pages, share = None, each.number("share", 0.001, 1)
        name, purpose = each.text("name", NAME_CHARS_MAX), each.text("purpose", WORDS_CHARS_MAX)
        beats.append(Beat(name, share, purpose, each.text("prompt", WORDS_CHARS_MAX), pages))
        each.refuse_unread()
    total = sum(beat.share for beat in beats)
    if not paged and abs(total - 1) > SHARES_SLACK:
        raise top.fault("beats", f"must share the whole: their shares add up to {total:g}, not 1")
    if not paged:
        return tuple(beats)
    return tuple(Beat(b.name, b.share / total, b.purpose, b.prompt, b.pages) for b in beats)


def _pages(beat: Section, last: int) -> tuple[int, int]:
    value = beat.value("pages")
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(type(each) is int for each in value):
        raise beat.fault("pages", "must be [first, last], two whole numbers")
    first, end = int(value[0]), int(value[1])
    if not first <= end <= PAGES_MAX:
        raise beat.fault("pages", f"must end where it begins or later, at most at {PAGES_MAX}")
    if first != last + 1:
        raise beat.fault("pages", f"must begin at {last + 1}, where the beat before ends; got {first}")
    return first, end
