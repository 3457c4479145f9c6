"""SceneActor: one scene's facts: its jobs, takes, lock, and the projection of its text.

Owns everything of a scene that is not text. The invariant: it is the only writer of the scene's view after its birth,
and of its jobs' views; every change of a job is an event, a view, and a value in `live`, in one append. The script is
a CRDT document; the actor reads it when it settles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from actors.commands import (
    AddComment,
    CancelJob,
    CommandError,
    ContinueScene,
    DropVideo,
    EditScene,
    GenerateScene,
    LockScene,
    NameVersion,
    PickPanel,
    ResolveComment,
    RestoreVersion,
    RetryJob,
    ReviseBoard,
    StyleScene,
    UnlockScene,
    VotePanel,
)
from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor, SceneFacts, live_scene
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
    ViewDraft,
    Wanted,
)
from actors.runtime.edits import DropKey, Edit, Op, SetKey
from actors.scene import ballots, batches, comments, continuation, style, versions, videos
from actors.scene.board import Board
from actors.scene.enhancement import enhancement_views
from actors.scene.flow import Run
from actors.scene.job import Job, State
from actors.scene.recipe import seed_of
from actors.scene.request import enhance_request, given_before
from actors.scene.status import locked_words, status_of
from actors.scene.views import job_view, live_job, open_job_view, take_view
from actors.screenplay.fountain import parse
from actors.views import SceneView
from actors.workflow import exits
from actors.workflow.messages import SceneLeft

JOBS_KEPT = 50
"""Ended jobs a scene remembers; older ones are in the lists for ever but cannot be retried."""

LIVE_JOBS_KEPT = 3
"""Ended jobs of a scene that stay in `live`, newest first."""

JOBS_LIVE_MAX = 4
"""Jobs of one scene under way at the same time."""

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
        self.takes = 0
        self.versions = 0
        self.thumbnail_key: str | None = None
        self.brain, self.format = "", ""  # its own; "": the project's
        self.segment_count = 0
        self.recent_segments: list[dict[str, Any]] = []  # oldest first
        self.jobs: dict[str, Job] = {}

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
        return tuple(job.attempt for job in self.jobs.values() if job.attempt is not None)

    def due_at_ms(self) -> int | None:
        deadlines = [job.board.deadline_ms for job in self.jobs.values() if job.state is State.PREVIEW_READY]
        return min((each for each in deadlines if each is not None), default=None)

    # fold
    def apply(self, fact: Fact) -> None:
        data = fact.data
        match fact.type:
            case "scene.locked":
                self.locked, self.locked_by, self.locked_at_ms = True, data["by"], fact.at_ms
            case "scene.unlocked":
                self.locked, self.locked_by, self.locked_at_ms = False, "", 0
            case "scene.script_read":
                self.script_sha256, self.pending = data["sha256"], self.pending or data.get("changed", True)
            case "scene.restored" | "scene.edited":
                self.pending = True
            case "workflow.started":
                self.left_sha256, self.pending = data["script_sha256"], False
            case "scene.listed" | "scene.left" | "bible.written" | "comment.added" | "comment.resolved":
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
            self.takes += 1
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
            "versions": self.versions,
            "thumbnail_key": self.thumbnail_key,
            "brain": self.brain,
            "format": self.format,
            "segments": {"count": self.segment_count, "recent": list(self.recent_segments)},
            "jobs": [job.to_dict() for job in self.jobs.values()],
        }

    def load(self, data: Mapping[str, Any]) -> None:
        for name in ("locked", "script_sha256", "bible_version", "takes", "thumbnail_key"):
            setattr(self, name, data[name])
        self.locked_by, self.locked_at_ms = data.get("locked_by", ""), data.get("locked_at_ms", 0)
        self.versions = data.get("versions", 0)  # a snapshot older than versions has none
        self.left_sha256, self.pending = data.get("left_sha256", ""), data.get("pending", False)  # as with exits
        self.brain, self.format = data.get("brain", ""), data.get("format", "")  # as with styles
        segments = data.get("segments", {"count": 0, "recent": []})  # as with continuations
        self.segment_count, self.recent_segments = segments["count"], list(segments["recent"])
        self.jobs = {job["id"]: Job.from_dict(job) for job in data["jobs"]}

    # decisions
    def needs(self, message: Message) -> Needs:
        if isinstance(message, NameVersion | RestoreVersion):
            return versions.needs(self.doc, message)
        if isinstance(message, EditScene):
            return batches.needs(self.doc, message)
        if isinstance(message, AddComment | ResolveComment):
            return comments.needs(self.id)
        if isinstance(message, GenerateScene):
            return Needs(docs=(self.doc,), edits=("live",), scripts=True, beside=partial(given_before, self))
        if isinstance(message, ContinueScene):
            return continuation.needs(self, message)
        if isinstance(message, StyleScene):
            return style.needs(self.doc)
        if isinstance(message, ScriptSettled) and not self.script_sha256:
            return Needs(docs=(self.doc,), edits=("live",), views=(Wanted("scene", id=self.id),))
        if isinstance(message, VotePanel | PickPanel):
            return ballots.needs(self, writes=isinstance(message, VotePanel))
        if isinstance(message, NotesSettled):
            return ballots.needs(self) if ballots.choosing(self) else Needs()
        attempts = self.open_attempts() if isinstance(message, AttemptsChanged | TimeCame) else ()
        edits = ("live", self.doc) if continuation.waits(self) else ("live",)
        takes = isinstance(message, AttemptsChanged | RetryJob) and continuation.reads(
            self, retry=isinstance(message, RetryJob)
        )
        beside = partial(continuation.read_after, self) if takes else None
        docs = (self.doc,) if self.due_at_ms() is None else (self.doc, comments.notes_of(self.id))
        return Needs(docs, edits, attempts, beside=beside, forecast=bool(attempts))

    def decide(self, message: Message, ctx: Context) -> Decision:
        match message:
            case GenerateScene():
                return self._generate(message, ctx)
            case ContinueScene():
                job, decision = continuation.ask(self, self._project(ctx), message, ctx)
                return self._begin(job, ctx, decision)
            case PickPanel():
                act = partial(Run.pick, panel=message.panel, by=ctx.principal, go_on=message.go_on)
                return self._one(message.job, ctx, act, ballots.counts(self.id, ctx))
            case VotePanel():
                return self._vote(message, ctx)
            case ReviseBoard(shots=shots, note=note, seed=seed):
                return self._one(message.job, ctx, lambda run: run.revise(shots, note, seed, ctx.principal))
            case DropVideo():
                return self._one(message.job, ctx, lambda run: run.drop(ctx.principal))
            case CancelJob():
                return self._one(message.job, ctx, lambda run: run.cancel(ctx.principal))
            case RetryJob():
                return self._one(message.job, ctx, lambda run: run.retry(ctx.principal))
            case LockScene():
                return self._lock(True, ctx)
            case UnlockScene():
                return self._lock(False, ctx)
            case StyleScene():
                decision = style.set_style(self, self._project(ctx), message, ctx)
                self._show_scene(decision, ctx, styled=(message.brain or "", decision.events[0].data["format"]))
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
            case AttemptsChanged() | TimeCame():
                return self._attempts(ctx)
            case NotesSettled():
                return self._counted(ctx)
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
        decision = Decision(events=[Draft(kind, {"by": ctx.principal}, scene=self.id)], ids=self._ids())
        self._show_scene(decision, ctx, locked=locked)
        if locked:
            exits.leave(self, decision, ctx, "locked", self._heading(ctx))
        return decision

    def _left(self, ctx: Context) -> Decision:
        """Nobody is in it any more."""
        if not self.pending:
            return Decision()
        decision = Decision(events=[Draft("scene.left", {"by": ctx.principal}, scene=self.id)])
        self._show_scene(decision, ctx)
        exits.leave(self, decision, ctx, "left", self._heading(ctx))
        return decision

    def _script(self, ctx: Context) -> Decision:
        """People wrote: the projection follows."""
        sha256 = _sha256(ctx.text(self.doc, "script"))
        if sha256 == self.script_sha256:
            return Decision()
        born = {SceneView.from_blob(row.body or b"").script for row in ctx.views()}
        changed = ctx.text(self.doc, "script") not in born  # else it is read for the first time, as it was made
        fact = Draft("scene.script_read", {"sha256": sha256, "changed": changed}, scene=self.id)
        decision = Decision(events=[fact], views=exits.pending(self, ctx) if changed else [])
        self._show_scene(decision, ctx)
        return decision

    def _listed(self, ctx: Context) -> Decision:
        """The scene moved in the outline: its place in the lists follows."""
        decision = Decision(events=[Draft("scene.listed", {"order": self._known(ctx).order}, scene=self.id)])
        self._show_scene(decision, ctx)
        return decision

    def _generate(self, command: GenerateScene, ctx: Context) -> Decision:
        project = self._project(ctx)
        script = ctx.text(self.doc, "script")
        if not has_content(script):
            raise CommandError("EMPTY_SCRIPT", "the scene has no text yet", ("input", "sceneId"))
        brain, beat = style.brain_of(self, project, command.brain, ctx, "brain"), style.beat_here(self, project, ctx)
        id = ctx.new_id("job")
        seed = seed_of(command.seed or id)
        job = Job(
            id=id,
            auto_pick=command.auto_pick,
            brain=brain.id,
            brain_version=brain.version,
            brain_sha256=brain.sha256,
            beat=beat.words if beat else "",
            seed=seed,
            backend=command.backend,
            script_sha256=_sha256(script),
            created_at_ms=ctx.now_ms,
            board=Board(candidates=command.candidates, pick_within_ms=_pick_within_ms(command, ctx)),
            request=enhance_request(self.id, script, brain=brain, beat=beat, seed=seed, project=project, ctx=ctx)
            | videos.asked_of_writer(command.video),
            by=ctx.principal,
            priority=command.priority,
            video=dict(command.video) if command.video is not None else None,
        )
        return self._begin(job, ctx, Decision())

    def _begin(self, job: Job, ctx: Context, also: Decision) -> Decision:
        """A new job's first append; `also`: events and views that come before it."""
        if sum(each.live for each in self.jobs.values()) >= JOBS_LIVE_MAX:
            words = f"{JOBS_LIVE_MAX} jobs of this scene are under way"
            raise CommandError("TOO_MANY_JOBS", words, ("input", "sceneId"), True)
        run = self._run(job, ctx)
        asked = {"job": job.id, "by": ctx.principal, "brain": job.brain, "seed": job.seed, "request": job.to_dict()}
        run.drafts = [*also.events, Draft("job.created", asked, scene=self.id)]
        run.go()
        decision = self._committing([run], ctx)
        decision.views += also.views
        decision.ids["job"] = job.id
        return decision

    def _one(self, job_id: str, ctx: Context, act: Any, votes: Mapping[str, int] | None = None) -> Decision:
        job = self.jobs.get(job_id)
        if job is None:
            raise CommandError("NOT_FOUND", "this scene has no such job", ("input", "jobId"))
        run = self._run(job, ctx, votes)
        act(run)
        decision = self._committing([run], ctx)
        decision.ids["job"] = job_id
        return decision

    def _vote(self, command: VotePanel, ctx: Context) -> Decision:
        edits: list[Edit] = []
        decision = self._one(command.job, ctx, lambda run: edits.append(ballots.vote(self, run, command, ctx)))
        decision.edits += edits
        return decision

    def _counted(self, ctx: Context) -> Decision:
        """Somebody wrote into the notes: votes of boards that are open may have changed."""
        waiting = [job for job in self.jobs.values() if job.live and job.panels and job.picked is None]
        if not waiting:
            return Decision()
        votes = ballots.counts(self.id, ctx)
        runs = [self._run(job, ctx, votes) for job in waiting]
        for run in runs:
            run.count_votes()
        return self._committing([run for run in runs if run.drafts], ctx)

    def _attempts(self, ctx: Context) -> Decision:
        due = self.due_at_ms()
        votes = ballots.counts(self.id, ctx) if due is not None and due <= ctx.now_ms else None
        runs: list[Run] = []
        weather: dict[str, Any] = {}
        for job in self.jobs.values():
            attempt = ctx.attempt(job.attempt) if job.attempt else None
            run = self._run(job, ctx, votes, sum(each.job.take is not None for each in runs))
            run.look(attempt)
            if not run.drafts:
                run.go()  # what a crash left undone
            if run.drafts:
                runs.append(run)
            if attempt is not None and run.job.attempt == attempt.id:
                weather[job.id] = live_job(self.id, run.job, attempt, ctx.forecast)
            elif job.attempt is not None:
                weather[job.id] = None
        decision = self._committing(runs, ctx)
        decision.presence = {"jobs": weather} if weather else {}
        return decision

    def _run(self, job: Job, ctx: Context, votes: Mapping[str, int] | None = None, takes_before: int = 0) -> Run:
        """`takes_before`: of other jobs in the same append; each is a version of the bible."""
        continuity = ctx.peer(ContinuityActor, CONTINUITY)
        gate = continuity.gate(self.id) if continuity is not None else {"errors": 0, "warnings": 0}
        locked = locked_words(self, ctx.peer(ProjectActor, self.home)) if self.locked else ""
        bible, router = self.bible_version + takes_before, ctx.catalogue.video
        words_by = ctx.catalogue.words_by
        return Run(self.home, self.id, job, gate, bible, ctx.now_ms, locked, votes, router, words_by)

    def _committing(self, runs: list[Run], ctx: Context) -> Decision:
        """Everything the runs changed, as one decision."""
        decision = Decision(ids=self._ids())
        ops: list[Op] = []
        takes, thumbnail = self.takes, self.thumbnail_key
        bible_version, segments = self.bible_version, self.segment_count
        jobs, script = dict(self.jobs), ctx.text(self.doc, "script")
        for run in runs:
            job = run.job
            jobs[job.id] = job
            decision.events += run.drafts
            decision.attempts += run.attempts
            decision.cancel_attempts += run.cancels
            decision.views += [job_view(self.home, self.id, job), open_job_view(self.id, job)]
            decision.views += videos.video_view(self.home, self.id, job)
            if any(draft.type == "job.script_ready" for draft in run.drafts):
                decision.views += enhancement_views(self.home, self.id, job, ctx.now_ms)
            ops.append(SetKey("jobs", job.id, live_job(self.id, job, None)))
            before = self.jobs.get(job.id)
            if job.take is not None and (before is None or before.take is None):
                at_ms = ctx.now_ms
                decision.views.append(take_view(self.home, self.id, job, at_ms))
                takes, bible_version = takes + 1, job.bible_version or bible_version
                thumbnail = (job.media or {}).get("thumbnail_key")
                script = continuation.land(self, job, script, segments, decision, ctx)
                segments += job.segment is not None
        if not decision.events:
            return decision
        ops += [DropKey("jobs", id) for id in self._old_in_live(jobs)]
        self._show_scene(
            decision,
            ctx,
            jobs=jobs,
            takes=takes,
            bible_version=bible_version,
            thumbnail=thumbnail,
            script=script,
            ops=ops,
        )
        return decision

    def _old_in_live(self, jobs: Mapping[str, Job]) -> list[str]:
        ended = [id for id, job in jobs.items() if not job.live]
        return ended[: max(0, len(ended) - LIVE_JOBS_KEPT)]

    def _show_scene(
        self,
        decision: Decision,
        ctx: Context,
        *,
        locked: bool | None = None,
        jobs: Mapping[str, Job] | None = None,
        takes: int | None = None,
        bible_version: int | None = None,
        thumbnail: str | None = None,
        styled: tuple[str, str] | None = None,
        script: str | None = None,
        ops: list[Op] | None = None,
    ) -> None:
        """The scene's view and its value in `live`, as they are after this decision."""
        after = SceneActor(self.home, self.id)
        after.locked = self.locked if locked is None else locked
        after.jobs = dict(self.jobs if jobs is None else jobs)
        after.takes = self.takes if takes is None else takes
        script, known = ctx.text(self.doc, "script") if script is None else script, self._known(ctx)
        heading = self._heading(ctx)
        thumbnail = thumbnail or self.thumbnail_key
        brain, format = styled or (self.brain, self.format)
        view = SceneView(
            id=self.id,
            project=self.home,
            heading=heading,
            script=script,
            status=after.status,
            bible_version=self.bible_version if bible_version is None else bible_version,
            revision="0",
            created_at_ms=known.created_at_ms,
            thumbnail_key=thumbnail,
            brain=brain,
            format=format,
        )
        decision.views.append(ViewDraft("scene", self.id, self.home, known.order, view))
        shown = live_scene(heading, after.status, thumbnail)
        decision.edits.append(Edit("live", (*(ops or ()), SetKey("scenes", self.id, shown))))

    def _heading(self, ctx: Context) -> str:
        return heading_words(ctx.text(self.doc, "script")[:HEADING_READ_CHARS]) or self._known(ctx).heading

    def _project(self, ctx: Context) -> ProjectActor:
        project = ctx.peer(ProjectActor, self.home)
        if project is None or self.id not in project.scenes:
            raise CommandError("NOT_FOUND", "no such scene", ("input", "sceneId"))
        return project

    def _known(self, ctx: Context) -> SceneFacts:
        return self._project(ctx).scenes[self.id]

    def _ids(self) -> dict[str, str]:
        return {"project": self.home, "scene": self.id}


def _pick_within_ms(command: GenerateScene, ctx: Context) -> int:
    within_s = ctx.catalogue.pick_within_s if command.pick_within_s is None else command.pick_within_s
    return within_s * 1000


def has_content(script: str) -> bool:
    """Whether there is anything under the heading."""
    play = parse(script)
    if not play.scenes:
        return bool(script.strip())
    if (play.title_raw + play.preamble_raw).strip() or len(play.scenes) > 1:
        return True
    return any(line.strip() for line in play.scenes[0].raw.lstrip("\n").splitlines()[1:])


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
