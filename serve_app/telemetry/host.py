"""The numbers of one StoryHost, and whether it is ready.

Owns the counters of lifecycle events and the reading of everything else. The invariant: nothing is sampled on the way
of an edit; sockets, rooms, queues and tails are counted when a scrape asks. Labels come from closed sets. A part of its
own (the bus, checkpoints) adds its numbers with `also`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from actors.runtime.lifecycle import (
    Claimed,
    HandedOver,
    Lifecycle,
    Lost,
    Released,
    Relieved,
    SelfFenced,
    SnapshotBad,
    Stalled,
    Turned,
)
from collab.join_gate import JoinGate
from serve_app.memory import rss_bytes
from serve_app.telemetry.families import Family, counter, gauge, histogram
from serve_app.telemetry.loop_lag import LoopLag
from storage.bus.protocol import Bus, BusState

Also = Callable[[], Iterable[Family]]
BEAT_MISSED = 2 / 3
"""Part of the lease's life without a beat after which the ledger counts as not writable: beats come every third."""

RELIEVED = ("documents", "frames", "rooms")
LOST = ("fenced", "lease", "other")


class HostMeters:
    """`sockets`, `draining`: of the host this belongs to."""

    def __init__(
        self, *, lease_ttl_ms: int, sockets: Callable[[], int], draining: Callable[[], bool], joins: JoinGate
    ) -> None:
        self._ttl_ms, self._sockets, self._draining, self._joins = lease_ttl_ms, sockets, draining, joins
        self.lag = LoopLag()
        self._claims = self._released = self._given = self._fences = self._stalls = self._bad_snapshots = 0
        self._lost: Counter[str] = Counter()
        self._turns: Counter[str] = Counter()
        self._relieved: Counter[str] = Counter()
        self._also: list[Also] = []

    def also(self, families: Also) -> None:
        """Numbers of another part: called at each scrape."""
        self._also.append(families)

    def listen(self, event: Lifecycle) -> None:
        match event:
            case Turned():
                self._turns["refused" if event.code else "committed" if event.rows else "empty"] += 1
            case Claimed():
                self._claims += 1
            case Released():
                self._released += 1
            case Lost():
                self._lost[_why(event.reason)] += 1
            case Stalled():
                self._stalls += 1
            case SelfFenced():
                self._fences += 1
            case HandedOver():
                self._given += 1
            case SnapshotBad():
                self._bad_snapshots += 1
            case Relieved():
                self._relieved[event.what if event.what in RELIEVED else "other"] += event.count

    # readiness
    def ready(self, runtime: StoryRuntime | None) -> dict[str, bool]:
        """What this replica can do now. The row of the host is a write to the ledger, so its age says both."""
        age_ms = None if runtime is None else self._age_ms(runtime)
        return {
            "ledger": age_ms is not None and age_ms < self._ttl_ms * BEAT_MISSED,
            "lease": runtime is not None and runtime.lease.holds(),
            "schema": runtime is not None,  # the ledger opens at today's schema or not at all
            "not_draining": not self._draining(),
        }

    def _age_ms(self, runtime: StoryRuntime) -> int:
        """Since the database took the last beat."""
        return max(0, self._ttl_ms - (runtime.lease.row.expires_at_ms - runtime.lease.now_ms()))

    # numbers
    def families(self, runtime: StoryRuntime | None) -> list[Family]:
        ready = gauge("ready", "1: this host can do what the label says.")
        for part, holds in self.ready(runtime).items():
            ready.add(holds, part=part)
        found = [ready, gauge("memory_bytes", "Resident memory of the host.", rss_bytes()), *self._loop()]
        if runtime is not None:
            found += [*self._ownership(runtime), *self._work(runtime), *_queues(runtime), *_documents(runtime.homes)]
        for each in self._also:
            found += each()
        return found

    def _loop(self) -> Iterator[Family]:
        yield gauge("sockets", "Open WebSockets.", self._sockets())
        yield gauge("joins_waiting", "Joiners of large documents that wait their turn.", self._joins.waiting)
        yield gauge("join_bytes_in_flight", "Bytes sent to joiners and not taken yet.", self._joins.bytes_in_flight)
        yield histogram("loop_lag_seconds", "How late the event loop came to a timer.", self.lag.kept)

    def _ownership(self, runtime: StoryRuntime) -> Iterator[Family]:
        yield gauge("lease_age_seconds", "Since the ledger took the last heartbeat.", self._age_ms(runtime) / 1000)
        yield gauge("homes", "Projects owned.", len(runtime.homes))
        yield counter("claims_total", "Projects claimed.", self._claims)
        yield counter("releases_total", "Projects given back in order.", self._released)
        yield counter("hand_overs_total", "Of these, given to the host that asked for them.", self._given)
        lost = counter("losses_total", "Projects lost: fenced by another owner, with the lease, or otherwise.")
        for why in LOST:
            lost.add(self._lost[why], reason=why)
        yield lost
        yield counter("self_fences_total", "Times all projects were dropped because the lease ran out.", self._fences)

    def _work(self, runtime: StoryRuntime) -> Iterator[Family]:
        turns = counter("turns_total", "Turns of actors.")
        for outcome in ("committed", "empty", "refused"):
            turns.add(self._turns[outcome], outcome=outcome)
        yield turns
        yield counter("stalls_total", "Appends that failed and held a project's others.", self._stalls)
        yield counter("snapshot_fallbacks_total", "Bad snapshots that were not used.", self._bad_snapshots)
        yield histogram("commit_seconds", "From the submission of an append to its commit.", runtime.commit_s)
        relieved = counter("relieved_total", "What was let go of because memory was short.")
        for what in RELIEVED:
            relieved.add(self._relieved[what], what=what)
        yield relieved


