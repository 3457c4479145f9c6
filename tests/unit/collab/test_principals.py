"""Whose edits: client ids belong to principals, what comes under somebody else's is refused or parked."""

from __future__ import annotations

from collections.abc import Sequence

import pycrdt
import pytest

from collab import hocuspocus, wire
from collab.close_codes import CloseCode, CollabError
from collab.hocuspocus import NOT_SAVED, SAVED
from collab.lib0 import Reader
from collab.limits import Limits
from collab.ports import Entry, Offer, Proposal, Refused, RequestKey
from collab.room import Room
from collab.session import Access
from tests.unit.collab.stage import BEN, Author, HeldLog, Wire, enter, opened, turns
from tests.unit.collab.test_presence import say

pytestmark = pytest.mark.unit

PROMPT = Limits(flush_window_s_min=0, flush_window_s_per_session=0)
PREFIX = hocuspocus.framing("scene:scn_1").prefix


class Shelf:
    """Proposals in memory; decisions append to the log of the document."""

    def __init__(self, log: HeldLog) -> None:
        self.log, self.rows, self.fail = log, list[Proposal](), False

    async def proposals(self) -> Sequence[Proposal]:
        return list(self.rows)

    async def park(self, offer: Offer) -> Proposal:
        if self.fail:
            raise Refused("LEDGER_UNAVAILABLE", "disk full")
        self.rows.append(Proposal(f"prp_{len(self.rows) + 1}", offer, len(self.rows) + 1, 1_000))
        return self.rows[-1]

    async def decide(
        self, proposal: Proposal, by: str, *, accepted: bool, entry: Entry | None, key: RequestKey | None
    ) -> int:
        at = self.rows.index(proposal)
        self.rows[at] = Proposal(proposal.id, proposal.offer, proposal.seq, proposal.at_ms, open=False)
        return await self.log.append([entry]) if entry is not None else len(self.log.rows)


async def stage(log: HeldLog | None = None, limits: Limits = PROMPT) -> tuple[Room, HeldLog, Shelf]:
    log = log or HeldLog()
    shelf = Shelf(log)
    return await opened(log, limits, shelf=shelf), log, shelf


def told(socket: Wire) -> list[str]:
    """What y-websocket's "permission denied" said."""
    found = []
    for frame in socket.sent:
        reader = Reader(frame)
        if reader.varuint() == wire.MESSAGE_AUTH:
            assert reader.varuint() == wire.AUTH_PERMISSION_DENIED
            found.append(reader.var_string().partition(":")[0])
    socket.sent[:] = [frame for frame in socket.sent if frame[0] != wire.MESSAGE_AUTH]
    return found


def principals(log: HeldLog) -> list[tuple[str, int]]:
    return [(entry.principal, entry.client) for row in log.rows for entry in row]


async def test_an_id_belongs_to_whoever_used_it_first() -> None:
    """R-63, R-64, W-70: others are refused by message; their socket, and what it sent before, stay."""
    room, log, _ = await stage()
    ana, _ = enter(room)
    ben, socket = enter(room, "ben", user=BEN)
    author, own = Author(77), Author(88)
    ana.receive(wire.sync_update(author.type("hello ")))
    ben.receive(wire.sync_update(own.type("mine")))
    ben.receive(wire.sync_update(Author(77, author.doc.get_update()).type("forged")))
    await turns(20)
    assert told(socket) == ["FOREIGN_ID"]
    assert socket.code is None
    assert principals(log) == [("ana", 77), ("ben", 88)]
    assert room.document.owners == {77: "ana", 88: "ben"}
    ana.receive(wire.sync_update(author.type("again")))
    await turns(20)
    assert room.text("script") in ("hello againmine", "minehello again")


async def test_what_is_known_is_nobodys_offence() -> None:
    """R-63: a stock client repeats everybody's words, in any message; and may delete them."""
    room, _, shelf = await stage()
    ana, _ = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("hello world")))
    await turns()
    ben, socket = enter(room, "ben", user=BEN)
    copy = Author(88, author.doc.get_update())
    mine = copy.type("!")
    ben.receive(wire.sync_update(copy.doc.get_update()))
    ben.receive(wire.sync_step2(pycrdt.merge_updates(author.updates[0], mine)))
    del copy.script[0:6]
    ben.receive(wire.sync_update(copy.updates[-1]))
    await turns(20)
    assert (told(socket), socket.code, shelf.rows) == ([], None, [])
    assert room.text("script") == "world!"


