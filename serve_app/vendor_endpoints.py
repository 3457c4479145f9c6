"""The endpoints of vendors an installation is configured for: the JSON of a setting as validated values.

Owns the names and bounds of that JSON. Invariant: an endpoint that comes out is usable and its key is in no message; a
wrong one fails the start, with the field's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from gpu.video.videos_api_wire import Endpoint, Reconcile
from serve_app.config import Settings, SettingsError

ENDPOINTS_MAX = 16
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
TAKEN = frozenset({"animatic", "diffusers", "remote", "videos_api"})
"""Names of backends that are no vendors."""

_NUMBERS: Mapping[str, tuple[float, float]] = {
    "quality": (0, 100),
    "usd_per_s": (0, 1_000_000),
    "speed_s_per_s": (0, 100_000),
    "in_flight": (1, 256),
    "poll_s": (0.01, 60),
    "patience_s": (1, 86_400),
}
_FLAGS = ("image_to_video", "seed", "negative", "audio")
_KNOWN = frozenset(
    {"name", "url", "model", "seconds", "sizes", "reconcile", "moderation_url", *_NUMBERS, *_FLAGS}
)  # fmt: skip


def endpoints_of(settings: Settings) -> tuple[Endpoint, ...]:
    """Raises `SettingsError`."""
    if not settings.video_endpoints:
        return ()
    try:
        rows = json.loads(settings.video_endpoints)
    except ValueError as error:
        raise _bad(f"it is no JSON ({error})", "give a list of objects") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > ENDPOINTS_MAX:
        raise _bad("it is not a list of endpoints", f"give at most {ENDPOINTS_MAX} objects")
    keys = _keys(settings.video_keys)
    found = [_endpoint(row, keys) for row in rows]
    names = [endpoint.name for endpoint in found]
    if len(set(names)) < len(names) or TAKEN & set(names):
        raise _bad("two backends have the same name", "give each endpoint a name of its own")
    if unknown := sorted(set(keys) - set(names)):
        raise SettingsError("video_keys", f"there is no endpoint {unknown[0]!r}", f"known are {', '.join(names)}")
    return tuple(found)


def _endpoint(row: Mapping[str, Any], keys: Mapping[str, str]) -> Endpoint:
    if unknown := sorted(str(name)[:32] for name in row if name not in _KNOWN):
        raise _bad(f"an endpoint has no field {unknown[0]!r}", f"known are {', '.join(sorted(_KNOWN))}")
    name, values = row.get("name"), dict(row)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _bad("an endpoint's name is missing or odd", "use lower-case letters, digits, _ and -")
    for field in ("url", "moderation_url"):
        if row.get(field) and not _is_url(row[field]):
            raise _bad(f"{name}.{field} is no address", "use https://host/v1")
    if not row.get("url") or not isinstance(row.get("model"), str):
        raise _bad(f"{name} lacks url or model", "give both")
    for field, (low, high) in _NUMBERS.items():
        if field in row and (isinstance(row[field], bool) or not isinstance(row[field], int | float)):
            raise _bad(f"{name}.{field} is no number", f"use {low:g} to {high:g}")
        if field in row and not low <= row[field] <= high:
            raise _bad(f"{name}.{field} is out of bounds", f"use {low:g} to {high:g}")
    for field in _FLAGS:
        if field in row and not isinstance(row[field], bool):
            raise _bad(f"{name}.{field} is neither true nor false", "use true or false")
    if row.get("reconcile", "none") not in get_args(Reconcile):
        raise _bad(f"{name}.reconcile is unknown", f"use one of {', '.join(get_args(Reconcile))}")
    if "seconds" in row:
        values["seconds"] = _seconds(name, row["seconds"])
    if "sizes" in row:
        values["sizes"] = _sizes(name, row["sizes"])
    return Endpoint(**values, key=keys.get(name, ""))


def _seconds(name: str, given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(s, int) and 1 <= s <= 900 for s in given):
        raise _bad(f"{name}.seconds is no list of clip lengths", "use whole seconds, e.g. [4, 8, 12]")
    return tuple(sorted(given))


def _sizes(name: str, given: Any) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for text in given if isinstance(given, list) else ():
        match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", str(text))
        if match is None:
            break
        found.append((int(match[1]), int(match[2])))
    if not found or len(found) < len(given):
        raise _bad(f"{name}.sizes is no list of sizes", 'use e.g. ["1280x720"]')
    return tuple(found)


def _keys(text: str) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    if any(not name or not key for name, _, key in pairs):
        raise SettingsError("video_keys", "it is not NAME=KEY, comma-separated", "give a key to each name")
    return {name.strip(): key.strip() for name, _, key in pairs}


def _is_url(value: Any) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.username


def _bad(problem: str, fix: str) -> SettingsError:
    return SettingsError("video_endpoints", problem, fix)
