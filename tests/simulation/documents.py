"""A client's copy of a document, behaving as Yjs does in a browser, on top of the library we have in Python.

Owns the difference: Yrs may leave a complete update waiting for a dependency that has come (seeds 189 and 534, golden
files `collab-yrs-leaves-*.json`), shows what stands behind a gap (`collab.placing`), and leaves out of its own encoding
what still waits; Yjs does none of it (but seldom, beside a gap that stays open, 13.6.33 leaves a complete struct
waiting until it is loaded anew: not copied here). Invariant: the copy shows all that is complete in what it was given,
and hands on all of it; `tests/interop/test_yjs_shows.py` holds it against Yjs. Used by the clients of a world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pycrdt

from collab import wire
from collab.coverage import Coverage
from collab.limits import Limits
from collab.placing import placeable
from collab.updates import Header, read_header
from collab.wire import read_state_vector

EMPTY = b"\x00\x00"
UNBOUNDED = Limits(structs_per_update_max=1 << 53, delete_ranges_per_update_max=1 << 53)


def header(update: bytes) -> Header:
    return read_header(update, UNBOUNDED)


class Copy:
    """`on_edit` gets the update of each own edit. `given`: what it holds, complete or not."""

    def __init__(self, client_id: int, on_edit: Callable[[bytes], None], merged: bytes = EMPTY) -> None:
        self._on_edit = on_edit
        self.given = Coverage()
        self.merged = EMPTY
        self._become(client_id)
        if merged != EMPTY:
            self.take(merged)

    def _become(self, client_id: int) -> None:
        self.id = client_id
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.text = self.doc.get("script", type=pycrdt.Text)
        self.map = self.doc.get("params", type=pycrdt.Map)
        self._taking = False
        self._placed: bytes | None = None
        self._observer = self.doc.observe(self._changed)

    def change_id(self, client_id: int) -> None:
        """As Yjs does when it meets its own id from elsewhere."""
        self._become(client_id)
        self._apply(placeable(self.merged))

    def _changed(self, event: pycrdt.TransactionEvent) -> None:
        if self._taking:
            self._placed = event.update
            return
        update = event.update
        self._hold(update)
        self._on_edit(update)

    def _hold(self, update: bytes) -> None:
        self.given.add(header(update))
        self.merged = update if self.merged == EMPTY else pycrdt.merge_updates(self.merged, update)

    def take(self, update: bytes) -> None:
        """What the server sent."""
        self._hold(update)
        gapped = self.given.structs.gapped()
        if not any(client in gapped for client, _, _ in header(update).structs):
            self._apply(update)
            if self.clocks() == self.given.structs.clocks():
                return
        self.change_id(self.id)

    def read(self, kept: bytes) -> bytes | None:
        """Take what a browser kept, and say what a provider sends of it: Yjs tells its observers what was put in its
        place, and nothing of words that wait behind a gap. None: nothing was."""
        self._placed = None
        self.take(kept)
        return self._placed

    def _apply(self, update: bytes) -> None:
        self._taking = True
        self.doc.apply_update(update)
        self._taking = False

    def clocks(self) -> dict[int, int]:
        """Its state vector: what it shows, not what waits."""
        found = read_state_vector(self.doc.get_state(), UNBOUNDED)
        return {client: clock for client, clock in found.items() if clock}

    def lacking(self, clocks: dict[int, int]) -> bytes:
        """What a peer with this state vector lacks; and all deletions it shows, also those that no update said: of what
        somebody overwrote."""
        said = pycrdt.get_update(self.merged, wire.state_vector(clocks))
        follows = self.doc.get_update(self.doc.get_state())
        return pycrdt.merge_updates(said, follows) if header(follows).deletes else said

    def content(self) -> tuple[str, dict[str, Any]]:
        return str(self.text), self.map.to_py() or {}


def copy_of(updates: list[bytes]) -> Copy:
    """A copy that was given all of these at once."""
    copy = Copy(1, lambda _update: None)
    if updates:
        copy.take(pycrdt.merge_updates(*updates))
    return copy


def content_of(updates: list[bytes]) -> tuple[str, dict[str, Any]]:
    return copy_of(updates).content()
