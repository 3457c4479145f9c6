"""Live sockets follow what their link may do: on the owner's host, through a tunnel, and on a multiplexed socket."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from actors.commands import ChangeAccessLink, Command, CreateAccessLink, Envelope, RevokeAccessLink
from collab import hocuspocus, wire
from collab.close_codes import CloseCode
from collab.hocuspocus import NOT_SAVED, SAVED
from collab.lib0 import var_string
from collab.limits import Limits
from serve_app.auth import SESSION_COOKIE, Principal
from tests.unit.serve_app.test_threshold import token_for
from tests.unit.serve_app.test_two_hosts import TOKEN, Pair, Served, pair

pytestmark = pytest.mark.unit
__all__ = ["pair"]
S_MAX = 20.0
AT_ONCE_S = 1.0
PLACES = pytest.mark.parametrize("place", ["beside its owner", "through a tunnel"])


class Shared:
    """A story whose owner is connected to the first host, so that sockets at the second one are tunnelled."""

    def __init__(self, pair: Pair, project: str, scene: str) -> None:
        self.pair, self.project, self.scene = pair, project, scene
        self.keys = 0

    async def act(self, command: Command) -> dict[str, str]:
        self.keys += 1
        key = f"share-{self.keys}"
        envelope = Envelope(self.project, self.project, "owner", key, command)
        return (await self.pair.commands.send(envelope)).ids

    async def link(self, role: str, expires_at_ms: int = 0) -> tuple[str, str]:
        id = (await self.act(CreateAccessLink("Ben", role, expires_at_ms)))["access"]
        return id, self.pair.one.core.gate.link_token(self.project, id, expires_at_ms)

    def host(self, place: str) -> Served:
        return self.pair.one if place == "beside its owner" else self.pair.two

    def url(self, place: str, doc: str | None = None) -> str:
        return f"ws://127.0.0.1:{self.host(place).port}/{self.project}" + (f"/{doc}" if doc else "")

    @property
    def script(self) -> str:
        return f"scene:{self.scene}"


@pytest.fixture
async def shared(pair: Pair) -> Any:
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "Ada"):
        assert pair.owner(project) is pair.one
        yield Shared(pair, project, scene)


def typed(word: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc.get("script", type=Text).insert(0, word)
    return doc.get_update()


async def until(socket: ClientConnection, part: bytes) -> bytes:
    while part not in (frame := await socket.recv(decode=False)):
        pass
    return frame


async def ended(socket: ClientConnection) -> tuple[int, float]:
    """Close code and how long it took."""
    began = time.monotonic()
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else 1006, time.monotonic() - began


@PLACES
async def test_w90_revocation_ends_a_socket_at_once(shared: Shared, place: str) -> None:
    """W-90: 4401 within a second, and 4401 for whoever comes back with the same token; others stay."""
    id, token = await shared.link("EDITOR")
    kept, kept_token = await shared.link("EDITOR")
    assert kept != id
    address = shared.url(place, shared.script)
    async with asyncio.timeout(S_MAX):
        async with connect(f"{address}?token={token}") as ben, connect(f"{address}?token={kept_token}") as cy:
            for socket in (ben, cy):
                await socket.send(wire.sync_step1(b"\x00"))
                await until(socket, b"\x00\x01")
            await shared.act(RevokeAccessLink(id))
            code, seconds = await ended(ben)
            assert (code, seconds < AT_ONCE_S) == (CloseCode.UNAUTHENTICATED, True)
            await cy.send(wire.sync_update(typed("Still here.")))
            await until(cy, b"Still here.")
        async with connect(f"{address}?token={token}") as again:
            assert (await ended(again))[0] == CloseCode.UNAUTHENTICATED


@PLACES
async def test_w90_revocation_ends_a_multiplexed_socket_whole(shared: Shared, place: str) -> None:
    """W-90: its documents are closed and then the socket, 4401."""
    id, token = await shared.link("EDITOR")
    async with asyncio.timeout(S_MAX), connect(shared.url(place)) as socket:
        for name in (shared.script, "outline"):
            await socket.send(token_for(name, token))
            await until(socket, var_string(name) + hocuspocus.authenticated(writes=True))
        await shared.act(RevokeAccessLink(id))
        code, seconds = await ended(socket)
        assert (code, seconds < AT_ONCE_S) == (CloseCode.UNAUTHENTICATED, True)


@PLACES
async def test_w91_a_narrower_role_is_told_and_kept_on_y_websocket(shared: Shared, place: str) -> None:
    """W-91: an editor made viewer hears "permission denied" at once, reads on, and is closed 4403 when it writes."""
    id, token = await shared.link("EDITOR")
    async with asyncio.timeout(S_MAX), connect(f"{shared.url(place, shared.script)}?token={token}") as ben:
        await ben.send(wire.sync_step1(b"\x00"))
        await until(ben, b"\x00\x01")
        await ben.send(wire.sync_update(typed("While I may.")))
        await until(ben, b"While I may.")
        began = time.monotonic()
        await shared.act(ChangeAccessLink(id, "VIEWER"))
        await until(ben, wire.permission_denied("this document is read-only for you"))
        assert time.monotonic() - began < AT_ONCE_S
        await ben.send(wire.sync_step1(b"\x00"))
        await until(ben, b"While I may.")
        await ben.send(wire.sync_update(typed("Not any more.")))
        assert (await ended(ben))[0] == CloseCode.FORBIDDEN
    room = await shared.pair.one.core.runtime.owned(shared.project).room(shared.script)  # type: ignore[union-attr]
    assert "Not any more." not in room.text("script")


@PLACES
async def test_w91_a_role_changes_in_place_on_hocuspocus(shared: Shared, place: str) -> None:
    """W-91: down: `readonly` by a fresh authenticated, NOT_SAVED for a write; up: `read-write`, the write is saved."""
    id, token = await shared.link("EDITOR")
    name, prefix = shared.script, var_string(shared.script)
    async with asyncio.timeout(S_MAX), connect(shared.url(place)) as socket:
        await socket.send(token_for(name, token))
        await until(socket, prefix + hocuspocus.authenticated(writes=True))
        await socket.send(prefix + wire.sync_step1(b"\x00"))
        await shared.act(ChangeAccessLink(id, "COMMENTER"))
        await until(socket, prefix + hocuspocus.authenticated(writes=False))
        await socket.send(prefix + wire.sync_update(typed("No.")))
        assert await until(socket, prefix + b"\x08") == prefix + NOT_SAVED
        await socket.send(token_for(name, token))  # a provider made anew in the same page
        await until(socket, prefix + hocuspocus.authenticated(writes=False))
        await shared.act(ChangeAccessLink(id, "EDITOR"))
        await until(socket, prefix + hocuspocus.authenticated(writes=True))
        await socket.send(prefix + wire.sync_update(typed("Yes.")))
        assert await until(socket, prefix + b"\x08") == prefix + SAVED


@PLACES
async def test_w92_a_link_that_runs_out_ends_its_sockets(shared: Shared, place: str) -> None:
    """W-92: 4401 within a second of its end, of one document or many on a socket; afterwards its token is nobody's."""
    until_ms = (int(time.time()) + 3) * 1000
    _, token = await shared.link("EDITOR", until_ms)
    async with (
        asyncio.timeout(S_MAX),
        connect(f"{shared.url(place, shared.script)}?token={token}") as one,
        connect(f"{shared.url(place)}?token={token}") as many,
    ):
        await many.send(token_for("outline", ""))
        await until(many, var_string("outline") + hocuspocus.authenticated(writes=True))
        for socket in (one, many):
            assert (await ended(socket))[0] == CloseCode.UNAUTHENTICATED
            assert -0.2 <= time.time() - until_ms / 1000 < AT_ONCE_S
    assert shared.pair.two.core.gate.by_token(token) is None


