"""How a job and a take look from outside: projections, and the value a job has in `live`.

The invariant: pure functions of the job; progress between events is not here but on the attempt row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.continuity.seen import MEASURES
from actors.runtime.actor import ViewDraft
from actors.scene import board
from actors.scene.forecast import eta_s, position
from actors.scene.job import SPAN, Job, State
from actors.scene.lineage import parent_of, take_recipe
from actors.scene.parts import components
from actors.scene.reporting import of_observation
from actors.views import OPEN_JOB, WAITS_FOR_PEOPLE, JobView, OpenJobView, TakeView, order_ms
from gpu.steps import Step
from storage.ledger.protocol import Attempt
from storage.ledger.queue_board import NOTHING_KNOWN, Forecast

UNOBSERVED = "EPISTEMICALLY_INCOMPLETE"
"""Epistemic state of a take nobody has looked at."""


def job_view(home: str, scene: str, job: Job) -> ViewDraft:
    picked, votes = board.picked_ids(job), job.board.votes
    panels, earlier = (
        tuple({**p, **_now(job, p, picked, votes)} for p in found) for found in (board.current(job), board.earlier(job))
    )
    body = JobView(
        id=job.id,
        scene=scene,
        project=home,
        state=job.state.value,
        stage=job.stage.value if job.stage else None,
        progress=job.progress,
        message=job.message,
        created_at_ms=job.created_at_ms,
        auto_pick=job.auto_pick,
        brain=job.brain,
        seed=job.seed,
        error=job.error,
        panels=panels,
        earlier_panels=earlier,
        components=components(job, board.current(job)),
        shots=tuple(board.shot_words(job)),
        pick_by_ms=job.board.deadline_ms,
        take=job.take,
        attempt=job.attempt,
        updated_bible_version=job.bible_version,
        brain_version=job.brain_version,
        brain_sha256=job.brain_sha256,
        beat=job.beat,
        segment=job.segment,
        issues=tuple((job.continuation or {}).get("issues", ())),
        video=job.video,
        by=job.by,
        repair=job.repair,
        held=job.held["reason"] if job.held else "",
        shown_first=job.shown_first,
        instead_of=job.instead_of,
    )
    return ViewDraft("job", job.id, scene, order_ms(job.created_at_ms), body)


def _now(job: Job, panel: Mapping[str, Any], picked: set[str], votes: Mapping[str, int]) -> dict[str, Any]:
    """What is true of a panel today. Its shot as well: one that was drawn before boards had shots names none."""
    id = panel["id"]
    return {"shot": board.shot_of(job, panel), "picked": id in picked, "votes": votes.get(id, 0)}


def open_job_view(scene: str, job: Job) -> ViewDraft:
    """There while the job lives: how a new owner finds the work of a home without waking every scene. In the order in
    which it is due: a job that waits for people is due to nobody, so no host opens a home on its account."""
    body = OpenJobView(job.id, scene) if job.live else None
    due = order_ms(job.created_at_ms)
    if job.state is State.PREVIEW_READY:  # till its deadline, if it has one
        due = WAITS_FOR_PEOPLE if job.board.deadline_ms is None else order_ms(job.board.deadline_ms)
    if job.held is not None:
        due = WAITS_FOR_PEOPLE
    return ViewDraft(OPEN_JOB, job.id, scene, due, body)


def take_view(home: str, scene: str, job: Job, at_ms: int) -> ViewDraft:
    assert job.take is not None, "a take of a job that has none"
    assert job.media is not None, "a take without its media"
    media, seen = job.media, job.observation or {}
    body = TakeView(
        id=job.take,
        job=job.id,
        scene=scene,
        project=home,
        created_at_ms=at_ms,
        playlist_key=media["playlist_key"],
        video_key=media["video_key"],
        thumbnail_key=media["thumbnail_key"],
        captions_key=media.get("captions_key"),
        duration_s=float(media["duration_s"]),
        backend=media["backend"],
        degraded=bool(media["degraded"]) or bool(job.degradations),
        degradations=tuple(job.degradations),
        cache=job.cached,
        parent=parent_of(job),
        seen=_seen(seen),
        shows=of_observation(seen, float(media["duration_s"])),
        sheet=seen.get("sheet") or media.get("sheet"),
        cost=media.get("cost") if job.cache != "hit" else None,  # an earlier take's film was paid for by that take
        cache_verdict=job.cache or "miss",
        quality_score=seen.get("quality_score", media.get("quality_score")),
        epistemic_state=seen.get("epistemic_state") or media.get("epistemic_state") or UNOBSERVED,
        recipe=take_recipe(job),
        captions_burned=bool(media.get("captions_burned")),
    )
    return ViewDraft("take", job.take, scene, order_ms(at_ms), body)


def _seen(observation: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the continuity of the story asks of a film's measures (`actors.continuity.seen`)."""
    measures = observation.get("measures", {})
    if measures.get("mean_luma") is None:
        return None
    kept = {name: measures[name] for name in MEASURES if measures.get(name) is not None}
    place = {"place": observation["place"]} if isinstance(observation.get("place"), dict) else {}
    told = {"observer": observation.get("observer", ""), "observation": str(observation.get("id", ""))}
    return {**told, **kept, **place}


def live_job(scene: str, job: Job, attempt: Attempt | None, forecast: Forecast = NOTHING_KNOWN) -> dict[str, Any]:
    """One plain value: a client sees a job change whole. With `attempt`, its progress and place are worked in."""
    progress, message = job.progress, job.message
    if attempt is not None:
        low, high = SPAN[Step(attempt.step)]
        progress = low + (high - low) * min(1.0, max(0.0, attempt.progress))
        stage, bar, words = attempt.message.partition("|")
        message = words if bar else stage
    return {
        "sceneId": scene,
        "state": job.state.value,
        "stage": job.stage.value if job.stage else None,
        "progress": round(progress, 4),
        "message": message,
        "panels": [p["id"] for p in board.current(job)],
        "take": job.take,
        "error": job.error,
        "held": job.held["reason"] if job.held else None,
        "queuePosition": None if attempt is None else position(attempt, forecast),
        "etaS": None if attempt is None else eta_s(attempt, job.auto_pick, forecast, drawn=bool(job.panels)),
    }
