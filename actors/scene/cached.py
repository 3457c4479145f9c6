"""The semantic cache from the owner's side: what it is asked for a film, and what its answer means to a job.

The invariants: what is asked is what people wrote and chose, never what a writer was free to choose (its camera, its
count of shots), so that two scenes worded alike may share a film; everything else that decides pictures is a filter
that must be equal. A wish for another film is never answered with a film that was shown for these words, and a seed
that was asked for, or a frame that people picked, is never traded for a neighbour's.

A job with a board asks twice: before a frame is drawn, for any film of these words; and after the pick, for the film of
these frames. A film that was made after a pick is remembered under both questions.

An ask: {"version", "units": [{"kind": "action"|"line", "text", "speaker"}] in story order, "entities": {name as
written: entity id}, "filters": {name: text}, "seed": as asked for, or "", "not_jobs": [job id], "fresh_for": who asked
by an API that has no scene to ask again in (the same words once more are a wish for another film), or "", "warm":
whether a neighbour may lend its frame and seed, "price_usd": of the film if it is rendered,
"bound": wrong answers among 10,000 that its project accepts, where it says so}.
A film to remember: {"ask", "media", "of": {"take", "job", "scene", "project"}, "by", "seed", "frame_key"}; "open"
beside "ask" where people chose its frames: the question of who has not chosen any.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.runtime.ids import derive_id
from actors.scene import board, carried_shot, route, videos
from actors.scene.flights import SHARED
from actors.scene.recipe import seed_of
from gpu.steps import VIDEO_FPS
from gpu.video.router import BackendUnfit, Router

if TYPE_CHECKING:
    from actors.scene.job import Job

ASK_VERSION = 1
UNITS_MAX = 64
"""Moments of a scene that are compared. Over: it is asked of the exact cache alone; so long a scene has no twin."""

WARM, HIT, MISS = "warm", "hit", "miss"
ANSWER = ("level", "similarity", "threshold", "sure", "why", "of", "entry", "space", "ask", "saved_usd")
"""What the event of an answer tells of how the cache came to it; `warm` beside it where a neighbour lends something."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose job it is, and the scene's other jobs: their films are known to its people."""

    home: str
    scene: str
    router: Router
    now_ms: int
    others: tuple[Job, ...] = ()
    bound: int = 0  # the project's: see `actors.project.reuse`


# asking
def ask(job: Job, asker: Asker, *, frames: bool = True) -> dict[str, Any] | None:
    """`frames`: whether picked ones are part of the question.

    None: only the exact cache can answer (nobody could render it, or it is too long to compare).
    """
    units = _units(job)
    renderer = _renderer(job, asker)
    if renderer is None or not 0 < len(units) <= UNITS_MAX:
        return None
    seed = job.seed if seed_asked(job) else ""
    known = known_films(job, asker.others)
    return {
        "version": ASK_VERSION,
        "units": units,
        "entities": {each["name"]: each["entity_id"] for each in job.request.get("cast", ())},
        "filters": {"scope": asker.home, **filters(job, renderer, asker.router, frames)},
        "seed": seed,
        "not_jobs": sorted(known),
        "fresh_for": job.by if job.video is not None else "",
        "warm": job.auto_pick and not (seed or known) and videos.reference_of(job) is None,
        "price_usd": _price_usd(job, renderer, asker.router),
        **({"bound": asker.bound} if asker.bound else {}),
    }


def seed_asked(job: Job) -> bool:
    """Whether somebody asked for this very seed; else it was drawn from the job's name, or lent by a neighbour."""
    return job.seed != seed_of(job.seed_from or job.id) and not (job.cached or {}).get("warm")


def known_films(job: Job, others: Iterable[Job]) -> set[str]:
    """Jobs whose films were, or will be, shown to this scene for the same words: asking again is a wish for another."""
    found: set[str] = set()
    for other in others:
        if other.id != job.id and other.script_sha256 == job.script_sha256:
            found |= {other.id, str(((other.cached or {}).get("of") or {}).get("job") or other.id)}
    return found


def filters(job: Job, renderer: str, router: Router, frames: bool = True) -> dict[str, str]:
    """Everything beside the words that decides a film, as text that must be equal."""
    asked, enhanced, offer = job.request, job.enhanced or {}, router.offers.get(renderer)
    width, height = videos.size_of(job)
    seconds = asked.get("target_duration_s")
    return {
        "kind": "film",
        "model": "/".join((renderer, offer.model, offer.version)) if offer is not None else renderer,
        "size": f"{width}x{height}@{VIDEO_FPS}",
        "seconds": "" if seconds is None else f"{float(seconds):g}",
        "brain": "/".join((job.brain, job.brain_version, job.brain_sha256)),
        "writer": f"{enhanced.get('writer', '')}/{enhanced.get('writer_version', '')}",
        "beat": job.beat,
        "place": " ".join(str(asked.get("place", "")).casefold().split()),
        "inside": "interior" if asked.get("interior", True) else "exterior",
        "hour": str(asked.get("time_of_day", "")),
        "cast": ",".join(sorted(_figure(each) for each in asked.get("cast", ()))),
        "state": _digest(
            [list(asked.get("continuity_notes", ())), asked.get("weather"), *carried_shot.in_state(asked)]
        ),
        "references": _digest(_references(job, frames)),
    }


