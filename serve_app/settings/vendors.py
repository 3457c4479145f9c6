"""Settings of video services elsewhere: endpoints of the `/v1/videos` family, their keys and limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VendorSettings:
    pass
