"""The room's rules, one test each."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pycrdt
import pytest

from collab import text as texts
from collab import wire
from collab.close_codes import CloseCode, RoomClosed
from collab.limits import Limits
from collab.merging import merge
from collab.ports import Refused
from collab.room import Room
from collab.session import Access, Lagging, Live
from tests.unit.collab.stage import ANA, BEN, Author, HeldLog, Wire, enter, opened, text_of, turns

pytestmark = pytest.mark.unit
MIB = 1024 * 1024


async def test_commit_then_everything_else() -> None:
    """R-01, R-02: nobody sees an uncommitted edit, joiners neither; after the commit all do, its sender too."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, ana_wire = enter(room)
    _, ben_wire = enter(room, "ben", user=BEN)
    seen: list[int] = []
    room.on_committed(lambda seq: seen.append(seq) if room.text("script") == "hi" else None)
    ana.receive(wire.sync_update(Author(5).type("hi")))
    await turns()
    _, joiner = enter(room, "cyd", synced=False)
    joiner_session = list(room._fanout.sessions)[-1]
    joiner_session.receive(wire.sync_step1(b"\x00"))
    assert ana_wire.updates() == ben_wire.updates() == []
    assert joiner.text() == ""
    assert room.text("script") == ""
    log.release()
    await turns()
    assert ana_wire.text() == ben_wire.text() == joiner.text() == room.text("script") == "hi"
    assert ana_wire.shared[-1] is ben_wire.shared[-1]
    assert seen == [1]
    assert room.seq == 1
    entry = log.rows[0][0]
    assert (entry.principal, entry.client) == ("ana", 5)


async def test_one_append_in_flight_and_the_rest_in_one_row() -> None:
    """R-03."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, socket = enter(room)
    author = Author(5)
    for letter in "abcde":
        ana.receive(wire.sync_update(author.type(letter)))
    assert len(log.waiting) == 1
    log.release()
    await asyncio.sleep(0.02)
    assert [len(entries) for entries, _ in log.waiting] == [4]
    log.release()
    await turns()
    assert [[entry.update for entry in row] for row in log.rows] == [author.updates[:1], author.updates[1:]]
    assert len(socket.updates()) == 2
    assert socket.text() == "abcde"


async def test_step1_is_answered_once_from_bytes() -> None:
    """R-04: full or diff, no Y.Doc needed, pending out-of-order updates included; the server says its own step 1."""
    author = Author(5)
    updates = [author.type(letter) for letter in "abc"]
    room = await opened(HeldLog([updates[0], updates[2]]))
    session, socket = enter(room, synced=False)
    assert socket.messages() == [wire.SyncStep1({5: 1})]
    session.receive(wire.sync_step1(b"\x00"))
    assert [type(each) for each in socket.messages()] == [wire.SyncStep1, wire.SyncStep2]
    assert text_of([*socket.updates(), updates[1]]) == "abc"
    session.receive(wire.sync_step1(wire.state_vector({5: 1})))
    assert text_of([updates[0], updates[1], socket.updates()[-1]]) == "abc"
    assert not room.document.hydrated


async def test_pending_updates_survive_restart_and_compaction() -> None:
    """R-05."""
    author = Author(5)
    updates = [author.type(letter) for letter in "abc"]
    log = HeldLog([updates[0], updates[2]])
    room = await opened(log)
    task = room.compact()
    assert task is not None
    await task
    assert log.snapshot is not None
    assert room.document.tail_updates == 0
    again = await opened(log)
    session, _ = enter(again)
    session.receive(wire.sync_update(updates[1]))
    await turns()
    assert again.text("script") == "abc"
    enter(again)
    assert text_of([again.document.merged()]) == "abc"


async def test_edit_during_snapshot_is_not_lost() -> None:
    """R-06: a snapshot folds what is committed when it starts, no more."""
    log = HeldLog()
    room = await opened(log)
    ana, _ = enter(room)
    author = Author(5)
    ana.receive(wire.sync_update(author.type("a")))
    await turns()
    task = room.compact()
    assert task is not None
    ana.receive(wire.sync_update(author.type("b")))
    await asyncio.sleep(0.01)
    await task
    assert log.snapshot is not None
    assert log.snapshot[1] == 1
    assert (await opened(log)).text("script") == "ab"
    assert room.text("script") == "ab"


async def test_no_snapshot_while_an_append_is_under_way() -> None:
    """R-06."""
    log = HeldLog([Author(9).type("x")], held=True)
    room = await opened(log)
    ana, _ = enter(room)
    ana.receive(wire.sync_update(Author(5).type("a")))
    assert room.compact() is None
    log.release()
    await turns()
    prepared = await room.prepare_edit(lambda doc: doc.get("m", type=pycrdt.Map).update({"k": 1}), "s")
    assert prepared is not None
    assert room.compact() is None
    room.abandon(prepared)
    task = room.compact()
    assert task is not None
    await task


async def test_compaction_happens_by_itself_and_keeps_everything() -> None:
    """R-06."""
    log = HeldLog()
    room = await opened(log, Limits(compact_updates=10))
    ana, _ = enter(room)
    author = Author(5)
    for letter in "abcdefghijklmnopqrst":
        ana.receive(wire.sync_update(author.type(letter)))
        await asyncio.sleep(0.003)
    await turns(20)
    assert log.snapshot is not None
    assert room.document.tail_updates < 10
    assert (await opened(log)).text("script") == "abcdefghijklmnopqrst"


async def test_refused_flush_closes_its_senders_and_nobody_else() -> None:
    """R-07: shown to nobody; the room lives on; the sender sends again after reconnecting."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, ana_wire = enter(room)
    ben, ben_wire = enter(room, "ben", user=BEN)
    update = Author(5).type("lost?")
    ana.receive(wire.sync_update(update))
    log.release(Refused("LEDGER_UNAVAILABLE", "disk full"))
    await turns()
    assert (ana_wire.code, ben_wire.code) == (CloseCode.LEDGER_UNAVAILABLE, None)
    assert ben_wire.updates() == []
    log.held = False
    again, again_wire = enter(room)
    again.receive(wire.sync_step2(update))
    ben.receive(wire.sync_update(Author(6).type("!")))
    await asyncio.sleep(0.01)
    assert again_wire.text() == ben_wire.text() == room.text("script")
    assert sorted(room.text("script")) == sorted("lost?!")


