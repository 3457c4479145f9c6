"""What an update holds, struct by struct: ids, neighbours, and the text where there is text.

Owns the reading that history needs and admission does not. The invariant is that of `collab.updates`, whose walk this
is: linear in the bytes, lengths in UTF-16 units as Yjs counts clocks. Bytes come from the log, values go to
`collab.history`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from collab.limits import Limits
from collab.updates import _DELETED, _HAS_LEFT, _HAS_PARENT_SUB, _HAS_RIGHT, _STRING, Id, Range, _Walk

LOGGED = dataclasses.replace(Limits(), structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)
"""What the log holds was within its limits once; a snapshot that folds many updates knows none."""


@dataclass(frozen=True, slots=True)
class Struct:
    """One struct. `root`: the root type it names as parent, if it names one; `key`: of the map it is an entry of.

    `text`: its characters; None for anything that is not text, deleted content included.
    """

    client: int
    clock: int
    length: int
    origin: Id | None = None
    right_origin: Id | None = None
    root: str | None = None
    nested: bool = False  # names a parent that is no root
    key: str | None = None
    text: str | None = None


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) >> 1


class _Structs(_Walk):
    __slots__ = ("found",)

    def __init__(self, update: bytes) -> None:
        super().__init__(update, LOGGED)
        self.found: list[Struct] = []

    def _item(self, info: int, client: int, clock: int) -> int:
        reader = self.reader
        origin = (reader.varuint(), reader.varuint()) if info & _HAS_LEFT else None
        right = (reader.varuint(), reader.varuint()) if info & _HAS_RIGHT else None
        root, nested, key = None, False, None
        if origin is None and right is None:
            if reader.varuint() == 1:
                root = reader.var_string()
            else:
                nested = True
                reader.varuint()
                reader.varuint()
            if info & _HAS_PARENT_SUB:
                key = reader.var_string()
        kind = info & 0x1F
        if kind == _STRING:
            text = reader.var_string()
            length = utf16_length(text)
            self.found.append(Struct(client, clock, length, origin, right, root, nested, key, text))
            return length
        length = self._content(kind)
        self.found.append(Struct(client, clock, length, origin, right, root, nested, key))
        if kind == _DELETED:
            self.gone.append((client, clock, clock + length))
        return length


def read_structs(update: bytes) -> tuple[list[Struct], tuple[Range, ...]]:
    """The structs of one committed update in the order they are written, and its delete set. Raises `Malformed`.

    Garbage (structs whose content and place were given up by their sender) comes as a struct of no root.
    """
    walk = _Structs(update)
    walk.structs()
    # Garbage that replaces whole structs has no neighbours; content that was deleted keeps its place (`_item`).
    seen = {(each.client, each.clock) for each in walk.found}
    garbage = [Struct(c, a, b - a, nested=True) for c, a, b in walk.gone if (c, a) not in seen]
    structs = sorted([*walk.found, *garbage], key=lambda s: s.clock) if garbage else walk.found
    return structs, tuple(walk.deletes())
