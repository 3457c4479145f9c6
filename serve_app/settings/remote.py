"""Settings of workers elsewhere: lists of jobs and results, and the bridge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemoteSettings:
    pass
