"""Encoding, captions, poster and probe: what was asked for is what can be read back."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu.media.captions import Cue, cues_of, webvtt
from gpu.media.encode import QUEUE_FRAMES, encode
from gpu.media.errors import MediaError
from gpu.media.film import film
from gpu.media.hls import avc_codec
from gpu.media.poster import telling
from gpu.media.probe import probe
from gpu.video.animatic import AnimaticBackend
from gpu.video.protocol import Cancelled, DialogueLine, Figure, RenderRequest, Shot

pytestmark = pytest.mark.unit


def _plain(count: int, width: int = 320, height: int = 180) -> Iterator[NDArray[np.uint8]]:
    """Frames with a moving bar, all different."""
    for n in range(count):
        frame = np.full((height, width, 3), (40, 80, 120), np.uint8)
        frame[:, (n * 3) % width : (n * 3) % width + 12] = 230
        yield frame


def _request() -> RenderRequest:
    ana = Figure("cst_ana", "ANA")
    line = DialogueLine("ANA", "You & me <here>.", 0.5, 1.25)
    shots = (
        Shot(0, 1.5, "KITCHEN", True, cast=(ana,), size="MS", lines=(line,)),
        Shot(1, 1.5, "BEACH", False, "dusk", cast=(ana,), move="push_in", lines=(line,)),
    )
    return RenderRequest(shots, seed=3, width=320, height=240)


def test_g_50_film_can_be_read_back(tmp_path: Path) -> None:
    """G-50: MP4 and both HLS renditions decode to the asked frames, rate and length, with a sound track."""
    request = _request()
    media = film(AnimaticBackend(), request, tmp_path / "take")
    lists = {"master.m3u8", "240p.m3u8", "120p.m3u8", "captions.m3u8"}
    assert set(media.files) >= lists | {"240p_0001.ts", "120p_0001.ts", "thumbnail.jpg", "video.mp4", "captions.vtt"}
    assert media.duration_s == pytest.approx(3.0)
    large, small = (320, 240), (160, 120)
    for name, size in (("video.mp4", large), ("240p.m3u8", large), ("120p.m3u8", small), ("master.m3u8", large)):
        facts = probe(media.files[name])
        assert (facts.width, facts.height, facts.frames) == (*size, request.frame_count), name
        assert facts.fps == pytest.approx(24)
        assert facts.duration_s == pytest.approx(3.0, abs=1 / 24)
        assert (facts.video_codec, facts.audio_codec) == ("h264", "aac")
        assert facts.black_ratio == 0
        assert any(abs(cut - 1.5) < 0.05 for cut in facts.cuts)
    for name, path in media.files.items():
        data = path.read_bytes()
        assert (media.sizes[name], media.sha256[name]) == (len(data), hashlib.sha256(data).hexdigest())


def test_g_51_master_tells_players_the_truth(tmp_path: Path) -> None:
    """G-51: the master lists both renditions with real codecs and rates, and the subtitles group."""
    media = film(AnimaticBackend(), _request(), tmp_path / "take")
    text = media.files["master.m3u8"].read_text()
    assert 'TYPE=SUBTITLES,GROUP-ID="subs"' in text
    variants = re.findall(
        r'BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),RESOLUTION=(\d+x\d+).*CODECS="(avc1\.\w{6}),mp4a\.40\.2"', text
    )
    assert [v[2] for v in variants] == ["320x240", "160x120"]
    for (peak, mean, _, codec), name in zip(variants, ("240p", "120p"), strict=True):
        segments = [size for file, size in media.sizes.items() if file.startswith(name) and file.endswith(".ts")]
        assert int(mean) == pytest.approx(sum(segments) * 8 / media.duration_s, rel=0.02)
        assert int(peak) >= int(mean)
        with av.open(str(media.files["video.mp4"])) as container:
            profile = container.streams.video[0].codec_context.extradata
        assert codec[:9] == avc_codec(bytes(profile or b""))[:9]


def test_g_52_segments_start_with_key_frames_in_step(tmp_path: Path) -> None:
    """G-52: segments of both renditions are four seconds, aligned, and each decodes by itself."""
    media = encode(_plain(9 * 24), tmp_path / "m", fps=24, cuts=(0, 50))
    lengths = []
    for name in ("180p", "90p"):
        lengths.append(re.findall(r"#EXTINF:([\d.]+)", media.files[f"{name}.m3u8"].read_text()))
        for n in (1, 2, 3):
            with av.open(str(media.files[f"{name}_{n:04d}.ts"])) as container:
                first = next(container.decode(video=0))
                assert first.key_frame
    assert lengths[0] == lengths[1]
    assert [float(x) for x in lengths[0]] == pytest.approx([4, 4, 1], abs=0.01)


def test_g_52_sound_in_every_segment_carries_the_headers_players_need(tmp_path: Path) -> None:
    """G-52: AAC in a transport stream has ADTS headers (ISO 13818-7); a browser's player refuses it without."""
    made = encode(_plain(30), tmp_path / "out", fps=24)
    for name, path in made.files.items():
        if path.suffix == ".ts":
            with av.open(str(path)) as container:
                packets = [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]
            assert packets, name
            assert all(p[:2] == b"\xff\xf1" for p in packets), name


def test_g_53_mp4_starts_fast(tmp_path: Path) -> None:
    """G-53: the MP4's index comes before its data, so it plays while it loads."""
    media = encode(_plain(24), tmp_path / "m", fps=24)
    data = media.files["video.mp4"].read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_g_54_cancel_leaves_nothing(tmp_path: Path) -> None:
    """G-54: a cancelled encode stops within a frame and leaves no file and no thread."""
    seen: list[int] = []
    with pytest.raises(Cancelled):
        encode(_plain(400), tmp_path / "m", fps=24, cancelled=lambda: len(seen) >= 30, progress=seen.append)
    assert len(seen) == 30
    assert list(tmp_path.iterdir()) == []
    assert not [t.name for t in threading.enumerate() if t.name.startswith("encode-")]


