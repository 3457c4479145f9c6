"""The technical observer on clips encoded here: real H.264, known faults."""

from __future__ import annotations

import io
from collections.abc import Iterable

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.slots import enhance_request
from gpu.enhance.grammar import GrammarWriter
from gpu.observe.technical import Cancelled, Plan, observe, plan_of
from gpu.video.animatic.backend import AnimaticBackend
from gpu.video.protocol import Look, RenderRequest, Shot
from tests.screenplays import last_ferry

pytestmark = pytest.mark.unit

FPS, WIDTH, HEIGHT = 24, 192, 108
LOOK = Look(palette=("#203040", "#c08040", "#e0e0d0"))
COLOURS = ((32, 48, 64), (192, 128, 64), (224, 224, 208), (90, 40, 30))


def picture(shot: int, frame: int, still: bool = False) -> NDArray[np.uint8]:
    """A set in the shot's colour with a block that travels."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = COLOURS[shot % len(COLOURS)]
    at = 10 if still else 10 + 3 * frame % (WIDTH - 60)
    image[30:80, at : at + 40] = COLOURS[(shot + 1) % len(COLOURS)]
    return image


def clip(pictures: Iterable[NDArray[np.uint8]]) -> io.BytesIO:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for image in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    out.seek(0)
    return out


def film(*seconds: float, still: bool = False) -> io.BytesIO:
    return clip(picture(n, f, still) for n, s in enumerate(seconds) for f in range(round(s * FPS)))


PLAN = Plan(6.0, (2.0, 3.5, 5.0), LOOK)


def test_as_planned_is_valid() -> None:
    """G-140: a video that lasts, cuts and moves as planned is valid, with its numbers."""
    seen = observe(film(2, 1.5, 1.5, 1), PLAN)
    assert seen.verdict == "valid", seen
    assert seen.measures["cut_recall"] == seen.measures["cut_precision"] == 1.0
    assert abs(seen.measures["duration_s"] - 6.0) < 0.05
    assert (seen.measures["width_px"], seen.measures["frames"]) == (WIDTH, 144)
    assert seen.quality_score > 0.9


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ((2, 1.5, 0.5), "contradicts"),
        ((6,), "contradicts"),
        ((1, 1, 2, 2), "contradicts"),
        ((2, 1.5, 1.5, 1.3), "uncertain"),
    ],
)
def test_departures_from_the_plan(seconds: tuple[float, ...], verdict: str) -> None:
    """G-141: a wrong length or cuts in wrong places contradict; a small departure is uncertain."""
    seen = observe(film(*seconds), PLAN)
    assert seen.verdict == verdict, seen
    assert seen.quality_score < 0.95
    assert seen.reasons


def test_black_and_frozen_are_impossible() -> None:
    """G-142: a black video or one that never moves shows no scene, and scores nothing."""
    black = observe(clip(np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in range(144)), PLAN)
    frozen = observe(clip(picture(0, 0) for _ in range(144)), PLAN)
    assert (black.verdict, black.quality_score) == ("impossible", 0.0)
    assert (frozen.verdict, frozen.quality_score) == ("impossible", 0.0)
    assert black.measures["black_share"] == 1.0
    assert frozen.measures["frozen_share"] > 0.98


def test_partly_still_is_uncertain() -> None:
    seen = observe(film(2, 1.5, 1.5, 1, still=True), PLAN)
    assert seen.verdict == "uncertain"
    assert seen.measures["frozen_share"] > 0.6


@pytest.mark.parametrize("junk", [b"", b"not a video at all", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 200])
def test_what_cannot_be_read_blocks(junk: bytes) -> None:
    """G-143: a file that is no video is an observation, not an error."""
    seen = observe(io.BytesIO(junk), PLAN)
    assert (seen.verdict, seen.quality_score) == ("blocks", 0.0)


def test_a_missing_file_blocks(tmp_path: object) -> None:
    assert observe(f"{tmp_path}/none.mp4", PLAN).verdict == "blocks"


def test_cancelling_stops_it() -> None:
    with pytest.raises(Cancelled):
        observe(film(1), PLAN, cancelled=lambda: True)


def test_a_take_of_the_animatic_is_seen_as_planned() -> None:
    """G-144: what the embedded renderer draws from the writer's shots is found valid, every planned cut included."""
    raw = parse(last_ferry()).scenes[2].raw
    scene = GrammarWriter().write(enhance_request(raw, breakdown(raw), brain="thriller", seed=5, target_duration_s=8))
    request = RenderRequest(shots=scene.shots, look=scene.look, seed=5, width=WIDTH, height=HEIGHT, fps=FPS)
    frames = AnimaticBackend().frames(request, cancelled=lambda: False, progress=lambda step, of: None)
    seen = observe(clip(frames), plan_of(scene.shots, scene.look))
    assert seen.verdict == "valid", seen
    assert seen.measures["cut_recall"] == 1.0


def test_plan_of_shots() -> None:
    shots = [Shot(i, seconds, "PIER", False) for i, seconds in enumerate((2.0, 1.5, 3.0))]
    assert plan_of(shots, LOOK) == Plan(6.5, (2.0, 3.5), LOOK)


def test_colour_is_measured() -> None:
    close = observe(film(2, 1.5, 1.5, 1), PLAN).measures["palette_distance"]
    far = observe(film(2, 1.5, 1.5, 1), Plan(6.0, PLAN.cuts_s, Look(palette=("#00ff00",)))).measures["palette_distance"]
    assert close < 0.1 < far
