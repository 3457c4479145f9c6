"""What may be asked of a project at all: bounds of texts and choices, checked before anything is claimed.

The invariant: a refusal names the input field and what is wrong with it; nothing here looks at state.
"""

from __future__ import annotations

from dataclasses import fields

from actors.commands import (
    COMMENT_CHARS_MAX,
    CONTINUATION_CHARS_MAX,
    HEADING_CHARS_MAX,
    KEY_CHARS_MAX,
    NAME_CHARS_MAX,
    SCREENPLAY_CHARS_MAX,
    SCRIPT_CHARS_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    AcceptLine,
    AddCast,
    AddComment,
    ChangeAccessLink,
    Command,
    CommandError,
    ContinueScene,
    CreateAccessLink,
    CreateProject,
    CreateScene,
    DescribeScene,
    EditScene,
    Envelope,
    GenerateScene,
    ImportScreenplay,
    NameVersion,
    ResolveComment,
    RestoreVersion,
    ReviseBoard,
    SaveCheckpoint,
    SayLine,
    SetBrain,
    SetFact,
    SetFormat,
    SetRelation,
    StyleScene,
    UseCorrection,
    VotePanel,
    WaiveFinding,
    WaiveIssue,
    WithdrawDefinition,
)
from actors.project.access import ROLES
from actors.runtime.actor import Catalogue
from actors.scene import videos
from actors.scene.board import PICK_WITHIN_S_MAX, PICK_WITHIN_S_MIN
from actors.tableread.limits import LINE_CHARS_MAX
from collab.agents import EDITS_MAX
from gpu.board import CANDIDATES_MAX, NOTE_CHARS_MAX
from gpu.enhance.protocol import DURATION_S_MAX, DURATION_S_MIN
from gpu.video.router import BackendUnfit

PROJECT_TYPES = ("SERIES", "MOVIE", "SHORT")
SCREENPLAY_FORMATS = ("FOUNTAIN", "FDX")
SCENES_MAX = 5_000
"""Scenes of one project. A season of television has about 600."""


def check_envelope(envelope: Envelope, catalogue: Catalogue) -> None:
    """Raises `CommandError` with the path of the field at fault."""
    if not 1 <= len(envelope.key) <= KEY_CHARS_MAX:
        raise CommandError(
            "BAD_KEY", f"idempotencyKey has 1 to {KEY_CHARS_MAX} characters", ("input", "idempotencyKey")
        )
    command = envelope.command
    _check_unicode(command)
    match command:
        case CreateProject():
            check_text("title", command.title, TITLE_CHARS_MAX)
            check_choice("type", command.project_type, PROJECT_TYPES)
            check_brain(command.brain, catalogue)
            check_length("format", command.format or "", NAME_CHARS_MAX)
        case ImportScreenplay():
            _check_import(command)
        case SetBrain() | SetFormat() | StyleScene() | WithdrawDefinition():
            _check_style(command)
        case CreateAccessLink() | ChangeAccessLink():
            _check_link(command)
        case SaveCheckpoint():
            check_text("label", command.label, NAME_CHARS_MAX)
            check_length("displayName", command.by, NAME_CHARS_MAX)
        case AddCast():
            check_text("name", command.name, NAME_CHARS_MAX)
        case CreateScene():
            _check_scene(command)
        case GenerateScene() | ContinueScene():
            _check_job(command)
            check_backend(getattr(command, "backend", None), catalogue)
        case ReviseBoard():
            _check_revision(command)
        case NameVersion():
            check_text("name", command.name, NAME_CHARS_MAX)
            check_length("displayName", command.by, NAME_CHARS_MAX)
        case RestoreVersion():
            check_length("text", command.text, SCRIPT_CHARS_MAX)
            check_length("displayName", command.by, NAME_CHARS_MAX)
        case EditScene():
            _check_batch(command)
        case AddComment():
            check_text("text", command.text, COMMENT_CHARS_MAX)
            check_length("displayName", command.by, NAME_CHARS_MAX)
        case SetFact() | WaiveFinding() | WaiveIssue():
            _check_word(command)
        case SetRelation() | DescribeScene():
            _check_graph(command)
        case SayLine():
            _check_line(command)
        case ResolveComment() | VotePanel() | UseCorrection() | AcceptLine():
            check_length("displayName", command.by, NAME_CHARS_MAX)


def _check_line(command: SayLine) -> None:
    check_text("text", command.text, LINE_CHARS_MAX)
    check_length("displayName", command.by, NAME_CHARS_MAX)
    for field, name in (("as", command.speaks_as), *(("to", each) for each in command.to)):
        check_length(field, name, NAME_CHARS_MAX)


def _check_graph(command: SetRelation | DescribeScene) -> None:
    check_length("words", command.words, TEXT_CHARS_MAX)
    for name, shown in (("source", "source"), ("target", "target"), ("scene_type", "sceneType")):
        check_length(shown, getattr(command, name, ""), NAME_CHARS_MAX)


def _check_word(command: SetFact | WaiveFinding | WaiveIssue) -> None:
    """A person's word about the story."""
    check_length("displayName", getattr(command, "by", ""), NAME_CHARS_MAX)
    if isinstance(command, WaiveFinding | WaiveIssue):
        check_length("findingId", command.finding, NAME_CHARS_MAX)
        return check_length("note", command.note, TEXT_CHARS_MAX)
    check_text("entity", command.entity, NAME_CHARS_MAX)
    for field in ("attribute", "value", "quote"):
        check_length(field, getattr(command, field), TEXT_CHARS_MAX)


