"""Edits by the server: a peer like any other, computed on a private copy.

Owns the copy and the server's client id. Invariants: nothing computed here is visible before its append committed; a
client id whose edit did not commit is never used again (its clocks may exist elsewhere or nowhere). Callers:
`Room.edit`, `Room.prepare_edit`; updates go through the log like everybody's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pycrdt

from collab.ports import Entry
from collab.updates import Header

EditFn = Callable[[pycrdt.Doc[Any]], None]
"""Changes the document it is given, synchronously. Runs inside one transaction."""


def fresh_client_id() -> int:
    """A Yjs client id: 32 random bits, as Yjs itself draws them; never 0."""
    return secrets.randbelow((1 << 32) - 1) + 1


@dataclass(frozen=True, slots=True)
class PreparedEdit:
    """A computed, uncommitted server edit. Commit `entry`, then call `Room.committed`; else `Room.abandon`."""

    entry: Entry
    header: Header


class Scratch:
    """A private Y.Doc that holds what was committed up to `mark` and, for a moment, one edit more.

    One for one principal: a client id never speaks for two.
    """

    def __init__(self, load: Callable[[pycrdt.Doc[Any]], None], mark: int, principal: str) -> None:
        self.client_id, self.mark, self.principal = fresh_client_id(), mark, principal
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=self.client_id)
        load(self.doc)

    def run(self, edit: EditFn) -> bytes | None:
        """The update `edit` makes, as one transaction; None if it changed nothing. What `edit` raises goes through."""
        updates: list[bytes] = []
        subscription = self.doc.observe(lambda event: updates.append(event.update))
        try:
            with self.doc.transaction():
                edit(self.doc)
        finally:
            self.doc.unobserve(subscription)
        if not updates:
            return None
        return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)
