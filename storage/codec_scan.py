"""Whether a msgpack value claims more than it brings, found without building it.

The C unpacker makes a list as long as an array header says before it has read one element, so nested headers cost
(depth x length) memory for a few bytes. The invariant: a blob that passes has, at every header, at least one byte left
for every element promised so far. Looks only at headers; strings and binaries are skipped whole.
"""

from __future__ import annotations

import re

_LONG_CONTAINER = re.compile(rb"[\xdc-\xdf]")
_FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FIXED_EXT = {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
_SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_SIZED_EXT = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_CONTAINER = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def overclaims(blob: bytes, start: int) -> bool:
    """True if the value at `start` promises more elements than the bytes that follow could hold.

    Without a 16- or 32-bit container header a byte promises at most 30 elements, and the blob passes unread.
    """
    if _LONG_CONTAINER.search(blob, start) is None:
        return False
    at, promised, end = start, 1, len(blob)
    while promised and at < end:
        promised -= 1
        length, elements = _value(blob, at)
        at += length
        promised += elements
        if promised > max(end - at, 0):
            return True
    return False


def _value(blob: bytes, at: int) -> tuple[int, int]:
    """(bytes of the header and of a leaf's content, elements that follow)."""
    head = blob[at]
    if head < 0x80 or head >= 0xE0:
        return 1, 0
    if head < 0x90:
        return 1, 2 * (head & 0x0F)
    if head < 0xA0:
        return 1, head & 0x0F
    if head < 0xC0:
        return 1 + (head & 0x1F), 0
    if head in _CONTAINER:
        width, each = _CONTAINER[head]
        return 1 + width, each * int.from_bytes(blob[at + 1 : at + 1 + width], "big")
    if head in _SIZED:
        width = _SIZED[head]
        return 1 + width + int.from_bytes(blob[at + 1 : at + 1 + width], "big"), 0
    if head in _SIZED_EXT:
        width = _SIZED_EXT[head]
        return 2 + width + int.from_bytes(blob[at + 1 : at + 1 + width], "big"), 0
    return 1 + _FIXED.get(head, 0) + _FIXED_EXT.get(head, 0), 0
