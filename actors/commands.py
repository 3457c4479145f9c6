"""Every command an actor takes, as data: what a partner, the editor or a worker may ask of a project.

The invariant: a command is complete in itself (no defaults from the caller's session) and survives the peer port as a
plain dict. Resolvers build them; `actors/` decides on them; nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
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
class SetCacheBound(Command):
    """How many of 10,000 answers of the semantic cache may be wrong; None: as the installation has it."""

    type: ClassVar[str] = "project.set_cache_bound"
    per_10000: int | None = None


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
    repair: str = ""  # the order of films it belongs to, see `serve_app.graphql.radius_operations`


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
    """What films of the project would be asked with now, and if this changed: the scene's `text`, or the cast member
    `cast` to be called `name` ("": in the cast no more). Changes nothing; asked at any scene."""

    type: ClassVar[str] = "radius.ask"
    actor: ClassVar[str] = "scene"
    scene: str
    text: str | None = None
    cast: str = ""
    name: str = ""


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


_ALL: tuple[type[Command], ...] = (
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
    SetCacheBound,
    SetAhead,
    AddCast,
    SetPortrait,
    RemoveCast,
    CreateAccessLink,
    ChangeAccessLink,
    RevokeAccessLink,
    SaveCheckpoint,
    CreateWebhook,
    DeleteWebhook,
    CreateScene,
    RetryWorkflow,
    SetRelation,
    DescribeScene,
    StyleScene,
    LockScene,
    UnlockScene,
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
    RetryJob,
    NameVersion,
    RestoreVersion,
    AddComment,
    ResolveComment,
    WaiveFinding,
    SetFact,
    EditScene,
)
BY_TYPE: Mapping[str, type[Command]] = {c.type: c for c in _ALL}


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
