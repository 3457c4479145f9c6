"""A part of an update: the structs that are wanted, cut as Yjs itself would cut them.

Owns the one place where update bytes are written anew. Invariant: every wanted clock comes out with the content it came
in with, no other clock comes out, and between two pieces of a client stands a Skip; so what is logged never says a
second time, and perhaps differently, what the log already says. Layout: Yjs 13 `UpdateEncoderV1`, `Item.write` with an
offset, `ContentString.splice`. Input has passed `collab.updates.read_header`; callers: `collab.admission`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from collab.lib0 import varuint
from collab.limits import Limits
from collab.updates import (
    _ANY,
    _DELETED,
    _GC,
    _HAS_LEFT,
    _HAS_PARENT_SUB,
    _HAS_RIGHT,
    _JSON,
    _SKIP,
    _STRING,
    ANY_DEPTH_MAX,
    Range,
    _Walk,
)

UNBOUNDED = dataclasses.replace(Limits(), structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)
"""For bytes that the log holds: each part was within the limits once."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One struct as it stands in the bytes. `right`: where its right origin is, empty if it has none; `content`: where
    its content starts; `values`: where each value of a list content starts, and the end of the last."""

    clock: int
    length: int
    info: int
    start: int
    end: int
    right: tuple[int, int] = (0, 0)
    content: int = 0
    values: tuple[int, ...] = ()


class _Pieces(_Walk):
    __slots__ = ("found",)

    def __init__(self, update: bytes, limits: Limits) -> None:
        super().__init__(update, limits)
        self.found: dict[int, list[_Piece]] = {}

    def _run(self, client: int, clock: int, count: int, runs: list[Range]) -> None:
        reader, pieces = self.reader, self.found.setdefault(client, [])
        for _ in range(count):
            start = reader.at
            info = reader.byte()
            if info in (_SKIP, _GC):
                length = self._length(reader.varuint())
                if info == _GC:
                    pieces.append(_Piece(clock, length, info, start, reader.at))
            else:
                piece = self._piece(info, client, clock, start)
                pieces.append(piece)
                length = piece.length
            clock += length

    def _piece(self, info: int, client: int, clock: int, start: int) -> _Piece:
        reader = self.reader
        if info & _HAS_LEFT:
            self._reference(client, clock)
        right = reader.at
        if info & _HAS_RIGHT:
            self._reference(client, clock)
        right_end = reader.at
        if not info & (_HAS_LEFT | _HAS_RIGHT):
            if reader.varuint() == 1:
                self._string()
            else:
                self._reference(client, clock)
            if info & _HAS_PARENT_SUB:
                self._string()
        content, kind = reader.at, info & 0x1F
        values: list[int] = []
        if kind in (_ANY, _JSON):
            length = reader.varuint()
            for _ in range(length):
                values.append(reader.at)
                if kind == _ANY:
                    self._any(ANY_DEPTH_MAX)
                else:
                    self._json(undefined=True)
            values.append(reader.at)
        else:
            length = self._content(kind)
        return _Piece(clock, length, info, start, reader.at, (right, right_end), content, tuple(values))


def cut(update: bytes, wanted: Sequence[Range], deletes: Sequence[Range], limits: Limits) -> bytes:
    """The structs of `update` in `wanted` (ranges of it, ascending for each client) and this delete set."""
    pieces = _Pieces(update, limits)
    pieces.structs()
    by_client: dict[int, list[Range]] = {}
    for each in wanted:
        by_client.setdefault(each[0], []).append(each)
    blocks = [_block(update, client, pieces.found[client], ranges) for client, ranges in by_client.items()]
    return varuint(len(blocks)) + b"".join(blocks) + delete_set(deletes)


def delete_set(deletes: Sequence[Range]) -> bytes:
    by_client: dict[int, list[Range]] = {}
    for each in deletes:
        by_client.setdefault(each[0], []).append(each)
    parts = [varuint(len(by_client))]
    for client, ranges in by_client.items():
        parts += (varuint(client), varuint(len(ranges)))
        for _, start, end in ranges:
            parts += (varuint(start), varuint(end - start))
    return b"".join(parts)


def _block(update: bytes, client: int, pieces: Sequence[_Piece], ranges: Sequence[Range]) -> bytes:
    out: list[bytes] = []
    first = at = ranges[0][1]
    pieces_left = iter(pieces)
    piece = next(pieces_left)
    for _, start, end in ranges:
        if start > at:
            out.append(bytes((_SKIP,)) + varuint(start - at))
        at = start
        while at < end:
            while piece.clock + piece.length <= at:
                piece = next(pieces_left)
            until = min(end, piece.clock + piece.length)
            out.append(_slice(update, client, piece, at - piece.clock, until - piece.clock))
            at = until
    return varuint(len(out)) + varuint(client) + varuint(first) + b"".join(out)


def _slice(update: bytes, client: int, piece: _Piece, first: int, last: int) -> bytes:
    """Clocks first <= i < last of one struct, counted from its own first."""
    if first == 0 and last == piece.length:
        return update[piece.start : piece.end]
    if piece.info == _GC:
        return bytes((_GC,)) + varuint(last - first)
    content = _content(update, piece, first, last)
    if first == 0:
        return update[piece.start : piece.content] + content
    origin = varuint(client) + varuint(piece.clock + first - 1)
    return bytes((piece.info | _HAS_LEFT,)) + origin + update[piece.right[0] : piece.right[1]] + content


def _content(update: bytes, piece: _Piece, first: int, last: int) -> bytes:
    kind = piece.info & 0x1F
    if kind == _DELETED:
        return varuint(last - first)
    if kind == _STRING:
        length = 0
        at, shift = piece.content, 0
        while True:  # the byte length in front of the text
            length |= (update[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if update[at - 1] < 0x80:
                break
        units = update[at : at + length].decode().encode("utf-16-le")[2 * first : 2 * last]
        text = units.decode("utf-16-le", "replace").encode()  # half a character becomes U+FFFD, as in Yjs
        return varuint(len(text)) + text
    return varuint(last - first) + update[piece.values[first] : piece.values[last]]
