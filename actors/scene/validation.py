"""What does not agree between new words and the scene they continue: known before anything is rendered.

The invariant: a pure function of the text as it would read, by the rules that judge the whole story
(`actors.continuity`), so what is said of a continuation is what the margin would say once it is there. It informs;
whether the job goes on is said at the gate (`actors.scene.gate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.continuity.check import SceneInput, check
from actors.continuity.rules import Known

ISSUES_MAX = 40
"""Of one continuation. More than that is another story."""


def issues_of(
    scene: str, before: str, words: str, cast: Sequence[Known], places: Sequence[Known]
) -> tuple[dict[str, Any], ...]:
    """Findings whose telling words are new; `before`: the scene's text. Heavy for a long scene: for a thread."""
    found = check([SceneInput(scene, f"{before}\n\n{words}\n", 0)], cast, places)
    new = [each for each in found if each.evidence and each.evidence[0].start >= len(before)]
    return tuple(
        {"code": each.code, "severity": each.severity, "message": each.message, "suggestion": each.suggestion}
        for each in new[:ISSUES_MAX]
    )


def counted(gate: Mapping[str, int], issues: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A scene's open findings and those of the words to come."""
    severities = [each["severity"] for each in issues]
    return {
        "errors": gate["errors"] + severities.count("ERROR"),
        "warnings": gate["warnings"] + severities.count("WARNING"),
    }
