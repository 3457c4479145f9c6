"""Recordings of a voice among uploads: what is one, and how long it may be.

The invariant: a recording is heard of only after all of it was read, was sound and nothing else, and lasted no longer
than `SECONDS_MAX`; its length is counted from what decodes, never believed from a header.
"""

from __future__ import annotations

import io
from typing import Any

from serve_app.http.answers import Refusal

SECONDS_MAX = 30.0
"""A reference of a voice, not a performance."""

SECONDS_MIN = 0.5
BYTES_MAX = 8 * 1024 * 1024
"""Held in memory while it is looked at: 30 s of 48 kHz stereo WAV are 5.5 MiB."""


def checked_seconds(data: bytes) -> float:
    """Decodes it: some 20 ms, for a thread. Raises `Refusal` UNSUPPORTED_MEDIA_TYPE, TOO_LARGE."""
    import av

    try:
        with av.open(io.BytesIO(data)) as container:
            if any(stream.type == "video" for stream in container.streams) or not container.streams.audio:
                raise Refusal("UNSUPPORTED_MEDIA_TYPE", "A recording of a voice is sound alone.")
            seconds = _decoded(container)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "This recording cannot be read: take WAV, MP3, Ogg or M4A.") from error
    if seconds < SECONDS_MIN:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", f"There is less than {SECONDS_MIN:g} s of sound in this recording.")
    return seconds


def _decoded(container: Any) -> float:
    seconds = 0.0
    for frame in container.decode(audio=0):
        seconds += frame.samples / (frame.sample_rate or 1)
        if seconds > SECONDS_MAX + 0.1:  # MP3 pads its last frame
            raise Refusal("TOO_LARGE", f"A recording of a voice lasts at most {SECONDS_MAX:g} s.")
    return seconds
