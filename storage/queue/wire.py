"""Jobs and results as UTF-8 JSON, the form StoryWorld's workers speak; written exactly, read with suspicion.

Owns both directions. Invariant: what is read is bounded and typed, or it is `Unreadable` with a reason; a trace that
came along is never kept. Fields nobody needs are ignored, and all of a result but `job_id` and `status` may be missing.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from storage.queue.protocol import JOB_BYTES_MAX, NAME, RESULT_BYTES_MAX, Job, Result, Unreadable

ADDRESS_CHARS_MAX = 4_096
PATH_CHARS_MAX = 900
PROMPT_CHARS_MAX = 32_000
MESSAGE_CHARS_MAX = 500
WORD_CHARS_MAX = 200
DURATION_S_MAX = 900.0
PARAMS_MAX = 64
"""Beyond these a field is cut (words) or the entry refused (what it is known by)."""


def write_job(job: Job) -> bytes:
    body: dict[str, Any] = {
        "job_id": job.job_id,
        "backend": job.backend,
        "input": {
            "prompt": job.prompt,
            "duration_sec": job.duration_s,
            "style": job.style,
            "motion": {"engine": "sparse", "params": dict(job.params)},
        },
        "output": {"path": job.output_path},
        "meta": {
            "episode_id": job.episode_id,
            "beat_id": job.beat_id,
            "attempt": job.attempt,
            "created_at": job.created_at,
            "original_backend": job.original_backend or job.backend,
        },
    }
    for name in ("start_frame_path", "end_frame_path"):
        if (path := getattr(job, name)) is not None:
            body["input"][name] = path
    if job.result_queue is not None:
        body["meta"]["result_queue"] = job.result_queue
    return _bytes(body)


def read_job(body: bytes) -> Job:
    """Raises `Unreadable`."""
    whole = _object(body, JOB_BYTES_MAX)
    given, output, meta = _part(whole, "input"), _part(whole, "output"), _part(whole, "meta")
    motion = given.get("motion") or {"engine": "sparse", "params": {}}
    if not isinstance(motion, dict) or motion.get("engine") != "sparse" or not isinstance(motion.get("params"), dict):
        raise Unreadable('motion must be {"engine": "sparse", "params": {…}}')
    if len(motion["params"]) > PARAMS_MAX:
        raise Unreadable(f"motion.params has more than {PARAMS_MAX} entries")
    duration_s = _number(given.get("duration_sec"))
    if duration_s is None or not 0 < duration_s <= DURATION_S_MAX:
        raise Unreadable(f"duration_sec must be more than 0 and at most {DURATION_S_MAX:g}")
    queue = meta.get("result_queue")
    attempt = _number(meta.get("attempt"))
    return Job(
        job_id=_id(whole.get("job_id")),
        backend=_word(whole.get("backend")) or "stub",
        prompt=_text(given.get("prompt"), "input.prompt", PROMPT_CHARS_MAX),
        duration_s=duration_s,
        output_path=_text(output.get("path"), "output.path", PATH_CHARS_MAX),
        style=_word(given.get("style")),
        params=motion["params"],
        start_frame_path=_path(given.get("start_frame_path")),
        end_frame_path=_path(given.get("end_frame_path")),
        episode_id=_word(meta.get("episode_id")),
        beat_id=_word(meta.get("beat_id")),
        attempt=max(1, int(attempt)) if attempt is not None else 1,
        created_at=_word(meta.get("created_at")),
        original_backend=_word(meta.get("original_backend")),
        result_queue=queue if isinstance(queue, str) and NAME.fullmatch(queue) else None,
    )


def write_result(result: Result, *, meta: Mapping[str, Any] | None = None) -> bytes:
    artifacts: dict[str, Any] = {} if result.video is None else {"video": result.video}
    if result.media is not None:
        artifacts["media"] = dict(result.media)
    runtime = {"backend": result.backend, "latency_sec": result.latency_s, "gpu": result.gpu}
    error = None if result.success else {"message": result.message[:MESSAGE_CHARS_MAX], "retryable": result.retryable}
    return _bytes(
        {
            "job_id": result.job_id,
            "status": "success" if result.success else "failure",
            "artifacts": artifacts,
            "runtime": {name: value for name, value in runtime.items() if value is not None},
            "error": error,
            "meta": {**(meta or {}), **({} if result.attempt is None else {"attempt": result.attempt})},
        }
    )


def read_result(body: bytes) -> Result:
    """Raises `Unreadable`. Only `job_id` and `status` must be there; of the rest, what is of the wrong kind is not."""
    whole = _object(body, RESULT_BYTES_MAX)
    status = whole.get("status")
    if status not in ("success", "failure"):
        raise Unreadable("status must be success or failure")
    artifacts, runtime, meta = (_maybe(whole.get(name)) for name in ("artifacts", "runtime", "meta"))
    said = whole.get("error")
    error = _maybe(said)
    message = said if isinstance(said, str) else error.get("message")
    video, media = artifacts.get("video"), artifacts.get("media")
    attempt = _number(meta.get("attempt"))
    return Result(
        job_id=_id(whole.get("job_id")),
        success=status == "success",
        video=video if isinstance(video, str) and 0 < len(video) <= ADDRESS_CHARS_MAX else None,
        media=media if isinstance(media, dict) else None,
        backend=_word(runtime.get("backend")) or None,
        latency_s=_number(runtime.get("latency_sec")),
        gpu=_word(runtime.get("gpu")) or None,
        message=_line(message, MESSAGE_CHARS_MAX),
        retryable=error.get("retryable") is not False,
        attempt=None if attempt is None else int(attempt),
    )


def job_id_of(body: bytes) -> str | None:
    """The id in an entry of either kind, where there is one."""
    try:
        return _id(_object(body, max(JOB_BYTES_MAX, RESULT_BYTES_MAX)).get("job_id"))
    except Unreadable:
        return None


def id_of_bytes(body: bytes) -> str:
    """What an entry that names none is known by; the scripts make the same."""
    return hashlib.sha1(body, usedforsecurity=False).hexdigest()


def _bytes(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def _object(body: bytes, bytes_max: int) -> dict[str, Any]:
    if len(body) > bytes_max:
        raise Unreadable(f"longer than {bytes_max} bytes")
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Unreadable("not a JSON object in UTF-8") from None
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object in UTF-8")
    return value


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name, {})
    if not isinstance(part, dict):
        raise Unreadable(f"{name} must be an object")
    return part


def _maybe(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Unreadable("job_id must be 1 to 128 plain characters")
    return value


def _text(value: object, where: str, chars_max: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= chars_max:
        raise Unreadable(f"{where} must be text of 1 to {chars_max} characters")
    return value


def _path(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= PATH_CHARS_MAX else None


def _word(value: object) -> str:
    return _line(value, WORD_CHARS_MAX)


def _line(value: object, chars_max: int) -> str:
    """One line for people, without anything that moves a terminal or hides."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in value[: 4 * chars_max]).split())[:chars_max]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e12 else None
