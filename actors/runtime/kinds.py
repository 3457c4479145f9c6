"""Which actors a project has, which documents exist, and who may do what with them: the house rules, as a port.

The invariant: `actors/runtime` knows no project; what it needs of one it asks here. `actors.kinds` is the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from actors.commands import Envelope
from actors.outbox.protocol import Entry
from actors.runtime.actor import Actor, Catalogue, Draft, Notice
from collab.session import Access

Find = Callable[[str], Actor | None]


class Kinds(Protocol):
    def make(self, home: str, id: str, find: Find) -> Actor:
        """An empty actor for an id. Raises `CommandError` NOT_FOUND."""
        ...

    def always_live(self, home: str) -> frozenset[str]:
        """Actors loaded with the home and never passivated, because others read them."""
        ...

    def actor_ids(self, home: str, find: Find) -> tuple[str, ...]:
        """Everybody there is, live or not."""
        ...

    def last_checkpoint(self, home: str, find: Find) -> tuple[int, int]:
        """Of the newest checkpoint: every row up to which sequence is in it, and the sequence of the event that made
        it; (0, 0): there is none."""
        ...

    def autosave(self, home: str) -> tuple[str, Notice]:
        """Who makes a checkpoint by itself, and what to tell them."""
        ...

    def check(self, envelope: Envelope, catalogue: Catalogue) -> None:
        """Refuse what no state could allow, before anything is claimed. Raises `CommandError`."""
        ...

    def read_upto(self, home: str, find: Find) -> int:
        """Document rows up to this sequence were re-read by everybody `settled` names."""
        ...

    def document_exists(self, home: str, doc: str, find: Find) -> bool: ...
    def access(self, home: str, doc: str, principal: str, find: Find) -> Access | None: ...

    def kept_out(self, home: str, doc: str, find: Find) -> str:
        """What keeps everybody from writing in a document, in words; "": nothing."""
        ...

    def shown_as(self, home: str, principal: str, find: Find) -> str:
        """The name a principal goes by here; empty: the project knows none."""
        ...

    def permit(self, envelope: Envelope, find: Find) -> None:
        """Refuse a command its sender may not give. Raises `CommandError` FORBIDDEN."""
        ...

    def owes(self, home: str, events: Iterable[Draft], first_seq: int, now_ms: int, find: Find) -> list[Entry]:
        """What these events, about to be committed, owe to the outside."""
        ...

    def stands(self, entry: Entry, find: Find) -> str | None:
        """What is wrong with an entry's target; "": nothing, None: there is no such target any more."""
        ...

    def gone(self, entry: Entry, why: str) -> tuple[str, Notice] | None:
        """Who is told that a target is gone for good."""
        ...

    def noted(self, doc: str) -> Iterable[tuple[str, Notice]]:
        """Who counts in notes that changed and are quiet now."""
        ...

    def settled(self, home: str, scenes: tuple[str, ...], outline: bool, upto: int) -> Iterable[tuple[str, Notice]]:
        """Who re-reads documents that changed and are quiet now."""
        ...
