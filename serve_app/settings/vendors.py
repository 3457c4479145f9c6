"""Settings of video services elsewhere: endpoints of the `/v1/videos` family, their keys and limits."""

from __future__ import annotations

from dataclasses import dataclass

from serve_app.settings.bounded import also, bounded


@dataclass(frozen=True, kw_only=True)
class VendorSettings:
    video_endpoints: str = ""
    """JSON: a list of objects with `name`, `url` (what stands before /videos), `model`, and what else
    `serve_app/vendor_endpoints.py` knows. Each is a video backend by its name."""
    video_keys: str = also("VIDEO_KEYS", secret=True)
    """Keys of the endpoints: NAME=KEY, comma-separated. Never put them into a config file that the cluster keeps."""
    vendor_jobs_max: int = bounded(
        8, 1, 256, "films of vendors that one process waits for; each costs memory, no thread"
    )
    video_cents_max: int = bounded(
        0, 0, 10_000_000, "what one take may be expected to cost, in hundredths of the unit; 0: anything"
    )
    moderated_elsewhere: int = bounded(
        0, 0, 1, "1: what one vendor's moderation refuses may be offered to the next; 0: its refusal is final"
    )
