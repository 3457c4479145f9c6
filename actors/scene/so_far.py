"""The story so far: what lies before a scene, by act and by scene, short enough for a prompt.

The invariant: a pure function of the scripts, in story order; every summary quotes (`actors.scene.summary`), and none
is a source of facts: continuity, graphs and bibles read the scripts. What is near is told by scene, what is far by act,
so a story of any length fits. An act is a section of the script (``# Act Two``), else a beat of the format, else
the whole story is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from actors.scene.summary import SUMMARY_CHARS_MAX, summary_of, thinned
from actors.screenplay.breakdown import Breakdown
from actors.screenplay.elements import elements

Telling = Sequence[tuple[str, str, Breakdown]]  # (scene id, script, breakdown), in story order

SO_FAR_CHARS_MAX = 1_600
"""Of all that a prompt is told: about 400 tokens of a model's 4,096. Over: the farthest acts get fewer words."""

NEAR_SCENES = 3
"""Scenes just before, in the same act, that are told one by one."""

ACT_CHARS_MIN, ACT_CHARS_MAX = 80, 300
GIST_CHARS_MAX = 160
"""Of one scene within its act."""

SECTION_CHARS_MAX = 60
_MAYBE_SECTION = re.compile(r"^#", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SceneSoFar:
    """`words`: at most `SUMMARY_CHARS_MAX` characters, quoted."""

    scene: str
    heading: str
    words: str


@dataclass(frozen=True, slots=True)
class Act:
    """`name`: "" if the story has no acts; `words`: at most `ACT_CHARS_MAX` characters, quoted from its scenes."""

    name: str
    words: str
    scenes: tuple[SceneSoFar, ...]


Summaries = MutableMapping[tuple[str, str], SceneSoFar]  # by scene and its script: each is made once


def acts_of(story: Telling, beats: Mapping[str, str], summaries: Summaries | None = None) -> tuple[Act, ...]:
    """The story told act by act. `beats`: the format's beat by scene, used where no script has sections."""
    names, made = _sections(story) or beats, {} if summaries is None else summaries
    for scene, script, found in story:
        if (scene, script) not in made:
            made[scene, script] = _scene(scene, found)
    told = [(names.get(scene, ""), made[scene, script]) for scene, script, _ in story]
    acts: list[Act] = []
    for name, group in groupby(told, key=lambda each: each[0]):
        scenes = tuple(each for _, each in group)
        acts.append(Act(name, _act_words(scenes, ACT_CHARS_MAX), scenes))
    return tuple(acts)


def before(scene: str, story: Telling, beats: Mapping[str, str], summaries: Summaries | None = None) -> tuple[str, ...]:
    """What a prompt of `scene` is told, the farthest first; nothing for the first scene, or one that is not there."""
    at = next((index for index, each in enumerate(story) if each[0] == scene), 0)
    names = _sections(story) or beats
    here = names.get(scene, "")
    acts = acts_of(story[:at], names, summaries)
    near = acts[-1].scenes[-NEAR_SCENES:] if acts and acts[-1].name == here else ()
    lines = [f"{each.heading}: {cut(each.words, GIST_CHARS_MAX)}" for each in near if each.words]
    far = [(act.name, act.scenes) for act in acts[:-1] if act.words] if near else [(a.name, a.scenes) for a in acts]
    if near and (rest := acts[-1].scenes[:-NEAR_SCENES]):
        far.append((acts[-1].name, rest))
    return (*_far(far, SO_FAR_CHARS_MAX - sum(len(line) + 1 for line in lines)), *lines)


def _far(acts: Sequence[tuple[str, tuple[SceneSoFar, ...]]], room: int) -> Iterator[str]:
    """The acts that fit, the nearest surely among them."""
    kept = acts[-max(0, room // (ACT_CHARS_MIN + SECTION_CHARS_MAX + 2)) :]
    for name, scenes in kept:
        words = _act_words(scenes, min(ACT_CHARS_MAX, room // len(kept) - SECTION_CHARS_MAX - 2))
        if words:
            yield f"{name or 'Earlier'}: {words}"


def _scene(scene: str, found: Breakdown) -> SceneSoFar:
    heading = found.heading.text if found.heading is not None else ""
    return SceneSoFar(scene, cut(heading, SECTION_CHARS_MAX), summary_of(found, SUMMARY_CHARS_MAX))


def _act_words(scenes: Sequence[SceneSoFar], chars_max: int) -> str:
    each = max(ACT_CHARS_MIN, chars_max // max(1, min(len(scenes), 3)))
    words = [cut(scene.words, each) for scene in scenes if scene.words]
    return cut(" ".join(thinned(words, chars_max)), chars_max)


def cut(text: str, chars_max: int) -> str:
    """At most so many characters, ended at a word."""
    if len(text) <= chars_max:
        return text
    return f"{text[: chars_max - 1].rsplit(' ', 1)[0].rstrip(' ,;:')}…"


def _sections(story: Telling) -> dict[str, str]:
    """The section each scene stands under; empty if no script has one.

    A section behind the last words of a scene is where the next one begins; one at its head is its own.
    """
    found: dict[str, str] = {}
    now, any_section = "", False
    for scene, script, _ in story:
        here = now
        if _MAYBE_SECTION.search(script):
            said = False
            for element in elements(script):
                if element.kind == "section" and element.depth == 1:
                    any_section, now = True, cut(" ".join(element.text.split()), SECTION_CHARS_MAX)
                    here = here if said else now
                elif element.text and element.kind not in ("heading", "section", "synopsis"):
                    said = True
        found[scene] = here
    return found if any_section else {}
