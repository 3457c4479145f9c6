"""Who wrote what stands in a root Map: key → principal, from the document's own structs.

Owns nothing. The invariant: the writer of a value is whoever its client id is bound to (`collab.claims`), never what
the value says of itself; a key whose writer is not known is left out. Bytes come from a room, names go to whoever must
count people, not entries.
"""

from __future__ import annotations

from collections.abc import Mapping

import pycrdt

from collab.coverage import RangeSet
from collab.room import Room
from collab.structs import read_structs
from collab.updates import Id


def writers_of(room: Room, root: str) -> dict[str, str]:
    """Of an open room, as it is committed. Raises `Unreadable`."""
    doc = room.hydrate()
    if not len(doc.get(root, type=pycrdt.Map)):
        return {}
    return writers(doc.get_update(), root, room.document.owners)


def writers(update: bytes, root: str, owners: Mapping[int, str]) -> dict[str, str]:
    """`update`: a whole document. An entry that replaced another names it as its neighbour and not its key."""
    structs, deletes = read_structs(update)
    gone = RangeSet()
    gone.add_all(deletes)
    keys: dict[Id, str] = {}
    waiting = [s for s in structs if s.key is not None and s.root == root]
    replaced: dict[Id, list[Id]] = {}
    for struct in structs:
        if struct.origin is not None:
            replaced.setdefault(struct.origin, []).append((struct.client, struct.clock + struct.length - 1))
    found: dict[str, str] = {}
    todo = [((s.client, s.clock + s.length - 1), s.key) for s in waiting if s.key is not None]
    while todo:
        id, key = todo.pop()
        if id in keys:
            continue
        keys[id] = key
        client, clock = id
        if not gone.covers(client, clock, clock + 1) and client in owners:
            found[key] = owners[client]
        todo += [(each, key) for each in replaced.get(id, ())]
    return found
