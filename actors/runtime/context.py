"""What one turn sees, gathered before its decision: rooms, attempts, peers, time. See `actor.Context`.

The invariant: everything here is committed state, and nothing awaits while an actor looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.runtime.actor import A, Actor, Catalogue
from actors.runtime.ids import Prefix
from collab.map_writers import writers_of
from collab.room import Room
from storage.ledger.protocol import Attempt, View
from storage.ledger.queue_board import NOTHING_KNOWN, Forecast


@dataclass(slots=True)
class TurnContext:
    home: str
    now_ms: int
    principal: str
    key: str
    catalogue: Catalogue
    find: Callable[[str], Actor | None]
    ids: Callable[[Prefix], str]
    rooms: dict[str, Room] = field(default_factory=dict)
    attempts: dict[str, Attempt | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    computed: Any = None
    forecast: Forecast = NOTHING_KNOWN
    rows: list[View] = field(default_factory=list)

    def new_id(self, prefix: Prefix) -> str:
        return self.ids(prefix)

    def peer(self, cls: type[A], id: str) -> A | None:
        actor = self.find(id)
        return actor if isinstance(actor, cls) else None

    def text(self, doc: str, root: str) -> str:
        return self.rooms[doc].text(root)

    def map(self, doc: str, root: str) -> Mapping[str, Any]:
        return self.rooms[doc].map(root)

    def writers(self, doc: str, root: str) -> Mapping[str, str]:
        return writers_of(self.rooms[doc], root)

    def scripts(self) -> Mapping[str, str]:
        return self.texts

    def views(self) -> Sequence[View]:
        return self.rows

    def attempt(self, id: str) -> Attempt | None:
        return self.attempts.get(id)
