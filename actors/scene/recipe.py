"""The recipe of a take: all that decides it, as canonical JSON, and its hash.

The invariant: two jobs with the same hash ask for the same pictures; nothing that is not in the recipe may change a
frame. Workers store finished takes under the hash; the cache step asks for it. Who renders is in it by name, model and
version as the route chose them: a film of an older model is another film.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from actors.scene import board, carried_shot, videos
from gpu.steps import PANEL_HEIGHT_PX, PANEL_WIDTH_PX, VIDEO_FPS

if TYPE_CHECKING:
    from actors.scene.job import Job

RECIPE_VERSION = 3
SEED_BITS = 63


def seed_of(words: str) -> str:
    """A seed as decimal text, 0..2^63-1: numbers stay what they are, other words are hashed."""
    text = words.strip()
    if text.isascii() and text.isdigit() and int(text) < 2**SEED_BITS:
        return str(int(text))
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
    return str(int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS))


def recipe(job: Job) -> dict[str, Any]:
    """JSON-able. The candidate is the key shot's; `frames`: what each shot starts from, where it was drawn."""
    width, height = videos.size_of(job)
    return {
        "version": RECIPE_VERSION,
        "enhanced": board.film_scene(job),
        "brain": job.brain,
        "brainVersion": job.brain_version,
        **({"brainSha256": job.brain_sha256} if job.brain_sha256 else {}),  # jobs before it keep their hash
        "seed": job.seed,
        "candidate": job.candidate,
        "backend": job.renderer or job.backend or "auto",
        **({"model": job.models[job.renderer]} if job.renderer in job.models else {}),
        "panel": {"width": PANEL_WIDTH_PX, "height": PANEL_HEIGHT_PX},
        "frames": board.frames_of(job) if job.picked is not None else [],
        "video": {"width": width, "height": height, "fps": VIDEO_FPS},
        **videos.in_recipe(job),
        **carried_shot.in_recipe(job),
        **_lent(job),
    }


def _lent(job: Job) -> dict[str, Any]:
    """The frame that a like film lent (`actors.scene.cached`), by its content; a lent seed is the job's own."""
    lent = (job.cached or {}).get("warm")
    return {"lent": lent["frame_sha256"] or lent["frame_key"]} if lent and lent["frame_key"] else {}


def _text(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def recipe_hash(job: Job) -> str:
    """Of what decides the pictures. Frames count by their content, and only where people chose them: an automatic pick
    asks for the same take before any frame is drawn."""
    found = recipe(job)
    found["frames"] = [] if job.auto_pick else [{k: v for k, v in f.items() if k != "key"} for f in found["frames"]]
    return hashlib.sha256(_text(found).encode()).hexdigest()
