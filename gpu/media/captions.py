"""Dialogue as WebVTT (W3C WebVTT: The Web Video Text Tracks Format).

Invariant: any text of any script gives a file that parses, with one cue a line; markup in the text stays text. Input
are cues or shots; output is UTF-8 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpu.video.protocol import RenderRequest

# A cue ends at a blank line and may not hold "-->"; escaping ">" rules the arrow out.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\x00": "\ufffd"})


@dataclass(frozen=True, slots=True)
class Cue:
    """Words on screen, in seconds of the film."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


def cues_of(request: RenderRequest) -> list[Cue]:
    """The dialogue of a request on the film's clock, which counts whole frames; lines are cut at their shot's end."""
    cues, start = [], 0
    for shot in request.shots:
        frames = request.shot_frames(shot)
        offset, end = start / request.fps, (start + frames) / request.fps
        for line in shot.lines:
            until = min(offset + line.end_s, end)
            if line.text.strip() and until > offset + line.start_s:
                cues.append(Cue(offset + line.start_s, until, line.text, line.speaker))
        start += frames
    return cues


def webvtt(cues: Iterable[Cue], mpegts: int | None = None) -> bytes:
    """A WebVTT file; `mpegts` is the 90 kHz timestamp of second 0 for HLS (RFC 8216, section 3.5)."""
    head = "WEBVTT"
    if mpegts is not None:
        head += f"\nX-TIMESTAMP-MAP=MPEGTS:{mpegts},LOCAL:00:00:00.000"
    blocks = [head]
    for cue in sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)):
        text = "\n".join(line.strip() for line in cue.text.splitlines() if line.strip()).translate(_ESCAPES)
        if not text:
            continue
        speaker = " ".join(cue.speaker.split()).translate(_ESCAPES)
        body = f"<v {speaker}>{text}</v>" if speaker else text
        end = max(cue.end_s, cue.start_s + 0.001)
        blocks.append(f"{_clock(cue.start_s)} --> {_clock(end)}\n{body}")
    return ("\n\n".join(blocks) + "\n").encode("utf-8", "replace")


def _clock(seconds: float) -> str:
    ms = round(max(0.0, seconds) * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def playlist(vtt_name: str, duration_s: float) -> bytes:
    """The media playlist of one whole WebVTT file, for a subtitles group."""
    lines: Sequence[str] = (
        "#EXTM3U", "#EXT-X-VERSION:6", f"#EXT-X-TARGETDURATION:{max(1, -int(-duration_s // 1))}",
        "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0", f"#EXTINF:{duration_s:.6f},", vtt_name, "#EXT-X-ENDLIST",
    )  # fmt: skip
    return ("\n".join(lines) + "\n").encode()
