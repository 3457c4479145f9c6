"""What an observer says about a video, as plain values.

Invariant: an observation never says why something should be so, only what was measured. Observers (technical here, a
vision model elsewhere) make them; `epistemic` and the owner of the job read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["valid", "uncertain", "impossible", "contradicts", "blocks"]
"""valid: as planned. uncertain: small departures. contradicts: a video, but not the planned one. impossible: no scene
at all (black, or one still picture). blocks: nothing that can be looked at."""


@dataclass(frozen=True, slots=True)
class Observation:
    """`measures` are numbers by name with their unit as suffix; `reasons` are sentences for people; score is 0..1."""

    observer: str
    verdict: Verdict
    measures: Mapping[str, float]
    reasons: tuple[str, ...]
    quality_score: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "observer": self.observer,
            "verdict": self.verdict,
            "measures": dict(self.measures),
            "reasons": list(self.reasons),
            "quality_score": self.quality_score,
        }
