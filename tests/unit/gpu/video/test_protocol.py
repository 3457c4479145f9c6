"""The video port's values: limits, strict decoding, plain JSON and msgpack."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import msgpack
import pytest

from gpu.video.protocol import (
    LINES_MAX,
    SHOTS_MAX,
    Cancelled,
    DialogueLine,
    Figure,
    Look,
    RenderRequest,
    Shot,
    StoryboardRequest,
    VideoError,
)

pytestmark = pytest.mark.unit


def _request() -> RenderRequest:
    ana = Figure("cst_ana", "ANA", "smiles", "left")
    shot = Shot(0, 2.5, "KITCHEN", True, cast=(ana,), props=("cup",), lines=(DialogueLine("ANA", "مرحبا 🎬", 0.1, 2),))
    return RenderRequest((shot,), Look(saturation=-0.2), 7, 640, 360, "Pilot", ("Ana smiles",), "blurry", 24)


def test_g_20_requests_survive_json_and_msgpack() -> None:
    """G-20: a request decoded from its own JSON or msgpack is equal to it."""
    request = _request()
    assert RenderRequest.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    assert RenderRequest.from_dict(msgpack.unpackb(msgpack.packb(request.to_dict()))) == request
    storyboard = {key: value for key, value in request.to_dict().items() if key != "fps"}
    assert StoryboardRequest.from_dict(storyboard).shots == request.shots


def _changed(path: str, value: Any) -> dict[str, Any]:
    data: Any = json.loads(json.dumps(_request().to_dict()))
    *parents, last = path.split(".")
    at = data
    for key in parents:
        at = at[int(key)] if key.isdigit() else at[key]
    at[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("shots", [], "at least one"),
        ("shots", "x", "list"),
        ("shots", [{}] * (SHOTS_MAX + 1), str(SHOTS_MAX)),
        ("shots.0.duration_s", 0, "shot.duration_s"),
        ("shots.0.duration_s", float("nan"), "shot.duration_s"),
        ("shots.0.duration_s", True, "shot.duration_s"),
        ("shots.0.size", "XXL", "EWS"),
        ("shots.0.weather", None, "clear"),
        ("shots.0.interior", 1, "shot.interior"),
        ("shots.0.surprise", 1, "surprise"),
        ("shots.0.lines", [{}] * (LINES_MAX + 1), str(LINES_MAX)),
        ("shots.0.lines.0.end_s", 0.05, "line.end_s"),
        ("shots.0.cast.0.entity_id", "", "entity_id"),
        ("shots.0.place", "x" * 201, "200"),
        ("look.palette", ["red"], "#rrggbb"),
        ("look.grain", 2, "look.grain"),
        ("width", 641, "even"),
        ("height", 10_000, "height"),
        ("fps", 0, "fps"),
        ("seed", -1, "seed"),
        ("title", 5, "title"),
        ("prompts", ["a", "b"], "one a shot"),
        ("negative", 5, "prompts"),
    ],
)
def test_g_21_bad_requests_are_refused_by_name(path: str, value: Any, says: str) -> None:
    """G-21: a value outside its limits is refused with code bad_request, not retryable, and the field's name."""
    with pytest.raises(VideoError, match="bad_request") as caught:
        RenderRequest.from_dict(_changed(path, value))
    assert (caught.value.code, caught.value.retryable) == ("bad_request", False)
    assert says in caught.value.message


def test_g_21_missing_and_foreign_shapes_are_refused() -> None:
    """G-21: missing fields and wrong containers are named too."""
    with pytest.raises(VideoError, match="lacks fields: shots"):
        RenderRequest.from_dict({})
    with pytest.raises(VideoError, match="must be an object"):
        RenderRequest.from_dict([1])


def test_g_22_errors_cross_processes_whole() -> None:
    """G-22: errors keep code, message and retryable through pickling."""
    error = pickle.loads(pickle.dumps(VideoError("encode_failed", "no", True)))
    assert (error.code, error.message, error.retryable) == ("encode_failed", "no", True)
    assert isinstance(pickle.loads(pickle.dumps(Cancelled())), Cancelled)


def test_g_23_protocol_is_light_to_import() -> None:
    """G-23: importing the port pulls in neither NumPy, OpenCV nor PyAV, so actors may."""
    code = "import sys, gpu.video.protocol; print([m for m in ('numpy', 'cv2', 'av', 'PIL') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
