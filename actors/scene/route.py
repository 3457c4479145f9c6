"""Which backend renders a job's film, and which comes next when it does not: routes, degradations, their folds.

The invariant: a route is decided once, before the cache is asked for the film that will be made, and is history;
whoever is not the first of it
renders under a degradation that says who was wanted, who did it, why and when, and the take carries it. A refusal by
moderation is final unless the installation says otherwise; a submission of unknown fate is never rendered again by
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actors.scene import videos
from gpu.steps import Step
from gpu.video.router import BackendUnfit, Need, Router

if TYPE_CHECKING:
    from actors.scene.job import Job

MODERATED = "MODERATED"
FINAL = frozenset({"SUBMISSION_UNKNOWN", "BAD_REQUEST", "BACKEND_UNFIT", "BACKEND_UNKNOWN"})
"""Faults that another backend must not be asked to mend: of the request, or of a call that may be paid for."""

AT_ONCE = frozenset({"QUOTA", "TIMEOUT", "REFUSED"})
"""Faults after which the same backend is not asked again: it has no credit, no time, or no way to do it."""

BLAMELESS = frozenset({MODERATED, "BAD_REQUEST", "REFUSED", "THROTTLED", "CANCELLED", "SUBMISSION_UNKNOWN"})
"""Faults that say nothing about a backend's health."""

DEGRADATIONS_MAX = 16

ESTIMATES_MAX = 8
"""Backends of a route whose price a person is told; those behind are hardly ever asked."""


def need_of(job: Job, enhanced: Mapping[str, Any] | None = None) -> Need:
    """`enhanced`: words that the job does not have yet."""
    shots = (enhanced or job.enhanced or {}).get("shots", ())
    seconds = sum(float(shot["duration_s"]) for shot in shots)
    image = videos.reference_of(job) is not None
    # Before the pick as after it: a film begins from the frame that is picked, whoever picks.
    return Need(seconds, *videos.size_of(job), image=image, likes_image=True)


def routed(job: Job, router: Router, now_ms: int) -> dict[str, Any]:
    """The body of the event `job.routed`. Raises `BackendUnfit`."""
    found = router.route(job.backend, need_of(job), now_ms)
    offers = {name: router.offers[name] for name in found.order}
    models = {name: {"name": offer.model, "version": offer.version} for name, offer in offers.items()}
    return {"order": list(found.order), "refused": dict(found.refused), "models": models}


def estimates(job: Job, enhanced: Mapping[str, Any], router: Router, now_ms: int) -> list[dict[str, Any]]:
    """What the film of these words would cost, as it is reviewed before anything is paid for: the first of the route,
    then who stands in, in order. Empty where nobody could render it. `work_s`: 0 where nobody knows."""
    need = need_of(job, enhanced)
    try:
        order = router.route(job.backend, need, now_ms).order
    except BackendUnfit:
        return []
    return [
        {
            "backend": offer.name,
            "model": offer.model,
            "version": offer.version,
            "seconds": round(need.seconds, 3),
            "cost": round(offer.cost_per_s * need.seconds, 6),
            "unit": offer.cost_unit,
            "work_s": round(offer.speed_s_per_s * need.seconds, 3),
        }
        for offer in (router.offers[name] for name in order[:ESTIMATES_MAX])
    ]


def sent(job: Job, router: Router, now_ms: int) -> None:
    router.breakers.sent(job.renderer, now_ms)


def succeeded(job: Job, router: Router) -> None:
    if job.renderer:
        router.breakers.success(job.renderer)


def after(job: Job, error: Mapping[str, Any], spent: bool, router: Router, now_ms: int) -> dict[str, Any] | None:
    """The body of `job.degraded`, or None: try again or fail, as with any step. `spent`: it has had its tries."""
    if job.step is not Step.VIDEO or not job.renderer:
        return None
    code = str(error["code"])
    if code not in BLAMELESS:
        router.breakers.fault(job.renderer, now_ms)
    if code in FINAL or (code == MODERATED and not router.policy.moderated_elsewhere):
        return None
    if error["retryable"] and not spent and code not in AT_ONCE:
        return None
    at = job.route.index(job.renderer) + 1 if job.renderer in job.route else len(job.route)
    if at >= len(job.route) or len(job.degradations) >= DEGRADATIONS_MAX:
        return None
    why = {"code": code, "message": str(error["message"])}
    return {"wanted": job.route[0], "tried": job.renderer, "used": job.route[at], "why": why, "at_ms": now_ms}


# folds
def fold_routed(job: Job, data: Mapping[str, Any]) -> None:
    job.route, job.renderer, job.degradations = list(data["order"]), data["order"][0], []
    job.models = dict(data.get("models", {}))  # routes older than them name none


def fold_degraded(job: Job, data: Mapping[str, Any]) -> None:
    job.renderer = data["used"]
    job.degradations = [*job.degradations, dict(data)]


def forget(job: Job) -> None:
    """A retry starts from the top of a new route, unless its film is made already."""
    if job.media is None:
        job.route, job.renderer, job.degradations, job.models = [], "", [], {}
