"""The contact sheet of the shot before, on the job that goes on from it: a picture to follow, and part of its recipe.

Pure. The invariant: another sheet is another film to both caches and to what is made ahead (its hash is in the request
of the words, in the recipe and among the references that are asked for), so that a changed reference is never answered
with an older film. The picture goes to backends that take pictures to follow; its light and colours are in the words
and in the grade (`gpu.enhance.carried_light`) for all of them.

`Job.shot_before`: {"scene", "take", "key", "sha256"}; empty for a job that goes on from nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actors.scene.injection import shot_told
from actors.workflow.carry import Given

if TYPE_CHECKING:
    from actors.scene.job import Job


def told(given: Given) -> dict[str, str]:
    """What the job remembers of it."""
    shot = shot_told(given)
    return {} if shot is None else {"scene": shot.scene, "take": shot.take, "key": shot.key, "sha256": shot.sha256}


def in_recipe(job: Job) -> dict[str, Any]:
    """By content, wherever it lies. Jobs without one keep their hash."""
    digest = (job.request.get("shot_before") or {}).get("sha256")
    return {"shotBefore": digest} if digest else {}


def in_state(request: Mapping[str, Any]) -> list[Any]:
    """What the semantic cache must find equal."""
    return [request["shot_before"]] if request.get("shot_before") else []


def to_follow(job: Job) -> dict[str, Any]:
    """Of the request of a film."""
    if not job.shot_before or in_recipe(job) != {"shotBefore": job.shot_before["sha256"]}:
        return {}
    return {"references": [{"key": job.shot_before["key"], "sha256": job.shot_before["sha256"]}]}
