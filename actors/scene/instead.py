"""Frames instead of a film that the cache gave before any was drawn.

Pure decisions of the scene actor. The invariants: the frames are drawn by a job of its own that has all the first one
was asked with, the words that were written for it as well, so that nothing is written or charged again; its id follows
from the first one's, so whoever asks second is answered with the same job; the first film stays a take. To want frames
is no word on the film: the cache learns nothing of it (`actors.scene.teaching`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.commands import CommandError, DrawFrames
from actors.runtime.actor import Context, Decision
from actors.runtime.ids import derive_id
from actors.scene import jobs
from actors.scene.board import Board
from actors.scene.job import Job

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def draw_frames(scene: SceneActor, command: DrawFrames, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, NOT_REUSED, TOO_MANY_JOBS."""
    where = ("input", "jobId")
    first = scene.jobs.get(command.job)
    if first is None:
        raise CommandError("NOT_FOUND", "this scene has no such job", where)
    if not first.shown_first or first.live:
        words = "this job's film was not taken from the cache before its frames were drawn"
        raise CommandError("NOT_REUSED", words, where)
    id = frames_job(first.id)
    if id in scene.jobs:
        return Decision(ids=scene.ids() | {"job": id})
    return jobs.begin(scene, _job(id, first, ctx), ctx, words=first)


def frames_job(first: str) -> str:
    """The job that draws frames instead of the film of this one."""
    return derive_id("job", first, "frames")


def _job(id: str, first: Job, ctx: Context) -> Job:
    return Job(
        id=id,
        auto_pick=False,
        brain=first.brain,
        brain_version=first.brain_version,
        brain_sha256=first.brain_sha256,
        beat=first.beat,
        seed=first.seed,
        seed_from=first.seed_from or first.id,
        backend=first.backend,
        script_sha256=first.script_sha256,
        created_at_ms=ctx.now_ms,
        request=dict(first.request),
        pictures=dict(first.pictures),
        shot_before=dict(first.shot_before),
        board=Board(candidates=first.board.candidates, pick_within_ms=first.board.pick_within_ms),
        corrections=list(first.corrections),
        waived=dict(first.waived),
        priority=first.priority,
        by=ctx.principal,
        instead_of=first.id,
    )
