"""Fresh slips: sentences written before their writer had read the rules' tables, measured once at first sight.

Owns `data/fresh/*.txt`. A case is a screenplay with its cast: ``<<slip>>`` and ``{{told}}`` mark the two quotations
(told is absent where one quotation is all there is). Invariant: a file is frozen when it is first measured, and what
it gave then stands in `data/fresh/measured.json` with date and commit; what the rules make of it later says only that
the sentences are known by now. A case that is no slip after all (`judged` there) is told beside, never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known
from benchmarks.cache.rates import Rate
from benchmarks.continuity.data import HERE

FOLDER = HERE / "fresh"
_FIELD = re.compile(r"(?:brain: )?(cast|palette|style|negative):(.*)\n")
_MARK = re.compile(r"<<|>>|\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class Fresh:
    """One planted slip: its scenes, and the quotations as (scene, start, end)."""

    code: str
    cast: tuple[str, ...]
    brain: Mapping[str, Any] | None
    scenes: tuple[str, ...]
    slip: tuple[int, int, int]
    told: tuple[tuple[int, int, int], ...]

    def findings(self) -> tuple[FindingDraft, ...]:
        story = Continuity([Known(name) for name in self.cast], [], brain=self.brain)
        story.set_scenes([SceneInput(f"s{at}", script, at) for at, script in enumerate(self.scenes)])
        return story.findings()


def cases(name: str) -> Iterator[Fresh]:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    for block in text.split("=== ")[1:]:
        code, _, rest = block.partition("\n")
        yield _case(code.strip(), rest)


def _case(code: str, block: str) -> Fresh:
    said: dict[str, str] = {}
    while (found := _FIELD.match(block)) is not None:
        said[found[1]] = found[2].strip()
        block = block[found.end() :]
    scenes: list[str] = []
    marks: dict[str, list[tuple[int, int, int]]] = {"<<": [], "{{": []}
    for at, raw in enumerate(_scenes(block)):
        plain, spans = _unmarked(raw)
        scenes.append(plain)
        for mark, start, end in spans:
            marks[mark].append((at, start, end))
    if not marks["<<"]:
        marks["<<"], marks["{{"] = marks["{{"], []
    slip = marks["<<"][0]
    cast = tuple(name.strip() for name in said.pop("cast", "").split(",") if name.strip())
    return Fresh(code, cast, _brain(said), tuple(scenes), slip, tuple(marks["{{"]))


def _scenes(block: str) -> list[str]:
    """Cut where a heading begins; what stands before the first heading is the first scene's."""
    starts = [found.start() for found in re.finditer(r"^(?:\{\{|<<)?(?:INT|EXT)\.", block, re.MULTILINE)]
    starts = [0, *starts[1:]]
    return [block[a:b].strip() + "\n" for a, b in zip(starts, [*starts[1:], len(block)], strict=True)]


def _unmarked(raw: str) -> tuple[str, list[tuple[str, int, int]]]:
    plain, spans, opened, at = "", [], [], 0
    for mark in _MARK.finditer(raw):
        plain += raw[at : mark.start()]
        at = mark.end()
        if mark[0] in ("<<", "{{"):
            opened.append((mark[0], len(plain)))
        else:
            kind, start = opened.pop()
            spans.append((kind, start, len(plain)))
    return plain + raw[at:], spans


def _brain(said: Mapping[str, str]) -> Mapping[str, Any] | None:
    if not said:
        return None
    return {
        "id": "own",
        "name": "Own",
        "words": {"palette": said.get("palette", ""), "shot_language": "", "pacing": ""},
        "prompt": {"style": said.get("style", ""), "negative": said.get("negative", "")},
        "parameters": {"color_grading": {"saturation": 0.0, "color_temp": 5600}},
    }


def judge(case: Fresh) -> tuple[bool, bool]:
    """(found: a finding of its code meets the slip or the told words; both quotations right)"""
    told = [finding for finding in case.findings() if finding.code == case.code]
    spans = (case.slip, *case.told)
    found = any(_meets(finding, at, span) for finding in told for at in range(len(finding.evidence)) for span in spans)
    both = any(_both(finding, case) for finding in told)
    return found, both


def _both(finding: FindingDraft, case: Fresh) -> bool:
    evidence = range(len(finding.evidence))
    slip = [at for at in evidence if _meets(finding, at, case.slip)]
    if not case.told or len(finding.evidence) == 1:
        return bool(slip) and not (case.told and len(finding.evidence) == 1)
    return any(other != at and _meets(finding, other, span) for at in slip for other in evidence for span in case.told)


def _meets(finding: FindingDraft, at: int, span: tuple[int, int, int]) -> bool:
    each = finding.evidence[at]
    return each.scene_id == f"s{span[0]}" and each.start < span[2] and span[1] < each.end


def score(name: str) -> dict[str, Any]:
    kinds: dict[str, list[int]] = {}
    for case in cases(name):
        row = kinds.setdefault(case.code, [0, 0, 0])
        found, both = judge(case)
        row[0] += 1
        row[1] += found
        row[2] += both
    planted, found_all, both_all = (sum(row[at] for row in kinds.values()) for at in range(3))
    return {
        "planted": planted,
        "found": Rate(found_all, planted).told(),
        "both": Rate(both_all, planted).told(),
        "kinds": {code: {"planted": n, "found": f, "both": b} for code, (n, f, b) in sorted(kinds.items())},
    }


def measured() -> list[dict[str, Any]]:
    """What each file gave when it was first measured."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "measured.json").read_text(encoding="utf-8"))["first_sight"]
    return found


def measure(_: Path | None = None) -> dict[str, Any]:
    return {"first_sight": measured(), "now": {entry["file"]: score(entry["file"]) for entry in measured()}}