@PLACES
async def test_w92_a_session_ticket_that_runs_out_ends_its_sockets(shared: Shared, place: str) -> None:
    """W-92: also the owner's own cookie."""
    gate = shared.pair.one.core.gate
    ticket = gate.ticket(gate.owner, ttl_s=2)
    headers = {"cookie": f"{SESSION_COOKIE}={ticket}", "origin": f"http://127.0.0.1:{shared.host(place).port}"}
    async with (
        asyncio.timeout(S_MAX),
        connect(shared.url(place, shared.script), additional_headers=headers) as socket,
    ):
        await socket.send(wire.sync_step1(b"\x00"))
        await until(socket, b"\x00\x01")
        assert (await ended(socket))[0] == CloseCode.UNAUTHENTICATED


@pytest.mark.parametrize("role", ["VIEWER", "COMMENTER", "EDITOR"])
async def test_w93_a_role_is_said_on_the_wire(shared: Shared, role: str) -> None:
    """W-93: scope and receipts by document: a commenter writes notes only, a viewer nothing; nobody's draft opens."""
    _, token = await shared.link(role)
    notes = f"notes:{shared.scene}"
    writes = {shared.script: role == "EDITOR", notes: role != "VIEWER", "outline": role == "EDITOR", "live": False}
    async with asyncio.timeout(S_MAX), connect(shared.url("beside its owner")) as socket:
        for name, may in writes.items():
            prefix = var_string(name)
            await socket.send(token_for(name, token))
            await until(socket, prefix + hocuspocus.authenticated(writes=may))
            await socket.send(prefix + wire.sync_step1(b"\x00"))
            await socket.send(prefix + wire.sync_update(typed(f"In {name}.")))
            assert await until(socket, prefix + b"\x08") == prefix + (SAVED if may else NOT_SAVED)
        draft = f"draft:{shared.scene}:owner"
        await socket.send(token_for(draft, token))
        await until(socket, var_string(draft) + bytes((2, 1)))  # denied


