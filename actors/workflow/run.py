"""One workflow of one scene's exit, as its events tell it: which steps are done, which failed, what is due.

The invariant: a pure fold; a second result of the same workflow and step changes nothing, and results of a workflow
that a later exit of the scene has superseded count for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from actors.workflow.steps import SPECS, STEP_TRIES_MAX, Step, due


@dataclass(slots=True)
class Run:
    """`number`: sequence of the exit it belongs to; a scene's higher number is its newer exit."""

    workflow: str
    scene: str
    number: int = 0
    done: dict[str, int] = field(default_factory=dict)  # step → sequence of its result
    tries: dict[str, int] = field(default_factory=dict)  # failed ones, by step
    errors: dict[str, dict[str, Any]] = field(default_factory=dict)
    superseded: bool = False

    @property
    def failed(self) -> frozenset[Step]:
        return frozenset(Step(name) for name, error in self.errors.items() if error["final"])

    @property
    def complete(self) -> bool:
        return Step.CHECKPOINT in self.done

    @property
    def ended(self) -> bool:
        """Nothing is left to do, for good."""
        return self.complete or self.superseded

    @property
    def due(self) -> Step | None:
        if self.ended:
            return None
        return due(frozenset(Step(name) for name in self.done), self.failed)

    @property
    def state(self) -> str:
        if self.superseded:
            return "SUPERSEDED"
        if self.complete:
            return "COMPLETE"
        return "FAILED" if self.failed and self.due is None else "RUNNING"

    def finish(self, step: Step, seq: int) -> None:
        self.done[step.value] = seq
        self.errors.pop(step.value, None)

    def fail(self, step: Step, error: Mapping[str, Any]) -> None:
        self.tries[step.value] = self.tries.get(step.value, 0) + 1
        self.errors[step.value] = dict(error)

    def retry(self) -> None:
        self.errors.clear()
        self.tries.clear()

    def last_try(self, step: Step) -> bool:
        """Whether one more fault of this step ends the workflow."""
        return self.tries.get(step.value, 0) + 1 >= STEP_TRIES_MAX

    def steps(self) -> tuple[dict[str, Any], ...]:
        """As the workflow's view lists them."""
        return tuple(
            {
                "name": step.value,
                "state": self._state_of(step),
                "tries": self.tries.get(step.value, 0) + (step.value in self.done),
                "error": self.errors.get(step.value),
            }
            for step in SPECS
        )

    def _state_of(self, step: Step) -> str:
        if step.value in self.done:
            return "DONE"
        if step in self.failed:
            return "FAILED"
        if self.superseded:
            return "SKIPPED"
        blocked = self.failed and any(after in self.failed for after in _before(step))
        return "BLOCKED" if blocked else "WAITING"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def _before(step: Step) -> frozenset[Step]:
    """Every step it waits for, however far back."""
    found: frozenset[Step] = frozenset(SPECS[step].after)
    for each in SPECS[step].after:
        found |= _before(each)
    return found
