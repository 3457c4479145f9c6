"""What the owner asks of a worker, step by step: the bodies of requests, in the shapes of `gpu.steps`.

The invariant: a pure function of the job and of the attempt's own prefix, so that a second run of the same attempt
writes the same keys.
"""

from __future__ import annotations

from typing import Any

from actors.scene import board as boards
from actors.scene import cached, carried_shot, continuation, videos
from actors.scene.cached import Asker
from actors.scene.job import Job
from actors.scene.recipe import recipe_hash
from gpu.steps import VIDEO_FPS, Step


def request_of(step: Step, job: Job, prefix: str, asker: Asker) -> dict[str, Any]:
    """See `gpu.steps` for the shapes. `prefix` names the attempt."""
    match step:
        case Step.ENHANCE:
            return {"enhance": job.request, **continuation.payload(job)}
        case Step.CACHE:
            return {"recipe_hash": recipe_hash(job), "ask": cached.ask(job, asker)}
        case Step.STORYBOARD:
            return boards.storyboard_request(job, prefix)
        case Step.VIDEO:
            return {
                "enhanced": boards.film_scene(job),
                "seed": int(job.seed),
                "candidate": job.candidate,
                "panel_key": videos.reference_of(job) or boards.key_frame(job)["key"],
                **cached.lent_frame(job),
                "frames": boards.frames_of(job),
                **carried_shot.to_follow(job),
                "width": videos.size_of(job)[0],
                "height": videos.size_of(job)[1],
                "fps": VIDEO_FPS,
                "prefix": prefix,
                "backend": job.renderer,
                "recipe_hash": recipe_hash(job),
            }
        case Step.OBSERVE:
            media = job.media or {}
            watch = {"video_key": media["video_key"], "degraded": media["degraded"]}
            return {**watch, "enhanced": boards.film_scene(job), **cached.to_remember(job, asker)}
