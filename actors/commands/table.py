"""What may be asked of a scene's table read: a line said to it, what came of that, and what its roles know. The scene
decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class SayLine(Command):
    """Say something to the story. `speaks_as`: whom of the cast the person plays, "": nobody; `to`: names of who is
    meant, none: whoever the words name, else the others of the scene, or the narrator if the person plays nobody."""

    type: ClassVar[str] = "table.say"
    actor: ClassVar[str] = "scene"
    scene: str
    text: str
    speaks_as: str = ""
    to: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class StopLine(Command):
    """A line that is being answered is answered no more."""

    type: ClassVar[str] = "table.stop"
    actor: ClassVar[str] = "scene"
    scene: str
    line: str


@dataclass(frozen=True, slots=True)
class AcceptLine(Command):
    """A proposal goes into the script, as an edit of whoever accepts it. `anyway`: though it contradicts the story."""

    type: ClassVar[str] = "table.accept"
    actor: ClassVar[str] = "scene"
    scene: str
    proposal: str
    anyway: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class DeclineLine(Command):
    """A proposal is not wanted."""

    type: ClassVar[str] = "table.decline"
    actor: ClassVar[str] = "scene"
    scene: str
    proposal: str


@dataclass(frozen=True, slots=True)
class EnterTable(Command):
    """What the scene's roles know now, and how long each step of getting there took. Changes nothing."""

    type: ClassVar[str] = "table.enter"
    actor: ClassVar[str] = "scene"
    scene: str


COMMANDS: tuple[type[Command], ...] = (
    SayLine,
    StopLine,
    AcceptLine,
    DeclineLine,
    EnterTable,
)
