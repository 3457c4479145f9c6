"""SceneActor: one scene's facts: its jobs, takes, lock, and the projection of its text.

Owns everything of a scene that is not text. The invariant: it is the only writer of the scene's view after its birth,
and of its jobs' views; what it decides about them is in `actors.scene.jobs`. The script is a CRDT document; the
actor reads it when it settles.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from actors.commands import (
    AcceptLine,
    AddComment,
    AskRadius,
    CancelJob,
    CommandError,
    ContinueScene,
    DeclineLine,
    DrawFrames,
    DropVideo,
    EditScene,
    EnterTable,
    GenerateScene,
    JudgeTake,
    LockScene,
    NameVersion,
    PickPanel,
    ProceedAnyway,
    ReportSeen,
    ResolveComment,
    RestoreVersion,
    RetryJob,
    ReviseBoard,
    SayLine,
    StopLine,
    StyleScene,
    UnlockScene,
    UseCorrection,
    VotePanel,
    WaiveIssue,
)
from actors.continuity.actor import FindingsMoved
from actors.project.actor import ProjectActor, SceneFacts
from actors.project.draft import heading_words
from actors.runtime.actor import (
    Actor,
    AttemptsChanged,
    Context,
    Decision,
    Draft,
    Fact,
    Message,
    Needs,
    NotesSettled,
    Notice,
    ProjectChanged,
    ScriptSettled,
    TimeCame,
    Wanted,
)
from actors.scene import (
    asking_radius,
    ballots,
    batches,
    comments,
    continuation,
    gating,
    instead,
    jobs,
    judging,
    reporting,
    style,
    versions,
)
from actors.scene.asking import script_sha256
from actors.scene.flow import Run
from actors.scene.job import Due, Job, State
from actors.scene.reading import after_words, before_asking
from actors.scene.shown import show_scene
from actors.scene.status import status_of
from actors.tableread import asking as table_asking
from actors.tableread import taking
from actors.tableread.asking import LookAtTable
from actors.tableread.limits import LOOK_AGAIN_MS
from actors.tableread.table import Table
from actors.views import SceneView
from actors.workflow import exits
from actors.workflow.messages import SceneLeft

JOBS_KEPT = 50
"""Ended jobs a scene remembers; older ones are in the lists for ever but cannot be retried."""

HEADING_READ_CHARS = 4_000


class SceneActor(Actor):
    kind: ClassVar[str] = "scene"

    def __init__(self, home: str, id: str) -> None:
        super().__init__(home, id)
        self.locked = False
        self.locked_by, self.locked_at_ms = "", 0
        self.script_sha256 = ""
        self.left_sha256 = ""  # of the text at its last exit
        self.pending = False  # whether something of it waits for an exit
        self.bible_version = 0
        self.takes, self.last_take = 0, ""
        self.versions = 0
        self.thumbnail_key: str | None = None
        self.brain, self.format = "", ""  # its own; "": the project's
        self.segment_count = 0
        self.recent_segments: list[dict[str, Any]] = []  # oldest first
        self.jobs: dict[str, Job] = {}
        self.table = Table()
        self.watching: set[str] = set()  # jobs whose findings this process asked to be told of

    @property
    def stream(self) -> str:
        return f"@scene:{self.id}"

    @property
    def doc(self) -> str:
        return f"scene:{self.id}"

    @property
    def status(self) -> str:
        working = any(job.live for job in self.jobs.values())
        return status_of(locked=self.locked, working=working, takes=self.takes).value

    def waits_to_be_left(self) -> Notice | None:
        return SceneLeft() if self.pending else None

    def open_attempts(self) -> tuple[str, ...]:
        jobs = tuple(job.attempt for job in self.jobs.values() if job.attempt is not None)
        return (*jobs, *table_asking.open_attempts(self.table))

    def due_at_ms(self) -> int | None:
        lines = table_asking.due_at_ms(self.table, LOOK_AGAIN_MS)
        return min((each for each in (self.board_due_at_ms(), *lines) if each is not None), default=None)

    def board_due_at_ms(self) -> int | None:
        deadlines = [job.board.deadline_ms for job in self.jobs.values() if job.state is State.PREVIEW_READY]
        return min((each for each in deadlines if each is not None), default=None)

    def unfinished(self) -> Notice | None:
        """A job that stands at the gate and is not held waits for a verdict alone."""
        if any(job.due() is Due.CHECK for job in self.jobs.values()):
            return AttemptsChanged()
        return LookAtTable() if any(not line.attempt for line in self.table.waiting()) else None

    # fold
    def apply(self, fact: Fact) -> None:
        data = fact.data
        if fact.type.startswith("table."):
            self.table.apply(fact.type, data)
            self.pending = self.pending or fact.type == "table.accepted"
            return
        match fact.type:
            case "scene.locked":
                self.locked, self.locked_by, self.locked_at_ms = True, data["by"], fact.at_ms
            case "scene.unlocked":
                self.locked, self.locked_by, self.locked_at_ms = False, "", 0
            case "scene.script_read":
                self.script_sha256, self.pending = data["sha256"], self.pending or data.get("changed", True)
            case "scene.restored" | "scene.edited" | "scene.corrected":
                self.pending = True
            case "workflow.started":
                self.left_sha256, self.pending = data["script_sha256"], False
            case "scene.listed" | "scene.left" | "bible.written" | "take.seen" | "comment.added" | "comment.resolved":
                pass
            case "version.named":
                self.versions += 1
            case "scene.style_set":
                self.brain, self.format = data["brain"], data["format"]
            case "segment.appended":
                self.segment_count, self.pending = self.segment_count + 1, True
                self.recent_segments = continuation.recent(self.recent_segments, data)
            case "job.created":
                self._forget_old()
                self.jobs[data["job"]] = Job.from_dict(data["request"])
            case _:
                self._apply_job(self.jobs.get(data["job"]), fact)

    def _apply_job(self, job: Job | None, fact: Fact) -> None:
        if job is None:
            return
        job.apply(fact.type, fact.data)
        if fact.type == "job.final_ready":
            self.takes, self.last_take = self.takes + 1, fact.data["take"]
            self.bible_version = fact.data["bible_version"]
            self.thumbnail_key = (job.media or {}).get("thumbnail_key")

    def _forget_old(self) -> None:
        ended = [id for id, job in self.jobs.items() if not job.live]
        for id in ended[: max(0, len(ended) - JOBS_KEPT + 1)]:
            del self.jobs[id]

    def dump(self) -> dict[str, Any]:
        return {
            "locked": self.locked,
            "locked_by": self.locked_by,
            "locked_at_ms": self.locked_at_ms,
            "script_sha256": self.script_sha256,
            "left_sha256": self.left_sha256,
            "pending": self.pending,
            "bible_version": self.bible_version,
            "takes": self.takes,
            "last_take": self.last_take,
            "versions": self.versions,
            "thumbnail_key": self.thumbnail_key,
            "brain": self.brain,
            "format": self.format,
            "segments": {"count": self.segment_count, "recent": list(self.recent_segments)},
            "jobs": [job.to_dict() for job in self.jobs.values()],
            "table": self.table.dump(),
        }

    def load(self, data: Mapping[str, Any]) -> None:
        for name in ("locked", "script_sha256", "bible_version", "takes", "thumbnail_key"):
            setattr(self, name, data[name])
        self.locked_by, self.locked_at_ms = data.get("locked_by", ""), data.get("locked_at_ms", 0)
        self.last_take = data.get("last_take", "")  # one older than parents names none till the next take
        self.versions = data.get("versions", 0)  # a snapshot older than versions has none
        self.left_sha256, self.pending = data.get("left_sha256", ""), data.get("pending", False)  # as with exits
        self.brain, self.format = data.get("brain", ""), data.get("format", "")  # as with styles
        segments = data.get("segments", {"count": 0, "recent": []})  # as with continuations
        self.segment_count, self.recent_segments = segments["count"], list(segments["recent"])
        self.jobs = {job["id"]: Job.from_dict(job) for job in data["jobs"]}
        self.table = Table.of(data.get("table"))

    # decisions
    def needs(self, message: Message) -> Needs:
        if isinstance(message, NameVersion | RestoreVersion):
            return versions.needs(self.doc, message)
        if isinstance(message, EditScene):
            return batches.needs(self.doc, message)
        if isinstance(message, AddComment | ResolveComment):
            return comments.needs(self.id)
        if isinstance(message, GenerateScene):
            return Needs(docs=(self.doc,), edits=("live",), scripts=True, beside=partial(before_asking, self))
        if isinstance(message, UseCorrection):
            return gating.needs(self, message)
        if isinstance(message, AskRadius):
            return asking_radius.needs(self, message)
        if isinstance(message, JudgeTake):
            return judging.needs(self, message)
        if isinstance(message, ReportSeen):
            return reporting.needs(message)
        if isinstance(message, ContinueScene):
            return continuation.needs(self, message)
        if isinstance(message, StyleScene):
            return style.needs(self.doc)
        if isinstance(message, SayLine | StopLine | DeclineLine):
            return Needs(edits=("live",))
        if isinstance(message, LookAtTable):
            return table_asking.needs(self)
        if isinstance(message, AcceptLine):
            return taking.needs(self, message)
        if isinstance(message, EnterTable):
            return taking.needs_entry(self)
        if isinstance(message, ScriptSettled) and not self.script_sha256:
            return Needs(docs=(self.doc,), edits=("live",), views=(Wanted("scene", id=self.id),))
        if isinstance(message, VotePanel | PickPanel):
            return ballots.needs(self, writes=isinstance(message, VotePanel))
        if isinstance(message, NotesSettled):
            return ballots.needs(self) if ballots.choosing(self) else Needs()
        looks = isinstance(message, AttemptsChanged | TimeCame | FindingsMoved)
        attempts = self.open_attempts() if looks else ()
        edits = ("live", self.doc) if continuation.waits(self) else ("live",)
        takes = isinstance(message, AttemptsChanged | RetryJob) and continuation.reads(
            self, retry=isinstance(message, RetryJob)
        )
        beside = partial(continuation.read_after, self) if takes else None
        if looks and any(job.live and job.findings is None for job in self.jobs.values()):
            beside = partial(after_words, self, more=beside)
        docs = (self.doc,) if self.board_due_at_ms() is None else (self.doc, comments.notes_of(self.id))
        return Needs(docs, edits, attempts, beside=beside, forecast=bool(attempts))

    def decide(self, message: Message, ctx: Context) -> Decision:
        match message:
            case GenerateScene():
                return jobs.generate(self, message, ctx)
            case ContinueScene():
                job, also = continuation.ask(self, self.project(ctx), message, ctx)
                return jobs.begin(self, job, ctx, also)
            case PickPanel():
                act = partial(Run.pick, panel=message.panel, by=ctx.principal, go_on=message.go_on)
                return jobs.change(self, message.job, ctx, act, ballots.counts(self.id, ctx))
            case VotePanel():
                return jobs.vote(self, message, ctx)
            case ReviseBoard(shots=shots, note=note, seed=seed):
                return jobs.change(self, message.job, ctx, lambda run: run.revise(shots, note, seed, ctx.principal))
            case DropVideo():
                return jobs.change(self, message.job, ctx, lambda run: run.drop(ctx.principal))
            case CancelJob():
                return jobs.change(self, message.job, ctx, lambda run: run.cancel(ctx.principal))
            case JudgeTake():
                return judging.judge(self, message, ctx)
            case ReportSeen():
                return reporting.report(self, message, ctx)
            case DrawFrames():
                return instead.draw_frames(self, message, ctx)
            case RetryJob():
                return jobs.change(self, message.job, ctx, lambda run: run.retry(ctx.principal))
            case LockScene():
                return self._lock(True, ctx)
            case UnlockScene():
                return self._lock(False, ctx)
            case StyleScene():
                decision = style.set_style(self, self.project(ctx), message, ctx)
                show_scene(self, decision, ctx, styled=(message.brain or "", decision.events[0].data["format"]))
                return decision
            case NameVersion():
                return versions.name(self, message, ctx)
            case RestoreVersion():
                return versions.restore(self, message, ctx)
            case EditScene():
                return batches.edit(self, message, ctx)
            case AddComment():
                return comments.add(self, message, ctx)
            case ResolveComment():
                return comments.resolve(self, message, ctx)
            case ProceedAnyway():
                return gating.proceed(self, message, ctx)
            case WaiveIssue():
                return gating.waive(self, message, ctx)
            case AskRadius():
                return asking_radius.answer(self, message, ctx)
            case UseCorrection():
                return gating.correct(self, message, ctx)
            case AttemptsChanged() | TimeCame() | FindingsMoved():
                return table_asking.nudge(self, jobs.look(self, ctx))
            case NotesSettled():
                return jobs.counted(self, ctx)
            case SayLine():
                return table_asking.say(self, message, ctx)
            case StopLine():
                return table_asking.stop(self, message, ctx)
            case LookAtTable():
                return table_asking.look(self, ctx)
            case AcceptLine():
                return taking.accept(self, message, ctx)
            case DeclineLine():
                return taking.decline(self, message, ctx)
            case EnterTable():
                return taking.entry(self, ctx)
            case SceneLeft():
                return self._left(ctx)
            case ScriptSettled():
                return self._script(ctx)
            case ProjectChanged():
                return self._listed(ctx)
            case Notice():
                return Decision()
        raise CommandError("BAD_COMMAND", f"a scene does not take {type(message).__name__}")

    def _lock(self, locked: bool, ctx: Context) -> Decision:
        kind = "scene.locked" if locked else "scene.unlocked"
        decision = Decision(events=[Draft(kind, {"by": ctx.principal}, scene=self.id)], ids=self.ids())
        show_scene(self, decision, ctx, locked=locked)
        if locked:
            exits.leave(self, decision, ctx, "locked", self.heading(ctx))
        return decision

    def _left(self, ctx: Context) -> Decision:
        """Nobody is in it any more."""
        if not self.pending:
            return Decision()
        decision = Decision(events=[Draft("scene.left", {"by": ctx.principal}, scene=self.id)])
        show_scene(self, decision, ctx)
        exits.leave(self, decision, ctx, "left", self.heading(ctx))
        return decision

    def _script(self, ctx: Context) -> Decision:
        """People wrote: the projection follows."""
        sha256 = script_sha256(ctx.text(self.doc, "script"))
        if sha256 == self.script_sha256:
            return Decision()
        born = {SceneView.from_blob(row.body or b"").script for row in ctx.views()}
        changed = sha256 != self.left_sha256  # else what follows from these words is worked out, or is being so
        changed = changed and ctx.text(self.doc, "script") not in born  # or read for the first time, as it was made
        fact = Draft("scene.script_read", {"sha256": sha256, "changed": changed}, scene=self.id)
        decision = Decision(events=[fact], views=exits.pending(self, ctx) if changed else [])
        show_scene(self, decision, ctx)
        return decision

    def _listed(self, ctx: Context) -> Decision:
        """The scene moved in the outline: its place in the lists follows."""
        decision = Decision(events=[Draft("scene.listed", {"order": self.place(ctx).order}, scene=self.id)])
        show_scene(self, decision, ctx)
        return decision

    def heading(self, ctx: Context) -> str:
        return heading_words(ctx.text(self.doc, "script")[:HEADING_READ_CHARS]) or self.place(ctx).heading

    def project(self, ctx: Context) -> ProjectActor:
        project = ctx.peer(ProjectActor, self.home)
        if project is None or self.id not in project.scenes:
            raise CommandError("NOT_FOUND", "no such scene", ("input", "sceneId"))
        return project

    def place(self, ctx: Context) -> SceneFacts:
        return self.project(ctx).scenes[self.id]

    def ids(self) -> dict[str, str]:
        return {"project": self.home, "scene": self.id}
