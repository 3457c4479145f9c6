"""One owned project on this host: its pipeline, its rooms, its live actors.

Owns everything in memory that belongs to a home. The invariant: it exists between a claim and a loss or release, and
nothing of it survives either; `append` is the one way anything of the project is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.commands import Answer, CommandError, Envelope
from actors.outbox.desk import Outbox
from actors.outbox.protocol import Entry, OutboxReceiver
from actors.runtime.activation import Activation, State, Work
from actors.runtime.actor import Actor, AttemptsChanged, Catalogue, Decision, Draft, Notice, TimeCame, Wanted
from actors.runtime.archiving import Archiver
from actors.runtime.checkpoints import Checkpoints
from actors.runtime.clock import Clock
from actors.runtime.context import TurnContext
from actors.runtime.departures import Departures
from actors.runtime.errors import HomeLost
from actors.runtime.ids import Prefix
from actors.runtime.inbox import Inbox
from actors.runtime.kinds import Kinds
from actors.runtime.lifecycle import Activated, Announcer, Lost, Passivated
from actors.runtime.limits import RuntimeLimits
from actors.runtime.meters import Histogram
from actors.runtime.pipeline import Parts, Pipeline, Waiting
from actors.runtime.rooms import HomeLog, RoomFactory, Rooms, scene_of
from actors.runtime.sessions import HomeSession, SessionState
from actors.runtime.settle import Settler
from actors.runtime.shelf import HomeShelf
from actors.runtime.snapshots import Snapshots
from actors.runtime.tasks import Tasks
from actors.runtime.turn import take_turn
from actors.views import SceneView
from collab.close_codes import CloseCode
from collab.room import Room
from collab.session import Access
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Claim, Committed, Ledger, NewAttempt, NewEvent, Snapshot, StoredResponse, View
from storage.ledger.queue_board import Forecast, QueueBoard

logger = logging.getLogger("storyforge.runtime")

EARLY_MAX = 64
"""Wake-ups of attempts this home does not know yet that are kept; older ones are found by the look every second."""

VIEW_ROWS = 200
"""Rows per read of scene views."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a home shares with the others of its host."""

    ledger: Ledger
    clock: Clock
    limits: RuntimeLimits
    announce: Announcer
    kinds: Kinds
    catalogue: Catalogue
    make_room: RoomFactory
    now_ms: Callable[[], int]
    holds: Callable[[], bool]  # the lease
    wake: Callable[[str, Sequence[str]], None]  # (home, attempts that were cancelled): workers have to look
    new_id: Callable[[Prefix], str]
    on_lost: Callable[[Home], None]
    board: QueueBoard
    moved: Callable[[str, int], None] = lambda home, seq: None  # rows of a home were committed: cheap, never fails
    commit_s: Histogram = field(default_factory=Histogram)
    receivers: Mapping[str, OutboxReceiver] = field(default_factory=dict)


