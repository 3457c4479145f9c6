"""Whose client ids are whose, and what is parked: in the log, across restart, compaction and another host."""

from __future__ import annotations

import pytest

from actors.runtime.lineage import pack, unpack
from collab import wire
from collab.close_codes import CloseCode
from collab.ports import Lineage
from collab.room import Room
from collab.session import Access
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Snapshot
from storage.ledger.seal import unseal
from tests.unit.actors.story import Story, story
from tests.unit.collab.stage import BEN, Author, Wire, enter, turns
from tests.unit.collab.test_principals import told

pytestmark = pytest.mark.unit

DOC = "outline"


async def room_of(it: Story, home: str) -> Room:
    return await (await it.runtime.open(home)).room(DOC)


async def write(room: Room, author: Author, word: str, principal: str = "ana") -> Wire:
    session, socket = enter(room, principal)
    session.receive(wire.sync_update(author.type(word)))
    await room._commits.drain()
    session.closed()
    return socket


def test_snapshots_carry_lineage_and_the_old_ones_are_read() -> None:
    """R-63, S-40: version 2 holds owners, epoch and retired ids; version 1 is the bytes alone."""
    lineage = Lineage({77: "ana", 88: "ben", 99: "ana"}, 3, frozenset((5, 1 << 52)))
    body = pack(b"bytes", lineage)
    assert unpack(Snapshot("prj_1", DOC, 9, 2, body)) == (b"bytes", lineage)
    assert unpack(Snapshot("prj_1", DOC, 9, 1, b"bytes")) == (b"bytes", None)


async def test_an_id_stays_its_owner_s_on_another_host() -> None:
    """R-63: read back from rows, then from a snapshot and the rows after it."""
    ledger, author = MemoryLedger(), Author(77)
    async with story(ledger) as it:
        home = await it.create()
        await write(await room_of(it, home), author, "one ")
    async with story(ledger, "h2") as it:
        room = await room_of(it, home)
        assert room.document.owners[77] == "ana"
        await write(room, Author(88), "mine", "ben")
        compacting = room.compact()
        assert compacting is not None
        await compacting
        await write(room, Author(99), "late", "eve")
    stored = await ledger.snapshot(home, DOC)
    assert stored is not None
    assert unseal(stored).version == 2
    async with story(ledger, "h3") as it:
        room = await room_of(it, home)
        assert {client: room.document.owners[client] for client in (77, 88, 99)} == {77: "ana", 88: "ben", 99: "eve"}
        assert set(room.document.owners.values()) == {"ana", "ben", "eve", "@server"}
        socket = await write(room, Author(77, author.doc.get_update()), "forged", "ben")
        assert told(socket) == ["FOREIGN_ID"]


async def test_owners_are_rebuilt_behind_a_snapshot_of_the_first_version() -> None:
    """R-63: rows can always be read, so a snapshot that knows no owners costs one longer read."""
    ledger, author = MemoryLedger(), Author(77)
    async with story(ledger) as it:
        home = await it.create()
        room = await room_of(it, home)
        await write(room, author, "one ")
        body, seq = room.document.merged(), room.seq
        opened = await it.runtime.open(home)
        assert await ledger.put_snapshot(Snapshot(home, DOC, seq, 1, body), epoch=opened.epoch)
        await write(room, author, "two ")
    async with story(ledger, "h2") as it:
        room = await room_of(it, home)
        assert room.document.snapshot_seq == seq
        assert room.document.owners[77] == "ana"
        assert room.text("script") == "one two "


async def test_a_proposal_survives_its_host_and_is_accepted_in_one_append() -> None:
    """R-65, R-66: parked on one host, decided on the next; the row of the edit names offerer and accepter."""
    ledger, author = MemoryLedger(), Author(77)
    async with story(ledger) as it:
        home = await it.create()
        room = await room_of(it, home)
        await write(room, author, "hello")
        author.type(" world")
        session, socket = enter(room, "ben", Access.WRITE, BEN)
        session.receive(wire.sync_step2(author.doc.get_update()))
        while not (said := told(socket)):
            await turns(1)
        assert said == ["PARKED"]
    async with story(ledger, "h2") as it:
        room = await room_of(it, home)
        [proposal] = await room.proposals()
        assert (proposal.offer.principal, proposal.offer.owners) == ("ben", ((77, "ana"),))
        assert proposal.at_ms > 0
        assert room.text("script") == "hello"
        seq = await room.decide_proposal(proposal.id, "ana", accept=True)
        assert room.text("script") == "hello world"
    async with story(ledger, "h3") as it:
        room = await room_of(it, home)
        assert await room.proposals() == []
        assert room.text("script") == "hello world"
    rows = [row for row in await ledger.read(home) if row.seq in (seq - 1, seq)]
    assert [(row.doc, row.type, row.source) for row in rows] == [
        (f"@proposals:{DOC}", "proposal.accepted", "ana"),
        (DOC, "updates", "ana"),
    ]


async def test_an_epoch_is_in_the_log_and_on_every_host() -> None:
    """R-68, R-69: the row names who asked for it; restart, compaction and another host keep number and retired ids."""
    ledger, author = MemoryLedger(), Author(77)
    async with story(ledger) as it:
        home = await it.create()
        room = await room_of(it, home)
        await write(room, author, "one ")
        await write(room, author, "two")
        old = set(room.document.owners)
        renewed = await room.renew("ana", "@server")
        room = await room_of(it, home)
        assert (room.epoch, room.text("script")) == (2, "one two")
        await write(room, Author(88), "new ", "ben")
        compacting = room.compact()
        assert compacting is not None
        await compacting
    async with story(ledger, "h2") as it:
        room = await room_of(it, home)
        assert (room.epoch, room.document.retired) == (2, frozenset(old))
        assert (await room.renew("ana", "@server")).epoch == 3
    async with story(ledger, "h3") as it:
        room = await room_of(it, home)
        assert room.epoch == 3
        assert room.document.retired > old | {88}
        assert sorted(room.text("script")) == sorted("one twonew ")
        socket = await write(room, Author(77, author.doc.get_update()), "late")
        assert socket.code == CloseCode.STALE_DOCUMENT
    [first, _] = [row for row in await ledger.read(home, doc=DOC) if row.type == "renewed"]
    assert (first.seq, first.turn, first.source) == (renewed.seq, 2, "ana")
