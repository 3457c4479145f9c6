"""Routes: capability, policy, health; pure, so every choice is a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.router import (
    COOL_MS,
    FAULTS_MAX,
    PROBE_MS,
    WINDOW_MS,
    BackendUnfit,
    Breakers,
    Need,
    Policy,
    Route,
    Router,
    lacks,
)

pytestmark = pytest.mark.unit

FILM = Need(10.0, 1280, 720)
SORA = Capabilities("sora", "videos_api.sora", quality=80, image_to_video=True, cost_per_s=0.3, speed_s_per_s=10)
LOCAL = Capabilities("ltx", "diffusers", quality=60, image_to_video=True, speed_s_per_s=30, duration_s_max=60)


@pytest.mark.parametrize(
    ("offer", "need", "says"),
    [
        (replace(SORA, duration_s_max=8.0), FILM, "the film lasts 10 s"),
        (replace(SORA, sizes=((720, 1280),)), replace(FILM, exact_size=True), "1280x720"),
        (ANIMATIC, replace(FILM, image=True), "start from a picture"),
        (replace(SORA, text_to_video=False), FILM, "needs a picture"),
        (SORA, replace(FILM, references=2), "reference pictures"),
        (replace(SORA, seed=False), replace(FILM, seed=True), "seed"),
        (SORA, replace(FILM, negative=True), "negative"),
        (SORA, replace(FILM, audio=True), "sound"),
    ],
)
def test_g271_a_missing_capability_is_named(offer: Capabilities, need: Need, says: str) -> None:
    """G-271: a backend that cannot render the film is in no route, and which capability is missing is said; when it was
    asked for, that is the answer."""
    assert says in "; ".join(lacks(offer, need, Policy()))
    with pytest.raises(BackendUnfit, match=f"{offer.name} cannot render") as caught:
        Router((offer, LOCAL)).route(offer.name, need, 0)
    assert (caught.value.code, says in caught.value.message) == ("BACKEND_UNFIT", True)


def test_g271_nobody_and_nothing() -> None:
    """G-271: an unknown backend, and a film nobody can render."""
    with pytest.raises(BackendUnfit, match="known are animatic"):
        Router().route("veo", FILM, 0)
    with pytest.raises(BackendUnfit, match="no backend can"):
        Router((LOCAL,)).route(None, replace(FILM, seconds=600), 0)


def test_g272_the_capable_are_ranked() -> None:
    """G-272: the wanted first; then by quality, cost and time; what is over the budget is out; always the same."""
    router = Router((ANIMATIC, LOCAL, SORA))
    assert router.route(None, FILM, 0) == Route(("sora", "ltx", "animatic"), {})
    assert router.route("animatic", FILM, 0).order == ("animatic", "sora", "ltx")
    thrifty = Router((ANIMATIC, LOCAL, SORA), Policy(points_per_cost=20))
    assert thrifty.route(None, FILM, 0).order == ("ltx", "sora", "animatic")
    hasty = Router((ANIMATIC, LOCAL, SORA), Policy(points_per_minute=30, points_per_cost=20))
    assert hasty.route(None, FILM, 0).order[0] == "animatic"
    poor = Router((ANIMATIC, LOCAL, SORA), Policy(cost_max=2.5))
    found = poor.route(None, FILM, 0)
    assert found.order == ("ltx", "animatic")
    assert found.refused == {"sora": "it would cost 3.00 usd, more than 2.50"}
    own = replace(LOCAL, cost_per_s=99.0, cost_unit="gpu_s")
    assert Router((ANIMATIC, own), Policy(cost_max=2.5)).route(None, FILM, 0).order[0] == "ltx"
    plain = replace(SORA, name="plain", image_to_video=False, quality=85)
    assert Router((plain, SORA)).route(None, FILM, 0).order[0] == "plain"
    assert Router((plain, SORA)).route(None, replace(FILM, likes_image=True), 0).order[0] == "sora"


def test_g273_a_failing_backend_is_left_alone_then_tried() -> None:
    """G-273: after some faults within a window a backend goes to the end; after a pause one film tries it, others only
    when that one went well; one that was asked for by name is still asked."""
    router = Router((ANIMATIC, SORA))
    for n in range(FAULTS_MAX):
        assert router.route(None, FILM, n).order[0] == "sora"
        router.breakers.fault("sora", n)
    assert router.route(None, FILM, FAULTS_MAX).order == ("animatic", "sora")
    assert router.route("sora", FILM, FAULTS_MAX).order[0] == "sora"
    later = FAULTS_MAX + COOL_MS
    assert router.route(None, FILM, later).order[0] == "sora"
    router.breakers.sent("sora", later)
    assert router.route(None, FILM, later + 1).order[0] == "animatic"
    router.breakers.fault("sora", later + 2)
    assert router.route(None, FILM, later + 3).order[0] == "animatic"
    again = later + 2 + COOL_MS
    router.breakers.sent("sora", again)
    assert not router.breakers.admits("sora", again + 1)
    assert router.breakers.admits("sora", again + PROBE_MS + 1)
    router.breakers.success("sora")
    assert router.route(None, FILM, again).order[0] == "sora"


def test_g273_faults_far_apart_are_no_illness() -> None:
    """G-273: faults count within the window alone."""
    breakers = Breakers()
    for n in range(10):
        breakers.fault("sora", n * (WINDOW_MS // (FAULTS_MAX - 1) + 1))
    assert breakers.admits("sora", 10 * WINDOW_MS)