async def test_unforeseen_log_fault_is_a_retryable_refusal() -> None:
    """R-07."""
    log = HeldLog()
    log.fail_next = OSError("no")
    room = await opened(log)
    ana, socket = enter(room)
    ana.receive(wire.sync_update(Author(5).type("x")))
    await turns()
    assert socket.code == CloseCode.LEDGER_UNAVAILABLE
    assert not room.closed


async def test_fenced_room_sends_everybody_away_to_retry() -> None:
    """R-08."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, ana_wire = enter(room)
    _, ben_wire = enter(room, "ben")
    ana.receive(wire.sync_update(Author(5).type("x")))
    log.release(Refused("FENCED", "", fenced=True))
    await turns()
    assert ana_wire.code == ben_wire.code == CloseCode.MOVED
    assert room.closed
    with pytest.raises(RoomClosed):
        enter(room)


async def test_who_types_while_the_room_leaves_is_told_where_it_went() -> None:
    """A room that moves waits for its commits; a frame that comes meanwhile ends its socket with the same code as all
    others, not with that of a restart."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, ana_wire = enter(room)
    ben, ben_wire = enter(room, "ben")
    ana.receive(wire.sync_update(Author(5).type("x")))
    leaving = asyncio.create_task(room.close(CloseCode.MOVED, "another host takes it"))
    await turns()
    ben.receive(wire.sync_update(Author(6).type("y")))
    assert ben_wire.code == CloseCode.MOVED
    log.release()
    await leaving
    assert ana_wire.code == CloseCode.MOVED
    assert room.text("script") == "x"


async def test_slow_commit_stops_reading_not_the_socket() -> None:
    """R-09."""
    log = HeldLog(held=True)
    room = await opened(log, Limits(slow_commit_s=0.01))
    ana, ana_wire = enter(room)
    ben, ben_wire = enter(room, "ben")
    _, idle = enter(room, "cyd")
    ana.receive(wire.sync_update(Author(5).type("x")))
    await asyncio.sleep(0.03)
    assert (ana_wire.reading, idle.reading, ana_wire.code) == (False, True, None)
    ben.receive(wire.sync_update(Author(6).type("y")))
    assert not ben_wire.reading
    while room._commits.busy:  # ben's commit may be found slow as well
        if log.waiting:
            log.release()
        await asyncio.sleep(0)
    assert ana_wire.reading
    assert ben_wire.reading


