"""What an actor is: a fold of its events, and a decision per message. No I/O, no time, no awaits.

The invariant: `apply` is the only thing that changes an actor, and it sees committed facts alone; so
`fold(events) == live state` always holds. `decide` reads (its own state, peers, rooms, attempts through `Context`)
and answers a `Decision`, which the runtime commits as one append, or raises `CommandError`, which changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from actors.commands import Command, Envelope
from actors.runtime.edits import Edit
from actors.runtime.ids import Prefix
from actors.views import Body
from gpu.video.router import Router
from storage.ledger.protocol import Attempt, NewAttempt, View
from storage.ledger.queue_board import Forecast


@dataclass(frozen=True, slots=True)
class Fact:
    """A committed event of an actor's stream, decoded."""

    type: str
    data: Mapping[str, Any]
    seq: int
    at_ms: int
    source: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An event about to be committed. `source`: the part that says so, "": whoever gave the command."""

    type: str
    data: Mapping[str, Any]
    scene: str | None = None
    version: int = 1
    source: str = ""
    confidence: float | None = None  # 0..1 of what is a conclusion; None: a fact


@dataclass(frozen=True, slots=True)
class ViewDraft:
    """A projection to write; `body=None` deletes it. A body's `revision` is stamped with the append's sequence."""

    kind: str
    id: str
    parent: str
    order_key: str
    body: Body | None


@dataclass(frozen=True, slots=True)
class Notice:
    """An internal message of the runtime or of a peer actor: no reply, no idempotency key, droppable on a crash.

    Whoever sends one must be able to find out again, on activation, that it is due.
    """


@dataclass(frozen=True, slots=True)
class Started(Notice):
    """The home was just opened here: look for whatever a crash left undone."""


@dataclass(frozen=True, slots=True)
class AttemptsChanged(Notice):
    """Attempt rows of this scene may have moved."""


@dataclass(frozen=True, slots=True)
class ScriptSettled(Notice):
    """Scripts changed and were quiet for a moment; `upto`: every commit up to it is in the rooms."""

    scenes: tuple[str, ...]
    upto: int


@dataclass(frozen=True, slots=True)
class NotesSettled(Notice):
    """The notes of this scene changed."""


@dataclass(frozen=True, slots=True)
class TimeCame(Notice):
    """The moment this actor waited for (`due_at_ms`) is past."""


@dataclass(frozen=True, slots=True)
class OutlineSettled(Notice):
    """The outline document changed."""


@dataclass(frozen=True, slots=True)
class ProjectChanged(Notice):
    """The project's own facts changed (name order, cast, places)."""


Message = Command | Notice

Beside = Callable[[], Any]
"""Heavy, pure work that touches nothing live: run beside the loop."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """View rows of this home: the one by `id`, or the first `limit` of a kind by their order."""

    kind: str
    id: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """A project's committed state for a checkpoint, see `actors.runtime.checkpoints`.

    `actors`: stream → {id, seq, version, state}; `known`: work for a thread that tells what actors know beside their
    folds; `documents`: name → (sequence, SHA-256 in hex) of the newest snapshot this owner met; `scene`: where people
    wrote last.
    """

    seq: int
    actors: Mapping[str, Mapping[str, Any]]
    known: tuple[Callable[[], Mapping[str, Any]], ...]
    documents: Mapping[str, tuple[int, str]]
    scene: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be at hand before `decide`: rooms hydrated, attempts read."""

    docs: tuple[str, ...] = ()  # read only
    edits: tuple[str, ...] = ()  # may be edited: no other turn edits them until this one has committed
    attempts: tuple[str, ...] = ()
    scripts: bool = False  # every scene's text as its projection has it
    task: tuple[str, str] | None = None  # (document, name): shown as a peer of it while this turn works, see `Tasks`
    gather: Callable[[Gathered], Any] | None = None  # as `compute`, of the whole project's committed state
    compute: Beside | None = None  # its result is `ctx.computed`
    views: tuple[Wanted, ...] = ()  # rows read, as `ctx.views()`
    forecast: bool = False  # a look at the queue, a second old at most, as `ctx.forecast`
    beside: Callable[[Context], Beside] | None = None  # as `compute`, made of what was gathered

    @property
    def long(self) -> bool:
        """Whether a turn may work for long before its append: then a command is recorded first (`runtime.inbox`)."""
        return self.compute is not None or self.task is not None or self.gather is not None


