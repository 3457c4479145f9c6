"""Where a take comes from: what its recipe cannot know before it is made, told with it and never changed.

The invariant: a pure function of the job that made it. A take is written once; whatever is tried again is another
attempt of its job, whatever is wanted otherwise another job.
"""

from __future__ import annotations

import json
from typing import Any

from actors.scene import board
from actors.scene.flights import SHARED
from actors.scene.job import Job
from actors.scene.parts import components
from actors.scene.recipe import recipe


def lineage(job: Job) -> dict[str, Any]:
    """JSON-able. `madeWith`: model and version, as the backend says it; `attempts`: step → how many it took;
    `parentTake`: what people had when they asked for it; `insteadOf`: the job of the cache's film that was not
    wanted; `shotBefore`: whose end it goes on from (`actors.scene.carried_shot`); `bibleVersion`: of the scene's bible
    when it was made; `reused`: the film is an earlier take's;
    `sharedWith`: the job that rendered it for both; `cache`: how the cache came to that, or to what was lent
    (`actors.scene.cached`); `components`: its parts that are earlier jobs' (`actors.scene.parts`)."""
    media = job.media or {}
    files = (media.get("files") or {}).values()
    found = {
        "job": job.id,
        "by": job.by or None,
        "scriptSha256": job.script_sha256,
        "bibleVersion": _bible_before(job),
        "continuesBibleVersion": (job.continuation or {}).get("bibleVersion"),
        "madeBy": media.get("backend"),
        "madeWith": media.get("made_with"),
        "videoKey": media.get("video_key"),
        "videoSha256": next((file["sha256"] for file in files if file["key"] == media.get("video_key")), None),
        "parentTake": parent_of(job),
        "insteadOf": job.instead_of or None,
        "shotBefore": job.shot_before or None,
        "retries": job.retries or None,
        "attempts": dict(sorted(job.numbers.items())),
        "reused": job.cache == "hit",
        "sharedWith": media.get(SHARED),
        "cache": _cache(job),
        "components": components(job, board.current(job)),
    }
    return {name: value for name, value in found.items() if value is not None}


def parent_of(job: Job) -> str | None:
    """The take this one was made after: the remixed one, else the newest of the scene when it was asked for."""
    return (job.video or {}).get("remixed_take") or job.parent


def _cache(job: Job) -> dict[str, Any] | None:
    """Whose film it is, or who lent something to it, and why the cache believed so."""
    told = {name: value for name, value in (job.cached or {}).items() if value not in (None, "", [])}
    return {"verdict": job.cache, **told} if job.cached and job.cache != "miss" else None


def _bible_before(job: Job) -> int | None:
    """A take makes the next version of it."""
    return None if job.bible_version is None else job.bible_version - 1


def take_recipe(job: Job) -> str:
    """What decided the take (`recipe`: its hash is asked of the cache) and, beside it, where it comes from."""
    whole = {**recipe(job), "lineage": lineage(job)}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
