"""Signed addresses open what they name, and nothing else (S-65)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.objects.protocol import ObjectStoreError
from storage.objects.signing import DOWNLOAD_EXPIRES_S, MediaSigner, SigningError, sign, verify

pytestmark = pytest.mark.unit

SECRET = b"0123456789abcdef"
PREFIX = "videos/scn_1/att_1"


def code(token: str, key: str, secret: bytes = SECRET, now: float = 50) -> str:
    try:
        verify(token, key, secret, now)
    except SigningError as error:
        return error.code
    return ""


def test_a_token_opens_its_folder_until_it_expires() -> None:
    """S-65: the key itself and all below; not beside, not above, not after."""
    token = sign(PREFIX, SECRET, 100)
    assert code(token, PREFIX) == ""
    assert code(token, f"{PREFIX}/720p/seg_1.ts") == ""
    assert code(token, f"{PREFIX}2/x.ts") == "MEDIA_TOKEN_INVALID"
    assert code(token, "videos/scn_1/x.ts") == "MEDIA_TOKEN_INVALID"
    assert code(token, f"{PREFIX}/../att_2/x") == "MEDIA_TOKEN_INVALID"
    assert code(token, f"{PREFIX}/x", now=99.9) == ""
    assert code(token, f"{PREFIX}/x", now=100) == "MEDIA_TOKEN_EXPIRED"
    assert code(token, f"{PREFIX}/x", secret=b"another secret!!") == "MEDIA_TOKEN_INVALID"


def test_internal_objects_and_whole_stores_have_no_address() -> None:
    """S-65: private stays private even under a token made with the right secret."""
    for prefix in ("internal/x", "internal", "videos"):
        with pytest.raises(SigningError, match="MEDIA_PRIVATE"):
            sign(prefix, SECRET, 100)
    assert code(sign(PREFIX, SECRET, 100), "internal/x") == "MEDIA_PRIVATE"
    with pytest.raises(ObjectStoreError):
        sign("videos/../internal", SECRET, 100)


@given(st.data())
def test_no_changed_token_opens(data: st.DataObject) -> None:
    """S-65: any other character anywhere is refused with a code, never an exception of another kind."""
    token = sign(PREFIX, SECRET, 10**9)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda c: c != token[at]))
    assert code(token[:at] + other + token[at + 1 :], PREFIX).startswith("MEDIA_TOKEN_")


@given(st.text(max_size=80), st.text(max_size=80))
def test_garbage_is_refused(token: str, key: str) -> None:
    """S-65: strangers' text never raises anything but SigningError."""
    assert code(token, key) != ""


def test_relative_names_in_a_playlist_stay_signed() -> None:
    """S-65: the token precedes the key, so a player's relative URLs carry it along."""
    signer = MediaSigner(SECRET, clock=lambda: 1_000.0)
    path = signer.path(f"{PREFIX}/master.m3u8", prefix=PREFIX)
    segment = urljoin(f"http://host{path}", "720p/seg_0001.ts")
    _, media, token, key = urlsplit(segment).path.split("/", 3)
    assert (media, key) == ("media", f"{PREFIX}/720p/seg_0001.ts")
    assert signer.allows(token, key)
    alone = signer.path("assets/a/poster.jpg").split("/", 3)[2]
    assert signer.allows(alone, "assets/a/poster.jpg")
    assert not signer.allows(alone, "assets/a/other.jpg")
    with pytest.raises(ValueError):
        signer.path("assets/a/x", prefix="assets/b")
    with pytest.raises(ValueError):
        MediaSigner(b"short")


def test_addresses_stay_the_same_within_the_hour_and_last_long_enough() -> None:
    """S-65: the same address for an hour, so caches hit; never valid for less than promised."""
    now = [7_200.0]
    signer = MediaSigner(SECRET, expires_s=1_000.0, clock=lambda: now[0])
    token = signer.sign(PREFIX)
    download = signer.sign("exports/film.mp4")
    now[0] += 999
    assert signer.allows(token, PREFIX)
    assert signer.sign("exports/film.mp4") == download
    now[0] = 7_200.0 + 2 * DOWNLOAD_EXPIRES_S
    assert not signer.allows(token, PREFIX)
    assert not signer.allows(download, "exports/film.mp4")
