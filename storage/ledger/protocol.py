"""The ledger's contract: what an append is, who may make one, and what can be read back.

Owns the vocabulary every implementation shares; holds no I/O. The one invariant: *an append commits only if the home's
head still carries the writer's epoch and the sequence the writer expects*; so there is one writer, and sequences are
gapless. Rows come from owners (actors, rooms) and go to readers (activation, history, projections).
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage.graphs.calls import Call
from storage.ledger.places import Queue
from storage.ledger.purging import PURGE_ROWS


class Kind(enum.IntEnum):
    """What a row is. Values are stored: never renumber."""

    OWNERSHIP = 0  # first event of every new owner
    EVENT = 1  # a domain event of an actor
    UPDATES = 2  # a framed list of CRDT updates (one room flush)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A row to append. `body` is opaque to storage (versioned msgpack by its writer)."""

    doc: str  # stream inside the home: "@project", "@scene:scn_…", or a CRDT document name
    kind: Kind
    type: str
    body: bytes
    scene: str | None = None
    turn: int = 0
    version: int = 1  # schema version of body
    source: str = ""  # principal or part that caused it
    confidence: float | None = None
    narrative_ts: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A committed row. `at_ms` is database wall time (Unix milliseconds)."""

    home: str
    seq: int
    epoch: int
    at_ms: int
    doc: str
    kind: Kind
    type: str
    body: bytes
    scene: str | None
    turn: int
    version: int
    source: str
    confidence: float | None
    narrative_ts: int


@dataclass(frozen=True, slots=True)
class View:
    """A projection row, written in the append's own transaction. `body=None` deletes it."""

    kind: str  # "project", "scene", "job", …
    id: str
    home: str
    parent: str  # "" for top level
    order_key: str  # sorts siblings (then id)
    body: bytes | None
    seq: int = 0  # sequence of the append that wrote it; filled by the ledger


