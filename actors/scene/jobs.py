"""The jobs of a scene, between what was asked, what workers say, and what is committed of it.

Decisions of the scene actor. The invariant: every change of a job is an event, a view, and a value in `live`, in one
append; of several jobs that change at once, each take is a version of the bible of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from actors.ahead import serving
from actors.commands import CommandError, GenerateScene, VotePanel
from actors.continuity.actor import ContinuityActor
from actors.continuity.seen import TakeSeen
from actors.graphs.messages import GRAPH, LookAgain
from actors.graphs.views import seen_row
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.reuse import bound_of
from actors.project.share import percent_of
from actors.runtime.actor import Context, Decision, Draft
from actors.runtime.edits import DropKey, Edit, Op, SetKey
from actors.scene import alike, asking, ballots, continuation, gating, videos
from actors.scene.enhancement import enhancement_views
from actors.scene.flow import Run
from actors.scene.gate_view import GATE_EVENTS, gate_view
from actors.scene.job import Job
from actors.scene.reading import at_gate
from actors.scene.shown import show_scene
from actors.scene.status import locked_words
from actors.scene.views import job_view, live_job, open_job_view, take_view

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

JOBS_LIVE_MAX = 4
"""Jobs of one scene under way at the same time."""

LIVE_JOBS_KEPT = 3
"""Ended jobs of a scene that stay in `live`, newest first."""


def generate(scene: SceneActor, command: GenerateScene, ctx: Context) -> Decision:
    """A new job; with its film at once where that was made ahead. What is being made ahead of it ends."""
    job = asking.generate(scene, command, ctx)
    film = serving.made_ahead(scene, job, command, ctx)
    job = alike.with_their_seed(scene, job, ctx) if film is None else serving.with_its_seed(job, film)
    decision = begin(scene, job, ctx, film=film)
    serving.ask_no_more(scene.id, decision, ctx)
    return decision


def begin(
    scene: SceneActor,
    job: Job,
    ctx: Context,
    also: Decision | None = None,
    film: Job | None = None,
    words: Job | None = None,
) -> Decision:
    """A new job's first append; `also`: events and views that come before it; `film`: made ahead, for this job;
    `words`: the job whose words it takes over."""
    if sum(each.live for each in scene.jobs.values()) >= JOBS_LIVE_MAX:
        why = f"{JOBS_LIVE_MAX} jobs of this scene are under way"
        raise CommandError("TOO_MANY_JOBS", why, ("input", "sceneId"), True)
    job.parent = scene.last_take or None
    also, run = also or Decision(), run_of(scene, job, ctx)
    asked = {"job": job.id, "by": ctx.principal, "brain": job.brain, "seed": job.seed, "request": job.to_dict()}
    run.drafts = [*also.events, Draft("job.created", asked, scene=scene.id)]
    if film is not None:
        run.serve(film)
    elif words is not None:
        run.take_words(words)
    run.go()
    decision = committing(scene, [run], ctx)
    decision.views += also.views
    decision.ids["job"] = job.id
    gating.watch(scene, decision, [run])
    return decision


def change(
    scene: SceneActor, job_id: str, ctx: Context, act: Callable[[Run], None], votes: Mapping[str, int] | None = None
) -> Decision:
    """What a person asks of one job."""
    job = scene.jobs.get(job_id)
    if job is None:
        raise CommandError("NOT_FOUND", "this scene has no such job", ("input", "jobId"))
    run = run_of(scene, job, ctx, votes)
    act(run)
    decision = committing(scene, [run], ctx)
    decision.ids["job"] = job_id
    return decision


def vote(scene: SceneActor, command: VotePanel, ctx: Context) -> Decision:
    edits: list[Edit] = []
    decision = change(scene, command.job, ctx, lambda run: edits.append(ballots.vote(scene, run, command, ctx)))
    decision.edits += edits
    return decision


def counted(scene: SceneActor, ctx: Context) -> Decision:
    """Somebody wrote into the notes: votes of boards that are open may have changed."""
    waiting = [job for job in scene.jobs.values() if job.live and job.panels and job.picked is None]
    if not waiting:
        return Decision()
    votes = ballots.counts(scene.id, ctx)
    runs = [run_of(scene, job, ctx, votes) for job in waiting]
    for run in runs:
        run.count_votes()
    return committing(scene, [run for run in runs if run.drafts], ctx)


def look(scene: SceneActor, ctx: Context) -> Decision:
    """What workers said since, what a crash left undone, what is due by now."""
    due = scene.board_due_at_ms()
    votes = ballots.counts(scene.id, ctx) if due is not None and due <= ctx.now_ms else None
    runs: list[Run] = []
    weather: dict[str, Any] = {}
    for job in [each for each in scene.jobs.values() if each.live]:
        attempt = ctx.attempt(job.attempt) if job.attempt else None
        run = run_of(scene, job, ctx, votes, sum(each.job.take is not None for each in runs))
        run.look(attempt)
        if not run.drafts:
            run.go()  # what a crash left undone
        if job.held is not None:
            gating.recheck(run, scene, ctx)
        if run.drafts:
            runs.append(run)
        if attempt is not None and run.job.attempt == attempt.id:
            weather[job.id] = live_job(scene.id, run.job, attempt, ctx.forecast)
        elif job.attempt is not None:
            weather[job.id] = None
    decision = committing(scene, runs, ctx)
    decision.presence = {"jobs": weather} if weather else {}
    gating.watch(scene, decision, runs)
    return decision


def run_of(
    scene: SceneActor, job: Job, ctx: Context, votes: Mapping[str, int] | None = None, takes_before: int = 0
) -> Run:
    """`takes_before`: of other jobs in the same append; each is a version of the bible."""
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    gate = continuity.gate(scene.id) if continuity is not None else {"errors": 0, "warnings": 0}
    project = ctx.peer(ProjectActor, scene.home)
    locked = locked_words(scene, project) if scene.locked else ""
    bible, router = scene.bible_version + takes_before, ctx.catalogue.video
    words_by, others, weight = ctx.catalogue.words_by, scene.jobs.values(), percent_of(project)
    scope, where = "" if ctx.catalogue.films_shared else scene.home, (scene.home, scene.id)
    bound, seen = bound_of(project), at_gate(ctx, job)
    asked = (*where, job, gate, bible, ctx.now_ms, locked, votes, router, words_by, others, weight, scope, bound)
    return Run(*asked, True, seen)


def committing(scene: SceneActor, runs: list[Run], ctx: Context, script: str | None = None) -> Decision:
    """Everything the runs changed, as one decision. `script`: as it reads after an edit of this decision."""
    decision = Decision(ids=scene.ids())
    ops: list[Op] = []
    takes, thumbnail = scene.takes, scene.thumbnail_key
    bible_version, segments = scene.bible_version, scene.segment_count
    jobs, script = dict(scene.jobs), ctx.text(scene.doc, "script") if script is None else script
    for run in runs:
        job = run.job
        jobs[job.id] = job
        _changed(scene, run, decision, ctx)
        ops.append(SetKey("jobs", job.id, live_job(scene.id, job, None)))
        before = scene.jobs.get(job.id)
        if job.take is not None and (before is None or before.take is None):
            decision.views.append(take_view(scene.home, scene.id, job, ctx.now_ms))
            decision.notices.append((CONTINUITY, TakeSeen()))
            video = str((job.media or {}).get("video_key", ""))
            if job.observation is not None:
                decision.views.append(seen_row(scene.home, scene.id, job.take, video, job.observation, ctx.now_ms))
                decision.notices.append((GRAPH, LookAgain()))
            takes, bible_version = takes + 1, job.bible_version or bible_version
            thumbnail = (job.media or {}).get("thumbnail_key")
            script = continuation.land(scene, job, script, segments, decision, ctx)
            serving.look_ahead(scene, decision, ctx)
            segments += job.segment is not None
    if not decision.events:
        return decision
    ops += [DropKey("jobs", id) for id in _old_in_live(jobs)]
    show_scene(
        scene,
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


def _changed(scene: SceneActor, run: Run, decision: Decision, ctx: Context) -> None:
    decision.events += run.drafts
    decision.attempts += run.attempts
    decision.cancel_attempts += run.cancels
    decision.views += [job_view(scene.home, scene.id, run.job), open_job_view(scene.id, run.job)]
    decision.views += videos.video_view(scene.home, scene.id, run.job)
    if any(draft.type == "job.script_ready" for draft in run.drafts):
        decision.views += enhancement_views(scene.home, scene.id, run.job, ctx.now_ms)
    if any(draft.type in GATE_EVENTS for draft in run.drafts):
        decision.views.append(gate_view(scene.home, scene.id, run.job, ctx.now_ms))


def _old_in_live(jobs: Mapping[str, Job]) -> list[str]:
    ended = [id for id, job in jobs.items() if not job.live]
    return ended[: max(0, len(ended) - LIVE_JOBS_KEPT)]
