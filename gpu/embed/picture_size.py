"""How large a picture says it is, by its first bytes, before anybody makes room for it.

The invariant: a small file that holds an enormous picture is known as such without being decoded. PNG (RFC 2083, IHDR),
JPEG (ITU-T T.81, the first start of frame), WebP (RFC 9649: VP8, VP8L, VP8X).
"""

from __future__ import annotations

from collections.abc import Callable

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}


def size_of(picture: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels; None: no such picture, or its beginning is damaged."""
    try:
        if picture.startswith(b"\x89PNG\r\n\x1a\n") and picture[12:16] == b"IHDR":
            return _number(picture, 16, 4), _number(picture, 20, 4)
        if picture.startswith(b"\xff\xd8"):
            return _jpeg(picture)
        if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
            return _WEBP[picture[12:16]](picture)
    except (IndexError, KeyError):
        pass
    return None


def _jpeg(picture: bytes) -> tuple[int, int] | None:
    at = 2
    while picture[at] == 0xFF:
        kind = picture[at + 1]
        if kind == 0xFF or kind in _ALONE:
            at += 1 if kind == 0xFF else 2
        elif kind in _FRAMES:
            return _number(picture, at + 7, 2), _number(picture, at + 5, 2)
        else:
            at += 2 + _number(picture, at + 2, 2)
    return None


def _vp8(picture: bytes) -> tuple[int, int]:
    return _little(picture, 26, 2) & 0x3FFF, _little(picture, 28, 2) & 0x3FFF


def _vp8l(picture: bytes) -> tuple[int, int]:
    bits = _little(picture, 21, 4)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _vp8x(picture: bytes) -> tuple[int, int]:
    return _little(picture, 24, 3) + 1, _little(picture, 27, 3) + 1


_WEBP: dict[bytes, Callable[[bytes], tuple[int, int]]] = {b"VP8 ": _vp8, b"VP8L": _vp8l, b"VP8X": _vp8x}


def _bytes(picture: bytes, at: int, count: int) -> bytes:
    if at + count > len(picture):
        raise IndexError(at)
    return picture[at : at + count]


def _number(picture: bytes, at: int, count: int) -> int:
    return int.from_bytes(_bytes(picture, at, count), "big")


def _little(picture: bytes, at: int, count: int) -> int:
    return int.from_bytes(_bytes(picture, at, count), "little")
