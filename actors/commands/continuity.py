"""What people say of continuity: a break is meant, a fact holds. The continuity actor decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class WaiveFinding(Command):
    """A break of continuity is meant, for a `reason` of `actors.continuity.codes`; or, not `waived`, it is not."""

    type: ClassVar[str] = "finding.waive"
    actor: ClassVar[str] = "continuity"
    scene: str
    finding: str
    reason: str = ""
    note: str = ""
    waived: bool = True
    by: str = ""


@dataclass(frozen=True, slots=True)
class SetFact(Command):
    """A person says what holds from words of a scene on (`actors.continuity.by_hand`); or takes that back."""

    type: ClassVar[str] = "fact.set"
    actor: ClassVar[str] = "continuity"
    scene: str
    entity: str
    attribute: str
    value: str = ""
    quote: str = ""
    holds: bool = True
    by: str = ""


COMMANDS: tuple[type[Command], ...] = (
    WaiveFinding,
    SetFact,
)
