"""Films made elsewhere become takes like any other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from gpu.media.encode import MASTER, MP4, POSTER, VTT, VTT_PLAYLIST
from gpu.media.errors import MediaError
from gpu.media.probe import probe
from gpu.media.refilm import refilm
from gpu.video.protocol import Cancelled, DialogueLine, RenderRequest, Shot

pytestmark = pytest.mark.unit

REQUEST = RenderRequest(
    shots=(Shot(0, 2.0, "PIER", False, lines=(DialogueLine("MARA", "Wait.", 0.2, 1.5),)),), width=320, height=180
)


def foreign(
    path: Path, width: int = 322, height: int = 180, fps: int = 12, seconds: float = 2.0, **options: Any
) -> Path:
    with av.open(str(path), "w", **options) as out:
        stream = out.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * fps)):
            picture = np.full((height, width, 3), 40 + 8 * (number % 20), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def test_a_foreign_film_gets_playlists_poster_and_the_scene_s_captions(tmp_path: Path) -> None:
    """G-290: its pictures and its pace are kept; everything a take has is made of it."""
    heard: list[float] = []
    made = refilm(foreign(tmp_path / "in.mp4"), REQUEST, tmp_path / "out", progress=heard.append)
    assert {MASTER, MP4, POSTER, VTT, VTT_PLAYLIST} <= set(made.files)
    assert (made.width, made.height, made.fps, made.frames) == (322, 180, 12, 24)
    assert "Wait." in made.files[VTT].read_text()
    seen = probe(made.files[MP4])
    assert (seen.frames, seen.width) == (24, 322)
    assert heard[-1] == 1.0


def test_a_larger_picture_is_made_smaller_in_proportion(tmp_path: Path) -> None:
    """G-290"""
    made = refilm(foreign(tmp_path / "in.mp4", 2560, 1440, seconds=0.25), REQUEST, tmp_path / "out")
    assert (made.width, made.height) == (1920, 1080)


@pytest.mark.parametrize("content", [b"", b"<html>expired</html>", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 200])
def test_what_is_no_film_is_a_fault_that_another_rendering_may_mend(tmp_path: Path, content: bytes) -> None:
    """G-290"""
    (tmp_path / "in.mp4").write_bytes(content)
    with pytest.raises(MediaError) as fault:
        refilm(tmp_path / "in.mp4", REQUEST, tmp_path / "out")
    assert (fault.value.code, fault.value.retryable) == ("bad_video", True)
    assert not (tmp_path / "out").exists()


def test_a_film_that_ends_in_the_middle_is_what_there_is(tmp_path: Path) -> None:
    """G-290: cut off in transit: shorter, never a crash."""
    whole = foreign(tmp_path / "in.mp4", options={"movflags": "faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    assert 0 < refilm(tmp_path / "cut.mp4", REQUEST, tmp_path / "out").frames < 24


def test_finishing_stops_when_it_is_told(tmp_path: Path) -> None:
    """G-290"""
    with pytest.raises(Cancelled):
        refilm(foreign(tmp_path / "in.mp4"), REQUEST, tmp_path / "out", cancelled=lambda: True)
