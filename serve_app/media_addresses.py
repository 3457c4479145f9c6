"""Where what is stored can be fetched: addresses signed when they are read, never kept.

Owns the choice of place. The invariant: every address holds a proof that ends, valid for one object or one take's
folder, and playlists come from us alone, so that what they name can be signed for each reader anew.

    a take, a panel   /media/{token}/{key}                    here, for `media_link_ttl_ms`
    in a playlist     {cdn_base_url}/media/{token}/{key}      at the CDN, or here, for `segment_link_ttl_ms`
                      the bucket's own presigned address      with `s3_direct`
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from storage.objects.protocol import StoreName
from storage.objects.signing import MediaSigner

if TYPE_CHECKING:
    from storage.objects.s3 import S3Objects

PLAYLIST = ".m3u8"


class MediaAddresses:
    """`bucket`: where players fetch what playlists name, if straight from there."""

    def __init__(
        self,
        links: MediaSigner,
        segments: MediaSigner,
        *,
        cdn: str = "",
        bucket: S3Objects | None = None,
        bucket_s: int = 0,
    ) -> None:
        self._links, self._segments, self._bucket, self._bucket_s = links, segments, bucket, bucket_s
        self.cdn = cdn.rstrip("/")

    def sign(self, key: str) -> str:
        """A take's files share one token, so that a playlist's relative names resolve under it; a panel has its own."""
        return self._links.path(key, prefix=_take(key))

    def inside(self, key: str) -> str:
        """The address of what a playlist names: whole, or an absolute path here."""
        if key.endswith(PLAYLIST):
            return self._segments.path(key, prefix=_take(key))
        if self._bucket is not None:
            return self._bucket.presigned_get(key, self._bucket_s)
        return self.cdn + self._segments.path(key, prefix=_take(key))

    @property
    def origins(self) -> tuple[str, ...]:
        """Where players fetch beside us: for the page's content policy."""
        elsewhere = (self.cdn, self._bucket.address if self._bucket is not None else "")
        return tuple(f"{url.scheme}://{url.netloc}" for url in map(urlsplit, elsewhere) if url.netloc)


def _take(key: str) -> str | None:
    return key.rpartition("/")[0] if key.startswith(f"{StoreName.VIDEOS}/") else None
