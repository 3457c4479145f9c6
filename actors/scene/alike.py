"""Two scenes of a project that ask for the very same thing at once: the second one takes the first one's seed.

Pure. The invariant: everything the writer is told of the scene is equal, nobody typed a seed, and the scene has not
asked for these words before (that is a wish for another film). With one seed the words, the frames and, where the same
frames are picked, the film are one request each, and the ledger has each made once (`actors.scene.flights`). Which of
two is first is settled where both are decided: in the owner of their project.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.ahead.serving import made_with
from actors.scene.cached import known_films, seed_asked
from actors.scene.job import Job

if TYPE_CHECKING:
    from actors.runtime.actor import Context
    from actors.scene.actor import SceneActor


def with_their_seed(scene: SceneActor, job: Job, ctx: Context) -> Job:
    """The job as it is, or with the seed of one that is under way in another scene for the same."""
    if job.video is not None or seed_asked(job) or known_films(job, scene.jobs.values()):
        return job
    for other in _under_way(scene, ctx):
        same = other.backend == job.backend and other.pictures == job.pictures and _asked(other) == _asked(job)
        if same and not seed_asked(other) and not (other.cached or {}).get("warm"):
            return replace(
                job,
                seed=other.seed,
                seed_from=other.seed_from or other.id,
                request={**job.request, "seed": other.request["seed"]},
            )
    return job


def _asked(job: Job) -> dict[str, Any]:
    """All that decides it, but the seed and the story before it: the cache asks for neither, and where a writer's words
    follow that story, two seeds that are equal do no harm."""
    made = made_with(job)
    return {**made, "request": {name: value for name, value in made["request"].items() if name != "so_far"}}


def _under_way(scene: SceneActor, ctx: Context) -> Iterator[Job]:
    """Jobs that will have a film, of the other scenes that are active, in the order of the outline."""
    from actors.scene.actor import SceneActor  # it is made of these parts

    for each in scene.project(ctx).scenes_in_order():
        other = ctx.peer(SceneActor, each.id) if each.id != scene.id else None
        for job in other.jobs.values() if other is not None else ():
            if job.live and job.video is None and job.continuation is None:
                yield job
