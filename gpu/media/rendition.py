"""One encoder and the containers it feeds: H.264 and silent AAC, encoded once, muxed into each.

Owns the x264 settings. Invariant: frames named as keys are IDR frames in every rendition, so segments of all
renditions start at the same instants. Runs in one thread; planes come as I420.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
AUDIO_BPS = 48_000
AAC_SAMPLES = 1024  # in one packet
SEGMENT_SECONDS = 4

# Started from ultrafast and given back what costs little: CABAC, deblocking, 8x8 transform, two B-frames. A constant
# quantiser instead of a rate factor spares x264 its pass over half-size frames: two thirds of the time, and half the
# bytes on calm scenes for 2 dB that nobody sees at 48. scenecut is off because the caller names the cuts.
_X264 = {"preset": "ultrafast", "forced-idr": "1"}
_X264_PARAMS = (
    "scenecut=0:keyint=infinite:repeat-headers=1:cabac=1:deblock=1,1:ref=1:bframes=2:b-adapt=0:mbtree=0:rc-lookahead=0:"
    "8x8dct=1:partitions=i8x8,i4x4:subme=0"
)


@dataclass(frozen=True)
class Size:
    """Picture size and constant quantiser of a rendition."""

    width: int
    height: int
    qp: int

    @property
    def label(self) -> str:
        return f"{self.height}p"


class Rendition:
    """A running encode of one size into HLS and, for the main one, an MP4 as well."""

    def __init__(self, folder: Path, size: Size, fps: int, mp4: str | None) -> None:
        self.size, self.fps, self.count = size, fps, 0
        self.playlist = f"{size.label}.m3u8"
        hls_options = {
            "hls_time": str(SEGMENT_SECONDS),
            "hls_playlist_type": "vod",
            "hls_flags": "independent_segments",
            "start_number": "1",
            "hls_segment_filename": str(folder / f"{size.label}_%04d.ts"),
            "hls_list_size": "0",
        }
        self._outputs: list[Any] = []
        if mp4:
            self._outputs.append(av.open(str(folder / mp4), "w", format="mp4", options={"movflags": "+faststart"}))
        self._outputs.append(av.open(str(folder / self.playlist), "w", format="hls", options=hls_options))
        first = self._outputs[0]
        self._video = first.add_stream("libx264", rate=fps)
        self._video.width, self._video.height, self._video.pix_fmt = size.width, size.height, "yuv420p"
        self._video.time_base = Fraction(1, fps)
        self._video.codec_context.thread_count = 1
        self._video.codec_context.color_range = 1
        self._video.codec_context.colorspace = 5  # BT.601 matrix, which cv2's RGB to I420 uses
        self._video.codec_context.color_primaries = 6
        self._video.codec_context.color_trc = 6
        self._video.options = {**_X264, "qp": str(size.qp), "x264-params": _X264_PARAMS}
        self._video.codec_context.open(strict=False)
        # Sound has an encoder per container: AAC taken over from MP4 lacks the ADTS headers a transport stream needs.
        self._tracks = [(first, self._video, _sound_track(first))]
        for other in self._outputs[1:]:
            self._tracks.append((other, other.add_stream_from_template(self._video), _sound_track(other)))
        self._silence, self._packets = [_silence(audio) for _, _, audio in self._tracks], 0

    @property
    def extradata(self) -> bytes:
        return bytes(self._video.codec_context.extradata or b"")

    def add(self, planes: NDArray[np.uint8], key: bool) -> None:
        """Encode one I420 frame, uint8 (height * 3 / 2, width)."""
        frame = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")
        frame.pts, frame.time_base = self.count, Fraction(1, self.fps)
        if key:
            frame.pict_type = PictureType.I
        self.count += 1
        self._send(self._video.encode(frame))
        self._sound(self.count * SAMPLE_RATE // self.fps)

    def _sound(self, until: int) -> None:
        """Silence up to a sample: each encoder's own packets, which repeat after the first."""
        while self._packets * AAC_SAMPLES < until:
            for (container, _, audio), packets in zip(self._tracks, self._silence, strict=True):
                packet = av.Packet(packets[min(self._packets, 1)])
                # The first packet primes the decoder, one packet's length before second 0.
                packet.pts = packet.dts = (self._packets - 1) * AAC_SAMPLES
                packet.duration, packet.time_base, packet.is_keyframe = AAC_SAMPLES, Fraction(1, SAMPLE_RATE), True
                packet.stream = audio
                container.mux(packet)
            self._packets += 1

    def _send(self, packets: Iterator[Any] | list[Any]) -> None:
        for packet in packets:
            payload = bytes(packet) if len(self._tracks) > 1 else b""
            stamps = packet.pts, packet.dts, packet.duration, packet.time_base, packet.is_keyframe
            for n, track in enumerate(self._tracks):
                # Muxing rescales a packet's clock in place, so every container but the first gets a copy.
                each = packet if n == 0 else _copy(payload, stamps)
                each.stream = track[1]
                track[0].mux(each)

    def finish(self) -> None:
        """Drain the encoder and close the containers."""
        self._send(self._video.encode(None))
        self._sound((self._packets + 1) * AAC_SAMPLES)
        self.close()

    def close(self) -> None:
        for output in self._outputs:
            output.close()


def _sound_track(container: Any) -> Any:
    audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    audio.bit_rate = AUDIO_BPS
    audio.codec_context.open(strict=False)
    return audio


def _silence(stream: Any) -> tuple[bytes, bytes]:
    """The first packet of silence that a stream's encoder makes, and the one it makes from then on."""
    packets: list[bytes] = []
    for n in range(4):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, AAC_SAMPLES), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, n * AAC_SAMPLES, Fraction(1, SAMPLE_RATE)
        packets += [bytes(packet) for packet in stream.encode(frame)]
    return packets[0], packets[-1]


def _copy(payload: bytes, stamps: tuple[Any, ...]) -> Any:
    packet = av.Packet(payload)
    packet.pts, packet.dts, packet.duration, packet.time_base, packet.is_keyframe = stamps
    return packet
