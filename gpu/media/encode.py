"""Frames in, a folder of playable media out: MP4, two HLS renditions, poster, captions.

Owns the threads of an encode. Invariants: memory is bounded (frames pass through queues of `QUEUE_FRAMES`, none is
collected); nothing appears under the target name until everything is complete, so a cancelled or failed encode leaves
nothing behind. The caller's thread renders; each rendition converts and encodes in a thread of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gpu.media import captions, hls
from gpu.media.captions import Cue
from gpu.media.errors import MediaError
from gpu.media.poster import PosterChoice
from gpu.media.rendition import SEGMENT_SECONDS, Rendition, Size
from gpu.video.protocol import Cancelled

QUEUE_FRAMES = 6  # a full queue makes the renderer wait; nothing is dropped
SMALL_HEIGHT = 360
MAIN_QP, SMALL_QP = 22, 24

MASTER, MP4, POSTER, VTT, VTT_PLAYLIST = "master.m3u8", "video.mp4", "thumbnail.jpg", "captions.vtt", "captions.m3u8"


@dataclass(frozen=True)
class MediaSet:
    """Finished media. `files` maps a name to its path; the other maps have the same keys."""

    files: dict[str, Path]
    sizes: dict[str, int]
    sha256: dict[str, str]
    duration_s: float
    width: int
    height: int
    fps: int
    frames: int


def encode(
    frames: Iterable[NDArray[np.uint8]],
    folder: Path | str,
    *,
    fps: int,
    cues: Sequence[Cue] = (),
    cuts: Iterable[int] = (),
    poster_at: int | None = None,
    captions_default: bool = False,
    language: str = "und",
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda done: None,
) -> MediaSet:
    """Encode uint8 (H, W, 3) RGB frames, all of one even size, into `folder`, which must not exist or be empty.

    `cuts` are frame numbers that start a shot (they become key frames), `poster_at` a frame number preferred for
    the poster. Raises Cancelled, or MediaError with code output_exists, no_frames, bad_frame, write_failed or
    encode_failed.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise MediaError("output_exists", f"{folder.name} exists and is not an empty folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise MediaError("write_failed", f"{type(error).__name__}: {error.strerror}", True) from error
    try:
        job = _Encode(work, fps, frozenset(cuts), poster_at)
        job.run(frames, cancelled, progress)
        made = job.describe(cues, captions_default, language)
        _publish(work, folder)
    except (av.error.FFmpegError, OSError) as error:
        raise _fault(error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return MediaSet(
        {name: folder / name for name in made.files},
        made.sizes,
        made.sha256,
        made.duration_s,
        made.width,
        made.height,
        made.fps,
        made.frames,
    )


def _publish(work: Path, folder: Path) -> None:
    work.chmod(0o755)
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()
    os.replace(work, folder)


def _fault(error: Exception) -> MediaError:
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return MediaError("write_failed", f"{type(error).__name__}: {error.strerror}", True)
    return MediaError("encode_failed", f"{type(error).__name__}: {error}", True)


class _Lane:
    """A rendition, its thread and its bounded queue; the first fault stops the lane and is raised to the producer."""

    def __init__(self, rendition: Rendition) -> None:
        self.rendition = rendition
        self.fault: BaseException | None = None
        self._queue: queue.Queue[tuple[NDArray[np.uint8], bool] | None] = queue.Queue(QUEUE_FRAMES)
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"encode-{rendition.size.label}", daemon=True)
        self._thread.start()

    def put(self, frame: NDArray[np.uint8], key: bool) -> None:
        """`frame` is shared with the other lanes: nobody writes it any more."""
        self._offer((frame, key))

    def finish(self) -> None:
        self._offer(None)
        self._thread.join()
        if self.fault is not None:
            raise self.fault

    def abandon(self) -> None:
        """Stop without finishing; returns when the thread has closed its files."""
        self._abandoned.set()
        self._thread.join()

    def _offer(self, item: tuple[NDArray[np.uint8], bool] | None) -> None:
        while self.fault is None:
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.25)
                return
        raise self.fault

    def _work(self) -> None:
        try:
            while not self._abandoned.is_set():
                try:
                    item = self._queue.get(timeout=0.05)
                except queue.Empty:
                    continue
                if item is None:
                    self.rendition.finish()
                    return
                frame, key = item
                # Converted here and not by the producer: rendering is the longest part of the line.
                self.rendition.add(_i420(frame, self.rendition.size), key)
        except BaseException as error:  # noqa: BLE001 - carried to the producer's thread and raised there
            self.fault = error
        with contextlib.suppress(av.error.FFmpegError, OSError):
            self.rendition.close()


