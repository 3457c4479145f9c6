"""What may be asked of a scene's films: orders, boards, takes, what the gate asks, and what follows from a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from actors.commands.base import Command


@dataclass(frozen=True, slots=True)
class RetryWorkflow(Command):
    """What follows from a scene, again from the step that failed."""

    type: ClassVar[str] = "workflow.retry"
    actor: ClassVar[str] = "workflow"
    scene: str


@dataclass(frozen=True, slots=True)
class GenerateScene(Command):
    type: ClassVar[str] = "job.generate"
    actor: ClassVar[str] = "scene"
    scene: str
    auto_pick: bool = False
    brain: str | None = None  # None: the scene's, or the project's
    seed: str | None = None  # None: drawn from the job id
    backend: str | None = None  # None: the router chooses
    priority: int = 0  # before the shares of the queue; the owner of the installation may set it
    candidates: int | None = None  # frames of each shot; None: see `gpu.board.plan`
    pick_within_s: int | None = None  # 0: the board waits for ever; None: as the installation says
    video: Mapping[str, Any] | None = None  # asked for by `/v1/videos`, see `actors.scene.videos`
    repair: str = ""  # the order of films it belongs to, see `actors.project.repairs`


@dataclass(frozen=True, slots=True)
class DropVideo(Command):
    """A video asked for by `/v1/videos` is wanted no more: its job ends, and its address knows it no more."""

    type: ClassVar[str] = "video.drop"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str


@dataclass(frozen=True, slots=True)
class ContinueScene(Command):
    """Go on with the scene: `text` (Fountain or prose) becomes its next segment.

    `expected_bible_version`: the version it was written for, None: whatever it is now. `style_preset`: a brain.
    """

    type: ClassVar[str] = "job.continue"
    actor: ClassVar[str] = "scene"
    scene: str
    text: str
    expected_bible_version: int | None = None
    target_duration_s: float | None = None
    style_preset: str | None = None
    voice_preset: str | None = None
    by: str = ""  # how the author is shown


@dataclass(frozen=True, slots=True)
class PickPanel(Command):
    type: ClassVar[str] = "job.pick"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str
    panel: str
    go_on: bool = True  # the film begins: undecided shots follow. False: this shot is decided


@dataclass(frozen=True, slots=True)
class VotePanel(Command):
    """`by`: how the voter is shown."""

    type: ClassVar[str] = "job.vote"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str
    panel: str
    vote: bool = True
    by: str = ""


@dataclass(frozen=True, slots=True)
class ReviseBoard(Command):
    """Draw the frames of these shots (from 0) anew. Without note and seed: as another seed has it."""

    type: ClassVar[str] = "job.revise"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str
    shots: tuple[int, ...]
    note: str = ""
    seed: str | None = None


@dataclass(frozen=True, slots=True)
class CancelJob(Command):
    type: ClassVar[str] = "job.cancel"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str


@dataclass(frozen=True, slots=True)
class ProceedAnyway(Command):
    """A job that is held goes on with its words as they are."""

    type: ClassVar[str] = "job.proceed"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str


@dataclass(frozen=True, slots=True)
class WaiveIssue(Command):
    """One thing a job is held for is meant, for a `reason` of `actors.continuity.codes`; with the last it goes on."""

    type: ClassVar[str] = "job.waive"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str
    finding: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class UseCorrection(Command):
    """The script is corrected as the job shows, by whoever asks, and a job that is held begins again with it."""

    type: ClassVar[str] = "job.use_correction"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str
    by: str = ""  # how the author is shown


@dataclass(frozen=True, slots=True)
class AskRadius(Command):
    """What films of the project would be asked with now, and if this changed: the scene's `text`; the cast member
    `cast` to be called `name` ("": in the cast no more); the project's brain or format; or a fact set by hand,
    {"scene","entity","attribute","value","quote","holds"}. Changes nothing; asked at any scene. `so_far`: some film's
    words were written by a writer that reads the story so far, which is the dearest part to tell."""

    type: ClassVar[str] = "radius.ask"
    actor: ClassVar[str] = "scene"
    scene: str
    text: str | None = None
    cast: str = ""
    name: str = ""
    brain: str = ""
    format: str = ""
    fact: dict[str, Any] | None = None
    so_far: bool = False


@dataclass(frozen=True, slots=True)
class JudgeTake(Command):
    """What somebody says of a film that the cache gave: whether it is what was asked for. `regenerate`: and another."""

    type: ClassVar[str] = "take.judge"
    actor: ClassVar[str] = "scene"
    scene: str
    take: str
    right: bool
    reason: str = ""
    regenerate: bool = False


@dataclass(frozen=True, slots=True)
class ReportSeen(Command):
    """What an observer says that a take's film shows: see `actors.scene.reporting`."""

    type: ClassVar[str] = "take.report_seen"
    actor: ClassVar[str] = "scene"
    scene: str
    take: str
    observer: str
    facts: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class DrawFrames(Command):
    """Frames to choose from, of a job that the cache answered before any was drawn: as a job of its own."""

    type: ClassVar[str] = "job.draw_frames"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str


@dataclass(frozen=True, slots=True)
class RetryJob(Command):
    type: ClassVar[str] = "job.retry"
    actor: ClassVar[str] = "scene"
    scene: str
    job: str


COMMANDS: tuple[type[Command], ...] = (
    RetryWorkflow,
    GenerateScene,
    DropVideo,
    ContinueScene,
    PickPanel,
    VotePanel,
    ReviseBoard,
    CancelJob,
    ProceedAnyway,
    WaiveIssue,
    UseCorrection,
    AskRadius,
    JudgeTake,
    DrawFrames,
    ReportSeen,
    RetryJob,
)
