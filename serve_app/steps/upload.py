"""A finished film into the object store: its files under the attempt's prefix, and the media dict that names them."""

from __future__ import annotations

from functools import partial
from typing import Any

from gpu.media.encode import MASTER, MP4, POSTER, VTT, MediaSet
from serve_app.step_runs import Report, StepCancelled
from serve_app.steps.patience import FILM_AWAY_S_MAX, patiently
from serve_app.steps.stores import IMMUTABLE, StepStores
from storage.objects.protocol import StoreName

TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
}
"""By suffix of the file's name."""

UPLOAD_FROM = 0.9
"""Where in a step's progress storing begins."""


def upload(stores: StepStores, made: MediaSet, prefix: str, report: Report) -> dict[str, Any]:
    """The media dict of `gpu/steps.py`, less what only the renderer knows (backend, degraded, captions_burned)."""
    files: dict[str, dict[str, Any]] = {}
    for number, (name, path) in enumerate(made.files.items()):
        if report.cancelled():
            raise StepCancelled
        progress = UPLOAD_FROM + (1 - UPLOAD_FROM) * number / len(made.files)
        report(progress, "UPLOAD|Storing the take")
        key = StoreName.VIDEOS.key(prefix, name)
        content_type = TYPES.get(path.suffix, "application/octet-stream")
        put = partial(stores.objects.put, key, path, content_type=content_type, cache_control=IMMUTABLE)
        patiently(stores, put, report, progress, "UPLOAD", away_s_max=FILM_AWAY_S_MAX)
        files[name] = {"key": key, "bytes": made.sizes[name], "sha256": made.sha256[name]}
    return {
        "playlist_key": files[MASTER]["key"],
        "video_key": files[MP4]["key"],
        "thumbnail_key": files[POSTER]["key"],
        "captions_key": files[VTT]["key"] if VTT in files else None,
        "files": files,
        "duration_s": made.duration_s,
        "width": made.width,
        "height": made.height,
        "fps": made.fps,
    }
