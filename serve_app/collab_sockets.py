"""WebSockets of documents: authenticate, find the owner, then join the room here or tunnel to where it lives.

Two protocols: y-websocket, a document a socket, and Hocuspocus, the documents of a project on one. Invariant:
*authenticate first*: an unauthenticated socket looks nothing up, claims nothing, activates nothing. A socket makes at
most one hop, all its documents with it. Sockets come from the seam (or the ASGI fallback) and end in `collab` rooms.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from starlette.websockets import WebSocket

from actors.commands import CommandError
from collab.close_codes import CloseCode, CollabError, reason_for
from collab.framing import Y_WEBSOCKET, Framing
from collab.limits import Limits
from collab.multiplex import Channel, Entered, Multiplex
from collab.transport import Transport
from serve_app.asgi_transport import ServedTransport, open_transport
from serve_app.attendance import Attendance
from serve_app.auth import Gate, Principal
from serve_app.open_sockets import OpenSockets
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.tunnel import PeerTransport, pump
from serve_app.peers.wire import PeerError
from serve_app.threshold import Threshold
from storage.ledger.errors import LedgerError, Owned
from storage.ledger.protocol import HostRow

logger = logging.getLogger("storyforge.sockets")

PROJECT = re.compile(r"prj_[A-Za-z0-9_-]{8,64}\Z")
DOCUMENT = re.compile(
    r"(?:outline|live|(?:scene|notes):scn_[A-Za-z0-9_-]{8,64}|draft:scn_[A-Za-z0-9_-]{8,64}:[A-Za-z0-9_.@-]{1,64})\Z"
)
NAME_CHARS_MAX = 60
HAND_OVER_S = 2.0
"""How long an arriving socket waits for the owner to give the project up before it is tunnelled."""
ALL_DOCUMENTS = ""
"""The document of a multiplexed socket, in a tunnel's opening and here."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a socket is: the principal the server knows, and how they asked to be shown.

    `epoch`: of the copy they bring, as they say; "": they have none yet and want to be told; None: they know of none.
    """

    principal: Principal
    name: str
    colour: str | None
    epoch: str | None = None

    @classmethod
    def of(cls, principal: Principal, query: Mapping[str, str]) -> Visitor:
        """With the owner token as the only identity, people tell each other apart by the name they give."""
        name = "".join(c for c in query.get("name", "") if c.isprintable()).strip()[:NAME_CHARS_MAX]
        colour = query.get("color", "")
        return cls(principal, name, colour if COLOUR.match(colour) else None, query.get("epoch"))


class Sockets:
    """Serves every document socket of one StoryHost."""

    def __init__(
        self,
        homes: Homes,
        gate: Gate,
        peers: PeerClient,
        limits: Limits,
        attendance: Attendance | None = None,
        socket_age_s_max: float | None = None,
    ) -> None:
        self._homes, self._gate, self._peers, self._limits = homes, gate, peers, limits
        self._attendance = attendance or Attendance(gate.clock_s)
        self.open_sockets = OpenSockets(socket_age_s_max)
        self.here, self.tunnels = OpenSockets(), OpenSockets()  # served by a room of ours; carried to another's
        self._unknown = 0  # multiplexed sockets that wait for a token
        self._of_links: Counter[str] = Counter()
        self.draining = False  # nobody is let in any more

    async def endpoint(self, websocket: WebSocket) -> None:
        """`/collab/{project}/{doc}`, y-websocket protocol. Refusals are close codes: browsers cannot see a status."""
        await websocket.accept()
        transport = open_transport(websocket)
        principal = self._authenticate(websocket)
        project, doc = websocket.path_params["project"], websocket.path_params["doc"]
        with self.open_sockets.hold(transport, project):
            if principal is None:
                _refuse(transport, CloseCode.UNAUTHENTICATED)
            elif not PROJECT.match(project) or not DOCUMENT.match(doc) or not principal.enters(project):
                _refuse(transport, CloseCode.NOT_FOUND)
            elif self.draining:
                _refuse(transport, CloseCode.GOING_AWAY)
            else:
                await self._place(transport, project, doc, Visitor.of(principal, websocket.query_params))
                return
            await transport.serve()

    async def multiplexed(self, websocket: WebSocket) -> None:
        """`/collab/{project}`, Hocuspocus protocol: the proof is in the handshake or in the first auth message."""
        await websocket.accept()
        transport: ServedTransport = open_transport(websocket)
        principal, project = self._authenticate(websocket), websocket.path_params["project"]
        threshold: Threshold | None = None
        try:
            with self.open_sockets.hold(transport, project):
                if principal is None and self._unknown >= self._limits.unauthenticated_sockets_max:
                    _refuse(transport, CloseCode.OVERLOADED, "unauthenticated_sockets_max")
                elif principal is None:
                    transport = threshold = Threshold(transport, self._gate.by_token, self._limits)
                    principal = await self._recognised(threshold)
                if principal is not None and (not PROJECT.match(project) or not principal.enters(project)):
                    _refuse(transport, CloseCode.NOT_FOUND)
                elif principal is not None and self.draining:
                    _refuse(transport, CloseCode.GOING_AWAY)
                elif principal is not None:
                    visitor = Visitor.of(principal, websocket.query_params)
                    await self._place(transport, project, ALL_DOCUMENTS, visitor)
                    return
                await transport.serve()
        finally:
            if threshold is not None:
                threshold.abandon()

    async def _recognised(self, threshold: Threshold) -> Principal | None:
        self._unknown += 1
        try:
            return await threshold.passed()
        finally:
            self._unknown -= 1

    def _authenticate(self, websocket: WebSocket) -> Principal | None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in websocket.scope["headers"]}
        return self._gate.authenticate(headers, websocket.query_params, websocket.cookies)

    async def _place(self, transport: ServedTransport, project: str, doc: str, visitor: Visitor) -> None:
        """Serve the socket where its project lives, if its link has not taken more than its share of places."""
        link = visitor.principal.id if visitor.principal.project else ""
        if not link:
            await self._serve(transport, project, doc, visitor)
        elif self._of_links[link] >= self._limits.sockets_per_link_max:
            _refuse(transport, CloseCode.OVERLOADED, "sockets_per_link_max")
            await transport.serve()
        else:
            self._of_links[link] += 1
            try:
                await self._serve(transport, project, doc, visitor)
            finally:
                self._of_links[link] -= 1
                if not self._of_links[link]:
                    del self._of_links[link]

    async def _serve(self, transport: ServedTransport, project: str, doc: str, visitor: Visitor) -> None:
        try:
            await self._join(transport, project, doc, visitor)
        except Owned as owned:
            host = owned.owner.host
            if host is not None and not await self._handed_over(host.peer, project):
                if await self._tunnel(transport, host, project, doc, visitor):
                    return
                self._homes.gone(host)
            try:
                await self._join(transport, project, doc, visitor)
            except Owned:
                _refuse(transport, CloseCode.MOVED)
                await transport.serve()

    async def _handed_over(self, peer: str, project: str) -> bool:
        """Ask the owner to give a project up that nobody has open there: sockets land where the ingress hashes them, a
        command may have been taken by any host, and a tunnel costs every frame a hop."""
        try:
            answer = await self._peers.call(peer, "hand_over", {"home": project}, timeout_s=HAND_OVER_S)
        except (PeerError, FaultError):
            return False
        return bool(answer.get("released"))

    async def _tunnel(
        self, transport: ServedTransport, host: HostRow, project: str, doc: str, visitor: Visitor
    ) -> bool:
        """Serve the socket through its owner until it ends; False if the owner's port refuses: it has died just now."""
        body = {
            "via": self._homes.incarnation,
            "home": project,
            "doc": doc,
            "principal": self._gate.sign_principal(visitor.principal),
            "name": visitor.name,
            "color": visitor.colour or "",
            **({} if visitor.epoch is None else {"epoch": visitor.epoch}),
        }
        try:
            reader, writer = await self._peers.open_tunnel(host.peer, body)
        except PeerError as error:
            if error.code == "PEER_REFUSED":
                return False
            logger.info("no tunnel to the owner", extra={"home": project, "code": error.code})
            _refuse(transport, CloseCode.MOVED, "its owner cannot be reached")
            await transport.serve()
            return True
        with self.tunnels.hold(transport, project, host.incarnation):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(transport.serve())  # a plain-ASGI socket moves only while it is served
                await pump(transport, reader, writer)
        return True

    async def tunnelled(self, opening: dict[str, Any], transport: PeerTransport) -> None:
        """The owner's end of a tunnel. One hop: if the project is not ours by now, the browser comes again."""
        principal = self._gate.verify_principal(str(opening.get("principal", "")))
        project, doc = str(opening.get("home", "")), str(opening.get("doc", ""))
        if principal is None or not PROJECT.match(project) or not (doc == ALL_DOCUMENTS or DOCUMENT.match(doc)):
            _refuse(transport, CloseCode.UNAUTHENTICATED)
            return
        if not principal.enters(project):
            _refuse(transport, CloseCode.NOT_FOUND)
            return
        try:
            await self._join(transport, project, doc, Visitor.of(principal, opening), str(opening.get("via", "")))
        except Owned:
            _refuse(transport, CloseCode.MOVED)

    async def _join(self, transport: ServedTransport, project: str, doc: str, visitor: Visitor, via: str = "") -> None:
        """Serve the socket in its room until it ends. `via`: the host it is tunnelled over. Raises `Owned` before
        anything was read from it."""
        entered: Entered | None = None
        multiplex: Multiplex | None = None
        disconnect: Callable[[], None] | None = None
        try:
            if not await self._homes.exists(project):
                _refuse(transport, CloseCode.NOT_FOUND)
            else:
                home = await self._homes.open(project)
                if doc == ALL_DOCUMENTS:
                    multiplex = Multiplex(transport, ProjectDoors(self, project, visitor), self._limits)
                    disconnect = self._attendance.connect(project, visitor.principal, partial(_end, multiplex))
                else:
                    entered = await self._homes.join(home, doc, transport, visitor)
        except Owned:
            raise
        except CollabError as error:
            _refuse(transport, error.close_code, error.detail)
        except CommandError as error:
            _refuse(transport, CloseCode.OVERLOADED if error.retryable else CloseCode.NOT_FOUND, error.message)
        except LedgerError as error:
            logger.warning("a socket could not join", extra={"home": project, "code": error.code})
            _refuse(transport, CloseCode.LEDGER_UNAVAILABLE)
        try:
            with self.here.hold(transport, project, via):
                await transport.serve()
        finally:
            if entered is not None:
                entered.leave()
            if multiplex is not None:
                multiplex.end()
            if disconnect is not None:
                disconnect()

    async def enter(self, project: str, doc: str, token: str, channel: Channel, visitor: Visitor) -> Entered:
        """A document of a multiplexed socket. Raises `CollabError`."""
        principal = self._gate.by_token(token) if token else visitor.principal
        if principal is None:
            raise CollabError(CloseCode.UNAUTHENTICATED)
        if not principal.enters(project):
            raise CollabError(CloseCode.NOT_FOUND)
        if self.draining:
            raise CollabError(CloseCode.GOING_AWAY)
        if not DOCUMENT.match(doc):
            raise CollabError(CloseCode.NOT_FOUND)
        visitor = Visitor(principal, visitor.name, visitor.colour)
        try:
            home = await self._homes.open(project)
            return await self._homes.join(home, doc, channel, visitor, channel.framing)
        except Owned:
            raise CollabError(CloseCode.MOVED) from None  # the whole socket comes again, and finds the owner
        except CommandError as error:
            raise CollabError(CloseCode.OVERLOADED if error.retryable else CloseCode.NOT_FOUND) from None
        except LedgerError as error:
            logger.warning("a document could not be joined", extra={"home": project, "code": error.code})
            raise CollabError(CloseCode.LEDGER_UNAVAILABLE) from None


@dataclass(frozen=True, slots=True)
class ProjectDoors:
    """`collab.multiplex.Doors` for one socket of one project."""

    sockets: Sockets
    project: str
    visitor: Visitor

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        return await self.sockets.enter(self.project, name, token, channel, self.visitor)


class Homes(Protocol):
    """What sockets need of the runtime."""

    async def exists(self, project: str) -> bool: ...
    async def open(self, project: str) -> Any:
        """The project, claimed here if it may be. Raises `Owned`, `CollabError`, `CommandError`, `LedgerError`."""
        ...

    @property
    def incarnation(self) -> str: ...

    def gone(self, host: HostRow) -> None:
        """Its peer port refused a connection."""
        ...

    async def join(
        self, home: Any, doc: str, transport: Transport, visitor: Visitor, framing: Framing = Y_WEBSOCKET
    ) -> Entered:
        """Put the socket into the room. Raises `CollabError`, `CommandError`."""
        ...


def _end(multiplex: Multiplex, code: CloseCode, detail: str) -> None:
    multiplex.close(code, reason_for(code, detail))


def _refuse(transport: Transport, code: CloseCode, detail: str = "") -> None:
    transport.close(code, reason_for(code, detail))