def _check_style(command: SetBrain | SetFormat | StyleScene | WithdrawDefinition) -> None:
    """Which ids there are is the project's to say."""
    for name in ("brain", "format", "id"):
        check_length(name, getattr(command, name, None) or "", NAME_CHARS_MAX)


def _check_job(command: GenerateScene | ContinueScene) -> None:
    if isinstance(command, ContinueScene):
        return _check_continuation(command)
    check_length("brain", command.brain or "", NAME_CHARS_MAX)
    check_length("seed", command.seed or "", TEXT_CHARS_MAX)
    check_length("backend", command.backend or "", NAME_CHARS_MAX)
    _check_board(command)
    videos.check(command.video)


def _check_continuation(command: ContinueScene) -> None:
    check_text("text", command.text, CONTINUATION_CHARS_MAX)
    check_length("stylePreset", command.style_preset or "", NAME_CHARS_MAX)
    check_length("voicePreset", command.voice_preset or "", NAME_CHARS_MAX)
    check_length("displayName", command.by, NAME_CHARS_MAX)
    seconds = command.target_duration_s
    if seconds is not None and not DURATION_S_MIN <= seconds <= DURATION_S_MAX:
        words = f"targetDurationS is {DURATION_S_MIN:g} to {DURATION_S_MAX:g} seconds"
        raise CommandError("BAD_DURATION", words, ("input", "targetDurationS"))


def _check_link(command: CreateAccessLink | ChangeAccessLink) -> None:
    if command.label is not None:
        check_text("label", command.label, NAME_CHARS_MAX)
    if command.role is not None:
        check_choice("role", command.role, tuple(ROLES))


def _check_scene(command: CreateScene) -> None:
    check_text("heading", command.heading, HEADING_CHARS_MAX)
    if len(command.heading.strip().splitlines()) != 1:
        raise CommandError("BAD_HEADING", "a heading is one line", ("input", "heading"))
    check_length("script", command.script or "", SCRIPT_CHARS_MAX)


def check_text(field: str, text: str, chars_max: int) -> None:
    if not text.strip():
        raise CommandError("REQUIRED", f"{field} is empty", ("input", field))
    check_length(field, text, chars_max)


def check_length(field: str, text: str, chars_max: int) -> None:
    if len(text) > chars_max:
        raise CommandError("TOO_LONG", f"{field} has {len(text)} characters, at most {chars_max} fit", ("input", field))


def check_choice(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise CommandError("UNKNOWN_CHOICE", f"{field} is one of {', '.join(known)}", ("input", field))


def _check_revision(command: ReviseBoard) -> None:
    check_length("note", command.note, NOTE_CHARS_MAX)
    check_length("seed", command.seed or "", TEXT_CHARS_MAX)


def _check_board(command: GenerateScene) -> None:
    count, within_s = command.candidates, command.pick_within_s
    if count is not None and not 1 <= count <= CANDIDATES_MAX:
        raise CommandError("OUT_OF_RANGE", f"candidates is from 1 to {CANDIDATES_MAX}", ("input", "candidates"))
    if within_s and not PICK_WITHIN_S_MIN <= within_s <= PICK_WITHIN_S_MAX:
        bounds = f"{PICK_WITHIN_S_MIN} to {PICK_WITHIN_S_MAX}"
        raise CommandError("OUT_OF_RANGE", f"pickWithinS is 0 (no end) or from {bounds}", ("input", "pickWithinS"))


def check_backend(backend: str | None, catalogue: Catalogue) -> None:
    try:
        catalogue.video.check(backend)
    except BackendUnfit as unfit:
        raise CommandError(unfit.code, unfit.message, ("input", "backend")) from unfit


def check_brain(brain: str | None, catalogue: Catalogue) -> None:
    if brain is not None and brain not in catalogue.brains:
        known = ", ".join(sorted(catalogue.brains))
        raise CommandError("UNKNOWN_BRAIN", f"no such brain; known are {known}", ("input", "brain"))


def _check_import(command: ImportScreenplay) -> None:
    check_text("title", command.title, TITLE_CHARS_MAX)
    check_choice("format", command.format, SCREENPLAY_FORMATS)
    if command.format != "FOUNTAIN":
        raise CommandError("FORMAT_UNSUPPORTED", f"{command.format} cannot be read yet", ("input", "format"))
    check_length("text", command.text, SCREENPLAY_CHARS_MAX)
    if not command.text.strip("\ufeff \t\r\n"):
        raise CommandError("EMPTY_SCREENPLAY", "the screenplay is empty", ("input", "text"))


def _check_batch(command: EditScene) -> None:
    check_text("task", command.task, NAME_CHARS_MAX)
    check_length("displayName", command.by, NAME_CHARS_MAX)
    check_length("edits", command.then, SCRIPT_CHARS_MAX)
    if not 1 <= len(command.edits) <= EDITS_MAX:
        raise CommandError("BAD_EDITS", f"a batch has 1 to {EDITS_MAX} edits", ("input", "edits"))
    if sum(len(each[2]) for each in command.edits) > SCRIPT_CHARS_MAX:
        raise CommandError("TOO_LONG", f"a batch writes at most {SCRIPT_CHARS_MAX} characters", ("input", "edits"))
    for index, each in enumerate(command.edits):
        try:
            each[2].encode("utf-8")
        except UnicodeEncodeError as error:
            words = f"an edit holds half a character at {error.start}"
            raise CommandError("BAD_TEXT", words, ("input", "edits", str(index), "text")) from error


def _check_unicode(command: Command) -> None:
    for field in fields(command):
        value = getattr(command, field.name)
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise CommandError(
                    "BAD_TEXT", f"{field.name} holds half a character at {error.start}", ("input", field.name)
                ) from error