async def test_backlog_is_bounded_by_not_reading_then_by_closing() -> None:
    """R-09."""
    log = HeldLog(held=True)
    room = await opened(log, Limits(pending_bytes_pause=100, pending_bytes_spared=0, pending_bytes_max=400))
    ana, socket = enter(room)
    author = Author(5)
    ana.receive(wire.sync_update(author.type("x" * 200)))
    assert not socket.reading
    ana.receive(wire.sync_update(author.type("y" * 200)))
    assert socket.code == CloseCode.OVERLOADED
    log.release()
    await turns()
    assert room.text("script") == "x" * 200


async def test_reader_may_not_write_but_may_repeat() -> None:
    """R-10: what is already there is no write, also when it follows from a merge only."""
    one, two = Author(5), Author(6)
    one.doc.get("m", type=pycrdt.Map)["k"] = 1
    two.doc.get("m", type=pycrdt.Map)["k"] = 2
    base = [one.updates[-1], two.updates[-1]]
    room = await opened(HeldLog(base))
    reader, socket = enter(room, "ben", Access.READ)
    copy = Author(7, merge(base, 64))
    reader.receive(wire.sync_step2(copy.doc.get_update()))
    reader.receive(wire.sync_update(base[0]))
    await turns()
    assert socket.code is None
    reader.receive(wire.sync_update(copy.type("graffiti")))
    assert socket.code == CloseCode.FORBIDDEN
    assert room.text("script") == ""


async def test_commenters_write_where_comments_are_written() -> None:
    """R-10."""
    room = await opened(HeldLog(), write_access=Access.COMMENT)
    commenter, socket = enter(room, "ben", Access.COMMENT)
    commenter.receive(wire.sync_update(Author(5).type("nice")))
    await turns()
    assert socket.text() == "nice"
    script = await opened(HeldLog())
    commenter, socket = enter(script, "ben", Access.COMMENT)
    commenter.receive(wire.sync_update(Author(5).type("nice")))
    assert socket.code == CloseCode.FORBIDDEN


async def test_what_is_there_is_not_logged_again() -> None:
    """R-11: a repeated live update is acknowledged at once; empty and repeated step 2 cost nothing."""
    log = HeldLog()
    room = await opened(log)
    ana, socket = enter(room)
    update = Author(5).type("a")
    ana.receive(wire.sync_update(update))
    await turns()
    ana.receive(wire.sync_update(update))
    ana.receive(wire.sync_step2(update))
    ana.receive(wire.sync_step2(b"\x00\x00"))
    await asyncio.sleep(0.01)
    assert len(log.rows) == 1
    assert socket.updates() == [update, update]


async def test_slow_reader_loses_its_queue_not_data() -> None:
    """R-12: nothing more while it owes, one diff when it has drained, then live."""
    room = await opened(HeldLog())
    ana, ana_wire = enter(room)
    ben, ben_wire = enter(room, "ben")
    author = Author(5)
    ana.receive(wire.sync_update(author.type("a")))
    await turns()
    ben_wire.owed = 2 * MIB
    for letter in "bcd":
        ana.receive(wire.sync_update(author.type(letter)))
        await asyncio.sleep(0.005)
    assert isinstance(ben.state, Lagging)
    assert ben_wire.text() == "a"
    assert ana_wire.text() == "abcd"
    ben_wire.drain()
    assert isinstance(ben.state, Live)
    assert len(ben_wire.updates()) == 2
    assert ben_wire.text() == "abcd"
    ana.receive(wire.sync_update(author.type("e")))
    await asyncio.sleep(0.005)
    assert ben_wire.text() == "abcde"


async def test_slow_reader_across_a_compaction_and_a_new_step1() -> None:
    """R-12."""
    room = await opened(HeldLog())
    ana, _ = enter(room)
    ben, ben_wire = enter(room, "ben")
    ben_wire.owed = 2 * MIB
    ana.receive(wire.sync_update(Author(5).type("abc")))
    await turns()
    task = room.compact()
    assert task is not None
    await task
    ben.receive(wire.sync_step1(b"\x00"))
    assert not ben_wire.reading
    assert ben_wire.updates() == []
    ben_wire.drain()
    assert ben_wire.reading
    assert ben_wire.text() == "abc"


async def test_server_edits_are_peers() -> None:
    """R-13: one transaction, own client id, committed before it shows, merged with people's text."""
    log = HeldLog()
    room = await opened(log)
    ana, socket = enter(room)
    author = Author(5)
    ana.receive(wire.sync_update(author.type("é🎬 night")))
    await turns()

    def dawn(doc: pycrdt.Doc) -> None:
        texts.set_text(doc.get("script", type=pycrdt.Text), "é🎬 dawn")
        doc.get("params", type=pycrdt.Map)["mood"] = "noir"

    log.held = True
    editing = asyncio.ensure_future(room.edit(dawn, "agent"))
    await turns()
    assert room.text("script") == "é🎬 night"
    log.release()
    assert await editing == 2
    assert socket.text() == room.text("script") == "é🎬 dawn"
    assert room.map("params") == {"mood": "noir"}
    entry = log.rows[-1][0]
    assert (entry.principal, entry.client > 0, len(log.rows[-1])) == ("agent", True, 1)
    assert await room.edit(lambda doc: None, "agent") == 2
    assert room.idle_since is None