def test_g_54_a_failing_renderer_leaves_nothing(tmp_path: Path) -> None:
    """G-54: the renderer's own error comes through unchanged, with nothing left behind."""

    def broken() -> Iterator[NDArray[np.uint8]]:
        yield from _plain(10)
        raise RuntimeError("lens cap")

    with pytest.raises(RuntimeError, match="lens cap"):
        encode(broken(), tmp_path / "m", fps=24)
    assert list(tmp_path.iterdir()) == []


def test_g_55_faults_are_typed(tmp_path: Path) -> None:
    """G-55: no frames, changing frames, a taken folder and an unwritable place each have a code."""
    with pytest.raises(MediaError, match="no_frames"):
        encode(iter(()), tmp_path / "m", fps=24)
    with pytest.raises(MediaError, match="bad_frame"):
        encode([*_plain(2), *_plain(1, 322)], tmp_path / "m", fps=24)
    with pytest.raises(MediaError, match="bad_frame"):
        encode([np.zeros((181, 320, 3), np.uint8)], tmp_path / "m", fps=24)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("x")
    with pytest.raises(MediaError, match="output_exists"):
        encode(_plain(2), tmp_path / "taken", fps=24)
    (tmp_path / "file").write_text("x")
    with pytest.raises(MediaError, match="write_failed") as caught:
        encode(_plain(2), tmp_path / "file" / "m", fps=24)
    assert caught.value.retryable
    assert sorted(os.listdir(tmp_path)) == ["file", "taken"]


def test_g_56_memory_is_bounded(tmp_path: Path) -> None:
    """G-56: frames are let go as they are encoded; at no time are more than the queues hold alive."""
    alive, most = 0, 0

    class Counted(np.ndarray):  # type: ignore[type-arg]
        def __del__(self) -> None:
            nonlocal alive
            alive -= self.base is None

    def frames() -> Iterator[NDArray[np.uint8]]:
        nonlocal alive, most
        for frame in _plain(200):
            counted = np.ndarray.__new__(Counted, frame.shape, np.uint8)
            counted[:] = frame
            alive += 1
            most = max(most, alive)
            yield counted
            del counted

    encode(frames(), tmp_path / "m", fps=24)
    # one queue for each rendition holds the same frames; beside it what is rendered, converted and kept for the poster
    assert most <= QUEUE_FRAMES + 4


def test_g_57_webvtt_escapes_any_text() -> None:
    """G-57: markup stays text, arrows and blank lines cannot end a cue, any script passes."""
    text = webvtt([
        Cue(3661.5, 3662.0, "a --> b & <i>c</i>\n\n\nd", "A<N>A"),
        Cue(0.0, 1.25, "مرحبا بالعالم 🎬", "ليلى"),
        Cue(2, 3, "   "),
    ]).decode()  # fmt: skip
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.250\n<v ليلى>مرحبا بالعالم 🎬</v>\n\n")
    assert "01:01:01.500 --> 01:01:02.000\n<v A&lt;N&gt;A>a --&gt; b &amp; &lt;i&gt;c&lt;/i&gt;\nd</v>\n" in text
    assert text.count("-->") == 2


def test_g_57_captions_follow_the_film_clock(tmp_path: Path) -> None:
    """G-57: cues are on the film's clock, cut at their shot, and the HLS map points at the stream's own start."""
    cues = cues_of(_request())
    assert [(c.start_s, c.end_s) for c in cues] == [(0.5, 1.25), (2.0, 2.75)]
    media = encode(_plain(48), tmp_path / "m", fps=24, cues=cues)
    stamp = re.search(r"MPEGTS:(\d+),LOCAL:00:00:00.000", media.files["captions.vtt"].read_text())
    with av.open(str(media.files["180p_0001.ts"])) as container:
        first = next(container.decode(video=0))
        assert stamp is not None
        assert int(stamp[1]) == first.pts


def test_g_58_poster_is_the_most_telling_frame(tmp_path: Path) -> None:
    """G-58: the poster is a JPEG of a frame that shows something, never a black one."""

    def frames() -> Iterator[NDArray[np.uint8]]:
        yield from (np.zeros((180, 320, 3), np.uint8) for _ in range(30))
        yield from _plain(60)

    media = encode(frames(), tmp_path / "m", fps=24)
    with av.open(str(media.files["thumbnail.jpg"])) as image:
        picture = next(image.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (180, 320, 3)
    assert telling(picture) > 20


def test_g_59_probe_sees_black_and_frozen(tmp_path: Path) -> None:
    """G-59: the probe measures black and frozen stretches, and refuses what it cannot read."""

    def frames() -> Iterator[NDArray[np.uint8]]:
        yield from (np.zeros((180, 320, 3), np.uint8) for _ in range(24))
        yield from _plain(24)

    facts = probe(encode(frames(), tmp_path / "m", fps=24).files["video.mp4"])
    assert facts.black_ratio == pytest.approx(0.5, abs=0.03)
    assert facts.longest_frozen_s == pytest.approx(23 / 24, abs=0.1)
    assert facts.motion > 0.1
    (tmp_path / "junk.mp4").write_bytes(b"not a film" * 100)
    with pytest.raises(MediaError, match="unreadable"):
        probe(tmp_path / "junk.mp4")