async def test_w93_a_link_is_for_one_project_alone(shared: Shared) -> None:
    """W-93: 4404 for any other, known or not, in both protocols and for a signed principal in a tunnel."""
    _, token = await shared.link("EDITOR")
    other = "prj_" + "a" * 26
    for address in (f"{other}/outline?token={token}", f"{other}?token={token}"):
        async with asyncio.timeout(S_MAX), connect(f"ws://127.0.0.1:{shared.pair.one.port}/{address}") as socket:
            assert (await ended(socket))[0] == CloseCode.NOT_FOUND
    async with asyncio.timeout(S_MAX), connect(f"ws://127.0.0.1:{shared.pair.one.port}/{other}") as socket:
        await socket.send(token_for("outline", token))
        assert (await ended(socket))[0] == CloseCode.NOT_FOUND
    foreign = f"ws://127.0.0.1:{shared.pair.one.port}/{shared.project}?token={TOKEN}"
    async with asyncio.timeout(S_MAX), connect(foreign) as socket:
        stranger = shared.pair.one.core.gate.link_token(other, "lnk_" + "a" * 26)
        await socket.send(token_for("outline", stranger))
        await until(socket, var_string("outline") + bytes((2, 1)))


async def test_w93_a_link_signs_its_edits_and_presence(shared: Shared) -> None:
    """W-93: the author of its edits is the link under its label, whatever its address and its presence say."""
    id, token = await shared.link("EDITOR")
    address = f"{shared.url('beside its owner', shared.script)}?token={token}&name=Ada"
    async with asyncio.timeout(S_MAX), connect(address) as ben:
        await ben.send(wire.sync_step1(b"\x00"))
        await until(ben, b"\x00\x01")
        state = json.dumps({"user": {"id": "owner", "name": "Ada"}}).encode()
        await ben.send(wire.awareness(b"\x01\x07\x01" + bytes((len(state),)) + state))
        shown = await until(ben, id.encode())
        assert b'"name":"Ben"' in shown
        await ben.send(wire.sync_update(typed("Mine.")))
        await until(ben, b"Mine.")
    rows = await shared.pair.one.core.ledger.read(shared.project, doc=shared.script)
    assert id.encode() in rows[-1].body
    assert b"Ben" in rows[-1].body


