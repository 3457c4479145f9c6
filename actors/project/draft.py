"""From Fountain text to the parts of a project: scenes with their raw text, cast and places.

The invariant: `title_page` and the scenes' scripts in order, joined with the file's newlines, are the file again.
Pure; read by `ProjectActor` when a screenplay is imported or a scene is made.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.commands import HEADING_CHARS_MAX, NAME_CHARS_MAX
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import Screenplay, parse
from actors.screenplay.heading import is_heading
from actors.screenplay.lists import lists_of

CAST_MAX = 500
PLACES_MAX = 1_000
"""Names kept from one screenplay; further ones can be added by hand."""


@dataclass(frozen=True, slots=True)
class SceneDraft:
    heading: str
    script: str


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    title_page: str
    newline: str
    bom: bool
    mixed_newlines: str
    scenes: tuple[SceneDraft, ...]
    cast: tuple[tuple[str, tuple[str, ...]], ...]  # name and its other spellings
    places: tuple[str, ...]


def read_screenplay(text: str) -> ProjectDraft:
    """Any text: one without a heading becomes a single scene."""
    play = parse(text)
    scenes = tuple(SceneDraft(s.heading.text[:HEADING_CHARS_MAX], s.raw) for s in play.scenes)
    title_page = play.title_raw + play.preamble_raw
    if not scenes:
        scenes, title_page = (SceneDraft(heading_words(play.preamble_raw), play.preamble_raw),), play.title_raw
    cast, places = _names(play)
    return ProjectDraft(title_page, play.newline, play.bom, play.mixed_newlines, scenes, cast, places)


def scene_script(heading: str, script: str | None) -> str:
    """A new scene's text: the script if it opens with a heading of its own, else the heading line before it."""
    body = (script or "").replace("\r\n", "\n").replace("\r", "\n")
    play = parse(body)
    if play.scenes and not play.title_raw and not play.preamble_raw.strip():
        return body
    line = heading.strip()
    if not is_heading(line, True, True):
        line = f".{line}"
    return f"{line}\n\n{body.lstrip(chr(10))}" if body.strip() else f"{line}\n\n"


def heading_words(script: str) -> str:
    """What a list shows of a scene: its heading without force mark and number, or its first words."""
    play = parse(script)
    if play.scenes:
        return play.scenes[0].heading.text[:HEADING_CHARS_MAX]
    first = next((line.strip() for line in script.splitlines() if line.strip()), "")
    return first[:HEADING_CHARS_MAX]


def _names(play: Screenplay) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """Who and where is established. Slips and one-line strangers are left out: continuity asks people about them."""
    lists = lists_of([breakdown(scene.raw) for scene in play.scenes])
    cast = [(p.name, p.aliases) for p in lists.cast if len(p.name) <= NAME_CHARS_MAX]
    places = [p.name for p in lists.places if len(p.name) <= NAME_CHARS_MAX]
    return tuple(cast[:CAST_MAX]), tuple(places[:PLACES_MAX])
