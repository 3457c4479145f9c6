"""The `/v1/videos` family on the wire: an endpoint, what is asked of it, what comes back, what a refusal means. Pure.

Owns the vocabulary and the one table from a vendor's refusals to our codes. Invariant: a refusal says whether the
vendor may have accepted the work: only a fault that surely left nothing behind may be followed by another submission.
Shape: OpenAI's videos API, as vLLM-Omni, SGLang, FastVideo, OpenRouter and our own `/v1/videos` serve it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gpu.video.capabilities import Capabilities
from gpu.video.protocol import VideoError

Reconcile = Literal["none", "idempotency", "metadata"]
"""How an endpoint can tell whether it accepted a submission whose answer was lost: not at all; it takes the same
`Idempotency-Key` as the same request; it lists its videos with the `metadata` they were made with."""

NONCE = "storyforge_nonce"
"""The key under `metadata` by which we know our own."""

MODERATED, QUOTA, THROTTLED = "MODERATED", "QUOTA", "THROTTLED"
UNAVAILABLE, TIMEOUT, REFUSED = "UNAVAILABLE", "TIMEOUT", "REFUSED"
SUBMISSION_UNKNOWN = "SUBMISSION_UNKNOWN"

MESSAGE_CHARS_MAX = 300
PROMPT_CHARS_MAX = 4_000
"""Of one clip's prompt; the rest is cut at a word. The public API takes no more."""
ID_CHARS_MAX = 200


class VendorFault(VideoError):
    """`accepted`: False: surely nothing was accepted; True: it was, and failed; None: nobody knows."""

    def __init__(
        self,
        code: str,
        message: str,
        retryable: bool = False,
        accepted: bool | None = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, message, retryable)
        self.args = (code, message, retryable, accepted, retry_after_s)
        self.accepted, self.retry_after_s = accepted, retry_after_s


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One vendor, one model. `seconds`: the clip lengths it takes, rising; `sizes`: (width, height), the first is the
    default. `key` goes into one header and nowhere else. `in_flight`: submissions of ours it holds at once."""

    name: str
    url: str  # what stands before /videos, e.g. https://host/v1
    model: str
    seconds: tuple[int, ...] = (4, 8, 12)
    sizes: tuple[tuple[int, int], ...] = ((1280, 720),)
    key: str = field(default="", repr=False)
    image_to_video: bool = True
    seed: bool = False
    negative: bool = False
    audio: bool = False
    reconcile: Reconcile = "none"
    moderation_url: str = ""  # asked about every prompt before anything is submitted; "": nobody is
    quality: int = 70
    usd_per_s: float = 0.0
    speed_s_per_s: float = 0.0
    in_flight: int = 4
    poll_s: float = 2.0
    patience_s: float = 780.0  # shorter than the deadline of the attempt, or it ends as a dead worker's

    @property
    def kind(self) -> str:
        """What a worker must offer: it has this endpoint's key."""
        return f"videos_api.{self.name}"

    @property
    def capabilities(self) -> Capabilities:
        """A scene of any length: it is made of clips. Any size: its clips are fitted."""
        return Capabilities(
            name=self.name,
            kind=self.kind,
            model=self.model,
            image_to_video=self.image_to_video,
            references_max=0,
            seed=self.seed,
            negative=self.negative,
            audio=self.audio,
            quality=int(self.quality),
            cost_per_s=self.usd_per_s,
            speed_s_per_s=self.speed_s_per_s,
            speed_source="declared" if self.speed_s_per_s else "unknown",
        )


@dataclass(frozen=True, slots=True)
class Task:
    """A video as the vendor tells it. `progress` 0..1."""

    id: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: float = 0.0
    error_code: str = ""
    error_message: str = ""
    nonce: str = ""


_STATUS: Mapping[str, Literal["queued", "in_progress", "completed", "failed"]] = {
    "queued": "queued",
    "pending": "queued",
    "in_progress": "in_progress",
    "processing": "in_progress",
    "running": "in_progress",
    "completed": "completed",
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "failed",
    "canceled": "failed",
    "expired": "failed",
}

