"""False alarms: what the continuity engine says of whole plays that nobody wrote for it.

Invariant: the plays are read as an import reads them (cast and places are the lists the import makes), every rule that
the engine has runs, and each finding counts as a false alarm unless a person judged it right, in
`judged.json` beside them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.continuity.check import Continuity, SceneInput
from actors.continuity.findings import FindingDraft
from actors.continuity.rules import Known
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.lists import lists_of
from benchmarks.continuity import data
from benchmarks.continuity.plays import fountain

PLAYS = {"play-antony": "Antony and Cleopatra", "play-macbeth": "Macbeth"}


def findings_of(script: str, more: Sequence[Known] = ()) -> tuple[int, tuple[FindingDraft, ...]]:
    """(scenes, findings) of a whole screenplay, with people of a cast list beside those that an import finds."""
    scenes = [scene.raw for scene in parse(script).scenes]
    lists = lists_of([breakdown(raw) for raw in scenes])
    cast = [*more, *(Known(each.name, each.aliases) for each in lists.cast)]
    story = Continuity(cast, [Known(each.name) for each in lists.places])
    story.set_scenes([SceneInput(f"{at:03}", raw, at) for at, raw in enumerate(scenes)])
    return len(scenes), story.findings()


def judged() -> list[dict[str, Any]]:
    """Every finding that the engine ever made of these plays, with what a person says of it."""
    found: list[dict[str, Any]] = json.loads(data.text("plays-judged"))["findings"]
    return found


def measure_all(folder: Path | None) -> dict[str, Any]:
    """All 37 plays from DATA. What is said of them was read, and is listed; it was not judged scene by scene."""
    plays = data.manifest()["plays-all"].path(folder)
    scenes, said = 0, []
    for page in sorted(plays.glob("*.html")):
        count, findings = findings_of(fountain(page.read_text(encoding="latin-1"), page.stem))
        scenes += count
        said += [[page.stem, finding.code, finding.message] for finding in findings]
    return {"scenes": scenes, "findings": dict(sorted(Counter(code for _, code, _ in said).items())), "said": said}


def key(play: str, finding: FindingDraft) -> tuple[str, str, str, str]:
    return play, finding.code, finding.scene_id, finding.evidence[0].text


def measure(_: Path | None = None) -> dict[str, Any]:
    right = {(e["play"], e["code"], e["scene"], e["words"]) for e in judged() if e["judgement"] == "right"}
    told: dict[str, Any] = {}
    for name, title in PLAYS.items():
        scenes, findings = findings_of(data.text(name))
        false = [finding for finding in findings if key(title, finding) not in right]
        told[title] = {
            "scenes": scenes,
            "findings": len(findings),
            "false_alarms": len(false),
            "said": [f"{finding.code}: {finding.message}" for finding in findings],
        }
    return told
