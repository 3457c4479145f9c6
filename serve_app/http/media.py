"""`/media/{token}/{key}`: generated files to whoever holds a signed address; ranges for players.

The invariant: the signature is the only way in and is checked before the store is asked; a key's bytes never change,
so what browsers keep stays right, and no shared cache keeps them longer than the address lives. Playlists are made for
each reader (`playlists.py`). (Range requests: RFC 9110 §14; s-maxage: RFC 9111 §5.2.2.10.)
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from serve_app.http.answers import Refusal
from serve_app.http.deps import Media, VerifyMedia
from serve_app.http.playlists import PLAYLIST_BYTES_MAX, rewritten
from serve_app.media_addresses import PLAYLIST, MediaAddresses
from storage.objects.protocol import Access, store_of
from storage.objects.signing import expires_of

CACHE_S = 604_800
CACHE = f"private, max-age={CACHE_S}, immutable"
PLAYLIST_CACHE = "private, no-store"
CONTENT_TYPES: Mapping[str, str] = {
    "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "vtt": "text/vtt; charset=utf-8",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "json": "application/json",
    "fountain": "text/plain; charset=utf-8",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class MediaRoute:
    """One per process. Call it with a Starlette request."""

    def __init__(self, media: Media, verify: VerifyMedia, addresses: MediaAddresses) -> None:
        self._media, self._verify, self._addresses = media, verify, addresses

    async def __call__(self, request: Request) -> Response:
        token, key = request.path_params["token"], request.path_params["key"]
        if not self._verify(token, key):
            raise Refusal("MEDIA_FORBIDDEN", "This address is not signed, or it has expired.")
        stat = await self._media.stat(key)
        if stat is None:
            raise Refusal("NOT_FOUND", "There is no such file.")
        if key.endswith(PLAYLIST) and stat.size <= PLAYLIST_BYTES_MAX:
            return await self._playlist(key, stat.size)
        etag = f'"{stat.etag}"'
        headers = {
            "etag": etag,
            "cache-control": self._cache(token, key),
            "accept-ranges": "bytes",
            "content-type": content_type(key),
            "content-disposition": "inline",
            **self._cors(),
        }
        if _matches(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers={k: v for k, v in headers.items() if k != "content-type"})
        span = _span(request, etag, stat.size)
        if span is None:
            headers["content-range"] = f"bytes */{stat.size}"
            return Response(status_code=416, headers={k: v for k, v in headers.items() if k != "content-type"})
        start, end, partial = span
        headers["content-length"] = str(end - start)
        if partial:
            headers["content-range"] = f"bytes {start}-{end - 1}/{stat.size}"
        status = 206 if partial else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        return StreamingResponse(self._media.read(key, start, end), status, headers)

    async def _playlist(self, key: str, size: int) -> Response:
        stored = b"".join([chunk async for chunk in self._media.read(key, 0, size)])
        text = rewritten(stored.decode("utf-8", "replace"), key, self._addresses.inside)
        headers = {"cache-control": PLAYLIST_CACHE, "content-disposition": "inline", **self._cors()}
        return Response(text, headers=headers, media_type=content_type(key))

    def _cache(self, token: str, key: str) -> str:
        store = store_of(key)
        if not self._addresses.cdn or store is None or store.access is not Access.SIGNED:
            return CACHE
        shared = max(0, min(CACHE_S, expires_of(token) - int(time.time())))
        return f"public, max-age={CACHE_S}, s-maxage={shared}, immutable"

    def _cors(self) -> dict[str, str]:
        """Through a CDN our pages fetch from another origin. The address is the proof; no cookie is looked at."""
        if not self._addresses.cdn:
            return {}
        return {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


def content_type(key: str) -> str:
    return CONTENT_TYPES.get(key.rpartition(".")[2].lower(), "application/octet-stream")


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in {etag, "*"} for part in header.split(","))


def _span(request: Request, etag: str, size: int) -> tuple[int, int, bool] | None:
    """(start, end, partial), or None when no byte of the asked range exists. Several ranges answer with the whole."""
    asked = request.headers.get("range")
    if asked is None or request.headers.get("if-range", etag) != etag:
        return 0, size, False
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.group() == "bytes=-":
        return 0, size, False
    first, last = found.groups()
    if first == "":
        length = int(last)
        return None if length == 0 or size == 0 else (max(0, size - length), size, True)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return 0, size, False  # not a valid range: ignored, as RFC 9110 asks
    return None if start >= size else (start, end, True)
