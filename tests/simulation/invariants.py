"""What must be true in every world: at every frame, and in the end.

Owns no state: reads the world and asserts. Acknowledged => in every later state · seen => committed · a save light
never says saved while an edit is not · no outbox over its bound · all converge · presence empties · nothing is left
running.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from collab import hocuspocus, wire
from collab.close_codes import CloseCode
from collab.hocuspocus import Type
from collab.lib0 import Reader
from collab.limits import Limits
from collab.room import Room
from collab.session import Access
from tests.simulation.clock import VirtualLoop
from tests.simulation.documents import content_of, copy_of, header

if TYPE_CHECKING:
    from tests.simulation.clients import HocuspocusProvider, Page, Provider
    from tests.simulation.host import Host
    from tests.simulation.world import World

LIMITS = Limits()


def check_sent(world: World, page: Page, payload: bytes) -> None:
    """Seen => committed: on everything a server writes to a socket."""
    doc, body = page.providers[0].doc, payload
    if page.multiplexed:
        if payload == hocuspocus.PONG:
            return
        reader = Reader(payload)
        doc = reader.var_string()
        body = payload[reader.at :]
    if body[0] != Type.SYNC:
        return
    message, coverage = wire.read_message(body, LIMITS), world.ledger.ever[doc]
    if isinstance(message, wire.SyncStep2 | wire.SyncUpdate):
        assert coverage.has(header(message.update)), f"{page.name} sees what is not committed"
    elif isinstance(message, wire.SyncStep1):
        for client, clock in message.state_vector.items():
            assert coverage.structs.covers(client, 0, clock), f"{page.name} is told of what is not committed"


def check_acked(world: World, provider: Provider, client: int) -> None:
    coverage, clock = world.ledger.ever[provider.doc], provider.acked[client]
    assert coverage.structs.covers(client, 0, clock), f"{provider.name}: acknowledged and not in the log"


def check_light(world: World, provider: HocuspocusProvider) -> None:
    """Saved means: everything made here is in the log."""
    if not provider.saved or provider.ambiguous:
        return
    coverage = world.ledger.ever[provider.doc]
    provider.unsaved = [each for each in provider.unsaved if not coverage.has(each)]
    assert not provider.unsaved, f"{provider.name}: the light says saved, {len(provider.unsaved)} edits are not"


def check_outbox(world: World, owed: int, answer_bytes_max: int) -> None:
    assert owed <= world.limits.outbox_bytes_max + answer_bytes_max, f"{owed} bytes owed to one socket"


def check_stop(world: World, page: Page, code: int) -> None:
    """Only who may not write, or holds an earlier life of a document, is ever told to stop."""
    renewed = any(world.ledger.renewals[provider.doc] for provider in page.providers)
    assert page.access < Access.WRITE or (code == CloseCode.STALE_DOCUMENT and renewed), f"{page.name}: stop, {code}"


def check_opened(world: World, room: Room) -> None:
    """A room that has just opened holds whatever anybody was told was saved, in this life of the document."""
    doc, structs = room.doc_name, room.document.coverage.structs
    for provider in world.providers(doc):
        for client, clock in provider.acked.items():
            if world.ledger.coverage[doc].structs.clock(client):
                assert structs.covers(client, 0, clock), f"{provider.name}: acknowledged, and lost after a restart"


def unsettled(world: World) -> str | None:
    """Why not all is as it should be once nothing fails any more; None when it is."""
    for page in world.pages:
        socket = page.open_socket
        if socket is None or not socket.server_open or socket.process is not world.current.process:
            return f"{page.name} has no socket of the host of today"
    for doc in world.docs:
        truth = world.ledger.coverage[doc].structs.clocks()
        if world.mixed:  # words that hang from somebody else's, which are parked, are in the log and wait
            truth = copy_of(world.ledger.updates(doc)).clocks()
        present = sorted(each.awareness.id for each in world.providers(doc))
        for provider in world.providers(doc):
            if provider.copy.clocks() != truth:
                return f"{provider.name} has {provider.copy.clocks()}, the log {truth}"
            if provider.page.access >= Access.WRITE and not provider.saved:
                return f"{provider.name}: the light never says saved"
            if sorted(provider.awareness.states) != present:
                return f"{provider.name} sees {sorted(provider.awareness.states)}, present are {present}"
        home = world.current.home
        room = home.rooms.get(doc) if home is not None else None
        if room is None or sorted(room.presence.states()) != present:
            return f"the room of {doc} shows {room and sorted(room.presence.states())}, present are {present}"
    for doc in world.docs:  # last, as it costs most
        text = content_of(world.ledger.updates(doc))
        for provider in world.providers(doc):
            if provider.copy.content() != text:
                return f"{provider.name} shows {provider.copy.content()}, the log {text}"
    return None


def check_converged(world: World, host: Host) -> None:
    for doc in world.docs:
        truth = content_of(world.ledger.updates(doc))
        for provider in world.providers(doc):
            assert all('"name":"Name' in state for state in provider.awareness.others().values())
        check_reads(host, doc, truth)


def check_reads(host: Host, doc: str, truth: tuple[str, dict[str, object]]) -> None:
    room = host.home.rooms.get(doc) if host.home is not None else None
    assert room is not None, f"{doc} is not open"
    assert (room.text("script"), room.map("params")) == truth, f"the room of {doc} reads another text than the log"


def occupied(host: Host) -> str | None:
    """Who is still in a room nobody is in any more; None when all rooms are closed and all sockets over."""
    if carried := [each.name for each in host.world.sockets if each.server_open]:
        return f"sockets are open: {carried}"
    rooms = host.home.rooms if host.home is not None else None
    for doc in rooms.open_docs if rooms is not None else ():
        room = rooms.get(doc) if rooms is not None else None
        if room is not None:
            assert room.sessions or not room.presence.states(), f"{doc} is empty and shows {room.presence.states()}"
            return f"{doc}: {room.sessions} sessions, presence {room.presence.states()}, idle {room.idle_since}"
    return None


def check_nothing_runs(world: World) -> None:
    """After the last host has stopped: no task, no timer, no error that nobody saw."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    for host in world.hosts:
        if host.process.alive:
            assert not host.process.pending(), f"left running in {host.process.name}: {host.process.pending()}"
            assert not loop.timers_of(host.process), f"left ordered: {loop.timers_of(host.process)}"
    assert not loop.faults, loop.faults
    assert not world.errors, world.errors
