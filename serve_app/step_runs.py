"""What a step is to a worker: how it is run, what it may tell meanwhile, how it says that it failed.

Owns the protocols between `serve_app.worker` and `serve_app.steps`, and no work. Invariant: what a step tells and how
it ends fits an attempt row, so a worker here, one beside a GPU and a test are the same to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from serve_app.durable_steps import ClaimLost, StepCancelled
from storage.ledger.protocol import Attempt

__all__ = ["ClaimLost", "Lane", "Notify", "Report", "StepCancelled", "StepFailed", "StepRun", "WaitingStep"]


class StepFailed(Exception):
    """A step's own failure: stored on the attempt as {"code","message","retryable"}, and how long whoever refused it
    asked us to wait."""

    def __init__(self, code: str, message: str, retryable: bool, retry_after_s: float | None = None) -> None:
        super().__init__(code, message, retryable, retry_after_s)
        self.code, self.message, self.retryable, self.retry_after_s = code, message, retryable, retry_after_s

    def body(self) -> dict[str, Any]:
        said: dict[str, Any] = {"code": self.code, "message": self.message, "retryable": self.retryable}
        return said if self.retry_after_s is None else {**said, "retry_after_s": float(self.retry_after_s)}


class Report(Protocol):
    """What a running step tells: thread-safe, cheap, may be called per frame."""

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None: ...
    def cancelled(self) -> bool: ...

    def durable(self, partial: dict[str, Any]) -> None:
        """Back when the ledger has it; whoever claims the attempt anew finds it as `attempt.result`. From a step's
        thread only. Raises `StepCancelled`, with `partial` stored, when the step is to stop; `ClaimLost`, with nothing
        stored, when somebody else goes on with it."""
        ...

    async def stored(self, partial: dict[str, Any]) -> None:
        """`durable` for steps that run on the loop."""
        ...

    async def unwanted(self) -> bool:
        """Whether somebody cancelled the attempt, as opposed to this worker only leaving it to another."""
        ...


class StepRun(Protocol):
    """One step as a blocking function. Raises `StepFailed` or `StepCancelled`."""

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]: ...


@runtime_checkable
class WaitingStep(Protocol):
    """A step that waits for others most of the time: runs on the worker's loop, so that waiting holds no thread."""

    async def wait(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]: ...


Notify = Callable[[Attempt], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lane:
    """`slots` attempts of `steps` at once, of those that need nothing or one of `offers`. Video has a lane of its own,
    so a first panel never waits for it."""

    name: str
    steps: tuple[str, ...]
    slots: int = 1
    offers: tuple[str, ...] = ()
