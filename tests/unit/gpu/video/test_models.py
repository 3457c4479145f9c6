"""Diffusion models without torch: shapes and buckets, the memory ledger, configuration, clips made into shots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu.video.buckets import Bucket, bucket, clip_frames, clips_for
from gpu.video.clips import fitted, jpeg, picture, shot_frames
from gpu.video.models import SHAPES, DiffusersModel, content_hash
from gpu.video.protocol import DialogueLine, RenderRequest, Shot, VideoError
from gpu.video.vram import VramLedger

pytestmark = pytest.mark.unit
MIB = 1024**2


@pytest.mark.parametrize("family", sorted(SHAPES))
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (960, 960), (640, 266)])
@pytest.mark.parametrize("seconds", [0.25, 1.0, 2.6, 4.0, 60.0])
def test_g_241_a_bucket_is_what_the_model_takes(family: Any, width: int, height: int, seconds: float) -> None:
    """G-241: sides are multiples of the model's unit near the asked proportions, frames of a length it can make."""
    shapes = SHAPES[family]
    found = bucket(shapes, width, height, seconds)
    assert (found.width % shapes.unit_px, found.height % shapes.unit_px) == (0, 0)
    assert found.width / found.height == pytest.approx(width / height, rel=0.25)
    assert found.width * found.height == pytest.approx(shapes.width * shapes.height, rel=0.25)
    assert found.frames <= shapes.frames_max
    assert found.frames / shapes.fps >= min(seconds, shapes.seconds_max) - 1e-6
    if shapes.frames_step:
        assert (found.frames - shapes.frames_base) % shapes.frames_step == 0
    assert found == bucket(shapes, width, height, seconds)


def test_g_241_a_long_shot_is_chained_or_played_slower() -> None:
    """G-241: a model that starts from pictures goes on from its last frame; another makes one clip."""
    ltx = SHAPES["ltx"]
    assert clips_for(ltx, 20.0, chains=True) == (20 / 3,) * 3
    assert clips_for(ltx, 20.0, chains=False) == (20.0,)
    assert clip_frames(ltx, 20.0) == 161


def test_g_242_models_leave_by_least_use_and_only_as_many_as_must() -> None:
    """G-242: what is loaded and what a job needs beside it stays within the card; the longest unused leaves first."""
    ledger = VramLedger(1000 * MIB)
    for name in ("svd", "ltx", "wan"):
        ledger.book(name, 250 * MIB)
    ledger.use("svd")
    assert list(ledger.resident) == ["ltx", "wan", "svd"]
    assert ledger.leavers("animatediff", 160 * MIB, "a") == []
    assert ledger.leavers("animatediff", 300 * MIB, "a") == ["ltx"]
    assert ledger.leavers("animatediff", 600 * MIB, "a") == ["ltx", "wan"]
    assert ledger.leavers("svd", 0, "a") == []
    ledger.worked("svd", "a", 400 * MIB)
    assert ledger.leavers("svd", 0, "a") == ["ltx"]
    ledger.left("svd")
    assert ledger.needed("svd", 1, "a") == 650 * MIB, "what it took is remembered after it left"
    ledger.book("svd", 260 * MIB)
    assert ledger.needed("svd", 1, "a") == 660 * MIB


def test_g_242_what_cannot_fit_is_refused_in_words() -> None:
    """G-242: a model larger than the card is refused with both sizes, and trying again does not help."""
    with pytest.raises(
        VideoError, match=r"wan needs about 25\.0 GiB for 832x480x81@16; this device has 16\.0 GiB"
    ) as no:
        VramLedger(16 * 1024 * MIB).leavers("wan", 20 * 1024 * MIB, "832x480x81@16")
    assert (no.value.code, no.value.retryable) == ("no_memory", False)