async def test_of_two_who_race_for_an_id_one_wins() -> None:
    """R-63: before anything is committed; and the winner's failure frees it."""
    room, log, _ = await stage(HeldLog(held=True))
    ana, _ = enter(room)
    ben, socket = enter(room, "ben", user=BEN)
    first, second = Author(77), Author(77)
    ana.receive(wire.sync_update(first.type("ana")))
    ben.receive(wire.sync_update(second.type("ben's")))
    assert told(socket) == ["FOREIGN_ID"]
    log.release(Refused("LEDGER_UNAVAILABLE", "disk full"))
    await turns()
    log.held = False
    ben.receive(wire.sync_update(second.doc.get_update()))
    await turns(20)
    assert principals(log) == [("ben", 77)]
    assert room.text("script") == "ben's"


async def test_an_id_shown_in_presence_waits_for_its_person() -> None:
    """R-63: nobody takes the id of somebody who is here and has not typed yet."""
    room, log, _ = await stage()
    ana, _ = enter(room)
    ana.receive(say((77, 1, {"caret": 1})))
    ben, socket = enter(room, "ben", user=BEN)
    author = Author(77)
    word = author.type("mine")
    ben.receive(wire.sync_update(word))
    assert told(socket) == ["FOREIGN_ID"]
    ana.receive(wire.sync_update(word))
    await turns()
    assert principals(log) == [("ana", 77)]


async def test_one_person_many_ids_and_many_tabs() -> None:
    """R-63: an id that changes in mid-session, a second tab, a tab that is back before its old socket timed out."""
    room, log, _ = await stage()
    old, _ = enter(room)
    author = Author(77)
    old.receive(wire.sync_update(author.type("one ")))
    other = Author(99, author.doc.get_update())
    old.receive(wire.sync_update(other.type("two ")))
    new, socket = enter(room)
    new.receive(wire.sync_update(author.type("three")))
    await turns(20)
    assert socket.code is None
    assert {principal for principal, _ in principals(log)} == {"ana"}
    assert room.text("script") in ("one two three", "one threetwo ")


@pytest.mark.parametrize(
    ("update", "said"),
    [("01014d010005" + "00", ["FOREIGN_ID"]), ("01014d010a45" + "00", []), ("0001" + "4d010105", ["FOREIGN_ID"])],
    ids=["garbage struct", "skip and nothing", "deletion of what is yet to be written"],
)
async def test_a_clock_is_not_burned_by_others(update: str, said: list[str]) -> None:
    """R-64: neither garbage nor a deletion ahead of a person's clock voids what that person writes next."""
    room, _, _ = await stage()
    ana, _ = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("a")))
    await turns()
    ben, socket = enter(room, "ben", user=BEN)
    ben.receive(wire.sync_update(bytes.fromhex(update)))
    await turns()
    assert told(socket) == said
    ana.receive(wire.sync_update(author.type("bcdef")))
    await turns(20)
    assert room.text("script") == "abcdef"


@pytest.mark.parametrize("live", [False, True])
async def test_a_deletion_that_is_committed_voids_nothing_more(live: bool) -> None:
    """A-112: a person deleted a word whose own update was lost, and everybody was shown that deletion. Whoever brings
    it along with words of their own is told that these are saved, and nothing is parked (seed 202611290882)."""
    room, log, shelf = await stage()
    ana, _ = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("a")))
    author.type("lost")
    del author.script[1:5]
    ana.receive(wire.sync_update(author.updates[-1]))
    await turns(20)
    shown = pycrdt.merge_updates(*(entry.update for row in log.rows for entry in row))
    copy = Author(88, author.updates[0])
    word = copy.type("mine")
    socket = Wire()
    ben = room.join(socket, "ben", Access.WRITE, BEN, hocuspocus.framing("scene:scn_1"))
    ben.receive(wire.sync_step1(b"\x00"))
    brings = pycrdt.merge_updates(word, pycrdt.get_update(shown, author.doc.get_state()))
    ben.receive((wire.sync_update if live else wire.sync_step2)(brings))
    await turns(20)
    assert socket.sent.count(PREFIX + SAVED) == 1
    assert PREFIX + NOT_SAVED not in socket.sent
    assert shelf.rows == []
    assert room.text("script") == "amine"