class Home:
    def __init__(self, claim: Claim, around: Surroundings) -> None:
        self.id, self.epoch, self.claim = claim.home, claim.epoch, claim
        self.ledger, self.announce, self.now_ms = around.ledger, around.announce, around.now_ms
        self._around = around
        self.pipeline = Pipeline(
            around.ledger,
            claim,
            clock=around.clock,
            limits=around.limits,
            announce=around.announce,
            on_lost=self._on_pipeline_lost,
            commit_s=around.commit_s,
        )
        self._early: deque[str] = deque(maxlen=EARLY_MAX)
        every = around.limits.snapshot_every_events
        self.snapshots = Snapshots(self.id, self.epoch, around.ledger, every, around.announce)
        self.checkpoints = Checkpoints(self)
        self.archiver = Archiver(self)
        self.session = HomeSession(self)
        self.rooms = Rooms(self._make_room, self._on_room_commit)
        self.tasks = Tasks()
        self.settler = Settler(around.clock, around.limits, self._on_settled)
        self.notes_settler = Settler(around.clock, around.limits, self._on_notes_settled)
        self.departures = Departures(around.limits.scene_grace_ms)
        self.outbox = Outbox(
            self.id,
            around.ledger,
            self._write_views,
            around.receivers,
            around.clock,
            around.now_ms,
            stands=lambda entry: around.kinds.stands(entry, self.find),
            gone=self._target_gone,
        )
        self.inbox = Inbox(self.id, around.ledger, self._write_views, self.ask, around.now_ms)
        self._activations: dict[str, Activation] = {}
        self._weather: dict[str, dict[str, Any]] = {}
        self._leaving = False
        self.caught_up = False  # whether what a crash left undone was found and handed out
        self._chores: set[asyncio.Task[None]] = set()
        self.busy_at_ms = around.clock.now_ms()

    # what the outside uses
    def append(
        self,
        events: Sequence[NewEvent],
        views: Sequence[View] = (),
        attempts: Sequence[NewAttempt] = (),
        cancel_attempts: Sequence[str] = (),
        response: StoredResponse | None = None,
    ) -> Waiting:
        """Pipelined: appends commit in the order of these calls. See `Pipeline.submit` for what it raises."""
        parts = Parts(tuple(events), tuple(views), tuple(attempts), tuple(cancel_attempts), response)
        return self.pipeline.submit(parts)

    async def room(self, doc: str) -> Room:
        """The open room of a document of this project. Raises `CommandError` NOT_FOUND, `HomeLost`, `LedgerError`."""
        if not self._around.kinds.document_exists(self.id, doc, self.find):
            raise CommandError("NOT_FOUND", "this project has no such document", ("doc",))
        self.touch()
        scene = scene_of(doc)
        if scene is not None:
            await self.activation(scene).loaded()  # who may write depends on the scene, see `access`
        return await self.rooms.open(doc)

    def access(self, doc: str, principal: str) -> Access | None:
        """What a principal may do with a document now; None: nothing. A turn of Lock or Unlock changes it."""
        return self._around.kinds.access(self.id, doc, principal, self.find)

    def kept_out(self, doc: str) -> str:
        """What keeps everybody from writing in a document, in words; "": nothing."""
        return self._around.kinds.kept_out(self.id, doc, self.find)

    def shown_as(self, principal: str) -> str:
        """The name a principal goes by in this project; empty: it knows none."""
        return self._around.kinds.shown_as(self.id, principal, self.find)

    def permit(self, envelope: Envelope) -> None:
        """Raises `CommandError` FORBIDDEN."""
        self._around.kinds.permit(envelope, self.find)

    async def ask(self, envelope: Envelope) -> Answer:
        """Commit a command and answer. Raises `CommandError`, `LedgerError`."""
        self.touch()
        activation = self.activation(envelope.target)
        return await activation.ask(envelope)

    async def tell(self, target: str, notice: Notice) -> None:
        self.activation(target).tell(notice)

    # what it owes to the outside
    def owed(self, events: Sequence[Draft]) -> list[View]:
        """Rows of the outbox that go into the next append, with these events."""
        entries = self._around.kinds.owes(self.id, events, self.pipeline.head + 1, self.now_ms(), self.find)
        return self.outbox.rows(entries) if entries else []

    async def _write_views(self, views: Sequence[View], response: StoredResponse | None) -> Committed:
        await self.pipeline.ready()
        return await asyncio.shield(self.append((), views, response=response))

    async def put_back(self, id: str, response: StoredResponse | None) -> Committed:
        """A dead entry once more. Raises `CommandError`, `LedgerError`."""
        return await self.inbox.put_back(id, response) or await self.outbox.put_back(id, response)

    async def _target_gone(self, entry: Entry, why: str) -> None:
        told = self._around.kinds.gone(entry, why)
        if told is not None:
            await self.tell(*told)

    # actors
    def find(self, id: str) -> Actor | None:
        """A live actor's committed state, if it is loaded."""
        activation = self._activations.get(id)
        if activation is None or activation.state in (State.LOADING, State.GONE):
            return None
        return activation.actor

    def activation(self, id: str) -> Activation:
        """The live actor, made and loading if it was not. Raises `CommandError` NOT_FOUND, `HomeLost`."""
        if self.pipeline.lost is not None:
            raise HomeLost(self.id, self.pipeline.lost)
        found = self._activations.get(id)
        if found is None or found.state is State.GONE:
            actor = self._around.kinds.make(self.id, id, self.find)
            found = Activation(actor, self._load, self._take_turn, self._around.clock, self._around.limits.mailbox_max)
            self._activations[id] = found
        return found

    def actor_ids(self) -> tuple[str, ...]:
        """Everybody of this project, live or not."""
        return self._around.kinds.actor_ids(self.id, self.find)

    async def read_actor(self, id: str) -> Actor:
        """A copy of an actor as the ledger has it; it takes no turns."""
        actor = self._around.kinds.make(self.id, id, self.find)
        await self.snapshots.load(actor)
        return actor

    def actors_by_stream(self) -> dict[str, str]:
        """Stream → id of everybody of this project."""
        return {self._around.kinds.make(self.id, id, self.find).stream: id for id in self.actor_ids()}

    def last_checkpoint(self) -> int:
        """The sequence of the event that made the newest; 0: none yet."""
        return self._around.kinds.last_checkpoint(self.id, self.find)[1]

    def checkpointed_upto(self) -> int:
        """Every row up to it is in the newest checkpoint; 0: none yet."""
        return self._around.kinds.last_checkpoint(self.id, self.find)[0]

    def _working(self) -> bool:
        return any(a.state in (State.TURNING, State.LOADING) or a.waiting for a in self._activations.values())

    def reread_upto(self) -> int:
        """Every row of a document up to it was re-read by whoever has to."""
        known = self.pipeline.known
        waits = self.settler.pending or not self.caught_up or self._working()
        return self._around.kinds.read_upto(self.id, self.find) if waits else known

    async def checkpoint(self) -> None:
        """Make one by itself, if anything was written since the last; it is made when this returns."""
        target, notice = self._around.kinds.autosave(self.id)
        activation = self.activation(target)
        activation.tell(notice)
        await activation.loaded()
        await activation.idle()

    @property
    def limits(self) -> RuntimeLimits:
        return self._around.limits

    def mailboxes(self) -> list[int]:
        """How many turns wait, of each live actor."""
        return [activation.waiting for activation in self._activations.values()]

    async def _take_turn(self, activation: Activation, work: object) -> Answer | None:
        assert isinstance(work, Work)
        try:
            return await take_turn(self, activation, work)
        except LedgerError:
            if work.envelope is None:
                self.caught_up = False  # nobody waits for an answer to a notice, and nobody else would say it again
            raise

    async def _load(self, actor: Actor) -> None:
        """Newest usable snapshot, then the events after it."""
        try:
            loaded = await self.snapshots.load(actor)
        except LedgerError:
            self.caught_up = False  # what it had been told is gone with it: the next look finds it and tells it again
            raise
        self.announce(Activated(self.id, actor.id, loaded.rows, loaded.snapshot_seq > 0))

    def context(self, envelope: Envelope | None) -> TurnContext:
        return TurnContext(
            home=self.id,
            now_ms=self.now_ms(),
            principal=envelope.principal if envelope else "",
            key=envelope.key if envelope else "",
            catalogue=self._around.catalogue,
            find=self.find,
            ids=self._around.new_id,
        )

    async def forecast(self) -> Forecast:
        """Where everybody stands in the queue. Raises `Unavailable`."""
        return await self._around.board.forecast()

    async def wanted(self, wanted: Wanted) -> list[View]:
        if wanted.id:
            row = await self.ledger.view(wanted.kind, wanted.id)
            return [row] if row is not None and row.home == self.id else []
        return await self.ledger.views(wanted.kind, home=self.id, limit=wanted.limit)

    async def projected_scripts(self) -> dict[str, str]:
        """Every scene's text as its view has it (at most 2 s behind its document)."""
        found: dict[str, str] = {}
        after: tuple[str, str] | None = None
        while True:
            rows = await self.ledger.views("scene", parent=self.id, after=after, limit=VIEW_ROWS)
            for row in rows:
                found[row.id] = SceneView.from_blob(row.body or b"").script
            if len(rows) < VIEW_ROWS:
                return found
            after = rows[-1].order_key, rows[-1].id

    def committed(self, activation: Activation, decision: Decision) -> None:
        """After a commit: wake workers, and keep a snapshot now and then."""
        self.touch()
        self._around.moved(self.id, self.pipeline.known)
        if any(new.id in self._early for new in decision.attempts):
            self.chore(self._tell_again(activation.actor.id))
        if decision.attempts or decision.cancel_attempts:
            self._around.wake(self.id, tuple(decision.cancel_attempts))
        actor = activation.actor
        row = self.snapshots.due(actor, len(decision.events))
        if row is not None:
            self.chore(self._keep(actor, row))

    async def keep_snapshots(self) -> None:
        """Of every live actor that has rows behind its last one: the next load reads no event."""
        for activation in list(self._activations.values()):
            actor = activation.actor
            if activation.state is State.ACTIVE and self.snapshots.behind(actor):
                await self._keep(actor, self.snapshots.of(actor))

    async def _keep(self, actor: Actor, row: Snapshot) -> None:
        await self.snapshots.keep_actor(type(actor), actor.id, row)

    # attempts
    def waits_for(self) -> dict[str, tuple[str, ...]]:
        """Actor id → attempt rows it waits for."""
        found: dict[str, tuple[str, ...]] = {}
        for id, activation in self._activations.items():
            if activation.state is not State.GONE and (ids := activation.actor.open_attempts()):
                found[id] = ids
        return found

    async def attempt_changed(self, attempt_id: str) -> None:
        """A worker says this row moved. Unknown ids are ignored: wake-ups are hints. One that comes before its own
        commit was shown here (a quick step, another process) is kept for then: the next look is a second away."""
        for id, ids in self.waits_for().items():
            if attempt_id in ids:
                await self.tell(id, AttemptsChanged())
                return
        self._early.append(attempt_id)

    async def _tell_again(self, actor: str) -> None:
        await self.tell(actor, AttemptsChanged())

    # documents
    def show_weather(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Merge into the server's presence in `live`: group → key → value, None takes a key away. Never stored."""
        for group, values in changes.items():
            kept = self._weather.setdefault(group, {})
            kept.update(values)
            self._weather[group] = {key: value for key, value in kept.items() if value is not None}
        room = self.rooms.get("live")
        if room is not None:
            room.set_server_presence(dict(self._weather) if any(self._weather.values()) else None)

    def _make_room(self, doc: str) -> Room:
        where = self.ledger, self.claim, self.pipeline, doc
        return self._around.make_room(doc, HomeLog(*where, self.snapshots), HomeShelf(*where), self._around.holds)

    def _on_room_commit(self, doc: str, seq: int) -> None:
        self.touch()
        self._around.moved(self.id, seq)
        if doc == "outline" or doc.startswith("scene:"):
            self.settler.touch(doc, seq)
            self.checkpoints.wrote(doc)
        elif doc.startswith("notes:"):
            self.notes_settler.touch(doc, seq)

    async def _on_settled(self, docs: tuple[str, ...], upto: int) -> bool:
        scenes = tuple(scene for doc in docs if doc.startswith("scene:") and (scene := scene_of(doc)))
        try:
            for target, notice in self._around.kinds.settled(self.id, scenes, "outline" in docs, upto):
                await self.tell(target, notice)
        except HomeLost:
            return True
        except (CommandError, LedgerError) as error:
            logger.info("settled documents wait", extra={"home": self.id, "code": error.code})
            return False
        return True

    async def _on_notes_settled(self, docs: tuple[str, ...], upto: int) -> bool:
        """Only who has something to count is told; a lost notice costs nothing: whoever decides counts once more."""
        for doc in docs:
            with contextlib.suppress(CommandError, LedgerError):
                for target, notice in self._around.kinds.noted(doc):
                    await self.tell(target, notice)
        return True

    def ring(self) -> None:
        """Tell every actor whose moment has come; told again until it moved on."""
        now_ms = self.now_ms()
        for activation in self._live():
            due_at_ms = activation.actor.due_at_ms()
            if due_at_ms is not None and due_at_ms <= now_ms and not activation.waiting:
                with contextlib.suppress(CommandError, LedgerError):
                    activation.tell(TimeCame())

    # life
    @property
    def gone(self) -> bool:
        """Lost, or given back."""
        return self.pipeline.lost is not None

    def touch(self) -> None:
        self.busy_at_ms = self._around.clock.now_ms()

    @property
    def idle(self) -> bool:
        """Nothing is going on: no sockets, no turns, no appends, no attempts that somebody waits for."""
        working = any(a.state in (State.TURNING, State.LOADING) or a.waiting for a in self._activations.values())
        working = working or any(a.actor.unfinished() for a in self._live())
        working = working or self.outbox.busy or self.inbox.busy
        return not (working or self.rooms.sessions or self.waits_for() or self.settler.pending) and self.pipeline.quiet

    @property
    def waits_to_be_left(self) -> bool:
        """Whether a scene's exit is still to come: then the home stays for the grace."""
        return any(a.actor.waits_to_be_left() for a in self._live())

    def _live(self) -> list[Activation]:
        return [a for a in self._activations.values() if a.state not in (State.LOADING, State.GONE)]

    async def sweep(self) -> int:
        """Passivate actors that had no turn for a while, and close rooms nobody is in; how many rooms."""
        now, limits = self._around.clock.now_ms(), self._around.limits
        self.departures.look(self._live(), self.rooms, now)
        needed = self._around.kinds.always_live(self.id) | {scene_of(doc) for doc in self.rooms.open_docs}
        for id, activation in list(self._activations.items()):
            if activation.state is State.GONE:
                del self._activations[id]
            elif (
                id not in needed
                and now - activation.idle_since_ms >= limits.actor_idle_ms
                and not activation.actor.open_attempts()
                and activation.actor.waits_to_be_left() is None
                and activation.actor.due_at_ms() is None
                and activation.passivate()
            ):
                del self._activations[id]
                self.announce(Passivated(self.id, id))
        if self.pipeline.lost is None:
            await self.session.look()
            self.archiver.look()
            if self.checkpoints.due():
                await self.tell(*self._around.kinds.autosave(self.id))
        for _, room in self.rooms.open_rooms():
            room.drop_unread(limits.document_unread_ms / 1000)
        warm = self.session.state is SessionState.DISCONNECTED  # who comes back within the grace finds all as it was
        if now - self.busy_at_ms >= limits.actor_idle_ms and self.idle and not warm:
            return sum([await self.rooms.evict(doc) for doc in self.rooms.open_docs])
        return 0

    async def close(self, code: CloseCode = CloseCode.GOING_AWAY, reason: str = "the host is leaving") -> None:
        """Leave in order: rooms first (their last commits are awaited), then turns, then appends."""
        self._leaving = True
        self.settler.close()
        self.notes_settler.close()
        self.tasks.close()
        self.outbox.close()
        self.inbox.close()
        await self.rooms.close(code, reason)
        for activation in list(self._activations.values()):
            await activation.idle()
            activation.drop(reason)
        await self.pipeline.drain()
        self.pipeline.lose("released")
        if self._chores:
            await asyncio.wait(set(self._chores))

    def lose(self, reason: str) -> None:
        """The home is somebody else's: drop everything now."""
        self.pipeline.lose(reason)

    def _on_pipeline_lost(self, reason: str) -> None:
        self.settler.close()
        self.notes_settler.close()
        self.tasks.close()
        self.outbox.close()
        self.inbox.close()
        for activation in list(self._activations.values()):
            activation.drop(reason)
        self._activations.clear()
        self.rooms.shut(CloseCode.MOVED, reason)
        self.chore(self.rooms.close(CloseCode.MOVED, reason))
        self._around.on_lost(self)
        if not self._leaving:
            self.announce(Lost(self.id, self.epoch, reason))

    def chore(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
