"""A finding: two places in the story that do not agree, in plain words, with a way out.

Invariant: a finding's id depends on what it is about and not on where the words stand, so it survives edits around it,
a waiver keeps holding, and the same slip found again is the same finding.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from actors.continuity.codes import Severity
from actors.continuity.facts import Evidence


@dataclass(frozen=True, slots=True)
class Fix:
    """Replace ``[start, end)`` of a scene's script; offered only where it cannot change what is meant."""

    scene_id: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """``scene_id`` is the scene to repair; ``evidence`` lists the telling quotation first."""

    id: str
    code: str  # declared in `actors.continuity.codes`
    severity: Severity
    scene_id: str
    message: str
    evidence: tuple[Evidence, ...]
    suggestion: str
    fix: Fix | None = None
    waived: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for msgpack and JSON."""
        fix = self.fix
        return {
            "id": self.id,
            "code": self.code,
            "severity": self.severity,
            "scene_id": self.scene_id,
            "message": self.message,
            "evidence": [
                {"scene_id": e.scene_id, "start": e.start, "end": e.end, "text": e.text} for e in self.evidence
            ],
            "suggestion": self.suggestion,
            "fix": fix
            and {"scene_id": fix.scene_id, "start": fix.start, "end": fix.end, "replacement": fix.replacement},
            "waived": self.waived,
        }


class FindingId(str):
    """Remembers the words it was made of: a copy of the project, whose scenes have other ids, makes it again."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]


def finding_id(code: str, scene_id: str, *about: str) -> FindingId:
    """``about`` names what the finding is about: name keys, times, the other scene."""
    parts = (code, scene_id, *about)
    digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=8)
    made = FindingId(f"fnd_{digest.hexdigest()}")
    made.parts = parts
    return made
