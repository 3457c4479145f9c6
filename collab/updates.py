"""The header reader of Yjs v1 updates: which structs and deletions an update carries, without a document.

Owns the walk over untrusted update bytes. Invariant: the walk is linear in the bytes given (every declared count is
paid for by bytes that are there), and what it lets through no stock Yjs client chokes on: subdocuments, unknown
contents, bad JSON, empty ranges and references into a struct's own future are refused here, before any other decoder
sees them. Layout: Yjs 13 `UpdateEncoderV1` (src/utils/encoding.js, src/structs). Callers: `collab.document`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collab.close_codes import Malformed, TooLarge
from collab.lib0 import Reader
from collab.limits import Limits

Range = tuple[int, int, int]
"""(client id, first clock, clock after the last)."""

CLOCK_MAX = (1 << 31) - 1
Id = tuple[int, int]
"""(client id, clock)."""

ANY_DEPTH_MAX = 32

_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_HAS_LEFT, _HAS_RIGHT, _HAS_PARENT_SUB = 0x80, 0x40, 0x20
_TYPES_WITH_NAME = (3, 5)  # XML element and hook
_TYPE_REF_MAX = 6


@dataclass(frozen=True, slots=True)
class Header:
    """`structs`: runs of consecutive clocks, skips left out. `deletes`: the delete set as it is written.

    `types`: ids of structs that can have children. `gone`: structs without content (garbage or deleted). `parents`:
    ids named as parents and not found among `types`. `needs`: the highest clock that is named of each other client.
    """

    structs: tuple[Range, ...]
    deletes: tuple[Range, ...]
    types: frozenset[Id] = frozenset()
    gone: tuple[Range, ...] = ()
    parents: frozenset[Id] = frozenset()
    needs: Mapping[int, int] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not self.structs and not self.deletes


class _Walk:
    """One walk over one update."""

    __slots__ = ("gone", "left", "limits", "needs", "parents", "reader", "types")

    def __init__(self, update: bytes, limits: Limits) -> None:
        self.reader, self.limits, self.left = Reader(update), limits, limits.structs_per_update_max
        self.types, self.parents, self.gone = set[Id](), set[Id](), list[Range]()
        self.needs: dict[int, int] = {}

    def structs(self) -> list[Range]:
        reader, runs, seen = self.reader, list[Range](), set[int]()
        for _ in range(reader.varuint()):
            count, client, clock = reader.varuint(), reader.varuint(), reader.varuint()
            if client in seen:
                raise Malformed("client listed twice")
            seen.add(client)
            if count == 0:
                raise Malformed("client without structs")
            self.left -= count
            if self.left < 0:
                raise TooLarge("structs_per_update_max")
            self._run(client, clock, count, runs)
        return runs

    def _run(self, client: int, clock: int, count: int, runs: list[Range]) -> None:
        reader, start = self.reader, clock
        for _ in range(count):
            info = reader.byte()
            if info == _SKIP:
                if clock > start:
                    runs.append((client, start, clock))
                clock += self._length(reader.varuint())
                start = clock
            elif info == _GC:
                length = self._length(reader.varuint())
                self.gone.append((client, clock, clock + length))
                clock += length
            else:
                clock += self._item(info, client, clock)
            if clock > CLOCK_MAX:
                raise Malformed("clock too large")
        if clock > start:
            runs.append((client, start, clock))

    @staticmethod
    def _length(length: int) -> int:
        if length < 1:
            raise Malformed("empty range")
        return length

    def _item(self, info: int, client: int, clock: int) -> int:
        reader = self.reader
        if info & _HAS_LEFT:
            self._reference(client, clock)
        if info & _HAS_RIGHT:
            self._reference(client, clock)
        if not info & (_HAS_LEFT | _HAS_RIGHT):
            parent = reader.varuint()
            if parent == 1:
                self._string()
            elif parent == 0:
                self.parents.add(self._reference(client, clock))
            else:
                raise Malformed("unknown parent kind")
            if info & _HAS_PARENT_SUB:
                self._string()
        kind = info & 0x1F
        length = self._content(kind)
        if kind == _TYPE:
            self.types.add((client, clock))
        elif kind == _DELETED:
            self.gone.append((client, clock, clock + length))
        return length

    def _reference(self, client: int, clock: int) -> Id:
        reader = self.reader
        found = (reader.varuint(), reader.varuint())
        if found[0] != client:
            if found[1] > self.needs.get(found[0], -1):
                self.needs[found[0]] = found[1]
        elif found[1] >= clock:
            raise Malformed("struct refers to its own future")
        return found

    def _string(self) -> int:
        """Skip a string; its length in UTF-16 units, as Yjs counts it."""
        raw = self.reader.var_bytes()
        if raw.isascii():
            return len(raw)
        try:
            return len(raw.decode().encode("utf-16-le")) >> 1
        except UnicodeDecodeError:
            raise Malformed("string is not UTF-8") from None

    def _json(self, *, undefined: bool) -> None:
        text = self.reader.var_string()
        if undefined and text == "undefined":
            return
        try:
            json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Malformed("content is not JSON") from None

    def _content(self, kind: int) -> int:
        reader = self.reader
        if kind == _STRING:
            return self._length(self._string())
        if kind == _DELETED:
            return self._length(reader.varuint())
        if kind == _ANY:
            return self._many(lambda: self._any(ANY_DEPTH_MAX))
        if kind == _FORMAT:
            self._string()
            self._json(undefined=True)
        elif kind == _TYPE:
            self._type()
        elif kind == _BINARY:
            reader.skip(reader.varuint())
        elif kind == _EMBED:
            self._json(undefined=False)
        elif kind == _JSON:
            return self._many(lambda: self._json(undefined=True))
        elif kind == _DOC:
            raise Malformed("subdocuments are not accepted")
        else:
            raise Malformed("unknown content")
        return 1

    def _many(self, read: Callable[[], None]) -> int:
        count = self._length(self.reader.varuint())
        if count > self.reader.end - self.reader.at:
            raise Malformed("more values than bytes")
        for _ in range(count):
            read()
        return count

    def _type(self) -> None:
        ref = self.reader.varuint()
        if ref > _TYPE_REF_MAX:
            raise Malformed("unknown type")
        if ref in _TYPES_WITH_NAME:
            self._string()

    def _any(self, depth: int) -> None:
        reader = self.reader
        kind = reader.byte()
        if kind == 119:
            self._string()
        elif kind == 125:
            self._varint()
        elif kind in (123, 122):
            reader.skip(8)
        elif kind == 124:
            reader.skip(4)
        elif kind == 116:
            reader.skip(reader.varuint())
        elif kind in (117, 118):
            if depth == 0:
                raise Malformed("value nested too deep")
            for _ in range(reader.varuint()):
                if kind == 118:
                    self._string()
                self._any(depth - 1)
        elif kind not in (120, 121, 126, 127):
            raise Malformed("unknown value")

    def _varint(self) -> None:
        """A signed lib0 integer: sign and six bits, then seven bits a byte, at most 53 bits."""
        reader = self.reader
        for _ in range(8):
            if reader.byte() < 0x80:
                return
        raise Malformed("integer too large")

    def deletes(self) -> list[Range]:
        reader, ranges = self.reader, list[Range]()
        left = self.limits.delete_ranges_per_update_max
        for _ in range(reader.varuint()):
            client, count = reader.varuint(), reader.varuint()
            left -= count
            if left < 0:
                raise TooLarge("delete_ranges_per_update_max")
            for _ in range(count):
                start = reader.varuint()
                end = start + self._length(reader.varuint())
                if end > CLOCK_MAX:
                    raise Malformed("clock too large")
                ranges.append((client, start, end))
        return ranges


def _no_constant(name: str) -> object:
    raise ValueError(name)


def read_header(update: bytes, limits: Limits) -> Header:
    """Structs and deletions of one v1 update. Raises `Malformed`, `TooLarge`."""
    walk = _Walk(update, limits)
    structs, deletes = tuple(walk.structs()), tuple(walk.deletes())
    walk.reader.expect_end()
    parents = frozenset(walk.parents - walk.types)
    return Header(structs, deletes, frozenset(walk.types), tuple(walk.gone), parents, walk.needs)
