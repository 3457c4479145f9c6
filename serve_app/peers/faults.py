"""How a failure crosses a peer connection: code, words, retryable, path; rebuilt as the same kind of error.

Invariant: an error of ours keeps its code and its `retryable` on the way; anything else becomes INTERNAL without its
text (the text may hold story or secrets; the host's log has it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.commands import CommandError


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    message: str
    retryable: bool
    path: tuple[str, ...] = ()
    kind: str = "fault"  # "command": the caller's own doing

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "path": list(self.path),
            "kind": self.kind,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fault:
        return cls(
            code=str(data.get("code", "INTERNAL")),
            message=str(data.get("message", "")),
            retryable=bool(data.get("retryable", False)),
            path=tuple(str(p) for p in data.get("path", ())),
            kind=str(data.get("kind", "fault")),
        )

    def error(self) -> Exception:
        """The error to raise at the caller's end: `CommandError`, else `FaultError`."""
        if self.kind == "command":
            return CommandError(self.code, self.message, self.path, self.retryable)
        return FaultError(self.code, self.message, self.retryable)


class FaultError(Exception):
    """A fault another replica reported."""

    def __init__(self, code: str, message: str, retryable: bool = True) -> None:
        super().__init__(code, message, retryable)
        self.code, self.message, self.retryable = code, message, retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def describe(error: BaseException) -> Fault:
    """The wire form of any failure."""
    if isinstance(error, CommandError):
        return Fault(error.code, error.message, error.retryable, error.path, "command")
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return Fault(code, str(error), bool(getattr(error, "retryable", False)))
    return Fault("INTERNAL", "the server failed while doing this; try again", True)
