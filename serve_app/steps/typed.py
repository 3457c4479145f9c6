"""The rooms' own errors as outcomes of a step.

Invariant: what a step raises is `StepCancelled`, `StepFailed` with a stable code, or a bug.
"""

from __future__ import annotations

from typing import Any

from gpu.enhance.protocol import EnhanceError
from gpu.media.errors import MediaError
from gpu.video.protocol import Cancelled, VideoError
from serve_app.step_runs import Report, StepCancelled, StepFailed, StepRun
from storage.ledger.protocol import Attempt
from storage.objects.protocol import ObjectStoreError


def typed(run: StepRun) -> StepRun:
    """The same step, its errors in the worker's words."""

    def step(attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        try:
            return run(attempt, request, report)
        except Cancelled as error:
            raise StepCancelled from error
        except (EnhanceError, VideoError, MediaError, ObjectStoreError) as error:
            raise StepFailed(error.code.upper(), error.message, error.retryable) from error

    return step
