"""Settings of prompt writers: which writes, where, at what cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LlmSettings:
    pass
