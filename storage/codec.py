"""msgpack at rest and between replicas: one leading version byte, bounded size and depth.

The invariant: `decode(encode(x)) == x` for every value of the closed set (None, bool, int, float, str, bytes, list,
dict with str keys), and no input of strangers costs more than its own size. Bodies are written here by actors, rooms,
peers and caches, and read back by the same.
"""

from __future__ import annotations

from typing import Any

import msgpack

FORMAT = 0xC1
"""First byte of every blob: 0xC1 is the one byte msgpack never uses, so a raw msgpack value is told apart at once."""

BLOB_BYTES_MAX = 64 * 1024 * 1024
DEPTH_MAX = 32


class CodecError(ValueError):
    """Bytes that are no blob of ours. `code` BAD_BLOB; never retryable."""

    code = "BAD_BLOB"
    retryable = False


def encode(value: Any, *, version: int = 1) -> bytes:
    """FORMAT byte, version byte (1..255), msgpack."""
    if not 1 <= version <= 255:
        raise CodecError(f"version {version} is outside 1..255")
    packed: bytes = msgpack.packb(value, use_bin_type=True)
    return bytes((FORMAT, version)) + packed


def decode(blob: bytes, *, bytes_max: int = BLOB_BYTES_MAX) -> Any:
    return decode_versioned(blob, bytes_max=bytes_max)[1]


def decode_versioned(blob: bytes, *, bytes_max: int = BLOB_BYTES_MAX) -> tuple[int, Any]:
    """(version, value). Raises `CodecError` for anything else than one whole blob within the limits."""
    if len(blob) > bytes_max:
        raise CodecError(f"blob of {len(blob)} bytes is over {bytes_max}")
    if len(blob) < 3 or blob[0] != FORMAT:
        raise CodecError("not a blob: the format byte is missing")
    try:
        value = msgpack.unpackb(blob[2:], raw=False, strict_map_key=True, max_buffer_size=bytes_max)
    except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise CodecError(f"not a blob: {type(error).__name__}") from error
    _check_depth(value, DEPTH_MAX)
    return blob[1], value


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict):
        children: Any = value.values()
    elif isinstance(value, list):
        children = value
    else:
        return
    if left == 0:
        raise CodecError(f"nested deeper than {DEPTH_MAX}")
    for child in children:
        _check_depth(child, left - 1)
