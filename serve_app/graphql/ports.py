"""What the partner API needs from outside: reading projections, sending commands, fresher text, signed media.

No I/O here. The invariant: a resolver touches the world through these alone, so the whole surface runs in a test on
the in-memory ledger. `serve_app.app` implements them over the ledger, the peer port and the object store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.commands import Answer, Envelope
from storage.graphs.calls import Call
from storage.ledger.places import Queue
from storage.ledger.protocol import Attempt, Event, Kind, Owner, StoredResponse, View


class Reader(Protocol):
    """The reading half of `storage.ledger.protocol.Ledger`; every method may raise its `Unavailable`."""

    async def view(self, kind: str, id: str) -> View | None: ...

    async def views(
        self,
        kind: str,
        *,
        home: str | None = None,
        parent: str | None = None,
        after: tuple[str, str] | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[View]: ...

    async def graph(self, home: str, call: Call) -> list[Any]: ...
    async def count_views(self, kind: str, *, home: str | None = None, parent: str | None = None) -> int: ...

    async def read(
        self,
        home: str,
        *,
        doc: str | None = None,
        after: int = 0,
        upto: int | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 1000,
    ) -> list[Event]: ...

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]: ...
    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None: ...
    async def head(self, home: str) -> int: ...
    async def owner(self, home: str) -> Owner | None: ...
    async def change_token(self) -> int: ...
    async def queue(self) -> Queue: ...
    async def attempt(self, id: str) -> Attempt | None: ...
    async def attempts(self, home: str, *, job: str | None = None, open_only: bool = False) -> list[Attempt]: ...


class Commands(Protocol):
    """The way to the owner of a home."""

    async def send(self, envelope: Envelope) -> Answer:
        """Returns once the command's append is committed; a retry with the same key gets the stored answer.

        Raises `actors.commands.CommandError` for a refusal by the actor, and errors with `code` and `retryable` when
        the owner or the ledger cannot be reached (OWNER_UNREACHABLE, LEDGER_UNAVAILABLE).
        """
        ...


class SceneText(Protocol):
    """Text fresher than the projection (which may lag by two seconds)."""

    async def read(self, home: str, scene_id: str) -> str | None:
        """The script as the owner has it now; None when no owner holds it live (then the projection is current)."""
        ...

    async def carets(self, home: str, scene_id: str) -> list[Any]:
        """People's carets in it: [anchor, head] of each, as their editors say it (anything may stand there)."""
        ...


AskOwner = Callable[[str, str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""(project, operation of the peer port, body) -> answer. Raises as `Commands.send` does."""

SignMedia = Callable[[str], str]
"""Object key -> URL path `/media/{token}/{key}`. The token covers the key's folder, so relative HLS URIs resolve."""


@dataclass(frozen=True, slots=True)
class BrainCard:
    """A director's brain as lists show it. `palette`: CSS colours, "#rrggbb"."""

    id: str
    name: str
    specialty: str
    palette: tuple[str, ...]
    version: int = 1
    sha256: str = ""
    definition: Mapping[str, Any] = field(default_factory=dict)  # the form of a shipped file
