"""A frame in the datagram that rings for it: what it is made of, and when it may be taken instead of the file.

Pure. The invariants: a frame is taken only if it follows what was heard of its topic, so a lost datagram leaves nothing
out; only who could read the listener's word in the bus file can make one that is believed, and all that it could do is
wake somebody.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

WORD = "#"
"""A listener's word stands among its topics, behind this sign; a sender older than words passes it over."""

WORD_BYTES = 16
FRAME_BYTES_MAX = 8 * 1024
"""Of a frame in a datagram. Longer ones ring empty: the file has them."""

_HEAD = struct.Struct(f">{2 * WORD_BYTES}sQQB")


def new_word() -> str:
    return WORD + secrets.token_hex(WORD_BYTES)


@dataclass(frozen=True, slots=True)
class Ring:
    """Frame `num` of a topic whose frame before it was `before`."""

    topic: str
    before: int
    num: int
    frame: bytes

    def packed(self, words: Iterable[str]) -> bytes:
        """For a listener that put down these words; empty where it has none of its own."""
        word = next((each for each in words if each.startswith(WORD)), "")
        if len(word) != len(WORD) + 2 * WORD_BYTES or len(self.frame) > FRAME_BYTES_MAX:
            return b""
        topic = self.topic.encode()
        return _HEAD.pack(word[len(WORD) :].encode(), self.before, self.num, len(topic)) + topic + self.frame


def unpacked(data: bytes, word: str) -> Ring | None:
    """None for an empty ring, and for one by whoever does not know our word."""
    if len(data) < _HEAD.size:
        return None
    said, before, num, length = _HEAD.unpack_from(data)
    if not hmac.compare_digest(said, word[len(WORD) :].encode()):
        return None
    at = _HEAD.size + length
    return Ring(data[_HEAD.size : at].decode("ascii", "replace"), before, num, data[at:])


@dataclass(slots=True)
class Heard:
    """Topic → the newest frame of it that was heard."""

    _newest: dict[str, int] = field(default_factory=dict)

    def begin(self, topics: Iterable[str], num: int) -> None:
        """Everything up to it is told or known to be missed."""
        self._newest = dict.fromkeys(topics, num)

    def note(self, topic: str, num: int) -> None:
        self._newest[topic] = num

    def newer(self, topic: str, num: int) -> bool:
        return num > self._newest.get(topic, 0)

    def follows(self, ring: Ring) -> bool:
        """Nothing of its topic lies between what was heard and it."""
        newest = self._newest.get(ring.topic)
        return newest is not None and ring.before <= newest < ring.num