async def test_a_step_2_with_words_of_others_is_parked() -> None:
    """R-65, W-70: its own words are merged, the others' wait where only editors look; the sender is told."""
    room, log, shelf = await stage()
    ana, watcher = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("hello")))
    await turns()
    copy = Author(88, author.doc.get_update())
    author.type(" world")  # reached Ben by another way, and never the server
    copy.doc.apply_update(author.updates[-1])
    copy.script.insert(0, "oh ")
    ben, socket = enter(room, "ben", user=BEN)
    watcher.sent.clear()
    for _ in range(2):
        ben.receive(wire.sync_step2(copy.doc.get_update()))
        await turns(20)
    assert told(socket) == ["PARKED", "PARKED"]
    assert room.text("script") == "oh hello"
    assert b"world" not in b"".join(watcher.sent)
    [proposal] = await room.proposals()
    assert (proposal.offer.principal, proposal.offer.owners) == ("ben", ((77, "ana"),))
    again = await opened(log, PROMPT, shelf=shelf)
    assert [each.id for each in await again.proposals()] == [proposal.id]


async def parked(shelf_room: tuple[Room, HeldLog, Shelf]) -> Author:
    room, _, _ = shelf_room
    ana, _ = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("hello")))
    await turns()
    author.type(" world")
    ben, _ = enter(room, "ben", user=BEN)
    ben.receive(wire.sync_step2(author.doc.get_update()))
    await turns(20)
    return author


async def test_an_accepted_proposal_is_an_edit_that_keeps_its_author() -> None:
    """R-66: merged by one commit, shown to all; a second decision finds nothing to decide."""
    it = room, log, _ = await stage()
    await parked(it)
    _, watcher = enter(room, "eve", Access.READ)
    await room.decide_proposal("prp_1", "ana", accept=True)
    assert room.text("script") == "hello world"
    assert len(watcher.updates()) == 1
    assert principals(log)[-1] == ("ben", 77)
    assert await room.proposals() == []
    with pytest.raises(CollabError) as refused:
        await room.decide_proposal("prp_1", "ana", accept=False)
    assert refused.value.close_code is CloseCode.NOT_FOUND


async def test_an_accepted_proposal_adds_only_what_is_still_missing() -> None:
    """R-66: its owner came back meanwhile and brought the words."""
    it = room, log, _ = await stage()
    author = await parked(it)
    ana, _ = enter(room)
    ana.receive(wire.sync_update(author.updates[-1]))
    await turns(20)
    rows = len(log.rows)
    await room.decide_proposal("prp_1", "ana", accept=True)
    assert (room.text("script"), len(log.rows)) == ("hello world", rows)


async def test_a_dismissed_proposal_stays_out_and_is_not_parked_again() -> None:
    """R-66: though its client repeats it with every reconnect."""
    it = room, _, shelf = await stage()
    author = await parked(it)
    await room.decide_proposal("prp_1", "ana", accept=False)
    ben, socket = enter(room, "ben", user=BEN)
    ben.receive(wire.sync_step2(author.doc.get_update()))
    await turns(20)
    assert (told(socket), len(shelf.rows), room.text("script")) == (["PARKED"], 1, "hello")


async def test_proposals_are_bounded_and_their_sender_told() -> None:
    """R-65: over the limit nothing is parked; a log that refuses closes the sender, who comes again with it."""
    it = room, _, shelf = await stage(limits=Limits(flush_window_s_min=0, proposals_open_max=1))
    author = await parked(it)
    author.type(" and more")
    ben, socket = enter(room, "ben", user=BEN)
    ben.receive(wire.sync_step2(author.doc.get_update()))
    await turns(20)
    assert (told(socket), len(shelf.rows)) == (["PROPOSALS_FULL"], 1)
    await room.decide_proposal("prp_1", "ana", accept=False)
    shelf.fail = True
    ben.receive(wire.sync_step2(author.doc.get_update()))
    await turns(20)
    assert socket.code == CloseCode.LEDGER_UNAVAILABLE
    assert room.idle_since is None or not room.sessions


