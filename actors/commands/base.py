"""What every command is, its refusal, and the bounds that commands share. Does no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

TITLE_CHARS_MAX = 300
HEADING_CHARS_MAX = 500
SCRIPT_CHARS_MAX = 400_000
SCREENPLAY_CHARS_MAX = 3_000_000
NAME_CHARS_MAX = 120
KEY_CHARS_MAX = 200
TEXT_CHARS_MAX = 500
COMMENT_CHARS_MAX = 10_000
CONTINUATION_CHARS_MAX = 20_000


class CommandError(Exception):
    """A refusal the caller can act on: `code`, words, the input field it is about, and whether to retry."""

    def __init__(self, code: str, message: str, path: tuple[str, ...] = (), retryable: bool = False) -> None:
        super().__init__(code, message, path, retryable)
        self.code, self.message, self.path, self.retryable = code, message, path, retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Command:
    """`type` names it on the wire; `actor` is the kind of actor that decides it."""

    type: ClassVar[str] = ""
    actor: ClassVar[str] = "project"
    derived: ClassVar[frozenset[str]] = frozenset()
    """Fields that whoever sends it worked out from the others: a retry may carry others and is the same request."""

    def to_dict(self) -> dict[str, Any]:
        return {"type": self.type, **asdict(self)}
