"""Planted slips and near misses of one kind, read from tests/data: planted, unseen and silent.

A case is a little story: scenes begin at their headings; cases stand between ``===``. ``‹ ›`` marks what was told
first, ``« »`` what does not agree with it; a near miss has no marks. ``{A}`` is a name, ``{AA}`` the same in capitals.
A line ``%palette: …`` (or style, negative, saturation) is of the project's brain.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.facts import Evidence, quote
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known
from actors.screenplay.breakdown import breakdown
from actors.screenplay.heading import Span
from actors.screenplay.lists import lists_of

DATA = Path(__file__).resolve().parents[3] / "data"
NAMES = ["Mara", "Tomas", "Ruth", "Elias", "Juno", "Yusuf", "Ingrid", "Caleb", "Nadia", "Oskar"]
_HEADING = re.compile(r"^[‹«]?(?:INT|EXT)\. ", re.MULTILINE)
_MARK = re.compile("[‹›«»]")
_CUE = re.compile(r"[‹«]?\{(?:AA|BB|CC)\}[›»]?(?: \([A-Z.' ]+\))?\s*")


@dataclass(frozen=True)
class Case:
    scenes: tuple[str, ...]
    names: tuple[str, ...]
    told: Evidence | None = None
    telling: Evidence | None = None
    brain: Mapping[str, Any] | None = None

    def findings(self) -> tuple[FindingDraft, ...]:
        lists = lists_of([breakdown(scene) for scene in self.scenes])
        cast = [Known(name) for name in self.names]
        story = Continuity(cast, [Known(entry.name) for entry in lists.places], brain=self.brain)
        story.set_scenes([SceneInput(f"s{i}", scene, i) for i, scene in enumerate(self.scenes)])
        return story.findings()


def cases(folder: str, kind: str, seed: int = 7) -> Iterator[Case]:
    text = (DATA / folder / f"{kind}.txt").read_text(encoding="utf-8")
    rng = random.Random(seed)
    for part in text.split("===\n"):
        lines = [line for line in part.splitlines() if line and not line.startswith("#")]
        brain = _brain([line[1:] for line in lines if line.startswith("%")])
        yield _case(_spaced([line for line in lines if not line.startswith("%")]), rng, brain)


def _case(raw: str, rng: random.Random, brain: Mapping[str, Any] | None) -> Case:
    names = rng.sample(NAMES, 3)
    for letter, name in zip("ABC", names, strict=True):
        raw = raw.replace(f"{{{letter}{letter}}}", name.upper()).replace(f"{{{letter}}}", name)
    whole = raw
    starts = [match.start() for match in _HEADING.finditer(raw)]
    scenes: list[str] = []
    marked: dict[str, Evidence] = {}
    for number, (low, high) in enumerate(zip(starts, [*starts[1:], len(raw)], strict=True)):
        scene = raw[low:high]
        plain = _MARK.sub("", scene)
        for opening, closing in ("‹›", "«»"):
            if opening in scene:
                start = len(_MARK.sub("", scene[: scene.index(opening)]))
                end = len(_MARK.sub("", scene[: scene.rindex(closing)]))
                marked[opening] = quote(f"s{number}", plain, Span(start, end))
        scenes.append(plain)
    return Case(
        tuple(scenes),
        tuple(name for name in names if name in whole or name.upper() in whole),
        marked.get("‹"),
        marked.get("«"),
        brain,
    )


def _spaced(lines: list[str]) -> str:
    """Every line is a paragraph, except a cue with its parenthetical and its speech."""
    text = ""
    speech = False
    for line in lines:
        text += line.strip() + ("\n" if _CUE.fullmatch(line) or (speech and line.startswith("(")) else "\n\n")
        speech = _CUE.fullmatch(line) is not None or (speech and line.startswith("("))
    return text


def _brain(lines: list[str]) -> Mapping[str, Any] | None:
    if not lines:
        return None
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return {
        "id": "own",
        "name": "Own",
        "words": {"palette": said.get("palette", ""), "shot_language": "", "pacing": ""},
        "prompt": {"style": said.get("style", ""), "negative": said.get("negative", "")},
        "parameters": {"color_grading": {"saturation": float(said.get("saturation", 0)), "color_temp": 5600}},
    }


def agree(found: Evidence, marked: Evidence) -> bool:
    """The quotation is of the marked words: in their scene, mostly inside them or holding most of them."""
    if found.scene_id != marked.scene_id:
        return False
    common = min(found.end, marked.end) - max(found.start, marked.start)
    return common > 0 and common >= 0.6 * min(found.end - found.start, marked.end - marked.start)


@dataclass(frozen=True)
class Score:
    kind: str
    planted: int
    found: int
    right: int
    missed: tuple[Case, ...]
    silent: int
    false: tuple[tuple[Case, FindingDraft], ...]


def score(kind: str, codes: frozenset[str], folder: str = "planted") -> Score:
    """``found``: a finding of one of ``codes`` at one of the marks; ``right``: at every mark there is."""
    found = right = planted = 0
    missed: list[Case] = []
    for case in cases(folder, kind):
        planted += 1
        marks = [mark for mark in (case.telling, case.told) if mark is not None]
        best = 0
        for finding in case.findings():
            if finding.code in codes:
                best = max(best, sum(any(agree(e, mark) for e in finding.evidence) for mark in marks))
        found += best > 0
        right += best == len(marks)
        if best < len(marks):
            missed.append(case)
    near = list(cases("silent", kind))
    ours = frozenset(codes)
    false = tuple((case, f) for case in near for f in case.findings() if f.code in ours)
    return Score(kind, planted, found, right, tuple(missed), len(near), false)
