"""One StoryHost without Ray: ledger, runtime, peer port and sockets, started and stopped together.

Owns the order of start and stop. Invariant: the host row is written after the peer port listens, so an address in the
directory can be called; on stop, homes are closed (sockets are told to come again) before the peer port goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from actors.commands import CommandError, CreateProject, DeleteProject, Envelope, ImportScreenplay, RestoreProject
from actors.kinds import ProjectKinds
from actors.project.erasing import Purges
from actors.project.portraits import IDENTITY
from actors.project.webhooks import WEBHOOK
from actors.runtime.actor import Catalogue
from actors.runtime.clock import MachineClock
from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from actors.runtime.lifecycle import HandedOver, Lifecycle, Turned
from actors.runtime.limits import NEVER_MS, RuntimeLimits
from actors.scene.teaching import FILM_CACHE
from actors.workflow.suspended import Suspended
from collab import wire
from collab.close_codes import CloseCode, CollabError, RoomClosed
from collab.framing import Y_WEBSOCKET, Framing
from collab.guests import TASK
from collab.join_gate import JoinGate
from collab.limits import Limits
from collab.multiplex import Entered
from collab.ports import DocumentLog, ProposalLog
from collab.presence import User
from collab.room import Room
from collab.session import Access
from collab.transport import Transport
from gpu.enhance.brains import list_brains
from serve_app.archive_desk import ArchiveDesk
from serve_app.attendance import ALWAYS_THERE, CHANGES_ACCESS, REVOKED, Attendance
from serve_app.auth import Gate
from serve_app.claims import Claims
from serve_app.collab_sockets import Sockets, Visitor
from serve_app.config import Settings
from serve_app.copy_desk import CopyDesk
from serve_app.document_desk import DocumentDesk
from serve_app.drain import Drain, DrainLimits, NoSigns, Signs, State
from serve_app.erasing import Erasing
from serve_app.film_cache_outbox import FilmCacheReceiver
from serve_app.folding import OutsideFolder, open_folder
from serve_app.host_health import LoopWatch, raise_if_beyond_repair
from serve_app.identity_receiver import IdentityReceiver
from serve_app.leaving import Leaving
from serve_app.majority import Majority
from serve_app.memory import pressure_of, trim
from serve_app.outbox_desk import OutboxDesk
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.port import PeerPort
from serve_app.peers.verdicts import Reach, Verdicts
from serve_app.peers.wire import PeerError
from serve_app.stores import OBJECT_COUNTS, open_bus, open_ledger, open_objects
from serve_app.telemetry.films import FILM_ANSWERS, film_families
from serve_app.telemetry.host import HostMeters, bus_families
from serve_app.telemetry.objects import object_families
from serve_app.video_offers import router_of
from serve_app.webhooks.receiver import WebhookReceiver
from storage.bus.protocol import Topic, home_stream, ring_workers
from storage.ledger.errors import LedgerError, Owned
from storage.ledger.protocol import HostRow
from storage.ledger.purging import DELETED

logger = logging.getLogger("storyforge.host")

DAY_MS = 86_400_000
BRAIN_DEFAULT = "thriller"
LEASE_MARGIN_MS_MAX = 1_000
TELL_S = 2.0
"""How long a project's heir has to open it, before we leave that to its own heartbeat."""