async def test_failed_server_edit_leaves_nothing() -> None:
    """R-13: not in memory, and its client id is not used again."""
    log = HeldLog()
    room = await opened(log)

    def mark(doc: pycrdt.Doc) -> None:
        doc.get("params", type=pycrdt.Map)["k"] = 1

    log.fail_next = Refused("LEDGER_UNAVAILABLE", "disk full")
    with pytest.raises(Refused):
        await room.edit(mark, "agent")
    assert room.map("params") == {}
    with pytest.raises(ZeroDivisionError):
        await room.edit(lambda doc: mark(doc) or 1 / 0, "agent")  # type: ignore[func-returns-value]
    await room.edit(mark, "agent")
    await room.edit(lambda doc: doc.get("params", type=pycrdt.Map).update({"k": 2}), "agent")
    assert room.map("params") == {"k": 2.0}
    assert len(log.rows) == 2
    assert log.rows[0][0].client == log.rows[1][0].client


async def test_composite_edit_waits_for_its_owner() -> None:
    """R-14: prepared, committed elsewhere, then shown; others wait their turn; abandoned leaves nothing."""
    room = await opened(HeldLog())
    _, socket = enter(room)

    def add(key: str):  # type: ignore[no-untyped-def]
        return lambda doc: doc.get("order", type=pycrdt.Map).update({key: "a0"})

    first = await room.prepare_edit(add("one"), "ana")
    assert first is not None
    second = asyncio.ensure_future(room.prepare_edit(add("two"), "ana"))
    await turns()
    assert not second.done()
    assert room.map("order") == {}
    room.committed(first, 41)
    prepared = await second
    assert prepared is not None
    assert (room.seq, room.map("order")) == (41, {"one": "a0"})
    room.abandon(prepared)
    assert len(socket.updates()) == 1
    assert await room.prepare_edit(lambda doc: None, "ana") is None
    assert room.map("order") == {"one": "a0"}


async def test_cancelled_caller_does_not_lose_a_committed_edit() -> None:
    """R-13."""
    log = HeldLog(held=True)
    room = await opened(log)
    editing = asyncio.ensure_future(room.edit(lambda doc: doc.get("m", type=pycrdt.Map).update({"k": 1}), "agent"))
    await turns()
    editing.cancel()
    await turns()
    log.release()
    await turns()
    assert room.map("m") == {"k": 1.0}


async def test_a_document_has_a_size_limit_before_the_commit() -> None:
    """R-16: what merges to less than the limit fits, however large it looks."""
    log = HeldLog()
    room = await opened(log, Limits(document_bytes_max=3000))
    ana, socket = enter(room)
    author = Author(5)
    for _ in range(100):
        ana.receive(wire.sync_update(author.type("twenty characters...")))
    await asyncio.sleep(0.02)
    assert socket.code is None
    assert len(room.text("script")) == 2000
    ana.receive(wire.sync_update(author.type("x" * 1500)))
    assert socket.code == CloseCode.TOO_LARGE
    await turns()
    assert len(room.text("script")) == 2000


async def test_structs_that_would_make_a_document_unreadable_are_refused() -> None:
    """R-17: a child of a piece of text; and one whose parent is not here yet must come with it."""
    author = Author(77)
    text = author.type("hello")
    room = await opened(HeldLog([text]))
    ana, socket = enter(room)
    ana.receive(wire.sync_update(bytes.fromhex("01024d05" + "27004d01016d016e01" + "28004d0101710177017200")))
    assert socket.code == CloseCode.MALFORMED
    nested = Author(6, text)
    nested.doc.get("panels", type=pycrdt.Map)["p"] = pycrdt.Map({"a": 1})
    nested.doc.get("panels", type=pycrdt.Map)["p"]["b"] = 2
    ben, ben_wire = enter(room, "ben")
    ben.receive(wire.sync_update(nested.updates[-1]))
    assert ben_wire.code == CloseCode.RESYNC
    cyd, cyd_wire = enter(room, "cyd")
    cyd.receive(wire.sync_step2(nested.doc.get_update(wire.state_vector({77: 5}))))
    nested.doc.get("panels", type=pycrdt.Map)["p"]["c"] = 3
    cyd.receive(wire.sync_update(nested.updates[-1]))
    await asyncio.sleep(0.01)
    assert cyd_wire.code is None
    assert room.map("panels") == {"p": {"a": 1.0, "b": 2.0, "c": 3.0}}
    assert room.text("script") == "hello"


