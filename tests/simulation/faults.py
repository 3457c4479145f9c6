"""What can happen in a world, and how often.

Owns the list of happenings; each is drawn with its weight, from the world's one random source. Invariant: a happening
is something that real people, networks, disks and hosts do to a server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pycrdt

from actors.commands import CommandError
from actors.runtime.pipeline import Parts
from actors.runtime.rooms import updates_row
from collab import text as text_edits
from collab.close_codes import CollabError, RoomClosed
from collab.ports import Refused
from collab.session import Access
from storage.ledger.errors import LedgerError
from tests.simulation.clients import Page
from tests.simulation.clock import later
from tests.simulation.host import Home, Host

if TYPE_CHECKING:
    from tests.simulation.world import World

SERVER = "server"


def people_type(world: World, page: Page) -> None:
    if page.access < Access.WRITE:
        return
    for _ in range(world.random.randint(1, 4)):
        world.random.choice(page.providers).type()


def reader_types(world: World, page: Page) -> None:
    if page.access < Access.WRITE:
        page.providers[0].type()


def caret_moves(world: World, page: Page) -> None:
    provider = world.random.choice(page.providers)
    if page.wants:
        provider.move_caret()


def page_leaves(world: World, page: Page) -> None:
    page.disconnect()


def page_returns(world: World, page: Page) -> None:
    page.come_back()


def somebody_pastes(world: World, page: Page) -> None:
    if page.access >= Access.WRITE:
        page.providers[0].paste()


def line_breaks(world: World, page: Page) -> None:
    """Both ends learn of it, each in its time."""
    if (socket := page.socket) is not None:
        socket.cut(world.random.random() * 5)
        later(world.random.random() * 2, page.lost, socket, 1006)


def line_vanishes(world: World, page: Page) -> None:
    """Half open: nobody is told. The client hangs up on silence, the server on its pings."""
    if page.socket is not None:
        page.socket.cut(5 + world.random.random() * 40)


def line_goes_deaf(world: World, page: Page) -> None:
    """What the page writes vanishes while it still hears; the kernel gives up in the end."""
    if (socket := page.socket) is not None:
        socket.deafen()
        gives_up = 3 + world.random.random() * 30
        later(gives_up, page.lost, socket, 1006)
        later(gives_up, socket.cut, world.random.random() * 5)


def page_reconnects(world: World, page: Page) -> None:
    """A new socket before the old one is through: what the old one carries arrives after."""
    page.abandon()


def page_reloads(world: World, page: Page) -> None:
    page.reload()


def tab_is_duplicated(world: World, page: Page) -> None:
    """The same person's other tab starts with this one's copy, unsaved edits included, under an id of its own."""
    twins = [each for each in world.pages if each is not page and each.principal == page.principal]
    for twin in twins[:1]:
        if twin.providers[0].doc == page.providers[0].doc:
            twin.reload(page.providers[0].copy.merged)


def copy_falls_into_other_hands(world: World, page: Page) -> None:
    """A browser is shared: somebody signs in where somebody else's unsaved edits are kept."""
    others = [each for each in world.pages if each.principal != page.principal and each.access >= Access.WRITE]
    for other in others:
        if other.providers[0].doc == page.providers[0].doc and page.access >= Access.WRITE:
            world.mixed = True
            other.reload(page.providers[0].copy.merged)
            return


def id_changes(world: World, page: Page) -> None:
    world.random.choice(page.providers).change_id()


def ledger_fails(world: World, page: Page) -> None:
    world.ledger.failing = world.random.choice([0.3, 1.0])
    later(world.random.random() * 3, world.ledger.works_again)


def ledger_swallows_answers(world: World, page: Page) -> None:
    world.ledger.silent = world.random.choice([0.0, 0.2])


def ledger_cannot_be_read(world: World, page: Page) -> None:
    world.ledger.unreadable = world.random.choice([0.0, 0.3])


def ledger_is_slow(world: World, page: Page) -> None:
    world.ledger.slow = world.random.choice([0.0, 0.05, 1.5])


def network_is_far(world: World, page: Page) -> None:
    world.far = world.random.choice([0.0, 0.1, 2.0])


