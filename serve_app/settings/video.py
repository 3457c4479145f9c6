"""Settings of video backends: which there are, and with what models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VideoSettings:
    pass
