"""An HLS playlist with the addresses of whoever asked (RFC 8216 §4).

The invariant: only names change: a line that is no tag, and a tag's attribute URI; each is resolved against the
playlist's own folder and signed. A name that leads out of that folder, or elsewhere, stays as it is: it opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PLAYLIST_BYTES_MAX = 1024 * 1024
"""A playlist is read whole. A film of six hours in segments of 4 s has 250 kB."""

_NAME = re.compile(r"[A-Za-z0-9_=@+~-][A-Za-z0-9._=@+~-]*(?:/[A-Za-z0-9_=@+~-][A-Za-z0-9._=@+~-]*)*")
_URI = re.compile(r'(?<=[:,]URI=")([^"]*)(?=")')


def rewritten(playlist: str, key: str, address: Callable[[str], str]) -> str:
    """`key`: the playlist's own; `address`: of a key, for this reader."""
    folder = key.rpartition("/")[0]

    def named(name: str) -> str:
        return address(f"{folder}/{name}") if _NAME.fullmatch(name) else name

    return "\n".join(
        _URI.sub(lambda found: named(found.group()), line) if line.startswith("#") else named(line)
        for line in playlist.split("\n")
    )
