"""What people say of the story's graph. The graph actor decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class SetRelation(Command):
    """What a person says of an edge of the story's graph (`storage.graphs.rows.EdgeLabel`); None: nothing of that.
    `removed`: it is not so; `cleared`: what people said is taken back."""

    type: ClassVar[str] = "graph.set_relation"
    actor: ClassVar[str] = "graph"
    label: str
    source: str
    target: str
    trust_competence: float | None = None
    trust_benevolence: float | None = None
    debt: float | None = None
    traversal_cost: float | None = None
    removed: bool = False
    cleared: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class DescribeScene(Command):
    """What kind of scene one is, and what it weighs in the story."""

    type: ClassVar[str] = "graph.describe_scene"
    actor: ClassVar[str] = "graph"
    scene: str
    scene_type: str = ""
    authored_mass: float | None = None
    words: str = ""


COMMANDS: tuple[type[Command], ...] = (
    SetRelation,
    DescribeScene,
)
