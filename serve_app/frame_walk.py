"""Where WebSocket frames begin and end in what a read brought in, and the payload of those that need no parser.

Owns the place of one connection in its stream of frames. Almost every frame of a document socket is one whole, masked,
unfragmented binary message; for those the protocol library's parser (a generator per frame, an object per frame, a
queue) costs ten times the work of the bytes. This walk hands such payloads out directly and everything else (control
frames, fragments, text, faults, frames over `WHOLE_BYTES_MAX`) to the library, byte for byte. Invariant: the library
sees whole frames only, in order, so its state is that of a connection on which the others never came. Layout of a
frame: RFC 6455 section 5.2. Used by `serve_app.seam`.
"""

from __future__ import annotations

from collections.abc import Iterator

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled module
    from websockets.utils import apply_mask

WHOLE_BYTES_MAX = 16 * 1024
"""A larger frame is passed on in pieces as it comes: what is kept here is copied at every read of a slow sender."""

_BINARY_FINAL = 0x82
_MASKED = 0x80

Step = tuple[bool, bytes]
"""(True, the payload of a plain binary message) or (False, bytes for the library)."""


class FrameWalk:
    """`feed` in order everything that came after the handshake."""

    __slots__ = ("_foreign", "_held", "fragmented")

    def __init__(self) -> None:
        self._held = b""  # a frame that has not come whole yet, less than WHOLE_BYTES_MAX + a header
        self._foreign = 0  # bytes still to come of a frame that goes to the library
        self.fragmented = False  # inside a fragmented message every frame is the library's

    def feed(self, data: bytes) -> Iterator[Step]:
        """The caller takes one step at a time and may stop for good after any."""
        if self._held:
            data, self._held = self._held + data, b""
        at, end = 0, len(data)
        while at < end:
            if self._foreign:
                stop = min(end, at + self._foreign)
                self._foreign -= stop - at
                yield False, data[at:stop]
                at = stop
                continue
            header = _header(data, at)
            if header is None:
                self._held = data[at:]
                return
            start, length = header
            stop = start + length
            plain = data[at] == _BINARY_FINAL and data[at + 1] & _MASKED and not self.fragmented
            if plain and length <= WHOLE_BYTES_MAX:
                if stop > end:
                    self._held = data[at:]
                    return
                yield True, apply_mask(data[start:stop], data[start - 4 : start])
                at = stop
                continue
            self._note_fragments(data[at])
            self._foreign = stop - at

    def _note_fragments(self, first: int) -> None:
        """A message goes on until a data frame with FIN; control frames may come between (section 5.4)."""
        if first & 0x0F < 0x08:
            self.fragmented = not first & 0x80


def _header(data: bytes, at: int) -> tuple[int, int] | None:
    """(where the payload starts, its length); None while the header has not come whole."""
    left = len(data) - at
    if left < 2:
        return None
    second = data[at + 1]
    length = second & 0x7F
    mask_bytes = 4 if second & _MASKED else 0
    extra = 0 if length < 126 else 2 if length == 126 else 8
    if left < 2 + extra + mask_bytes:
        return None
    if extra:
        length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
    return at + 2 + extra + mask_bytes, length
