"""Showing a film that was made ahead: when somebody presses Generate, and asks for just what it was made with.

Pure. The invariants: the words, the brain with its content, the place in the story and everything the writer was told
are equal, nobody asked for a seed, a backend, a size or a board of frames, and the scene has never seen it: then it is
an exact hit of level L4, told as one. Else it is as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from actors.ahead.messages import AHEAD, AskedFor, LookAhead
from actors.project.actor import ProjectActor

if TYPE_CHECKING:
    from actors.commands import GenerateScene
    from actors.runtime.actor import Context, Decision
    from actors.scene.actor import SceneActor
    from actors.scene.job import Job

LEVEL = "L4"
WHY = "it was made ahead, of these very words"


def made_ahead(scene: SceneActor, job: Job, command: GenerateScene, ctx: Context) -> Job | None:
    """The job whose film this one may have at once."""
    from actors.ahead.actor import AheadActor  # it is made of scenes' parts itself

    ahead = ctx.peer(AheadActor, AHEAD)
    film = ahead.ready(scene.id, ctx.now_ms) if ahead is not None else None
    if film is None or film.media is None or film.enhanced is None:
        return None
    asked_otherwise = command.seed or command.backend or command.video or command.candidates or not command.auto_pick
    seen = any(other.seed == film.seed for other in scene.jobs.values())
    return None if asked_otherwise or seen or made_with(film) != made_with(job) else film


def made_with(job: Job) -> dict[str, Any]:
    """All that decided it, but the seed."""
    request: Mapping[str, Any] = {name: value for name, value in job.request.items() if name != "seed"}
    brain = (job.brain, job.brain_version, job.brain_sha256)
    return {"script": job.script_sha256, "brain": brain, "beat": job.beat, "request": dict(request)}


def with_its_seed(job: Job, film: Job) -> Job:
    """The seed is the film's, so that its recipe is."""
    return replace(job, seed=film.seed, request={**job.request, "seed": film.request["seed"]})


def ask_no_more(scene: str, decision: Decision, ctx: Context) -> None:
    """Somebody asked for a film of it."""
    from actors.ahead.actor import AheadActor

    ahead = ctx.peer(AheadActor, AHEAD)
    if ahead is not None and any(film.scene == scene for film in ahead.films.values()):
        decision.notices.append((AHEAD, AskedFor(scene)))


def answer(film: Job) -> dict[str, Any]:
    """The body of `job.cache_answered`."""
    seen = film.observation or {}
    told = {name: seen[name] for name in ("quality_score", "epistemic_state", "sheet") if name in seen}
    cache = {
        "level": LEVEL,
        "similarity": 1.0,
        "threshold": None,
        "sure": 1.0,
        "why": [WHY],
        "of": None,
        "entry": "",
        "saved_usd": _price_usd(film),
    }
    return {"verdict": "hit", "media": {**(film.media or {}), **told}, "cache": cache}


def _price_usd(film: Job) -> float:
    cost = (film.media or {}).get("cost") or {}
    return float(cost["amount"]) if cost.get("unit") == "usd" else 0.0


def look_ahead(scene: SceneActor, decision: Decision, ctx: Context) -> None:
    """This scene has its film: the next in order may be wanted now, where the project has a budget for guesses."""
    project = ctx.peer(ProjectActor, scene.home)
    if project is None or project.facts is None or project.facts.ahead_renders <= 0:
        return
    order = [each.id for each in project.scenes_in_order()]
    at = order.index(scene.id) + 1 if scene.id in order else len(order)
    if at < len(order):
        decision.notices.append((AHEAD, LookAhead(order[at])))