def bus_families(bus: Bus) -> Iterator[Family]:
    """Wake-ups between processes: whether they pass, and what became of them."""
    yield gauge("bus_live", "1: wake-ups pass; 0: everybody polls.", bus.state is BusState.LIVE)
    found = counter("bus_total", "Wake-ups since the start, by what became of them.")
    for what, count in asdict(bus.counts).items():
        found.add(count, what=what)
    yield found


def _queues(runtime: StoryRuntime) -> Iterator[Family]:
    homes = runtime.homes
    appends = [home.pipeline.depth for home in homes]
    yield gauge("appends_waiting", "Appends in flight or held, of all projects.", sum(appends))
    yield gauge("appends_waiting_max", "The same, of the project with the most.", max(appends, default=0))
    mailboxes = [depth for home in homes for depth in home.mailboxes()]
    yield gauge("actors", "Actors in memory.", len(mailboxes))
    yield gauge("mailbox_waiting", "Turns that wait, of all actors.", sum(mailboxes))
    yield gauge("mailbox_waiting_max", "The same, of the actor with the most.", max(mailboxes, default=0))
    awaited = sum(len(ids) for home in homes for ids in home.waits_for().values())
    yield gauge("attempts_awaited", "Attempts of jobs that have not ended.", awaited)
    queued: Callable[[], tuple[int, int]] | None = getattr(runtime.ledger, "queued", None)  # also behind a wrapper
    if queued is not None:
        operations, size = queued()
        yield gauge("writer_operations", "Operations in front of the database.", operations)
        yield gauge("writer_bytes", "Their bytes.", size)


def _documents(homes: Iterable[Home]) -> Iterator[Family]:
    rooms = [room for home in homes for _, room in home.rooms.open_rooms() if not room.closed]
    tails = [(room.document.tail_updates, room.document.tail_bytes) for room in rooms]
    yield gauge("rooms", "Documents open.", len(rooms))
    yield gauge("sessions", "Places taken in rooms.", sum(room.sessions for room in rooms))
    yield gauge("tail_updates", "Updates after the snapshots of all open documents.", sum(n for n, _ in tails))
    yield gauge("tail_updates_max", "The same, of the document with the most.", max((n for n, _ in tails), default=0))
    yield gauge("tail_bytes", "Bytes after the snapshots of all open documents.", sum(size for _, size in tails))


def _why(reason: str) -> str:
    if "epoch" in reason:
        return "fenced"
    return "lease" if "lease" in reason else "other"