class _Encode:
    def __init__(self, folder: Path, fps: int, cuts: frozenset[int], poster_at: int | None) -> None:
        self.folder, self.fps, self.cuts, self.poster_at = folder, fps, cuts, poster_at
        self.lanes: list[_Lane] = []
        self.poster = PosterChoice()
        self.count = 0
        self.shape: tuple[int, ...] = ()

    def run(
        self, frames: Iterable[NDArray[np.uint8]], cancelled: Callable[[], bool], progress: Callable[[int], None]
    ) -> None:
        try:
            for frame in frames:
                if cancelled():
                    raise Cancelled()
                self._take(frame)
                progress(self.count)
            if not self.count:
                raise MediaError("no_frames", "the renderer gave no frames")
            if cancelled():
                raise Cancelled()
            for lane in self.lanes:
                lane.finish()
        except BaseException:
            for lane in self.lanes:
                lane.abandon()
            raise

    def _take(self, frame: NDArray[np.uint8]) -> None:
        if not self.lanes:
            self._open(frame)
        if frame.shape != self.shape or frame.dtype != np.uint8:
            raise MediaError(
                "bad_frame", f"frame {self.count} is {frame.dtype} {frame.shape}, expected uint8 {self.shape}"
            )
        key = self.count % (SEGMENT_SECONDS * self.fps) == 0 or self.count in self.cuts
        if self.count == self.poster_at:
            self.poster.offer(frame, 1e6)
        elif self.count % (2 * self.fps) == self.fps // 2 or self.count == 0:
            self.poster.offer(frame)
        for lane in self.lanes:
            lane.put(frame, key)
        self.count += 1

    def _open(self, frame: NDArray[np.uint8]) -> None:
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.shape[0] % 2 or frame.shape[1] % 2:
            raise MediaError("bad_frame", f"frames must be (H, W, 3) with even sides, got {frame.shape}")
        self.shape = frame.shape
        height, width = frame.shape[:2]
        small = SMALL_HEIGHT if height > SMALL_HEIGHT else 2 * max(1, height // 4)
        sizes = [Size(width, height, MAIN_QP), Size(2 * round(width * small / height / 2), small, SMALL_QP)]
        for size, mp4 in zip(sizes, (MP4, None), strict=True):
            self.lanes.append(_Lane(Rendition(self.folder, size, self.fps, mp4)))

    def describe(self, cues: Sequence[Cue], captions_default: bool, language: str) -> MediaSet:
        """Write poster, captions and master beside the renditions, and account for every file."""
        duration = self.count / self.fps
        (self.folder / POSTER).write_bytes(self.poster.jpeg())
        variants = []
        for lane in self.lanes:
            size, playlist = lane.rendition.size, lane.rendition.playlist
            peak, mean = hls.rates(self.folder, playlist)
            codec = hls.avc_codec(lane.rendition.extradata)
            variants.append(hls.Variant(playlist, size.width, size.height, self.fps, codec, peak, mean))
        start = _first_pts(self.folder / f"{self.lanes[0].rendition.size.label}_0001.ts")
        (self.folder / VTT).write_bytes(captions.webvtt(cues, start))
        if cues:
            (self.folder / VTT_PLAYLIST).write_bytes(captions.playlist(VTT, duration))
        subtitles = VTT_PLAYLIST if cues else None
        (self.folder / MASTER).write_bytes(hls.master(variants, subtitles, captions_default, language))
        paths = {path.name: path for path in sorted(self.folder.iterdir())}
        digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        height, width = self.shape[:2]
        return MediaSet(paths, sizes, digests, duration, width, height, self.fps, self.count)


def _i420(frame: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    if frame.shape[0] != size.height:
        frame = cv2.resize(frame, (size.width, size.height), interpolation=cv2.INTER_AREA)
    planes: NDArray[np.uint8] = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
    return planes


def _first_pts(segment: Path) -> int:
    """The 90 kHz timestamp at which a transport stream's picture starts."""
    with av.open(str(segment)) as container:
        start = container.streams.video[0].start_time
        return int(start or 0)