@dataclass(slots=True)
class Decision:
    """All a turn changes; commits whole or not at all. Without events nothing is committed."""

    events: list[Draft] = field(default_factory=list)
    views: list[ViewDraft] = field(default_factory=list)
    attempts: list[NewAttempt] = field(default_factory=list)
    cancel_attempts: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    notices: list[tuple[str, Notice]] = field(default_factory=list)  # (actor id, notice), sent after the commit
    presence: dict[str, Any] = field(default_factory=dict)  # weather of the `live` room; never stored
    owes: list[Envelope] = field(default_factory=list)  # commands recorded in this append: see `runtime.inbox`


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a studio offers: brains that ship, by id with their version, and the default; who renders films."""

    brains: Mapping[str, str]
    brain_default: str
    pick_within_s: int = 24 * 3600  # how long a board waits for people where a request does not say
    video: Router = field(default_factory=Router)
    films_shared: bool = False  # between the projects of the installation; else each keeps to its own
    project_grace_ms: int = 72 * 3_600_000  # how long a deleted project may be restored
    facts_by: tuple[str, ...] = ()  # models that read facts in scenes, in order; (): the rules alone do
    talks_by: tuple[str, ...] = ()  # models that may answer a line of a table read, in order; (): film grammar does
    words_by: str = ""  # whose worker scenes are written by, if it takes them in time; "": anybody's


class Context(Protocol):
    """What a turn may see besides its own state. Valid during `decide` only."""

    @property
    def now_ms(self) -> int:
        """Database time, Unix milliseconds (estimated from the last heartbeat)."""
        ...

    @property
    def home(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def catalogue(self) -> Catalogue: ...
    def new_id(self, prefix: Prefix) -> str: ...

    def peer(self, cls: type[A], id: str) -> A | None:
        """Committed state of another actor of this home that is active now. Read only."""
        ...

    def text(self, doc: str, root: str) -> str: ...
    def map(self, doc: str, root: str) -> Mapping[str, Any]: ...
    def writers(self, doc: str, root: str) -> Mapping[str, str]:
        """Of a root Map: key → the principal who wrote what stands there."""
        ...

    def attempt(self, id: str) -> Attempt | None: ...
    def scripts(self) -> Mapping[str, str]: ...
    def views(self) -> Sequence[View]: ...

    @property
    def computed(self) -> Any: ...
    @property
    def forecast(self) -> Forecast: ...


class Actor(ABC):
    """Base of the three kinds. `stream` names its rows inside the home."""

    kind: ClassVar[str]
    snapshot_version: ClassVar[int] = 1

    def __init__(self, home: str, id: str) -> None:
        self.home, self.id = home, id
        self.seq = 0  # of the last fact applied

    @property
    def stream(self) -> str:
        return f"@{self.kind}"

    def fold(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self.apply(fact)
            self.seq = fact.seq

    def needs(self, message: Message) -> Needs:
        return Needs()

    @abstractmethod
    def apply(self, fact: Fact) -> None: ...

    @abstractmethod
    def decide(self, message: Message, ctx: Context) -> Decision:
        """Raises `CommandError`."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """The fold as a plain dict, for a snapshot; `load` takes it back."""

    @abstractmethod
    def load(self, data: Mapping[str, Any]) -> None: ...

    def known(self) -> Callable[[], Mapping[str, Any]] | None:
        """What it knows beside its fold, as work for a thread on values that change no more; None: nothing."""
        return None

    def open_attempts(self) -> tuple[str, ...]:
        """Attempt rows this actor waits for; while there are any it is not passivated."""
        return ()

    def unfinished(self) -> Notice | None:
        """What this actor would go on with by itself: told again if it sits idle, since a fault may have lost it."""
        return None

    def due_at_ms(self) -> int | None:
        """When it wants to be told that `TimeCame` (Unix milliseconds); till then it stays in memory."""
        return None

    def waits_to_be_left(self) -> Notice | None:
        """What it is told once nobody has been in its scene for the grace; till then it stays in memory."""
        return None


A = TypeVar("A", bound=Actor)
