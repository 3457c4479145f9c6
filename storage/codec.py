"""msgpack at rest and between replicas: one leading version byte, bounded size and depth.

The invariant: `decode(encode(x)) == x` for every value of the closed set (None, bool, int of 64 bits, float, str,
bytes, list, dict with str keys; a tuple comes back as a list), what cannot be read back is not written, and no input of
strangers costs more than a small multiple of its own size. Bodies are written here by actors, rooms, peers and caches,
and read back by the same.
"""

from __future__ import annotations

from typing import Any

import msgpack

from storage.codec_scan import overclaims

FORMAT = 0xC1
"""First byte of every blob: 0xC1 is the one byte msgpack never uses, so a raw msgpack value is told apart at once."""

BLOB_BYTES_MAX = 64 * 1024 * 1024
DEPTH_MAX = 32

_LEAVES = (str, bytes, int, float, bool, type(None))


class CodecError(ValueError):
    """Bytes that are no blob of ours, or a value that cannot be one. `code` BAD_BLOB; never retryable."""

    code = "BAD_BLOB"
    retryable = False


def encode(value: Any, *, version: int = 1) -> bytes:
    """FORMAT byte, version byte (1..255), msgpack. Raises `CodecError` for a value outside the closed set."""
    if not 1 <= version <= 255:
        raise CodecError(f"version {version} is outside 1..255")
    _check(value, DEPTH_MAX)
    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise CodecError(f"no blob can hold this: {type(error).__name__}") from error
    if len(packed) + 2 > BLOB_BYTES_MAX:
        raise CodecError(f"blob of {len(packed) + 2} bytes is over {BLOB_BYTES_MAX}")
    return bytes((FORMAT, version)) + packed


def decode(blob: bytes, *, bytes_max: int = BLOB_BYTES_MAX) -> Any:
    """The value; see `decode_versioned`."""
    return decode_versioned(blob, bytes_max=bytes_max)[1]


def decode_versioned(blob: bytes, *, bytes_max: int = BLOB_BYTES_MAX) -> tuple[int, Any]:
    """(version, value). Raises `CodecError` for anything else than one whole blob within the limits."""
    if len(blob) > bytes_max:
        raise CodecError(f"blob of {len(blob)} bytes is over {bytes_max}")
    if len(blob) < 3 or blob[0] != FORMAT or blob[1] == 0:
        raise CodecError("not a blob: the format or version byte is missing")
    if overclaims(blob, 2):
        raise CodecError("not a blob: it promises more than it brings")
    try:
        value = msgpack.unpackb(memoryview(blob)[2:], raw=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError(f"not a blob: {type(error).__name__}") from error
    _check(value, DEPTH_MAX)
    return blob[1], value


def _check(value: Any, left: int) -> None:
    """Depth, key types and leaf types."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise CodecError("a key is not text")
        children: Any = value.values()
    elif isinstance(value, list | tuple) and not isinstance(value, msgpack.ExtType):
        children = value
    elif isinstance(value, _LEAVES):
        return
    else:
        raise CodecError(f"{type(value).__name__} is outside the closed set")
    if left == 0:
        raise CodecError(f"nested deeper than {DEPTH_MAX}")
    for child in children:
        _check(child, left - 1)