def host_crashes(world: World, page: Page) -> None:
    world.current.process.kill()


def host_restarts(world: World, page: Page) -> None:
    """A deploy: the old one stops in order, the next takes over at once."""
    old = world.current
    world.start_host()
    world.inside(old, old.stop())


def home_moves(world: World, page: Page) -> None:
    """Another host takes the home; the old one thinks for a while that it still owns it."""
    old = world.current
    world.start_host()
    later(world.random.random() * 6, lambda: world.inside(old, old.deposed()))


def neighbour_dies(world: World, page: Page) -> None:
    """A host beside the owner is gone, with all sockets that it carried."""
    for socket in [each for each in world.sockets if each.tunnelled and each.server_open]:
        socket.cut(world.random.random() * 3)
        later(world.random.random() * 2, socket.gone_for_client)


def room_is_evicted(world: World, page: Page) -> None:
    """Asked for whatever goes on: it must refuse, or lose nothing, also when somebody is on the way in."""
    host = world.current
    if host.home is not None and host.home.rooms.open_docs:
        world.inside(host, _evict(host.home, world.random.choice(sorted(host.home.rooms.open_docs))))


async def _evict(home: Home, doc: str) -> None:
    room = home.rooms.get(doc)
    occupied = room is not None and not room.closed and room.sessions
    if await home.rooms.evict(doc):
        assert not occupied, f"{doc} was closed with {occupied} people in it"


def room_compacts(world: World, page: Page) -> None:
    host = world.current
    if host.home is not None and (room := host.home.rooms.get(world.docs[0])) is not None and not room.closed:
        host.process.enter(room.compact)


def document_is_renewed(world: World, page: Page) -> None:
    host = world.current
    if host.home is not None:
        world.inside(host, _renew(host.home, world.docs[0]))


async def _renew(home: Home, doc: str) -> None:
    with contextlib.suppress(Refused, RoomClosed, CollabError, LedgerError, CommandError):
        await (await home.rooms.open(doc)).renew("owner", SERVER)


def server_edits(world: World, page: Page) -> None:
    host = world.current
    if host.home is not None:
        world.inside(host, _edit(world, host, host.home, world.docs[0]))


async def _edit(world: World, host: Host, home: Home, doc: str) -> None:
    def stamp(document: pycrdt.Doc) -> None:
        script = document.get("script", type=pycrdt.Text)
        text_edits.insert(script, len(str(script)) // 2, "[é🎬]")

    try:
        room = await home.rooms.open(doc)
        if world.random.random() < 0.5:
            await room.edit(stamp, SERVER)
            return
        async with home.rooms.lock(doc):
            prepared = await room.prepare_edit(stamp, SERVER)
            assert prepared is not None
            try:
                committed = await home.pipeline.submit(Parts((updates_row(doc, [prepared.entry]),)))
            except (LedgerError, CommandError):
                room.abandon(prepared)
            else:
                room.committed(prepared, committed.last_seq)
    except (Refused, RoomClosed, CollabError, LedgerError, CommandError):
        pass
    except asyncio.CancelledError:
        assert host.stopping or home.pipeline.lost is not None
        raise


Happening = Callable[["World", Page], None]
HAPPENINGS: dict[Happening, float] = {
    people_type: 55,
    somebody_pastes: 2,
    reader_types: 2,
    caret_moves: 8,
    page_leaves: 5,
    page_returns: 8,
    line_breaks: 4,
    line_vanishes: 2,
    line_goes_deaf: 2,
    page_reconnects: 3,
    page_reloads: 1,
    tab_is_duplicated: 2,
    copy_falls_into_other_hands: 0.7,
    id_changes: 2,
    ledger_fails: 3,
    ledger_swallows_answers: 1,
    ledger_cannot_be_read: 1,
    ledger_is_slow: 3,
    network_is_far: 3,
    server_edits: 5,
    document_is_renewed: 0.5,
    host_crashes: 2,
    host_restarts: 1,
    home_moves: 2,
    neighbour_dies: 1,
    room_is_evicted: 2,
    room_compacts: 2,
}
