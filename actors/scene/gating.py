"""What people decide about a job that is held at the continuity gate, and who is told when the story moves.

Pure decisions of the scene actor. The invariant: taking the correction is an edit of the script by the person who takes
it, in the append that has the job begin again with just those words (those of a continuation are in no script yet: the
job alone changes, and they enter it with the take); whoever decides second is told that it is decided.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, ProceedAnyway, UseCorrection, WaiveIssue
from actors.continuity.actor import Watch
from actors.project.actor import CONTINUITY
from actors.runtime.actor import Beside, Context, Decision, Draft, Needs
from actors.runtime.edits import Edit, SetText
from actors.scene import carried_shot, continuation, gate, held, jobs, videos
from actors.scene.asking import script_sha256
from actors.scene.cached import pictures_of
from actors.scene.flow import Run
from actors.scene.gate import Verdict, judge
from actors.scene.job import Job
from actors.scene.reading import NEW, Read, story_now, verdict_of, waived_in, words_of
from actors.scene.request import given_before, given_of, request_for
from actors.scene.status import refuse_locked
from actors.workflow import exits

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def needs(scene: SceneActor, command: UseCorrection) -> Needs:
    return Needs(edits=("live", scene.doc), scripts=True, beside=partial(_read, scene, command.job))


def _read(scene: SceneActor, job_id: str, ctx: Context) -> Beside:
    """The script as it reads now, judged; then as it would read, so that the job's request is made of judged words."""
    job, script, id = scene.jobs.get(job_id), ctx.text(scene.doc, "script"), scene.id
    if job is not None and job.continuation is not None:
        return continuation.read_again(scene, job, ctx)
    given, story, waived = given_before(scene, ctx), story_now(scene, ctx), waived_in(ctx, job)

    def work() -> Read:
        return Read(given(), {NEW: judge(story, id, script, waived=waived)})

    return work


def proceed(scene: SceneActor, command: ProceedAnyway, ctx: Context) -> Decision:
    return jobs.change(scene, command.job, ctx, partial(held.proceed, by=ctx.principal))


def waive(scene: SceneActor, command: WaiveIssue, ctx: Context) -> Decision:
    said = (command.finding, command.reason, command.note, ctx.principal)
    return jobs.change(scene, command.job, ctx, lambda run: held.waive(run, *said))


def correct(scene: SceneActor, command: UseCorrection, ctx: Context) -> Decision:
    """Raises `CommandError` SCENE_LOCKED, ALREADY_DECIDED, NO_CORRECTION, and BUSY where the words moved meanwhile."""
    job = scene.jobs.get(command.job)
    if job is None:
        raise CommandError("NOT_FOUND", "this scene has no such job", ("input", "jobId"))
    issues = held.expect_held(job)
    refuse_locked(scene, ctx)
    script = ctx.text(scene.doc, "script")
    verdict = _verdict(job, script, ctx)
    made = _corrections(job, verdict, issues)
    words = gate.written(verdict.own, made)
    if words == job.own_words:
        told = "nothing can safely be written for you here: change the words, say that it is meant, or go on anyway"
        raise CommandError("NO_CORRECTION", told, ("input", "jobId"))
    again = continuation.corrected if job.continuation is not None else _request
    run = jobs.run_of(scene, job, ctx)
    run.emit("job.corrected", by=ctx.principal, **again(scene, job, words, ctx), corrections=list(made))
    if job.continuation is not None:
        return _begun_again(scene, run, ctx, script)
    if words != script:
        fact = {"job": job.id, "by": ctx.principal, "made": len(made)}
        run.drafts.append(Draft("scene.corrected", fact, scene=scene.id))
    decision = _begun_again(scene, run, ctx, words)
    if words != script:
        edit = Edit(scene.doc, (SetText("script", words),), author=ctx.principal, author_name=command.by)
        decision.edits.append(edit)
        decision.views += exits.pending(scene, ctx)
    return decision


def _begun_again(scene: SceneActor, run: Run, ctx: Context, script: str) -> Decision:
    run.go()
    decision = jobs.committing(scene, [run], ctx, script=script)
    decision.ids["job"] = run.job.id
    return decision


def _verdict(job: Job, script: str, ctx: Context) -> Verdict:
    """Of the script as it reads now; of a continuation, of its words behind that."""
    found = verdict_of(ctx, *((job.id, words_of(job, script)[0]) if job.continuation is not None else (NEW, script)))
    if found is None:
        raise CommandError("BUSY", "somebody is writing in this scene: try again", ("input", "jobId"), True)
    return found


def _corrections(job: Job, verdict: Verdict, issues: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Those that were shown with the job, as they are in the words now: nobody is given a change they did not see."""
    known = {each["id"] for each in issues} | {each["finding"] for each in job.corrections}
    return gate.corrections_of(verdict.own, (each for each in verdict.issues if each["id"] in known))


def _request(scene: SceneActor, job: Job, words: str, ctx: Context) -> dict[str, Any]:
    """What the job is made with from now on; its brain, its beat and its seed stay what they were."""
    project = scene.project(ctx)
    look = {"brain": job.brain, "brain_data": job.request.get("brain_data"), "beat": job.beat}
    request = request_for(scene.id, words, look=look, seed=job.seed, project=project, ctx=ctx)
    request |= videos.asked_of_writer(job.video)
    portraits = project.facts.portraits if project.facts else {}
    pictures = pictures_of(request, portraits)
    shot = {"shot_before": carried_shot.told(given_of(ctx))}
    return {"request": request, "words": words, "script_sha256": script_sha256(words), "pictures": pictures, **shot}


def recheck(run: Run, scene: SceneActor, ctx: Context) -> None:
    """A held job looks at the story again; if its scene's script agrees by now, its person is told so."""
    job, script = run.job, ctx.text(scene.doc, "script")
    now = verdict_of(ctx, NEW, script)
    fixed = job.continuation is None and now is not None and script != job.words and not now.errors
    held.recheck(run, verdict_of(ctx, job.id), fixed=fixed)


def watch(scene: SceneActor, decision: Decision, runs: list[Run]) -> None:
    """The continuity actor is asked to tell of changes: for a job that waits newly, or in a process that is new."""
    after = {**scene.jobs, **{run.job.id: run.job for run in runs}}
    waiting = {id for id, job in after.items() if job.live and job.findings is None and job.enhanced is not None}
    if waiting - scene.watching:
        decision.notices.append((CONTINUITY, Watch(scene.id)))
    scene.watching = waiting
