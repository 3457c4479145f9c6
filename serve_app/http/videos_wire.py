"""`/v1/videos` in words: what may be asked, how a job reads as a video, how a refusal reads. Pure.

The invariant: a field we do not honour is refused by its name, never ignored; errors have the shape that clients of
this family read ({"error": {"message", "type", "code", "param"}}), whatever went wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.scene.videos import DEFAULT_SECONDS
from actors.views import JobView, TakeView
from gpu.steps import VIDEO_HEIGHT_PX, VIDEO_WIDTH_PX

FIELDS = ("prompt", "model", "seconds", "size", "seed", "metadata", "input_reference")
AUTO = "auto"
METADATA_MAX, METADATA_CHARS_MAX = 16, 512
LIST_DEFAULT, LIST_MAX = 20, 100
POLL_MS = 1_000
"""When a client may look again, as `openai-poll-after-ms`. Lower: more requests than news."""

STATUS: Mapping[str, str] = {
    "QUEUED": "queued",
    "THROTTLED": "queued",
    "FINAL_READY": "completed",
    "FAILED": "failed",
    "CANCELLED": "failed",
}
"""Of a job's state; every other one is `in_progress`."""

CODES: Mapping[str, str] = {"MODERATED": "moderation_blocked", "QUOTA": "insufficient_quota"}
"""Of a job's error, where this family has a word of its own."""

_HEADINGS = {
    "night": "NIGHT", "midnight": "NIGHT", "dusk": "DUSK", "sunset": "DUSK", "evening": "EVENING",
    "dawn": "DAWN", "sunrise": "DAWN", "morning": "MORNING",
}  # fmt: skip
_INSIDE = re.compile(
    r"\b(inside|indoors?|interior|room|kitchen|office|bedroom|hall|corridor|cellar|church|bar|shop)\b",
    re.IGNORECASE,
)
_PLACE_WORDS, _PLACE_CHARS = 8, 60
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


class ApiError(Exception):
    """A refusal as a client of this family reads it."""

    retryable = False

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(status, code, message, param)
        self.status, self.code, self.message, self.param = status, code, message, param

    def body(self) -> dict[str, Any]:
        kind = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
        said = kind.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        return {"error": {"message": self.message, "type": said, "code": self.code, "param": self.param}}


@dataclass(frozen=True, slots=True)
class Ask:
    """A create request. Bounds of values are the scene's to say (`actors.scene.videos.check`)."""

    prompt: str
    model: str | None
    seconds: int
    width: int
    height: int
    seed: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def ask_of(data: Mapping[str, Any]) -> Ask:
    """Raises `ApiError` 400 naming the field."""
    for name in data:
        if name not in FIELDS:
            raise ApiError(400, "unknown_parameter", f"Unknown parameter: '{str(name)[:64]}'.", str(name)[:64])
    prompt = data.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise ApiError(400, "missing_required_parameter", "Say in `prompt` what the video shows.", "prompt")
    model = data.get("model")
    if model is not None and not isinstance(model, str):
        raise ApiError(400, "invalid_type", "`model` is a text.", "model")
    width, height = _size(data.get("size"))
    seed = data.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | str)):
        raise ApiError(400, "invalid_type", "`seed` is a whole number.", "seed")
    return Ask(
        prompt=prompt.strip(),
        model=None if model in (None, "", AUTO) else model,
        seconds=_seconds(data.get("seconds")),
        width=width,
        height=height,
        seed=None if seed is None else str(seed),
        metadata=_metadata(data.get("metadata")),
    )


def _seconds(given: Any) -> int:
    if given is None:
        return DEFAULT_SECONDS
    if isinstance(given, bool) or not isinstance(given, int | str) or not str(given).isascii():
        raise ApiError(400, "invalid_value", "`seconds` is a whole number.", "seconds")
    if not str(given).isdigit() or len(str(given)) > 4:
        raise ApiError(400, "invalid_value", "`seconds` is a whole number.", "seconds")
    return int(given)


def _size(given: Any) -> tuple[int, int]:
    if given is None:
        return VIDEO_WIDTH_PX, VIDEO_HEIGHT_PX
    found = _SIZE.fullmatch(given) if isinstance(given, str) and given.isascii() else None
    if found is None:
        raise ApiError(400, "invalid_value", "`size` is WIDTHxHEIGHT in pixels, e.g. 1280x720.", "size")
    return int(found[1]), int(found[2])


def _metadata(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    right = isinstance(given, Mapping) and len(given) <= METADATA_MAX
    if not right or not all(isinstance(v, str) and len(k) + len(v) <= METADATA_CHARS_MAX for k, v in given.items()):
        words = f"`metadata` is at most {METADATA_MAX} pairs of texts, {METADATA_CHARS_MAX} characters a pair."
        raise ApiError(400, "invalid_value", words, "metadata")
    return dict(given)


def scene_of(prompt: str) -> tuple[str, str]:
    """(heading, script): the prompt as one paragraph of action, whatever it looks like, in a place named by its first
    words, so that writers and painters find what they know in it."""
    words = " ".join(prompt.split())
    place = " ".join(re.findall(r"[\w'’-]+", words)[:_PLACE_WORDS]).upper()[:_PLACE_CHARS].strip() or "SOMEWHERE"
    hour = next((_HEADINGS[w] for w in re.findall(r"[a-z]+", words.lower()) if w in _HEADINGS), "DAY")
    heading = f"{'INT' if _INSIDE.search(words) else 'EXT'}. {place} - {hour}"
    return heading, f"{heading}\n\n!{words}\n"


def video_of(job: JobView, take: TakeView | None, progress: float) -> dict[str, Any]:
    """A job as a video."""
    asked = job.video or {}
    status = STATUS.get(job.state, "in_progress")
    return {
        "id": job.id,
        "object": "video",
        "created_at": job.created_at_ms // 1000,
        "completed_at": None if take is None else take.created_at_ms // 1000,
        "expires_at": None,
        "status": status,
        "progress": 100 if status == "completed" else min(99, int(progress * 100)),
        "model": take.backend if take is not None else asked.get("model") or AUTO,
        "prompt": asked.get("prompt"),
        "seconds": str(asked.get("seconds")),
        "size": f"{asked.get('width')}x{asked.get('height')}",
        "error": _error(job) if status == "failed" else None,
        "remixed_from_video_id": asked.get("remixed_from"),
        "metadata": asked.get("metadata") or {},
    }


def _error(job: JobView) -> dict[str, str]:
    if job.error is None:
        return {"code": "cancelled", "message": "Somebody cancelled it."}
    code = str(job.error["code"])
    return {"code": CODES.get(code, code.lower()), "message": str(job.error["message"])}
