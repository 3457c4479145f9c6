"""What may be asked of a scene's words: made, locked, styled, edited, versioned, talked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class CreateScene(Command):
    type: ClassVar[str] = "scene.create"
    heading: str
    script: str | None = None
    after: str | None = None  # scene id, None: at the end


@dataclass(frozen=True, slots=True)
class LockScene(Command):
    type: ClassVar[str] = "scene.lock"
    actor: ClassVar[str] = "scene"
    scene: str


@dataclass(frozen=True, slots=True)
class UnlockScene(Command):
    type: ClassVar[str] = "scene.unlock"
    actor: ClassVar[str] = "scene"
    scene: str


@dataclass(frozen=True, slots=True)
class StyleScene(Command):
    """The scene's own brain and format; None: the project's."""

    type: ClassVar[str] = "scene.style"
    actor: ClassVar[str] = "scene"
    scene: str
    brain: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class NameVersion(Command):
    """`at`: the sequence that gets the name, None: that of this command's own commit. `by`: how the author is shown."""

    type: ClassVar[str] = "version.name"
    actor: ClassVar[str] = "scene"
    scene: str
    name: str
    at: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class RestoreVersion(Command):
    """`text`: the script as of `at`, which whoever sends this has read from the log: the owner does not go back."""

    type: ClassVar[str] = "version.restore"
    actor: ClassVar[str] = "scene"
    derived: ClassVar[frozenset[str]] = frozenset({"text"})
    scene: str
    at: int
    text: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class EditScene(Command):
    """A batch by an agent. `asked`: the edits in the caller's own words (JSON), `base`: the sequence they speak of.

    Derived from the log: `edits` (start, end, text) of the text as of `base`; `then`, the text they were carried to;
    `steps` (index, start, end, text) in it; and what was `yielded` (index, start, end, text, reason) before sending.
    """

    type: ClassVar[str] = "scene.edit"
    actor: ClassVar[str] = "scene"
    derived: ClassVar[frozenset[str]] = frozenset({"edits", "then", "steps", "yielded"})
    scene: str
    task: str
    asked: str
    edits: tuple[tuple[int, int, str], ...]
    base: int | None
    then: str
    steps: tuple[tuple[int, int, int, str], ...]
    yielded: tuple[tuple[int, int, int, str, str], ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class AddComment(Command):
    """About the code points start <= i < end of the script, or (`parent`) an answer in a thread.

    `anchor`: both ends as Yjs relative positions, `quote`: the words there; found by whoever sends this.
    """

    type: ClassVar[str] = "comment.add"
    actor: ClassVar[str] = "scene"
    derived: ClassVar[frozenset[str]] = frozenset({"anchor", "quote"})
    scene: str
    text: str
    start: int | None = None
    end: int | None = None
    at: int | None = None  # the sequence that start and end speak of, None: now
    parent: str | None = None
    anchor: Mapping[str, Any] | None = None
    quote: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class ResolveComment(Command):
    """Close a thread, or open it again."""

    type: ClassVar[str] = "comment.resolve"
    actor: ClassVar[str] = "scene"
    scene: str
    comment: str
    resolved: bool = True
    by: str = ""


COMMANDS: tuple[type[Command], ...] = (
    CreateScene,
    LockScene,
    UnlockScene,
    StyleScene,
    NameVersion,
    RestoreVersion,
    EditScene,
    AddComment,
    ResolveComment,
)
