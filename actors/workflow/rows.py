"""The rows a step of the workflow may touch: their kinds, and a reader and writer that hold a step to its declaration.

The invariant: a step sees only kinds it declared to read and leaves only kinds it declared to write; anything else
raises `Undeclared`, which is a fault of the step and never retried. A row is what one scene contributed; what is true
of the story is the fold of the contributions of its scenes (`actors.workflow.story`), so a scene worked out again
replaces its own part and nothing is counted twice.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.codec import decode, encode


class RowKind(enum.StrEnum):
    """Kinds of views (`actors.workflow.views`); PROJECT is the project's own names and order."""

    PROJECT = "project"
    EXIT = "scene_exit"
    FACTS = "story_facts"
    KNOWLEDGE = "story_knowledge"
    RELATIONS = "story_relations"
    WORLD = "story_world"
    NARRATIVE = "story_narrative"
    CHECKPOINT = "scene_checkpoint"
    FADED = "story_faded"  # one for a project, by its id: what is left of ties that nobody renewed


class Scope(enum.Enum):
    OWN = "own"  # of the scene that was left
    OTHERS = "others"  # of every other scene


Data = Mapping[str, Any]


class Packed(Mapping[str, Data]):
    """Rows by scene, kept as bytes and read when somebody looks: a long project loads and is dumped at once.

    Never changed: `put` answers another, so a step beside the loop goes on with what it was given.
    """

    def __init__(self, packed: Mapping[str, bytes] | None = None, read: Mapping[str, Data] | None = None) -> None:
        self.packed = dict(packed or {})
        self._read = dict(read or {})

    def __getitem__(self, scene: str) -> Data:
        found = self._read.get(scene)
        if found is None:
            found = self._read[scene] = decode(self.packed[scene])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.packed)

    def __len__(self) -> int:
        return len(self.packed)

    def put(self, scene: str, row: Data) -> Packed:
        return Packed({**self.packed, scene: encode(row)}, {**self._read, scene: row})


class Undeclared(RuntimeError):
    """A step touched rows it never declared."""

    code = "UNDECLARED"
    retryable = False

    def __init__(self, step: str, what: str, kind: str) -> None:
        super().__init__(step, what, kind)
        self.step, self.what, self.kind = step, what, kind

    def __str__(self) -> str:
        return f"step {self.step} {self.what} {self.kind}, which it does not declare"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a step reads, by kind and scope, and the one kind it writes."""

    reads: frozenset[tuple[RowKind, Scope]]
    writes: RowKind


@dataclass(slots=True)
class Rows:
    """The rows of one step: kind → scene → data, as they were when it began."""

    step: str
    declared: Declared
    scene: str
    found: Mapping[RowKind, Mapping[str, Data]]
    written: dict[RowKind, dict[str, Any]] = field(default_factory=dict)

    def own(self, kind: RowKind) -> Data:
        """This scene's row; empty if there is none. Raises `Undeclared`."""
        return self._of(kind, Scope.OWN).get(self.scene, {})

    def others(self, kind: RowKind) -> Mapping[str, Data]:
        """The other scenes' rows. Raises `Undeclared`."""
        rows = self._of(kind, Scope.OTHERS)
        return {scene: rows[scene] for scene in rows if scene != self.scene}

    def write(self, kind: RowKind, data: dict[str, Any]) -> None:
        """Raises `Undeclared`."""
        if kind is not self.declared.writes:
            raise Undeclared(self.step, "writes", kind.value)
        self.written[kind] = data

    def _of(self, kind: RowKind, scope: Scope) -> Mapping[str, Data]:
        if (kind, scope) not in self.declared.reads:
            raise Undeclared(self.step, "reads", f"{kind.value} ({scope.value})")
        return self.found.get(kind, {})
