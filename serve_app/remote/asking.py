"""From an attempt to what a worker elsewhere is asked, and where everything of it lies.

Invariant: a function of the attempt and its request alone, so that a second push is the same to the byte; the job's id
is the attempt's, and the attempt stands in every key. A worker of ours finds the whole request beside the output: the
wire carries only what every worker knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gpu.enhance.protocol import EnhancedScene
from gpu.video.protocol import RenderRequest
from storage.codec import encode
from storage.ledger.protocol import Attempt
from storage.objects.protocol import StoreName
from storage.queue.protocol import BACKENDS, Job

REQUEST_NAME, MEDIA_NAME, VIDEO_NAME = "request", "media", "video.mp4"
STYLE_CHARS_MAX = 200


def job_of(attempt: Attempt, request: dict[str, Any], backends: Sequence[str]) -> Job:
    """`backends`: what the workers render, the default first. Raises `EnhanceError` for a request that is none."""
    scene = EnhancedScene.from_dict(request["enhanced"])
    asked = str(request.get("backend") or "")
    backend = asked if asked in BACKENDS else backends[0]
    at = datetime.fromtimestamp(attempt.created_at_ms / 1000, UTC)
    return Job(
        job_id=attempt.id,
        backend=backend,
        prompt=scene.prompt,
        duration_s=round(scene.duration_s, 3),
        output_path=output_path(request["prefix"]),
        style=scene.brain[:STYLE_CHARS_MAX],
        params={"seed": int(request["seed"]), **_references(request)},
        start_frame_path=request.get("panel_key"),
        episode_id=attempt.job,
        beat_id=attempt.scene,
        attempt=attempt.number,
        created_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        original_backend=backend,
    )


def _references(request: dict[str, Any]) -> dict[str, Any]:
    """Keys of pictures to follow. The list's form has no field for them, and whoever knows none ignores a parameter."""
    keys = [each["key"] for each in request.get("references", ())]
    return {"references": keys} if keys else {}


def output_path(prefix: str) -> str:
    """The key under which a worker elsewhere puts its film."""
    return StoreName.INTERNAL.key("remote", prefix, VIDEO_NAME)


def beside(path: str, name: str) -> str:
    """The key of something else that belongs to the job with that output."""
    return f"{path.rpartition('/')[0]}/{name}"


def request_body(request: dict[str, Any]) -> bytes:
    return encode(request)


def render_request(request: dict[str, Any]) -> RenderRequest:
    scene = EnhancedScene.from_dict(request["enhanced"])
    return RenderRequest(
        shots=scene.shots,
        look=scene.look,
        seed=int(request["seed"]),
        width=request["width"],
        height=request["height"],
        fps=request["fps"],
    )
