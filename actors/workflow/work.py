"""One step, run beside the loop: its rows in, its row or its fault out.

The invariant: pure; whatever a step does wrong comes back as an outcome with a code, and no story text is in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.workflow.rows import Data, RowKind, Rows
from actors.workflow.steps import SPECS, Step
from storage.codec import encode

logger = logging.getLogger("storyforge.workflow")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step answered, or why it could not ({"code", "message", "retryable"})."""

    workflow: str
    step: Step
    data: dict[str, Any] | None = None
    confidence: float = 1.0
    error: dict[str, Any] | None = None


def take_step(workflow: str, scene: str, step: Step, found: Mapping[RowKind, Mapping[str, Data]]) -> Outcome:
    """`found`: the rows of every kind it declares, of all scenes."""
    spec = SPECS[step]
    rows = Rows(step.value, spec.declared, scene, found)
    try:
        confidence = spec.run(rows)
        data = rows.written[spec.declared.writes]
        encode(data)  # what cannot be stored is a fault of the step; found in the append, it would be tried for ever
    except Exception as error:
        logger.exception("a step of a workflow failed", extra={"workflow": workflow, "step": step.value})
        code = str(getattr(error, "code", "STEP_FAILED"))
        said = str(error) if hasattr(error, "code") else f"{type(error).__name__} in step {step.value}"
        retryable = bool(getattr(error, "retryable", True))
        return Outcome(workflow, step, error={"code": code, "message": said, "retryable": retryable})
    return Outcome(workflow, step, data, confidence)
