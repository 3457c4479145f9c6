"""A ledger in this process's memory: the same contract, nothing durable.

Owns every row of its homes while the process lives. Used by tests and simulations, which inject the clock and faults
(`fail_next`, `hold`, `delay`). The invariant is the protocol's: an append applies whole, or not at all, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from storage.graphs.calls import Call
from storage.graphs.rows import GRAPH_EDGE, GRAPH_NODE, edge_of, node_of
from storage.graphs.view import GraphView
from storage.ledger.archive import ARCHIVE, TRIM_ROWS, Chunk
from storage.ledger.clock import machine_clocks
from storage.ledger.errors import Conflict, Draining, Fenced, Unavailable
from storage.ledger.memory_attempts import MemoryAttempts
from storage.ledger.places import Queue
from storage.ledger.protocol import (
    Append,
    Attempt,
    AttemptState,
    Claim,
    Committed,
    Ended,
    Event,
    HostRow,
    Kind,
    NewEvent,
    Owner,
    Snapshot,
    StoredResponse,
    View,
    Want,
)
from storage.ledger.purging import KEPT, PURGE_ROWS
from storage.ledger.rules import check_append, check_free, ownership_event, want_stands


@dataclass(slots=True)
class _Home:
    epoch: int = 0
    owner: tuple[str, str] | None = None  # host id, incarnation
    claimed_at_ms: int = 0
    wanted_by: tuple[str, str] | None = None
    wanted_at_ms: int = 0
    events: list[Event] = field(default_factory=list)
    trimmed: int = 0  # rows that left for the archive

    @property
    def seq(self) -> int:
        return self.trimmed + len(self.events)

    def between(self, after: int, upto: int | None) -> list[Event]:
        """Rows still here with after < seq <= upto."""
        return self.events[max(after - self.trimmed, 0) : None if upto is None else max(upto - self.trimmed, 0)]


class MemoryLedger:
    """See `storage.ledger.protocol.Ledger`. Several simulated hosts share one instance."""

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        self._clock = clock or machine_clocks().wall_ms
        self._homes: dict[str, _Home] = {}
        self._hosts: dict[tuple[str, str], HostRow] = {}
        self._snapshots: dict[tuple[str, str], list[Snapshot]] = {}
        self._views: dict[tuple[str, str], View] = {}
        self._responses: dict[tuple[str, str, str], StoredResponse] = {}
        self._attempts = MemoryAttempts(self._clock)
        self._token = 0
        self._order = asyncio.Lock()
        self._gate = asyncio.Event()
        self._gate.set()
        self._failures: list[str] = []
        self.delay: Callable[[Append], Awaitable[None]] | None = None

    # fault hooks
    def fail_next(self, reason: str = "injected fault", times: int = 1) -> None:
        """The next `times` appends raise `Unavailable(reason)` and store nothing."""
        self._failures.extend([reason] * times)

    def hold(self) -> None:
        """Appends wait, in order, until `let_go`."""
        self._gate.clear()

    def let_go(self) -> None:
        self._gate.set()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def now_ms(self) -> int:
        return self._clock()

    # hosts and ownership
    async def heartbeat(self, host: HostRow, ttl_ms: int) -> HostRow:
        row = replace(host, expires_at_ms=self._clock() + ttl_ms, asked=())
        self._hosts[host.id, host.incarnation] = row
        self._token += 1
        return replace(row, asked=tuple(self._asked_of((host.id, host.incarnation))))

    def _asked_of(self, host: tuple[str, str]) -> Iterator[Want]:
        for home, state in self._homes.items():
            wanting = self._wanted_by(state)
            if wanting is not None and (
                state.wanted_by == host if state.owner is None else state.owner == host != state.wanted_by
            ):
                yield Want(home, wanting, state.wanted_at_ms)

    def _wanted_by(self, state: _Home) -> HostRow | None:
        """Whose want stands, or for whom the home is kept."""
        row = None if state.wanted_by is None else self._hosts.get(state.wanted_by)
        if row is None or not self._live(row) or row.draining:
            return None
        return row if want_stands(state.owner is not None, state.wanted_at_ms, self._clock()) else None

    async def retire(self, host_id: str, incarnation: str) -> None:
        row = self._hosts.get((host_id, incarnation))
        if row is not None:
            self._hosts[host_id, incarnation] = replace(row, expires_at_ms=min(row.expires_at_ms, self._clock()))
        self._token += 1

    async def hosts(self) -> list[HostRow]:
        return sorted(
            (row for row in self._hosts.values() if self._live(row)), key=lambda row: (row.id, row.incarnation)
        )

    def _live(self, row: HostRow | None) -> bool:
        return row is not None and row.expires_at_ms > self._clock()

    async def claim(self, home: str, host: HostRow, *, depose: str | None = None) -> Claim:
        me = (host.id, host.incarnation)
        if (row := self._hosts.get(me)) is not None and row.draining:
            raise Draining(home, host.id)
        state, now = self._homes.setdefault(home, _Home()), self._clock()
        check_free(self._owner_of(home, state), host, depose)
        state.epoch, state.owner, state.claimed_at_ms, state.wanted_by = state.epoch + 1, me, now, None
        self._put_rows(home, state, (ownership_event(host),), now)
        self._token += 1
        return Claim(home, state.epoch, state.seq, now)

    async def release(self, claim: Claim, host: HostRow, *, to: HostRow | None = None) -> None:
        state = self._homes.get(claim.home)
        if state and state.epoch == claim.epoch and state.owner == (host.id, host.incarnation):
            heir = to or self._wanted_by(state)
            state.wanted_by = None if heir is None else (heir.id, heir.incarnation)
            state.owner, state.wanted_at_ms = None, self._clock()
            self._token += 1

    async def want(self, home: str, host: HostRow, *, epoch: int) -> bool:
        state, me = self._homes.get(home), (host.id, host.incarnation)
        row = self._hosts.get(me)
        if state is None or state.epoch != epoch or row is None or not self._live(row) or row.draining:
            return False
        if state.owner in (None, me) or not self._owner_of(home, state).live:
            return False
        if state.wanted_by != me and self._wanted_by(state) is not None:
            return False
        state.wanted_by, state.wanted_at_ms = me, self._clock()
        self._token += 1
        return True

    async def owner(self, home: str) -> Owner | None:
        state = self._homes.get(home)
        return None if state is None else self._owner_of(home, state)

    def _owner_of(self, home: str, state: _Home) -> Owner:
        row = None if state.owner is None else self._hosts.get(state.owner)
        wanted_by = self._wanted_by(state)
        return Owner(home, state.epoch, state.seq, row, self._live(row), wanted_by, state.claimed_at_ms)

    # the log
    async def append(self, append: Append) -> Committed:
        check_append(append)
        async with self._order:
            await self._gate.wait()
            if self.delay is not None:
                await self.delay(append)
            if self._failures:
                raise Unavailable(self._failures.pop(0))
            committed = self._commit(append)
        await asyncio.sleep(0)
        return committed

    def _commit(self, append: Append) -> Committed:
        state = self._homes.get(append.home, _Home())
        if state.owner is None or (state.epoch, state.seq) != (append.epoch, append.expected_seq):
            raise Fenced(append.home, append.epoch, append.expected_seq, state.epoch, state.seq)
        self._attempts.check_new(append)
        answer = append.response
        if answer is not None and (append.home, answer.principal, answer.key) in self._responses:
            raise Conflict(append.home, "response")
        now = self._clock()
        self._put_rows(append.home, state, append.events, now)
        self._put_views(append, state.seq)
        self._attempts.apply(append, now)
        if answer is not None:
            self._responses[append.home, answer.principal, answer.key] = replace(answer, seq=state.seq)
        self._token += 1
        return Committed(append.expected_seq + 1, state.seq, now)

    def _put_rows(self, home: str, state: _Home, events: Sequence[NewEvent], now: int) -> None:
        for new in events:
            state.events.append(
                Event(
                    home, state.seq + 1, state.epoch, now, new.doc, Kind(new.kind), new.type, new.body, new.scene,
                    new.turn, new.version, new.source, new.confidence, new.narrative_ts,
                )
            )  # fmt: skip

    def _put_views(self, append: Append, seq: int) -> None:
        for view in append.views:
            if view.body is None:
                self._views.pop((view.kind, view.id), None)
            else:
                self._views[view.kind, view.id] = replace(view, seq=seq)

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
        rows = self._homes.get(home, _Home()).between(after, upto)
        picked = [e for e in rows if (doc is None or e.doc == doc) and (kinds is None or e.kind in kinds)]
        return picked[: max(limit, 0)]

    async def read_back(self, home: str, *, before: int | None, scene: str | None, limit: int) -> list[Event]:
        rows = self._homes.get(home, _Home()).between(0, None if before is None else before - 1)
        return [e for e in reversed(rows) if scene is None or e.scene == scene][: max(limit, 0)]

    async def archive_list(self, home: str, *, after: tuple[str, str] | None, limit: int) -> list[View]:
        """See `storage.ledger.archive.Trims`."""
        return await self.views(ARCHIVE, home=home, after=after, limit=limit)

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = TRIM_ROWS) -> int:
        """See `storage.ledger.archive.Trims`."""
        state = self._homes.get(chunk.home, _Home())
        if state.owner is None or state.epoch != epoch:
            raise Fenced(chunk.home, epoch, state.seq, state.epoch, state.seq)
        if (ARCHIVE, chunk.id) not in self._views:
            raise Conflict(chunk.home, "archive")
        gone = state.between(chunk.first - 1, chunk.last)[:limit]
        if gone and gone[0].seq != state.trimmed + 1:
            raise Conflict(chunk.home, "archive")
        del state.events[: len(gone)]
        state.trimmed += len(gone)
        self._token += bool(gone)
        return len(gone)

    async def purge(self, home: str, *, epoch: int, before: int, limit: int = PURGE_ROWS) -> int:
        state = self._homes.get(home, _Home())
        if state.owner is None or state.epoch != epoch:
            raise Fenced(home, epoch, state.seq, state.epoch, state.seq)
        gone = state.between(0, before - 1)[:limit]
        if gone:
            del state.events[: len(gone)]
            state.trimmed += len(gone)
            return len(gone)
        snapshots = [key for key in self._snapshots if key[0] == home][:limit]
        for key in snapshots:
            del self._snapshots[key]
        answers = [key for key in self._responses if key[0] == home][: 0 if snapshots else limit]
        for answer in answers:
            del self._responses[answer]
        if snapshots or answers:
            return len(snapshots) + len(answers)
        if attempts := self._attempts.forget(home, limit):
            return attempts
        views = [at for at, row in self._views.items() if row.home == home and row.kind not in KEPT][:limit]
        for view in views:
            del self._views[view]
        return len(views)

    async def head(self, home: str) -> int:
        return self._homes.get(home, _Home()).seq

    async def put_snapshot(self, snapshot: Snapshot, *, epoch: int) -> bool:
        state = self._homes.get(snapshot.home, _Home())
        kept = self._snapshots.setdefault((snapshot.home, snapshot.doc), [])
        if state.owner is None or state.epoch != epoch or snapshot.seq > state.seq:
            return False
        if kept and kept[-1].seq >= snapshot.seq:
            return False
        kept.append(snapshot)
        del kept[:-2]
        self._token += 1
        return True

    async def snapshot(self, home: str, doc: str, *, before: int | None = None) -> Snapshot | None:
        kept = self._snapshots.get((home, doc), [])
        return next((s for s in reversed(kept) if before is None or s.seq < before), None)

    async def response(self, home: str, principal: str, key: str) -> StoredResponse | None:
        return self._responses.get((home, principal, key))

    # projections
    def saw(self, home: str, seq: int) -> None:
        """Every read sees every commit already."""

    async def view(self, kind: str, id: str) -> View | None:
        return self._views.get((kind, id))

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
        rows = sorted(self._matching(kind, home, parent), key=lambda v: (v.order_key, v.id), reverse=newest_first)
        if after is not None:
            rows = [v for v in rows if ((v.order_key, v.id) < after if newest_first else (v.order_key, v.id) > after)]
        return rows[: max(limit, 0)]

    async def graph(self, home: str, call: Call) -> list[Any]:
        """Built anew for every call: this ledger holds tests, not people."""
        graph = GraphView()
        for row in self._matching(GRAPH_NODE, home, None):
            graph.put(node_of(row.body or b""))
        for row in self._matching(GRAPH_EDGE, home, None):
            graph.put(edge_of(row.body or b""))
        return graph.ask(call)

    async def count_views(self, kind: str, *, home: str | None = None, parent: str | None = None) -> int:
        return len(self._matching(kind, home, parent))

    def _matching(self, kind: str, home: str | None, parent: str | None) -> list[View]:
        return [
            v
            for v in self._views.values()
            if v.kind == kind and (home is None or v.home == home) and (parent is None or v.parent == parent)
        ]

    async def change_token(self) -> int:
        return self._token

    # attempts
    async def claim_attempt(
        self, worker: str, steps: Sequence[str], *, offers: Sequence[str] = (), loaded: str = ""
    ) -> Attempt | None:
        claimed = self._attempts.claim(worker, steps, offers, loaded)
        self._token += claimed is not None
        return claimed

    async def release_attempt(self, id: str, worker: str) -> bool:
        self._token += 1
        return self._attempts.release(id, worker)

    async def beat_attempt(
        self, id: str, worker: str, *, progress: float, message: str, result: bytes | None = None
    ) -> bool:
        self._token += 1
        return self._attempts.beat(id, worker, progress, message, result)

    async def finish_attempt(
        self, id: str, worker: str, state: AttemptState, *, result: bytes | None, error: bytes | None
    ) -> bool:
        self._token += 1
        return self._attempts.finish(id, worker, state, result, error) is not None

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
        also = self._attempts.finish(id, worker, state, result, error)
        after = await self.claim_attempt(worker, steps, offers=offers, loaded=loaded)
        return Ended(also is not None, after, also or ())

    async def handed(self, worker: str) -> Attempt | None:
        return self._attempts.held_by(worker)

    async def queue(self) -> Queue:
        return self._attempts.queue()

    async def prune_shares(self) -> int:
        return self._attempts.prune_shares()

    async def attempt(self, id: str) -> Attempt | None:
        return self._attempts.get(id)

    async def attempts(self, home: str, *, job: str | None = None, open_only: bool = False) -> list[Attempt]:
        return self._attempts.of_home(home, job, open_only)
