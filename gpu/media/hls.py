"""The HLS master playlist (RFC 8216) over finished variants.

Invariant: BANDWIDTH and CODECS are read from what was encoded, never guessed: peak segment rate, and profile and
level from the stream's own sequence parameter set.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variant:
    """One rendition's playlist and what a player must know to choose it."""

    playlist: str
    width: int
    height: int
    fps: float
    codec: str
    peak_bps: int
    mean_bps: int


def avc_codec(extradata: bytes) -> str:
    """`avc1.PPCCLL` from Annex B or avcC extradata (RFC 6381)."""
    if extradata[:1] == b"\x01":
        profile = extradata[1:4]
    else:
        at = next(
            (i for i in range(len(extradata) - 4) if extradata[i : i + 3] == b"\0\0\1" and extradata[i + 3] & 31 == 7),
            -1,
        )
        profile = extradata[at + 4 : at + 7] if at >= 0 else b""
    return f"avc1.{profile.hex()}" if len(profile) == 3 else "avc1.64001f"


def rates(folder: Path, playlist: str) -> tuple[int, int]:
    """(peak, mean) bits a second of a media playlist's segments on disk."""
    peak, total, seconds, duration = 0.0, 0, 0.0, 0.0
    for line in (folder / playlist).read_text().splitlines():
        if line.startswith("#EXTINF:"):
            duration = float(line[8:].split(",")[0])
        elif line and not line.startswith("#"):
            size = (folder / line).stat().st_size
            peak = max(peak, size * 8 / max(duration, 0.04))
            total, seconds = total + size, seconds + duration
    return round(peak), round(total * 8 / max(seconds, 0.04))


def master(variants: list[Variant], subtitles: str | None, default: bool, language: str, audio: bool = True) -> bytes:
    """The master playlist, highest rendition first."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if subtitles:
        flag = "YES" if default else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="Dialogue",LANGUAGE="{language}",'
            f'DEFAULT={flag},AUTOSELECT={flag},FORCED=NO,URI="{subtitles}"'
        )
    for v in variants:
        codecs = v.codec + (",mp4a.40.2" if audio else "")
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={v.peak_bps},AVERAGE-BANDWIDTH={v.mean_bps},RESOLUTION={v.width}x{v.height},"
            f'FRAME-RATE={v.fps:.3f},CODECS="{codecs}"' + (',SUBTITLES="subs"' if subtitles else "")
        )
        lines.append(v.playlist)
    return ("\n".join(lines) + "\n").encode()