async def test_malformed_bytes_close_one_socket() -> None:
    """W-09."""
    room = await opened(HeldLog())
    _, ben = enter(room, "ben")
    for frame in (
        b"",
        b"\x09",
        b"\x00\x02\x05\x01",
        wire.sync_update(b"\x01"),
        wire.awareness(b"\x01\x05"),
        b"\x03\x00",
    ):
        ana, socket = enter(room)
        ana.receive(frame)
        assert socket.code == CloseCode.MALFORMED
    big, socket = enter(room)
    big.receive(bytes(22 * MIB))
    assert socket.code == CloseCode.TOO_LARGE
    assert ben.code is None
    assert room.sessions == 1


async def test_hydrated_document_is_rebuilt_when_yrs_leaves_updates_waiting() -> None:
    """R-18: whatever the order of the log, a read shows all that is complete (a log of simulation seed 189, on which
    applying one update after the other leaves Yrs with text that waits for nothing any more)."""
    path = Path(__file__).parents[2] / "data/golden/collab-yrs-leaves-waiting.json"
    updates = [bytes.fromhex(each) for each in json.loads(path.read_text())]
    naive: pycrdt.Doc = pycrdt.Doc()
    for update in updates:
        naive.apply_update(update)
    room = await opened(HeldLog())
    ana, _ = enter(room)
    for update in updates:
        ana.receive(wire.sync_step2(update))
        await asyncio.sleep(0.004)
        room.hydrate()
    assert room.text("script") == text_of(updates) == "🎬aééyaxyzayaéé🎬🎬aa"
    assert len(room.text("script")) > len(str(naive.get("script", type=pycrdt.Text)))


async def test_open_once_and_a_failed_load_never_overwrites() -> None:
    """R-19: joiners of a room that is still loading wait; a failed load leaves it unopened."""
    log = HeldLog([Author(5).type("kept")])
    room = await opened(log)
    await asyncio.gather(room.open(), room.open())
    assert log.loads == 1
    log.fail_load = Refused("LEDGER_UNAVAILABLE", "io")
    other = Room("scene:scn_1", log)
    with pytest.raises(RoomClosed):
        other.join(Wire(), "ana", Access.WRITE, ANA)
    with pytest.raises(Refused):
        await other.open()
    with pytest.raises(RoomClosed):
        other.join(Wire(), "ana", Access.WRITE, ANA)
    log.fail_load = None
    await other.open()
    assert other.text("script") == "kept"
    assert len(log.rows) == 1


async def test_close_commits_and_acknowledges_first() -> None:
    """R-21."""
    log = HeldLog(held=True)
    room = await opened(log)
    ana, socket = enter(room)
    author = Author(5)
    ana.receive(wire.sync_update(author.type("a")))
    ana.receive(wire.sync_update(author.type("b")))
    closing = asyncio.ensure_future(room.close(CloseCode.GOING_AWAY))
    await turns()
    assert socket.code is None
    log.release()
    await asyncio.sleep(0.01)
    log.release()
    await closing
    assert socket.text() == "ab"
    assert socket.code == CloseCode.GOING_AWAY
    await room.close()


async def test_idle_since() -> None:
    """R-21."""
    log = HeldLog(held=True)
    room = await opened(log)
    assert room.idle_since is not None
    ana, _ = enter(room)
    assert room.idle_since is None
    ana.receive(wire.sync_update(Author(5).type("a")))
    ana.closed()
    assert room.idle_since is None
    log.release()
    await turns()
    assert room.idle_since is not None
    assert room.text("script") == "a"


async def test_too_many_sockets_and_too_many_messages() -> None:
    """R-22."""
    room = await opened(HeldLog(), Limits(sessions_per_room_max=2, messages_burst=5, messages_per_s=100))
    ana, socket = enter(room)
    enter(room, "ben")
    _, third = enter(room, "cyd", synced=False)
    assert third.code == CloseCode.OVERLOADED
    for _ in range(10):
        ana.receive(wire.query_awareness())
    assert not socket.reading
    await asyncio.sleep(0.1)
    assert socket.reading
    assert socket.code is None