def _units(job: Job) -> list[dict[str, str]]:
    ids = {each["name"]: each["entity_id"] for each in job.request.get("cast", ())}
    return [
        {
            "kind": str(each["kind"]),
            "text": " ".join(f"({each['parenthetical']}) {each['text']}".split())
            if each.get("parenthetical")
            else str(each["text"]),
            "speaker": ids.get(each.get("speaker", ""), each.get("speaker", ""))
            + (" off screen" if each.get("off_screen") else ""),
        }
        for each in job.request.get("moments", ())
    ]


def _figure(slot: Mapping[str, Any]) -> str:
    """A person by id and looks: a changed description is another person to the cache."""
    looks = list(slot.get("descriptors", ()))
    return f"{slot['entity_id']}:{_digest(looks)[:16]}" if looks else str(slot["entity_id"])


def pictures_of(request: Mapping[str, Any], portraits: Mapping[str, str]) -> dict[str, str]:
    """Keys of the reference pictures of a request's cast; another picture has another key."""
    cast = (str(each["entity_id"]) for each in request.get("cast", ()))
    return {id: portraits[id] for id in sorted(cast) if id in portraits}


def _references(job: Job, frames: bool) -> list[Any]:
    """Pictures that decide a film, by content: of its people, those it starts from where people brought or chose them;
    and people's notes on shots."""
    found: list[Any] = [job.pictures] if job.pictures else []
    found += [videos.in_recipe(job)] if videos.reference_of(job) else []
    if frames and not job.auto_pick and job.picked is not None:
        found += [[f["shot"], f["candidate"], f["sha256"], job.seed] for f in board.frames_of(job)]
    found += [[shot, edit["note"]] for shot, edit in sorted(job.board.edits.items()) if edit.get("note")]
    return found


def _digest(value: Any) -> str:
    if not value or not any(value):
        return ""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _renderer(job: Job, asker: Asker) -> str | None:
    """Who renders it, or would if it were routed now."""
    if job.renderer:
        return job.renderer
    try:
        order: list[str] = route.routed(job, asker.router, asker.now_ms)["order"]
        return order[0]
    except BackendUnfit:
        return None


def _price_usd(job: Job, renderer: str, router: Router) -> float:
    offer = router.offers.get(renderer)
    if offer is None or offer.cost_unit.lower() != "usd":
        return 0.0
    return round(offer.cost_per_s * route.need_of(job).seconds, 6)


# answers
def answered(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `job.cache_answered`, less its media. An older worker says hit or miss alone."""
    told = result.get("cache") or {}
    verdict = str(result["verdict"])
    if verdict == HIT and not result.get("take"):
        verdict = MISS
    lent = _lent(job, told.get("warm"))
    if verdict == WARM and lent is None:
        verdict = MISS
    level = "" if verdict == MISS else str(told.get("level") or "L1")
    why = [str(words) for words in told.get("why", ())]
    cache = {**{name: told.get(name) for name in ANSWER}, "level": level, "why": why}
    cache |= {"entry": str(told.get("entry") or ""), "saved_usd": float(told.get("saved_usd") or 0.0)}
    return {"verdict": verdict, "cache": cache if verdict != WARM else {**cache, "warm": lent}}


def _lent(job: Job, told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a neighbour lends, if this job may take it at all."""
    if not told or not job.auto_pick or seed_asked(job) or videos.reference_of(job) is not None:
        return None
    return {
        "seed": str(int(told["seed"])),
        "frame_key": told.get("frame_key"),
        "frame_sha256": told.get("frame_sha256"),
    }


def fold_answered(job: Job, data: Mapping[str, Any]) -> None:
    """Of two questions the first one's answer counts where it is a film.

    A neighbour's seed becomes the job's: its board and its film are drawn with it, and its recipe says so.
    """
    job.attempt = None
    if job.asks_first:
        job.asks_first = False
        if data["verdict"] != HIT:
            return route.forget(job)  # who renders is found anew after the pick: a board may wait for a day
    job.cache, job.media = data["verdict"], data["media"]
    job.cached = data.get("cache")  # events older than the semantic cache have none
    if lent := (job.cached or {}).get("warm"):
        job.seed = lent["seed"]


def lent_frame(job: Job) -> dict[str, str]:
    """The neighbour's frame that the key shot starts from, where nobody picked one and it is still there."""
    lent = (job.cached or {}).get("warm")
    return {"lent_key": lent["frame_key"]} if lent and lent["frame_key"] and job.auto_pick else {}


# remembering
def to_remember(job: Job, asker: Asker) -> dict[str, Any]:
    """What the step that watches a take is told besides, so that a good one is remembered; {}: it is not to be."""
    media = job.media or {}
    stand_in = bool(media.get("degraded")) and media.get("backend") != job.renderer
    if job.degradations or stand_in or job.cache == HIT or SHARED in media:
        return {}
    asked = ask(job, asker)
    if asked is None:
        return {}
    of = {"take": derive_id("tak", job.id), "job": job.id, "scene": asker.scene, "project": asker.home}
    frame = board.key_frame(job)
    return {
        "remember": {
            "ask": asked,
            **_open(job, asker),
            "media": media,
            "of": of,
            "by": job.by,
            "seed": job.seed,
            "frame_key": frame["key"] or media.get("thumbnail_key"),
            "frame_sha256": frame["sha256"],
        }
    }


def _open(job: Job, asker: Asker) -> dict[str, Any]:
    """A film made after a pick answers whoever asks for these words and has chosen no frame; words that people added
    to its shots are no part of theirs."""
    chosen = not job.auto_pick and job.picked is not None
    if not chosen or any(edit.get("note") for edit in job.board.edits.values()):
        return {}
    return {"open": ask(job, asker, frames=False)}
