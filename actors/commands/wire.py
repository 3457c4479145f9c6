"""Commands on their way: which type is which class, the envelope they travel in, and what a committed one answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from actors.commands import continuity, graph, job, project, scene, table
from actors.commands.base import Command, CommandError

BY_TYPE: Mapping[str, type[Command]] = {
    c.type: c for room in (project, scene, job, continuity, graph, table) for c in room.COMMANDS
}


def command_from_dict(data: Mapping[str, Any]) -> Command:
    """The command a peer sent. Raises `CommandError` BAD_COMMAND for an unknown type or fields that do not fit."""
    cls = BY_TYPE.get(str(data.get("type")))
    if cls is None:
        raise CommandError("BAD_COMMAND", f"unknown command type {data.get('type')!r}", ("type",))
    known = {f.name for f in fields(cls)}
    given = {k: v for k, v in data.items() if k != "type"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise CommandError("BAD_COMMAND", f"{cls.type} has no field {unknown[0]!r}", (unknown[0],))
    try:
        return cls(**given)
    except TypeError as error:
        raise CommandError("BAD_COMMAND", f"{cls.type}: {error}") from error


@dataclass(frozen=True, slots=True)
class Envelope:
    """A command on its way: who asks, where it is decided, and the key that makes a retry harmless."""

    home: str  # project id
    target: str  # actor id: the project id or a scene id
    principal: str
    key: str  # idempotency key, 1..KEY_CHARS_MAX
    command: Command

    def to_dict(self) -> dict[str, Any]:
        return {
            "home": self.home,
            "target": self.target,
            "principal": self.principal,
            "key": self.key,
            "command": self.command.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Envelope:
        return cls(
            home=str(data["home"]),
            target=str(data["target"]),
            principal=str(data["principal"]),
            key=str(data["key"]),
            command=command_from_dict(data["command"]),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a committed command answers: the last sequence of its append and the ids it made or touched."""

    sequence: int
    ids: dict[str, str]  # e.g. {"project": "prj_…"}, {"scene": …}, {"job": …}
    replayed: bool = False