class AttemptState(enum.StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """One try of one step of a job, committed by the owner before any worker is woken."""

    id: str  # att_…
    home: str
    scene: str
    job: str
    step: str
    number: int  # 1, 2, … per (job, step); unique
    request: bytes
    timeout_ms: int  # from claim to deadline
    priority: int = 0
    user: str = ""  # the principal who asked: whose share of the queue it takes
    needs: str = ""  # what a claimer must offer; "": anyone with the step
    affinity: str = ""  # what its worker has loaded, preferably
    not_before_ms: int = 0  # database time before which nobody may claim it
    pool: str = ""  # the queue it waits in: attempts of one pool compete for the same workers
    weight: int = 100  # percent of an ordinary share
    hand_to: str = ""  # a worker that asked for more: claimed for it in this append, if it holds nothing by then
    flight: str = ""  # attempts of one flight ask for the same thing: it is done once, see `claim_attempt`


@dataclass(frozen=True, slots=True)
class Attempt:
    id: str
    home: str
    scene: str
    job: str
    step: str
    number: int
    state: AttemptState
    request: bytes
    timeout_ms: int
    priority: int
    created_at_ms: int
    deadline_at_ms: int | None
    worker: str | None
    heartbeat_at_ms: int | None
    progress: float  # 0..1
    message: str
    cancel_requested: bool
    result: bytes | None  # partial while claimed, final when done
    error: bytes | None
    version: int  # grows with every change of the row
    user: str = ""
    needs: str = ""
    affinity: str = ""
    not_before_ms: int = 0
    pool: str = ""
    weight: int = 100
    claims: int = 0  # how often it was claimed; after the first, because a worker died with it
    charge_ms: int = 0  # of service, as it was estimated when it was claimed
    flight: str = ""

    @property
    def flown_with(self) -> str:
        """The job that was worked on in its place; "": its own."""
        return self.message.removeprefix(FLOWN) if self.message.startswith(FLOWN) else ""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an end. `counted`: the claim had not been lost; `next`: what the worker was given with it; `also`:
    attempts of its flight that ended with it, whose owners have to be told."""

    counted: bool
    next: Attempt | None = None
    also: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The answer kept for an idempotency key, replayed to a retry of the same request."""

    principal: str
    key: str
    request_hash: bytes
    body: bytes
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Append:
    """One fenced append: rows, projections, attempts and the stored answer commit together or not at all.

    `events` may be empty (a projection refresh): the head is checked and stays. Every view and attempt names the
    append's own home; anything else is a `ValueError` before it is queued.
    """

    home: str
    epoch: int
    expected_seq: int  # the head's sequence before this append
    events: tuple[NewEvent, ...]
    views: tuple[View, ...] = ()
    attempts: tuple[NewAttempt, ...] = ()
    cancel_attempts: tuple[str, ...] = ()  # ids whose cancel_requested becomes true; open ones become cancelled at once
    response: StoredResponse | None = None

    def size_bytes(self) -> int:
        return sum(len(e.body) + 64 for e in self.events) + sum(len(v.body or b"") + 64 for v in self.views)


@dataclass(frozen=True, slots=True)
class Committed:
    first_seq: int
    last_seq: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fold of one document's rows up to and including `seq`."""

    home: str
    doc: str
    seq: int
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class HostRow:
    """One live process that may own homes. `incarnation` is new at every start.

    `draining`: on its way out; it claims nothing new. `asked`: filled by `heartbeat` alone.
    """

    id: str
    incarnation: str
    pid: int
    peer: str  # "ip:port" of its peer port
    expires_at_ms: int = 0
    draining: bool = False
    asked: tuple[Want, ...] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """`host` would like to own the home; it is live and not draining, or the want is void."""

    home: str
    host: HostRow
    since_ms: int  # when it was last asked for


@dataclass(frozen=True, slots=True)
class Claim:
    home: str
    epoch: int
    seq: int  # head sequence after the ownership event
    at_ms: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Owner:
    home: str
    epoch: int
    seq: int
    host: HostRow | None  # None: released or the host row is gone
    live: bool  # host row not expired (database time)
    wanted_by: HostRow | None = None  # whose want stands; of a home nobody owns: who it is kept for
    claimed_at_ms: int = field(default=0, compare=False)


class Ledger(Protocol):
    """Durable truth. Every method may raise `Unavailable`. All times are database milliseconds."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def now_ms(self) -> int: ...

    # hosts and ownership
    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        """Insert or renew the row of this (id, incarnation), `draining` included; returns it with `expires_at_ms` and
        with what is `asked` of the host, read in the same transaction: standing wants of others for homes it owns,
        and homes nobody owns that are kept for it (`Want.host` is the host itself: claim them)."""
        ...

    async def retire(self, host_id: str, incarnation: str) -> None:
        """Expire the host row now (clean shutdown)."""
        ...

    async def hosts(self) -> list[HostRow]:
        """The live ones (not expired), by id; draining ones are live."""
        ...

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Claim:
        """Become owner: epoch + 1, and the ownership event is the first row of that epoch.

        Raises `Owned` while another live host holds it, unless that host's incarnation is `depose` (its peer port
        was found refusing), and while a home that was given back is kept for another live host (`Owned` names that
        one; it can be deposed too). Raises `Draining` for a host whose row says so. A host that already owns it gets
        a new epoch too. Standing wants end with the epoch they were addressed to.
        """
        ...

    async def release(self, claim: Claim, host: HostRow, *, to: HostRow | None = None) -> None:
        """Give the home back if still ours; never raises `Fenced`. Later appends of that epoch are fenced.

        It is kept `KEPT_MS` for `to` (by default: for whoever's want stands): until then nobody else may claim it,
        unless that host dies or drains.
        """
        ...

    async def want(self, home: str, host: HostRow, *, epoch: int) -> bool:
        """Ask the live owner of `epoch` for the home, or renew what was asked; it hears of it with its next heartbeat.

        A want takes nothing: the owner gives the home back when it sees fit, or the want is void after `WANT_MS`, with
        the epoch, or when its host dies or drains. False, and nothing is written: the want of another host stands,
        `host` is not live, drains or owns it, or the epoch has passed (look again, and claim).
        """
        ...

    async def owner(self, home: str) -> Owner | None: ...

    # the log
    def append(self, append: Append) -> Awaitable[Committed]:
        """Commit all of it or nothing. Appends submitted in order by one task are committed in that order and may
        share one transaction with others (group commit); one that is fenced does not harm its neighbours.

        Never raises by itself: a refusal comes out of what is awaited. A future has been queued when it is returned, a
        coroutine is queued before its first await (`asyncio.ensure_future` takes both, in order); append k+1 may be
        submitted (with `expected_seq` advanced) before k is committed, and is `Fenced` if k fails. Cancelling the
        caller does not take a queued append back.

        Raises `Fenced`, `Conflict`, `Unavailable` (also when the bounded queue is full).
        """
        ...

    async def read(
        self,
        home: str,
        *,
        doc: str | None = None,
        after: int = 0,
        upto: int | None = None,
        kinds: Sequence[Kind] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        """Rows with after < seq <= upto in sequence order, at most `limit`."""
        ...

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]:
        """Newest first, seq < before (None: from the head), of one scene or (None) all: what history pages through."""
        ...

    async def head(self, home: str) -> int:
        """Sequence of the last committed row; 0 for an unknown home."""
        ...

    async def put_snapshot(self, snapshot: Snapshot, *, epoch: int) -> bool:
        """Store if `epoch` still owns the home and it is newer than what is kept (the previous one is kept too).

        False also for a snapshot ahead of the head: memory never leads the ledger.
        """
        ...

    async def snapshot(self, home: str, doc: str, *, before: int | None = None) -> Snapshot | None:
        """The newest kept, or the newest with seq < before (the previous one, should the newest not decode)."""
        ...

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None: ...

    async def purge(self, home: str, *, epoch: int, before: int, limit: int = PURGE_ROWS) -> int:
        """Erase a deleted home, up to `limit` rows of one kind: its log with seq < `before`, lowest first, then its
        snapshots, answers, attempts, and projections but those of `storage.ledger.purging.KEPT`. How many went; 0:
        nothing is left. Raises `Fenced` unless `epoch` owns the home."""
        ...

    # projections
    def saw(self, home: str, seq: int) -> None:
        """Somebody was told of this sequence: views read here from now on include it, also where replicas answer."""
        ...

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
    ) -> list[View]:
        """Page by (order_key, id), strictly after the given pair (before it, when `newest_first`)."""
        ...

    async def graph(self, home: str, call: Call) -> list[Any]:
        """What the graph of a home answers: rows of the call's kind, see `storage.graphs.calls`."""
        ...

    async def count_views(self, kind: str, *, home: str | None = None, parent: str | None = None) -> int: ...

    async def change_token(self) -> int:
        """A cheap number that changes whenever any process commits (SQLite: data_version)."""
        ...

    # attempts (workers use these; owners create attempts by append)
    async def claim_attempt(
        self, worker: str, steps: Sequence[str], *, offers: Sequence[str] = (), loaded: str = ""
    ) -> Attempt | None:
        """Compare-and-set the attempt whose turn it is (`storage.ledger.fairness`) to `claimed`, with its deadline.

        Only one that needs nothing or one of `offers`, whose `not_before_ms` has passed, and whose affinity is what
        is `loaded`, unless it has waited `AFFINITY_WAIT_MS` for such a worker.

        A claimed attempt whose heartbeat is older than `ATTEMPT_STALE_MS` or whose deadline has passed can be claimed
        anew by another worker (same attempt id, partial result kept, the old worker's later writes are refused). So a
        worker's name is new at every start. One that was claimed `CLAIMS_MAX` times already is ended instead and
        returned as it is then, `FAILED` with the error `WORKER_LOST`: tell its owner, do not run it. Nothing to claim
        costs one read and no write.

        Of a flight one attempt is worked on at a time: an open one waits while another of it is claimed, or is older.
        When one is done all of it is done, with its result; when it fails or is cancelled, the next may be claimed.
        """
        ...

    async def release_attempt(self, id: str, worker: str) -> bool:
        """Give a claim back unfinished (the worker stops): open again at once, partial result kept, the claim not
        counted; cancelled, if that was asked for. False: the claim was lost."""
        ...

    async def beat_attempt(
        self, id: str, worker: str, *, progress: float, message: str, result: bytes | None = None
    ) -> bool:
        """Renew the claim. Returns whether to stop now: cancel requested, or the claim is lost."""
        ...

    async def finish_attempt(
        self, id: str, worker: str, state: AttemptState, *, result: bytes | None, error: bytes | None
    ) -> bool:
        """Compare-and-set claimed → final (`ValueError` for another state). False: the claim was lost; the caller's
        result does not count."""
        ...

    async def finish_and_claim(
        self,
        id: str,
        worker: str,
        state: AttemptState,
        *,
        result: bytes | None,
        error: bytes | None,
        steps: Sequence[str],
        offers: Sequence[str] = (),
        loaded: str = "",
    ) -> Ended:
        """`finish_attempt`, then `claim_attempt`, as one commit. A claim within a flight may be a second commit."""
        ...

    async def handed(self, worker: str) -> Attempt | None:
        """What this worker holds: an append handed it over, or the answer to its own claim was lost. Reads only.

        For workers that hold one attempt at a time. Whoever never looks is taken for dead like any other.
        """
        ...

    async def queue(self) -> Queue:
        """All that waits or runs, oldest first, at most `QUEUE_ROWS_MAX`, and what steps have taken lately."""
        ...

    async def prune_shares(self) -> int:
        """Forget shares of the queue that say nothing any more; how many. At most equals change places."""
        ...

    async def attempt(self, id: str) -> Attempt | None: ...

    async def attempts(self, home: str, *, job: str | None = None, open_only: bool = False) -> list[Attempt]:
        """By creation, oldest first; `open_only` means not final: open or claimed."""
        ...


ATTEMPT_STALE_MS = 5_000
"""A worker that has not beaten for this long is taken for dead. Lower: a long GC pause loses work; higher: a crashed
worker delays its job by as much. Workers beat every 500 ms."""

CLAIMS_MAX = 3
"""Workers an attempt may take with it before it fails. Lower: a node that was taken away fails jobs; higher: an attempt
that kills whoever runs it stops the work of everybody for as many restarts."""

WORKER_LOST = "WORKER_LOST"
"""Code of an attempt that ended so. Not retryable by itself: a person may try again."""

AFFINITY_WAIT_MS = 3_000
"""How long an attempt waits for a worker that has its model loaded. Longer than loading takes: waiting costs more than
it saves; shorter: workers swap models that another has."""

FLOWN = "@flown with "
"""Begins the message of an attempt that ended with another of its flight; the job of that one follows."""

WANT_MS = 15_000
"""A want that was not renewed for this long is void. Shorter than a person's retries: an owner never hears of it;
longer: homes move for reasons that have passed."""

KEPT_MS = 5_000
"""How long a home that was given back is kept for the host it is meant for. Shorter: whoever is told to come again, and
comes to another host first, takes it there; longer: a host that does not take it blocks it."""

FINAL_STATES = frozenset((AttemptState.DONE, AttemptState.FAILED, AttemptState.CANCELLED))
OWNERSHIP_DOC = "@home"
OWNERSHIP_TYPE = "home.claimed"
"""Doc and type of the ownership event; its body is `storage.codec` of {host, incarnation, peer}."""

__all__ = [
    "AFFINITY_WAIT_MS",
    "ATTEMPT_STALE_MS",
    "CLAIMS_MAX",
    "FINAL_STATES",
    "FLOWN",
    "KEPT_MS",
    "OWNERSHIP_DOC",
    "OWNERSHIP_TYPE",
    "WANT_MS",
    "WORKER_LOST",
    "Append",
    "Attempt",
    "AttemptState",
    "Claim",
    "Committed",
    "Ended",
    "Event",
    "HostRow",
    "Kind",
    "Ledger",
    "NewAttempt",
    "NewEvent",
    "Owner",
    "Snapshot",
    "StoredResponse",
    "View",
    "Want",
]