def _model(**fields: Any) -> DiffusersModel:
    return DiffusersModel.from_dict({"name": "film", "family": "ltx", "source": "org/ltx", **fields})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"family": "sora"}, "family"),
        ({"dtype": "int4"}, "dtype"),
        ({"source": ""}, "source"),
        ({"steps": -1}, "steps"),
        ({"guidance": True}, "guidance"),
        ({"width": 100}, "multiples of 32"),
        ({"frames_max": 10}, "frames_max"),
        ({"name": "No Spaces"}, "name"),
        ({"loras": [{"weight": 1}]}, "loras"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_g_243_a_wrong_model_is_refused_by_field(fields: dict[str, Any], says: str) -> None:
    """G-243: a model's configuration is checked before anything is loaded; the refusal names the field."""
    with pytest.raises(VideoError, match=says):
        _model(**fields)


def test_g_243_a_folder_says_what_it_is(tmp_path: Path) -> None:
    """G-243: a folder of another family is refused; its class decides whether it starts from pictures."""
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "WanImageToVideoPipeline"}))
    found = _model(family="wan", source=str(tmp_path))
    assert (found.starts_from_picture, found.needs_picture, found.capabilities.text_to_video) == (True, True, False)
    assert not _model(family="wan").capabilities.image_to_video
    with pytest.raises(VideoError, match="WanImageToVideoPipeline"):
        _model(source=str(tmp_path))


def test_g_244_a_version_is_the_content(tmp_path: Path) -> None:
    """G-244: a folder's version changes with any byte or name in it, and not with where it lies."""
    for name in ("one", "two"):
        (tmp_path / name / "vae").mkdir(parents=True)
        (tmp_path / name / "vae" / "a.safetensors").write_bytes(b"weights")
    one, two = tmp_path / "one", tmp_path / "two"
    assert content_hash(one) == content_hash(two)
    (two / "vae" / "a.safetensors").rename(two / "vae" / "b.safetensors")
    assert content_hash(one) != content_hash(two)


@pytest.mark.parametrize(("clip_count", "clip_length", "fps"), [(1, 8, 8), (1, 161, 24), (3, 9, 24), (1, 25, 7)])
def test_g_245_a_shot_has_its_frames_whatever_the_model_makes(clip_count: int, clip_length: int, fps: int) -> None:
    """G-245: exactly the asked frames at the asked size, in the order of the clips, each an array of its own."""
    shot = Shot(0, 1.5, "KITCHEN", True, lines=(DialogueLine("ANA", "Good morning", 0.5, 1.0),))
    request = RenderRequest((shot,), width=160, height=96, fps=24)
    levels = np.linspace(20, 200, clip_count * clip_length).astype(np.uint8)
    clips = [
        np.stack([np.full((48, 64, 3), level, np.uint8) for level in part]) for part in levels.reshape(clip_count, -1)
    ]
    made = list(shot_frames(request, shot, clips, fps))
    assert (len(made), {frame.shape for frame in made}) == (request.frame_count, {(96, 160, 3)})
    tops = [int(frame[5, 5, 0]) for frame in made]
    assert tops == sorted(tops)
    assert tops[0] == 20
    share_s = 1.5 / clip_count
    last = min(fps, clip_length / share_s) * (share_s - 1 / 24)
    assert tops[-1] == clips[-1][int(last + 1e-6), 0, 0, 0], "in the model's own time, unless it is too short"
    spoken, silent = made[18], made[2]
    assert spoken[-15:].max() > 230 > int(silent[-15:].max()), "the line is on screen while it is spoken"
    made[0][:] = 0
    assert made[1].max() >= 20


def test_g_245_pictures_are_cut_not_squeezed() -> None:
    """G-245: a picture of other proportions fills the frame from its middle."""
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 200
    assert fitted(wide, 100, 100).min() >= 190
    assert picture(b"neither") is None
    found = picture(jpeg(wide))
    assert found is not None
    assert found.shape == wide.shape


def test_bucket_words() -> None:
    """G-241: a bucket has one written form, which is the recipe's."""
    assert str(Bucket(704, 480, 161, 24)) == "704x480x161@24"