@pytest.mark.parametrize("live", [True, False])
async def test_the_save_light_stays_amber(live: bool) -> None:
    """W-70: Hocuspocus is told SyncStatus(false), and a code by a stateless message; no receipt for the rest."""
    room, _, _ = await stage()
    ana, _ = enter(room)
    author = Author(77)
    ana.receive(wire.sync_update(author.type("hello")))
    await turns()
    socket = Wire()
    ben = room.join(socket, "ben", Access.WRITE, BEN, hocuspocus.framing("scene:scn_1"))
    ben.receive(wire.sync_step1(b"\x00"))
    socket.sent.clear()
    author.type(" world")
    message = wire.sync_update(author.updates[-1]) if live else wire.sync_step2(author.doc.get_update())
    ben.receive(message)
    await turns(20)
    said = [frame.removeprefix(PREFIX) for frame in socket.sent]
    assert said[0] == NOT_SAVED
    assert SAVED not in said
    code = b"FOREIGN_ID" if live else b"PARKED"
    assert said[1][0] == hocuspocus.Type.STATELESS
    assert code in said[1]


async def test_ids_of_the_server_are_the_servers() -> None:
    """R-63: nobody writes under them; and an id somebody took is not the server's."""
    room, log, _ = await stage()
    await room.edit(lambda doc: doc.get("script", type=pycrdt.Text).insert(0, "by the server"), "@server")
    [(_, client)] = principals(log)
    ben, socket = enter(room, "ben", user=BEN)
    forged = Author(client, room.document.merged())
    ben.receive(wire.sync_update(forged.type("forged")))
    await turns()
    assert told(socket) == ["FOREIGN_ID"]
    await room.edit(lambda doc: doc.get("script", type=pycrdt.Text).insert(0, "again "), "@server")
    assert room.text("script") == "again by the server"


async def test_a_client_id_is_not_used_up_at_one_stroke() -> None:
    """R-67: a leap, or garbage longer than any document, is refused with a code that brings an honest client back."""
    room, _, _ = await stage()
    for update in ("01014df8ffffff0704010673637269707401" + "61" + "00", "01014d0000f8ffffff0700"):
        session, socket = enter(room)
        session.receive(wire.sync_update(bytes.fromhex(update)))
        assert (socket.code, socket.reason.rpartition(": ")[2]) == (CloseCode.RESYNC, "clock_gap_max")


async def test_what_waits_for_a_dependency_is_bounded() -> None:
    """R-67: over the limit a live update is sent back to fetch what is missing, a step 2 is refused for good."""
    author = Author(77)
    words = [author.type("w" * 40) for _ in range(30)]
    room, _, _ = await stage(limits=Limits(flush_window_s_min=0, waiting_bytes_max=300))
    session, socket = enter(room)
    for word in words[1:6]:
        session.receive(wire.sync_update(word))
    assert (socket.code, socket.reason.rpartition(": ")[2]) == (CloseCode.RESYNC, "waiting_bytes_max")
    await turns(20)
    again, socket = enter(room)
    again.receive(wire.sync_step2(pycrdt.merge_updates(*words[:7])))
    again.receive(wire.sync_update(words[9]))
    await turns(20)
    assert (socket.code, len(room.text("script"))) == (None, 7 * 40)
    again.receive(wire.sync_step2(pycrdt.merge_updates(*words[:7], *words[12:])))
    assert (socket.code, socket.reason.rpartition(": ")[2]) == (CloseCode.TOO_LARGE, "waiting_bytes_max")


async def test_structs_that_name_what_nobody_sent_are_counted() -> None:
    """R-67: the id they name may be of another client, so no gap shows in their own."""
    base = Author(77)
    base.type("hello")
    room, _, _ = await stage(limits=Limits(flush_window_s_min=0, waiting_bytes_max=200))
    session, socket = enter(room)
    for number in range(8):
        other = Author(100 + number, base.doc.get_update())
        session.receive(wire.sync_update(other.type("hangs on what is missing")))
        if socket.code is not None:
            break
    assert (socket.code, number) == (CloseCode.RESYNC, 3)