JUNK = (
    "sfl1",
    "sfl1.",
    "sfl1....",
    "sfl1.prj_a.lnk_a.0.",
    "sfl1.prj_a.lnk_a.x.y",
    "sfl1.é.b.0.c",
    "sfl1." + "x" * 5_000,
)


@pytest.mark.parametrize("junk", JUNK)
async def test_w94_a_token_nobody_signed_is_nobody(pair: Pair, junk: str) -> None:
    """W-94: whatever is sent, and every changed character of a real one."""
    gate = pair.one.core.gate
    assert gate.by_token(junk) is None
    token = gate.link_token("prj_a", "lnk_a")
    assert gate.by_token(token) == Principal("lnk_a", "", project="prj_a")
    for at in range(len(token)):
        assert gate.by_token(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]) is None, at


async def test_w94_a_signed_link_keeps_its_bounds(pair: Pair) -> None:
    """W-94: in a ticket and in a tunnel a link is still one project's, and its end comes no later."""
    gate = pair.one.core.gate
    ben = Principal("lnk_a", "", project="prj_a", until_s=time.time() + 60)
    for found in (gate.by_ticket(gate.ticket(ben)), gate.verify_principal(gate.sign_principal(ben))):
        assert found == ben
        assert found is not None
        assert found.until_s is not None
        assert found.until_s <= ben.until_s


async def test_w95_sockets_that_wait_for_a_token_are_counted(shared: Shared) -> None:
    """W-95: over `unauthenticated_sockets_max` of a host the newest is closed 4508; a place left is free again."""
    sockets = shared.pair.one.core._sockets
    sockets._limits = Limits(unauthenticated_sockets_max=2)
    address = shared.url("beside its owner")
    async with asyncio.timeout(S_MAX):
        async with connect(address), connect(address):
            async with connect(address) as third:
                assert (await ended(third))[0] == CloseCode.OVERLOADED
            async with connect(f"{address}?token={TOKEN}") as known:  # who has proved itself is not of them
                await known.send(token_for("outline", ""))
                await until(known, var_string("outline") + hocuspocus.authenticated(writes=True))
        while sockets._unknown:  # noqa: ASYNC110 - a fact of the host, told by nobody
            await asyncio.sleep(0.01)
        async with connect(address) as again:
            await again.send(token_for("outline"))
            await until(again, var_string("outline") + hocuspocus.authenticated(writes=True))


@PLACES
async def test_w96_a_link_has_its_share_of_places(shared: Shared, place: str) -> None:
    """W-96: over `sockets_per_link_max` of a host the newest is closed 4508; other links and the owner are not."""
    _, token = await shared.link("EDITOR")
    _, other = await shared.link("EDITOR")
    sockets = shared.host(place).core._sockets
    sockets._limits = Limits(sockets_per_link_max=2)
    address = shared.url(place, shared.script)
    async with asyncio.timeout(S_MAX):
        async with connect(f"{address}?token={token}") as one, connect(f"{address}?token={token}") as two:
            for socket in (one, two):
                await until(socket, b"\x00\x00")
            async with connect(f"{address}?token={token}") as third:
                assert (await ended(third))[0] == CloseCode.OVERLOADED
            async with connect(f"{address}?token={other}") as stranger:
                await until(stranger, b"\x00\x00")
        while sockets._of_links:  # noqa: ASYNC110 - a fact of the host, told by nobody
            await asyncio.sleep(0.01)
        async with connect(f"{address}?token={token}") as again:
            await until(again, b"\x00\x00")
