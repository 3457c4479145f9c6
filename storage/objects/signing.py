"""Signed media addresses: `/media/{token}/{key}`.

Owns the token's form. The invariant: a token opens exactly the keys at or below its prefix, until it expires. The token
stands *before* the key, so the relative names inside an HLS playlist resolve under the same token (RFC 3986 §5.2.4).

Token: version 1, expiry (Unix seconds, hex), and the HMAC-SHA256 of (version, expiry, prefix) as unpadded base64url,
joined by dots. The prefix is not in the token: the verifier tries the key and every folder above it (a key has few).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from storage.objects.protocol import Access, ObjectStoreError, check_key, store_of

EXPIRES_S = 24 * 3600
DOWNLOAD_EXPIRES_S = 3600
SECRET_BYTES_MIN = 16
KEY_PARTS_MAX = 16
"""Folders tried for one key: what a forged token costs us."""

_TOKEN = re.compile(r"1\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{43})")


class SigningError(Exception):
    """A token that opens nothing: MEDIA_TOKEN_MALFORMED, MEDIA_TOKEN_INVALID, MEDIA_TOKEN_EXPIRED, MEDIA_PRIVATE."""

    retryable = False

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sign(prefix: str, secret: bytes, expires_s: float) -> str:
    """A token for the key `prefix` and all keys in the folder `prefix`, until Unix time `expires_s`.

    Raises `SigningError` MEDIA_PRIVATE for what has no address, `ObjectStoreError` BAD_KEY.
    """
    check_key(prefix)
    _refuse_private(prefix)
    return f"1.{int(expires_s):x}.{_mac(prefix, secret, f'{int(expires_s):x}')}"


def verify(token: str, key: str, secret: bytes, now: float) -> None:
    """Return if the token opens the key at Unix time `now`; raise `SigningError` otherwise."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise SigningError("MEDIA_TOKEN_MALFORMED")
    try:
        check_key(key)
    except ObjectStoreError as error:
        raise SigningError("MEDIA_TOKEN_INVALID") from error
    _refuse_private(key)
    expires, mac = found.groups()
    good = False
    for prefix in _prefixes(key):
        good |= hmac.compare_digest(_mac(prefix, secret, expires), mac)
    if not good:
        raise SigningError("MEDIA_TOKEN_INVALID")
    if int(expires, 16) <= now:
        raise SigningError("MEDIA_TOKEN_EXPIRED")


def expires_of(token: str) -> int:
    """When a token that `verify` let pass ends: Unix seconds."""
    return int(token.split(".")[1], 16)


class MediaSigner:
    """Signs and checks with one secret. `secret` is shared by all Studio replicas; changing it ends all addresses."""

    def __init__(self, secret: bytes, *, expires_s: float = EXPIRES_S, clock: Callable[[], float] = time.time) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise ValueError(f"a media secret has at least {SECRET_BYTES_MIN} bytes")
        self._secret, self._expires_s, self._clock = secret, expires_s, clock

    def sign(self, prefix: str) -> str:
        """A token. Its expiry is rounded up to an hour of grace, so that addresses stay the same and caches hit."""
        store = store_of(prefix)
        short = store is not None and store.access is Access.SIGNED_DOWNLOAD
        step = DOWNLOAD_EXPIRES_S if short else min(3600.0, self._expires_s)
        lasts = DOWNLOAD_EXPIRES_S if short else self._expires_s
        return sign(prefix, self._secret, (self._clock() // step + 1) * step + lasts)

    def path(self, key: str, *, prefix: str | None = None) -> str:
        """`/media/{token}/{key}`, for the folder `prefix` (a take with its playlists and segments) or the key alone."""
        if prefix is not None and prefix not in _prefixes(key):
            raise ValueError("the prefix is no folder of the key")
        return f"/media/{self.sign(prefix or key)}/{quote(key)}"

    def verify(self, token: str, key: str) -> None:
        """Raises `SigningError`."""
        verify(token, key, self._secret, self._clock())

    def allows(self, token: str, key: str) -> bool:
        """`verify` as an answer."""
        try:
            self.verify(token, key)
        except SigningError:
            return False
        return True


def _mac(prefix: str, secret: bytes, expires: str) -> str:
    digest = hmac.new(secret, f"storyforge-media\n1\n{expires}\n{prefix}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _prefixes(key: str) -> Iterator[str]:
    """The key, then every folder above it."""
    parts = key.split("/")[:KEY_PARTS_MAX]
    if "/".join(parts) != key:
        yield key
    for count in range(len(parts), 0, -1):
        yield "/".join(parts[:count])


def _refuse_private(key: str) -> None:
    """Internal objects have no address, nor has a whole store."""
    store = store_of(f"{key}/")
    if store is not None and (store.access is Access.PRIVATE or key == store):
        raise SigningError("MEDIA_PRIVATE")
