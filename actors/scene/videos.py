"""A job that somebody asked for by `/v1/videos`: size, length, start picture, and whether it is still wanted.

The invariant: what was asked for is on the job from its first event, so that lists, recipes and workers agree on it; a
video that was dropped is known to nobody by its address, while its job and take stay history.

`video` of a command and a job: {"prompt", "model", "seconds", "width", "height", "reference": key | None,
"reference_sha256", "remixed_from": job | None, "remixed_take": its take}; on the job also "dropped".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError
from actors.runtime.actor import ViewDraft
from actors.views import VIDEO, VideoView, order_ms
from gpu.steps import VIDEO_HEIGHT_PX, VIDEO_WIDTH_PX
from gpu.video.protocol import SIDE_PIXELS_MIN

if TYPE_CHECKING:
    from actors.scene.job import Job

SECONDS_MIN, SECONDS_MAX = 3, 60
"""Shorter: three shots have no time to be seen; longer: a film is written, not asked for."""
SIDE_MAX = 1920
PROMPT_CHARS_MAX = 4_000
DEFAULT_SECONDS = 4


def check(video: Mapping[str, Any] | None) -> None:
    """Raises `CommandError` with the field of the API that is at fault."""
    if video is None:
        return
    if not isinstance(video["prompt"], str) or not 0 < len(video["prompt"].strip()) <= PROMPT_CHARS_MAX:
        raise CommandError("BAD_PROMPT", f"a prompt has 1 to {PROMPT_CHARS_MAX} characters", ("prompt",))
    if not isinstance(video["seconds"], int) or not SECONDS_MIN <= video["seconds"] <= SECONDS_MAX:
        raise CommandError("BAD_SECONDS", f"seconds is a whole number, {SECONDS_MIN} to {SECONDS_MAX}", ("seconds",))
    for side in (video["width"], video["height"]):
        if not isinstance(side, int) or not SIDE_PIXELS_MIN <= side <= SIDE_MAX or side % 2:
            words = f"each side is an even number of pixels, {SIDE_PIXELS_MIN} to {SIDE_MAX}"
            raise CommandError("BAD_SIZE", words, ("size",))


def asked_of_writer(video: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of it goes into the request of the prompt writer."""
    return {} if video is None else {"target_duration_s": float(video["seconds"])}


def size_of(job: Job) -> tuple[int, int]:
    """Of the film: width, height."""
    return (job.video["width"], job.video["height"]) if job.video else (VIDEO_WIDTH_PX, VIDEO_HEIGHT_PX)


def reference_of(job: Job) -> str | None:
    """Key of the picture the film must start from, where the asker brought one."""
    return job.video.get("reference") if job.video else None


def in_recipe(job: Job) -> dict[str, Any]:
    """What a reference adds to a recipe: its content, wherever it lies."""
    return {"reference": job.video["reference_sha256"]} if job.video and reference_of(job) else {}


def video_view(home: str, scene: str, job: Job) -> list[ViewDraft]:
    """How a principal's videos are listed, whatever project they are in."""
    if job.video is None:
        return []
    body = None if job.video.get("dropped") else VideoView(job.id, scene, home)
    return [ViewDraft(VIDEO, job.id, job.by, order_ms(job.created_at_ms), body)]


def fold_dropped(job: Job, data: Mapping[str, Any]) -> None:
    job.video = {**(job.video or {}), "dropped": True}
