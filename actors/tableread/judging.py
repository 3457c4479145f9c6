"""What a proposal would do to continuity if it stood at the end of the scene.

The invariant: by the very rules of the margin (`actors.scene.gate`), and only what speaks of the proposal's own words
counts. An unwaived ERROR marks it: people see it with its finding, and taking it anyway is theirs to say. Pure; for a
thread, on a fork of the story.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from actors.continuity.check import Continuity
from actors.scene.gate import holds, judge
from actors.tableread.fountain import appended

FINDINGS_MAX = 4
"""Of one proposal, errors first."""


def findings_of(
    story: Continuity, scene: str, script: str, written: str, waived: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Plain values: {"code", "severity", "message", "waived", "evidence"}."""
    verdict = judge(story, scene, script + appended(script, written), len(script), waived)
    return [
        {
            "code": each["type"],
            "severity": each["severity"],
            "message": each["description"],
            "waived": each["waived"],
            "evidence": each["evidence"],
        }
        for each in verdict.issues[:FINDINGS_MAX]
    ]


def contradicts(findings: Iterable[Mapping[str, Any]]) -> bool:
    return any(holds(each) for each in findings)
