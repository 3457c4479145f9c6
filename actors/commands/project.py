"""What may be asked of a project itself: its making, settings, people, links, webhooks. The project actor decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class CreateProject(Command):
    type: ClassVar[str] = "project.create"
    title: str
    project_type: str  # SERIES | MOVIE | SHORT
    brain: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class ImportScreenplay(Command):
    """Creates the project and all its scenes, cast and places in one append."""

    type: ClassVar[str] = "project.import"
    title: str
    text: str
    format: str  # FOUNTAIN (FDX answers FORMAT_UNSUPPORTED until it is built)


@dataclass(frozen=True, slots=True)
class DeleteProject(Command):
    """It shows nowhere from now on; after the grace it is erased."""

    type: ClassVar[str] = "project.delete"


@dataclass(frozen=True, slots=True)
class RestoreProject(Command):
    """Take a deletion back, while the grace runs."""

    type: ClassVar[str] = "project.restore"


@dataclass(frozen=True, slots=True)
class SetBrain(Command):
    type: ClassVar[str] = "project.set_brain"
    brain: str


@dataclass(frozen=True, slots=True)
class SetFormat(Command):
    type: ClassVar[str] = "project.set_format"
    format: str


@dataclass(frozen=True, slots=True)
class DefineBrain(Command):
    """A brain of the project's own. `definition`: plain values in the form of `gpu/enhance/brains/*.yaml`."""

    type: ClassVar[str] = "brain.define"
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DefineFormat(Command):
    """A format of the project's own. `definition`: plain values in the form of `gpu/enhance/formats/*.yaml`."""

    type: ClassVar[str] = "format.define"
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WithdrawDefinition(Command):
    """A brain or format of the project's own is offered no more. `kind`: brain | format."""

    type: ClassVar[str] = "definition.withdraw"
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class SetBackground(Command):
    """Whether the story may be looked over while nobody has it open."""

    type: ClassVar[str] = "project.set_background"
    on: bool


@dataclass(frozen=True, slots=True)
class SetShare(Command):
    """How much of an ordinary share of the workers the project's work counts for."""

    type: ClassVar[str] = "project.set_share"
    percent: int


@dataclass(frozen=True, slots=True)
class SetAhead(Command):
    """How many films a day may be made ahead of anybody's asking, on workers that have nothing else to do; 0: none."""

    type: ClassVar[str] = "project.set_ahead"
    renders_a_day: int


@dataclass(frozen=True, slots=True)
class OrderRepair(Command):
    """Film these scenes again, as one order under this id: whoever owns the project sees to it."""

    type: ClassVar[str] = "repair.order"
    id: str
    scenes: tuple[str, ...]
    auto_pick: bool = True


@dataclass(frozen=True, slots=True)
class CancelRepair(Command):
    """Nothing more of this order is filmed. `jobs`: (scene, job) of those under way, as whoever asks saw them."""

    type: ClassVar[str] = "repair.cancel"
    derived: ClassVar[frozenset[str]] = frozenset({"jobs"})
    id: str
    jobs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SetCacheBound(Command):
    """How many of 10,000 answers of the semantic cache may be wrong; None: as the installation has it."""

    type: ClassVar[str] = "project.set_cache_bound"
    per_10000: int | None = None


@dataclass(frozen=True, slots=True)
class LeaveOut(Command):
    """Which sections of what earlier scenes give this one its prompt is not told; none: it is told all of them."""

    type: ClassVar[str] = "project.leave_out"
    scene: str
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddCast(Command):
    type: ClassVar[str] = "project.add_cast"
    name: str


@dataclass(frozen=True, slots=True)
class SetPortrait(Command):
    """`key`: of an uploaded picture; empty: none any more."""

    type: ClassVar[str] = "project.set_portrait"
    cast: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class SetVoice(Command):
    """How a character sounds: in words, and by the key of an uploaded recording; all empty: nothing any more."""

    type: ClassVar[str] = "project.set_voice"
    cast: str
    timbre: str = ""
    accent: str = ""
    pace: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class RemoveCast(Command):
    """What is written of them stays written."""

    type: ClassVar[str] = "project.remove_cast"
    cast: str


@dataclass(frozen=True, slots=True)
class CreateAccessLink(Command):
    """`label`: whose it is, as others see them. `expires_at_ms`: Unix milliseconds, 0: never."""

    type: ClassVar[str] = "access.create"
    label: str
    role: str  # VIEWER | COMMENTER | EDITOR
    expires_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ChangeAccessLink(Command):
    """None: as it is."""

    type: ClassVar[str] = "access.change"
    link: str
    role: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class RevokeAccessLink(Command):
    type: ClassVar[str] = "access.revoke"
    link: str


@dataclass(frozen=True, slots=True)
class SaveCheckpoint(Command):
    """Keep a checkpoint of the whole project under a name. `by`: how the author is shown."""

    type: ClassVar[str] = "checkpoint.save"
    label: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class CreateWebhook(Command):
    """Tell an endpoint of these events (`actors.project.webhooks.EVENTS`)."""

    type: ClassVar[str] = "webhook.create"
    url: str
    events: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class DeleteWebhook(Command):
    type: ClassVar[str] = "webhook.delete"
    webhook: str


COMMANDS: tuple[type[Command], ...] = (
    CreateProject,
    ImportScreenplay,
    DeleteProject,
    RestoreProject,
    SetBrain,
    SetFormat,
    DefineBrain,
    DefineFormat,
    WithdrawDefinition,
    SetBackground,
    SetShare,
    SetAhead,
    SetCacheBound,
    OrderRepair,
    CancelRepair,
    LeaveOut,
    AddCast,
    SetPortrait,
    SetVoice,
    RemoveCast,
    CreateAccessLink,
    ChangeAccessLink,
    RevokeAccessLink,
    SaveCheckpoint,
    CreateWebhook,
    DeleteWebhook,
)