class StoryHostCore:
    """`peer_host` is the address other nodes reach us at. The lifespan of `app` starts and stops it."""

    def __init__(
        self,
        settings: Settings,
        peer_host: str = "127.0.0.1",
        folder: OutsideFolder | None = None,
    ) -> None:
        self._settings, self._peer_host = settings, peer_host
        self.gate = self._gate = Gate(settings.owner_token, settings.cluster_secret.encode())
        self._peers = PeerClient(settings.cluster_secret.encode())
        self.ledger = open_ledger(settings)
        self.bus = open_bus(settings)
        self._film_cache = FilmCacheReceiver(settings)
        self._webhooks = WebhookReceiver(settings.cluster_secret.encode(), private=bool(settings.webhooks_private))
        self._identities = IdentityReceiver(settings)
        self._ears: asyncio.Task[None] | None = None
        self._rooms = Limits(
            document_bytes_max=settings.document_bytes_max,
            update_bytes_max=settings.document_bytes_max,
            frame_bytes_max=settings.frame_bytes_max,
            awareness_bytes_max=settings.awareness_bytes_max,
            outbox_bytes_max=settings.outbox_bytes_max,
        )
        self._gate_of_joins = JoinGate(self._rooms)
        self._folder = folder or open_folder()
        operations = {
            "command": self._command,
            "scene_text": self._scene_text,
            "scene_carets": self._scene_carets,
            "hand_over": self._hand_over,
            "adopt": self._adopt,
            "move_here": self._move_here,
            "ping": self._ping,
            "ready": self._ready,
            "metrics": self._metrics,
            **DocumentDesk(self._home).operations(),
            **OutboxDesk(self._home).operations(),
            **CopyDesk(settings, self.ledger).operations(),
            **ArchiveDesk(self._home).operations(),
        }
        self.attendance = Attendance(self._gate.clock_s)
        self._sockets = Sockets(self, self._gate, self._peers, self._rooms, self.attendance, settings.socket_age_s_max)
        self._port = PeerPort(settings.cluster_secret.encode(), operations, self._sockets.tunnelled)
        self.meters = HostMeters(
            lease_ttl_ms=settings.lease_ttl_ms,
            sockets=lambda: len(self._sockets.open_sockets),
            draining=lambda: self._sockets.draining or self.state is not State.SERVING,
            joins=self._gate_of_joins,
        )
        self.meters.also(lambda: bus_families(self.bus))
        self.meters.also(lambda: object_families(OBJECT_COUNTS))
        self.meters.also(lambda: film_families(FILM_ANSWERS, self._film_cache.counts))
        self._verdicts = Verdicts(self._peers.reach)
        self._claims = Claims(self.ledger, self._verdicts, self._open, lambda: self.runtime.lease.row)
        self._runtime: StoryRuntime | None = None
        self._suspended: Suspended | None = None
        self._purges: Purges | None = None
        self._majority: Majority | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._leaving: Leaving | None = None
        self._drain: Drain | None = None
        self._loop_watch = LoopWatch()
        self.signs: Signs = NoSigns()
        self.app = Starlette(
            routes=[
                Route("/health", self._health),
                Route("/ready", self._readyz),
                WebSocketRoute("/{project}", self._sockets.multiplexed),
                WebSocketRoute("/{project}/{doc:path}", self._sockets.endpoint),
            ],
            lifespan=self._lifespan,
        )

    @property
    def runtime(self) -> StoryRuntime:
        if self._runtime is None:
            raise RuntimeError("the host is not started")
        return self._runtime

    # life
    async def start(self) -> None:
        """Raises `LedgerError` when the ledger cannot be opened, `OSError` when no peer port can be had."""
        await self.ledger.open()
        await self.bus.open()
        address = await self._port.start(self._peer_host)
        token = secrets.token_hex(8)
        row = HostRow(id=f"host-{os.getpid()}-{token[:6]}", incarnation=token, pid=os.getpid(), peer=address)
        limits = RuntimeLimits(
            mailbox_max=self._settings.mailbox_max,
            lease_ttl_ms=self._settings.lease_ttl_ms,
            lease_margin_ms=min(LEASE_MARGIN_MS_MAX, self._settings.lease_ttl_ms // 6),
            hold_ms=self._settings.hold_ms,
            majority_ms=self._settings.majority_ms,
            home_idle_ms=self._settings.passivate_after_ms,
            archive_after_ms=self._settings.archive_after_days * DAY_MS or NEVER_MS,
        )
        self._runtime = StoryRuntime(
            self.ledger,
            row,
            MachineClock(),
            limits,
            kinds=ProjectKinds(),
            catalogue=Catalogue(
                {b.id: str(b.version) for b in list_brains()},
                BRAIN_DEFAULT,
                pick_within_s=self._settings.pick_within_s,
                video=router_of(self._settings),
                films_shared=self._settings.cache_scope == "installation",
                project_grace_ms=self._settings.project_grace_h * 3_600_000,
                words_by="vllm" if "vllm" in self._settings.writers else "",
                talks_by=self._settings.writers,
                facts_by=self._settings.fact_readers,
            ),
            make_room=self._make_room,
            wake=self._work_opened,
            moved=self._moved,
            listeners=(self._listen, self.meters.listen),
            receivers={WEBHOOK: self._webhooks, FILM_CACHE: self._film_cache, IDENTITY: self._identities},
            pressure=pressure_of(self._settings.host_memory_bytes_max),
            trim=trim,
        )
        await self._runtime.start()
        self._suspended = Suspended(self._runtime, MachineClock())
        self._suspended.start()
        erasing = Erasing(self.ledger, open_objects(self._settings), self._film_cache, self._identities)
        lease = self._runtime.lease
        self._purges = Purges(self.ledger, lambda: lease.row, MachineClock(), erasing, self._work_opened)
        self._purges.start()
        self._leaving = Leaving(self._runtime, self.ledger, self._peers, self._sockets)
        here, tunnels = self._sockets.here, self._sockets.tunnels
        give, verdicts = self._leaving.give_to, self._verdicts
        self._majority = Majority(self._runtime, self.ledger, here, tunnels, verdicts, give, limits)
        self._majority.start()
        self._loop_watch.start()
        self.signs.listen()
        self._ears = asyncio.create_task(self._hear(self._runtime), name="bus-attempts")
        self.meters.lag.start()
        logger.info("host up", extra={"host": row.id, "peer": address})

    @property
    def state(self) -> State:
        return State.SERVING if self._drain is None else self._drain.state

    def leave(self, window_s: float, *, hold: bool = True) -> Drain:
        """Begin the drain (idempotent): whoever runs us will end us in `window_s`. `hold`: see `Drain`."""
        if self._drain is None:
            if self._leaving is None:
                raise RuntimeError("the host is not started")
            logger.info("leaving", extra={"window_s": window_s, "homes": len(self.runtime.homes)})
            self._drain = Drain(self._leaving, DrainLimits().fit(window_s), hold=hold)
            self._drain.begin()
        return self._drain

    async def stop(self) -> None:
        self._sockets.draining = True
        self.signs.end()
        self._loop_watch.stop()
        if self._majority is not None:
            await self._majority.stop()
        for task in self._telling:
            task.cancel()
        await self._verdicts.close()
        if self._drain is not None:
            await self._drain.cut_short()
        self.meters.lag.stop()
        if self._purges is not None:
            await self._purges.stop()
        if self._suspended is not None:
            await self._suspended.stop()
        if self._runtime is not None:
            await self._runtime.stop()
            self._runtime = None
        await self._webhooks.close()
        await self._film_cache.close()
        await self._identities.close()
        await self._folder.close()
        await self._port.stop()
        await self._peers.close()
        await self.bus.close()  # and with it ends who listens
        if self._ears is not None:
            await self._ears
        await self.ledger.close()

    async def check_health(self) -> None:
        """Raises when this process is beyond repair. A lease lost to a database blip comes back by itself."""
        if self._runtime is None:
            raise RuntimeError("the host has stopped")
        if self.state is not State.DRAINED:
            await raise_if_beyond_repair(self._loop_watch, self._runtime.lease, self.ledger, self._peers)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    # what sockets need
    async def exists(self, project: str) -> bool:
        if self.runtime.owned(project) is not None or await self.ledger.view("project", project) is not None:
            return True
        if await self.ledger.view(DELETED, project) is not None:
            raise CollabError(CloseCode.NOT_FOUND, "this project was deleted")
        return False

    async def open(self, project: str) -> Home:
        if self._leaving is not None:
            if self._leaving.turns_away(project):
                raise CollabError(CloseCode.GOING_AWAY)
            await self._leaving.released(project)
        return await self._claims.open(project)

    async def _open(self, project: str, **how: Any) -> Home:
        return await self.runtime.open(project, **how)

    @property
    def incarnation(self) -> str:
        return self.runtime.lease.row.incarnation

    def gone(self, host: HostRow) -> None:
        self._verdicts.saw(host, Reach.GONE)

    async def join(
        self, home: Home, doc: str, transport: Transport, visitor: Visitor, framing: Framing = Y_WEBSOCKET
    ) -> Entered:
        room, principal = await home.room(doc), visitor.principal
        allowed = home.access(doc, principal.id)
        if allowed is None:
            here = home.access(ALWAYS_THERE, principal.id) is not None
            raise CollabError(CloseCode.FORBIDDEN if here else CloseCode.UNAUTHENTICATED, "" if here else REVOKED)
        if not isinstance(room, Room):
            raise TypeError(f"{type(room).__name__} takes no sockets")
        if visitor.epoch and visitor.epoch != str(room.epoch):
            raise CollabError(CloseCode.STALE_DOCUMENT)
        # The holder of a link has the name its maker gave, whatever the socket says.
        user = User(principal.id, home.shown_as(principal.id) or visitor.name, visitor.colour or "")
        try:
            session = room.join(transport, principal.id, allowed, user, framing)
        except RoomClosed:
            raise CollabError(CloseCode.GOING_AWAY) from None
        session.why = home.kept_out(doc)
        home.session.came()
        if visitor.epoch is not None:
            session.write(wire.epoch(room.epoch))
        return Entered(self.attendance.join(home.id, doc, session, principal), session.can_write)

    # wake-ups, after commits
    def _moved(self, home: str, seq: int) -> None:
        self.bus.publish(home_stream(home), seq)

    def _work_opened(self, home: str, cancelled: Sequence[str]) -> None:
        ring_workers(self.bus, home, cancelled)

    async def _hear(self, runtime: StoryRuntime) -> None:
        """Workers say which rows moved. What was missed is found by the runtime's own look every second."""
        async for wake in self.bus.subscribe(Topic.ATTEMPT):
            home, _, attempt = wake.what.partition("/")
            await runtime.attempt_changed(home, attempt)

    def _listen(self, event: Lifecycle) -> None:
        """A lock, a role, a revocation: what open sockets may do changes with it. A hand-over: its heir is told."""
        if isinstance(event, HandedOver):
            task = asyncio.get_running_loop().create_task(self._tell_heir(event))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
        if not isinstance(event, Turned) or event.message not in CHANGES_ACCESS or not event.rows:
            return
        home = self.runtime.owned(event.home)
        if home is not None:
            self.attendance.review(home)

    async def _tell_heir(self, event: HandedOver) -> None:
        """So that it opens the project before people arrive. It would also find it with its next heartbeat."""
        try:
            await self._peers.call(event.to.peer, "adopt", {"home": event.home, "given": True}, timeout_s=TELL_S)
        except (PeerError, FaultError) as error:
            logger.info("a project's heir was not told", extra={"home": event.home, "code": error.code})

    def _make_room(self, doc: str, log: DocumentLog, shelf: ProposalLog, held: Callable[[], bool]) -> Room:
        return Room(
            doc,
            log,
            self._rooms,
            shelf=shelf,
            write_access=Access.COMMENT if doc.startswith("notes:") else Access.WRITE,
            collect_garbage=doc == "live",
            gate=self._gate_of_joins,
            folder=self._folder,
            held=held,
        )

    # operations of the peer port
    async def _command(self, message: dict[str, Any]) -> dict[str, Any]:
        envelope = Envelope.from_dict(message["envelope"])
        makes = isinstance(envelope.command, CreateProject | ImportScreenplay | RestoreProject)
        try:
            try:
                answer = await self.runtime.command(envelope)
            except Owned:
                await self._claims.open(envelope.home, create=makes)
                answer = await self.runtime.command(envelope)
        except Owned as owned:
            host = owned.owner.host
            raise FaultError("MOVED", f"{envelope.home} lives at {host.peer if host else 'no host'}") from None
        if isinstance(envelope.command, DeleteProject) and self._purges is not None:
            with contextlib.suppress(LedgerError):  # its jobs end now; else at the next look
                await self._purges.step(envelope.home)
        return {"sequence": answer.sequence, "ids": answer.ids, "replayed": answer.replayed}

    async def _scene_text(self, message: dict[str, Any]) -> dict[str, Any]:
        """The script as it is now, if this host holds it live; `held` says whether it does."""
        home = self.runtime.owned(str(message["home"]))
        if home is None:
            return {"held": False, "text": None}
        try:
            room = await home.room(f"scene:{message['scene']}")
        except CommandError:
            return {"held": True, "text": None}
        return {"held": True, "text": room.text("script")}

    async def _home(self, id: str) -> Home:
        try:
            home = await self._claims.open(id)
        except Owned as owned:
            host = owned.owner.host
            raise FaultError("MOVED", f"{id} lives at {host.peer if host else 'no host'}") from None
        return home

    async def _scene_carets(self, message: dict[str, Any]) -> dict[str, Any]:
        """Where people have their carets in the script now, as their editors say it; none if nobody holds it live."""
        home = self.runtime.owned(str(message["home"]))
        room = home.rooms.get(f"scene:{message['scene']}") if home is not None else None
        states = room.presence.states().values() if room is not None else ()
        found = [state["cursor"] for state in states if TASK not in state and isinstance(state.get("cursor"), dict)]
        carets = [[cursor.get("anchor"), cursor.get("head")] for cursor in found]
        return {"held": home is not None, "carets": carets}

    async def _hand_over(self, message: dict[str, Any]) -> dict[str, Any]:
        """Give a project up that no socket has open here; its jobs go on with the next owner."""
        id, leaving = str(message["home"]), self._leaving
        home = self.runtime.owned(id)
        if leaving is None or (home is not None and not leaving.of(id) and self._needed(home)):
            return {"released": False}
        # Whoever asks while it leaves waits too: released means released in the ledger.
        await (leaving.released(id) if home is None else leaving.release(home))
        owner = await self.ledger.owner(id)  # one that only memory has lost is still ours: whoever asks must come here
        mine = owner is not None and owner.host is not None and owner.host.peer == self.runtime.lease.row.peer
        return {"released": not mine}

    def _needed(self, home: Home) -> bool:
        """Whether people have it open here, or are on their way: it was given to us for them."""
        return bool(home.rooms.sessions) or self.runtime.settles(home)

    async def _adopt(self, message: dict[str, Any]) -> dict[str, Any]:
        """Its last owner gives it up: `given` to this host by name for its people, else so that its job goes on."""
        opens = self.runtime.adopt if message.get("given") else self.runtime.open
        await opens(str(message["home"]))
        return {}

    async def _move_here(self, message: dict[str, Any]) -> dict[str, Any]:
        """An operator wants it here."""
        return {"here": await self._claims.move_here(str(message["home"]))}

    async def _ping(self, _message: dict[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "homes": len(self.runtime.homes),
            "sockets": len(self._sockets.open_sockets),
            "draining": self.state is not State.SERVING,
        }

    async def _ready(self, _message: dict[str, Any]) -> dict[str, Any]:
        return dict(self.meters.ready(self._runtime))

    async def _metrics(self, _message: dict[str, Any]) -> dict[str, Any]:
        return {"families": [family.plain() for family in self.meters.families(self._runtime)]}

    async def _readyz(self, _request: Request) -> Response:
        """Of this replica alone, at its own port: whether to send it projects."""
        found = self.meters.ready(self._runtime)
        ready = all(found.values())
        body = {"ready": ready, "parts": found, "pid": os.getpid()}
        return JSONResponse(body, 200 if ready else 503, {"cache-control": "no-store"})

    async def _health(self, _request: Request) -> Response:
        holds = self._runtime is not None and self._runtime.lease.holds()
        return JSONResponse({"ok": holds, "pid": os.getpid()}, 200 if holds else 503, {"cache-control": "no-store"})
