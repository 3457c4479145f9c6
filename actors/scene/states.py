"""The closed sets of a generation job: its states and their moves, its stages, what may come next.

Owns no behaviour. The invariant: a state is entered only along `MOVES`; a step stands for one stage unless its worker
names another of `WORKER_STAGES`. Read by the job's fold and flow, by projections and by what shows them.
"""

from __future__ import annotations

import enum

from gpu.steps import Step


class State(enum.StrEnum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    SCRIPT_READY = "SCRIPT_READY"
    CONTINUITY_CHECKED = "CONTINUITY_CHECKED"
    PREVIEW_READY = "PREVIEW_READY"
    THROTTLED = "THROTTLED"
    FINAL_READY = "FINAL_READY"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Stage(enum.StrEnum):
    SCRIPT_EXPANSION = "SCRIPT_EXPANSION"
    CONTINUITY_VALIDATION = "CONTINUITY_VALIDATION"
    CACHE_LOOKUP = "CACHE_LOOKUP"
    STORYBOARD = "STORYBOARD"
    VIDEO_GENERATION = "VIDEO_GENERATION"
    POST_PROCESSING = "POST_PROCESSING"
    UPLOAD = "UPLOAD"
    OBSERVATION = "OBSERVATION"
    FINALIZATION = "FINALIZATION"


_ENDS = frozenset({State.FAILED, State.CANCELLED})
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PROCESSING, State.THROTTLED}) | _ENDS,
    State.PROCESSING: frozenset({State.SCRIPT_READY, State.PREVIEW_READY, State.FINAL_READY, State.THROTTLED}) | _ENDS,
    State.SCRIPT_READY: frozenset({State.CONTINUITY_CHECKED, State.PROCESSING}) | _ENDS,
    State.CONTINUITY_CHECKED: frozenset({State.PREVIEW_READY, State.FINAL_READY, State.THROTTLED}) | _ENDS,
    State.PREVIEW_READY: frozenset({State.PROCESSING}) | _ENDS,
    State.THROTTLED: frozenset({State.PROCESSING}) | _ENDS,
    State.FINAL_READY: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset(),
}
TERMINAL = frozenset({State.FINAL_READY, State.FAILED, State.CANCELLED})

STEP_STAGE: dict[Step, Stage] = {
    Step.ENHANCE: Stage.SCRIPT_EXPANSION,
    Step.CACHE: Stage.CACHE_LOOKUP,
    Step.STORYBOARD: Stage.STORYBOARD,
    Step.VIDEO: Stage.VIDEO_GENERATION,
    Step.OBSERVE: Stage.OBSERVATION,
}
WORKER_STAGES: dict[Step, frozenset[Stage]] = {
    Step.VIDEO: frozenset({Stage.VIDEO_GENERATION, Stage.POST_PROCESSING, Stage.UPLOAD})
}
"""Stages a worker may name itself, as the words before `|` in its message."""

SPAN: dict[Step, tuple[float, float]] = {
    Step.ENHANCE: (0.0, 0.10),
    Step.CACHE: (0.10, 0.12),
    Step.STORYBOARD: (0.12, 0.35),
    Step.VIDEO: (0.35, 0.93),
    Step.OBSERVE: (0.93, 0.99),
}
"""Which part of the whole bar each step fills."""


class Due(enum.Enum):
    """What a job does next."""

    ENHANCE = Step.ENHANCE
    CHECK = "check"
    WAIT_WHILE_HELD = "held"
    CACHE = Step.CACHE
    STORYBOARD = Step.STORYBOARD
    PREVIEW = "preview"
    AUTO_PICK = "auto_pick"
    WAIT_FOR_PICK = "wait"
    VIDEO = Step.VIDEO
    OBSERVE = Step.OBSERVE
    FINISH = "finish"
    NOTHING = "nothing"