_MODERATION = ("moderation", "content_policy", "content_filter", "safety", "policy_violation")
_QUOTA = ("insufficient_quota", "quota_exceeded", "billing", "insufficient_credit", "insufficient_funds", "credit_")


def fields_of(
    endpoint: Endpoint, prompt: str, negative: str, seconds: int, size: tuple[int, int], seed: int, nonce: str
) -> dict[str, Any]:
    """The body of a create request, less the picture."""
    asked: dict[str, Any] = {
        "model": endpoint.model,
        "prompt": cut(prompt, PROMPT_CHARS_MAX),
        "seconds": str(seconds),
        "size": f"{size[0]}x{size[1]}",
    }
    if endpoint.seed:
        asked["seed"] = str(seed % 2**31)
    if endpoint.negative and negative:
        asked["negative_prompt"] = cut(negative, PROMPT_CHARS_MAX)
    if endpoint.reconcile == "metadata":
        asked["metadata"] = {NONCE: nonce}
    return asked


def cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[:chars_max].rsplit(None, 1)[0]


def task_of(data: object) -> Task:
    """Raises `VendorFault` UNAVAILABLE for what is no video."""
    if not isinstance(data, Mapping) or not isinstance(data.get("id"), str) or not 0 < len(data["id"]) <= ID_CHARS_MAX:
        raise VendorFault(UNAVAILABLE, "the endpoint answered without a video", True, None)
    error, metadata = data.get("error"), data.get("metadata")
    error = error if isinstance(error, Mapping) else {}
    nonce = metadata.get(NONCE, "") if isinstance(metadata, Mapping) else ""
    progress = data.get("progress")
    known = isinstance(progress, int | float) and math.isfinite(progress)
    return Task(
        id=data["id"],
        status=_STATUS.get(str(data.get("status")).lower(), "in_progress"),
        progress=min(1.0, max(0.0, float(progress) / 100)) if known and progress is not None else 0.0,
        error_code=str(error.get("code") or ""),
        error_message=words(error.get("message")),
        nonce=str(nonce),
    )


def words(value: object) -> str:
    return " ".join(str(value or "").split())[:MESSAGE_CHARS_MAX]


def failed(endpoint: Endpoint, task: Task) -> VendorFault:
    """Why a task that was accepted has no video."""
    code, said = task.error_code.lower(), task.error_message or "it gives no reason"
    if any(word in code for word in _MODERATION):
        return VendorFault(MODERATED, f"{endpoint.name} refuses to show this: {said}", False, True)
    if any(word in code for word in _QUOTA):
        return VendorFault(QUOTA, f"{endpoint.name} has no credit left: {said}", False, True)
    return VendorFault(UNAVAILABLE, f"{endpoint.name} failed: {said}", True, True)


def refusal(endpoint: Endpoint, status: int, data: object, headers: Mapping[str, str]) -> VendorFault:
    """What an HTTP status other than success means. `data`: the decoded body, None if it was no JSON."""
    error = data.get("error") if isinstance(data, Mapping) else None
    told = isinstance(error, Mapping)
    body: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
    code = f"{body.get('code') or ''} {body.get('type') or ''}".lower()
    said = words(body.get("message")) or f"HTTP {status}"
    name, wait_s = endpoint.name, retry_after_s(headers)
    if any(word in code for word in _MODERATION):
        return VendorFault(MODERATED, f"{name} refuses to show this: {said}")
    if status == 402 or any(word in code for word in _QUOTA):
        return VendorFault(QUOTA, f"{name} has no credit left: {said}")
    if status == 429:
        return VendorFault(THROTTLED, f"{name} asks for patience: {said}", True, False, wait_s)
    if status in (401, 403):
        return VendorFault(UNAVAILABLE, f"{name} does not take our key")
    if status >= 500:
        # 503 and an error in the API's own words come from whoever would have accepted it; other pages from in between.
        sure = status == 503 or told
        return VendorFault(UNAVAILABLE, f"{name} is out of order: {said}", True, False if sure else None, wait_s)
    return VendorFault(REFUSED, f"{name} refuses the request: {said}")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds; a date counts as no number (a clock of theirs is none of ours)."""
    try:
        asked = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return asked if math.isfinite(asked) and asked >= 0 else None
